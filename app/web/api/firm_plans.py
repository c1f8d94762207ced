"""一企一策 over JSON: proposed from the cheapest path, made, changed, carried out step by step, ended."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.assessments import plans as service
from app.assessments.plan_queries import plan_of, plans_of
from app.assessments.terms import Plan, PlanEntry, PlanState, PlanStep
from app.errors import Invalid, NotFound
from app.firms import queries as firms
from app.firms.terms import FirmDetail
from app.text import parse_date
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.firm_plan_schemas import (
    FirmPlanEnd,
    FirmPlanIn,
    FirmPlanList,
    FirmPlanMark,
    FirmPlanOut,
    FirmPlanPatch,
    PlanProposal,
    StepIn,
    StepOut,
)
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.forms import clean_text
from app.web.gap_views import day_asked, next_sought
from app.web.lookups import Lookup
from app.web.plan_input import basis_of, pack_sought, path_to, read_plan, rows_of_path

router = part("走访与任务", "/firms/{uscc}/plans")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Planner = Annotated[Viewer, Depends(guard(Permission.PLAN_EDIT))]
Planning = Annotated[Deed, Depends(doing(Permission.PLAN_EDIT))]
Uscc = Annotated[str, Path(max_length=40, examples=["91440783M159083022"])]


async def _firm(conn: ConnDep, uscc: str, viewer: Viewer) -> FirmDetail:
    firm = await firms.firm_by_uscc(conn, uscc.upper(), viewer=viewer)
    if firm is None:
        raise NotFound
    return firm


async def _held(conn: ConnDep, firm: FirmDetail, plan_id: uuid.UUID) -> Plan:
    plan = await plan_of(conn, firm.id, plan_id)
    if plan is None:
        raise NotFound
    return plan


async def _one(conn: ConnDep, firm: FirmDetail, plan_id: uuid.UUID, *, status: int = 200) -> Response:
    plan = await _held(conn, firm, plan_id)
    return answer(_out(plan), status=status, headers={"etag": f'"{plan.version}"'})


def _out(plan: Plan) -> FirmPlanOut:
    return FirmPlanOut(
        id=plan.id,
        policy=plan.policy,
        title=plan.title,
        filing_on=plan.filing_on,
        officer_id=plan.officer_id,
        officer=plan.officer_name,
        note=plan.note,
        state=plan.state.value,
        author=plan.author_name,
        created_at=plan.created_at,
        closed_at=plan.closed_at,
        closed_reason=plan.closed_reason,
        version=plan.version,
        steps=[_step(s) for s in plan.steps],
    )


def _step(s: PlanStep) -> StepOut:
    return StepOut(
        id=s.id, action=s.action, condition=s.condition, due_on=s.due_on, done_at=s.done_at, done_by=s.doer_name
    )


@router.get("", response_model=FirmPlanList, summary="企业的一企一策，进行中的在前")
async def list_plans(uscc: Uscc, conn: ConnDep, viewer: Reader) -> Response:
    firm = await _firm(conn, uscc, viewer)
    return answer(FirmPlanList(items=[_out(p) for p in await plans_of(conn, firm.id)], next=None))


@router.get("/proposal", response_model=PlanProposal, summary="按最省力的路径建议的步骤，还没有存")
async def propose(
    uscc: Uscc,
    conn: ConnDep,
    viewer: Planner,
    lookup: LookupDep,
    today: TodayDep,
    policy: Annotated[str, Query(max_length=60, description="称号的政策代码；缺省为下一级的")] = "",
    as_of: Annotated[date | None, Query(description="计划申报日期")] = None,
) -> Response:
    firm, day = await _firm(conn, uscc, viewer), day_asked(as_of, today)
    pack = pack_sought(lookup, policy or next_sought(firm, lookup))
    path = await path_to(conn, firm, pack, day, today)
    steps = [
        StepOut(id=None, action=r.action, condition=r.condition, due_on=parse_date(r.due_on))
        for r in rows_of_path(path, today=today)
    ]
    short = [c.title for c in path.blocked]
    found = PlanProposal(
        policy=pack.policy, title=pack.title, filing_on=day, officer_id=firm.officer_id, steps=steps, short=short
    )
    return answer(found)


@router.get("/{plan_id}", response_model=FirmPlanOut, summary="一份一企一策")
async def read(uscc: Uscc, plan_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    return await _one(conn, await _firm(conn, uscc, viewer), plan_id)


@router.post("", response_model=FirmPlanOut, status_code=201, summary="立一份一企一策", openapi_extra=KEYED)
@once_only
async def make(uscc: Uscc, body: FirmPlanIn, deed: Planning, lookup: LookupDep) -> Response:
    firm, pack = await _firm(deed.conn, uscc, deed.viewer), pack_sought(lookup, body.policy)
    officer = body.officer_id or firm.officer_id or deed.viewer.id
    entry = _entry(body.filing_on, officer, body.note, body.steps, lookup, deed, firm)
    path = await path_to(deed.conn, firm, pack, entry.filing_on, deed.today)
    basis = basis_of(path, pack)
    made = await service.make_plan(
        deed.conn, firm, entry, policy=pack.policy, title=pack.title, basis=basis, by=deed.by, at=deed.at
    )
    return await _one(deed.conn, firm, made, status=201)


@router.patch("/{plan_id}", response_model=FirmPlanOut, summary="修改一企一策", openapi_extra=KEYED)
@once_only
async def revise(
    uscc: Uscc, plan_id: uuid.UUID, body: FirmPlanPatch, deed: Planning, lookup: LookupDep, if_match: IfMatch = None
) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    plan, version = await _held(deed.conn, firm, plan_id), version_needed(if_match)
    open_steps = [
        StepIn(action=s.action, due_on=f"{s.due_on}", condition=s.condition, id=s.id)
        for s in plan.steps
        if s.done_at is None
    ]
    filing, note = body.filing_on or f"{plan.filing_on}", plan.note if body.note is None else body.note
    steps = open_steps if body.steps is None else body.steps
    entry = _entry(filing, body.officer_id or plan.officer_id, note, steps, lookup, deed, firm, plan)
    await service.revise_plan(deed.conn, firm, plan.id, entry, version=version, by=deed.by, at=deed.at)
    return await _one(deed.conn, firm, plan.id)


@router.post("/{plan_id}/steps/{step_id}", response_model=FirmPlanOut, summary="标一步做完或没有", openapi_extra=KEYED)
@once_only
async def mark(uscc: Uscc, plan_id: uuid.UUID, step_id: uuid.UUID, body: FirmPlanMark, deed: Planning) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    await service.mark_step(deed.conn, firm, plan_id, step_id, done=body.done, by=deed.by, at=deed.at)
    return await _one(deed.conn, firm, plan_id)


@router.post("/{plan_id}/close", response_model=FirmPlanOut, summary="结束一企一策", openapi_extra=KEYED)
@once_only
async def close(uscc: Uscc, plan_id: uuid.UUID, body: FirmPlanEnd, deed: Planning) -> Response:
    firm = await _firm(deed.conn, uscc, deed.viewer)
    if body.state not in (PlanState.DONE, PlanState.DROPPED):
        raise Invalid({"state": "state 为 done 或 dropped。"})
    said = clean_text("reason", body.reason, longest=500, required="请写明结束的原因。")
    await service.close_plan(deed.conn, firm, plan_id, state=PlanState(body.state), reason=said, by=deed.by, at=deed.at)
    return await _one(deed.conn, firm, plan_id)


def _entry(
    filing_on: str,
    officer_id: uuid.UUID | None,
    note: str,
    steps: Sequence[StepIn],
    lookup: Lookup,
    deed: Deed,
    firm: FirmDetail,
    kept: Plan | None = None,
) -> PlanEntry:
    """As the form reads it. Raises Invalid with the body's own names."""
    raw = {"filing_on": filing_on, "officer_id": str(officer_id or ""), "note": note}
    for n, step in enumerate(steps):
        said = {"action": step.action, "due_on": step.due_on, "condition": step.condition, "step": str(step.id or "")}
        raw |= {f"{name}.{n}": value for name, value in said.items()}
    try:
        return read_plan(raw, lookup, deed.viewer, firm, today=deed.today, kept=kept)
    except Invalid as error:
        raise Invalid({_named(field): sentence for field, sentence in error.fields.items()}) from error


def _named(field: str) -> str:
    name, _, n = field.partition(".")
    return f"steps.{n}.{name}" if n else name
