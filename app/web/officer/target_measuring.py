"""What a plan's page shows, worked out once for all who see the same."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import Request

from app.access.terms import TOWN_DIGITS, Viewer
from app.db import Conn
from app.firms.filtering import sight_of, sight_values
from app.plans.boards import Board, board
from app.plans.counting import Tallies
from app.plans.progress import PlanProgress, Progress, Remember, progress
from app.plans.queries import marks_of
from app.plans.terms import Plan
from app.web.lookups import Lookup
from app.web.target_views import Card, card_of, href, level

# A town's name, its own page, and of each indicator (value, list, state).
TownLine = tuple[str, str, list[tuple[str, str, str]]]


def remembering(request: Request) -> Remember:
    """What the ledger counts is asked once a minute for all who see the same; what is entered is read each time."""
    lookups, clock = request.app.state.lookups, request.app.state.clock

    async def remember(name: Any, count: Callable[[], Awaitable[Tallies | None]]) -> Tallies | None:
        found, _ = await lookups.figures(("counted", *name), count, at=clock.now())
        kept: Tallies | None = found
        return kept

    return remember


@dataclass(frozen=True, slots=True)
class Measured:
    """A plan's numbers as its page shows them, to whoever sees the same firms."""

    found: PlanProgress
    cards: list[Card]
    supporting: list[tuple[Progress, str]]
    towns: Board | None
    town_rows: list[TownLine]


async def measured(
    request: Request, conn: Conn, its: Plan, lookup: Lookup, today: date, viewer: Viewer, **asked: Any
) -> Measured:
    """Until somebody enters something, and a minute at most: what the ledger counts changes without a mark."""

    async def measure() -> Measured:
        return await _measured(request, conn, its, lookup, today, viewer, **asked)

    seen = (sight_of(viewer), *sight_values(viewer).values(), viewer.scope)
    name = ("measured", its.code, its.version, *await marks_of(conn, its.code), *seen, *asked.values(), today)
    kept, _ = await request.app.state.lookups.figures(name, measure, at=request.app.state.clock.now())
    found: Measured = kept
    return found


async def _measured(
    request: Request, conn: Conn, its: Plan, lookup: Lookup, today: date, viewer: Viewer, **asked: Any
) -> Measured:
    remember = remembering(request)
    found = await progress(conn, its.code, viewer=viewer, today=today, remember=remember, **asked)
    scope, towns = found.scope, None
    if not scope.park and len(scope.region) < TOWN_DIGITS:
        units = [c for c, kind in lookup.reference.region_kinds.items() if kind in ("town", "zone")]
        below = [c for c in units if c.startswith(scope.region) and c != scope.region]
        towns = await board(
            conn,
            its,
            below,
            viewer=viewer,
            scope=scope,
            year=found.year,
            today=today,
            known=found.indicators,
            remember=remember,
        )
    return Measured(
        found,
        [card_of(row, its, scope, today) for row in found.main],
        [(row, level(row.reached.figure if row.reached else None, row.indicator)) for row in found.supporting],
        towns,
        _town_rows(towns, its, found.year, lookup) if towns else [],
    )


def _town_rows(towns: Board, plan: Plan, year: int, lookup: Lookup) -> list[TownLine]:
    rows = []
    for row in towns.rows:
        cells = []
        for indicator in towns.indicators:
            cell = row.cells[indicator.code]
            counted = cell.counted is not None and cell.figure == cell.counted
            to = href(plan.code, f"/behind/{indicator.code}", year=year, region=row.region) if counted else ""
            state = cell.judged.standing.label if cell.judged.final is not None else ""
            cells.append((level(cell.figure, indicator), to, state))
        rows.append((lookup.reference.region(row.region), href(plan.code, year=year, region=row.region), cells))
    return rows
