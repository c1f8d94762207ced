"""The steps of a bulk act over its next few hundred firms: look at them, do it, take it back."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Actor
from app.bulk.lines import write_lines
from app.bulk.queries import Act, at_work, next_lines
from app.bulk.rules import given_to, judge, moved_on, same, sees, written
from app.bulk.terms import BulkKind, Change, LineOutcome
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.locking import lock_by_id
from app.firms.models import Firm
from app.firms.queries import details
from app.firms.service import edit_many
from app.firms.terms import FirmDetail, FirmEntry
from app.pipeline.recording import MoveOrder
from app.pipeline.rules import Verdict
from app.pipeline.terms import Ladder, MoveKind, Standing
from app.pipeline.together import Seen, judge_many, move_many
from app.policy.policies import Policies
from app.policy.terms import Outcome
from app.work.tasks import add_tasks
from app.work.terms import TaskEntry
from app.workdays.rules import Calendar

_CHUNK = 500
_AWAY = "要交给的人账号已停用，或已管不到这家企业。"
_MOVED = 100  # a move writes ten times what an edit does, and nobody shall wait long for a firm
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_OF_VERDICT = {Verdict.GO: LineOutcome.CHANGES, Verdict.WAIT: LineOutcome.ASKS, Verdict.REFUSED: LineOutcome.REFUSED}


@dataclass(frozen=True, slots=True)
class Kit:
    """What the ladder's gate needs."""

    ladder: Ladder
    policies: Policies
    calendar: Calendar


def at_once(act: Act) -> int:
    """How many firms are held under lock together."""
    return _MOVED if act.kind is BulkKind.TIER else _CHUNK


async def check_some(conn: Conn, act: Act, *, kit: Kit, by: Actor, at: datetime) -> int:
    """Says of the next firms what would become of each; returns how many those were, 0 when none is left."""
    seen = await next_lines(conn, act.id, [LineOutcome.UNCHECKED], limit=_CHUNK)
    if not seen:
        return 0
    found = await details(conn, Firm.id == any_(_IDS), visible_to(by.viewer), parameters={"ids": list(seen)})
    firms = {f.id: f for f in found}
    if act.kind is BulkKind.TIER:
        there = [f.id for f in found if same(f, act.change)]
        judged = await _gated(conn, [f for f in found if f.id not in there], act.change, kit=kit, at=at)
        lines = [*(_of_gate(one) for one in judged.values()), *(_line(i, LineOutcome.SAME) for i in there)]
    else:
        lines = []
        for firm in firms.values():
            word = judge(firm, act.change, me=by.viewer.id)
            lines.append({"firm_id": firm.id, "outcome": word.outcome, "reason": word.reason})
    for line in lines:  # the preview speaks of the firm as it is now
        firm = firms[line["firm_id"]]
        line |= {"version": firm.version, "tier": firm.tier, "since": firm.tier_since}
    gone = [_line(i, LineOutcome.REFUSED, moved_on(None, seen[i])) for i in seen.keys() - firms.keys()]
    await write_lines(conn, act.id, [*lines, *gone])
    return len(seen)


async def _gated(
    conn: Conn, firms: Sequence[FirmDetail], change: Change, *, kit: Kit, at: datetime
) -> dict[uuid.UUID, Seen]:
    standings = [Standing.of(f) for f in firms]
    return await judge_many(conn, standings, _order(change), ladder=kit.ladder, policies=kit.policies, at=at)


def _order(change: Change) -> MoveOrder:
    assert change.on is not None
    return MoveOrder(to=change.tier, effective_on=change.on, reason=change.reason, expected=None)


def _of_gate(one: Seen) -> dict[str, Any]:
    return _line(one.standing.firm_id, _OF_VERDICT[one.decision.verdict], _why(one))


def _why(one: Seen) -> str:
    """Who may go although something is missing is shown with what that is: whoever confirms it judges."""
    upwards = one.decision.kind in (MoveKind.ENTRY, MoveKind.PROMOTION)
    lacks = upwards and one.assessment is not None and one.assessment.outcome is not Outcome.MET
    missing = one.assessment.sentences if one.assessment and lacks else ()
    return _sentence(one.decision.reasons or missing)


def _sentence(parts: Sequence[str]) -> str:
    return "；".join(part.rstrip("。") for part in parts) + "。" if parts else ""


def _line(firm_id: uuid.UUID, outcome: LineOutcome, reason: str = "") -> dict[str, Any]:
    return {"firm_id": firm_id, "outcome": outcome, "reason": reason}


