"""Logging a visit: one form, and everything that follows from it in one transaction."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.firms.locking import lock_by_id
from app.firms.service import FirmEntry, edit
from app.firms.terms import FirmDetail
from app.pipeline.service import touch
from app.pipeline.terms import Ladder
from app.work.mentions import mention
from app.work.models import FirmTask, FirmVisit
from app.work.needs import raise_need
from app.work.recording import trace
from app.work.terms import Promise, TaskState, VisitEntry, Written
from app.workdays.rules import Calendar


async def log_visit(
    conn: Conn, firm: FirmDetail, entry: VisitEntry, *, ladder: Ladder, calendar: Calendar, by: Actor, at: datetime
) -> Written:
    """The visit, the promises as tasks, the need if there was one, the next touch, the stale count begun anew."""
    if entry.promises and entry.next_touch_on is None:
        raise Invalid({"next_touch_on": "有约定的事，请填下次联系日期，作为办理期限。"})
    firm = await _held(conn, firm, by)
    visit_id = new_id()
    row = {
        "id": visit_id,
        "firm_id": firm.id,
        "visited_on": entry.visited_on,
        "kind": entry.kind.value,
        "people": entry.people,
        "summary": entry.summary,
        "next_touch_on": entry.next_touch_on,
        "visitor_id": by.viewer.id,
        "visitor_name": by.viewer.name,
        "logged_at": at,
    }
    await conn.execute(insert(FirmVisit).values(row))
    await _promise(conn, firm, visit_id, entry.promises, due_on=entry.next_touch_on, by=by, at=at)
    page = f"/firms/{firm.uscc}/work#h-visits"
    told = await mention(conn, firm, entry.summary, what=entry.kind.label, key=visit_id, page=page, by=by, at=at)
    if entry.need:
        raised_on = entry.visited_on
        raised = await raise_need(conn, firm, entry.need, raised_on=raised_on, visit_id=visit_id, by=by, at=at)
        told |= raised.told
    await _touch_next(conn, firm, _next_touch(firm, entry), by=by, at=at)
    await touch(conn, firm.id, ladder=ladder, calendar=calendar, at=at, on=entry.visited_on)
    said = {"kind": entry.kind.label, "on": entry.visited_on, "promises": len(entry.promises)}
    await trace(conn, firm, "visit:logged", said, by=by, at=at)
    return Written(visit_id, told)


def _next_touch(firm: FirmDetail, entry: VisitEntry) -> date | None:
    """A date that this visit has kept is over; one that lies ahead stays unless another is named."""
    kept = firm.next_touch_on is not None and firm.next_touch_on <= entry.visited_on
    return entry.next_touch_on or (None if kept else firm.next_touch_on)


async def set_next_touch(conn: Conn, firm: FirmDetail, on: date | None, *, by: Actor, at: datetime) -> None:
    await _touch_next(conn, await _held(conn, firm, by), on, by=by, at=at)


async def _held(conn: Conn, firm: FirmDetail, by: Actor) -> FirmDetail:
    """As it stands now, under its lock: no visit is refused because somebody edits the address meanwhile."""
    held = (await lock_by_id(conn, [firm.id], viewer=by.viewer)).get(firm.id)
    if held is None:
        raise NotFound
    return held


async def _touch_next(conn: Conn, held: FirmDetail, on: date | None, *, by: Actor, at: datetime) -> None:
    await edit(conn, held, FirmEntry({"next_touch_on": on}), version=held.version, by=by, at=at)


async def _promise(
    conn: Conn,
    firm: FirmDetail,
    visit_id: uuid.UUID,
    promises: Sequence[Promise],
    *,
    due_on: date | None,
    by: Actor,
    at: datetime,
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "firm_id": firm.id,
            "visit_id": visit_id,
            "title": promise.title,
            "due_on": due_on,
            "owner": promise.owner.value,
            "officer_id": by.viewer.id,
            "author_id": by.viewer.id,
            "author_name": by.viewer.name,
            "created_at": at,
        }
        for promise in promises
    ]
    if rows:
        await conn.execute(insert(FirmTask), rows)


async def strike_visit(
    conn: Conn, firm: FirmDetail, visit_id: uuid.UUID, *, reason: str, by: Actor, at: datetime
) -> None:
    """A visit that never was, or was another firm's. Its open promises go with it; what the firm asked for stays."""
    query = (
        select(FirmVisit.visitor_id, FirmVisit.visitor_name, FirmVisit.visited_on, FirmVisit.struck_at)
        .where(FirmVisit.id == visit_id, FirmVisit.firm_id == firm.id)
        .with_for_update()
    )
    visit = (await conn.execute(query)).one_or_none()
    if visit is None:
        raise NotFound
    if visit.visitor_id != by.viewer.id:
        raise Forbidden(f"这条走访由 {visit.visitor_name} 记录，只有本人可以作废。")
    if visit.struck_at is not None:
        raise Conflict("这条走访已经作废。")
    values = {"struck_at": at, "striker_name": by.viewer.name, "strike_reason": reason}
    await conn.execute(update(FirmVisit).where(FirmVisit.id == visit_id).values(values))
    dropped = {
        "state": TaskState.DROPPED.value,
        "closed_at": at,
        "closer_name": by.viewer.name,
        "row_version": FirmTask.row_version + 1,
    }
    mine = FirmTask.visit_id == visit_id, FirmTask.state == TaskState.OPEN.value
    await conn.execute(update(FirmTask).where(*mine).values(dropped))
    await trace(conn, firm, "visit:struck", {"on": visit.visited_on, "reason": reason}, by=by, at=at)
