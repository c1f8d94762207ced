"""One filing window: its dates and their history, and the forms that confirm, extend, correct, close or withdraw it."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound, Refused, Stale
from app.filings.queries import earlier_years, list_programmes, versions_of, window_by_id
from app.filings.rules import LIVE, days_left, phase_on
from app.filings.service import add_window, revise
from app.filings.terms import NATION, Milestone, Notice, Window, WindowChange, WindowState
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.filters import options
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page
from app.web.window_input import GRADES, LABELS, read_change, read_revision, read_window

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_READ))]
Formed = Annotated[Viewer, Depends(guard(Permission.FILING_KEEP))]
Keeper = Annotated[Actor, Depends(acting(Permission.FILING_KEEP))]
_FORMS = {
    WindowChange.CONFIRMED: "按通知确认",
    WindowChange.EXTENDED: "登记延期",
    WindowChange.CORRECTED: "更正",
}
_DONE = {
    WindowChange.CONFIRMED: "已确认",
    WindowChange.EXTENDED: "已登记延期",
    WindowChange.CORRECTED: "已更正",
    WindowChange.CLOSED: "已关闭",
    WindowChange.WITHDRAWN: "已撤回确认",
}


async def _in_sight(conn: ConnDep, window_id: uuid.UUID, viewer: Viewer) -> Window:
    window = await window_by_id(conn, window_id, viewer=viewer)
    if window is None:
        raise NotFound
    return window


async def _earlier(conn: ConnDep, window: Window, viewer: Viewer) -> Window | None:
    found = await earlier_years(conn, viewer=viewer, before=window.year, programme=window.programme)
    return found.get((window.programme, window.batch, window.region))


def possible(state: WindowState) -> list[WindowChange]:
    """The forms that a window's page offers, the likeliest first."""
    if state is WindowState.REFERENCE:
        return [WindowChange.CONFIRMED]
    return [WindowChange.EXTENDED, WindowChange.CORRECTED]


@router.get("/filings/new")
async def new_form(request: Request, conn: ConnDep, lookup: LookupDep, today: TodayDep, viewer: Formed) -> Response:
    values = {"year": str(today.year), "batch": "0", "region": "440000"}
    return await _new_page(request, conn, lookup, viewer, values, uuid.uuid4().hex)


@router.post("/filings/new")
async def add(
    request: Request, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Keeper, key: KeyDep
) -> Response:
    raw, at = await _raw(request), clock.now()
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            made = await add_window(conn, read_window(raw), by=actor, at=at)
            return slot.keep(see_other(request, f"/filings/{made}", "已新增申报窗口"))
    except (Invalid, Conflict) as error:
        return await _new_page(request, conn, lookup, actor.viewer, raw, key.value, error)


