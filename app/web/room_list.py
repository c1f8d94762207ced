"""A carrier's rooms and who is in them, as a list."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.access.terms import Actor, Role, Viewer
from app.carriers.place_rules import Place
from app.carriers.stay_terms import Lease, SpecialField, Tenancy
from app.carriers.terms import Carrier, Space, SpaceEntry
from app.db import Conn
from app.errors import Invalid
from app.exchange.columns import Column
from app.exchange.rooms import Readers, RoomLine, bring
from app.exchange.template import ALWAYS, Form, write_form
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.policy.policies import Policies
from app.web.carrier_input import Reader, read_lease, read_space
from app.web.carrier_lists import Columns, Line, Source, cell_of

_YES_OR_NO = ("是", "否")
_DAY = "如 2026-03-01、2026/3/1。"
_LISTED = (
    Column("building", "楼栋", ("楼宇", "栋"), "没有分楼栋的留空。", "A 座"),
    Column("floor", "楼层", (), "只写数字，如 3；地下一层写 B1。写成 3层、3F 也认得。", "3", 8),
    Column("room", "房间", ("房号", "房间号", "工位区"), "必填。按楼栋、楼层、房间认：已有的更新，没有的新增。", "301"),
    Column("area", "面积（㎡）", ("面积", "面积（平方米）"), "平方米，最多两位小数；新房间必填。", "120.5", 12),
    Column("exclusive", "独用", ("是否独用",), "一家租整间的填是；几家分用工位的填否。", "是", 8),
    Column("capacity", "工位总数", (), "个。只有不独用的填。", "", 10),
    Column("opened_on", "启用日期", (), f"{_DAY}留空＝一直就有，新增的房间会改变过去各天的使用率。", ""),
    Column("uscc", "统一社会信用代码", ("信用代码", "社会信用代码"), "18 位，文本格式。有代码的企业填。", "", 24),
    Column("holder", "企业或团队", ("企业名称", "团队名称"), "还没有注册的，填团队名称，代码留空。", "示例团队", 28),
    Column("since", "租期起", ("入驻日期",), f"{_DAY}有人在里面的必填；空房间以下各列都留空。", "2026-03-01"),
    Column("until", "租期止", ("到期日期",), f"最后一天，{_DAY}没有约定的留空。", "2027-02-28"),
    Column("seats", "占用工位", (), "个。租工位的填。", "", 10),
    Column("incubates", "在孵", ("是否在孵",), "计孵化期限的填是。", "是", 8),
    Column("special_field", "特殊领域", (), "可以放宽孵化期限的领域，从下拉列表选；不属于的留空。", ""),
    Column("rent_reduced", "租金减免", ("是否减免租金",), "是或否。", "否", 10),
    Column("agreement_no", "协议编号", (), "", "FH-2026-03"),
    Column("agreement_on", "签订日期", (), _DAY, "2026-02-20"),
    Column("stage_target", "阶段目标", (), "协议里写的目标。", "", 24),
    Column("ground", "入孵依据", (), "条件不符合、仍作为在孵企业的，写明依据。", "", 24),
)
_COLUMNS = {column.field: (column.title, *column.synonyms) for column in _LISTED}
_GUIDE = (
    "只填“房间和入驻”这张表，一行一间房和里面的一家；几家分用一间的，每家一行。",
    "空房间只填前几列；空格子不改已有的内容。",
    *ALWAYS,
    "整份一起写入：有一行错，就一行也不写；把标红的改好再传一次，已登记的不会重复。",
)
ROOMS = Columns(_COLUMNS)
NUMERIC = (3, 5, 11)
_ROOM = tuple(_COLUMNS)[:7]
_LEASE = tuple(_COLUMNS)[7:]


def rooms_template() -> bytes:
    """With drop-downs, units and how each column is filled in; which version of which list it is."""
    lists: list[tuple[str, Sequence[str]]] = [
        *((field, _YES_OR_NO) for field in ("exclusive", "incubates", "rent_reduced")),
        ("special_field", [label for _, label in SpecialField.options()]),
    ]
    return write_form(Form(BatchKind.ROOMS.label, _LISTED, ("room",), _GUIDE, lists), BatchKind.ROOMS)


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
    return ROOMS.read(data, name, required=("room",), code="uscc", what="房间", kind=BatchKind.ROOMS)


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
