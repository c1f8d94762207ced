"""Reads of the ladder: its tiers, the board, a firm's history, what waits for a second person."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import DateTime, Uuid, bindparam, func, select, text, tuple_

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.firms.filtering import Sight, in_sight, sight_of, sight_values, visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER
from app.pipeline.models import LadderRow, Move, MoveRequest, Placement, TierRow
from app.pipeline.terms import Ladder, MoveKind, MoveRecord, RequestState, Tier
from app.statements import Kept


@dataclass(frozen=True, slots=True)
class PendingMove:
    id: uuid.UUID
    uscc: str
    firm_name: str
    from_tier: str | None
    to_tier: str | None
    requester_name: str
    requested_by: uuid.UUID
    requested_at: datetime
    effective_on: date
    reason: str
    override_reason: str | None
    assessment: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentMove:
    id: uuid.UUID
    uscc: str
    firm_name: str
    from_tier: str | None
    to_tier: str | None
    kind: MoveKind
    actor_name: str
    recorded_at: datetime
    overridden: bool


async def load_ladders(conn: Conn) -> dict[str, Ladder]:
    tiers: dict[str, list[Tier]] = {}
    query = select(
        TierRow.ladder,
        TierRow.code,
        TierRow.label,
        TierRow.short,
        TierRow.rank,
        TierRow.policy,
        TierRow.expected_months,
        TierRow.stale_working_days,
        TierRow.needs_approval,
        TierRow.source,
        TierRow.escalate_working_days,
    ).order_by(TierRow.ladder, TierRow.rank)
    rows: Sequence[Any] = (await conn.execute(query)).all()
    for row in rows:
        tiers.setdefault(row.ladder, []).append(Tier(*row))
    ladders = (await conn.execute(select(LadderRow.code, LadderRow.label))).all()
    return {row.code: Ladder(row.code, row.label, tuple(tiers.get(row.code, ()))) for row in ladders}


_NEWEST_FIRST = (
    select(
        Move.id,
        Move.from_tier,
        Move.to_tier,
        Move.kind,
        Move.effective_on,
        Move.recorded_at,
        Move.actor_name,
        Move.approver_name,
        Move.reason,
        Move.override_reason,
        Move.first_recorder,
        Move.first_recorded_on,
    )
    .where(Move.firm_id == bindparam("firm_id"), Move.ladder == bindparam("ladder"))
    .order_by(Move.recorded_at.desc(), Move.id.desc())
    .limit(bindparam("rows"))
)


_HISTORY = Kept(_NEWEST_FIRST)
_EARLIER = Kept(
    _NEWEST_FIRST.where(
        tuple_(Move.recorded_at, Move.id)
        < tuple_(bindparam("after_at", type_=DateTime(timezone=True)), bindparam("after_id", type_=Uuid()))
    )
)


async def history(
    conn: Conn,
    firm_id: uuid.UUID,
    *,
    ladder: str = MAIN_LADDER,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 200,
) -> list[MoveRecord]:
    """Newest first; `after` is the last move that the reader has."""
    values: dict[str, Any] = {"firm_id": firm_id, "ladder": ladder, "rows": limit}
    if after:
        values["after_at"], values["after_id"] = after
    rows: Sequence[Any] = (await conn.execute(_EARLIER if after else _HISTORY, values)).all()
    return [MoveRecord(r[0], r[1], r[2], MoveKind(r[3]), *r[4:]) for r in rows]


async def placements_of(
    conn: Conn, firm_id: uuid.UUID, *, ladder: str = MAIN_LADDER
) -> list[tuple[str, date, date | None]]:
    """(tier, from, until) of a firm, oldest first; `until` is the first day no longer on it."""
    query = (
        select(Placement.tier, func.lower(Placement.period), func.upper(Placement.period))
        .where(Placement.firm_id == firm_id, Placement.ladder == ladder)
        .order_by(func.lower(Placement.period))
    )
    return [(tier, since, until) for tier, since, until in await conn.execute(query)]


_PENDING_COLUMNS = (
    MoveRequest.id,
    Firm.uscc,
    Firm.name,
    MoveRequest.from_tier,
    MoveRequest.to_tier,
    MoveRequest.requester_name,
    MoveRequest.requested_by,
    MoveRequest.requested_at,
    MoveRequest.effective_on,
    MoveRequest.reason,
    MoveRequest.override_reason,
    MoveRequest.assessment,
)


async def pending_moves(
    conn: Conn,
    *,
    viewer: Viewer,
    firm_id: uuid.UUID | None = None,
    request_id: uuid.UUID | None = None,
    limit: int = 50,
) -> list[PendingMove]:
    whose = "one" if request_id else "firm" if firm_id else "all" if viewer.may(Permission.MOVE_APPROVE) else "mine"
    values = {**sight_values(viewer), "firm_id": firm_id, "request_id": request_id, "me": viewer.id, "rows": limit}
    rows: Sequence[Any] = (await conn.execute(_pending(sight_of(viewer), whose), values)).all()
    return [PendingMove(*row) for row in rows]


@lru_cache(maxsize=16)
def _pending(sight: Sight, whose: str) -> Kept:
    query = (
        select(*_PENDING_COLUMNS)
        .join(Firm, Firm.id == MoveRequest.firm_id)
        .where(in_sight(sight), text("move_requests.state = 'pending'"))
    )
    if whose == "firm":
        query = query.where(MoveRequest.firm_id == bindparam("firm_id"))
    elif whose == "one":
        query = query.where(MoveRequest.id == bindparam("request_id"))
    elif whose == "mine":
        query = query.where(MoveRequest.requested_by == bindparam("me"))
    return Kept(query.order_by(MoveRequest.requested_at).limit(bindparam("rows")))


async def recent_moves(conn: Conn, *, viewer: Viewer, since: datetime, limit: int = 8) -> list[RecentMove]:
    query = (
        select(
            Move.id,
            Firm.uscc,
            Firm.name,
            Move.from_tier,
            Move.to_tier,
            Move.kind,
            Move.actor_name,
            Move.recorded_at,
            Move.override_reason.is_not(None),
        )
        .join(Firm, Firm.id == Move.firm_id)
        .where(visible_to(viewer), Move.recorded_at >= since)
        .order_by(Move.recorded_at.desc(), Move.id.desc())
        .limit(limit)
    )
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return [RecentMove(*(*r[:5], MoveKind(r[5]), *r[6:])) for r in rows]


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    uscc: str
    firm_name: str
    tier: str | None  # on which it stands
    to_tier: str | None
    decider_name: str
    reason: str


async def refused_requests(conn: Conn, *, viewer: Viewer, since: datetime, limit: int = 20) -> list[RefusedRequest]:
    """A person's own requests that somebody else has turned down, newest first."""
    query = (
        select(
            *(Firm.uscc, Firm.name, Firm.tier),
            *(MoveRequest.to_tier, MoveRequest.decider_name, MoveRequest.decision_reason),
        )
        .join(Firm, Firm.id == MoveRequest.firm_id)
        .where(
            visible_to(viewer),
            MoveRequest.requested_by == viewer.id,
            MoveRequest.state == RequestState.REJECTED.value,
            MoveRequest.decided_by != viewer.id,
            MoveRequest.decided_at >= since,
        )
        .order_by(MoveRequest.decided_at.desc())
        .limit(limit)
    )
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return [RefusedRequest(*row) for row in rows]
