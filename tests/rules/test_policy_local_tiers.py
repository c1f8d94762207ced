"""The bureau's own default tiers, on both sides of every line (系统默认参考规则·可配置·非官方认定条件)."""

import pytest

from app.policy.terms import LOCAL_DEFAULT, Outcome
from tests.rules.firms import (
    EAGLET_FIRM,
    GAZELLE_FIRM,
    GONE,
    HNTE,
    LEADER_FIRM,
    TECH_MICRO_FIRM,
    answer,
    changed,
    outcome,
    rd,
    rights,
    title,
)

Y, N, U, MANUAL = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MANUAL
NOW = "years.2025."
SALES = "sales_revenue"
FIRMS = {
    "tech_micro": TECH_MICRO_FIRM,
    "eaglet": EAGLET_FIRM,
    "gazelle_seed": GAZELLE_FIRM,
    "gazelle": GAZELLE_FIRM,
    "leader_seed": changed(LEADER_FIRM, {NOW + "rd": rd(12000000)}),
    "leader": LEADER_FIRM,
}


@pytest.mark.parametrize("policy", FIRMS)
def test_the_firm_meets_its_tier_and_the_answer_says_whose_rule_it_is(policy: str) -> None:
    whole = answer(policy, FIRMS[policy])
    assert whole.outcome is Y
    assert whole.label == LOCAL_DEFAULT


@pytest.mark.parametrize("policy", FIRMS)
@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("in_kaiping", {"region_code": "440784001"}),
        ("in_business", {"status": "deregistered"}),
        ("clean_record", {"records.abnormal_operation": True}),
        ("clean_record", {"records.serious_dishonesty": True}),
        ("clean_record", {"records.research_misconduct": True}),
    ],
)
def test_the_common_gates_stand_before_every_tier(policy: str, code: str, changes: dict) -> None:
    assert outcome(policy, FIRMS[policy], code, changes) is N


@pytest.mark.parametrize(
    ("policy", "day", "expected"),
    [
        ("eaglet", "2025-06-01", N),
        ("eaglet", "2025-05-31", Y),
        *[(policy, "2023-06-01", N) for policy in ("gazelle_seed", "gazelle", "leader_seed", "leader")],
        *[(policy, "2023-05-31", Y) for policy in ("gazelle_seed", "gazelle", "leader_seed", "leader")],
    ],
)
def test_an_incident_bars_for_one_year_or_for_three(policy: str, day: str, expected: Outcome) -> None:
    for event in ("records.accident_on", "records.environmental_violation_on"):
        assert outcome(policy, FIRMS[policy], "no_incident", {event: day}) is expected


def edges(policy: str, *rows: tuple) -> list[tuple]:
    return [(policy, *row) for row in rows]


