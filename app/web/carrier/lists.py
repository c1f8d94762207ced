"""Where a carrier's list is brought in, and what becomes of a file that is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from app.access.sight import SeenBy
from app.access.terms import Actor, Viewer
from app.carriers.terms import Carrier
from app.db import Database
from app.exchange.queries import Batch, batches_of
from app.files.store import Files
from app.sheets import MAX_FILE, SheetError
from app.web.carrier.frame import head
from app.web.carrier_lists import MOST, Source, keep, look
from app.web.htmx import see_other
from app.web.later import Later
from app.web.templating import page


def list_page(
    request: Request, carrier: Carrier, viewer: Viewer, source: Source, batches: Sequence[Batch], *, fault: str = ""
) -> Response:
    """Where a list is brought in and taken out."""
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "here": f"/carriers/{carrier.id}/{source.part}",
        "what": source.kind.label,
        "hint": source.hint,
        "kept": source.kept,
        "most_mb": MAX_FILE >> 20,
        "most_rows": MOST,
        "fault": fault,
        "batches": [(b, f"/carriers/{carrier.id}/imports/{b.id}") for b in batches],
    }
    status = 422 if fault else 200
    return page(
        request, "carrier/import.html", title=f"{carrier.name} 导入{source.kind.label}", status=status, **context
    )


def receive(
    request: Request,
    carrier: Carrier,
    source: Source,
    file: tuple[bytes, str],
    database: Database,
    files: Files,
    *,
    by: Actor,
    at: datetime,
) -> Response:
    house = SeenBy(database, by.viewer)

    async def work() -> Response:
        try:
            looked = await look(carrier, source, file, house, files, by=by, at=at)
        except SheetError as error:
            async with house.reading() as conn:
                batches = await batches_of(conn, carrier.id, source.kind, viewer=by.viewer)
            return list_page(request, carrier, by.viewer, source, batches, fault=str(error))
        async with house.transaction() as conn:
            batch_id = await keep(conn, carrier, source, looked, by=by, at=at)
        return see_other(request, f"/carriers/{carrier.id}/imports/{batch_id}")

    return Later(work)
