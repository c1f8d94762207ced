"""批量办理: one thing with many firms of a list, looked at first, done, and taken back as a whole."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.bulk import queries, service
from app.bulk.queries import Act
from app.bulk.terms import ActState, LineOutcome
from app.db import Conn
from app.errors import AppError, Invalid, NotFound
from app.firms.queries import count_firms
from app.web.bulk_input import LABELS, bulk_options, kit_of, read_change, read_choice
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.filters import address
from app.web.forms import error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, KeyReused, once
from app.web.lookups import Lookup
from app.web.officer.bulk_views import ChosenView, act_view, choices, line_view, list_of, tabs, words_of
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_BULK))]
Doer = Annotated[Actor, Depends(acting(Permission.FIRM_BULK))]


@router.get("/bulk")
async def list_page(
    request: Request, viewer: Reader, conn: ConnDep, lookup: LookupDep, before: uuid.UUID | None = None
) -> Response:
    found = await queries.list_acts(conn, viewer=viewer, before=before, limit=queries.PAGE + 1)
    shown = found[: queries.PAGE]
    context: dict[str, Any] = {
        "acts": [act_view(act, lookup, viewer) for act in shown],
        "next_href": f"/bulk?before={shown[-1].id}" if len(found) > len(shown) else None,
        "prev_href": "/bulk" if before else None,
    }
    return page(request, "officer/bulk/list.html", title="批量办理", **context)


@router.get("/bulk/new")
async def new_form(
    request: Request,
    viewer: Reader,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    query: Annotated[str, Query(max_length=2000)] = "",
    pick: Annotated[list[str] | None, Query(max_length=250)] = None,
    all: Annotated[str, Query(max_length=5)] = "",
    kind: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What is to be done with the firms that were chosen in the list."""
    raw = {"query": query, "pick": " ".join(pick or ()), "all": all, "kind": kind}
    return await _form(request, conn, lookup, viewer, today, {**raw, "effective_on": f"{today}"})


async def _form(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    viewer: Viewer,
    today: date,
    raw: Mapping[str, str],
    *,
    error: AppError | None = None,
) -> Response:
    found = await _chosen(conn, lookup, viewer, today, raw)
    kinds = bulk_options(viewer)
    kind = raw.get("kind", "") if raw.get("kind") in dict(kinds) else ""
    context: dict[str, Any] = {
        "found": found,
        "kinds": kinds,
        "kind": kind,
        "values": {name: raw.get(name, "") for name in LABELS},
        "idempotency_key": raw.get("idempotency_key") or uuid.uuid4().hex,
        **choices(lookup, viewer, await queries.tags_of(conn, viewer=viewer) if kind.startswith("tag") else []),
        **error_context(error, LABELS),
    }
    return page(request, "officer/bulk/new.html", title="批量办理", status=error.status if error else 200, **context)


async def _chosen(conn: Conn, lookup: Lookup, viewer: Viewer, today: date, raw: Mapping[str, str]) -> ChosenView:
    everything = bool(raw.get("all"))
    whole = read_choice(raw.get("query", ""), [], True, viewer)
    codes = read_choice("", [raw.get("pick", "")], False, viewer).codes
    assert whole.filters is not None
    return ChosenView(
        query=whole.query,
        codes="" if everything else " ".join(codes),
        everything=everything,
        words=words_of(whole.query, lookup, viewer),
        picked=len(set(codes)),
        n=await count_firms(conn, whole.filters, viewer=viewer, today=today, limit=None),
        list_href=address("/firms", whole.filters),
        exports=[
            (label, address(path, whole.filters, pick=None if everything else " ".join(codes)))
            for label, path in (("Excel", "/firms/export.xlsx"), ("CSV", "/firms/export.csv"))
        ],
    )


