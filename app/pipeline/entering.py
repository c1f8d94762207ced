"""Many firms enter the ladder at once, from a roster; and leave it again when the roster is taken back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, Text, Uuid, any_, bindparam, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY, Range

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.firms.following import followers
from app.firms.terms import Footing
from app.outbox.models import OutboxMessage
from app.pipeline.models import Move, Placement
from app.pipeline.recording import stale_on
from app.pipeline.terms import Ladder, MoveKind, Tier
from app.policy.terms import Assessment
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class Entry:
    """A firm that stands on no tier, and the tier it enters; the caller has locked it and asked the gate.

    `footed`: it was registered with its `footing` a moment ago, and only the rest is to be written.
    """

    firm_id: uuid.UUID
    uscc: str
    name: str
    officer_id: uuid.UUID | None
    tier: Tier
    effective_on: date
    assessment: Assessment
    footed: bool = False
    came_from: str | None = None  # where an earlier stay that comes with it ended
    kind: MoveKind = MoveKind.ENTRY
    reason: str = ""  # its own, in the place of the whole list's
    first_recorder: str = ""
    first_recorded_on: date | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """A firm whose entry is taken back."""

    firm_id: uuid.UUID
    name: str
    tier: str
    since: date
    touched: datetime | None = None  # as it was before; None: by its leaving


_IDS = bindparam("ids", type_=ARRAY(Uuid()))
# The firm's shortcut columns in one statement: the trigger that keeps the counters runs once, not once a firm.
_STAND = text(
    """
UPDATE firms SET tier = e.tier, tier_since = e.since, stale_on = e.stale_on, updated_at = :at
FROM unnest(:ids, :tiers, :since, :stale_on) AS e (id, tier, since, stale_on)
WHERE firms.id = e.id
"""
).bindparams(
    _IDS,
    bindparam("tiers", type_=ARRAY(Text())),
    bindparam("since", type_=ARRAY(Date())),
    bindparam("stale_on", type_=ARRAY(Date())),
)
_STEP_DOWN = text(
    """
UPDATE firms SET tier = NULL, tier_since = NULL, stale_on = NULL, updated_at = t.at
FROM unnest(:ids, :moments) AS t (id, at) WHERE firms.id = t.id
"""
).bindparams(_IDS, bindparam("moments", type_=ARRAY(DateTime(timezone=True))))


def footing(tier: Tier, effective_on: date, *, calendar: Calendar, today: date) -> Footing:
    """Whoever enters by roster has just been looked at: the silence is counted from today, not from years ago."""
    return Footing(tier.code, effective_on, stale_on(tier, today, calendar))


async def enter_many(
    conn: Conn, entries: Sequence[Entry], *, reason: str, ladder: Ladder, calendar: Calendar, by: Actor, at: datetime
) -> dict[uuid.UUID, date]:
    """Returns from when each firm stands on its tier: never before an earlier placement of it ended."""
    if not entries:
        return {}
    ended = await last_ends(conn, [e.firm_id for e in entries], ladder)
    since = {e.firm_id: max(e.effective_on, ended.get(e.firm_id, e.effective_on)) for e in entries}
    placements = [
        {
            "id": new_id(),
            "firm_id": e.firm_id,
            "ladder": ladder.code,
            "tier": e.tier.code,
            "period": Range(since[e.firm_id], None),
        }
        for e in entries
    ]
    await conn.execute(insert(Placement), placements)
    await _stand(conn, [e for e in entries if not e.footed], since, calendar=calendar, at=at)
    moves = [_move(e, since[e.firm_id], reason, ladder, by, at) for e in entries]
    await conn.execute(insert(Move), moves)
    await record(conn, *(_event(e, since[e.firm_id], by, at) for e in entries))
    await _tell(conn, list(zip(entries, moves, strict=True)), by=by, at=at)
    return since


async def _stand(
    conn: Conn, entries: Sequence[Entry], since: Mapping[uuid.UUID, date], *, calendar: Calendar, at: datetime
) -> None:
    if not entries:
        return
    today = business_day(at)
    stale = {e.tier.code: stale_on(e.tier, today, calendar) for e in entries}
    given = {
        "ids": [e.firm_id for e in entries],
        "tiers": [e.tier.code for e in entries],
        "since": [since[e.firm_id] for e in entries],
        "stale_on": [stale[e.tier.code] for e in entries],
        "at": at,
    }
    await conn.execute(_STAND, given)


def _move(e: Entry, since: date, reason: str, ladder: Ladder, by: Actor, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "firm_id": e.firm_id,
        "ladder": ladder.code,
        "from_tier": e.came_from,
        "to_tier": e.tier.code,
        "kind": e.kind.value,
        "effective_on": since,
        "recorded_at": at,
        "actor_id": by.audit_fields["actor_id"],
        "actor_name": by.viewer.name,
        "approver_id": None,
        "approver_name": None,
        "reason": e.reason or reason,
        "override_reason": None,
        "assessment": e.assessment.to_json(),
        "first_recorder": e.first_recorder or None,
        "first_recorded_on": e.first_recorded_on,
    }


def _after(tier: str, since: date) -> dict[str, str]:
    return {"tier": tier, "effective_on": since.isoformat(), "kind": MoveKind.ENTRY.value}


def _event(e: Entry, since: date, by: Actor, at: datetime) -> dict[str, Any]:
    return event_row(
        "firm:tier:moved",
        by=by,
        at=at,
        object_type="firm",
        object_id=e.firm_id,
        object_label=e.name,
        before={"tier": None},
        after=_after(e.tier.code, since),
    )


async def _tell(conn: Conn, moved: Sequence[tuple[Entry, Mapping[str, Any]]], *, by: Actor, at: datetime) -> None:
    """Each firm's officer, and whoever follows it."""
    heard: dict[uuid.UUID, list[uuid.UUID]] = {}
    for firm_id, user_id in await followers(conn, [e.firm_id for e, _ in moved], but=[by.viewer.id]):
        heard.setdefault(firm_id, []).append(user_id)
    rows = []
    for e, move in moved:
        said = _after(e.tier.code, move["effective_on"])
        row = {
            "kind": "tier_moved",
            "channel": "inbox",
            "payload": {"uscc": e.uscc, "name": e.name, "from": None, "by": by.viewer.name, **said},
            "next_attempt_at": at,
            "created_at": at,
            "read_at": None,
        }
        key = f"tier_moved:{move['id']}"
        if e.officer_id is not None:
            # What one has just done oneself is no news.
            read_at = at if e.officer_id == by.viewer.id else None
            rows.append({**row, "id": new_id(), "dedup_key": key, "user_id": e.officer_id, "read_at": read_at})
        others = [i for i in heard.get(e.firm_id, ()) if i != e.officer_id]
        rows += [{**row, "id": new_id(), "dedup_key": f"{key}:{i}", "user_id": i} for i in others]
    if rows:
        await conn.execute(insert(OutboxMessage), rows)


