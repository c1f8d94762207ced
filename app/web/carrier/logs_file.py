"""The logs as files: out as they stand, in after a look."""

import uuid
from datetime import date

from fastapi import Request, Response, UploadFile

from app.carriers.logs import logs_of
from app.carriers.noting import needs_kind
from app.carriers.recording import trace
from app.exchange.queries import batches_of
from app.sheets import MAX_FILE
from app.web.carrier.frame import LetSpaces, SeeLetting, carrier_in_sight
from app.web.carrier.lists import list_page, receive
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, TodayDep
from app.web.log_input import as_listed
from app.web.log_list import LISTS, logs_for, numeric
from app.web.routing import Router
from app.web.tables import Ending, file_of

router = Router()
_MOST = 100_000


@router.post("/carriers/{carrier_id}/logs/{kind}/export.{form}")
async def export(
    carrier_id: uuid.UUID, kind: str, form: Ending, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    carrier, chosen = await carrier_in_sight(conn, carrier_id, actor.viewer), needs_kind(kind)
    found = await logs_of(conn, carrier.id, chosen, since=date.min, until=date.max, limit=_MOST)
    rows = [[said[field] for field in LISTS[chosen].fields] for said in map(as_listed, found)]
    done = {"kind": chosen.label, "count": len(rows), "form": form}
    await trace(conn, (carrier.id, carrier.name), "logs:exported", done, by=actor, at=clock.now())
    name = f"{carrier.name}-{chosen.label}-{today}"
    return file_of(form, name, chosen.label, LISTS[chosen].titles, rows, numeric(chosen))


@router.get("/carriers/{carrier_id}/logs/{kind}/template.xlsx")
async def template(carrier_id: uuid.UUID, kind: str, conn: ConnDep, viewer: SeeLetting) -> Response:
    chosen = needs_kind(kind)
    await carrier_in_sight(conn, carrier_id, viewer)
    return file_of("xlsx", f"{chosen.label}模板", chosen.label, LISTS[chosen].titles, (), numeric(chosen))


@router.get("/carriers/{carrier_id}/logs/{kind}/import")
async def import_form(
    request: Request, carrier_id: uuid.UUID, kind: str, conn: ConnDep, viewer: SeeLetting
) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, viewer), logs_for(needs_kind(kind))
    return list_page(request, carrier, viewer, source, await batches_of(conn, carrier.id, source.kind, viewer=viewer))


@router.post("/carriers/{carrier_id}/logs/{kind}/import")
async def bring_in(
    request: Request,
    carrier_id: uuid.UUID,
    kind: str,
    conn: ConnDep,
    database: DatabaseDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
    file: UploadFile,
) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, actor.viewer), logs_for(needs_kind(kind))
    given = (await file.read(MAX_FILE + 1), file.filename or "")
    return receive(request, carrier, source, given, database, files, by=actor, at=clock.now())