@router.post("/bulk")
async def prepare(
    request: Request, conn: ConnDep, lookup: LookupDep, clock: ClockDep, today: TodayDep, actor: Doer, key: KeyDep
) -> Response:
    raw, at, viewer = await raw_form(request), clock.now(), actor.viewer
    try:
        async with once(conn, key, viewer=viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            change = read_change(raw, lookup, viewer, today=today)
            choice = read_choice(raw.get("query", ""), [raw.get("pick", "")], bool(raw.get("all")), viewer)
            kit = await kit_of(conn, lookup)
            made = await service.prepare(conn, choice, change, kit=kit, by=actor, today=today, at=at)
            return slot.keep(see_other(request, f"/bulk/{made}"))
    except Invalid as error:
        if isinstance(error, KeyReused):
            raise
        return await _form(request, conn, lookup, viewer, today, raw, error=error)


@router.get("/bulk/{act_id}")
async def act_page(
    request: Request,
    act_id: uuid.UUID,
    viewer: Reader,
    conn: ConnDep,
    lookup: LookupDep,
    outcome: Annotated[str, Query(max_length=20)] = "",
    after: uuid.UUID | None = None,
) -> Response:
    act = await _in_sight(conn, act_id, viewer)
    counts = await queries.counts_of(conn, act_id)
    lines = []
    if not act.state.busy:
        lines = await queries.lines_of(
            conn, act_id, viewer=viewer, outcome=outcome, after=after, limit=queries.PAGE + 1
        )
    shown = lines[: queries.PAGE]
    here = f"/bulk/{act_id}?" + (f"outcome={outcome}&" if outcome else "")
    mine, may = act.created_by == viewer.id, viewer.may(act.kind.permission)
    context: dict[str, Any] = {
        "act": act_view(act, lookup, viewer),
        "counts": [(o.label, n) for o, n in counts.items()],
        "writes": sum(counts.get(o, 0) for o in (LineOutcome.CHANGES, LineOutcome.ASKS)),
        "doubtful": await queries.doubtful(conn, act_id) if act.state is ActState.PREVIEW else 0,
        "left": _left(act, counts),
        "tabs": tabs(act, counts, outcome),
        "lines": [line_view(line, lookup) for line in shown],
        "next_href": f"{here}after={shown[-1].firm_id}" if len(lines) > len(shown) else None,
        "prev_href": here.rstrip("?&") if after else None,
        "can_confirm": mine and may,
        "can_discard": service.may_discard(act, viewer),
        "can_undo": may and any(counts.get(o) for o in (LineOutcome.DONE, LineOutcome.ASKED)),
    }
    return page(request, "officer/bulk/act.html", title=f"批量办理 {act.kind.label}", **context)


def _left(act: Act, counts: Mapping[LineOutcome, int]) -> int:
    """How many firms the step that is going on has not come to."""
    waiting = {
        ActState.CHECKING: (LineOutcome.UNCHECKED,),
        ActState.APPLYING: (LineOutcome.CHANGES, LineOutcome.ASKS),
        ActState.UNDOING: (LineOutcome.DONE, LineOutcome.ASKED),
    }.get(act.state, ())
    return sum(counts.get(outcome, 0) for outcome in waiting)


@router.get("/bulk/{act_id}/progress")
async def progress(request: Request, act_id: uuid.UUID, viewer: Reader, conn: ConnDep, lookup: LookupDep) -> Response:
    """What the page asks for every second while the worker is at it; at the end it loads itself anew."""
    act = await _in_sight(conn, act_id, viewer)
    left = _left(act, await queries.counts_of(conn, act_id))
    headers = {} if act.state.busy else {"hx-redirect": f"/bulk/{act_id}"}
    shown = act_view(act, lookup, viewer)
    return fragment(request, "officer/bulk/_progress.html", headers=headers, act=shown, left=left)


async def _in_sight(conn: Conn, act_id: uuid.UUID, viewer: Viewer) -> Act:
    act = await queries.act_by_id(conn, act_id, viewer=viewer)
    if act is None:
        raise NotFound
    return act


@router.post("/bulk/{act_id}/confirm")
async def confirm(
    request: Request, act_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Doer
) -> Response:
    act = await service.confirm(conn, act_id, kit=await kit_of(conn, lookup), by=actor, at=clock.now())
    return see_other(request, f"/bulk/{act_id}", await _told(conn, act))


@router.post("/bulk/{act_id}/discard")
async def discard(request: Request, act_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Doer) -> Response:
    act = await service.discard(conn, act_id, by=actor, at=clock.now())
    return see_other(
        request,
        list_of(act.query) or "/firms",
        "已放弃，什么也没有改",
    )


@router.post("/bulk/{act_id}/undo")
async def undo(
    request: Request, act_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, clock: ClockDep, actor: Doer
) -> Response:
    act = await service.ask_undo(conn, act_id, kit=await kit_of(conn, lookup), by=actor, at=clock.now())
    return see_other(request, f"/bulk/{act_id}", await _told(conn, act))


async def _told(conn: Conn, act: Act) -> str:
    """What came of every firm: a word for the whole would hide those that were left out."""
    if act.state.busy:
        return act.state.label
    return "，".join(f"{o.label} {n} 家" for o, n in (await queries.counts_of(conn, act.id)).items())
