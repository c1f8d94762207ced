"""A bulk act taken back, firm by firm: what it wrote and nobody has changed since; the rest stays and is named."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Actor
from app.bulk.doing import Kit, at_once
from app.bulk.lines import write_lines
from app.bulk.queries import Act, at_work, next_lines
from app.bulk.rules import same, sees
from app.bulk.terms import BulkKind, Change, LineOutcome
from app.db import Conn
from app.firms.locking import lock_by_id
from app.firms.models import Firm
from app.firms.service import edit_many
from app.firms.terms import FirmDetail, FirmEntry, FirmStatus
from app.pipeline.asking import withdraw_many
from app.pipeline.recording import stale_on
from app.pipeline.returning import Step, moved_again, return_many, still_waiting
from app.work.agenda import last_contact
from app.work.tasks import drop_untouched

Undos = Mapping[uuid.UUID, Mapping[str, Any]]
_CHANGED = "办理之后又有变动。"
_GONE = "已不在您的管辖范围内，或已不在库里。"
_MERGED = "已经并入别的企业。"
_DECIDED = "第二人已经复核。"
_AWAY = "原来的责任专员账号已停用，或已管不到这家企业。"
_LEFT = "已不在存续状态，不能再回到梯队上。"
REASON = "撤销批量办理"


async def undo_some(conn: Conn, act: Act, *, kit: Kit, by: Actor, at: datetime) -> int:
    """Takes it back from the next firms, under their locks; returns how many those were."""
    seen = await next_lines(conn, act.id, [LineOutcome.DONE, LineOutcome.ASKED], limit=at_once(act))
    if not seen:
        return 0
    held = await lock_by_id(conn, list(seen), viewer=by.viewer)
    kept = {i: _GONE for i in seen.keys() - held.keys()}
    kept |= {i: _MERGED for i, f in held.items() if f.status == FirmStatus.MERGED}
    if act.kind is BulkKind.TIER:
        on_a_tier = {i for i, line in seen.items() if "move" in line["undo"] and line["undo"]["tier"]}
        gone = {i for i in on_a_tier & held.keys() if held[i].status != FirmStatus.ACTIVE}
        kept = dict.fromkeys(gone, _LEFT) | kept
    firms = [f for i, f in held.items() if i not in kept]
    undos = {f.id: seen[f.id]["undo"] for f in firms}
    if act.kind is BulkKind.TIER:
        kept |= await _return(conn, act.change, firms, undos, kit=kit, by=by, at=at)
    elif act.kind is BulkKind.TASK:
        kept |= await _drop(conn, firms, undos, by=by, at=at)
    else:
        kept |= await _put_back(conn, act.change, firms, undos, by=by, at=at)
    await write_lines(conn, act.id, [_line(i, seen[i]["undo"], kept.get(i)) for i in seen])
    return len(seen)


def _line(firm_id: uuid.UUID, undo: Any, why: str | None) -> dict[str, Any]:
    outcome = LineOutcome.KEPT if why else LineOutcome.UNDONE
    return {"firm_id": firm_id, "outcome": outcome, "reason": why or "", "undo": undo}


async def _put_back(
    conn: Conn, change: Change, firms: Sequence[FirmDetail], undos: Undos, *, by: Actor, at: datetime
) -> dict[uuid.UUID, str]:
    """Where the field is still what the act wrote; another field may have changed meanwhile and stays so."""
    kept = {f.id: _CHANGED for f in firms if not same(f, change)}
    former = {i: uuid.UUID(undo["officer"]) for i, undo in undos.items() if undo.get("officer")}
    work = await at_work(conn, set(former.values()))
    kept |= {f.id: _AWAY for f in firms if f.id in former and not sees(work.get(former[f.id], ""), f)}
    still = [f for f in firms if f.id not in kept]
    await edit_many(conn, [(f, _before(f, change, undos[f.id])) for f in still], by=by, at=at)
    return kept


def _before(firm: FirmDetail, change: Change, undo: Mapping[str, Any]) -> FirmEntry:
    match change.kind:
        case BulkKind.OFFICER:
            return FirmEntry({"officer_id": uuid.UUID(undo["officer"]) if undo["officer"] else None})
        case BulkKind.TAG_ADD:
            return FirmEntry({}, tags=[t for t in firm.tags if t != change.tag])
        case BulkKind.TAG_REMOVE:
            return FirmEntry({}, tags=[*firm.tags, change.tag])
    return FirmEntry({"next_touch_on": _day(undo["on"])})


async def _drop(
    conn: Conn, firms: Sequence[FirmDetail], undos: Undos, *, by: Actor, at: datetime
) -> dict[uuid.UUID, str]:
    tasks = {uuid.UUID(undos[f.id]["task"]): f for f in firms}
    dropped = await drop_untouched(conn, tasks, by=by, at=at)
    return {f.id: _CHANGED for task_id, f in tasks.items() if task_id not in dropped}


async def _return(
    conn: Conn, change: Change, firms: Sequence[FirmDetail], undos: Undos, *, kit: Kit, by: Actor, at: datetime
) -> dict[uuid.UUID, str]:
    moves = {f.id: uuid.UUID(undos[f.id]["move"]) for f in firms if "move" in undos[f.id]}
    asked = {f.id: uuid.UUID(undos[f.id]["request"]) for f in firms if "request" in undos[f.id]}
    again = await moved_again(conn, moves, ladder=kit.ladder)
    back = [f for f in firms if f.id in moves and f.id not in again]
    due = await _counted_since(conn, change, back, undos, kit)
    steps = [_step(f, change, undos[f.id], due.get(f.id)) for f in back]
    await return_many(conn, steps, reason=REASON, ladder=kit.ladder, by=by, at=at)
    waiting = await still_waiting(conn, list(asked.values()))
    await withdraw_many(conn, list(waiting), reason=REASON, by=by, at=at)
    decided = {firm_id: _DECIDED for firm_id, request_id in asked.items() if request_id not in waiting}
    return {**dict.fromkeys(again, _CHANGED), **decided}


async def _counted_since(
    conn: Conn, change: Change, firms: Sequence[FirmDetail], undos: Undos, kit: Kit
) -> dict[uuid.UUID, date | None]:
    """When those count as standing still with whom somebody has spoken since the move: that began the count anew."""
    assert change.on is not None
    by_move = stale_on(kit.ladder.tier(change.tier), change.on, kit.calendar)
    spoken = [f.id for f in firms if by_move and f.stale_on and f.stale_on > by_move]
    if not spoken:
        return {}
    query = select(Firm.id, last_contact()).where(Firm.id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    return {
        firm_id: stale_on(kit.ladder.tier(undos[firm_id]["tier"]), on, kit.calendar)
        for firm_id, on in await conn.execute(query, {"ids": spoken})
        if on is not None
    }


def _step(firm: FirmDetail, change: Change, undo: Mapping[str, Any], due: date | None) -> Step:
    assert change.on is not None
    since, before = _day(undo["since"]), _day(undo["stale_on"])
    due = max(before, due) if before and due else before
    move_id = uuid.UUID(undo["move"])
    return Step(move_id, firm.id, firm.name, undo["tier"], since, due, change.tier, change.on)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None
