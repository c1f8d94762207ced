"""A carrier's rooms and who is in them, as a file: out as it stands, and in after a look."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import Request, Response, UploadFile

from app.access.terms import Actor, Role, Viewer
from app.carriers.queries import spaces_of
from app.carriers.recording import trace
from app.carriers.stay_terms import Lease, Tenancy
from app.carriers.tenancies import open_tenancies
from app.carriers.terms import Carrier, Space, SpaceEntry
from app.db import Conn
from app.errors import Invalid
from app.exchange.queries import batches_of
from app.exchange.rooms import Place, Readers, RoomLine, bring
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.sheets import MAX_FILE
from app.web.carrier.frame import LetSpaces, SeeLetting, carrier_in_sight
from app.web.carrier.lists import Columns, Line, Source, cell_of, list_page, receive
from app.web.carrier_input import Reader, read_lease, read_space
from app.web.deps import ClockDep, ConnDep, DatabaseDep, FilesDep, TodayDep
from app.web.routing import Router
from app.web.tables import file_of

router = Router()
_COLUMNS = {
    "building": ("楼栋", "楼宇", "栋"),
    "floor": ("楼层",),
    "room": ("房间", "房号", "房间号", "工位区"),
    "area": ("面积（㎡）", "面积", "面积（平方米）"),
    "exclusive": ("独用", "是否独用"),
    "capacity": ("工位总数",),
    "opened_on": ("启用日期",),
    "uscc": ("统一社会信用代码", "信用代码", "社会信用代码"),
    "holder": ("企业或团队", "企业名称", "团队名称"),
    "since": ("租期起", "入驻日期"),
    "until": ("租期止", "到期日期"),
    "seats": ("占用工位",),
    "incubates": ("在孵", "是否在孵"),
    "special_field": ("特殊领域",),
    "rent_reduced": ("租金减免", "是否减免租金"),
    "agreement_no": ("协议编号",),
    "agreement_on": ("签订日期",),
    "stage_target": ("阶段目标",),
}
_LIST = Columns(_COLUMNS)
_NUMERIC = (3, 5, 11)
_ROOM = tuple(_COLUMNS)[:7]
_LEASE = tuple(_COLUMNS)[7:]


def _room_cells(space: Space) -> dict[str, str]:
    return {name: cell_of(getattr(space, name)) for name in _ROOM}


def _lease_cells(t: Tenancy) -> dict[str, str]:
    plain = (name for name in _LEASE if name not in ("holder", "incubates"))
    cells = {name: cell_of(getattr(t, name)) for name in plain}
    return cells | {"holder": t.holder, "incubates": cell_of(t.clock_since is not None)}


@router.post("/carriers/{carrier_id}/rooms/export.{form}")
async def export(
    carrier_id: uuid.UUID, form: str, conn: ConnDep, clock: ClockDep, today: TodayDep, actor: LetSpaces
) -> Response:
    """Every room that is open, with each that is in it; an empty one stands by itself."""
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    inside: dict[uuid.UUID, list[Tenancy]] = {}
    for tenancy in await open_tenancies(conn, carrier.id):
        inside.setdefault(tenancy.space_id, []).append(tenancy)
    rows = []
    for space in await spaces_of(conn, carrier.id):
        for cells in [_lease_cells(t) for t in inside.get(space.id, [])] or [{}]:
            row = _room_cells(space) | cells
            rows.append([row.get(name, "") for name in _COLUMNS])
    done = {"count": len(rows), "form": form[:8]}
    await trace(conn, (carrier.id, carrier.name), "rooms:exported", done, by=actor, at=clock.now())
    name = f"{carrier.name}-房间和入驻-{today}"
    return file_of("xlsx" if form == "xlsx" else "csv", name, "房间和入驻", _LIST.titles, rows, _NUMERIC)


@router.get("/carriers/{carrier_id}/rooms/template.xlsx")
async def template(carrier_id: uuid.UUID, conn: ConnDep, viewer: SeeLetting) -> Response:
    await carrier_in_sight(conn, carrier_id, viewer)
    return file_of("xlsx", "房间和入驻模板", "房间和入驻", _LIST.titles, (), _NUMERIC)


@router.get("/carriers/{carrier_id}/rooms/import")
async def import_form(request: Request, carrier_id: uuid.UUID, conn: ConnDep, viewer: SeeLetting) -> Response:
    carrier, source = await carrier_in_sight(conn, carrier_id, viewer), source_for(viewer)
    return list_page(request, carrier, viewer, source, await batches_of(conn, carrier.id, source.kind, viewer=viewer))


@router.post("/carriers/{carrier_id}/rooms/import")
async def bring_in(
    request: Request,
    carrier_id: uuid.UUID,
    conn: ConnDep,
    database: DatabaseDep,
    files: FilesDep,
    clock: ClockDep,
    actor: LetSpaces,
    file: UploadFile,
) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, actor.viewer)
    given = (await file.read(MAX_FILE + 1), file.filename or "")
    source = source_for(actor.viewer)
    return receive(request, carrier, source, given, database, files, by=actor, at=clock.now())


def source_for(viewer: Viewer) -> Source:
    hint = "一行一间房和里面的一家；空房间只填前几列，空格子不改已有的内容。"
    if viewer.role is Role.CARRIER:
        hint += "有信用代码的企业，提交后由企业或主管部门确认才入驻。"
    kept = "现有的房间和租约，与模板同样的列，改好可以再导入。"
    return Source(BatchKind.ROOMS, "rooms", hint, kept, _LIST.names, _read, _bring)


async def _bring(conn: Conn, carrier: Carrier, lines: Sequence[Line], by: Actor, at: datetime) -> list[LineResult]:
    rows = [RoomLine(line.number, _place(line.raw), line.raw, line.fault) for line in lines]
    return await bring(conn, carrier, rows, Readers(_space, _lease, _again), by=by, at=at)


def _read(data: bytes, name: str) -> tuple[ReadSheet, list[Line]]:
    """Raises SheetError."""
    return _LIST.read(data, name, required=("room",), code="uscc", what="房间")


def _place(raw: Mapping[str, Any]) -> Place:
    reader = Reader(raw)
    return reader.text("building"), reader.text("floor"), reader.text("room")


def _filled(raw: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """An empty cell says nothing: what is known stays."""
    return {**known, **{name: value for name, value in raw.items() if value not in (None, "")}}


def _space(raw: Mapping[str, Any], held: Space | None) -> SpaceEntry:
    return read_space(_filled(raw, _room_cells(held) if held else {}))


def _lease(raw: Mapping[str, Any], space_id: uuid.UUID) -> Lease | None:
    if not any(raw.get(name) not in (None, "") for name in ("uscc", "holder", "since")):
        return None
    team = "" if raw.get("uscc") else raw.get("holder")
    return read_lease({**_filled(raw, {}), "team": team, "space": str(space_id)})


def _again(raw: Mapping[str, Any], held: Tenancy) -> Lease:
    lease = _lease(_filled(raw, _lease_cells(held)), held.space_id)
    if lease is None:
        raise Invalid({"since": "请填写租期起。"})
    return lease
