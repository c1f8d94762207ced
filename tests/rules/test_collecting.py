"""What a carrier's statistics have to agree with, on both sides of every boundary; times, items and their units."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from app.carriers.terms import CarrierKind
from app.collecting.checks import (
    UNIT_FACTOR,
    Problem,
    Row,
    check_answers,
    check_exempt,
    check_form,
    check_tenant,
    check_units,
    check_unlisted,
    counted,
    doubts_of,
)
from app.collecting.forms import form_for
from app.collecting.items import BY_CODE, ItemKind, asked, from_figures, read_items
from app.collecting.terms import Period, period_of

LABELS = {c: c for c in ("b00", "b01", "b04", "b02", "b03", "c00", "c10", "b15", "b16", "d00", "d10", "d11", "d12")}
LABELS |= {c: c for c in ("e00", "e01", "e02", "e03", "e04", "t.firms", "t.staff", "t.returned", "t.fresh")}
LABELS |= {c: c for c in ("m.teams", "m.members", "m.startups", "m.jobs", "t.graduated", "t.graduated_ever")}


def problems(**values):
    given = {code.replace("_", ".", 1) if code[1] == "_" else code: value for code, value in values.items()}
    return [p.sentence for p in check_form(given, {code: LABELS[code] for code in given})]


@pytest.mark.parametrize(
    ("few", "people", "agree"),
    [("3", "3", True), ("3", "2", False), ("0", "0", True), ("0", "1", False), ("1", "1", True), ("1", "0", False)],
)
@pytest.mark.parametrize("pair", [("m_teams", "m_members"), ("m_startups", "m_jobs"), ("t_firms", "t_staff")])
def test_so_many_teams_or_firms_have_at_least_as_many_people_and_none_has_nobody(pair, few, people, agree):
    assert (problems(**{pair[0]: few, pair[1]: people}) == []) is agree


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        *(("c10", "c00"), ("b16", "b15"), ("d10", "d00"), ("d11", "d00"), ("d12", "d00")),
        *(("t_returned", "t_firms"), ("t_fresh", "t_staff"), ("t_graduated", "t_graduated_ever")),
    ],
)
def test_a_part_is_at_most_its_whole(part, whole):
    assert problems(**{part: "5", whole: "5"}) == []
    assert len(problems(**{part: "5.01", whole: "5"})) == 1


@pytest.mark.parametrize(
    ("whole", "parts"), [("b00", ("b01", "b04", "b02", "b03")), ("e00", ("e01", "e02", "e03", "e04"))]
)
def test_a_sum_is_its_parts_to_the_last_fen_and_unknown_parts_are_not_nothing(whole, parts):
    given = dict.fromkeys(parts, "2.5")
    assert problems(**given, **{whole: "10"}) == []
    assert len(problems(**given, **{whole: "10.01"})) == 1
    assert len(problems(**given, **{whole: "9.99"})) == 1
    given.pop(parts[0])
    assert problems(**given, **{whole: "10"}) == []


def test_what_is_missing_is_named_once():
    (one,) = check_form({"b00": "1"}, {"b00": "总收入", "b10": "净利润", "d10": "其中：专业技术人员"})
    assert (one.sentence, one.codes) == ("还有 2 栏没有填：净利润、专业技术人员。", ("b10", "d10"))
    assert check_form({}, {}) == []


@pytest.mark.parametrize(("now", "doubted"), [("500", True), ("499.99", False), ("0", False)])
def test_a_unit_is_doubted_from_a_factor_on_in_both_directions(now, doubted):
    factor = {"b00": "1"}
    assert UNIT_FACTOR == 500
    assert bool(check_units({"b00": now}, factor, {"b00": "总收入"}, ["b00"])) is doubted
    assert bool(check_units(factor, {"b00": now}, {"b00": "总收入"}, ["b00"])) is doubted
    assert not check_units({"b00": "1"}, {}, {"b00": "总收入"}, ["b00"])


def whole_answer(**changed):
    given = {code: "1" for code in BY_CODE} | {"tenant.ip_held": "4"}
    return given | {code.replace("__", "."): value for code, value in changed.items()}


def of_tenant(figures, since=date(2026, 1, 1), graduated_on=None, invested="1"):
    items = asked(yearly=True, team=False)
    return check_tenant(Row("甲", figures, since, graduated_on, Decimal(invested)), items)


def test_every_item_of_the_tenants_form_is_needed():
    assert of_tenant(whole_answer()) == []
    for code, item in BY_CODE.items():
        short = {c: v for c, v in whole_answer().items() if c != code}
        assert of_tenant(short)[0].sentence == f"甲：还缺 {item.label}。"


@pytest.mark.parametrize("part", [c for c, i in BY_CODE.items() if i.part_of])
def test_no_part_of_a_tenants_people_or_rights_is_more_than_the_whole(part):
    whole = BY_CODE[part].part_of
    more = whole_answer() | {part: "9", whole: "8", "tenant.staff": "99"}
    if whole == "tenant.staff":
        more |= {"tenant.staff": "8"}
    assert any("大于" in p.sentence for p in of_tenant(more))


def test_kinds_of_rights_are_not_more_than_all_of_them():
    assert of_tenant(whole_answer(tenant__ip_held="4")) == []
    assert any("之和大于" in p.sentence for p in of_tenant(whole_answer(tenant__ip_held="3")))


def test_nobody_graduates_before_coming_in():
    assert of_tenant(whole_answer(), graduated_on=date(2026, 1, 1)) == []
    assert any("早于" in p.sentence for p in of_tenant(whole_answer(), graduated_on=date(2025, 12, 31)))


def test_capital_that_the_carrier_has_not_written_down_so_wants_a_look_and_blocks_nothing():
    assert of_tenant(whole_answer(), invested="1") == []
    for amount in ("0.99", "1.01", "0"):
        (one,) = of_tenant(whole_answer(), invested=amount)
        assert not one.hard
    (one,) = of_tenant(whole_answer(tenant__venture="1234000"), invested="0")
    assert "是 1,234 千元，载体的投资记录里是 0 千元；" in one.sentence


@pytest.mark.parametrize("code", ["total_income", "tenant.rd", "tenant.taxes"])
def test_what_is_counted_from_the_years_beginning_does_not_fall_and_where_it_does_it_wants_a_look(code):
    assert doubts_of({code: "900000"}, {code: "900000"}, "三季度") == []
    assert doubts_of({code: "899999"}, {}, "三季度") == [], "of a first quarter nothing is known before"
    (said,) = doubts_of({code: "500", "net_profit": "-1"}, {code: "900000", "net_profit": "5"}, "2026 年三季度")
    assert "0.5 千元，少于 2026 年三季度报的 900 千元：" in said


def test_more_is_mostly_not_spent_on_research_than_comes_in():
    assert doubts_of({"total_income": "5", "tenant.rd": "5"}, {}, "") == []
    (said,) = doubts_of({"total_income": "500", "tenant.rd": "5000"}, {}, "")
    assert said == "R&D 经费支出 5 千元，大于总收入 0.5 千元，请核对。"
    (one,) = of_tenant(whole_answer(tenant__rd="1.01"))
    assert (one.hard, one.sentence.startswith("甲：R&D")) == (False, True)


def test_faults_are_counted_once_and_by_what_they_ask():
    soft, hard = Problem("甲", hard=False), Problem("乙")
    assert [counted(some) for some in ([], [soft], [hard], [soft, hard, soft])] == [
        *("", "请核对 1 处", "须改正 1 处", "须改正 1 处、请核对 2 处")
    ]


def test_who_came_in_after_the_list_was_made_is_named():
    assert check_unlisted([]) == []
    assert ("甲、乙；" in check_unlisted(["甲", "乙"])[0].sentence, check_unlisted(["甲"])[0].hard) == (True, True)
    assert "甲、乙、丙、丁、戊、己；" in check_unlisted([*"甲乙丙丁戊己"])[0].sentence


def test_who_has_not_answered_is_named():
    assert check_answers([]) == []
    assert "甲、乙；" in check_answers(["甲", "乙"])[0].sentence
    assert "甲、乙、丙、丁、戊、己；" in check_answers([*"甲乙丙丁戊己"])[0].sentence


def test_an_amount_is_in_thousands_unless_a_unit_stands_beside_it_and_counts_are_whole():
    items = [BY_CODE["total_income"], BY_CODE["net_profit"], BY_CODE["tenant.staff"]]
    kept, faults = read_items(items, {"total_income": "１,200.5", "net_profit": "-3万元", "tenant.staff": "12"})
    assert (kept, faults) == ({"total_income": "1200500", "net_profit": "-30000", "tenant.staff": "12"}, {})
    _, faults = read_items(items, {"total_income": "-1", "net_profit": "", "tenant.staff": "1.5"})
    assert faults == {
        "total_income": "不能是负数。",
        "net_profit": "还没有填；没有请填 0。",
        "tenant.staff": "请填 0 或正整数。",
    }


def test_an_area_is_a_number_and_no_words():
    area = replace(BY_CODE["tenant.staff"], kind=ItemKind.NUMBER)
    assert read_items([area], {area.code: "120.55"})[0] == {area.code: "120.55"}
    for said in ("很大", "-1", "1.234"):
        assert read_items([area], {area.code: said})[1] == {area.code: "请填 0 或正数，最多两位小数。"}


def test_a_year_brings_the_firms_own_figures_and_its_tenants_form_goes_before_what_is_only_alike():
    assert from_figures({"headcount": Decimal("31.00"), "rd.total": Decimal(7)}) == {
        "tenant.staff": "31",
        "tenant.rd": "7",
    }
    assert from_figures({"headcount": Decimal(31), "tenant.staff": Decimal(30)}) == {"tenant.staff": "30"}


@pytest.mark.parametrize(
    ("code", "label", "first", "last", "before"),
    [
        ("2026", "2026 年度", date(2026, 1, 1), date(2026, 12, 31), "2025"),
        ("2026Q1", "2026 年一季度", date(2026, 1, 1), date(2026, 3, 31), "2025Q4"),
        ("2026Q3", "2026 年三季度", date(2026, 7, 1), date(2026, 9, 30), "2026Q2"),
        ("2026H1", "2026 年上半年", date(2026, 1, 1), date(2026, 6, 30), "2025H1"),
        ("2024M02", "2024 年 2 月", date(2024, 2, 1), date(2024, 2, 29), "2024M01"),
        ("2026M01", "2026 年 1 月", date(2026, 1, 1), date(2026, 1, 31), "2025M12"),
    ],
)
def test_a_time_has_its_days_and_the_one_before(code, label, first, last, before):
    found = period_of(code)
    assert found
    assert (found.code, found.label, found.first, found.last, found.before.code) == (code, label, first, last, before)


@pytest.mark.parametrize(
    "code", ["", "1999", "2026Q0", "2026Q5", "2026M00", "2026M13", "2026H2", "2026H", "2026q1", "２０２６"]
)
def test_what_is_no_time_is_none(code):
    assert period_of(code) is None


def test_a_half_year_has_the_makerspaces_form_without_the_tenants():
    half, year = (form_for(CarrierKind.MAKERSPACE, Period(2026, half=part)) for part in (1, 0))
    assert (half.lines, half.tenants, year.tenants) == (year.lines, False, True)


def test_who_need_not_answer_is_named_where_it_is_counted_among_the_tenants():
    assert check_exempt([]) == []
    (one,) = check_exempt([*"甲乙丙丁戊己"])
    assert ("甲、乙、丙、丁、戊、己不用报" in one.sentence, one.hard) == (True, False)
