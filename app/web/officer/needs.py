"""诉求: written down, followed, closed with what was answered."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound
from app.firms.terms import FirmDetail
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import error_context, raw_form, version_in
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.responsible import officers_of
from app.web.routing import Router
from app.web.security import safe_path
from app.web.templating import page
from app.web.work_input import ENDINGS, LABELS, read_ending, read_follow_up, read_need
from app.work import needs as service
from app.work.queries import need_of
from app.work.terms import Need, NeedKind, NeedState

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))]
Working = Annotated[Actor, Depends(acting(Permission.FIRM_NOTE))]


@router.get("/firms/{uscc}/needs/new")
async def new_form(request: Request, uscc: str, viewer: Worker, conn: ConnDep, lookup: LookupDep) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return _form(request, firm, lookup, viewer, {"officer_id": str(viewer.id)}, uuid.uuid4().hex)


@router.post("/firms/{uscc}/needs/new")
async def write_down(
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
            raised = read_need(raw, lookup, actor.viewer, firm, today=today)
            made = await service.raise_need(conn, firm, raised, raised_on=today, by=actor, at=at)
            said = f"已记录诉求{made.told.sentence}"
            return slot.keep(see_other(request, f"/firms/{firm.uscc}/work#h-needs", said))
    except (Invalid, Conflict) as error:
        return _form(request, firm, lookup, actor.viewer, raw, key.value, error)


@router.get("/firms/{uscc}/needs/{need_id}")
async def need_page(
    request: Request, uscc: str, need_id: uuid.UUID, viewer: Reader, conn: ConnDep, lookup: LookupDep
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    return _one(request, firm, lookup, viewer, await _need(conn, firm, need_id), {})


@router.post("/firms/{uscc}/needs/{need_id}/follow")
async def follow(
    request: Request,
    uscc: str,
    need_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Working,
    key: KeyDep,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    need, raw, at = await _need(conn, firm, need_id), await raw_form(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            body, officer_id, due_on = read_follow_up(raw, lookup, actor.viewer, firm, today=today, kept=need)
            told = await service.follow_need(
                conn, firm, need.id, body=body, officer_id=officer_id, due_on=due_on, by=actor, at=at
            )
            said = f"已记录办理情况{told.sentence}"
            return slot.keep(see_other(request, f"/firms/{firm.uscc}/needs/{need.id}", said))
    except (Invalid, Conflict) as error:
        return _one(request, firm, lookup, actor.viewer, need, raw, error)


@router.post("/firms/{uscc}/needs/{need_id}/close")
async def close(
    request: Request,
    uscc: str,
    need_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Working,
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    need, raw = await _need(conn, firm, need_id), await raw_form(request)
    try:
        state, answer = read_ending(raw)
        await service.close_need(
            conn, firm, need.id, state=state, answer=answer, version=version_in(raw), by=actor, at=clock.now()
        )
    except (Invalid, Conflict) as error:
        return _one(request, firm, lookup, actor.viewer, need, raw, error)
    home = safe_path(raw["back"]) if raw.get("back") else f"/firms/{firm.uscc}/work#h-needs"
    return see_other(request, home, f"诉求{state.label}：{firm.name}")


async def _need(conn: ConnDep, firm: FirmDetail, need_id: uuid.UUID) -> Need:
    need = await need_of(conn, firm.id, need_id)
    if need is None:
        raise NotFound
    return need


def _form(
    request: Request,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    raw: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/work"),
        "values": {name: raw.get(name, "") for name in ("kind", "body", "due_on", "officer_id")},
        "kinds": [("", "请选择"), *NeedKind.options()],
        "officers": officers_of(lookup, viewer, firm),
        "idempotency_key": key,
        **error_context(error, {**LABELS, "kind": "诉求类别"}),
    }
    status = error.status if error else 200
    return page(request, "officer/desk/need_new.html", title=f"诉求 {firm.name}", status=status, **context)


def _one(
    request: Request,
    firm: FirmDetail,
    lookup: Lookup,
    viewer: Viewer,
    need: Need,
    raw: Mapping[str, str],
    error: AppError | None = None,
) -> Response:
    """What was typed stays; the version is that of what is shown now, so that a stale form can be sent after a look."""
    kept = {"officer_id": str(need.officer_id or ""), "due_on": f"{need.due_on or ''}"}
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/work"),
        "need": need,
        "open": need.state is NeedState.OPEN,
        "values": {name: raw.get(name, kept.get(name, "")) for name in (*kept, "body", "state", "answer", "back")},
        "officers": officers_of(lookup, viewer, firm, need),
        "endings": ENDINGS,
        "can_work": viewer.may(Permission.FIRM_NOTE),
        "idempotency_key": uuid.uuid4().hex,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    title = f"{need.kind.label}诉求 {firm.name}"
    return page(request, "officer/desk/need.html", title=title, status=status, **context)
