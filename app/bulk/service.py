"""A bulk act's way: prepared, looked at, confirmed or given up, done, taken back. Few firms are done with at once, many
by the worker, step by step; either way through the same steps."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, update

from app.access.terms import SYSTEM, Actor, Role, Viewer
from app.audit.service import event_row, record
from app.bulk.doing import Kit, apply_some, check_some
from app.bulk.lines import hold_matching, hold_named
from app.bulk.models import BulkAct, BulkLine
from app.bulk.queries import Act, act_by_id, counts_of
from app.bulk.telling import tell
from app.bulk.terms import MOST_PICKED, ActState, Change, LineOutcome
from app.bulk.undoing import undo_some
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.firms.terms import FirmFilter
from app.personal.masking import query_without_numbers

INLINE = 300  # firms that are done with while one waits; of more the worker says how far it is
_STEPS = {ActState.CHECKING: check_some, ActState.APPLYING: apply_some, ActState.UNDOING: undo_some}
_OVER = {
    ActState.CHECKING: ActState.PREVIEW,
    ActState.APPLYING: ActState.DONE,
    ActState.UNDOING: ActState.UNDONE,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Which firms are meant: all that the filter finds, or those named by their codes."""

    filters: FirmFilter | None = None
    query: str = ""  # the filter as an address writes it
    codes: Sequence[str] = ()


async def prepare(
    conn: Conn, choice: Choice, change: Change, *, kit: Kit, by: Actor, today: date, at: datetime
) -> uuid.UUID:
    """Holds on to the firms as they are now and says what would become of each. Raises Forbidden, Invalid."""
    _allow(change, by)
    codes = sorted(set(choice.codes))
    if choice.filters is None and not codes:
        raise Invalid({"pick": "请先选企业。"})
    if len(codes) > MOST_PICKED:
        raise Invalid({"pick": f"逐家选的一次最多 {MOST_PICKED} 家；更多的请用筛选后的全部。"})
    act_id = new_id()
    row = {
        "id": act_id,
        "kind": change.kind.value,
        "change": change.to_json(),
        "query": query_without_numbers(choice.query) if choice.filters is not None else "",
        "state": ActState.CHECKING.value,
        "scope": by.viewer.scope,
        "created_by": by.viewer.id,
        "creator_name": by.viewer.name,
        "created_at": at,
    }
    await conn.execute(insert(BulkAct).values(row))
    if choice.filters is not None:
        total = await hold_matching(conn, act_id, choice.filters, viewer=by.viewer, today=today)
        missing = 0
    else:
        total = await hold_named(conn, act_id, codes, viewer=by.viewer)
        missing = len(codes) - total
    if not total:
        raise Invalid({"pick": "没有符合条件的企业，或者它们不在您的管辖范围内。"})
    await _write(conn, act_id, total=total, missing=missing)
    await _note(conn, "bulk:act:prepared", act_id, change, by=by, at=at, after={"firms": total})
    await _now_if_few(conn, act_id, total, kit=kit, by=by, at=at)
    return act_id


async def confirm(conn: Conn, act_id: uuid.UUID, *, kit: Kit, by: Actor, at: datetime) -> Act:
    """By whoever prepared it, in whose name it is done. Raises NotFound, Forbidden, Conflict."""
    act = await _step(conn, act_id, ActState.APPLYING, by=by)
    if act.created_by != by.viewer.id:
        raise Forbidden(f"这一批由{act.creator_name}准备，只有本人可以确认办理。")
    counts = await counts_of(conn, act_id)
    writes = counts.get(LineOutcome.CHANGES, 0) + counts.get(LineOutcome.ASKS, 0)
    if not writes:
        raise Conflict("没有要办理的企业。")
    await _write(conn, act_id, state=ActState.APPLYING.value, lease_until=None)
    await _note(conn, "bulk:act:confirmed", act_id, act.change, by=by, at=at, after={"firms": writes})
    return await _now_if_few(conn, act_id, writes, kit=kit, by=by, at=at)


async def discard(conn: Conn, act_id: uuid.UUID, *, by: Actor, at: datetime) -> Act:
    """By whoever prepared it, or by the bureau's head. Raises NotFound, Forbidden, Conflict."""
    act = await _step(conn, act_id, ActState.DISCARDED, by=by)
    await conn.execute(delete(BulkLine).where(BulkLine.act_id == act_id))
    await _write(conn, act_id, state=ActState.DISCARDED.value, lease_until=None)
    await _note(conn, "bulk:act:discarded", act_id, act.change, by=by, at=at)
    return act


