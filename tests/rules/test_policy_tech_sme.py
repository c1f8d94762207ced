"""科技型中小企业评价 (国科发政〔2017〕115号): decided by the facts alone, to the last point."""

from datetime import date

import pytest

from app.policy.terms import Outcome
from tests.rules.firms import DAY, GONE, HNTE, TECH_SME_FIRM, answer, outcome, points, rd, rights

Y, N, U = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN
NOW = "years.2025."


def test_a_firm_of_which_everything_is_known_is_decided() -> None:
    whole = answer("tech_sme", TECH_SME_FIRM)
    assert whole.outcome is Y
    assert {c.code: c.outcome for c in whole.criteria} == {
        "resident": Y,
        "scale": Y,
        "not_restricted": Y,
        "clean_record": Y,
        "score": Y,
        "direct": N,
    }
    assert whole.score is not None
    assert (whole.score.low, whole.score.high, whole.score.pass_line) == (62, 62, ">= 60")


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("resident", {"region_code": "810000"}, N),
        ("resident", {"region_code": "710000"}, N),
        ("resident", {"region_code": "440783"}, Y),
        ("resident", {"region_code": GONE}, U),
        ("scale", {NOW + "headcount": 500, NOW + "rd_staff": 50}, Y),
        ("scale", {NOW + "headcount": 501}, N),
        ("scale", {NOW + "sales_revenue": "200000000"}, Y),
        ("scale", {NOW + "sales_revenue": "200000000.01"}, N),
        ("scale", {NOW + "total_assets": "200000000"}, Y),
        ("scale", {NOW + "total_assets": "200000000.01"}, N),
        ("scale", {NOW + "total_assets": GONE}, U),
        ("scale", {NOW + "total_assets": GONE, NOW + "headcount": 501}, N),
        *[
            ("not_restricted", {"industry_code": code}, N)
            for code in ("C16", "C1610", "F5172", "H6210", "K7010", "L72")
        ],
        *[("not_restricted", {"industry_code": code}, Y) for code in ("C3360", "I6513", "M7320", "R8710", "A0111")],
        ("not_restricted", {"industry_code": "R9011"}, N),
        ("clean_record", {"records.abnormal_operation": True}, N),
        ("clean_record", {"records.serious_dishonesty": True}, N),
        ("clean_record", {"records.research_misconduct": True}, N),
        ("clean_record", {"records.research_misconduct": GONE}, U),
        # last year and this one, by the calendar
        ("clean_record", {"records.accident_on": "2025-01-01"}, N),
        ("clean_record", {"records.accident_on": "2024-12-31"}, Y),
        ("clean_record", {"records.environmental_violation_on": "2026-06-01"}, N),
    ],
)
def test_a_condition_turns_at_its_line(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("tech_sme", TECH_SME_FIRM, code, changes) is expected


@pytest.mark.parametrize(
    ("staff", "expected"),
    [(300, 20), (299, 16), (250, 16), (249, 12), (200, 12), (199, 8), (150, 8), (149, 4), (100, 4), (99, 0), (0, 0)],
)
def test_staff_points(staff: int, expected: int) -> None:
    changes = {NOW + "headcount": 1000, NOW + "rd_staff": staff}
    assert points("tech_sme", TECH_SME_FIRM, "rd_staff", changes) == (expected, expected)


BANDS = [50, 40, 30, 20, 10, 0]


@pytest.mark.parametrize(("percent", "expected"), [*zip((6, 5, 4, 3, 2, 0), BANDS, strict=True)])
def test_spending_beside_sales(percent: int, expected: int) -> None:
    exact = percent * 300_000
    base = {NOW + "cost_and_expense": "100000000"}
    at = base | {NOW + "rd": rd(exact)}
    assert points("tech_sme", TECH_SME_FIRM, "rd_investment", at) == (expected, expected)
    if percent:
        short = base | {NOW + "rd": rd(f"{exact - 1}.99")}
        under = BANDS[BANDS.index(expected) + 1]
        assert points("tech_sme", TECH_SME_FIRM, "rd_investment", short) == (under, under)


@pytest.mark.parametrize(("percent", "expected"), [*zip((30, 25, 20, 15, 10, 0), BANDS, strict=True)])
def test_spending_beside_costs(percent: int, expected: int) -> None:
    exact = percent * 10_000
    base = {NOW + "cost_and_expense": "1000000"}
    at = base | {NOW + "rd": rd(exact)}
    assert points("tech_sme", TECH_SME_FIRM, "rd_investment", at) == (expected, expected)
    if percent:
        short = base | {NOW + "rd": rd(f"{exact - 1}.99")}
        under = BANDS[BANDS.index(expected) + 1]
        assert points("tech_sme", TECH_SME_FIRM, "rd_investment", short) == (under, under)


def test_the_better_way_of_counting_counts_and_one_unknown_way_leaves_the_other() -> None:
    few_costs = {NOW + "cost_and_expense": "5000000"}
    assert points("tech_sme", TECH_SME_FIRM, "rd_investment", few_costs) == (50, 50)  # 30 % of the costs
    assert points("tech_sme", TECH_SME_FIRM, "rd_investment", {NOW + "cost_and_expense": GONE}) == (40, 50)
    full = {NOW + "cost_and_expense": GONE, NOW + "rd": rd(1800000)}
    assert points("tech_sme", TECH_SME_FIRM, "rd_investment", full) == (50, 50)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (rights("invention_patent"), (30, 30)),
        (rights("ic_layout", "utility_model"), (30, 30)),
        (rights(*["utility_model"] * 5), (24, 24)),
        (rights(*["utility_model"] * 4), (24, 24)),
        (rights(*["design_patent"] * 3), (18, 18)),
        (rights(*["software_copyright"] * 2), (12, 12)),
        (rights("utility_model"), (6, 6)),
        ([], (0, 0)),
        # a right used once for 高企 still counts here
        (rights("utility_model", used_in_hnte_year=2024), (6, 6)),
        (rights("utility_model", "utility_model") + rights("invention_patent", in_force=None), (12, 30)),
    ],
)
def test_achievements(held: list, expected: tuple[int, int]) -> None:
    assert points("tech_sme", TECH_SME_FIRM, "achievements", {"ip_rights": held}) == expected


