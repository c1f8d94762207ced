"""An officer's work with a firm over JSON: visits, tasks, needs."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import Invalid, NotFound, PreconditionRequired
from app.firms import queries as firms
from app.firms.terms import FirmDetail
from app.web.api.answers import PROBLEMS, answer
from app.web.api.openapi import KEYED
from app.web.api.work_answers import need_out, task_out, visit_out
from app.web.api.work_schemas import (
    EndingIn,
    FollowUpIn,
    NeedIn,
    NeedList,
    NeedOut,
    TaskIn,
    TaskList,
    TaskMark,
    TaskOut,
    TaskPatch,
    VisitIn,
    VisitList,
    VisitOut,
)
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.idempotency import KeyDep, once
from app.web.work_input import read_ending, read_follow_up, read_need, read_task, read_visit
from app.work import needs, queries, tasks, visits
from app.work.terms import Need, Task, TaskState, Visit

router = APIRouter(prefix="/firms/{uscc}", tags=["走访与任务"], responses=PROBLEMS)
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
MOST = 200


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firms.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _one_visit(conn: ConnDep, firm: FirmDetail, visit_id: uuid.UUID) -> Response:
    found = next(v for v in await queries.visits_of(conn, firm.id, limit=MOST) if v.id == visit_id)
    return answer(visit_out(found), status=201)


async def _one_task(conn: ConnDep, firm: FirmDetail, task_id: uuid.UUID, *, status: int = 200) -> Response:
    found = await _held(conn, firm, task_id)
    return answer(task_out(found), status=status, headers={"etag": f'"{found.version}"'})


async def _held(conn: ConnDep, firm: FirmDetail, task_id: uuid.UUID) -> Task:
    found = await queries.task_of(conn, firm.id, task_id)
    if found is None:
        raise NotFound
    return found


async def _known(conn: ConnDep, firm: FirmDetail, need_id: uuid.UUID) -> Need:
    found = await queries.need_of(conn, firm.id, need_id)
    if found is None:
        raise NotFound
    return found


def _raw(body: Any) -> dict[str, Any]:
    given: dict[str, Any] = body.model_dump(exclude_unset=True)
    return given


@router.get("/visits", response_model=VisitList, summary="企业的走访，最近的在前，最多 200 次")
async def list_visits(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found: Sequence[Visit] = await queries.visits_of(conn, firm.id, limit=MOST)
    return answer(VisitList(items=[visit_out(v) for v in found], next=None))


@router.post("/visits", response_model=VisitOut, status_code=201, summary="记走访", openapi_extra=KEYED)
async def log_visit(
    uscc: Uscc,
    body: VisitIn,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
    key: KeyDep,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        entry = read_visit(_raw(body), today=today)
        ladder, calendar = lookup.main, lookup.calendar
        made = await visits.log_visit(conn, firm, entry, ladder=ladder, calendar=calendar, by=actor, at=at)
        return slot.keep(await _one_visit(conn, firm, made))


@router.get("/tasks", response_model=TaskList, summary="企业的待办，未完成的在前，最多 200 件")
async def list_tasks(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found = await queries.tasks_of(conn, firm.id, limit=MOST)
    return answer(TaskList(items=[task_out(t) for t in found], next=None))


@router.post("/tasks", response_model=TaskOut, status_code=201, summary="布置待办", openapi_extra=KEYED)
async def give_task(
    uscc: Uscc,
    body: TaskIn,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
    key: KeyDep,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        raw = {**_raw(body), "officer_id": str(body.officer_id or actor.viewer.id)}
        entry = read_task(raw, lookup, actor.viewer, firm, today=today)
        made = await tasks.add_task(conn, firm, entry, by=actor, at=at)
        return slot.keep(await _one_task(conn, firm, made, status=201))


@router.patch("/tasks/{task_id}", response_model=TaskOut, summary="修改待办", openapi_extra=KEYED)
async def amend_task(
    uscc: Uscc,
    task_id: uuid.UUID,
    body: TaskPatch,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
    key: KeyDep,
    if_match: Annotated[str | None, Header(max_length=80)] = None,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        task = await _held(conn, firm, task_id)
        if not if_match:
            raise PreconditionRequired("修改须带 If-Match，值为读取时得到的版本。")
        tag = if_match.strip().removeprefix("W/").strip('"')
        kept = {"title": task.title, "due_on": task.due_on, "officer_id": str(task.officer_id or "")}
        raw = {**kept, "owner": task.owner.value, **{k: str(v) for k, v in _raw(body).items() if v is not None}}
        entry = read_task(raw, lookup, actor.viewer, firm, today=today, kept=task)
        version = int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 10 else 0
        await tasks.amend_task(conn, firm, task.id, entry, version=version, by=actor, at=at)
        return slot.keep(await _one_task(conn, firm, task.id))


@router.post("/tasks/{task_id}/mark", response_model=TaskOut, summary="完成、取消或改回待办", openapi_extra=KEYED)
async def mark_task(
    uscc: Uscc, task_id: uuid.UUID, body: TaskMark, conn: ConnDep, clock: ClockDep, actor: Worker, key: KeyDep
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        if body.state not in {s.value for s in TaskState}:
            raise Invalid({"state": "state 为 done、dropped 或 open。"})
        await tasks.mark_task(conn, firm, task_id, TaskState(body.state), by=actor, at=at)
        return slot.keep(await _one_task(conn, firm, task_id))


@router.get("/needs", response_model=NeedList, summary="企业的诉求，办理中的在前，最多 200 条")
async def list_needs(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found = await queries.needs_of(conn, firm.id, limit=MOST)
    return answer(NeedList(items=[need_out(n) for n in found], next=None))


@router.post("/needs", response_model=NeedOut, status_code=201, summary="记诉求", openapi_extra=KEYED)
async def raise_need(
    uscc: Uscc,
    body: NeedIn,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
    key: KeyDep,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        raised = read_need(_raw(body), lookup, actor.viewer, firm, today=today)
        made = await needs.raise_need(conn, firm, raised, raised_on=today, by=actor, at=at)
        return slot.keep(answer(need_out(await _known(conn, firm, made)), status=201))


@router.post("/needs/{need_id}/follow", response_model=NeedOut, summary="记录诉求的办理", openapi_extra=KEYED)
async def follow_need(
    uscc: Uscc,
    need_id: uuid.UUID,
    body: FollowUpIn,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
    key: KeyDep,
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        need = await _known(conn, firm, need_id)
        given = _raw(body)
        said, officer, due_on = read_follow_up(given, lookup, actor.viewer, firm, today=today, kept=need)
        await needs.follow_need(conn, firm, need.id, body=said, officer_id=officer, due_on=due_on, by=actor, at=at)
        return slot.keep(answer(need_out(await _known(conn, firm, need.id))))


@router.post("/needs/{need_id}/close", response_model=NeedOut, summary="办结诉求", openapi_extra=KEYED)
async def close_need(
    uscc: Uscc, need_id: uuid.UUID, body: EndingIn, conn: ConnDep, clock: ClockDep, actor: Worker, key: KeyDep
) -> Response:
    at = clock.now()
    async with once(conn, key, viewer=actor.viewer, at=at) as slot:
        if slot.replayed is not None:
            return slot.replayed
        firm = await _firm(conn, uscc, actor.viewer)
        need = await _known(conn, firm, need_id)
        state, said = read_ending(_raw(body))
        await needs.close_need(conn, firm, need.id, state=state, answer=said, version=body.version, by=actor, at=at)
        return slot.keep(answer(need_out(await _known(conn, firm, need.id))))
