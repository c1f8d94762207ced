"""Where a plan stands: every indicator in a year, for a division or a park, with its whole path."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import sight_of, sight_values
from app.plans.counting import Tallies, tallies, total
from app.plans.queries import actuals_of, indicators_of, plan_by_code, scope_for, standing_versions, year_for
from app.plans.rules import Judged, judge
from app.plans.terms import (
    Actual,
    ActualState,
    Course,
    Figure,
    Indicator,
    IndicatorKind,
    Origin,
    Plan,
    Scope,
    TargetLevel,
)


@dataclass(frozen=True, slots=True)
class Reached:
    """The value that counts for a year, and where it is from."""

    figure: Figure
    state: ActualState
    as_of: date
    origin: Origin
    source: str
    version: int = 0  # 0 when it was counted, not entered
    enterer_name: str = ""
    entered_by: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Point:
    year: int
    judged: Judged
    reached: Reached | None
    counted: Figure | None  # what the ledger says, beside what was entered
    targets: Mapping[TargetLevel, str]
    latest: int = 0  # the latest version that anybody has entered, whether it counts or not


@dataclass(frozen=True, slots=True)
class Progress:
    indicator: Indicator
    year: int
    points: tuple[Point, ...]  # one for each year of the plan
    waiting: Actual | None  # a final value, or a correction of one, that waits for its second person

    @property
    def now(self) -> Point:
        return next(p for p in self.points if p.year == self.year)

    @property
    def judged(self) -> Judged:
        return self.now.judged

    @property
    def reached(self) -> Reached | None:
        return self.now.reached


@dataclass(frozen=True, slots=True)
class PlanProgress:
    plan: Plan
    scope: Scope
    year: int
    rows: tuple[Progress, ...]

    @property
    def indicators(self) -> list[Indicator]:
        return [r.indicator for r in self.rows]

    @property
    def main(self) -> list[Progress]:
        return [r for r in self.rows if not r.indicator.supporting]

    @property
    def supporting(self) -> list[Progress]:
        return [r for r in self.rows if r.indicator.supporting]


# What counts for a caller, and may keep what was counted for a while: (name, how to count) → counted.
Remember = Callable[[Any, Callable[[], Awaitable[Tallies | None]]], Awaitable[Tallies | None]]


async def counting_anew(_: Any, count: Callable[[], Awaitable[Tallies | None]]) -> Tallies | None:
    return await count()


async def progress(
    conn: Conn,
    code: str,
    *,
    viewer: Viewer,
    today: date,
    year: int | None = None,
    region: str = "",
    park: str = "",
    only: str = "",
    remember: Remember = counting_anew,
) -> PlanProgress:
    """Of every indicator, or of `only` one: what was reached, what the path asks, its state, all years' numbers.

    Raises NotFound out of sight, Invalid for a year beyond the plan.
    """
    plan = await plan_by_code(conn, code, viewer=viewer)
    scope = scope_for(plan, viewer, region=region, park=park)
    chosen = year_for(plan, today.year, year)
    indicators = [i for i in await indicators_of(conn, code) if only in ("", i.code)]
    actuals = await actuals_of(conn, code, scope=scope.key)
    standing = standing_versions(actuals)
    rows = []
    for indicator in indicators:
        counted = await counts(conn, plan, indicator, viewer=viewer, scope=scope, today=today, remember=remember)
        rows.append(_row(plan, indicator, scope, chosen, standing, actuals, counted, today))
    return PlanProgress(plan, scope, chosen, tuple(rows))


async def counts(
    conn: Conn,
    plan: Plan,
    indicator: Indicator,
    *,
    viewer: Viewer,
    scope: Scope,
    today: date,
    remember: Remember = counting_anew,
) -> Tallies | None:
    days = countable(plan, today)

    async def count() -> Tallies | None:
        return await tallies(conn, indicator.counting, days, viewer=viewer, scope=scope)

    if not indicator.counting:
        return None
    # Two who see the same firms share what was counted, and nobody else does.
    how = repr(sorted(indicator.counting.items()))
    return await remember((sight_of(viewer), *sight_values(viewer).values(), how, scope, tuple(days)), count)


def countable(plan: Plan, today: date) -> list[date]:
    """The days on which the ledger counts: the ends of the years that have begun, as far as it reaches back."""
    days = [day_of(year, today) for year in plan.years if year <= today.year]
    return [d for d in days if plan.ledger_since is None or d >= plan.ledger_since]


def day_of(year: int, today: date) -> date:
    """A year is counted at its end; the present one as it stands today."""
    return min(date(year, 12, 31), today)


def _row(
    plan: Plan,
    indicator: Indicator,
    scope: Scope,
    year: int,
    standing: Mapping[tuple[str, str, int], Actual],
    actuals: Sequence[Actual],
    counted: Tallies | None,
    today: date,
) -> Progress:
    entered = {y: a for y in plan.years if (a := standing.get((indicator.code, scope.key, y)))}
    by_ledger = ledger_figures(plan, indicator, counted, today)
    reached = {y: r for y in plan.years if (r := _reached(entered.get(y), by_ledger.get(y), day_of(y, today)))}
    course = indicator.course(plan.baseline_year, scope.key, plan.region)
    figures = {y: r.figure for y, r in reached.items()}
    latest = {a.year: a.version for a in actuals if a.indicator == indicator.code}
    points = [
        Point(
            y,
            judge(course, y, figures),
            reached.get(y),
            by_ledger.get(y),
            _said(indicator, scope.key, y),
            latest.get(y, 0),
        )
        for y in plan.years
    ]
    open_ones = [a for a in actuals if a.indicator == indicator.code and a.state is ActualState.PROPOSED]
    waiting = [a for a in open_ones if a.year == year and a.version > _final_version(entered.get(year))]
    return Progress(indicator, year, tuple(points), waiting[-1] if waiting else None)


def _final_version(actual: Actual | None) -> int:
    return actual.version if actual and actual.state is ActualState.FINAL else 0


def ledger_figures(plan: Plan, indicator: Indicator, counted: Tallies | None, today: date) -> dict[int, Figure]:
    ratio = indicator.kind is IndicatorKind.RATIO
    found = {}
    for day in countable(plan, today) if counted is not None else ():
        tally = total(counted, day)
        if tally is not None:
            found[day.year] = tally.figure(ratio=ratio)
    return found


def _reached(entered: Actual | None, counted: Figure | None, day: date) -> Reached | None:
    """What somebody has entered goes before what the ledger counts."""
    if entered is not None:
        return Reached(
            entered.figure,
            entered.state,
            entered.as_of,
            entered.origin,
            entered.source,
            entered.version,
            entered.enterer_name,
            entered.entered_by,
        )
    if counted is None or counted == Figure():
        return None
    return Reached(counted, ActualState.PROVISIONAL, day, Origin.LEDGER, Origin.LEDGER.label)


def _said(indicator: Indicator, scope: str, year: int) -> dict[TargetLevel, str]:
    own = [t for t in indicator.targets if t.scope == scope and t.year == year]
    return {t.level: f"{t.value.normalize():f}" if t.value is not None else t.words for t in own}


def course_of(plan: Plan, indicator: Indicator, scope: Scope) -> Course:
    return indicator.course(plan.baseline_year, scope.key, plan.region)