async def last_ends(conn: Conn, ids: Sequence[uuid.UUID], ladder: Ladder) -> Mapping[uuid.UUID, date]:
    """When each firm last left a tier, for those that ever did."""
    query = (
        select(Placement.firm_id, func.max(func.upper(Placement.period)))
        .where(Placement.firm_id == any_(_IDS), Placement.ladder == ladder.code)
        .group_by(Placement.firm_id)
    )
    return {i: end for i, end in await conn.execute(query, {"ids": list(ids)}) if end is not None}


async def leave_many(
    conn: Conn, leaving: Sequence[Leaving], *, reason: str, ladder: Ladder, by: Actor, at: datetime
) -> None:
    """Takes entries back: the placements go, the history keeps both moves."""
    if not leaving:
        return
    ids = [item.firm_id for item in leaving]
    current = (Placement.ladder == ladder.code) & func.upper_inf(Placement.period)
    await conn.execute(delete(Placement).where(Placement.firm_id == any_(_IDS), current), {"ids": ids})
    await conn.execute(_STEP_DOWN, {"ids": ids, "moments": [item.touched or at for item in leaving]})
    common = {
        "ladder": ladder.code,
        "to_tier": None,
        "kind": MoveKind.EXIT.value,
        "recorded_at": at,
        "actor_id": by.audit_fields["actor_id"],
        "actor_name": by.viewer.name,
        "reason": reason,
        "assessment": {},
    }
    moves = [
        {**common, "id": new_id(), "firm_id": item.firm_id, "from_tier": item.tier, "effective_on": item.since}
        for item in leaving
    ]
    await conn.execute(insert(Move), moves)
    await record(
        conn,
        *(
            event_row(
                "firm:tier:moved",
                by=by,
                at=at,
                object_type="firm",
                object_id=item.firm_id,
                object_label=item.name,
                before={"tier": item.tier},
                after={"tier": None, "effective_on": item.since.isoformat(), "kind": MoveKind.EXIT.value},
            )
            for item in leaving
        ),
    )


async def moved_since(conn: Conn, ids: Sequence[uuid.UUID], *, recorded_at: datetime, ladder: Ladder) -> set[uuid.UUID]:
    later = (Move.ladder == ladder.code) & (Move.recorded_at > recorded_at)
    query = select(Move.firm_id).where(Move.firm_id == any_(_IDS), later)
    return set((await conn.execute(query, {"ids": list(ids)})).scalars())