async def apply_some(conn: Conn, act: Act, *, kit: Kit, by: Actor, at: datetime) -> int:
    """Does what the preview said to the next firms, under their locks. One that is no longer as the preview showed it
    is left as it is, and its line says why."""
    seen = await next_lines(conn, act.id, [LineOutcome.CHANGES, LineOutcome.ASKS], limit=at_once(act))
    if not seen:
        return 0
    held = await lock_by_id(conn, list(seen), viewer=by.viewer)
    work = await at_work(conn, {who for f in held.values() if (who := given_to(f, act.change))})
    lines: list[dict[str, Any]] = []
    fresh: list[FirmDetail] = []
    for firm_id, line in seen.items():
        firm = held.get(firm_id)
        if why := moved_on(firm, line):
            lines.append(_line(firm_id, LineOutcome.LEFT, why))
        elif firm is not None and (who := given_to(firm, act.change)) and not sees(work.get(who, ""), firm):
            lines.append(_line(firm_id, LineOutcome.LEFT, _AWAY))
        elif firm is not None:
            fresh.append(firm)
    if act.kind is BulkKind.TIER:
        lines += await _move(conn, act, fresh, seen, kit=kit, by=by, at=at)
    elif act.kind is BulkKind.TASK:
        lines += await _give(conn, act.change, fresh, by=by, at=at)
    else:
        lines += await _edit(conn, act.change, fresh, by=by, at=at)
    await write_lines(conn, act.id, lines)
    return len(seen)


async def _edit(
    conn: Conn, change: Change, firms: Sequence[FirmDetail], *, by: Actor, at: datetime
) -> list[dict[str, Any]]:
    await edit_many(conn, [(firm, _entry(firm, change)) for firm in firms], by=by, at=at)
    return [{**_line(f.id, LineOutcome.DONE), "undo": written(f, change)} for f in firms]


def _entry(firm: FirmDetail, change: Change) -> FirmEntry:
    match change.kind:
        case BulkKind.OFFICER:
            return FirmEntry({"officer_id": change.person.id if change.person else None})
        case BulkKind.TAG_ADD:
            return FirmEntry({}, tags=[*firm.tags, change.tag])
        case BulkKind.TAG_REMOVE:
            return FirmEntry({}, tags=[t for t in firm.tags if t != change.tag])
    return FirmEntry({"next_touch_on": change.on})


async def _give(
    conn: Conn, change: Change, firms: Sequence[FirmDetail], *, by: Actor, at: datetime
) -> list[dict[str, Any]]:
    assert change.on is not None
    whose = [change.person.id if change.person else f.officer_id for f in firms]
    given = [(f, TaskEntry(change.title, change.on, who)) for f, who in zip(firms, whose, strict=True)]
    ids = await add_tasks(conn, given, by=by, at=at)
    return [
        {**_line(f.id, LineOutcome.DONE), "undo": {"task": str(i), "officer": str(who)}}
        for f, i, who in zip(firms, ids, whose, strict=True)
    ]


async def _move(
    conn: Conn,
    act: Act,
    firms: Sequence[FirmDetail],
    seen: Mapping[uuid.UUID, Mapping[str, Any]],
    *,
    kit: Kit,
    by: Actor,
    at: datetime,
) -> list[dict[str, Any]]:
    """The gate is asked again: figures may have come in since, and nobody is moved on another word than was shown."""
    judged = await _gated(conn, firms, act.change, kit=kit, at=at)
    going = {i: s for i, s in judged.items() if _OF_VERDICT[s.decision.verdict].value == seen[i]["outcome"]}
    order = _order(act.change)
    ids = await move_many(conn, list(going.values()), order, ladder=kit.ladder, calendar=kit.calendar, by=by, at=at)
    lines = []
    for firm in firms:
        if firm.id not in going:
            why = _sentence(("预览之后条件有变", *judged[firm.id].decision.reasons))
            lines.append(_line(firm.id, LineOutcome.LEFT, why))
            continue
        asked = going[firm.id].decision.verdict is Verdict.WAIT
        outcome = LineOutcome.ASKED if asked else LineOutcome.DONE
        reason = _why(going[firm.id])
        footing = {"since": _iso(firm.tier_since), "stale_on": _iso(firm.stale_on), "tier": firm.tier}
        undo = {"request" if asked else "move": str(ids[firm.id]), **footing}
        lines.append({**_line(firm.id, outcome, reason), "undo": undo})
    return lines


def _iso(value: date | None) -> str | None:
    return value.isoformat() if value else None
