"""工作移交: looked at first, then done at once."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Role, Viewer
from app.errors import AppError, Invalid, NotFound, Stale
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.filters import status_label
from app.web.forms import clean_text, error_context, raw_form
from app.web.handover_input import caution_of, named_in, pair_of
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, KeyReused, once
from app.web.routing import Router
from app.web.templating import page
from app.work.handed import list_given
from app.work.handing import PAGE, pieces
from app.work.handover import Opening, Person, hand_over, opening, people
from app.work.terms import WorkKind

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.HANDOVER))]
Giver = Annotated[Actor, Depends(acting(Permission.HANDOVER))]
_FIELDS = {"giver": "移交人", "taker": "接手人", "reason": "原因"}
Id = Annotated[str, Query(max_length=40)]


@router.get("/handover")
async def handover_page(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    viewer: Reader,
    giver: Id = "",
    taker: Id = "",
    before: uuid.UUID | None = None,
) -> Response:
    """With both named, what would go over; else also what has been handed over."""
    known = await people(conn, viewer=viewer)
    giver = giver or ("" if viewer.role is Role.MANAGER else str(viewer.id))
    if not taker:
        earlier = await list_given(conn, viewer=viewer, before=before)
        more = f"/handover?before={earlier[PAGE - 1].id}" if len(earlier) > PAGE else None
        at: dict[str, Any] = {
            "earlier": earlier[:PAGE],
            "next_href": more,
            "prev_href": "/handover" if before else None,
        }
        return _page(request, viewer, known, {"giver": giver, "taker": "", "reason": ""}, **at)
    raw = {"giver": giver, "taker": taker, "reason": ""}
    try:
        work = await opening(conn, *pair_of(known, raw, viewer), viewer=viewer)
    except Invalid as error:
        return _page(request, viewer, known, raw, error=error)
    caution = await caution_of(conn, work.taker, at=clock.now())
    return _page(request, viewer, known, raw, work=work, caution=caution)


@router.get("/handover/list")
async def listed(
    request: Request,
    conn: ConnDep,
    viewer: Reader,
    giver: Id = "",
    taker: Id = "",
    kind: Annotated[str, Query(max_length=20)] = WorkKind.FIRMS.value,
    left: bool = False,
    after: uuid.UUID | None = None,
) -> Response:
    """What the preview counts, one by one."""
    pair = named_in(await people(conn, viewer=viewer), giver, taker, viewer)
    if kind not in set(WorkKind):
        raise NotFound
    found = await pieces(conn, *pair, WorkKind(kind), viewer=viewer, left=left, after=after)
    here = _list_of(*pair, kind, left)
    context: dict[str, Any] = {
        "between": " → ".join(p.name for p in pair if p),
        "kind": kind,
        "label": WorkKind(kind).label,
        "said": _said_of(pair[1], left),
        "pieces": [(p, "") for p in found[:PAGE]],
        "status_of": status_label,
        "back": f"/handover?{_between(*pair)}",
        "next_href": f"{here}&after={found[PAGE - 1].id}" if len(found) > PAGE else None,
        "prev_href": here if after else None,
    }
    return page(request, "officer/desk/handover_list.html", title=f"移交：{WorkKind(kind).label}", **context)


def _said_of(taker: Person | None, left: bool) -> str:
    if left:
        return "这些不在接手人的管辖范围内，移交后仍由原人负责。"
    return "移交时一并过去的。" if taker else "还没有选接手人，列出的是全部。"


@router.post("/handover")
async def carry_out(request: Request, conn: ConnDep, clock: ClockDep, actor: Giver, key: KeyDep) -> Response:
    raw, at, viewer = await raw_form(request), clock.now(), actor.viewer
    known = await people(conn, viewer=viewer)
    try:
        async with once(conn, key, viewer=viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            giver, taker = pair_of(known, raw, viewer)
            reason = clean_text("reason", raw.get("reason", ""), longest=500, required="请写明移交的原因。")
            done = await hand_over(conn, giver, taker, seen=raw.get("seen", ""), reason=reason, by=actor, at=at)
            said = f"已把 {giver.name} 的工作移交给 {taker.name}"
            return slot.keep(see_other(request, f"/handover/{done}", said))
    except (Invalid, Stale) as error:
        if isinstance(error, KeyReused):
            raise
        work, caution = None, ""
        if not {"giver", "taker"} & set(getattr(error, "fields", {})):
            work = await opening(conn, *pair_of(known, raw, viewer), viewer=viewer)
            caution = await caution_of(conn, work.taker, at=at)
        return _page(request, viewer, known, raw, work=work, caution=caution, error=error)


def _page(
    request: Request,
    viewer: Viewer,
    known: list[Person],
    raw: dict[str, str],
    *,
    work: Opening | None = None,
    error: AppError | None = None,
    **more: Any,
) -> Response:
    givers = known if viewer.role is Role.MANAGER else [p for p in known if p.id == viewer.id]
    context: dict[str, Any] = {
        "givers": [("", "请选择"), *((str(p.id), p.name if p.active else f"{p.name}（已停用）") for p in givers)],
        "takers": [("", "请选择"), *((str(p.id), p.name) for p in known if p.active)],
        "values": {name: raw.get(name, "") for name in _FIELDS},
        "work": work,
        "list_of": _list_of,
        "caution": "",
        "earlier": (),
        "idempotency_key": uuid.uuid4().hex,
        **error_context(error, _FIELDS),
        **more,
    }
    status = error.status if error else 200
    return page(request, "officer/desk/handover.html", title="工作移交", status=status, **context)


def _list_of(giver: Person, taker: Person | None, kind: str, left: bool) -> str:
    return f"/handover/list?{_between(giver, taker)}&kind={kind}{'&left=1' if left else ''}"


def _between(giver: Person, taker: Person | None) -> str:
    return f"giver={giver.id}" + (f"&taker={taker.id}" if taker else "")
