"""Where the five-year plan's indicators stand, by what is to be said of them."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Integer, Text, cast, column, literal, null, select, values
from sqlalchemy.dialects.postgresql import JSONB

from app.db import Conn
from app.digests.frames import Frame
from app.digests.terms import Facts, Listing, Words
from app.plans.progress import PlanProgress, Progress, progress
from app.plans.queries import list_plans
from app.plans.terms import PlanState, Standing
from app.units import plain

# What wants looking at comes first.
_ORDER = (
    (Standing.BEHIND, False),
    (Standing.MISSING, None),
    (Standing.NOT_ISSUED, None),
    (Standing.ON_TRACK, True),
    (Standing.MET, True),
)


async def indicators(conn: Conn, frame: Frame) -> Sequence[Listing]:
    """Of the latest plan that is no draft and has begun; nothing where there is none."""
    plans = await list_plans(conn, viewer=frame.viewer)
    begun = [p for p in plans if p.state is not PlanState.DRAFT and p.first_year <= frame.on.year]
    if not begun:
        return []
    found = await progress(conn, begun[0].code, viewer=frame.viewer, today=frame.on, region=frame.scope)
    return [_listing(found, standing, good) for standing, good in _ORDER]


def _listing(found: PlanProgress, standing: Standing, good: bool | None) -> Listing:
    rows = [row for row in found.main if row.judged.standing is standing]
    given = [(n, row.indicator.title, _facts(found, row)) for n, row in enumerate(rows)]
    table = values(column("n", Integer()), column("name", Text()), column("facts", JSONB()), name="indicators")
    table = table.data([(n, title, cast(literal(facts, JSONB()), JSONB())) for n, title, facts in given or [_NOBODY]])
    none = null().cast(Text())
    query = select(none.label("uscc"), table.c.name, none.label("region"), table.c.facts).where(
        table.c.n >= 0, literal(bool(given))
    )
    label = f"{found.plan.short}：{standing.label}"
    return Listing(f"plan-{standing.value}", label, query, (table.c.n,), _say, good=good)


_NOBODY: tuple[int, str, dict[str, str]] = (0, "", {})


def _facts(found: PlanProgress, row: Progress) -> dict[str, str]:
    judged, reached = row.judged, row.reached
    said = {
        "plan": found.plan.code,
        "indicator": row.indicator.code,
        "unit": row.indicator.unit,
        "year": str(found.year),
        "final_year": str(judged.final_year or ""),
        "state": reached.state.label if reached else "",
        "origin": reached.origin.label if reached else "",
    }
    numbers = {"actual": judged.actual, "expected": judged.expected, "final": judged.final, "short": judged.short_of}
    return said | {name: _shown(value) for name, value in numbers.items() if value is not None}


def _shown(value: Decimal) -> str:
    return f"{plain(round(value, 2)):,f}"


def _say(of: Facts, words: Words) -> str:
    unit = of["unit"]
    parts = [
        f"{of['year']} 年 {of['actual']}{unit}（{of['state']}，{of['origin']}）" if of.get("actual") else "还没有数"
    ]
    if of.get("expected"):
        parts.append(f"当年应达到 {of['expected']}{unit}")
    if of.get("final"):
        parts.append(f"{of['final_year']} 年目标 {of['final']}{unit}")
    if of.get("short") and of["short"] != "0":
        parts.append(f"还差 {of['short']}{'个百分点' if unit == '%' else unit}")
    return "，".join(parts)
