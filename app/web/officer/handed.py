"""A handover that was made: what went over, and taking it back."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.db import Conn
from app.errors import NotFound
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.filters import status_label
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page
from app.work.handback import may_take_back, take_back
from app.work.handed import Counts, Given, counts_of, given_by_id, pieces_of
from app.work.handing import PAGE
from app.work.terms import Handed, WorkKind

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.HANDOVER))]
Giver = Annotated[Actor, Depends(acting(Permission.HANDOVER))]
Word = Annotated[str, Query(max_length=20)]


async def _seen(conn: Conn, handover_id: uuid.UUID, viewer: Viewer) -> Given:
    given = await given_by_id(conn, handover_id, viewer=viewer)
    if given is None:
        raise NotFound
    return given


def _outcomes(given: Given) -> list[Handed]:
    return [Handed.GIVEN] if given.undone_at is None else [Handed.UNDONE, Handed.KEPT]


@router.get("/handover/{handover_id}")
async def handed_page(request: Request, handover_id: uuid.UUID, conn: ConnDep, viewer: Reader) -> Response:
    given = await _seen(conn, handover_id, viewer)
    counts = await counts_of(conn, handover_id)
    context: dict[str, Any] = {
        "given": given,
        "here": f"/handover/{handover_id}",
        "shares": _shares(given, counts),
        "can_undo": bool(counts) and may_take_back(given, viewer),
    }
    return page(request, "officer/desk/handed.html", title="工作移交", **context)


def _shares(given: Given, counts: Counts) -> list[tuple[WorkKind, list[tuple[Handed, int]]]]:
    return [(kind, [(o, of[o]) for o in _outcomes(given) if of.get(o)]) for kind, of in counts.items()]


@router.get("/handover/{handover_id}/list")
async def listed(
    request: Request,
    handover_id: uuid.UUID,
    conn: ConnDep,
    viewer: Reader,
    kind: Word = WorkKind.FIRMS.value,
    outcome: Word = "",
    after: uuid.UUID | None = None,
) -> Response:
    """One by one, with the reason where a piece was not taken back."""
    given = await _seen(conn, handover_id, viewer)
    if kind not in set(WorkKind) or outcome not in ("", *Handed):
        raise NotFound
    which, become = WorkKind(kind), Handed(outcome) if outcome else None
    found = await pieces_of(conn, handover_id, which, viewer=viewer, outcome=become, after=after)
    here = f"/handover/{handover_id}/list?kind={kind}&outcome={outcome}"
    context: dict[str, Any] = {
        "between": f"{given.giver_name} → {given.taker_name}",
        "kind": kind,
        "label": which.label,
        "said": f"这次移交里{become.label}的。" if become else "这次移交的全部。",
        "pieces": [(f.piece, f.reason) for f in found[:PAGE]],
        "status_of": status_label,
        "back": f"/handover/{handover_id}",
        "next_href": f"{here}&after={found[PAGE - 1].piece.id}" if len(found) > PAGE else None,
        "prev_href": here if after else None,
    }
    return page(request, "officer/desk/handover_list.html", title=f"移交：{which.label}", **context)


@router.post("/handover/{handover_id}/undo")
async def undo(request: Request, handover_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Giver) -> Response:
    counts = await take_back(conn, handover_id, by=actor, at=clock.now())
    back, kept = (sum(of.get(o, 0) for of in counts.values()) for o in (Handed.UNDONE, Handed.KEPT))
    said = f"已撤销 {back} 项" + (f"，{kept} 项之后又有变动，没有撤销" if kept else "")
    return see_other(request, f"/handover/{handover_id}", said)