async def _new_page(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    viewer: Viewer,
    values: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    names = lookup.reference.regions
    above = [code for code in (viewer.scope[:2] + "0000", viewer.scope[:4] + "00", viewer.scope[:6]) if code in names]
    towns = [pair for pair in options(lookup, viewer)["regions"] if pair[0]]
    context: dict[str, Any] = {
        "programmes": [("", "请选择"), *((p.code, p.label) for p in await list_programmes(conn))],
        "regions": [(NATION, "全国"), *((code, names[code]) for code in above), *towns],
        "idempotency_key": key,
        **_form(values, error),
    }
    status = error.status if error else 200
    return page(request, "officer/filings/new.html", title="新增申报窗口", status=status, **context)


@router.get("/filings/{window_id}")
async def window_page(
    request: Request, window_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, today: TodayDep, viewer: Reader
) -> Response:
    return await _window_page(request, conn, lookup, today, await _in_sight(conn, window_id, viewer), viewer)


async def _window_page(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    today: TodayDep,
    window: Window,
    viewer: Viewer,
    error: AppError | None = None,
) -> Response:
    planned = window.state is WindowState.REFERENCE
    live = window.state in LIVE
    left = {m: days_left(lookup.calendar, today, day) for m, day in window.dates.given.items()}
    context: dict[str, Any] = {
        "window": window,
        "phase": phase_on(today, state=window.state, dates=window.dates),
        "region": "全国" if window.region == NATION else lookup.reference.region(window.region),
        "milestones": [(m, window.dates.on(m), left.get(m) if live else None) for m in Milestone],
        "assumed": live and any(assumed for _, _, assumed in left.values()),
        "earlier": await _earlier(conn, window, viewer) if planned else None,
        "versions": await versions_of(conn, window.id),
        "forms": [(c, _FORMS[c]) for c in possible(window.state)] if viewer.may(Permission.FILING_KEEP) else [],
        "can_follow": viewer.may(Permission.FIRM_INTERNAL),
        "error_title": error.title if error else "",
        "sentence": "".join(error.fields.values()) if isinstance(error, Invalid) else error.sentence if error else "",
    }
    status = error.status if error else 200
    return page(request, "officer/filings/window.html", title=window.name, status=status, **context)


@router.get("/filings/{window_id}/change")
async def change_form(
    request: Request,
    window_id: uuid.UUID,
    conn: ConnDep,
    viewer: Formed,
    kind: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    window = await _in_sight(conn, window_id, viewer)
    offered = possible(window.state)
    change = next((c for c in offered if c.value == kind), offered[0])
    notice = window.notice
    if change is WindowChange.EXTENDED:
        # An extension comes with a notice of its own.
        notice = Notice(remark=notice.remark)
    values = {k: str(v) for k, v in window.dates.to_json().items()}
    values |= {"document": notice.document, "address": notice.address, "remark": notice.remark}
    return await _change_page(request, conn, window, viewer, change, values, window.version, uuid.uuid4().hex)


@router.post("/filings/{window_id}/change")
async def change(
    request: Request,
    window_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Keeper,
    key: KeyDep,
    kind: Annotated[str, Form(max_length=20)] = "",
    expected: Annotated[int | None, Form()] = None,
) -> Response:
    window = await _in_sight(conn, window_id, actor.viewer)
    raw, at, wanted = await _raw(request), clock.now(), read_change(kind)
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            await revise(conn, window_id, read_revision(raw, wanted, expected), by=actor, at=at)
            return slot.keep(see_other(request, f"/filings/{window_id}", f"{window.name}{_DONE[wanted]}"))
    except (Invalid, Refused, Stale) as error:
        if wanted not in _FORMS or (isinstance(error, Stale) and wanted not in possible(window.state)):
            return await _window_page(request, conn, lookup, today, window, actor.viewer, error)
        version = window.version if isinstance(error, Stale) else expected
        return await _change_page(request, conn, window, actor.viewer, wanted, raw, version, key.value, error)


async def _change_page(
    request: Request,
    conn: ConnDep,
    window: Window,
    viewer: Viewer,
    change: WindowChange,
    values: Mapping[str, str],
    version: int | None,
    key: str,
    error: AppError | None = None,
) -> Response:
    context: dict[str, Any] = {
        "window": window,
        "change": change,
        "heading": _FORMS[change],
        "expected": version,
        "earlier": await _earlier(conn, window, viewer) if window.state is WindowState.REFERENCE else None,
        "idempotency_key": key,
        **_form(values, error),
    }
    status = error.status if error else 200
    title = f"{_FORMS[change]} {window.name}"
    return page(request, "officer/filings/change.html", title=title, status=status, **context)


def _form(values: Mapping[str, str], error: AppError | None) -> dict[str, Any]:
    faults = error.fields if isinstance(error, Invalid) else {}
    sentence = error.sentence if error and not faults else ""
    return {
        "values": {field: values.get(field, "") for field in LABELS} | {"grade": values.get("grade") or ""},
        "grades": [("", "请选择"), *((g.value, g.label) for g in GRADES)],
        "milestones": [(m.value, m.label) for m in Milestone],
        "faults": faults,
        "errors": [(field, LABELS.get(field, ""), said) for field, said in faults.items()],
        "sentence": sentence,
    }


async def _raw(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=30, max_files=0)
    return {k: v for k, v in form.items() if isinstance(v, str)}
