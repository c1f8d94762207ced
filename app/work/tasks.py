"""Tasks: given, changed by one at a time, done or called off."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Stale
from app.firms.terms import FirmDetail
from app.work.models import FirmTask
from app.work.recording import tell, trace
from app.work.terms import TaskEntry, TaskState


async def add_task(conn: Conn, firm: FirmDetail, entry: TaskEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    task_id = new_id()
    row = {
        "id": task_id,
        "firm_id": firm.id,
        "title": entry.title,
        "due_on": entry.due_on,
        "owner": entry.owner.value,
        "officer_id": entry.officer_id,
        "author_id": by.viewer.id,
        "author_name": by.viewer.name,
        "created_at": at,
    }
    await conn.execute(insert(FirmTask).values(row))
    await trace(conn, firm, "task:given", {"task": entry.title, "due_on": entry.due_on}, by=by, at=at)
    given = (entry.officer_id, f"{task_id}:1", f"{entry.title}（{entry.due_on} 前）")
    await tell(conn, firm, [given], by=by, at=at)
    return task_id


async def amend_task(
    conn: Conn, firm: FirmDetail, task_id: uuid.UUID, entry: TaskEntry, *, version: int, by: Actor, at: datetime
) -> None:
    """Raises Stale when somebody else has changed it since `version`, Conflict when it is over."""
    task = await _held(conn, firm, task_id)
    if task["state"] != TaskState.OPEN:
        raise Conflict(f"这件事{TaskState(task['state']).label}，不能再改；需要时先改回未完成。")
    if task["row_version"] != version:
        raise Stale("这件事刚被别人改过；您填写的内容还在，请对照现在的内容再保存。")
    values = {"title": entry.title, "due_on": entry.due_on, "officer_id": entry.officer_id}
    changed = {name: value for name, value in values.items() if task[name] != value}
    if not changed:
        return
    await _write(conn, task_id, changed)
    before = {"task": task["title"], "due_on": task["due_on"]}
    said = {"task": entry.title, "due_on": entry.due_on}
    await trace(conn, firm, "task:changed", said, by=by, at=at, before=before)
    if "officer_id" in changed:
        given = (entry.officer_id, f"{task_id}:{version + 1}", f"{entry.title}（{entry.due_on} 前）")
        await tell(conn, firm, [given], by=by, at=at)


async def mark_task(
    conn: Conn, firm: FirmDetail, task_id: uuid.UUID, state: TaskState, *, by: Actor, at: datetime
) -> bool:
    """Done, called off, or open after all. False when it was so already: a second click changes nothing."""
    task = await _held(conn, firm, task_id)
    if task["state"] == state:
        return False
    if TaskState.OPEN not in (task["state"], state):
        raise Conflict(f"这件事{TaskState(task['state']).label}；需要时先改回未完成。")
    over = state is not TaskState.OPEN
    closing = {"closed_at": at if over else None, "closer_name": by.viewer.name if over else ""}
    await _write(conn, task_id, {"state": state.value, **closing})
    verb = {TaskState.DONE: "done", TaskState.DROPPED: "dropped", TaskState.OPEN: "reopened"}[state]
    await trace(conn, firm, f"task:{verb}", {"task": task["title"]}, by=by, at=at)
    return True


async def _held(conn: Conn, firm: FirmDetail, task_id: uuid.UUID) -> dict[str, Any]:
    query = select(FirmTask.__table__).where(FirmTask.id == task_id, FirmTask.firm_id == firm.id).with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound
    return dict(row)


async def _write(conn: Conn, task_id: uuid.UUID, values: dict[str, Any]) -> None:
    done = {**values, "row_version": FirmTask.row_version + 1}
    await conn.execute(update(FirmTask).where(FirmTask.id == task_id).values(done))
