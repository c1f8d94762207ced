"""高新技术企业认定, on both sides of every line: 国科发火〔2016〕32号 第十一条, 195号 三."""

from datetime import date

import pytest

from app.policy.terms import Outcome
from tests.rules.firms import GONE, HNTE_FIRM, answer, found, outcome, points, rd, rights

Y, N, U, MANUAL = Outcome.MET, Outcome.NOT_MET, Outcome.UNKNOWN, Outcome.MANUAL
NOW = "years.2025."


def test_the_firm_meets_every_condition() -> None:
    whole = answer("hnte", HNTE_FIRM)
    assert whole.outcome is Y
    assert {criterion.code: criterion.outcome for criterion in whole.criteria} == dict.fromkeys(
        (
            *("registered_days", "core_ip", "high_tech_field", "rd_staff_ratio", "rd_intensity", "rd_domestic_share"),
            *("high_tech_income_share", "innovation_score", "no_incident"),
        ),
        Y,
    )


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        # 365 calendar days before the application
        ("registered_days", {"registered_on": "2025-06-01"}, Y),
        ("registered_days", {"registered_on": "2025-06-02"}, N),
        ("registered_days", {"registered_on": GONE}, U),
        ("core_ip", {"ip_rights": rights("utility_model")}, Y),
        ("core_ip", {"ip_rights": []}, N),
        ("core_ip", {"ip_rights": rights("utility_model", in_force=False)}, N),
        ("core_ip", {"ip_rights": rights("utility_model", in_force=None)}, U),
        ("core_ip", {"ip_rights": rights("utility_model", used_in_hnte_year=2023)}, N),
        ("core_ip", {"ip_rights": rights("invention_patent", used_in_hnte_year=2023)}, Y),
        ("core_ip", {"ip_rights": rights("utility_model", granted_on="2026-06-01")}, Y),
        ("core_ip", {"ip_rights": [*rights("utility_model"), *rights("ic_layout", in_force=None)]}, Y),
        ("high_tech_field", {"high_tech_field": "801"}, Y),
        ("high_tech_field", {"high_tech_field": "10"}, Y),
        ("high_tech_field", {"high_tech_field": "90"}, N),
        ("rd_staff_ratio", {NOW + "rd_staff": 12}, Y),
        ("rd_staff_ratio", {NOW + "rd_staff": 11}, N),
        ("rd_staff_ratio", {NOW + "headcount": 121}, N),
        ("rd_staff_ratio", {NOW + "headcount": 0}, MANUAL),
        (
            "rd_domestic_share",  # 1,200,000 of 2,000,000
            {f"years.{y}.rd": rd(1200000, outsourced_overseas=1000000) for y in (2023, 2024, 2025)},
            Y,
        ),
        (
            "rd_domestic_share",
            {f"years.{y}.rd": rd(1000000, outsourced_overseas=833333) for y in (2023, 2024, 2025)},
            Y,
        ),
        (
            "rd_domestic_share",
            {f"years.{y}.rd": rd(1000000, outsourced_overseas=833334) for y in (2023, 2024, 2025)},
            N,
        ),
        ("high_tech_income_share", {NOW + "high_tech_income": "30000000"}, Y),
        ("high_tech_income_share", {NOW + "high_tech_income": "29999999.99"}, N),
        # the application's own day and the 365 days before it
        ("no_incident", {"records.accident_on": "2025-06-01"}, N),
        ("no_incident", {"records.accident_on": "2025-05-31"}, Y),
        ("no_incident", {"records.accident_on": "2026-06-01"}, N),
        ("no_incident", {"records.environmental_violation_on": "2026-01-15"}, N),
        ("no_incident", {"records.environmental_violation_on": GONE}, U),
    ],
)
def test_a_condition_turns_at_its_line(code: str, changes: dict, expected: Outcome) -> None:
    assert outcome("hnte", HNTE_FIRM, code, changes) is expected


@pytest.mark.parametrize(
    ("latest", "spent", "expected"),
    [
        # sales of the latest year choose the bracket; the ratio is over all three years
        ("50000000", "2500000", Y),  # exactly 5 % of 100,000,000
        ("50000000", "2499999.99", N),
        ("50000000.01", "1500000.01", Y),  # above 5000 万 it is 4 % of 100,000,000.01
        ("50000000.01", "1500000.00", N),
        ("200000000", "7500000", Y),  # 4 % of 250,000,000
        ("200000000", "7499999.99", N),
        ("200000000.01", "5000000.01", Y),  # above 2 亿 it is 3 %
        ("200000000.01", "5000000.00", N),
        ("250000000", "6500000", Y),  # exactly 3 % of 300,000,000
        ("250000000", "6499999.99", N),
    ],
)
def test_the_rd_ratio_asked_for_goes_by_the_latest_sales(latest: str, spent: str, expected: Outcome) -> None:
    changes = {NOW + "sales_revenue": latest, NOW + "rd": rd(spent)}
    assert outcome("hnte", HNTE_FIRM, "rd_intensity", changes) is expected


