"""工作移交: looked at first, then done at once."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Role, Viewer
from app.errors import AppError, Invalid, Stale
from app.firms.terms import FirmFilter
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.filters import address
from app.web.forms import clean_text, error_context, raw_form
from app.web.handover_input import pair_of
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, KeyReused, once
from app.web.templating import page
from app.work.handover import Opening, Person, hand_over, opening, people

router = APIRouter()
Reader = Annotated[Viewer, Depends(guard(Permission.HANDOVER))]
Giver = Annotated[Actor, Depends(acting(Permission.HANDOVER))]
_LABELS = {"giver": "移交人", "taker": "接手人", "reason": "原因"}
Id = Annotated[str, Query(max_length=40)]


@router.get("/handover")
async def handover_page(request: Request, conn: ConnDep, viewer: Reader, giver: Id = "", taker: Id = "") -> Response:
    """With both named, what would go over."""
    known = await people(conn, viewer=viewer)
    giver = giver or ("" if viewer.role is Role.MANAGER else str(viewer.id))
    if not taker:
        return _page(request, viewer, known, {"giver": giver, "taker": "", "reason": ""})
    raw = {"giver": giver, "taker": taker, "reason": ""}
    try:
        work = await opening(conn, *pair_of(known, raw, viewer), viewer=viewer)
    except Invalid as error:
        return _page(request, viewer, known, raw, error=error)
    return _page(request, viewer, known, raw, work=work)


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
            said = f"已把 {giver.name} 的 {done.total} 项工作移交给 {taker.name}"
            return slot.keep(see_other(request, "/work?whose=all", said))
    except (Invalid, Stale) as error:
        if isinstance(error, KeyReused):
            raise
        work = None
        if not {"giver", "taker"} & set(getattr(error, "fields", {})):
            work = await opening(conn, *pair_of(known, raw, viewer), viewer=viewer)
        return _page(request, viewer, known, raw, work=work, error=error)


def _page(
    request: Request,
    viewer: Viewer,
    known: list[Person],
    raw: dict[str, str],
    *,
    work: Opening | None = None,
    error: AppError | None = None,
) -> Response:
    givers = known if viewer.role is Role.MANAGER else [p for p in known if p.id == viewer.id]
    context: dict[str, Any] = {
        "givers": [("", "请选择"), *((str(p.id), p.name if p.active else f"{p.name}（已停用）") for p in givers)],
        "takers": [("", "请选择"), *((str(p.id), p.name) for p in known if p.active)],
        "values": {name: raw.get(name, "") for name in _LABELS},
        "work": work,
        "lists": _lists(work.giver) if work else {},
        "idempotency_key": uuid.uuid4().hex,
        **error_context(error, _LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/desk/handover.html", title="工作移交", status=status, **context)


def _lists(giver: Person) -> dict[str, str]:
    """Where that which is counted is listed one by one."""
    whose = f"whose={giver.id}"
    return {
        "firms": address("/firms", FirmFilter(officer=str(giver.id))),
        "tasks": f"/work?{whose}",
        "needs": f"/work?kind=needs&{whose}",
    }
