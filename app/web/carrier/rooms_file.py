"""A carrier's rooms and who is in them, as a file: out as it stands, and in after a look."""

import asyncio
import uuid

from fastapi import Request, Response, UploadFile

from app.carriers.queries import spaces_of
from app.carriers.recording import trace
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import open_tenancies
from app.exchange.queries import batches_of
from app.sheets import MAX_FILE
from app.web.carrier.frame import LetSpaces, SeeLetting, carrier_in_sight
from app.web.carrier.lists import list_page, receive
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, LookupDep, TodayDep
from app.web.downloads import XLSX, attachment
from app.web.room_list import NUMERIC, ROOMS, lease_cells, room_cells, rooms_for, rooms_template
from app.web.routing import Router
from app.web.tables import Ending, file_of

router = Router()


@router.post("/carriers/{carrier_id}/rooms/export.{form}")
async def export(
    carrier_id: uuid.UUID, form: Ending, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    """Every room that is open, with each that is in it; an empty one stands by itself."""
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    inside: dict[uuid.UUID, list[Tenancy]] = {}
    for tenancy in await open_tenancies(conn, carrier.id):
        inside.setdefault(tenancy.space_id, []).append(tenancy)
    rows = []
    for space in await spaces_of(conn, carrier.id):
        for cells in [lease_cells(t) for t in inside.get(space.id, [])] or [{}]:
            row = room_cells(space) | cells
            rows.append([row.get(name, "") for name in ROOMS.fields])
    done = {"count": len(rows), "form": form}
    await trace(conn, (carrier.id, carrier.name), "rooms:exported", done, by=actor, at=clock.now())
    name = f"{carrier.name}-房间和入驻-{today}"
    return file_of(form, name, "房间和入驻", ROOMS.titles, rows, NUMERIC)


@router.get("/carriers/{carrier_id}/rooms/template.xlsx")
async def template(carrier_id: uuid.UUID, conn: ConnDep, viewer: SeeLetting) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    return attachment(await asyncio.to_thread(rooms_template), "房间和入驻模板.xlsx", XLSX)


@router.get("/carriers/{carrier_id}/rooms/import")
async def import_form(
    request: Request, carrier_id: uuid.UUID, conn: ConnDep, lookup: LookupDep, viewer: SeeLetting
) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, viewer), rooms_for(viewer, lookup.policies)
    return list_page(request, carrier, viewer, source, await batches_of(conn, carrier.id, source.kind, viewer=viewer))


@router.post("/carriers/{carrier_id}/rooms/import")
async def bring_in(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    database: DatabaseDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
    file: UploadFile,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    given = (await file.read(MAX_FILE + 1), file.filename or "")
    source = rooms_for(actor.viewer, lookup.policies)
    return receive(request, carrier, source, given, database, files, by=actor, at=clock.now())
