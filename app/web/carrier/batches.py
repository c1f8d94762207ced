"""A carrier's list that was brought: what it would do, what it has done, and taking it back."""

import uuid
from collections import Counter
from typing import Any

from fastapi import Request, Response

from app.access.sight import SeenBy
from app.access.terms import Viewer
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import AppError, Conflict, Forbidden, Refused
from app.exchange import carrier_batches, service
from app.exchange.queries import rows_of
from app.exchange.terms import BatchState, RowOutcome
from app.web.annotated import annotated_file
from app.web.carrier.frame import LetSpaces, SeeLetting, carrier_in_sight, head
from app.web.carrier_lists import read_again, take
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, LookupDep
from app.web.htmx import see_other
from app.web.later import Later
from app.web.log_list import source_of
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router(prefix="/carriers/{carrier_id}/imports/{batch_id}")


@router.get("")
async def batch_page(
    request: Request,
    carrier_id: uuid.UUID,
    batch_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: SeeLetting,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return await _page(request, conn, lookup, carrier, batch_id, viewer)


async def _page(
    request: Request,
    conn: Conn,
    lookup: Lookup,
    carrier: Carrier,
    batch_id: uuid.UUID,
    viewer: Viewer,
    *,
    error: AppError | None = None,
) -> Response:
    batch = await carrier_batches.in_sight(conn, carrier, batch_id, viewer=viewer)
    rows = await rows_of(conn, batch.id, limit=None)
    counts = Counter(row.outcome for row in rows)
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "batch": batch,
        "here": f"/carriers/{carrier.id}/imports/{batch.id}",
        "list_href": f"/carriers/{carrier.id}/{source_of(batch.kind, viewer, lookup.policies).part}/import",
        "rows": [(row, row.values["what"], row.values["said"], batch.end_of(row)) for row in rows],
        "unknown": batch.sheet.get("unknown", []),
        "counts": [(o.label, counts[o]) for o in RowOutcome],
        "writes": counts[RowOutcome.CREATED] + counts[RowOutcome.UPDATED],
        "mine": batch.created_by == viewer.id,
        "preview": batch.state is BatchState.PREVIEW,
        "applied": batch.state is BatchState.APPLIED,
        "failed": error.sentence if error else "",
    }
    title = f"{carrier.name} {batch.filename}"
    return page(request, "carrier/batch.html", title=title, status=error.status if error else 200, **context)


@router.post("/confirm")
async def confirm(
    request: Request,
    carrier_id: uuid.UUID,
    batch_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    database: DatabaseDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    carrier, at = await carrier_in_sight(conn, carrier_id, actor.viewer), clock.now()
    batch = await carrier_batches.in_sight(conn, carrier, batch_id, viewer=actor.viewer)
    source, house = source_of(batch.kind, actor.viewer, lookup.policies), SeenBy(database, actor.viewer)

    async def work() -> Response:
        try:
            lines = await read_again(files, source, batch)
            async with house.transaction() as own:
                await take(own, carrier, source, batch, lines, by=actor, at=at)
        except (Conflict, Refused, Forbidden) as error:
            async with house.reading() as own:
                return await _page(request, own, lookup, carrier, batch.id, actor.viewer, error=error)
        return see_other(request, f"/carriers/{carrier.id}/imports/{batch.id}", "已导入")

    return Later(work)


@router.post("/discard")
async def discard(
    request: Request,
    carrier_id: uuid.UUID,
    batch_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    batch = await service.discard(conn, batch_id, by=actor, at=clock.now(), carrier_id=carrier.id)
    here = f"/carriers/{carrier.id}/{source_of(batch.kind, actor.viewer, lookup.policies).part}/import"
    return see_other(request, here, f"已放弃 {batch.filename}")


@router.post("/undo")
async def undo(
    request: Request, carrier_id: uuid.UUID, batch_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: LetSpaces
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    done = await carrier_batches.take_back(conn, carrier, batch_id, by=actor, at=clock.now())
    said = f"已撤销 {done.restored} 行" + (f"，{len(done.left)} 行之后又有变动，没有撤销" if done.left else "")
    return see_other(request, f"/carriers/{carrier.id}/imports/{batch_id}", said)


@router.get("/annotated.xlsx")
async def annotated(
    carrier_id: uuid.UUID,
    batch_id: uuid.UUID,
    conn: ConnDep,
    database: DatabaseDep,
    lookup: LookupDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
) -> Response:
    """The file that came in, with its faulty cells red and a column that says why."""
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    batch = await carrier_batches.in_sight(conn, carrier, batch_id, viewer=actor.viewer)
    names = source_of(batch.kind, actor.viewer, lookup.policies).names
    return await annotated_file(conn, database, files, batch, names, by=actor, at=clock.now())
