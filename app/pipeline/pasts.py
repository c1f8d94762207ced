"""Where firms stood before the house knew them: stays written behind what is recorded, which they never change."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, Range

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.pipeline.models import Move, Placement
from app.pipeline.terms import Ladder, MoveKind

_IDS = bindparam("ids", type_=ARRAY(Uuid()))


@dataclass(frozen=True, slots=True)
class Stay:
    """`until` is the day on which the firm was there no more, None while it stands there."""

    id: uuid.UUID
    tier: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class PastStay:
    """One that is over. `tier` None: it left the ladder on that day, and nothing is kept but the event."""

    firm_id: uuid.UUID
    firm_name: str
    came_from: str | None
    tier: str | None
    since: date
    until: date | None
    reason: str
    first_recorder: str = ""
    first_recorded_on: date | None = None


async def stays_of(conn: Conn, ids: Sequence[uuid.UUID], ladder: Ladder) -> dict[uuid.UUID, list[Stay]]:
    """Earliest first."""
    p = Placement
    query = (
        select(p.firm_id, p.id, p.tier, func.lower(p.period), func.upper(p.period))
        .where(p.firm_id == any_(_IDS), p.ladder == ladder.code)
        .order_by(func.lower(p.period))
    )
    found: dict[uuid.UUID, list[Stay]] = {}
    for firm_id, *stay in await conn.execute(query, {"ids": list(ids)}):
        found.setdefault(firm_id, []).append(Stay(*stay))
    return found


async def write_past(
    conn: Conn, stays: Sequence[PastStay], *, ladder: Ladder, by: Actor, at: datetime
) -> list[uuid.UUID | None]:
    """The placement of each, None for one that only left. The caller has locked the firms and knows that it fits."""
    if not stays:
        return []
    ids = [new_id() if s.tier is not None else None for s in stays]
    placements = [
        {"id": i, "firm_id": s.firm_id, "ladder": ladder.code, "tier": s.tier, "period": Range(s.since, s.until)}
        for i, s in zip(ids, stays, strict=True)
        if i is not None
    ]
    if placements:
        await conn.execute(insert(Placement), placements)
    await _record(conn, stays, ladder=ladder, by=by, at=at)
    return ids


async def forget_past(
    conn: Conn, placements: Sequence[uuid.UUID], stays: Sequence[PastStay], *, ladder: Ladder, by: Actor, at: datetime
) -> None:
    """Takes them back: the placements go, the history keeps both what was written and that it was taken back."""
    if placements:
        await conn.execute(delete(Placement).where(Placement.id == any_(_IDS)), {"ids": list(placements)})
    await _record(conn, stays, ladder=ladder, by=by, at=at)


async def _record(conn: Conn, stays: Sequence[PastStay], *, ladder: Ladder, by: Actor, at: datetime) -> None:
    if not stays:
        return
    moves = [
        {
            "id": new_id(),
            "firm_id": s.firm_id,
            "ladder": ladder.code,
            "from_tier": s.came_from,
            "to_tier": s.tier,
            "kind": MoveKind.HISTORY.value,
            "effective_on": s.since,
            "recorded_at": at,
            "actor_id": by.audit_fields["actor_id"],
            "actor_name": by.viewer.name,
            "reason": s.reason,
            "assessment": {},
            "first_recorder": s.first_recorder or None,
            "first_recorded_on": s.first_recorded_on,
        }
        for s in stays
    ]
    await conn.execute(insert(Move), moves)
    await record(conn, *(_event(s, by, at) for s in stays))


def _event(s: PastStay, by: Actor, at: datetime) -> Mapping[str, Any]:
    after = {"tier": s.tier, "effective_on": s.since.isoformat(), "kind": MoveKind.HISTORY.value}
    return event_row(
        "firm:tier:moved",
        by=by,
        at=at,
        object_type="firm",
        object_id=s.firm_id,
        object_label=s.firm_name,
        before={"tier": s.came_from},
        after=after,
    )