def may_discard(act: Act, viewer: Viewer) -> bool:
    return viewer.id == act.created_by or viewer.role is Role.MANAGER


async def ask_undo(conn: Conn, act_id: uuid.UUID, *, kit: Kit, by: Actor, at: datetime) -> Act:
    """By anybody in whose division it lies and who could have done it."""
    act = await _step(conn, act_id, ActState.UNDOING, by=by)
    counts = await counts_of(conn, act_id)
    done = counts.get(LineOutcome.DONE, 0) + counts.get(LineOutcome.ASKED, 0)
    if not done:
        raise Conflict("这一批没有办成的企业，不必撤销。")
    who = {"undone_by": by.viewer.id, "undoer_name": by.viewer.name}
    await _write(conn, act_id, state=ActState.UNDOING.value, lease_until=None, **who)
    await _note(conn, "bulk:act:undo_asked", act_id, act.change, by=by, at=at)
    return await _now_if_few(conn, act_id, done, kit=kit, by=by, at=at)


async def step(conn: Conn, act: Act, *, kit: Kit, by: Actor, at: datetime) -> bool:
    """The act's next few hundred firms; False when that was the last of it. The caller holds the act under lock."""
    if await _STEPS[act.state](conn, act, kit=kit, by=by, at=at):
        return True
    await finish(conn, act, by=by, at=at)
    return False


async def finish(conn: Conn, act: Act, *, by: Actor, at: datetime, sentence: str = "") -> None:
    values: dict[str, Any] = {"state": _OVER[act.state].value, "lease_until": None, "sentence": sentence}
    if act.state is not ActState.CHECKING:
        counts = await counts_of(conn, act.id)
        said = {outcome.label: n for outcome, n in counts.items()}
        undoing = act.state is ActState.UNDOING
        values["undone_at" if undoing else "done_at"] = at
        if undoing:
            await _note(conn, "bulk:act:undone", act.id, act.change, by=by, at=at, after=said)
        else:
            await _note(conn, "bulk:act:done", act.id, act.change, by=by, at=at, after=said)
            await tell(conn, act, by=by, at=at)
    await _write(conn, act.id, **values)


async def fail_undo(conn: Conn, act: Act, *, sentence: str, at: datetime) -> None:
    await _write(conn, act.id, state=ActState.DONE.value, lease_until=None, sentence=sentence)
    counts = await counts_of(conn, act.id)
    said = {outcome.label: n for outcome, n in counts.items()}
    await _note(conn, "bulk:act:undo_failed", act.id, act.change, by=SYSTEM, at=at, after=said)


async def _now_if_few(conn: Conn, act_id: uuid.UUID, firms: int, *, kit: Kit, by: Actor, at: datetime) -> Act:
    act = await _held(conn, act_id)
    if firms > INLINE:
        return act
    while await step(conn, act, kit=kit, by=by, at=at):
        pass
    return await _held(conn, act_id)


async def _held(conn: Conn, act_id: uuid.UUID) -> Act:
    act = await act_by_id(conn, act_id, viewer=None, lock=True)
    assert act is not None
    return act


def _allow(change: Change, by: Actor) -> None:
    if not by.viewer.may(change.kind.permission):
        raise Forbidden(f"您的角色不能{change.kind.label}。")


async def _step(conn: Conn, act_id: uuid.UUID, to: ActState, *, by: Actor) -> Act:
    act = await act_by_id(conn, act_id, viewer=by.viewer, lock=True)
    if act is None:
        raise NotFound
    if to is not ActState.DISCARDED:
        _allow(act.change, by)
    elif not may_discard(act, by.viewer):
        raise Forbidden(f"这一批由{act.creator_name}准备，只有本人或局领导可以放弃。")
    if not act.state.may_become(to):
        raise Conflict(f"这一批现在是“{act.state.label}”，不能再办这一步；请刷新页面看它的进展。")
    return act


async def _write(conn: Conn, act_id: uuid.UUID, **values: Any) -> None:
    await conn.execute(update(BulkAct).where(BulkAct.id == act_id).values(**values))


async def _note(
    conn: Conn,
    action: str,
    act_id: uuid.UUID,
    change: Change,
    *,
    by: Actor,
    at: datetime,
    after: Mapping[str, Any] | None = None,
) -> None:
    said = {"kind": change.kind.value, "to": change.tier, **(after or {})}
    row = event_row(action, by=by, at=at, object_type="bulk", object_id=act_id, object_label=change.said, after=said)
    await record(conn, row)
