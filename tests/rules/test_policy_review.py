"""Cases that a strict reader found: what must not pass, what must not promise, what must not stay open for ever."""

from copy import deepcopy
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from app.config import SEEDS
from app.errors import Invalid
from app.policy.evaluate import assess
from app.policy.figures import RD_LINES
from app.policy.levers import changed
from app.policy.packs import read_packs
from app.policy.parsing import parse_facts
from app.policy.terms import Assessment, Outcome

PACKS = read_packs(SEEDS / "policies")
AS_OF = date(2026, 6, 1)
YEAR: dict[str, Any] = {
    "sales_revenue": "40000000",
    "main_business_revenue": "40000000",
    "total_income": "40000000",
    "high_tech_income": "30000000",
    "cost_and_expense": "36000000",
    "net_profit": "1000000",
    "total_assets": "50000000",
    "net_assets": "20000000",
    "headcount": 120,
    "rd_staff": 15,
    "rd_staff_full_time": 12,
    "conversions": 5,
    "equity_raised": "0",
    "rd": {**dict.fromkeys(RD_LINES, "0"), "personnel": "2000000"},
}
BASE: dict[str, Any] = {
    "registered_on": "2015-03-01",
    "region_code": "440783117",
    "status": "active",
    "industry_code": "C3360",
    "high_tech_field": "801",
    "years": {str(year): YEAR for year in range(2021, 2026)},
    "ip_rights": [{"kind": "invention_patent", "obtained_by": "self_developed", "in_force": True}],
    "certificates": [],
    "standards_led": [],
    "records": {
        "abnormal_operation": False,
        "serious_dishonesty": False,
        "research_misconduct": False,
        "accident_on": None,
        "environmental_violation_on": None,
    },
    "judgements": {
        "technology_advancement": 8,
        "core_support": 8,
        "acquisition": 6,
        "rd_rules": 6,
        "rd_institution": 6,
        "conversion_incentive": 4,
        "talent_incentive": 4,
    },
}


def told(policy: str, *, without: str = "", as_of: date = AS_OF, **more: Any) -> Assessment:
    facts = deepcopy(BASE) | more
    facts.pop(without, None)
    return assess(PACKS[policy], parse_facts(facts, horizon=AS_OF), as_of=as_of)


def outcome(assessment: Assessment, code: str) -> Outcome:
    return next(c.outcome for c in assessment.criteria if c.code == code)


