"""走访: the brief before it and the form after it, and the leaf of a firm's file that holds all of the work."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.attachments.queries import attachments_of
from app.attachments.terms import ObjectKind
from app.errors import AppError, Conflict, Invalid
from app.firms.following import follows
from app.firms.terms import FirmDetail, FirmStatus
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import clean_text, error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.responsible import officers_of
from app.web.routing import Router
from app.web.templating import page
from app.web.visit_brief import brief_of, work_context, work_of
from app.web.work_input import LABELS, read_next_touch, read_visit
from app.work.terms import NeedKind, TaskState, VisitKind
from app.work.visits import log_visit, set_next_touch, strike_visit

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Visitor = Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))]
Visiting = Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))]
_FIELDS = ("visited_on", "kind", "people", "summary", "ours", "theirs", "next_touch_on", "need", "need_kind")


@router.get("/firms/{uscc}/work")
async def work_page(
    request: Request, uscc: str, viewer: Reader, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return await _leaf(request, conn, firm, lookup, viewer, today)


async def _leaf(
    request: Request,
    conn: ConnDep,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    today: date,
    error: AppError | None = None,
) -> Response:
    work = await work_of(conn, firm)
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/work"),
        **work_context(work, firm, viewer, today),
        "brief": await brief_of(request, conn, lookup, firm, viewer, today=today),
        "visits": work.visits,
        "files": await attachments_of(conn, ObjectKind.VISIT, [v.id for v in work.visits]),
        "tasks": work.open_tasks,
        "closed_tasks": [t for t in work.tasks if t.state is not TaskState.OPEN],
        "needs": work.needs,
        "can_work": viewer.may(Permission.FIRM_NOTE) and firm.status != FirmStatus.MERGED,
        "followed": await follows(conn, firm.id, viewer=viewer),
        "officers": officers_of(lookup, viewer, firm),
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/desk/leaf.html", title=f"{firm.name} 走访与任务", status=status, **context)


@router.post("/firms/{uscc}/next-touch")
async def next_touch(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Visiting,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    try:
        on = read_next_touch(await raw_form(request), today=today)
    except Invalid as error:
        return await _leaf(request, conn, firm, lookup, actor.viewer, today, error)
    await set_next_touch(conn, firm, on, by=actor, at=clock.now())
    return see_other(request, f"/firms/{firm.uscc}/work", f"下次联系：{on}" if on else "没有约定下次联系")


@router.get("/firms/{uscc}/visits/new")
async def new_form(
    request: Request, uscc: str, viewer: Visitor, conn: ConnDep, lookup: LookupDep, today: TodayDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    primary = firm.contacts[0].name if firm.contacts else ""
    raw = {"visited_on": f"{today}", "kind": VisitKind.ON_SITE.value, "people": primary}
    return await _form(request, conn, firm, lookup, viewer, today, raw, uuid.uuid4().hex)


@router.post("/firms/{uscc}/visits/new")
async def log(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Visiting,
    key: KeyDep,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    raw, at = await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_visit(raw, today=today)
            made = await log_visit(conn, firm, entry, ladder=lookup.main, calendar=lookup.calendar, by=actor, at=at)
            said = f"已记录{entry.kind.label}；下次联系 {entry.next_touch_on}" if entry.next_touch_on else "已记录"
            # The papers on the table are photographed while one still stands before them.
            on = f"/files/on/visit/{made.id}" if raw.get("then") == "photo" else f"/firms/{firm.uscc}/work"
            return slot.keep(see_other(request, on, said + made.told.sentence))
    except (Invalid, Conflict) as error:
        return await _form(request, conn, firm, lookup, actor.viewer, today, raw, key.value, error)


@router.post("/firms/{uscc}/visits/{visit_id}/strike")
async def strike(
    request: Request,
    uscc: str,
    visit_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Visiting,
    reason: Annotated[str, Form()] = "",
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    said = clean_text("reason", reason, longest=500, required="请写明作废的原因。")
    await strike_visit(conn, firm, visit_id, reason=said, by=actor, at=clock.now())
    return see_other(request, f"/firms/{firm.uscc}/work", "已作废这条走访")


async def _form(
    request: Request,
    conn: ConnDep,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    today: date,
    raw: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/work"),
        **work_context(await work_of(conn, firm), firm, viewer, today),
        "brief": await brief_of(request, conn, lookup, firm, viewer, today=today),
        "values": {name: raw.get(name, "") for name in _FIELDS},
        "kinds": VisitKind.options(),
        "need_kinds": NeedKind.options(),
        "idempotency_key": key,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/desk/visit.html", title=f"走访 {firm.name}", status=status, **context)
