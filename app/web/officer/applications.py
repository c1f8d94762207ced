"""Who is in a window and how far: the board and the list, whom it proposes, and one application with its steps."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.assessments.proposing import Ground, proposals
from app.errors import AppError, Conflict, Invalid, NotFound, Refused, Stale
from app.filings import applications, checking
from app.filings.applying import advance, list_firms
from app.filings.queries import programme_by_code, window_by_id
from app.filings.stages import DECIDED, NEXT, WALK, Application, Stage
from app.filings.terms import Window
from app.text import halve
from app.web.application_input import LABELS, read_check, read_step
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.application_story import story
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Worker = Annotated[Actor, Depends(acting(Permission.FILING_WORK))]
Keeper = Annotated[Actor, Depends(acting(Permission.FILING_KEEP))]
CARDS, ROWS = 30, 100
_MOST = 200


async def _window(conn: ConnDep, window_id: uuid.UUID, viewer: Viewer) -> Window:
    window = await window_by_id(conn, window_id, viewer=viewer)
    if window is None:
        raise NotFound
    return window


@router.get("/filings/{window_id}/applications")
async def board(
    request: Request,
    window_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Reader,
    view: Annotated[str, Query(max_length=10)] = "",
    stage: Annotated[str, Query(max_length=20)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    cursor: uuid.UUID | None = None,
) -> Response:
    window = await _window(conn, window_id, viewer)
    return await _board_page(
        request, conn, lookup, window, viewer, listing=view == "list", stage=stage, region=region, cursor=cursor
    )


async def _board_page(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    window: Window,
    viewer: Viewer,
    *,
    listing: bool = False,
    stage: str = "",
    region: str = "",
    cursor: uuid.UUID | None = None,
    typed: str = "",
    error: AppError | None = None,
) -> Response:
    towns = await applications.by_town(conn, window.id, viewer=viewer)
    totals = {s: sum(t.counts.get(s, 0) for t in towns) for s in Stage}
    columns: list[tuple[Stage, int, list[Application]]] = []
    rows: list[Application] = []
    if listing:
        rows = await applications.in_window(
            conn, window.id, viewer=viewer, stage=stage, region=region, after=cursor, limit=ROWS + 1
        )
    else:
        found = await applications.by_stage(conn, window.id, viewer=viewer, limit=CARDS)
        columns = [(s, totals[s], found[s]) for s in Stage if s in WALK or totals[s]]
    programme = await programme_by_code(conn, window.programme)
    proposed = await proposals(conn, window, programme, viewer=viewer) if viewer.may(Permission.FILING_WORK) else []
    context: dict[str, Any] = {
        "window": window,
        "programme": programme,
        "listing": listing,
        "stage": stage,
        "region": region,
        "stages": [("", "全部阶段"), *Stage.options()],
        "towns_filter": [("", "全部镇街"), *((t.region_code, lookup.reference.region(t.region_code)) for t in towns)],
        "columns": columns,
        "rows": rows[:ROWS],
        "next_cursor": str(rows[ROWS - 1].id) if len(rows) > ROWS else "",
        "towns": towns,
        "totals": totals,
        "total": sum(totals.values()),
        "shown_stages": [s for s in Stage if s in WALK or totals[s]],
        "proposals": [(g, firms) for g in Ground if (firms := [p for p in proposed if p.ground is g])],
        "name_of": lookup.reference.region,
        "can_work": viewer.may(Permission.FILING_WORK),
        "can_draw": viewer.may(Permission.FILING_KEEP),
        "typed": typed,
        "fault": error.sentence if error else "",
    }
    status = error.status if error else 200
    title = f"申报企业 {window.name}"
    return page(request, "officer/filings/applications.html", title=title, status=status, **context)


@router.post("/filings/{window_id}/applications")
async def add(
    request: Request,
    window_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Worker,
    uscc: Annotated[list[str] | None, Form()] = None,
) -> Response:
    window = await _window(conn, window_id, actor.viewer)
    codes = list(dict.fromkeys(halve(code).upper() for code in uscc or () if code.strip()))
    try:
        if not codes or len(codes) > _MOST:
            raise Invalid({}, f"请填写信用代码，或在建议里勾选企业；一次最多 {_MOST} 家。")
        made = await list_firms(conn, window_id, codes, by=actor, at=clock.now())
    except (Invalid, Conflict, Refused, NotFound) as error:
        typed = codes[0] if len(codes) == 1 else ""
        return await _board_page(request, conn, lookup, window, actor.viewer, typed=typed, error=error)
    return see_other(request, f"/filings/{window_id}/applications", f"已列入 {len(made)} 家企业")


@router.post("/filings/{window_id}/applications/draw")
async def draw(request: Request, window_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    """随机抽查: the sample that the notice asks of every batch."""
    window = await _window(conn, window_id, actor.viewer)
    programme = await programme_by_code(conn, window.programme)
    if not any(check["code"] == "random" for check in programme.field_checks):
        raise Refused(f"{programme.label}没有随机抽查的规定。")
    drawn = await checking.draw(conn, window_id, by=actor, at=clock.now())
    said = f"抽中 {drawn} 家，须实地核查" if drawn else "抽查的比例已经够了"
    return see_other(request, f"/filings/{window_id}/applications", said)


async def _one(conn: ConnDep, application_id: uuid.UUID, viewer: Viewer) -> Application:
    found = await applications.application_by_id(conn, application_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


@router.get("/filings/applications/{application_id}")
async def application_page(
    request: Request, application_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, today: TodayDep, viewer: Reader
) -> Response:
    found = await _one(conn, application_id, viewer)
    return await _page(request, conn, lookup, found, viewer, {"on": today.isoformat(), "check_on": today.isoformat()})


async def _page(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    application: Application,
    viewer: Viewer,
    values: dict[str, str],
    *,
    sent: str = "",
    error: AppError | None = None,
) -> Response:
    """`sent` is the form that was sent: "step" or "check"; its faults stand in it."""
    window = await _window(conn, application.window_id, viewer)
    programme = await programme_by_code(conn, window.programme)
    decides, works = viewer.may(Permission.FILING_KEEP), viewer.may(Permission.FILING_WORK)
    faults = error.fields if isinstance(error, Invalid) else {}
    context: dict[str, Any] = {
        "a": application,
        "window": window,
        "programme": programme,
        "region": lookup.reference.region(application.region_code),
        "walk": WALK,
        "steps": [s for s in NEXT[application.stage] if works and (decides or s not in DECIDED)],
        "events": story(await applications.events_of(conn, application.id), programme),
        "officers": [("", "未指定"), *((str(i), o.name) for i, o in lookup.officers_for(viewer).items())],
        "can_work": works,
        "values": {field: values.get(field, "") for field in (*LABELS, "passed")},
        "faults": faults,
        "sent": sent,
        "errors": [(f"{sent}-{field}", LABELS.get(field, ""), said) for field, said in faults.items()],
        "sentence": error.sentence if error and not faults else "",
        "reasons": error.reasons if isinstance(error, Refused) else [],
    }
    status = error.status if error else 200
    title = f"{application.firm_name} {window.name}"
    return page(request, "officer/filings/application.html", title=title, status=status, **context)


async def _raw(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=80, max_files=0)
    return {k: v for k, v in form.items() if isinstance(v, str)}


async def _answered(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    application_id: uuid.UUID,
    viewer: Viewer,
    done: Callable[[dict[str, str], int | None], Any],
    *,
    form: str,
    said: str,
) -> Response:
    """Does what a form of the page asks for; what is wrong with it comes back on the page."""
    before = await _one(conn, application_id, viewer)
    raw = await _raw(request)
    expected = int(raw["expected"]) if raw.get("expected", "").isdecimal() and len(raw["expected"]) < 10 else None
    try:
        await done(raw, expected)
    except (Invalid, Refused, Stale, Conflict) as error:
        return await _page(request, conn, lookup, before, viewer, raw, sent=form, error=error)
    return see_other(request, f"/filings/applications/{application_id}", said)


@router.post("/filings/applications/{application_id}/advance")
async def step(
    request: Request,
    application_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
) -> Response:
    async def done(raw: dict[str, str], expected: int | None) -> None:
        found = await _one(conn, application_id, actor.viewer)
        programme = await programme_by_code(conn, (await _window(conn, found.window_id, actor.viewer)).programme)
        asked = read_step(raw, certificate=programme.certificate, expected=expected, today=today)
        await advance(conn, application_id, asked, by=actor, at=clock.now())

    return await _answered(request, conn, lookup, application_id, actor.viewer, done, form="step", said="已登记")


@router.post("/filings/applications/{application_id}/materials")
async def materials(
    request: Request, application_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Worker
) -> Response:
    ready = [str(v) for v in (await request.form(max_fields=80, max_files=0)).getlist("ready")]

    async def done(_: dict[str, str], expected: int | None) -> None:
        await checking.tick_materials(conn, application_id, ready, expected=expected, by=actor, at=clock.now())

    return await _answered(
        request, conn, lookup, application_id, actor.viewer, done, form="materials", said="材料清单已保存"
    )


@router.post("/filings/applications/{application_id}/check")
async def check(
    request: Request,
    application_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Worker,
) -> Response:
    """Which cases apply, or what was found: the button says which."""
    wanted = [str(v) for v in (await request.form(max_fields=80, max_files=0)).getlist("case")]

    async def done(raw: dict[str, str], expected: int | None) -> None:
        given: dict[str, Any] = {"expected": expected, "by": actor, "at": clock.now()}
        if raw.get("what") == "cases":
            await checking.demand_check(conn, application_id, wanted, **given)
        else:
            found = read_check(raw, who=actor.viewer.name, today=today)
            await checking.record_check(conn, application_id, found, **given)

    return await _answered(
        request, conn, lookup, application_id, actor.viewer, done, form="check", said="核查记录已保存"
    )


@router.post("/filings/applications/{application_id}/officer")
async def officer(
    request: Request, application_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Worker
) -> Response:
    async def done(raw: dict[str, str], expected: int | None) -> None:
        chosen = raw.get("officer_id", "")
        known = {str(i): i for i in lookup.officers_for(actor.viewer)}
        if chosen and chosen not in known:
            raise Invalid({"officer_id": "没有这位专员。"})
        await checking.assign(conn, application_id, known.get(chosen), expected=expected, by=actor, at=clock.now())

    return await _answered(
        request, conn, lookup, application_id, actor.viewer, done, form="officer", said="责任人已保存"
    )
