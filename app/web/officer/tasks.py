"""Tasks about a firm: given, changed, done or called off."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound
from app.firms.terms import FirmDetail
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import LONGEST_ADDRESS, error_context, raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.responsible import officers_of
from app.web.routing import Router
from app.web.security import safe_path
from app.web.templating import page
from app.web.work_input import LABELS, read_task
from app.work import tasks as service
from app.work.queries import task_of
from app.work.terms import Owner, Task, TaskState

router = Router()
Worker = Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))]
Working = Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))]
_SAID = {TaskState.DONE: "已完成", TaskState.DROPPED: "已取消", TaskState.OPEN: "已改回未完成"}


@router.get("/firms/{uscc}/tasks/new")
async def new_form(
    request: Request, uscc: str, viewer: Worker, conn: ConnDep, lookup: LookupDep, title: str = ""
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    raw = {"officer_id": str(viewer.id), "owner": Owner.BUREAU.value, "title": title[:200]}
    return _form(request, firm, lookup, viewer, raw, uuid.uuid4().hex)


@router.post("/firms/{uscc}/tasks/new")
async def give(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Working,
    key: KeyDep,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_task(raw, lookup, actor.viewer, firm, today=today)
            await service.add_task(conn, firm, entry, by=actor, at=at)
            return slot.keep(see_other(request, f"/firms/{firm.uscc}/work#h-tasks", "已布置"))
    except (Invalid, Conflict) as error:
        return _form(request, firm, lookup, actor.viewer, raw, key.value, error)


@router.get("/firms/{uscc}/tasks/{task_id}/edit")
async def edit_form(
    request: Request, uscc: str, task_id: uuid.UUID, viewer: Worker, conn: ConnDep, lookup: LookupDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    task = await _task(conn, firm, task_id)
    raw = {"title": task.title, "due_on": f"{task.due_on}", "officer_id": str(task.officer_id or "")}
    raw |= {"owner": task.owner.value, "version": str(task.version)}
    return _form(request, firm, lookup, viewer, raw, "", task=task)


@router.post("/firms/{uscc}/tasks/{task_id}/edit")
async def amend(
    request: Request,
    uscc: str,
    task_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Working,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    task, raw = await _task(conn, firm, task_id), await raw_form(request)
    try:
        entry = read_task(raw, lookup, actor.viewer, firm, today=today, kept=task)
        await service.amend_task(conn, firm, task.id, entry, version=version_in(raw), by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        # The form that comes back stands on what is there now, so that it can be saved once it was looked at.
        raw["version"] = str(task.version) if isinstance(error, Conflict) else raw.get("version", "")
        return _form(request, firm, lookup, actor.viewer, raw, "", error, task=task)
    return see_other(request, f"/firms/{firm.uscc}/work#h-tasks", "已保存")


@router.post("/firms/{uscc}/tasks/{task_id}/mark")
async def mark(
    request: Request,
    uscc: str,
    task_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Working,
    state: Annotated[str, Form()] = TaskState.DONE.value,
    version: Annotated[int | None, Form(ge=0, le=2_000_000_000)] = None,
    back: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "",
) -> Response:
    """Back at the list it was marked on, that list says so and offers the way back."""
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    if state not in {s.value for s in TaskState}:
        raise Invalid({"state": "请选择完成、取消或改回未完成。"})
    await service.mark_task(conn, firm, task_id, TaskState(state), by=actor, at=clock.now(), version=version)
    if not back:
        return see_other(request, f"/firms/{firm.uscc}/work#h-tasks", _SAID[TaskState(state)])
    receipt = f"{'&' if '?' in back else '?'}done={task_id}" if state == TaskState.DONE else ""
    return see_other(request, safe_path(back + receipt), f"{_SAID[TaskState(state)]}：{firm.name}")


async def _task(conn: ConnDep, firm: FirmDetail, task_id: uuid.UUID) -> Task:
    task = await task_of(conn, firm.id, task_id)
    if task is None:
        raise NotFound
    return task


def _form(
    request: Request,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    raw: Mapping[str, str],
    key: str,
    error: AppError | None = None,
    *,
    task: Task | None = None,
) -> Response:
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/work"),
        "task": task,
        "overtaken": task if isinstance(error, Conflict) else None,
        "values": {name: raw.get(name, "") for name in ("title", "due_on", "officer_id", "owner", "version")},
        "officers": officers_of(lookup, viewer, firm, task),
        "owners": [(o.value, o.label) for o in Owner],
        "idempotency_key": key,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/desk/task.html", title=f"待办 {firm.name}", status=status, **context)
