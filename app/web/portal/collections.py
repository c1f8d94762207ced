"""What carriers ask of the firm for a time: prefilled with what it has told already, confirmed or corrected by it."""

import uuid
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.collecting import answering
from app.collecting.prefilling import given_before, known_of
from app.collecting.queries import Owed, owed_by_id, versions_of
from app.db import Conn
from app.errors import AppError, Conflict, Invalid, NotFound
from app.web.carrier_input import Reader
from app.web.collection_input import fields_of, items_of, labels_of, read_answer, to_look_at
from app.web.deps import ClockDep, ConnDep
from app.web.forms import error_context, raw_form
from app.web.htmx import see_other
from app.web.portal.frame import ActPortal, UsePortal, head, own_firm
from app.web.routing import Router
from app.web.templating import page

router = Router()


async def _owed(conn: Conn, answer_id: uuid.UUID, viewer: Viewer) -> Owed:
    found = await owed_by_id(conn, answer_id, viewer=viewer)
    if found is None:
        raise NotFound
    return found


@router.get("/portal/collections/{answer_id}")
async def answer_page(request: Request, answer_id: uuid.UUID, viewer: UsePortal, conn: ConnDep) -> Response:
    return await _page(request, conn, await _owed(conn, answer_id, viewer), viewer)


@router.post("/portal/collections/{answer_id}")
async def confirm(request: Request, answer_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal) -> Response:
    owed, raw = await _owed(conn, answer_id, actor.viewer), await raw_form(request)
    r = Reader(raw)
    said = raw.get("version", "")
    version = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0
    try:
        note = r.text("note")
        r.done()
        figures = read_answer(items_of(owed.round, owed.answer), raw)
        await answering.confirm(conn, answer_id, figures, note=note, version=version, by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return await _page(request, conn, owed, actor.viewer, raw=raw, error=error)
    words = f"{owed.round.carrier_name}已收到{owed.round.period.label}数据；关账前还可以改"
    words += to_look_at(owed.round, figures, await given_before(conn, owed.round, owed.answer))
    return see_other(request, "/portal#h-collections", words)


async def _page(
    request: Request,
    conn: Conn,
    owed: Owed,
    viewer: Viewer,
    *,
    raw: Mapping[str, str] | None = None,
    error: AppError | None = None,
) -> Response:
    firm, items = await own_firm(conn, viewer), items_of(owed.round, owed.answer)
    labels, wrong = labels_of(items), error_context(error, {"note": "说明"})
    wrong["errors"] = [(code, labels.get(code, label), said) for code, label, said in wrong["errors"]]
    known = await known_of(conn, owed.round, owed.answer, to_firm=True)
    before = await given_before(conn, owed.round, owed.answer) if owed.round.open else {}
    context: dict[str, Any] = {
        **head(firm, "/portal"),
        "round": owed.round,
        "answer": owed.answer,
        "sections": fields_of(items, known, raw, wrong["faults"], before=(owed.round.period.before.label, before)),
        "known": len(known),
        "versions": await versions_of(conn, owed.answer.id),
        "note": (raw or {}).get("note", ""),
        "version": (raw or {}).get("version", owed.answer.version),
        **wrong,
    }
    status = error.status if error else 200
    title = f"{owed.round.carrier_name} {owed.round.period.label}"
    return page(request, "portal/collection.html", title=title, status=status, **context)