def test_without_an_experts_word_an_item_lies_anywhere_up_to_its_most() -> None:
    """195号 三(七)."""
    most = {"ip_advancement": 8, "ip_support": 8, "ip_acquisition": 6, "standard_bonus": 2, "rd_rules": 6}
    most |= {"rd_institution": 6, "conversion_incentive": 4, "talent_incentive": 4}
    for item, points_most in most.items():
        led = {"standards_led": [{"level": "industry"}], "judgements": {}}
        low = 1 if item in ("ip_acquisition", "standard_bonus") else 0
        assert points("hnte", HNTE_FIRM, item, led) == (low, points_most), item
    whole = {item.code: item.most for item in answer("hnte", HNTE_FIRM).score.items}
    rest = {"ip_quantity": 8, "conversions": 30, "net_asset_growth": 10, "sales_growth": 10}
    assert whole == most | rest


def test_a_firm_of_two_years_is_measured_over_those() -> None:
    young = {"registered_on": "2024-02-01", "years.2023": GONE}
    assert outcome("hnte", HNTE_FIRM, "rd_intensity", young) is Y
    assert outcome("hnte", HNTE_FIRM, "rd_intensity", {"years.2023": GONE}) is U


@pytest.mark.parametrize(
    ("lines", "spent"),
    [
        (rd(800000, outsourced_domestic=1000000), "1600000"),  # outsourced work counts at 80 %
        (rd(800000, other=200000), "1000000"),  # other expenses are a fifth of the total
        (rd(800000, other=300000), "1000000"),  # and no more than a fifth
    ],
)
def test_what_counts_as_rd_is_capped(lines: dict, spent: str) -> None:
    """195号 三(六); a ratio of exactly 5 % shows the amount."""
    total = {"years.2023.rd": rd(0), "years.2024.rd": rd(0), NOW + "rd": lines}
    sales = {
        "years.2023.sales_revenue": "0",
        "years.2024.sales_revenue": "0",
        NOW + "sales_revenue": str(int(spent) * 20),
    }
    assert found(answer("hnte", HNTE_FIRM, total | sales), "rd_intensity").actual == "0.050000"


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        # the second year equals the first, so the rate is half of the last year's growth
        *[("17000000", (9, 10)), ("16999999.99", (7, 8)), ("15000000", (7, 8)), ("14999999.99", (5, 6))],
        *[("13000000", (5, 6)), ("12999999.99", (3, 4)), ("11000000", (3, 4)), ("10999999.99", (1, 2))],
        *[("10000000.01", (1, 2)), ("10000000", (0, 0)), ("9000000", (0, 0))],
    ],
)
@pytest.mark.parametrize(("item", "figure"), [("net_asset_growth", "net_assets"), ("sales_growth", "sales_revenue")])
def test_growth_falls_into_its_band(item: str, figure: str, last: str, expected: tuple[int, int]) -> None:
    years = {f"years.2023.{figure}": "10000000", f"years.2024.{figure}": "10000000", NOW + figure: last}
    assert points("hnte", HNTE_FIRM, item, years) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"years.2023.net_assets": "0", NOW + "net_assets": "13500000"}, (9, 10)),  # the second step alone: 35 %
        ({"years.2024.net_assets": "0"}, (0, 0)),
        ({"registered_on": "2024-02-01", NOW + "net_assets": "13500000"}, (9, 10)),  # two years: last / first - 1
        ({NOW + "net_assets": "-1"}, (0, 10)),  # below zero is not regulated
        ({"registered_on": "2025-02-01"}, (0, 10)),  # one year has no growth
        ({"years.2024.net_assets": GONE}, (0, 10)),
    ],
)
def test_growth_over_odd_years_is_as_the_text_says_or_open(changes: dict, expected: tuple[int, int]) -> None:
    assert points("hnte", HNTE_FIRM, "net_asset_growth", changes) == expected


def test_the_published_growth_rate() -> None:
    """20965.52, 23006.24, 32340.07 万元: 25.15 %, seven to eight points."""
    sales = dict(zip(("2023", "2024", "2025"), ("209655200", "230062400", "323400700"), strict=True))
    score = answer("hnte", HNTE_FIRM, {f"years.{year}.sales_revenue": amount for year, amount in sales.items()}).score
    assert score is not None
    growth = next(item for item in score.items if item.code == "sales_growth")
    assert (growth.rate, growth.low, growth.high) == ("0.251523", 7, 8)


