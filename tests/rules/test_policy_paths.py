"""The way to a title: of each figure the least that leads there, and nobody is told to shrink."""

from datetime import date
from decimal import Decimal

from app.policy.describing import closing_sentence, gap_sentence
from app.policy.figures import Unit
from app.policy.parsing import parse_facts
from app.policy.paths import Path, cheapest_path
from app.policy.terms import Gap
from tests.rules.firms import HNTE, NO_RECORDS, PACKS, Json, changed, rd

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
