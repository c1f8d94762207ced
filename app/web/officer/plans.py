"""一企一策: a firm's own plan for a title, with dates, a responsible officer, and what has been done of it."""

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments import plans as service
from app.assessments.gathering import gather_with_plans
from app.assessments.plan_queries import plan_of, plans_of
from app.assessments.queries import answers_for_firm
from app.assessments.terms import Plan, PlanState
from app.errors import AppError, Conflict, Invalid, NotFound
from app.firms.terms import FirmDetail, FirmStatus
from app.policy.paths import cheapest_path
from app.policy.terms import Case
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import clean_text
from app.web.gap_views import day_asked, next_sought
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.plan_input import (
    Row,
    basis_of,
    label_of,
    pack_sought,
    path_to,
    read_plan,
    rows_of_path,
    rows_of_plan,
    rows_still_open,
    rows_typed,
    with_blanks,
)
from app.web.responsible import officers_of
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Planner = Annotated[Viewer, Depends(guard(Permission.PLAN_EDIT))]
Planning = Annotated[Actor, Depends(acting(Permission.PLAN_EDIT))]


@router.get("/firms/{uscc}/plans")
async def plans_page(request: Request, uscc: str, viewer: Reader, conn: ConnDep, lookup: LookupDep) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    plans = await plans_of(conn, firm.id)
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/plans"),
        "open_plans": [plan for plan in plans if plan.state is PlanState.OPEN],
        "closed_plans": [plan for plan in plans if plan.state is not PlanState.OPEN],
        "answers": await answers_for_firm(conn, firm.id) if plans else {},
        "can_plan": viewer.may(Permission.PLAN_EDIT) and firm.status != FirmStatus.MERGED,
        "endings": [(s.value, s.label) for s in PlanState if s is not PlanState.OPEN],
    }
    return page(request, "officer/assessments/plans.html", title=f"{firm.name} 一企一策", **context)


@router.get("/firms/{uscc}/plans/new")
async def new_form(
    request: Request,
    uscc: str,
    viewer: Planner,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    policy: str = "",
    as_of: Annotated[date | None, Query()] = None,
) -> Response:
    """Begins with the cheapest path to the title by that day; without one, with empty rows. An open plan for the title
    is changed, not made again."""
    firm = await firm_in_sight(conn, uscc, viewer)
    pack, day = pack_sought(lookup, policy or next_sought(firm, lookup)), day_asked(as_of, today)
    gathered, plans = await gather_with_plans(conn, firm.id)
    if existing := plans.get(pack.policy):
        sentence = f"“{pack.title}”已有一份进行中的一企一策，请在原有的上面修改"
        return see_other(request, f"/firms/{firm.uscc}/plans/{existing}/edit", sentence)
    path = cheapest_path(pack, gathered.facts, as_of=day, today=today, case=Case.NEW)
    responsible = firm.officer_id or (viewer.id if viewer.id in lookup.officers else None)
    raw = {"filing_on": f"{day}", "officer_id": str(responsible or ""), "policy": pack.policy}
    rows, short = rows_of_path(path, today=today), [c.title for c in path.blocked]
    return _form(request, firm, lookup, viewer, raw, rows, pack.title, uuid.uuid4().hex, short=short)


