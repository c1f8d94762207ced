from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.units import Unit, from_yuan, show_wan, to_yuan

MONEY = st.decimals(-(10**15), 10**15, places=2)


@pytest.mark.parametrize(
    ("unit", "yuan"),
    [(Unit.YUAN, "1.5"), (Unit.THOUSAND_YUAN, "1500"), (Unit.WAN_YUAN, "15000"), (Unit.YI_YUAN, "150000000")],
)
def test_one_and_a_half_of_each_unit_in_yuan(unit, yuan):
    assert str(to_yuan(Decimal("1.5"), unit)) == yuan


def test_units_are_called_by_their_chinese_names():
    assert [unit.label for unit in Unit] == ["元", "千元", "万元", "亿元"]


@given(MONEY, st.sampled_from(Unit))
def test_there_and_back_loses_nothing(yuan, unit):
    assert to_yuan(from_yuan(yuan, unit), unit) == yuan


@given(MONEY, st.sampled_from([Unit.YUAN, Unit.THOUSAND_YUAN, Unit.WAN_YUAN]))
def test_no_exponents_in_what_is_shown(yuan, unit):
    assert "E" not in str(from_yuan(yuan, unit))


@pytest.mark.parametrize(
    ("yuan", "shown"),
    [
        ("12345678.9", "1,234.57 万元"),
        ("10000000", "1,000 万元"),
        ("382000", "38.2 万元"),
        ("0", "0 万元"),
        ("10", "0.001 万元"),
        ("-50", "-0.01 万元"),
        ("-1", "-0.0001 万元"),
    ],
)
def test_wan_yuan_for_reading_never_shows_something_as_nothing(yuan, shown):
    assert show_wan(Decimal(yuan)) == shown


def test_an_unknown_amount_is_a_dash():
    assert show_wan(None) == "—"
