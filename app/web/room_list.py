"""A carrier's rooms and who is in them, as a list."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.access.terms import Actor, Role, Viewer
from app.carriers.stay_terms import Lease, Tenancy
from app.carriers.terms import Carrier, Space, SpaceEntry
from app.db import Conn
from app.errors import Invalid
from app.exchange.rooms import Place, Readers, RoomLine, bring
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.policy.policies import Policies
from app.web.carrier_input import Reader, read_lease, read_space
from app.web.carrier_lists import Columns, Line, Source, cell_of

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
    "ground": ("入孵依据",),
}
ROOMS = Columns(_COLUMNS)
NUMERIC = (3, 5, 11)
_ROOM = tuple(_COLUMNS)[:7]
_LEASE = tuple(_COLUMNS)[7:]


def room_cells(space: Space) -> dict[str, str]:
    return {name: cell_of(getattr(space, name)) for name in _ROOM}


def lease_cells(t: Tenancy) -> dict[str, str]:
    plain = (name for name in _LEASE if name not in ("holder", "incubates", "ground"))
    cells = {name: cell_of(getattr(t, name)) for name in plain}
    ground = str((t.entry or {}).get("stated", ""))
    return cells | {"holder": t.holder, "incubates": cell_of(t.clock_since is not None), "ground": ground}


def rooms_for(viewer: Viewer, policies: Policies) -> Source:
    hint = "一行一间房和里面的一家；空房间只填前几列，空格子不改已有的内容。"
    if viewer.role is Role.CARRIER:
        hint += "有信用代码的企业，提交后由企业或主管部门确认才入驻。"
    else:
        hint += "作为在孵企业而不符合入孵条件的，写明入孵依据，或者“在孵”填否。"
    kept = "现有的房间和租约，与模板同样的列，改好可以再导入。"

    async def bring_in(
        conn: Conn, carrier: Carrier, lines: Sequence[Line], by: Actor, at: datetime
    ) -> list[LineResult]:
        rows = [RoomLine(line.number, _place(line.raw), line.raw, line.fault) for line in lines]
        readers = Readers(_space, _lease, _again, _ground)
        return await bring(conn, carrier, rows, readers, policies=policies, by=by, at=at)

    return Source(BatchKind.ROOMS, "rooms", hint, kept, ROOMS.names, _read, bring_in)


def _read(data: bytes, name: str) -> tuple[ReadSheet, list[Line]]:
    """Raises SheetError."""
    return ROOMS.read(data, name, required=("room",), code="uscc", what="房间")


def _place(raw: Mapping[str, Any]) -> Place:
    reader = Reader(raw)
    return reader.text("building"), reader.text("floor"), reader.text("room")


def _filled(raw: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """An empty cell says nothing: what is known stays."""
    return {**known, **{name: value for name, value in raw.items() if value not in (None, "")}}


def _space(raw: Mapping[str, Any], held: Space | None) -> SpaceEntry:
    return read_space(_filled(raw, room_cells(held) if held else {}))


def _lease(raw: Mapping[str, Any], space_id: uuid.UUID) -> Lease | None:
    if not any(raw.get(name) not in (None, "") for name in ("uscc", "holder", "since")):
        return None
    team = "" if raw.get("uscc") else raw.get("holder")
    return read_lease({**_filled(raw, {}), "team": team, "space": str(space_id)})


def _again(raw: Mapping[str, Any], held: Tenancy) -> Lease:
    lease = _lease(_filled(raw, lease_cells(held)), held.space_id)
    if lease is None:
        raise Invalid({"since": "请填写租期起。"})
    return lease


def _ground(raw: Mapping[str, Any]) -> str:
    reader = Reader(raw)
    said = reader.text("ground", longest=2000)
    reader.done()
    return said
