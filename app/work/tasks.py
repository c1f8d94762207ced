"""Tasks: given, changed by one at a time, done or called off."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Actor
from app.audit.service import record
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Stale
from app.firms.locking import as_it_stands
from app.firms.service import refuse_merged
from app.firms.terms import FirmDetail
from app.work.models import FirmTask
from app.work.recording import tell, trace, trace_row
from app.work.terms import TaskEntry, TaskState

_IDS = bindparam("ids", type_=ARRAY(Uuid()))


async def add_task(conn: Conn, firm: FirmDetail, entry: TaskEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    refuse_merged(await as_it_stands(conn, firm))
    (task_id,) = await add_tasks(conn, [(firm, entry)], by=by, at=at)
    given = (entry.officer_id, f"{task_id}:1", f"{entry.title}（{entry.due_on} 前）")
    await tell(conn, firm, [given], by=by, at=at)
    return task_id


async def add_tasks(
    conn: Conn, given: Sequence[tuple[FirmDetail, TaskEntry]], *, by: Actor, at: datetime
) -> list[uuid.UUID]:
    """In the order given. Nobody is told yet: of many tasks the caller tells in one word."""
    if not given:
        return []
    ids = [new_id() for _ in given]
    rows = [
        {
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
        for task_id, (firm, entry) in zip(ids, given, strict=True)
    ]
    await conn.execute(insert(FirmTask), rows)
    said = [(firm, {"task": entry.title, "due_on": entry.due_on}) for firm, entry in given]
    await record(conn, *(trace_row(firm, "task:given", words, by=by, at=at) for firm, words in said))
    return ids


async def drop_untouched(
    conn: Conn, tasks: Mapping[uuid.UUID, FirmDetail], *, by: Actor, at: datetime
) -> set[uuid.UUID]:
    """Calls off those that are still as they were given, to the firm they were given for; returns which."""
    if not tasks:
        return set()
    query = (
        select(FirmTask.id, FirmTask.firm_id, FirmTask.title)
        .where(FirmTask.id == any_(_IDS), FirmTask.state == TaskState.OPEN.value, FirmTask.row_version == 1)
        .order_by(FirmTask.id)
        .with_for_update()
    )
    found = (await conn.execute(query, {"ids": list(tasks)})).all()
    open_ = {row.id: row.title for row in found if row.firm_id == tasks[row.id].id}
    closing = {"state": TaskState.DROPPED.value, "closed_at": at, "closer_name": by.viewer.name}
    statement = update(FirmTask).where(FirmTask.id == any_(_IDS))
    await conn.execute(statement.values(**closing, row_version=FirmTask.row_version + 1), {"ids": list(open_)})
    said = [(tasks[i], {"task": title}) for i, title in open_.items()]
    await record(conn, *(trace_row(firm, "task:dropped", words, by=by, at=at) for firm, words in said))
    return set(open_)


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
    conn: Conn,
    firm: FirmDetail,
    task_id: uuid.UUID,
    state: TaskState,
    *,
    by: Actor,
    at: datetime,
    version: int | None = None,
) -> bool:
    """Done, called off, or open after all. False when it was so already: a second click changes nothing. Raises Stale
    when it is another task by now than whoever gives its `version` has read."""
    task = await _held(conn, firm, task_id)
    if task["state"] == state:
        return False
    if version is not None and task["row_version"] != version:
        raise Stale(f"这件事刚被别人改过，现在是：{task['title']}（{task['due_on']} 前）。没有改动，请看过再办。")
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