@pytest.mark.parametrize(
    ("changes", "score", "expected"),
    [
        # 12 + 30 + 18 = 60 passes, 8 + 30 + 18 = 56 does not
        ({NOW + "rd_staff": 20, NOW + "rd": rd(1200000)}, 60, Y),
        ({NOW + "rd_staff": 15, NOW + "rd": rd(1200000)}, 56, N),
        # without points for staff no total is enough
        ({NOW + "rd_staff": 9, "ip_rights": rights("invention_patent"), NOW + "rd": rd(1800000)}, 80, N),
    ],
)
def test_sixty_points_with_some_for_staff_are_enough(changes: dict, score: int, expected: Outcome) -> None:
    whole = answer("tech_sme", TECH_SME_FIRM, changes)
    assert whole.score is not None
    assert (whole.score.low, whole.score.high) == (score, score)
    assert whole.outcome is expected


NO_POINTS = {"ip_rights": [], NOW + "rd_staff": 0}


@pytest.mark.parametrize(
    ("part", "changes", "expected"),
    [
        ("hnte", {"certificates": [HNTE]}, Y),
        ("hnte", {"certificates": [HNTE | {"issued_on": "2022-12-01", "expires_on": "2025-12-01"}]}, N),
        ("hnte", {"certificates": [HNTE | {"revoked_on": "2026-01-01"}]}, N),
        ("award", {"science_awards": [{"level": "national", "rank": 3, "on": "2021-06-01"}]}, Y),
        ("award", {"science_awards": [{"level": "national", "rank": 4, "on": "2021-06-01"}]}, N),
        ("award", {"science_awards": [{"level": "national", "rank": 1, "on": "2021-05-31"}]}, N),
        ("award", {"science_awards": [{"level": "provincial", "rank": 1, "on": "2025-06-01"}]}, N),
        ("award", {"science_awards": [{"level": "national", "on": "2025-06-01"}]}, U),
        ("institution", {"rd_institutions": [{"level": "provincial"}]}, Y),
        ("institution", {"rd_institutions": [{"level": "ministerial"}]}, Y),
        ("institution", {"rd_institutions": [{"level": "municipal"}]}, N),
        ("standard", {"standards_led": [{"level": "industry", "on": "2021-06-01"}]}, Y),
        ("standard", {"standards_led": [{"level": "international", "on": "2024-06-01"}]}, Y),
        ("standard", {"standards_led": [{"level": "industry", "on": "2021-05-31"}]}, N),
        ("standard", {"standards_led": [{"level": "group", "on": "2024-06-01"}]}, N),
        ("standard", {"standards_led": [{"level": "industry"}]}, U),
    ],
)
def test_one_way_of_direct_confirmation_is_enough(part: str, changes: dict, expected: Outcome) -> None:
    """115号 第八条: instead of the score, never instead of the other conditions."""
    assert outcome("tech_sme", TECH_SME_FIRM, part, NO_POINTS | changes) is expected
    assert answer("tech_sme", TECH_SME_FIRM, NO_POINTS | changes).outcome is expected
    assert answer("tech_sme", TECH_SME_FIRM, NO_POINTS | changes | {NOW + "headcount": 501}).outcome is N


def test_a_score_that_passes_asks_for_nothing_more() -> None:
    unknown = {"certificates": GONE, "science_awards": GONE, "rd_institutions": GONE, "standards_led": GONE}
    assert answer("tech_sme", TECH_SME_FIRM, unknown).outcome is Y


def test_the_figures_are_those_of_the_year_before() -> None:
    assert answer("tech_sme", TECH_SME_FIRM, as_of=date(2027, 3, 1)).outcome is U
    assert answer("tech_sme", TECH_SME_FIRM, as_of=DAY.replace(month=12, day=31)).outcome is Y