@pytest.mark.parametrize(("code", "criterion"), [("industry_code", "not_restricted"), ("region_code", "resident")])
def test_a_blank_code_is_not_known_and_never_outside_a_list(code: str, criterion: str) -> None:
    assert outcome(told("tech_sme", **{code: " "}), criterion) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("code", "value"),
    [("industry_code", "5172"), ("industry_code", "foo"), ("region_code", "XX"), ("high_tech_field", "8abc")],
)
def test_a_code_that_nobody_can_read_is_refused_at_its_path(code: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        told("tech_sme", **{code: value})
    assert list(refused.value.fields) == [code]


def test_an_industry_code_in_small_letters_is_the_same_industry() -> None:
    assert outcome(told("tech_sme", industry_code="f5172"), "not_restricted") is Outcome.NOT_MET


def test_a_group_promises_only_what_closes_all_of_it() -> None:
    large = {**YEAR, "headcount": 600, "sales_revenue": "250000000", "total_income": "250000000"}
    scale = next(c for c in told("tech_sme", years={"2025": large}).criteria if c.code == "scale")
    assert scale.outcome is Outcome.NOT_MET
    assert scale.gaps == ()
    one = {**YEAR, "headcount": 600}
    facts = parse_facts(deepcopy(BASE) | {"years": {"2025": one}}, horizon=AS_OF)
    (gap,) = next(c for c in assess(PACKS["tech_sme"], facts, as_of=AS_OF).criteria if c.code == "scale").gaps
    assert gap.amount == Decimal(-100)
    after = assess(PACKS["tech_sme"], changed(facts, gap.figure, gap.year, gap.amount), as_of=AS_OF)
    assert outcome(after, "scale") is Outcome.MET


def test_an_experts_points_are_not_certain_while_what_they_rest_on_is_not_known() -> None:
    with_rights, without = told("hnte"), told("hnte", without="ip_rights")
    items = {item.code: item for item in without.score.items}
    assert (items["ip_acquisition"].low, items["ip_acquisition"].high) == (0, 6)
    assert with_rights.score.low > without.score.low


@pytest.mark.parametrize(
    ("entry", "points"),
    [
        ({"level": "industry", "on": "2024-06-01"}, (1, 2)),
        ({"level": "national"}, (1, 2)),
        ({"level": "enterprise"}, (0, 0)),
        ({"level": "county", "on": "2024-06-01"}, (0, 0)),
    ],
)
def test_the_bonus_is_for_national_and_industry_standards(entry: dict[str, Any], points: tuple[int, int]) -> None:
    item = next(i for i in told("hnte", standards_led=[entry]).score.items if i.code == "standard_bonus")
    assert (item.low, item.high) == points


@pytest.mark.parametrize(("used", "day", "expected"), [(2026, date(2024, 6, 1), "met"), (2023, AS_OF, "not_met")])
def test_a_right_of_class_two_serves_until_it_has_been_used(used: int, day: date, expected: str) -> None:
    right = {"kind": "utility_model", "in_force": True, "obtained_by": "self_developed", "used_in_hnte_year": used}
    assert outcome(told("hnte", as_of=day, ip_rights=[right]), "core_ip") == expected


def test_a_part_larger_than_its_whole_is_for_a_person_to_check() -> None:
    assert outcome(told("hnte", years={"2025": {**YEAR, "rd_staff": 240}}), "rd_staff_ratio") is Outcome.MANUAL


def test_no_expert_gives_more_points_than_there_are() -> None:
    with pytest.raises(Invalid) as refused:
        told("hnte", judgements={"rd_rules": 7})
    assert "judgements.rd_rules" in refused.value.fields


def test_a_young_firm_is_not_asked_for_ever_for_years_in_which_it_did_not_exist() -> None:
    young = told("gazelle", registered_on="2024-03-01", years={"2024": YEAR, "2025": YEAR})
    growth = next(c for c in young.criteria if c.code == "growth")
    assert growth.outcome is Outcome.NOT_MET
    assert any("才成立" in part.note for path in growth.parts for part in (path, *path.parts))


def test_a_young_firm_is_asked_and_advised_only_of_years_since_its_own() -> None:
    asked = told("hnte", registered_on="2024-03-01", years={})
    missing = {path[6:10] for c in asked.criteria for path in c.missing if path.startswith("years.")}
    assert missing == {"2024", "2025"}
    # Figures of a year before, as a list may bring them, are nothing to add to.
    poor = {str(year): {**YEAR, "rd": dict.fromkeys(RD_LINES, "0")} for year in range(2022, 2026)}
    young, older = (_years(told("srdi", registered_on=on, years=poor)) for on in ("2025-03-01", "2024-03-01"))
    assert (young, older) == ({2025}, {2024, 2025})


def _years(assessment: Assessment) -> set[int | None]:
    left, found = [*assessment.criteria], set()
    while left:
        one = left.pop()
        found |= {gap.year for gap in one.gaps}
        left += one.parts
    return found


def test_the_latest_closed_year_of_a_new_firm_is_only_not_in_yet() -> None:
    assert outcome(told("tech_sme", registered_on="2026-02-01", years={}), "scale") is Outcome.UNKNOWN


def test_knowing_less_never_turns_a_growth_sign_into_a_pass() -> None:
    years = {"2023": {**YEAR, "equity_raised": "5"}, "2024": YEAR, "2025": YEAR}
    known = told("eaglet", registered_on="2024-03-01", years=years)
    less = told("eaglet", without="registered_on", years=years)
    passes = {Outcome.MET}
    assert not (outcome(less, "growth") in passes and outcome(known, "growth") not in passes)
