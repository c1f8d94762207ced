"""创新型中小企业、专精特新、小巨人, on both sides of every line and under the text of their day."""

from datetime import date

import pytest

from app.policy.terms import Case, Outcome
from tests.rules.firms import (
    GONE,
    HNTE,
    INNOVATIVE_FIRM,
    LITTLE_GIANT_FIRM,
    SRDI_FIRM,
    answer,
    found,
    outcome,
    points,
    rd,
    rights,
    title,
)

Y, N, U, MANUAL, NA = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MANUAL, Outcome.NOT_APPLICABLE
NOW, LAST = "years.2025.", "years.2024."
BEFORE_2026 = date(2025, 9, 1)  # the text of 2022 and the figures of 2024


SHARE_OF_55 = {NOW + "main_business_revenue": "16500000", LAST + "main_business_revenue": "15700000"}


def test_the_innovative_firm_passes_by_its_score() -> None:
    whole = answer("innovative_sme", INNOVATIVE_FIRM)
    assert whole.outcome is Y
    assert whole.score is not None
    assert (whole.score.low, whole.score.high) == (65, 70)  # the field is for a person: 5 or 10


@pytest.mark.parametrize(
    ("item", "changes", "expected"),
    [
        # 高价值 is for a person to see
        ("ip", {"ip_rights": rights("invention_patent")}, (15, 20)),
        ("ip", {"ip_rights": rights("invention_patent", obtained_by="assigned")}, (0, 20)),
        ("ip", {"ip_rights": rights("software_copyright")}, (5, 5)),
        ("ip", {"ip_rights": rights("utility_model", granted_on="2024-05-31")}, (5, 5)),
        ("ip", {"ip_rights": rights("utility_model", granted_on="2024-06-01")}, (0, 0)),  # two years, not more
        ("ip", {"ip_rights": rights("utility_model")}, (0, 5)),  # granted nobody knows when
        ("ip", {"ip_rights": []}, (0, 0)),
        *[
            ("rd", {NOW + "rd": rd(amount)}, (n, n))
            for amount, n in (
                *[("1500000", 20), ("1499999.99", 15), ("900000", 15), ("899999.99", 10)],
                *[("600000", 10), ("599999.99", 5), ("300000", 5), ("299999.99", 0)],
            )
        ],
        *[
            ("growth", {NOW + "main_business_revenue": amount}, (n, n))
            for amount, n in (
                *[("23000000", 20), ("22999999.99", 15), ("22000000", 15), ("21999999.99", 10)],
                *[("21000000", 10), ("20999999.99", 5), ("20000000", 5), ("19999999.99", 0)],
            )
        ],
        ("growth", {LAST + "main_business_revenue": "0"}, (0, 20)),
        *[
            ("debt", {NOW + "net_assets": amount}, (n, n))
            for amount, n in (("9000000", 10), ("8999999.99", 5), ("5000000", 5), ("4999999.99", 0))
        ],
        ("field", {}, (5, 10)),
        *[
            ("main_share", {NOW + "main_business_revenue": amount}, (n, n))
            for amount, n in (
                *[("21000000", 20), ("20999999.99", 15), ("18000000", 15), ("17999999.99", 10)],
                *[("16500000", 10), ("16499999.99", 5), ("15000000", 5), ("14999999.99", 0)],
            )
        ],
    ],
)
def test_a_boundary_takes_the_higher_band(item: str, changes: dict, expected: tuple[int, int]) -> None:
    assert points("innovative_sme", INNOVATIVE_FIRM, item, changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({NOW + "rd": rd("899999.99")}, N),  # 创新能力 5 + 10
        ({NOW + "main_business_revenue": "20000000", NOW + "net_assets": "8999999.99"}, N),  # 成长性 5 + 5
        ({NOW + "main_business_revenue": "20000000"}, MANUAL),  # 55..60: growth 5, main share 15
        ({LAST + "main_business_revenue": GONE}, U),
        # exactly 60 even with the lesser field, of which 15 for 专业化
        ({**SHARE_OF_55, NOW + "rd": rd(1500000)}, Y),
        ({**SHARE_OF_55, NOW + "main_business_revenue": "16499999.99", NOW + "rd": rd(1500000)}, MANUAL),
    ],
)
def test_sixty_points_are_not_enough_where_one_group_is_short(changes: dict, expected: Outcome) -> None:
    assert outcome("innovative_sme", INNOVATIVE_FIRM, "score", changes) is expected


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("in_guangdong", {"region_code": "450100"}, N),
        ("size", {NOW + "headcount": 1000, NOW + "sales_revenue": "400000000"}, N),
        ("size", {NOW + "headcount": 999, NOW + "sales_revenue": "400000000"}, Y),
        ("not_listed", {"records.serious_dishonesty": True}, N),
        ("no_incident", {"records.accident_on": "2023-06-01"}, N),
        ("no_incident", {"records.accident_on": "2023-05-31"}, Y),
        ("award", {"science_awards": [{"level": "provincial", "on": "2023-06-01"}]}, Y),
        ("award", {"science_awards": [{"level": "provincial", "on": "2023-05-31"}]}, N),
        ("honour", {"certificates": [HNTE]}, Y),
        ("honour", {"certificates": [title("ip_demonstration", "2025-01-01", "2027-12-31")]}, Y),
        ("institution", {"rd_institutions": [{"level": "provincial"}]}, Y),
        ("equity", {"years.2023.equity_raised": "5000000"}, Y),
        ("equity", {"years.2023.equity_raised": "4999999.99"}, N),
    ],
)
def test_an_innovative_firms_condition_turns_at_its_line(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("innovative_sme", INNOVATIVE_FIRM, code, changes) is expected


def test_one_direct_way_is_enough_without_any_points() -> None:
    none = {"ip_rights": [], NOW + "rd": rd(0)}
    assert answer("innovative_sme", INNOVATIVE_FIRM, none).outcome is N
    assert answer("innovative_sme", INNOVATIVE_FIRM, none | {"certificates": [HNTE]}).outcome is Y


def test_what_no_figure_decides_is_left_to_people() -> None:
    """All figures of these firms are good; the titles still rest on what a person or the platform says."""
    open_of = {
        ("srdi", "2026-06-01"): {"segment", "market", "evaluation"},
        ("little_giant", "2026-06-01"): {"segment", "market", "field", "evaluation"},
    }
    firms = {"srdi": SRDI_FIRM, "little_giant": LITTLE_GIANT_FIRM}
    for (policy, day), codes in open_of.items():
        whole = answer(policy, firms[policy], as_of=date.fromisoformat(day))
        assert whole.outcome is MANUAL
        assert {c.code for c in whole.criteria if c.outcome is MANUAL} == codes
        assert all(c.outcome in (Y, MANUAL) for c in whole.criteria)


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("prior_title", {"certificates": [title("tech_sme", "2026-01-05", "2026-12-31")]}, Y),
        ("prior_title", {"certificates": [title("innovative_sme", "2023-01-05", "2026-01-05")]}, N),
        ("revenue", {NOW + "sales_revenue": "15000000"}, Y),
        ("revenue", {NOW + "sales_revenue": "14999999.99"}, N),
        ("equity", {NOW + "equity_raised": "20000000"}, Y),
        ("equity", {NOW + "equity_raised": "19999999.99"}, N),
        ("scale", {NOW + "sales_revenue": "14999999.99", LAST + "equity_raised": "20000000"}, Y),
        ("main_share", {NOW + "main_business_revenue": "12000000"}, Y),
        ("main_share", {NOW + "main_business_revenue": "11999999.99"}, N),
        ("debt_ratio", {NOW + "net_assets": "2000000"}, Y),
        ("debt_ratio", {NOW + "net_assets": "1999999.99"}, N),
        ("debt_ratio", {NOW + "net_assets": "-1"}, N),
        ("rd_amount", {NOW + "rd": rd(1000000)}, Y),
        ("rd_amount", {NOW + "rd": rd("999999.99")}, N),
        ("rd_amount_previous", {LAST + "rd": rd(1000000)}, Y),
        ("rd_amount_previous", {LAST + "rd": rd("999999.99")}, N),
        ("rd_intensity", {NOW + "rd": rd(450000)}, Y),
        ("rd_intensity", {NOW + "rd": rd("449999.99")}, N),
        ("rd_intensity_previous", {LAST + "sales_revenue": "33333333.33"}, Y),
        ("rd_intensity_previous", {LAST + "sales_revenue": "33333333.34"}, N),
        ("class_one", {"ip_rights": rights("utility_model")}, N),
        ("ip", {"ip_rights": [], "rd_institutions": [{"level": "provincial"}]}, Y),
        ("ip", {"ip_rights": [], "science_awards": [{"level": "provincial", "rank": 3, "on": "2024-01-01"}]}, Y),
        ("ip", {"ip_rights": [], "science_awards": [{"level": "provincial", "rank": 4, "on": "2024-01-01"}]}, N),
        ("award", {"science_awards": [{"level": "ministerial", "rank": 1, "on": "2023-06-01"}]}, Y),
        ("award", {"science_awards": [{"level": "ministerial", "rank": 1, "on": "2023-05-31"}]}, N),
        ("no_incident", {"records.accident_on": "2023-06-01"}, N),
        ("no_incident", {"records.accident_on": "2023-05-31"}, Y),
    ],
)
def test_srdi_turns_at_its_line_since_april_2026(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("srdi", SRDI_FIRM, code, changes) is expected


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("prior_title", {"certificates": [title("tech_sme", "2025-01-05", "2025-12-31")]}, N),  # 2号 brought that in
        ("rd_amount", {LAST + "rd": rd("999999.99")}, N),
        ("rd_intensity", {LAST + "sales_revenue": "33333333.34"}, N),
        ("revenue", {LAST + "sales_revenue": "10000000"}, Y),
        ("revenue", {LAST + "sales_revenue": "9999999.99"}, N),
        ("equity", {LAST + "equity_raised": "20000000"}, Y),
        ("equity", {LAST + "equity_raised": "19999999.99"}, N),
        ("provincial_award", {"science_awards": [{"level": "provincial", "rank": 3, "on": "2024-01-01"}]}, Y),
        ("provincial_award", {"science_awards": [{"level": "provincial", "rank": 4, "on": "2024-01-01"}]}, N),
        ("provincial_award", {"science_awards": [{"level": "provincial", "rank": 3, "on": "2022-09-01"}]}, Y),
        ("provincial_award", {"science_awards": [{"level": "provincial", "rank": 3, "on": "2022-08-31"}]}, N),
        ("national_award", {"science_awards": [{"level": "national", "rank": 5, "on": "2022-08-31"}]}, N),
        ("national_award", {"science_awards": [{"level": "national", "rank": 5, "on": "2022-09-01"}]}, Y),
        ("no_incident", {"records.environmental_violation_on": "2022-09-01"}, N),
        ("no_incident", {"records.environmental_violation_on": "2022-08-31"}, Y),
        ("national_award", {"science_awards": [{"level": "national", "rank": 6, "on": "2024-01-01"}]}, N),
        ("rd_two_years", {LAST + "rd": rd(19000000)}, Y),
        ("rd_two_years", {LAST + "rd": rd("18999999.99")}, N),
        ("equity_two_years", {LAST + "equity_raised": "60000000"}, Y),
        ("equity_two_years", {LAST + "equity_raised": "59999999.99"}, N),
        ("evaluation", {}, MANUAL),
    ],
)
def test_srdi_turns_at_its_line_under_the_text_of_2022(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("srdi", SRDI_FIRM, code, changes, as_of=BEFORE_2026) is expected


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("prior_title", {"certificates": [title("innovative_sme", "2024-09-01", "2027-09-01")]}, N),
        ("no_champion", {}, Y),
        ("no_champion", {"certificates": [title("manufacturing_champion", "2025-01-01", "2027-12-31")]}, N),
        ("revenue", {NOW + "sales_revenue": "50000000"}, Y),
        ("revenue", {NOW + "sales_revenue": "49999999.99"}, N),
        ("main_share", {NOW + "main_business_revenue": "45000000"}, Y),
        ("main_share", {NOW + "main_business_revenue": "44999999.99"}, N),
        ("growth", {"years.2023.sales_revenue": "40000000", NOW + "sales_revenue": "44100000"}, Y),
        ("growth", {"years.2023.sales_revenue": "40000000", NOW + "sales_revenue": "44099999.99"}, N),
        ("debt_ratio", {NOW + "net_assets": "10000000"}, Y),
        ("debt_ratio", {NOW + "net_assets": "9999999.99"}, N),
        ("rd_amount", {NOW + "rd": rd(6000000)}, Y),
        ("rd_amount", {NOW + "rd": rd("5999999.99")}, N),
        ("rd_intensity", {NOW + "rd": rd(1500000)}, Y),
        ("rd_intensity", {NOW + "rd": rd("1499999.99")}, N),
        ("rd_intensity_previous", {LAST + "rd": rd(1440000)}, Y),
        ("rd_intensity_previous", {LAST + "rd": rd("1439999.99")}, N),
        ("class_one", {"ip_rights": rights(*["invention_patent"] * 4)}, Y),
        ("class_one", {"ip_rights": rights(*["invention_patent"] * 3)}, N),
        ("class_one", {"ip_rights": rights(*["invention_patent"] * 4, obtained_by="assigned")}, N),
        ("class_one", {"ip_rights": rights(*["invention_patent"] * 4, obtained_by=None)}, U),
        ("ip", {"ip_rights": [], "science_awards": [{"level": "national", "rank": 3, "on": "2023-06-01"}]}, Y),
        ("ip", {"ip_rights": [], "science_awards": [{"level": "national", "rank": 3, "on": "2023-05-31"}]}, N),
        ("ip", {"ip_rights": [], "science_awards": [{"level": "national", "rank": 4, "on": "2025-01-01"}]}, N),
        ("no_incident", {"records.accident_on": "2023-06-01"}, N),
        ("no_incident", {"records.accident_on": "2023-05-31"}, Y),
    ],
)
def test_little_giant_turns_at_its_line_since_april_2026(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("little_giant", LITTLE_GIANT_FIRM, code, changes) is expected


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        # (5 % + 5 %) / 2
        ("growth", {LAST + "main_business_revenue": "88200000"}, Y),
        ("growth", {LAST + "main_business_revenue": "88199999.99"}, N),
        ("main_share", {LAST + "main_business_revenue": "70000000", LAST + "sales_revenue": "100000000"}, Y),
        ("main_share", {LAST + "main_business_revenue": "69999999.99", LAST + "sales_revenue": "100000000"}, N),
        ("debt_ratio", {LAST + "total_assets": "100", LAST + "net_assets": "30"}, Y),
        ("debt_ratio", {LAST + "total_assets": "100", LAST + "net_assets": "29.99"}, N),
        ("rd_large_revenue", {LAST + "sales_revenue": "100000000"}, Y),
        ("rd_large_revenue", {LAST + "sales_revenue": "99999999.99"}, N),
        ("rd_large_share", {LAST + "sales_revenue": "200000000"}, Y),
        ("rd_large_share", {LAST + "sales_revenue": "200000000.01"}, N),
        ("rd_large_share_previous", {"years.2023.rd": rd(1200000)}, Y),
        ("rd_large_share_previous", {"years.2023.rd": rd("1199999.99")}, N),
        ("rd_middle_revenue", {LAST + "sales_revenue": "50000000"}, Y),
        ("rd_middle_revenue", {LAST + "sales_revenue": "49999999.99"}, N),
        ("rd_middle_share", {LAST + "sales_revenue": "100000000"}, Y),
        ("rd_middle_share", {LAST + "sales_revenue": "100000000.01"}, N),
        ("rd_middle_share_previous", {"years.2023.rd": rd(2400000)}, Y),
        ("rd_middle_share_previous", {"years.2023.rd": rd("2399999.99")}, N),
        ("rd_small_equity", {LAST + "equity_raised": "80000000"}, Y),
        ("rd_small_equity", {LAST + "equity_raised": "79999999.99"}, N),
        ("rd_small_amount", {"years.2023.rd": rd(24000000)}, Y),
        ("rd_small_amount", {"years.2023.rd": rd("23999999.99")}, N),
        ("rd_small_staff", {LAST + "rd_staff": 100}, Y),
        ("rd_small_staff", {LAST + "rd_staff": 99}, N),
        ("class_one", {"ip_rights": rights("invention_patent", "invention_patent")}, Y),
        ("class_one", {"ip_rights": rights("invention_patent")}, N),
        ("rd_institution", {"rd_institutions": []}, N),
        ("award", {"science_awards": [{"level": "national", "rank": 3, "on": "2022-09-01"}]}, Y),
        ("award", {"science_awards": [{"level": "national", "rank": 3, "on": "2022-08-31"}]}, N),
        ("award", {"science_awards": [{"level": "national", "rank": 4, "on": "2024-01-01"}]}, N),
        ("no_incident", {"records.accident_on": "2022-09-01"}, N),
        ("no_incident", {"records.accident_on": "2022-08-31"}, Y),
    ],
)
def test_little_giant_turns_at_its_line_under_the_text_of_2022(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("little_giant", LITTLE_GIANT_FIRM, code, changes, as_of=BEFORE_2026) is expected


@pytest.mark.parametrize(
    ("day", "case", "document", "growth"),
    [
        (date(2026, 6, 1), Case.NEW, "2号", N),
        (date(2026, 6, 1), Case.RECHECK, "63号", NA),
        (date(2025, 6, 1), Case.RECHECK, "63号", NA),
        (date(2027, 6, 1), Case.RECHECK, "2号", NA),
    ],
)
def test_growth_is_not_asked_of_a_firm_that_is_re_examined(
    day: date, case: Case, document: str, growth: Outcome
) -> None:
    shrinking = {NOW + "sales_revenue": "30000000"}
    whole = answer("little_giant", LITTLE_GIANT_FIRM, shrinking, as_of=day, case=case)
    assert document in whole.document
    assert found(whole, "growth").outcome is growth


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("main_share", {NOW + "main_business_revenue": "35000000"}, Y),
        ("main_share", {NOW + "main_business_revenue": "34999999.99"}, N),
        ("debt_ratio", {NOW + "total_assets": "100", NOW + "net_assets": "30"}, Y),
        ("debt_ratio", {NOW + "total_assets": "100", NOW + "net_assets": "29.99"}, N),
        ("rd_middle_revenue", {NOW + "sales_revenue": "50000000"}, Y),
        ("rd_middle_revenue", {NOW + "sales_revenue": "49999999.99"}, N),
        ("rd_middle_share", {NOW + "sales_revenue": "50000000", NOW + "rd": rd(3000000)}, Y),
        ("rd_middle_share", {NOW + "sales_revenue": "50000000", NOW + "rd": rd("2999999.99")}, N),
    ],
)
def test_the_recheck_of_2026_keeps_the_lines_of_2022(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("little_giant", LITTLE_GIANT_FIRM, code, changes, case=Case.RECHECK) is expected
