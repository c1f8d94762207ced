from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import AmountError, AnswerError, parse_amount, parse_yes_no
from app.units import Unit


@pytest.mark.parametrize(
    ("written", "unit", "yuan"),
    [
        ("1,000", Unit.WAN_YUAN, "10000000"),
        ("１，０００", Unit.WAN_YUAN, "10000000"),
        ("５００", Unit.WAN_YUAN, "5000000"),
        ("3000.5", Unit.WAN_YUAN, "30005000"),
        ("3000.5", Unit.THOUSAND_YUAN, "3000500"),
        ("1,200万元", Unit.YUAN, "12000000"),
        ("1.2亿", Unit.WAN_YUAN, "120000000"),
        ("5千元", Unit.WAN_YUAN, "5000"),
        ("人民币500万元整", Unit.YUAN, "5000000"),
        ("¥1,234.56", Unit.YUAN, "1234.56"),
        ("-3.5", Unit.WAN_YUAN, "-35000"),
        ("0.000001", Unit.WAN_YUAN, "0.01"),
        ("0", Unit.YUAN, "0"),
        (100, Unit.WAN_YUAN, "1000000"),
        (3000.5, Unit.WAN_YUAN, "30005000"),
        (Decimal("12.34"), Unit.YUAN, "12.34"),
    ],
)
def test_amounts_are_read_exactly_into_yuan(written, unit, yuan):
    assert str(parse_amount(written, unit)) == yuan


def test_a_workbook_number_carries_no_binary_dust():
    assert parse_amount(0.1 + 0.2, Unit.YUAN) == Decimal("0.3")
    assert parse_amount(100 / 3, Unit.YUAN) == Decimal("33.33")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "请填写金额"),
        ("面议", "看不懂"),
        ("1,00", "看不懂"),
        ("1e5", "看不懂"),
        ("1千万", "看不懂"),
        ("1-2", "看不懂"),
        ("٣", "看不懂"),
        ("1.2.3", "看不懂"),
        (True, "看不懂"),
        (float("nan"), "看不懂"),
        ("100万美元", "人民币"),
        ("HKD 100", "人民币"),
        ("1.234", "精确到分"),
        ("9" * 400, "太大"),
        (1e300, "太大"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(written, sentence):
    with pytest.raises(AmountError, match=sentence):
        parse_amount(written, Unit.YUAN)


@given(st.decimals(-(10**9), 10**9, places=2))
def test_an_amount_to_the_fen_survives_every_spelling(amount):
    assert parse_amount(f"{amount:,}", Unit.YUAN) == parse_amount(f"{amount}元", Unit.WAN_YUAN) == amount


@given(st.text())
def test_any_text_is_an_amount_or_a_sentence(text):
    with suppress(AmountError):
        assert parse_amount(text, Unit.WAN_YUAN).is_finite()


@pytest.mark.parametrize("written", ["是", "√", "Y", "ｙ", "1", 1, 1.0, "TRUE", True, " 是 "])
def test_yes_in_all_its_spellings(written):
    assert parse_yes_no(written) is True


@pytest.mark.parametrize("written", ["否", "×", "N", "0", 0, "false", False])
def test_no_in_all_its_spellings(written):
    assert parse_yes_no(written) is False


@pytest.mark.parametrize("written", ["", "　", None])
def test_an_empty_cell_is_no_answer(written):
    assert parse_yes_no(written) is None


@pytest.mark.parametrize("written", ["也许", "2", 2])
def test_another_answer_is_refused(written):
    with pytest.raises(AnswerError, match="请填“是”或“否”"):
        parse_yes_no(written)
