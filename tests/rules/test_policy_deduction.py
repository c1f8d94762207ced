"""研发费用加计扣除: the amounts of each year's rules, to the fen."""

from datetime import date
from typing import Any

import pytest

from app.errors import Invalid
from app.policy.deduction import deduct_facts
from tests.rules.firms import PACKS, rd

TODAY = date(2026, 11, 23)


def amounts(year: int, lines: dict[str, Any], industry: str | None = "C3360", **more: Any) -> dict[str, Any]:
    data = {"year": year, "rd": lines, **more} | ({"industry_code": industry} if industry else {})
    return deduct_facts(PACKS["super_deduction"], data, today=TODAY).to_json()


def test_the_published_limit_of_other_expenses() -> None:
    """Six items of 126 in all, 22 of them other: 104 × 10 % / 90 % = 11.56."""
    printed = amounts(2025, rd(104, other=22))
    assert (printed["other_limit"], printed["other_allowed"], printed["base"]) == ("11.56", "11.56", "115.56")


@pytest.mark.parametrize(
    ("other", "allowed"), [("100000", "100000.00"), ("99999.99", "99999.99"), ("100000.01", "100000.00")]
)
def test_other_expenses_count_up_to_their_limit(other: str, allowed: str) -> None:
    assert amounts(2025, rd(900000, other=other))["other_allowed"] == allowed


@pytest.mark.parametrize(
    ("overseas", "allowed"), [("750000", "600000.00"), ("749999.99", "599999.99"), ("750000.01", "600000.00")]
)
def test_work_abroad_counts_at_four_fifths_and_two_thirds_of_the_work_at_home(overseas: str, allowed: str) -> None:
    assert amounts(2025, rd(900000, outsourced_overseas=overseas))["outsourced_overseas_allowed"] == allowed


def test_work_outsourced_at_home_counts_at_four_fifths_and_lifts_the_limit_abroad() -> None:
    printed = amounts(2025, rd(600000, outsourced_domestic=500000, outsourced_overseas=10000000))
    assert printed["outsourced_domestic_allowed"] == "400000.00"
    assert printed["outsourced_overseas_allowed"] == "666666.67"
    assert printed["base"] == "1666666.67"


@pytest.mark.parametrize(
    ("year", "industry", "more", "rate"),
    [
        (2016, "C3360", {}, "0.50"),
        (2017, "C3360", {"tech_sme": True}, "0.75"),
        (2018, "C3360", {}, "0.75"),
        (2020, "I6513", {"tech_sme": True}, "0.75"),
        (2021, "C3360", {}, "1.00"),
        (2021, "I6513", {}, "0.75"),
        (2021, "I6513", {"tech_sme": True}, "0.75"),
        (2022, "I6513", {"tech_sme": True}, "1.00"),
        (2022, "C3360", {}, "1.00"),
        (2022, "I6513", {}, "0.75"),
        (2023, "I6513", {}, "1.00"),
        (2025, "C3973", {"enhanced": True}, "1.20"),
        (2022, "C3973", {"enhanced": True}, "1.00"),
    ],
)
def test_every_year_has_its_rate(year: int, industry: str, more: dict, rate: str) -> None:
    printed = amounts(year, rd(1000000), industry, **more)
    assert printed["rate"] == rate
    assert printed["deduction"] == f"{int(float(rate) * 1000000)}.00"


def test_before_2018_work_abroad_does_not_count_and_before_2021_the_limit_is_a_projects() -> None:
    early = amounts(2017, rd(900000, outsourced_overseas=100000))
    assert early["base"] == "900000.00"
    assert "不得加计扣除" in early["note"]
    assert "按项目" in amounts(2020, rd(900000))["note"]
    assert "按项目" not in amounts(2021, rd(900000))["note"]


@pytest.mark.parametrize("industry", ["C1610", "F5172", "H6210", "K7010", "L7211", "R9011"])
def test_some_industries_deduct_nothing(industry: str) -> None:
    printed = amounts(2025, rd(1000000), industry)
    assert printed["excluded"] is True
    assert (printed["rate"], printed["deduction"]) == ("0", "0.00")


def test_what_is_not_stated_is_said() -> None:
    printed = amounts(2025, {"personnel": "1000000"}, None)
    assert "未填行业代码" in printed["note"]
    assert "没有填写的按 0 计算" in printed["note"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"year": 2015, "rd": {}}, "year"),
        ({"year": 2027, "rd": {}}, "year"),
        ({"year": True, "rd": {}}, "year"),
        ({"year": "2025", "rd": {}}, "year"),
        ({"year": 2025, "rd": []}, "years.2025.rd"),
        ({"year": 2025, "rd": {"personnel": "NaN"}}, "years.2025.rd.personnel"),
        ({"year": 2025, "rd": {"personnel": "-1"}}, "years.2025.rd.personnel"),
        ({"year": 2025, "rd": {}, "enhanced": "yes"}, "enhanced"),
        ({"year": 2025, "rd": {}, "tech_sme": 1}, "tech_sme"),
        ([], ""),
    ],
)
def test_garbage_is_refused_by_its_field(data: Any, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        deduct_facts(PACKS["super_deduction"], data, today=TODAY)
    assert path in refused.value.fields
