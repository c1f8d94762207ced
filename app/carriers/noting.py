"""A line of the operator's logs: written, set right, struck. Whom it names is or was in the carrier on that day."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor
from app.audit.service import record
from app.carriers.log_models import CarrierLog
from app.carriers.log_terms import SHAPES, Holder, LogEntry, LogKind, LogLine
from app.carriers.logs import Known, holders_of, log_by_id, mentors_of
from app.carriers.recording import event_of, trace
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.outages import constraint_of

_SAME = "uq_carrier_logs_same"
_L = CarrierLog


async def add_log(conn: Conn, carrier: Carrier, entry: LogEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    """Raises Invalid by field, Conflict for what is written down already."""
    holder = checked(entry, await _known(conn, carrier, entry), today=business_day(at))
    row = _row(carrier, entry, holder, by=by, at=at)
    await _write(conn, insert(_L).values(row), entry)
    await trace(conn, (carrier.id, carrier.name), "log:added", _said(entry, holder), by=by, at=at)
    return uuid.UUID(str(row["id"]))


async def add_logs(
    conn: Conn, carrier: Carrier, entries: Sequence[tuple[LogEntry, Holder | None]], *, by: Actor, at: datetime
) -> list[uuid.UUID]:
    """Many that were `checked`, in their order, at once. Raises Conflict when somebody has written one just now."""
    rows = [_row(carrier, entry, holder, by=by, at=at) for entry, holder in entries]
    if rows:
        await _write(conn, insert(_L), entries[0][0], rows)
        said = [
            event_of((carrier.id, carrier.name), "log:added", _said(entry, holder), by=by, at=at)
            for entry, holder in entries
        ]
        await record(conn, *said)
    return [uuid.UUID(str(row["id"])) for row in rows]


async def amend_logs(
    conn: Conn,
    carrier: Carrier,
    entries: Sequence[tuple[LogLine, LogEntry, Holder | None]],
    *,
    by: Actor,
    at: datetime,
) -> None:
    """As `add_logs`, of lines that differ. Raises Stale when one has been changed since it was read."""
    if not entries:
        return
    wanted = {held.id: held.version for held, _, _ in entries}
    lock = select(_L.id, _L.version).where(_L.id.in_(list(wanted)), _L.struck_at.is_(None)).order_by(_L.id)
    if {i: version for i, version in await conn.execute(lock.with_for_update())} != wanted:
        raise Stale("这些记录里有刚被别人改过的，请再导入一次。")
    rows = [
        {"which": held.id, **_values(entry, holder), "updated_at": at, "author_name": by.viewer.name}
        for held, entry, holder in entries
    ]
    named: dict[str, Any] = {name: bindparam(name) for name in rows[0] if name != "which"}
    await conn.execute(update(_L).where(_L.id == bindparam("which")).values({**named, "version": _L.version + 1}), rows)
    said = [
        event_of((carrier.id, carrier.name), "log:edited", _said(entry, holder), before=_was(held), by=by, at=at)
        for held, entry, holder in entries
    ]
    await record(conn, *said)


def _row(carrier: Carrier, entry: LogEntry, holder: Holder | None, *, by: Actor, at: datetime) -> dict[str, Any]:
    row = {"id": new_id(), "carrier_id": carrier.id, "author_name": by.viewer.name, "created_at": at, "updated_at": at}
    return {**row, "kind": entry.kind.value, **_values(entry, holder)}


def entry_of(line: LogLine) -> LogEntry:
    return LogEntry(**{name: getattr(line, name) for name in LogEntry.__dataclass_fields__})


async def amend_log(
    conn: Conn, carrier: Carrier, entry_id: uuid.UUID, entry: LogEntry, *, version: int, by: Actor, at: datetime
) -> bool:
    """False when nothing differs. Raises NotFound, Stale, Invalid, Conflict."""
    held = await _held(conn, carrier, entry_id, version)
    if held.kind is not entry.kind:
        raise NotFound
    if entry_of(held) == entry:
        return False
    holder = checked(entry, await _known(conn, carrier, entry), today=business_day(at))
    done = {**_values(entry, holder), "version": _L.version + 1, "updated_at": at, "author_name": by.viewer.name}
    await _write(conn, update(_L).where(_L.id == entry_id).values(done), entry)
    said = _said(entry, holder)
    await trace(conn, (carrier.id, carrier.name), "log:edited", said, by=by, at=at, before=_was(held))
    return True


async def strike_log(
    conn: Conn, carrier: Carrier, entry_id: uuid.UUID, *, reason: str, version: int, by: Actor, at: datetime
) -> None:
    """It counts no more. Raises NotFound, Stale, Refused for a mentor whom services name."""
    held = await _held(conn, carrier, entry_id, version)
    named = select(_L.id).where(_L.mentor_id == entry_id, _L.struck_at.is_(None)).limit(1)
    if (await conn.execute(named)).first() is not None:
        raise Refused(f"已有服务记录写明由 {held.title} 辅导，请先改那些记录；不再聘任的请填聘期止。")
    done = {"struck_at": at, "striker_name": by.viewer.name, "strike_reason": reason, "version": _L.version + 1}
    await conn.execute(update(_L).where(_L.id == entry_id).values(done))
    said = {"kind": held.kind.label, "on": held.on, "title": held.title, "uscc": held.uscc, "reason": reason}
    await trace(conn, (carrier.id, carrier.name), "log:struck", said, by=by, at=at)


async def _held(conn: Conn, carrier: Carrier, entry_id: uuid.UUID, version: int) -> LogLine:
    lock = select(_L.id).where(_L.id == entry_id, _L.carrier_id == carrier.id).with_for_update()
    await conn.execute(lock)
    held = await log_by_id(conn, carrier.id, entry_id)
    if held is None:
        raise NotFound
    if held.version != version:
        raise Stale("这条记录刚被别人改过，请对照现在的内容再保存。")
    return held


async def _known(conn: Conn, carrier: Carrier, entry: LogEntry) -> Known:
    """As far as the line asks."""
    holders = await holders_of(conn, carrier.id) if entry.holder else []
    return Known(holders, await mentors_of(conn, carrier.id) if entry.mentor else [])


def checked(entry: LogEntry, known: Known, *, today: date) -> Holder | None:
    """Raises Invalid by field."""
    faults, holder = _faults(entry, today), None
    if entry.holder:
        holder = next((h for h in known.holders if h.id == entry.holder), None)
        if holder is None:
            faults["holder"] = "这个载体没有这家企业或团队。"
        elif holder.since > entry.on:
            faults["holder"] = f"{holder.name} {holder.since} 才入驻。"
    if entry.mentor and (problem := _mentor_problem(entry, known.mentors)):
        faults["mentor"] = problem
    if faults:
        raise Invalid(faults)
    return holder


def _faults(entry: LogEntry, today: date) -> dict[str, str]:
    shape, faults = SHAPES[entry.kind], {}
    if entry.on > today:
        faults["on"] = f"{shape.on}不能晚于今天。"
    if entry.until and entry.until < entry.on:
        faults["until"] = "聘期止不能早于聘任日期。"
    if shape.sorts and entry.sort not in shape.sorts:
        faults["sort"] = "请选择类别。"
    if shape.amount and (entry.amount is None or entry.amount <= 0):
        faults["amount"] = "请填写大于 0 的金额。"
    if shape.holder_needed and not entry.holder:
        faults["holder"] = f"请选择{shape.holder}。"
    return faults


def _mentor_problem(entry: LogEntry, mentors: Sequence[LogLine]) -> str:
    mentor = next((m for m in mentors if m.id == entry.mentor), None)
    if mentor is None:
        return "这个载体没有这位导师。"
    if mentor.on > entry.on or (mentor.until and mentor.until < entry.on):
        return f"{mentor.title} 的聘期是 {mentor.on} 至 {mentor.until or '未定'}，不含这一天。"
    return ""


async def _write(conn: Conn, statement: Any, entry: LogEntry, rows: Sequence[Mapping[str, Any]] | None = None) -> None:
    try:
        async with conn.begin_nested():
            await conn.execute(statement, rows)
    except IntegrityError as error:
        if constraint_of(error) != _SAME:
            raise
        if rows:
            raise Conflict("这些记录里有刚被别人登记的，请再导入一次。") from error
        raise Conflict(f"{entry.on} 的“{entry.title}”已经登记过。") from error


def _values(entry: LogEntry, holder: Holder | None) -> dict[str, Any]:
    return {
        "happened_on": entry.on,
        "until": entry.until,
        "sort": entry.sort.value if entry.sort else None,
        "title": entry.title,
        "party": entry.party,
        "firm_id": holder.id if holder and not holder.is_team else None,
        "team_id": holder.id if holder and holder.is_team else None,
        "mentor_id": entry.mentor,
        "people": entry.people,
        "amount": entry.amount,
        "note": entry.note,
    }


def _said(entry: LogEntry, holder: Holder | None) -> dict[str, Any]:
    said = {"kind": entry.kind.label, "on": entry.on, "title": entry.title, "amount": entry.amount}
    return said | {
        "people": entry.people,
        "uscc": holder.uscc if holder else "",
        "holder": holder.name if holder else "",
    }


def _was(held: LogLine) -> dict[str, Any]:
    old = {"kind": held.kind.label, "on": held.on, "title": held.title, "holder": held.holder_name}
    return old | {"amount": held.amount, "people": held.people}


def needs_kind(value: str) -> LogKind:
    """From an address. Raises NotFound."""
    try:
        return LogKind(value)
    except ValueError as error:
        raise NotFound from error
