"""A plan by town: every counted indicator of every part of the division, and the scoreboard that weighs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.access.terms import Viewer
from app.db import Conn
from app.plans.counting import Tallies, total
from app.plans.progress import Remember, countable, counting_anew, counts, day_of
from app.plans.queries import actuals_of, indicators_of, standing_versions
from app.plans.rules import Judged, judge, score
from app.plans.terms import Actual, Figure, Indicator, IndicatorKind, Plan, Scope


@dataclass(frozen=True, slots=True)
class Cell:
    judged: Judged
    figure: Figure  # what counts: entered before counted
    counted: Figure | None
    score: Decimal | None


@dataclass(frozen=True, slots=True)
class TownRow:
    region: str
    cells: Mapping[str, Cell]
    score: Decimal  # of what could be scored
    scored: Decimal  # the weight of what could be scored


@dataclass(frozen=True, slots=True)
class Board:
    indicators: Sequence[Indicator]
    rows: Sequence[TownRow]
    whole: Decimal  # the weights together


async def board(
    conn: Conn,
    plan: Plan,
    regions: Sequence[str],
    *,
    viewer: Viewer,
    scope: Scope,
    year: int,
    today: date,
    known: Sequence[Indicator] = (),
    remember: Remember = counting_anew,
) -> Board:
    """As many statements as there are indicators, however many towns. `known`: the plan's, where they were read."""
    whole = known or await indicators_of(conn, plan.code)
    indicators = [i for i in whole if not i.supporting and (i.counting or i.weight)]
    entered = standing_versions(await actuals_of(conn, plan.code, year=year))
    found: dict[str, Tallies | None] = {}
    for indicator in indicators:
        found[indicator.code] = await counts(
            conn, plan, indicator, viewer=viewer, scope=scope, today=today, remember=remember
        )
    day = day_of(year, today)
    counted = found if day in countable(plan, today) else {}
    rows = [_row(plan, region, indicators, counted, entered, year, day) for region in regions]
    return Board(indicators, rows, sum((i.weight for i in indicators), Decimal(0)))


def _row(
    plan: Plan,
    region: str,
    indicators: Sequence[Indicator],
    found: Mapping[str, Tallies | None],
    entered: Mapping[tuple[str, str, int], Actual],
    year: int,
    day: date,
) -> TownRow:
    cells = {i.code: _cell(plan, region, i, found.get(i.code), entered, year, day) for i in indicators}
    scored = [(cell.score, i.weight) for i in indicators if (cell := cells[i.code]).score is not None]
    return TownRow(
        region,
        cells,
        sum((s for s, _ in scored if s is not None), Decimal(0)),
        sum((w for _, w in scored), Decimal(0)),
    )


def _cell(
    plan: Plan,
    region: str,
    indicator: Indicator,
    found: Tallies | None,
    entered: Mapping[tuple[str, str, int], Actual],
    year: int,
    day: date,
) -> Cell:
    tally = total(found, day, region)
    counted = tally.figure(ratio=indicator.kind is IndicatorKind.RATIO) if tally else None
    actual = entered.get((indicator.code, region, year))
    figure = actual.figure if actual else counted or Figure()
    course = indicator.course(plan.baseline_year, region, plan.region)
    judged = judge(course, year, {year: figure} if figure != Figure() else {})
    # Without a target of its own a town has nothing to be scored by.
    points = score(indicator.weight, judged) if indicator.weight and judged.final is not None else None
    return Cell(judged, figure, counted, points)
