"""在孵、毕业, and the carriers: 国科发区〔2018〕300号, 国科火字〔2017〕120号, 工信部科〔2025〕131号."""

from datetime import date

import pytest

from app.policy.terms import Outcome
from tests.rules.firms import (
    GONE,
    HNTE,
    INCUBATEE,
    INCUBATOR,
    MAKERSPACE,
    STANDARD_INCUBATOR,
    answer,
    carrier,
    found,
    outcome,
)

Y, N, U, MANUAL = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MANUAL
CARRIERS = {
    "makerspace_national": MAKERSPACE,
    "incubator_national": INCUBATOR,
    "incubator_standard": STANDARD_INCUBATOR,
    # 参照深圳, 参照惠州: nothing below its line.
    "makerspace_municipal": carrier(
        operating_months=12, incubation_area=500, workstations=0, tenant_area=375, staff=3, mentors=3, settled=20,
        new_firms=6, financed=0, events=6,
    ),
    "accelerator_municipal": carrier(
        statistics_years=1, incubation_area=10000, tenant_area=7500, staff=5, professional_staff=4, mentors=3,
        tenants=6, ip_holders=2, fund="5000000", financed=1,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("certified", {"certificates": [HNTE]}, Y),
        ("technology", {"certificates": []}, MANUAL),
        ("registered_inside", {"registered_in_carrier": False}, N),
        ("registered_inside", {"registered_in_carrier": GONE}, MANUAL),
        # 24 months on the day
        ("age_at_entry", {"carrier_tenant_since": "2025-03-01"}, Y),
        ("age_at_entry", {"carrier_tenant_since": "2025-03-02"}, N),
        ("age_at_entry", {"carrier_tenant_since": None, "registered_on": "2024-06-01"}, Y),
        ("age_at_entry", {"carrier_tenant_since": None, "registered_on": "2024-05-31"}, N),
        ("age_at_entry", {"carrier_tenant_since": GONE}, U),
        # 原则上 48 months: what is longer is for a person
        ("stay", {"carrier_tenant_since": "2022-06-01"}, Y),
        ("stay", {"carrier_tenant_since": "2022-05-31"}, MANUAL),
        ("stay", {"carrier_tenant_since": None}, Y),
        ("in_business", {"status": "moved_out"}, N),
    ],
)
def test_entry_turns_at_its_line(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("incubation_entry", INCUBATEE, code, changes) is expected


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("tenant", {"carrier_tenant_since": None}, N),
        ("tenant", {"carrier_tenant_since": GONE}, U),
        ("hnte", {"certificates": [HNTE]}, Y),
        # more than ten million in two years, more than five million of capital in all
        ("revenue", {"years.2025.sales_revenue": "6000000.01"}, Y),
        ("revenue", {"years.2025.sales_revenue": "6000000"}, N),
        ("equity", {"years.2023.equity_raised": "5000000.01"}, Y),
        ("equity", {"years.2023.equity_raised": "5000000"}, N),
        ("equity", {"years.2023.equity_raised": GONE}, U),
        ("equity", {"years.2023.equity_raised": GONE, "years.2025.equity_raised": "5000000.01"}, Y),
        ("equity", {"years.2026.equity_raised": "5000000.01"}, Y),
        ("acquired", {"listed_or_acquired": True}, Y),
        ("acquired", {"listed_or_acquired": False}, N),
    ],
)
def test_graduation_turns_at_its_line(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("incubation_graduation", INCUBATEE, code, changes) is expected


def test_what_has_not_happened_is_said_to_stand_in_the_records_and_not_to_have_happened() -> None:
    part = found(answer("incubation_graduation", INCUBATEE, {"listed_or_acquired": False}), "acquired")
    assert part.note == "资料里记的是“否”：已被并购或挂牌上市。"


def test_one_of_the_four_ways_is_enough_to_graduate_and_none_is_not() -> None:
    assert answer("incubation_graduation", INCUBATEE).outcome is Y
    assert answer("incubation_graduation", INCUBATEE, {"years.2025.sales_revenue": "0"}).outcome is N


@pytest.mark.parametrize(
    ("policy", "open_codes"),
    [
        ("makerspace_national", {"operator"}),
        ("incubator_national", {"operator"}),
        ("incubator_standard", {"other"}),
        ("makerspace_municipal", {"operator", "agencies"}),
        ("accelerator_municipal", {"operator", "platform", "services"}),
    ],
)
def test_a_carrier_whose_figures_are_all_good_still_waits_for_a_persons_word(policy: str, open_codes: set) -> None:
    whole = answer(policy, CARRIERS[policy])
    assert whole.outcome is MANUAL
    assert {c.code for c in whole.criteria if c.outcome is not Y} == open_codes


def edges(policy: str, *rows: tuple) -> list[tuple]:
    return [(policy, *row) for row in rows]


@pytest.mark.parametrize(
    ("policy", "code", "figure", "enough", "short"),
    [
        *edges(
            "makerspace_national",
            ("operating", "operating_months", 18, 17),
            ("area", "incubation_area", 500, 499),
            ("workstations", "workstations", 30, 29),
            ("area_share", "tenant_area", 375, 374),
            ("tenants", "teams_and_firms", 20, 19),
            ("new_firms", "new_firms", 10, 9),
            ("financed", "financed", 5, 4),
            ("cases", "typical_cases", 3, 2),
            ("staff", "professional_staff", 3, 2),
            ("mentors", "mentors", 3, 2),
            ("events", "events", 10, 9),
            ("statistics", "statistics_years", 1, 0),
        ),
        *edges(
            "incubator_national",
            ("operating", "operating_months", 36, 35),
            ("statistics", "statistics_years", 2, 1),
            ("area", "incubation_area", 10000, 9999),
            ("area_share", "tenant_area", 15000, 14999),
            ("fund", "fund", "5000000", "4999999.99"),
            ("financed", "financed", 6, 5),
            ("funded_cases", "funded_cases", 3, 2),
            ("professional_share", "professional_staff", 8, 7),
            ("professionals", "professional_staff", 6, 5),
            ("mentors", "mentors", 6, 5),
            ("patents", "patent_applicants", 30, 29),
            ("ip_holders", "ip_holders", 18, 17),
            ("tenants", "tenants", 50, 49),
            ("density", "incubation_area", 20000, 20001),
            ("graduates", "graduates", 20, 19),
            ("same_field", "same_field", 45, 44),
            ("professional_tenants", "tenants", 30, 29),
            ("professional_density", "incubation_area", 30000, 30001),
            ("professional_graduates", "graduates", 15, 14),
        ),
        *edges(
            "incubator_standard",
            ("invested", "invested", 4, 3),
            ("financed", "financed", 8, 7),
            ("growth", "growing", 12, 11),
            ("service_income", "service_income", "300000", "299999.99"),
        ),
        *edges(
            "makerspace_municipal",
            ("operating", "operating_months", 12, 11),
            ("area", "incubation_area", 500, 499),
            ("workstations", "workstations", 30, 29),
            ("area_share", "tenant_area", 375, 374),
            ("staff", "staff", 3, 2),
            ("mentors", "mentors", 3, 2),
            ("tenants", "settled", 20, 19),
            ("new_firms", "new_firms", 6, 5),
            ("financed", "financed", 2, 1),
            ("events", "events", 6, 5),
        ),
        *edges(
            "accelerator_municipal",
            ("statistics", "statistics_years", 1, 0),
            ("area", "incubation_area", 10000, 9999),
            ("area_share", "tenant_area", 7500, 7499),
            ("staff", "staff", 5, 4),
            ("professional_share", "professional_staff", 4, 3),
            ("mentors", "mentors", 3, 2),
            ("mentor_ratio", "tenants", 15, 16),
            ("tenants", "tenants", 6, 5),
            ("ip_holders", "ip_holders", 2, 1),
            ("fund", "fund", "5000000", "4999999.99"),
            ("financed", "financed", 1, 0),
        ),
    ],
)
def test_a_carrier_turns_at_its_line(policy: str, code: str, figure: str, enough: object, short: object) -> None:
    path = f"carrier.{figure}"
    assert outcome(policy, CARRIERS[policy], code, {path: enough}) is Y
    assert outcome(policy, CARRIERS[policy], code, {path: short}) is N
    assert outcome(policy, CARRIERS[policy], code, {path: GONE}) is U


def test_a_professional_incubator_has_lower_lines_and_a_platform_to_show() -> None:
    small = {"carrier.incubation_area": 15000, "carrier.tenant_area": 11250, "carrier.tenants": 30}
    focused = small | {"carrier.same_field": 23, "carrier.graduates": 15}
    assert outcome("incubator_national", INCUBATOR, "results", small) is N
    assert outcome("incubator_national", INCUBATOR, "results", focused) is MANUAL
    assert outcome("incubator_national", INCUBATOR, "general", focused) is N


def test_the_ministrys_rules_hold_from_july_2025() -> None:
    whole = answer("incubator_standard", STANDARD_INCUBATOR, as_of=date(2025, 7, 9))
    assert whole.outcome is Outcome.NOT_APPLICABLE
    assert found(answer("incubator_standard", STANDARD_INCUBATOR, as_of=date(2025, 7, 10)), "growth").outcome is Y
