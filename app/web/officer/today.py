"""今日: what an officer opens first. Every line says why it is there and carries its one action."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Role, Viewer
from app.assessments.versions import undecided
from app.firms.erasures import undecided_erasures
from app.firms.queries import firm_by_id
from app.firms.terms import FirmFilter, Sort
from app.pipeline import board
from app.pipeline import queries as pipeline
from app.pipeline.terms import MoveKind, Tier
from app.policy.stored import read_back
from app.web.countdowns import countdowns
from app.web.day import CARRIERS, RECENTLY, day_of
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, guard
from app.web.filters import address
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.filings import SHORT
from app.web.queue import SHOWN
from app.web.routing import Router
from app.web.templating import page
from app.work.terms import Candidate, Matter, Numbers

router = Router()
_HOMES = {"admin": "/admin/users", "security": "/admin/grants", "auditor": "/audit"}
_SOON, _LAPSING = 5, 10


@dataclass(frozen=True, slots=True)
class MovementView:
    firm_name: str
    href: str
    from_tier: Tier | None
    to_tier: Tier | None
    actor: str
    recorded_at: datetime
    kind: MoveKind
    overridden: bool


@dataclass(frozen=True, slots=True)
class PendingView:
    id: str
    firm_name: str
    href: str
    from_tier: Tier | None
    to_tier: Tier | None
    requested_by: str
    reason: str
    override_reason: str | None
    effective_on: date
    sentences: list[str]
    can_approve: bool


@dataclass(frozen=True, slots=True)
class LapsingView:
    firm_name: str
    href: str
    number: str
    expires_on: date
    days_left: int


@router.get("/")
async def today_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.SELF))],
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    whole: Annotated[str, Query(alias="all", max_length=1)] = "",
) -> Response:
    if viewer.acts_as in _HOMES:
        return see_other(request, _HOMES[viewer.acts_as])
    if viewer.role is Role.FIRM:
        return await _own_firm(request, viewer, conn)
    if viewer.role is Role.CARRIER:
        return see_other(request, "/carrier")
    pending = await pipeline.pending_moves(conn, viewer=viewer)
    at = clock.now()
    day = await day_of(conn, lookup, viewer=viewer, at=at)
    moves = await pipeline.recent_moves(conn, viewer=viewer, since=at - RECENTLY)
    counts = await board.tier_counts(conn, FirmFilter(), viewer=viewer, today=today)
    context: dict[str, Any] = {
        "numbers": _numbers(counts, lookup),
        "mine": _mine(day.numbers, viewer, today),
        "queue": day.queue if whole else day.queue[: day.refused + SHOWN],
        "queue_total": len(day.queue),
        "news": day.news,
        "news_since": day.news_since,
        "movements": [_movement(m, lookup) for m in moves],
        "pending": [_pending(p, lookup, viewer) for p in pending],
        "undecided": await undecided(conn) if viewer.may(Permission.POLICY_APPROVE) else [],
        "erasures": await undecided_erasures(conn, viewer=viewer),
        "expiring": _lapsing(day.found, today),
        "stays": day.stays[:CARRIERS],
        "more_stays": len(day.stays) > CARRIERS,
        "soon": countdowns(day.windows, lookup.calendar, today)[:_SOON],
        "short": SHORT,
        "calendar_note": None
        if not lookup.calendar.assumed(today.year)
        else f"{today.year} 年放假安排尚未载入，工作日暂按周一至周五计算。",
    }
    return page(request, "officer/today.html", title="今日", **context)


async def _own_firm(request: Request, viewer: Viewer, conn: ConnDep) -> Response:
    firm = await firm_by_id(conn, viewer.firm_id, viewer=viewer) if viewer.firm_id else None
    if firm is None:
        return page(request, "account/waiting.html", title="企业端")
    return see_other(request, "/portal")


def _numbers(counts: dict[str, int], lookup: Lookup) -> list[tuple[str, int, str]]:
    total = sum(counts.values())
    tiers = [(t.label, counts.get(t.code, 0), address("/firms", FirmFilter(tier=t.code))) for t in lookup.main.tiers]
    return [("在册企业", total, address("/firms", FirmFilter())), *tiers]


def _mine(n: Numbers, viewer: Viewer, today: date) -> list[tuple[str, int, str]]:
    """Each leads to its list; whoever carries no firms has no numbers of them."""
    own = FirmFilter(officer=str(viewer.id))
    due = replace(own, touch_by=today.isoformat())
    firms = [
        ("我的企业", n.firms, address("/firms", own)),
        ("停滞", n.stale, address("/firms", replace(own, stale=True))),
        (
            "到约定联系日",
            n.touches_due,
            address("/firms", due, sort=Sort.NEXT_TOUCH.value),
        ),
    ]
    work = [
        ("待办", n.tasks, "/work"),
        ("逾期待办", n.tasks_late, "/work?late=1"),
        ("办理中的诉求", n.needs, "/work?kind=needs"),
        ("逾期诉求", n.needs_late, "/work?kind=needs&late=1"),
        ("本月走访", n.visits_this_month, "/visits"),
    ]
    return [*(firms if n.firms else []), *work]


def _lapsing(found: list[Candidate], today: date) -> list[LapsingView]:
    """The nearest end first."""
    ends = [(s.day, s.said, c) for c in found for s in c.signals if s.matter is Matter.LAPSING and s.day]
    ends.sort(key=lambda end: (end[0], end[1]))
    return [LapsingView(c.name, f"/firms/{c.uscc}", said, day, (day - today).days) for day, said, c in ends[:_LAPSING]]


def _movement(move: pipeline.RecentMove, lookup: Lookup) -> MovementView:
    return MovementView(
        move.firm_name,
        f"/firms/{move.uscc}",
        lookup.main.tier(move.from_tier),
        lookup.main.tier(move.to_tier),
        move.actor_name,
        move.recorded_at,
        move.kind,
        move.overridden,
    )


def _pending(move: pipeline.PendingMove, lookup: Lookup, viewer: Viewer) -> PendingView:
    kept = read_back(move.assessment)
    return PendingView(
        str(move.id),
        move.firm_name,
        f"/firms/{move.uscc}",
        lookup.main.tier(move.from_tier),
        lookup.main.tier(move.to_tier),
        move.requester_name,
        move.reason,
        move.override_reason,
        move.effective_on,
        kept.sentences if kept else [],
        viewer.may(Permission.MOVE_APPROVE) and move.requested_by != viewer.id,
    )