@pytest.mark.parametrize(
    ("policy", "code", "changes", "expected"),
    [
        *edges(
            "tech_micro",
            # 工业: a medium firm has 300 people and 20,000,000 of sales, both
            ("small_or_micro", {NOW + "headcount": 300, NOW + SALES: "20000000"}, N),
            ("small_or_micro", {NOW + "headcount": 299, NOW + SALES: "20000000"}, Y),
            ("small_or_micro", {NOW + "headcount": 300, NOW + SALES: "19999999.99"}, Y),
            ("small_or_micro", {NOW + "headcount": GONE}, U),
            ("small_or_micro", {NOW + "headcount": GONE, "size_class": "micro"}, Y),
            ("small_or_micro", {NOW + "headcount": GONE, "size_class": "medium"}, N),
            ("small_or_micro", {"industry_code": "I6513", NOW + "headcount": 100, NOW + SALES: "10000000"}, N),
            ("small_or_micro", {"industry_code": "I6513", NOW + "headcount": 99, NOW + SALES: "90000000"}, Y),
            ("small_or_micro", {"industry_code": "J6610"}, MANUAL),
            ("rd_spending", {NOW + "rd": rd(100000)}, Y),
            ("rd_spending", {NOW + "rd": rd("99999.99")}, N),
            ("rd_staff", {NOW + "headcount": 20, NOW + "rd_staff": 2}, Y),
            ("rd_staff", {NOW + "headcount": 21, NOW + "rd_staff": 2}, N),
            ("ip", {"ip_rights": rights("design_patent")}, Y),
            ("ip", {"ip_rights": []}, N),
            ("tenant", {"carrier_tenant_since": "2026-06-01"}, Y),
            ("tenant", {"carrier_tenant_since": None}, N),
            ("tenant", {"carrier_tenant_since": GONE}, U),
            ("tech_sme", {"certificates": [title("tech_sme", "2026-05-20", "2026-12-31")]}, Y),
            ("tech_sme", {"certificates": [title("tech_sme", "2025-05-20", "2025-12-31")]}, N),
            ("municipal_list", {"in_tech_micro_list": True}, Y),
        ),
        *edges(
            "eaglet",
            ("age", {"registered_on": "2025-06-01"}, Y),
            ("age", {"registered_on": "2025-06-02"}, N),
            ("age", {"registered_on": "2016-06-01"}, Y),
            ("age", {"registered_on": "2016-05-31"}, N),
            ("revenue", {NOW + SALES: "100000"}, Y),
            ("revenue", {NOW + SALES: "99999.99"}, N),
            ("revenue", {NOW + SALES: "50000000"}, Y),
            ("revenue", {NOW + SALES: "50000000.01"}, N),
            ("rd_intensity", {NOW + SALES: "13000000", NOW + "rd": rd(650000)}, Y),
            ("rd_intensity", {NOW + SALES: "13000000", NOW + "rd": rd("649999.99")}, N),
            ("rd_intensity", {NOW + SALES: "29999999.99", NOW + "rd": rd("1499999.99")}, N),
            ("rd_intensity", {NOW + SALES: "29999999.99", NOW + "rd": rd("1500000")}, Y),
            ("rd_intensity", {NOW + SALES: "30000000", NOW + "rd": rd("1200000")}, Y),
            ("rd_intensity", {NOW + SALES: "30000000", NOW + "rd": rd("1199999.99")}, N),
            ("rd_staff_ratio", {NOW + "rd_staff": 3}, Y),
            ("rd_staff_ratio", {NOW + "headcount": 1000, NOW + "rd_staff": 99}, N),
            ("class_one", {"ip_rights": rights("invention_patent")}, Y),
            ("class_one", {"ip_rights": rights("utility_model")}, N),
            ("class_two", {"ip_rights": rights("utility_model", "design_patent")}, Y),
            ("class_two", {"ip_rights": rights("utility_model")}, N),
            ("ip", {"ip_rights": [], "certificates": [HNTE]}, Y),
            ("ip", {"ip_rights": [], "software_certificates": True}, Y),
            ("ip", {"ip_rights": []}, N),
            ("revenue_growth", {"years.2024.sales_revenue": "10000000"}, Y),
            ("revenue_growth", {"years.2024.sales_revenue": "10000000.01"}, N),
            ("growth_3y", {"years.2022.sales_revenue": "1000000", NOW + SALES: "2197000"}, Y),
            ("growth_3y", {"years.2022.sales_revenue": "1000000", NOW + SALES: "2196999.99"}, N),
            ("growth_3y_revenue", {NOW + SALES: "1500000"}, Y),
            ("growth_3y_revenue", {NOW + SALES: "1499999.99"}, N),
            ("equity", {NOW + "equity_raised": "0.01"}, Y),
            ("equity", {NOW + "equity_raised": "0"}, N),
            ("competition", {"competition_awards": [{"level": "provincial", "rank": 3}]}, Y),
            ("competition", {"competition_awards": [{"level": "provincial", "rank": 4}]}, N),
            ("competition", {"competition_awards": [{"level": "municipal", "rank": 1}]}, N),
            ("hnte_growth", {"years.2024.sales_revenue": "12999999.99"}, Y),
            ("hnte_growth", {"years.2024.sales_revenue": "13000000"}, N),
            ("hnte_growing", {"certificates": [HNTE]}, Y),
            ("hnte_growing", {}, N),
        ),
        *edges(
            "gazelle_seed",
            ("hnte_or_pool", {"certificates": [], "in_hnte_pool": True}, Y),
            ("hnte_or_pool", {"certificates": [], "in_hnte_pool": False}, N),
            ("base_revenue", {"years.2022.sales_revenue": "5000000"}, Y),
            ("base_revenue", {"years.2022.sales_revenue": "4999999.99"}, N),
            ("growth_3y", {NOW + SALES: "34560000"}, Y),
            ("growth_3y", {NOW + SALES: "34559999.99"}, N),
            ("growing", {"years.2024.sales_revenue": "34559999.99"}, Y),
            ("growing", {"years.2024.sales_revenue": "34560000"}, N),
            ("half_more_revenue", {NOW + SALES: "5000000"}, Y),
            ("half_more_revenue", {NOW + SALES: "4999999.99"}, N),
            ("half_more_growth", {"years.2024.sales_revenue": "23040000"}, Y),
            ("half_more_growth", {"years.2024.sales_revenue": "23040000.01"}, N),
            ("banded_revenue", {NOW + SALES: "10000000"}, Y),
            ("banded_revenue", {NOW + SALES: "9999999.99"}, N),
            ("banded_revenue", {NOW + SALES: "500000000"}, Y),
            ("banded_revenue", {NOW + SALES: "500000000.01"}, N),
            ("banded_growth", {"years.2024.sales_revenue": "30000000", NOW + SALES: "36000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "30000000", NOW + SALES: "35999999.99"}, N),
            ("banded_growth", {"years.2024.sales_revenue": "43000000", NOW + SALES: "49999999.99"}, N),
            ("banded_growth", {"years.2024.sales_revenue": "43000000", NOW + SALES: "50000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "80000000", NOW + SALES: "92000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "80000000", NOW + SALES: "91999999.99"}, N),
            ("banded_growth", {"years.2024.sales_revenue": "90000000", NOW + SALES: "100000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "88000000", NOW + SALES: "99999999.99"}, N),
            ("banded_growth", {"years.2024.sales_revenue": "88000000", NOW + SALES: "100000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "100000000", NOW + SALES: "110000000"}, Y),
            ("banded_growth", {"years.2024.sales_revenue": "100000000", NOW + SALES: "109999999.99"}, N),
        ),
        *edges(
            "gazelle",
            ("age", {"registered_on": "2011-06-01"}, Y),
            ("age", {"registered_on": "2011-05-31"}, N),
            ("hnte", {"certificates": [HNTE]}, Y),
            ("hnte", {"certificates": []}, MANUAL),  # cities differ, and here 高企 is the step above
            # the mean of 3 %, 2.5 %, 2 % and the latest year's
            ("rd_intensity", {NOW + "rd": rd(864000)}, Y),
            ("rd_intensity", {NOW + "rd": rd("863999.99")}, N),
            ("rd_intensity", {"years.2022.rd": GONE}, U),
            ("base_revenue", {"years.2022.sales_revenue": "10000000.01"}, Y),
            ("base_revenue", {"years.2022.sales_revenue": "10000000"}, N),
            ("revenue_growth", {NOW + SALES: "34560000"}, Y),
            ("revenue_growth", {NOW + SALES: "34559999.99"}, N),
            ("revenue_growing", {"years.2024.sales_revenue": "34559999.99"}, Y),
            ("revenue_growing", {"years.2024.sales_revenue": "34560000"}, N),
            ("base_staff", {"years.2022.headcount": 101}, Y),
            ("base_staff", {"years.2022.headcount": 100}, N),
            ("staff_growth", {"years.2022.headcount": 1000, NOW + "headcount": 2197}, Y),
            ("staff_growth", {"years.2022.headcount": 1000, NOW + "headcount": 2196}, N),
            ("staff_growing", {"years.2024.headcount": 1000, NOW + "headcount": 1001}, Y),
            ("staff_growing", {"years.2024.headcount": 75}, N),
            ("billion_age", {"registered_on": "2016-06-01"}, Y),
            ("billion_age", {"registered_on": "2016-05-31"}, N),
            ("billion_revenue", {NOW + SALES: "1000000000.01"}, Y),
            ("billion_revenue", {NOW + SALES: "1000000000"}, N),
            ("billion_steady", {"years.2023.sales_revenue": "20000000"}, Y),
            ("billion_steady", {"years.2023.sales_revenue": "19999999.99"}, MANUAL),
            ("half_billion_age", {"registered_on": "2021-06-01"}, Y),
            ("half_billion_age", {"registered_on": "2021-05-31"}, N),
            ("half_billion_revenue", {NOW + SALES: "500000000.01"}, Y),
            ("half_billion_revenue", {NOW + SALES: "500000000"}, N),
            ("half_billion_steady", {"years.2024.sales_revenue": "24000000"}, Y),
            ("half_billion_steady", {"years.2024.sales_revenue": "23999999.99"}, MANUAL),
        ),
        *edges(
            "leader_seed",
            ("hnte", {"certificates": []}, N),
            ("above_designated_size", {"above_designated_size": False}, N),
            ("revenue", {NOW + SALES: "100000000"}, Y),
            ("revenue", {NOW + SALES: "99999999.99"}, N),
            ("rd_intensity", {NOW + "rd": rd(12000000)}, Y),
            ("rd_intensity", {NOW + "rd": rd("11999999.99")}, N),
            ("rd_amount", {NOW + "rd": rd(20000000)}, Y),
            ("rd_amount", {NOW + "rd": rd("19999999.99")}, N),
            ("rd_institution", {"rd_institutions": []}, N),
        ),
        *edges(
            "leader",
            ("hnte", {"certificates": []}, N),
            ("revenue", {NOW + SALES: "300000000"}, Y),
            ("revenue", {NOW + SALES: "299999999.99"}, N),
            ("growing", {"years.2023.sales_revenue": "200000000.01"}, Y),
            ("growing", {"years.2023.sales_revenue": "200000000"}, N),
            ("rd_intensity", {NOW + "rd": rd(9000000)}, Y),
            ("rd_intensity", {NOW + "rd": rd("8999999.99")}, N),
            ("rd_staff_full_time", {NOW + "rd_staff_full_time": 50}, Y),
            ("rd_staff_full_time", {NOW + "rd_staff_full_time": 49}, N),
            ("platform", {"platforms": [{"level": "national"}]}, Y),
            ("platform", {"platforms": [{"level": "municipal"}]}, N),
            ("class_one", {"ip_rights": rights(*["invention_patent"] * 5)}, Y),
            ("class_one", {"ip_rights": rights(*["invention_patent"] * 4)}, N),
        ),
    ],
)
def test_a_condition_turns_at_its_line(policy: str, code: str, changes: dict, expected: Outcome) -> None:
    assert outcome(policy, FIRMS[policy], code, changes) is expected


def test_a_young_firm_of_half_a_billion_has_fewer_years_to_show() -> None:
    young = {"registered_on": "2023-06-01", "years.2022": GONE, "years.2024.sales_revenue": "400000000"}
    assert outcome("gazelle", GAZELLE_FIRM, "half_billion_path", young | {NOW + SALES: "500000000.01"}) is Y
    assert outcome("gazelle", GAZELLE_FIRM, "rd_intensity", young) is N  # of the three years it has