@pytest.mark.parametrize(
    ("three_years", "expected"),
    [
        *[(15, (25, 30)), (14, (19, 24)), (12, (19, 24)), (11, (13, 18)), (9, (13, 18)), (8, (7, 12))],
        *[(6, (7, 12)), (5, (1, 6)), (3, (1, 6)), (2, (0, 0)), (0, (0, 0))],
    ],
)
def test_conversions_count_by_their_yearly_mean(three_years: int, expected: tuple[int, int]) -> None:
    changes = {"years.2023.conversions": 0, "years.2024.conversions": 0, NOW + "conversions": three_years}
    assert points("hnte", HNTE_FIRM, "conversions", changes) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (rights("plant_variety"), (7, 8)),
        *[(rights(*["utility_model"] * n), band) for n, band in ((5, (5, 6)), (4, (3, 4)), (3, (3, 4)), (2, (1, 2)))],
        *[(rights("software_copyright"), (1, 2)), ([], (0, 0))],
        (rights(*["utility_model"] * 4) + rights("design_patent", in_force=None), (3, 6)),
    ],
)
def test_rights_count_by_class_and_number(held: list, expected: tuple[int, int]) -> None:
    assert points("hnte", HNTE_FIRM, "ip_quantity", {"ip_rights": held}) == expected


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (rights("utility_model"), (1, 6)),
        (rights("utility_model", obtained_by="assigned"), (1, 3)),
        (rights("utility_model", obtained_by=None), (1, 6)),  # not known: it may be the firm's own
        ([], (0, 0)),
    ],
)
def test_how_rights_were_come_by_limits_what_experts_give(held: list, expected: tuple[int, int]) -> None:
    changes = {"ip_rights": held, "judgements.acquisition": GONE}
    assert points("hnte", HNTE_FIRM, "ip_acquisition", changes) == expected


@pytest.mark.parametrize(
    ("rules", "institution", "score", "expected"),
    [
        # 7+7+7..8+5, 1..6, 9..10, 9..10 and the four items of organisation
        (4, 3, (58, 66), N),
        (6, 5, (62, 70), N),  # 70 is not above 70
        (6, 6, (63, 71), MANUAL),
    ],
)
def test_only_a_score_that_cannot_pass_fails(rules: int, institution: int, score: tuple, expected: Outcome) -> None:
    few = {f"years.{year}.conversions": n for year, n in ((2023, 3), (2024, 0), (2025, 0))}
    judged = {"judgements.rd_rules": rules, "judgements.rd_institution": institution}
    whole = answer("hnte", HNTE_FIRM, few | judged)
    assert whole.score is not None
    assert (whole.score.low, whole.score.high) == score
    assert found(whole, "innovation_score").outcome is expected


@pytest.mark.parametrize(("three_years", "expected"), [(3, N), (6, MANUAL), (9, Y)])
def test_a_score_that_hangs_on_the_experts_is_theirs(three_years: int, expected: Outcome) -> None:
    """62..70 cannot pass; 68..76 may; 74..82 cannot fail."""
    few = {f"years.{year}.conversions": n for year, n in ((2023, three_years), (2024, 0), (2025, 0))}
    judged = {"judgements.rd_rules": 6, "judgements.rd_institution": 5}
    assert outcome("hnte", HNTE_FIRM, "innovation_score", few | judged) is expected


def test_the_bonus_never_lifts_the_rights_above_thirty() -> None:
    best = {
        "judgements.technology_advancement": 8,
        "judgements.core_support": 8,
        "judgements.acquisition": 6,
        "judgements.standard_bonus": 2,
        "standards_led": [{"level": "national", "on": "2024-01-01"}],
    }
    plain = answer("hnte", HNTE_FIRM, best | {"judgements.standard_bonus": 0}).score
    lifted = answer("hnte", HNTE_FIRM, best).score
    assert plain is not None
    assert lifted is not None
    assert (lifted.low - plain.low, lifted.high - plain.high) == (1, 0)  # 29..30 becomes 30..30


@pytest.mark.parametrize(
    ("day", "expected"),
    [(date(2026, 12, 5), Y), (date(2026, 12, 6), N), (date(2023, 12, 4), N), (date(2023, 12, 5), Y)],
)
def test_a_certificate_opens_the_gate_as_long_as_it_holds(day: date, expected: Outcome) -> None:
    held = {"kind": "hnte", "number": "GR202344005999", "issued_on": "2023-12-05", "expires_on": "2026-12-05"}
    assert answer("hnte_certificate", {"certificates": [held]}, as_of=day).outcome is expected
