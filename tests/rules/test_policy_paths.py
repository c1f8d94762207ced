"""The way to a title: of each figure the least that leads there, and nobody is told to shrink."""

from datetime import date
from decimal import Decimal

import pytest

from app.policy.describing import closing_sentence, gap_sentence
from app.policy.figures import Unit
from app.policy.parsing import parse_facts
from app.policy.paths import Path, cheapest_path
from app.policy.terms import Gap, Outcome
from tests.rules.firms import EAGLET_FIRM, HNTE, NO_RECORDS, PACKS, Json, changed, rd

TODAY, NEXT_YEAR = date(2026, 11, 25), date(2027, 6, 1)
# Four and a half years old by then, too small for every way but the two that ask for revenue alone.
YOUNG: Json = {
    "region_code": "440783117",
    "status": "active",
    "registered_on": "2022-12-01",
    "records": NO_RECORDS,
    "certificates": [HNTE],
    "years": {str(year): {"sales_revenue": "1000000", "headcount": 8, "rd": rd(100000)} for year in (2023, 2024, 2025)},
}


def path(policy: str, facts: Json) -> Path:
    return cheapest_path(PACKS[policy], parse_facts(facts, horizon=TODAY), as_of=NEXT_YEAR, today=TODAY)


def test_of_two_ways_that_ask_for_the_same_figure_the_lesser_is_shown():
    (revenue,) = [gap for gap in path("gazelle", YOUNG).single if gap.figure == "sales_revenue"]
    assert revenue.amount == Decimal("499000000.01")


def test_too_old_for_the_lesser_way_the_greater_is_shown():
    (revenue,) = [
        gap
        for gap in path("gazelle", changed(YOUNG, {"registered_on": "2020-12-01"})).single
        if gap.figure == "sales_revenue"
    ]
    assert revenue.amount == Decimal("999000000.01")


def test_nobody_is_told_to_earn_less_or_to_send_people_away():
    facts = changed(YOUNG, {f"years.{y}.high_tech_income": "590000" for y in (2023, 2024, 2025)})
    facts = changed(facts, {f"years.{y}.total_income": "1000000" for y in (2023, 2024, 2025)})
    found = path("hnte", facts)
    moves = [gap for step in found.steps for gap in step.gaps]
    assert [gap.amount for gap in moves if gap.figure == "high_tech_income"] == [Decimal("10000.00")]
    assert all(gap.amount > 0 for gap in (*moves, *found.single))


def test_where_a_cent_is_enough_nobody_is_asked_for_a_cent():
    cent = Gap("sales_revenue", "2026 年销售收入", 2026, Decimal("0.01"), Unit.YUAN.label, closed=False)
    assert gap_sentence(cent) == "让 2026 年销售收入比现有数多一点"


def test_shrinking_is_mentioned_only_where_nothing_else_helps():
    more = Gap("high_tech_income", "高新收入", 2026, Decimal(100), Unit.YUAN.label, closed=False)
    less = Gap("total_income", "总收入", 2026, Decimal(-50), Unit.YUAN.label, closed=False)
    assert closing_sentence([more, less]) == "还需增加高新收入 100 元。"
    assert closing_sentence([less]) == "还需减少总收入 50 元。"
    of_a_year = Gap("rd", "2026 年研发费用", 2026, Decimal(100), Unit.YUAN.label, closed=False)
    assert closing_sentence([of_a_year]) == "还需增加 2026 年研发费用 100 元。"


# Grows by a thirtieth where 30 % are asked; what carries it is this year's number as a 科技型中小企业.
ON_TECH_SME = changed(
    EAGLET_FIRM,
    {
        "years.2024.sales_revenue": "12500000",
        "certificates": [
            {"kind": "tech_sme", "number": "202644078300000001", "issued_on": "2026-07-20", "expires_on": "2026-12-31"}
        ],
    },
)


def test_a_number_of_this_year_has_to_be_had_anew_before_the_next_years_filing():
    found = path("eaglet", ON_TECH_SME)
    (renewal,) = found.renewals
    assert (renewal.number, renewal.title) == ("202644078300000001", "当年科技型中小企业")
    assert "2026-12-31 为止" in renewal.sentence(NEXT_YEAR)
    assert "每年都要重新参加评价" in renewal.sentence(NEXT_YEAR)
    assert (found.renewing_is_enough, found.outcome, found.steps) == (True, Outcome.MET, ())
    assert [gap.figure for gap in found.single] == ["equity_raised"]  # an investor does it as well


def test_renewing_does_not_do_what_a_figure_still_has_to():
    few = changed(ON_TECH_SME, {"years.2025.rd_staff": 2})
    found = path("eaglet", few)
    assert len(found.renewals) == 1
    assert not found.renewing_is_enough
    assert [gap.figure for step in found.steps for gap in step.gaps] == ["rd_staff"]
    assert found.outcome is Outcome.MET


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        (ON_TECH_SME, 1),
        (changed(ON_TECH_SME, {"certificates": [*ON_TECH_SME["certificates"], HNTE]}), 1),
        (ON_TECH_SME, 0),
    ],
    ids=["grows by 30 %", "is a 高企 that grows", "files today"],
)
def test_what_is_not_needed_or_has_not_lapsed_is_not_renewed(facts: Json, day: int):
    growing = changed(facts, {"years.2026.sales_revenue": "16900000"}) if day else facts
    found = cheapest_path(
        PACKS["eaglet"], parse_facts(growing, horizon=TODAY), as_of=NEXT_YEAR if day else TODAY, today=TODAY
    )
    assert found.renewals == ()
    assert found.outcome is Outcome.MET


@pytest.mark.parametrize(("expires", "renewed"), [("2027-05-31", 1), ("2027-06-01", 0)])
def test_a_certificate_that_lapses_the_day_before_the_filing_is_renewed_and_one_of_that_day_is_not(expires, renewed):
    held = [{**HNTE, "expires_on": expires}]
    assert len(path("hnte_certificate", {"certificates": held}).renewals) == renewed