@router.post("/firms/{uscc}/plans/new")
async def make(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Planning,
    key: KeyDep,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    raw, at = await _raw(request), clock.now()
    pack = pack_sought(lookup, raw.get("policy", ""))
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_plan(raw, lookup, actor.viewer, firm, today=today)
            path = await path_to(conn, firm, pack, entry.filing_on, today)
            basis = basis_of(path, pack)
            await service.make_plan(
                conn, firm, entry, policy=pack.policy, title=pack.title, basis=basis, by=actor, at=at
            )
            return slot.keep(see_other(request, f"/firms/{firm.uscc}/plans", f"已存为一企一策：{pack.title}"))
    except (Invalid, Conflict) as error:
        return _form(request, firm, lookup, actor.viewer, raw, rows_typed(raw), pack.title, key.value, error)


@router.get("/firms/{uscc}/plans/{plan_id}/edit")
async def edit_form(
    request: Request, uscc: str, plan_id: uuid.UUID, viewer: Planner, conn: ConnDep, lookup: LookupDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    plan = await _plan(conn, firm, plan_id)
    raw = {"filing_on": f"{plan.filing_on}", "officer_id": str(plan.officer_id or ""), "note": plan.note}
    raw["version"] = str(plan.version)
    return _form(request, firm, lookup, viewer, raw, rows_of_plan(plan), plan.title, "", plan=plan)


@router.post("/firms/{uscc}/plans/{plan_id}/edit")
async def revise(
    request: Request,
    uscc: str,
    plan_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Planning,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    plan, raw = await _plan(conn, firm, plan_id), await _raw(request)
    try:
        entry = read_plan(raw, lookup, actor.viewer, firm, today=today, kept=plan)
        version = int(raw["version"]) if re.fullmatch(r"\d{1,9}", raw.get("version", ""), re.ASCII) else 0
        await service.revise_plan(conn, firm, plan_id, entry, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        typed = rows_typed(raw)
        if isinstance(error, Conflict):
            # The form that comes back stands on what is there now, so that it can be saved once it was looked at.
            raw["version"], typed = str(plan.version), rows_still_open(typed, plan)
        return _form(request, firm, lookup, actor.viewer, raw, typed, plan.title, "", error, plan=plan)
    return see_other(request, f"/firms/{firm.uscc}/plans", "已保存")


@router.post("/firms/{uscc}/plans/{plan_id}/steps/{step_id}")
async def mark(
    request: Request,
    uscc: str,
    plan_id: uuid.UUID,
    step_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Planning,
    done: Annotated[str, Form()] = "true",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    await service.mark_step(conn, firm, plan_id, step_id, done=done == "true", by=actor, at=clock.now())
    return see_other(request, f"/firms/{firm.uscc}/plans", "已标为完成" if done == "true" else "已改回未完成")


@router.post("/firms/{uscc}/plans/{plan_id}/close")
async def close(
    request: Request,
    uscc: str,
    plan_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Planning,
    state: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    if state not in (PlanState.DONE, PlanState.DROPPED):
        raise Invalid({"state": "请选择已完成或已终止。"})
    said = clean_text("reason", reason, longest=500, required="请写明结束的原因。")
    await service.close_plan(conn, firm, plan_id, state=PlanState(state), reason=said, by=actor, at=clock.now())
    return see_other(request, f"/firms/{firm.uscc}/plans", "已结束这份一企一策")


async def _raw(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in (await request.form()).items()}


async def _plan(conn: ConnDep, firm: FirmDetail, plan_id: uuid.UUID) -> Plan:
    plan = await plan_of(conn, firm.id, plan_id)
    if plan is None:
        raise NotFound
    return plan


def _form(
    request: Request,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    raw: Mapping[str, str],
    rows: Sequence[Row],
    title: str,
    key: str,
    error: AppError | None = None,
    *,
    plan: Plan | None = None,
    short: Sequence[str] = (),
) -> Response:
    """`short`: what is still missed when every step is done."""
    faults = error.fields if isinstance(error, Invalid) else {}
    context: dict[str, Any] = {
        "firm": firm,
        "plan": plan,
        "overtaken": plan if isinstance(error, Conflict) else None,
        "title_of": title,
        "short": short,
        "values": {name: raw.get(name, "") for name in ("filing_on", "officer_id", "note", "policy", "version")},
        "rows": with_blanks(rows),
        "officers": officers_of(lookup, viewer, firm, plan),
        "faults": faults,
        "errors": [(name, label_of(name), sentence) for name, sentence in faults.items()],
        "sentence": error.sentence if error and not faults else "",
        "idempotency_key": key,
    }
    status = error.status if error else 200
    return page(request, "officer/assessments/plan_form.html", title=f"一企一策 {firm.name}", status=status, **context)
