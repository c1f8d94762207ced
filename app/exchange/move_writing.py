"""Moves from a list written and taken back: stays that are over, where firms stand, what waits for a second person."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.db import Conn, new_id
from app.exchange.chains import Placed
from app.exchange.lines import Deed, Judged, Taken, Undone
from app.firms.locking import lock_by_id
from app.pipeline.asking import Ask, ask, waiting, withdraw_many
from app.pipeline.entering import Entry, Leaving, enter_many, leave_many, moved_since
from app.pipeline.pasts import PastStay, Stay, forget_past, stays_of, write_past
from app.pipeline.rules import kind_of
from app.pipeline.terms import MoveKind
from app.policy.terms import Assessment


@dataclass(frozen=True, slots=True)
class MoveRow:
    """What a row does. `stand`: what the gate says of where the firm stands now, None for a stay that is over."""

    placed: Placed
    stand: Assessment | None
    waits: bool


def _past(one: Judged, deed: Deed) -> PastStay:
    assert one.firm is not None
    placed: Placed = one.does.placed
    v = one.line.values
    reason = "；".join(part for part in (v.get("reason"), deed.source) if part)
    return PastStay(
        one.firm.id,
        one.firm.name,
        placed.came_from,
        placed.step.tier,
        placed.step.on,
        placed.until,
        reason,
        v.get("recorder") or "",
        v.get("recorded"),
    )


async def write_moves(conn: Conn, judged: Sequence[Judged], deed: Deed) -> Mapping[int, Mapping[str, Any]]:
    over = [one for one in judged if one.does.stand is None]
    now = [one for one in judged if one.does.stand is not None and not one.does.waits]
    asked = [one for one in judged if one.does.waits]
    ladder, by, at = deed.bureau.ladder, deed.by, deed.at
    stays = [_past(one, deed) for one in over]
    ids = await write_past(conn, stays, ladder=ladder, by=by, at=at)
    undo: dict[int, dict[str, Any]] = {}
    for one, stay, placement in zip(over, stays, ids, strict=True):
        until = stay.until.isoformat() if stay.until else None
        kept = {"placement": str(placement) if placement else None, "tier": stay.tier, "came_from": stay.came_from}
        undo[one.line.row_no] = kept | {"since": stay.since.isoformat(), "until": until, "does": "past"}
    entries = [_entry(one, deed) for one in now]
    await enter_many(conn, entries, reason=deed.source, ladder=ladder, calendar=deed.bureau.calendar, by=by, at=at)
    for one, entry in zip(now, entries, strict=True):
        touched = one.firm.updated_at.isoformat() if one.firm else ""
        since = entry.effective_on.isoformat()
        undo[one.line.row_no] = {"does": "stands", "tier": entry.tier.code, "since": since, "updated_at": touched}
    asks = [_ask(one, deed) for one in asked]
    await ask(conn, asks, ladder=ladder, by=by, at=at)
    undo |= {one.line.row_no: {"does": "asked", "request": str(a.id)} for one, a in zip(asked, asks, strict=True)}
    return undo


def _entry(one: Judged, deed: Deed) -> Entry:
    assert one.firm is not None
    past, ladder = _past(one, deed), deed.bureau.ladder
    tier = ladder.tier(past.tier)
    assert tier is not None
    came = ladder.tier(past.came_from)
    return Entry(
        one.firm.id,
        one.firm.uscc,
        one.firm.name,
        one.firm.officer_id,
        tier,
        past.since,
        one.does.stand,
        came_from=past.came_from,
        kind=kind_of(came, tier, correction=False),
        reason=past.reason,
        first_recorder=past.first_recorder,
        first_recorded_on=past.first_recorded_on,
    )


def _ask(one: Judged, deed: Deed) -> Ask:
    past, ladder = _past(one, deed), deed.bureau.ladder
    tier = ladder.tier(past.tier)
    assert tier is not None
    return Ask(
        new_id(),
        past.firm_id,
        past.firm_name,
        None,
        tier.code,
        MoveKind.ENTRY,
        past.since,
        past.reason,
        (f"进入“{tier.label}”须第二人复核",),
        one.does.stand,
    )


async def take_back_moves(conn: Conn, rows: Sequence[Taken], deed: Deed) -> Undone:
    """A firm's rows all or none: left, when somebody has moved it or set its past right since."""
    ids = list(dict.fromkeys(r.firm_id for r in rows))
    firms = await lock_by_id(conn, ids, viewer=deed.by.viewer)
    ladder, by, at = deed.bureau.ladder, deed.by, deed.at
    stays = {s.id: s for of in (await stays_of(conn, ids, ladder)).values() for s in of}
    asked = set((await waiting(conn, ids)).values())
    moved = await moved_since(conn, ids, recorded_at=deed.applied_at or at, ladder=ladder)
    disturbed = {r.firm_id for r in rows if r.firm_id not in firms or not _untouched(r, stays, asked, moved)}
    back = [r for r in rows if r.firm_id not in disturbed]
    stands = [r for r in back if r.undo["does"] == "stands"]
    leaving = [_leaving(r, firms[r.firm_id].name) for r in stands]
    await leave_many(conn, leaving, reason=deed.source, ladder=ladder, by=by, at=at)
    requests = [uuid.UUID(r.undo["request"]) for r in back if r.undo["does"] == "asked"]
    await withdraw_many(conn, requests, reason=deed.source, by=by, at=at)
    over = [r for r in back if r.undo["does"] == "past"]
    gone = [uuid.UUID(r.undo["placement"]) for r in over if r.undo["placement"]]
    told = [_taken_back(r, firms[r.firm_id].name, deed) for r in over]
    await forget_past(conn, gone, told, ladder=ladder, by=by, at=at)
    return [r for r in rows if r.firm_id in disturbed]


def _leaving(row: Taken, name: str) -> Leaving:
    since, touched = date.fromisoformat(row.undo["since"]), datetime.fromisoformat(row.undo["updated_at"])
    return Leaving(row.firm_id, name, row.undo["tier"], since, touched)


def _untouched(row: Taken, stays: Mapping[uuid.UUID, Stay], asked: set[uuid.UUID], moved: set[uuid.UUID]) -> bool:
    undo = row.undo
    if undo["does"] == "stands":
        return row.firm_id not in moved
    if undo["does"] == "asked":
        return uuid.UUID(undo["request"]) in asked
    if undo["placement"] is None:
        return True
    stay = stays.get(uuid.UUID(undo["placement"]))
    until = stay.until.isoformat() if stay and stay.until else None
    return stay is not None and (stay.since.isoformat(), until) == (undo["since"], undo["until"])


def _taken_back(row: Taken, name: str, deed: Deed) -> PastStay:
    """As an event: from where it had been said to be, to nowhere."""
    since = date.fromisoformat(row.undo["since"])
    return PastStay(row.firm_id, name, row.undo["tier"], None, since, None, deed.source)
