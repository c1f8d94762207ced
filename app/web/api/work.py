"""An officer's work with a firm over JSON: visits, tasks, needs."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Path, Response

from app.access.terms import Permission, Viewer
from app.errors import Invalid, NotFound
from app.firms import queries as firms
from app.firms.terms import FirmDetail
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import IfMatch, version_needed
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
    VisitStrike,
)
from app.web.deps import ConnDep, LookupDep, guard
from app.web.forms import clean_text
from app.web.work_input import read_ending, read_follow_up, read_need, read_task, read_visit
from app.work import needs, queries, tasks, visits
from app.work.terms import Need, Task, TaskState, Visit

router = part("走访与任务", "/firms/{uscc}")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Deed, Depends(doing(Permission.FIRM_NOTE))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]
MOST = 200


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firms.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _one_visit(conn: ConnDep, firm: FirmDetail, visit_id: uuid.UUID, *, status: int = 200) -> Response:
    found = next(v for v in await queries.visits_of(conn, firm.id, limit=MOST) if v.id == visit_id)
    return answer(visit_out(found), status=status)


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
@once_only
async def log_visit(uscc: Uscc, body: VisitIn, deed: Worker, lookup: LookupDep) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    entry = read_visit(_raw(body), today=deed.today)
    ladder, calendar = lookup.main, lookup.calendar
    made = await visits.log_visit(deed.conn, firm, entry, ladder=ladder, calendar=calendar, by=deed.by, at=deed.at)
    return await _one_visit(deed.conn, firm, made.id, status=201)


@router.post(
    "/visits/{visit_id}/strike", response_model=VisitOut, summary="作废记错的走访，仅限本人", openapi_extra=KEYED
)
@once_only
async def strike_visit(uscc: Uscc, visit_id: uuid.UUID, body: VisitStrike, deed: Worker) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    said = clean_text("reason", body.reason, longest=500, required="请写明作废的原因。")
    await visits.strike_visit(deed.conn, firm, visit_id, reason=said, by=deed.by, at=deed.at)
    return await _one_visit(deed.conn, firm, visit_id)


@router.get("/tasks", response_model=TaskList, summary="企业的待办，未完成的在前，最多 200 件")
async def list_tasks(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found = await queries.tasks_of(conn, firm.id, limit=MOST)
    return answer(TaskList(items=[task_out(t) for t in found], next=None))


@router.post("/tasks", response_model=TaskOut, status_code=201, summary="布置待办", openapi_extra=KEYED)
@once_only
async def give_task(uscc: Uscc, body: TaskIn, deed: Worker, lookup: LookupDep) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    raw = {**_raw(body), "officer_id": str(body.officer_id or deed.viewer.id)}
    entry = read_task(raw, lookup, deed.viewer, firm, today=deed.today)
    made = await tasks.add_task(deed.conn, firm, entry, by=deed.by, at=deed.at)
    return await _one_task(deed.conn, firm, made, status=201)


@router.patch("/tasks/{task_id}", response_model=TaskOut, summary="修改待办", openapi_extra=KEYED)
@once_only
async def amend_task(
    uscc: Uscc,
    task_id: uuid.UUID,
    body: TaskPatch,
    deed: Worker,
    lookup: LookupDep,
    if_match: IfMatch = None,
) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    task = await _held(deed.conn, firm, task_id)
    version = version_needed(if_match)
    kept = {"title": task.title, "due_on": task.due_on, "officer_id": str(task.officer_id or "")}
    raw = {**kept, "owner": task.owner.value, **{k: str(v) for k, v in _raw(body).items() if v is not None}}
    entry = read_task(raw, lookup, deed.viewer, firm, today=deed.today, kept=task)
    await tasks.amend_task(deed.conn, firm, task.id, entry, version=version, by=deed.by, at=deed.at)
    return await _one_task(deed.conn, firm, task.id)


@router.post("/tasks/{task_id}/mark", response_model=TaskOut, summary="完成、取消或改回待办", openapi_extra=KEYED)
@once_only
async def mark_task(uscc: Uscc, task_id: uuid.UUID, body: TaskMark, deed: Worker) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    if body.state not in {s.value for s in TaskState}:
        raise Invalid({"state": "state 为 done、dropped 或 open。"})
    state = TaskState(body.state)
    await tasks.mark_task(deed.conn, firm, task_id, state, by=deed.by, at=deed.at, version=body.version)
    return await _one_task(deed.conn, firm, task_id)


@router.get("/needs", response_model=NeedList, summary="企业的诉求，办理中的在前，最多 200 条")
async def list_needs(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    found = await queries.needs_of(conn, firm.id, limit=MOST)
    return answer(NeedList(items=[need_out(n) for n in found], next=None))


@router.post("/needs", response_model=NeedOut, status_code=201, summary="记诉求", openapi_extra=KEYED)
@once_only
async def raise_need(uscc: Uscc, body: NeedIn, deed: Worker, lookup: LookupDep) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    raised = read_need(_raw(body), lookup, deed.viewer, firm, today=deed.today)
    made = await needs.raise_need(deed.conn, firm, raised, raised_on=deed.today, by=deed.by, at=deed.at)
    return answer(need_out(await _known(deed.conn, firm, made.id)), status=201)


@router.post("/needs/{need_id}/follow", response_model=NeedOut, summary="记录诉求的办理", openapi_extra=KEYED)
@once_only
async def follow_need(uscc: Uscc, need_id: uuid.UUID, body: FollowUpIn, deed: Worker, lookup: LookupDep) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    need = await _known(deed.conn, firm, need_id)
    given = _raw(body)
    said, officer, due_on = read_follow_up(given, lookup, deed.viewer, firm, today=deed.today, kept=need)
    await needs.follow_need(
        deed.conn, firm, need.id, body=said, officer_id=officer, due_on=due_on, by=deed.by, at=deed.at
    )
    return answer(need_out(await _known(deed.conn, firm, need.id)))


@router.post("/needs/{need_id}/close", response_model=NeedOut, summary="办结诉求", openapi_extra=KEYED)
@once_only
async def close_need(uscc: Uscc, need_id: uuid.UUID, body: EndingIn, deed: Worker) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    need = await _known(deed.conn, firm, need_id)
    state, said = read_ending(_raw(body))
    await needs.close_need(
        deed.conn, firm, need.id, state=state, answer=said, version=body.version, by=deed.by, at=deed.at
    )
    return answer(need_out(await _known(deed.conn, firm, need.id)))
