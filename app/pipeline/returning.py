"""Moves of many firms taken back at once: each stands again where it stood, and the history keeps both moves."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Text, Uuid, any_, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.pipeline.asking import waiting
from app.pipeline.models import Move, MoveRequest
from app.pipeline.terms import Ladder, MoveKind, RequestState

_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_DAYS = [bindparam(name, type_=ARRAY(Date())) for name in ("since", "stale_on")]
_TIERS = bindparam("tiers", type_=ARRAY(Text()))


@dataclass(frozen=True, slots=True)
class Step:
    """A move as it was made, and the footing that it took the firm from."""

    move_id: uuid.UUID
    firm_id: uuid.UUID
    name: str
    left: str | None
    since: date | None
    stale_on: date | None
    entered: str | None
    on: date  # from which it held what it entered


# In this order, a statement each: a stay that opens again must not meet the one that goes.
_CLEAR = text("DELETE FROM placements WHERE firm_id = any(:ids) AND ladder = :ladder AND upper_inf(period)").bindparams(
    _IDS
)
_REOPEN = text(
    """
UPDATE placements AS p SET period = daterange(lower(p.period), NULL)
FROM unnest(:ids, :tiers, :since) AS b (id, tier, since)
WHERE p.firm_id = b.id AND p.ladder = :ladder AND p.tier = b.tier AND lower(p.period) = b.since
RETURNING p.firm_id
"""
).bindparams(_IDS, _TIERS, _DAYS[0])
# A stay that began on the day of the move never held for a day and was replaced.
_AGAIN = text(
    """
INSERT INTO placements (id, firm_id, ladder, tier, period)
SELECT b.new_id, b.id, :ladder, b.tier, daterange(b.since, NULL)
FROM unnest(:new_ids, :ids, :tiers, :since) AS b (new_id, id, tier, since)
"""
).bindparams(bindparam("new_ids", type_=ARRAY(Uuid())), _IDS, _TIERS, _DAYS[0])
_STAND = text(
    """
UPDATE firms SET tier = b.tier, tier_since = b.since, stale_on = b.stale_on, updated_at = :at
FROM unnest(:ids, :tiers, :since, :stale_on) AS b (id, tier, since, stale_on)
WHERE firms.id = b.id
"""
).bindparams(_IDS, _TIERS, *_DAYS)


async def return_many(
    conn: Conn, steps: Sequence[Step], *, reason: str, ladder: Ladder, by: Actor, at: datetime
) -> None:
    """The caller holds the firms under lock and knows that each move is its firm's last."""
    if not steps:
        return
    given = {"ladder": ladder.code, "ids": [s.firm_id for s in steps]}
    await conn.execute(_CLEAR, given)
    stood = [s for s in steps if s.left is not None]
    back: dict[str, Any] = {
        "ladder": ladder.code,
        "ids": [s.firm_id for s in stood],
        "tiers": [s.left for s in stood],
        "since": [s.since for s in stood],
    }
    opened = set((await conn.execute(_REOPEN, back)).scalars())
    replaced = [s for s in stood if s.firm_id not in opened]
    again = {
        "ladder": ladder.code,
        "new_ids": [new_id() for _ in replaced],
        "ids": [s.firm_id for s in replaced],
        "tiers": [s.left for s in replaced],
        "since": [s.since for s in replaced],
    }
    await conn.execute(_AGAIN, again)
    footing = {
        "ids": given["ids"],
        "tiers": [s.left for s in steps],
        "since": [s.since for s in steps],
        "stale_on": [s.stale_on for s in steps],
    }
    await conn.execute(_STAND, {**footing, "at": at})
    await conn.execute(insert(Move), [_move(s, reason, ladder, by, at) for s in steps])
    await record(conn, *(_event(s, by, at) for s in steps))


def _kind(step: Step) -> MoveKind:
    return MoveKind.EXIT if step.left is None else MoveKind.CORRECTION


def _day(step: Step) -> date:
    return step.since or step.on


def _move(step: Step, reason: str, ladder: Ladder, by: Actor, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "firm_id": step.firm_id,
        "ladder": ladder.code,
        "from_tier": step.entered,
        "to_tier": step.left,
        "kind": _kind(step).value,
        "effective_on": _day(step),
        "recorded_at": at,
        "actor_id": by.audit_fields["actor_id"],
        "actor_name": by.viewer.name,
        "reason": reason,
        "assessment": {},
    }


def _event(step: Step, by: Actor, at: datetime) -> dict[str, Any]:
    return event_row(
        "firm:tier:moved",
        by=by,
        at=at,
        object_type="firm",
        object_id=step.firm_id,
        object_label=step.name,
        before={"tier": step.entered},
        after={"tier": step.left, "effective_on": _day(step).isoformat(), "kind": _kind(step).value},
    )


async def moved_again(conn: Conn, moves: Mapping[uuid.UUID, uuid.UUID], *, ladder: Ladder) -> set[uuid.UUID]:
    """Firms whose last move is another than the one named, or for which one waits for a second person."""
    query = (
        select(Move.firm_id, Move.id)
        .where(Move.firm_id == any_(_IDS), Move.ladder == ladder.code)
        .ext(distinct_on(Move.firm_id))
        .order_by(Move.firm_id, Move.recorded_at.desc(), Move.id.desc())
    )
    given = {"ids": list(moves)}
    last = {firm_id: move_id for firm_id, move_id in await conn.execute(query, given)}
    asked = await waiting(conn, list(moves))
    return {firm_id for firm_id, move_id in moves.items() if last.get(firm_id) != move_id or firm_id in asked}


async def still_waiting(conn: Conn, request_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the requests that nobody has decided, under lock."""
    query = (
        select(MoveRequest.id)
        .where(MoveRequest.id == any_(_IDS), MoveRequest.state == RequestState.PENDING.value)
        .order_by(MoveRequest.id)
        .with_for_update()
    )
    return set((await conn.execute(query, {"ids": list(request_ids)})).scalars())
