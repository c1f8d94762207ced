"""Rooms and halls: opened, renamed, closed and opened again. What was let keeps its size, or the past would change."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.access.terms import Actor
from app.carriers.models import CarrierSpace, TenancyRow
from app.carriers.place_rules import Place, place_key
from app.carriers.queries import hold_carriers, space_of, spaces_of
from app.carriers.recording import trace
from app.carriers.rules import reopens_until
from app.carriers.taking import hold_running, same_room
from app.carriers.terms import Carrier, Space, SpaceEntry, place_of
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.outages import constraint_of

# A day that is over keeps the rooms that it had.
TOO_LATE = "已经过去的那些天没有算它，不能恢复；要接着用的请新增一间同名的房间，启用日期写今天。"
_PLACE = "uq_carrier_spaces_place"


def _values(entry: SpaceEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in SpaceEntry.__dataclass_fields__}


async def add_space(conn: Conn, carrier: Carrier, entry: SpaceEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    """Raises Conflict when the carrier has that room already, Invalid by field."""
    _check(entry)
    await hold_carriers(conn, [carrier.id])
    await hold_running(conn, carrier.id, refusal="不能再增加房间")
    entry = await _named(conn, carrier, entry)
    made = new_id()
    row = {"id": made, "carrier_id": carrier.id, "created_at": at, **_values(entry)}
    place = place_of(entry.building, entry.floor, entry.room)
    try:
        async with conn.begin_nested():
            await conn.execute(insert(CarrierSpace).values(row))
    except IntegrityError as error:
        if constraint_of(error) != _PLACE:
            raise
        raise Conflict(f"{carrier.name}已经有“{place}”。") from error
    said = {"place": place, "area": entry.area, "exclusive": int(entry.exclusive)}
    await trace(conn, (carrier.id, carrier.name), "space:opened", said, by=by, at=at)
    return made


async def amend_space(
    conn: Conn, carrier: Carrier, space_id: uuid.UUID, entry: SpaceEntry, *, version: int, by: Actor, at: datetime
) -> bool:
    """False when nothing differs. Raises NotFound, Stale, Invalid, Conflict, Refused for the size of what was let."""
    _check(entry)
    await hold_carriers(conn, [carrier.id])
    held = await space_of(conn, carrier.id, space_id, lock=True)
    if held is None:
        raise NotFound
    if held.version != version:
        raise Stale("这个房间的资料刚被别人改过，请对照现在的内容再保存。")
    if held.closed_on is not None:
        raise Conflict(f"{held.place} 已登记自 {held.closed_on} 起停用，资料不能再改。")
    if place_key(*_place(entry)) != place_key(*_place(held)):
        entry = await _named(conn, carrier, entry, besides=space_id)
    changed = {name: value for name, value in _values(entry).items() if value != getattr(held, name)}
    if not changed:
        return False
    if changed.keys() & {"area", "exclusive", "capacity", "opened_on"} and await _was_let(conn, space_id):
        raise Refused(
            f"{held.place} 已经出租过，改面积、用法或工位数会改变过去的使用率；请停用它，再按新的面积新增一间。"
        )
    try:
        async with conn.begin_nested():
            done = {**changed, "version": CarrierSpace.version + 1}
            await conn.execute(update(CarrierSpace).where(CarrierSpace.id == space_id).values(done))
    except IntegrityError as error:
        if constraint_of(error) != _PLACE:
            raise
        raise Conflict(f"{carrier.name}已经有“{place_of(entry.building, entry.floor, entry.room)}”。") from error
    old = {name: getattr(held, name) for name in changed}
    await trace(conn, (carrier.id, carrier.name), "space:edited", changed, by=by, at=at, before=old)
    return True


async def close_space(conn: Conn, carrier: Carrier, space_id: uuid.UUID, *, on: date, by: Actor, at: datetime) -> None:
    """From that day on it is no more. Raises NotFound, Conflict, Refused while somebody has it."""
    await hold_carriers(conn, [carrier.id])
    held = await space_of(conn, carrier.id, space_id, lock=True)
    if held is None:
        raise NotFound
    if held.closed_on is not None:
        raise Conflict(f"{held.place} 已在 {held.closed_on} 停用。")
    if held.opened_on is not None and on <= held.opened_on:
        raise Invalid({"on": f"{held.opened_on} 才启用，停用日期要晚于它。"})
    t = TenancyRow
    later = (t.ended_on.is_(None)) | (func.upper(t.during) > on)
    if (await conn.execute(select(t.id).where(t.space_id == space_id, ~func.isempty(t.during), later))).first():
        raise Refused(f"{held.place} 在 {on} 之后还有租约，请先办退出或换房。")
    done = {"closed_on": on, "closed_at": at, "version": CarrierSpace.version + 1}
    await conn.execute(update(CarrierSpace).where(CarrierSpace.id == space_id).values(done))
    await trace(conn, (carrier.id, carrier.name), "space:closed", {"place": held.place, "on": on}, by=by, at=at)


async def reopen_space(conn: Conn, carrier: Carrier, space_id: uuid.UUID, *, by: Actor, at: datetime) -> Space:
    """Closed by mistake, it goes on as if it had not been: no day that is over was without it. Raises NotFound,
    Conflict, Refused."""
    await hold_carriers(conn, [carrier.id])
    held = await space_of(conn, carrier.id, space_id, lock=True)
    if held is None:
        raise NotFound
    if held.closed_on is None:
        raise Conflict(f"{held.place} 没有停用。")
    await hold_running(conn, carrier.id, refusal="不能恢复启用房间")
    if may_reopen_until(held) < business_day(at):
        raise Refused(f"{held.place} 自 {held.closed_on} 起停用，{TOO_LATE}")
    if held.joined_into is not None:
        raise Refused(f"{held.place} 是合并同一间房的两条登记时停用的，合并不能撤销。")
    there = (s for s in await spaces_of(conn, carrier.id, closed=True) if s.id != held.id and same_room(s, held))
    if same := next((s for s in there if s.closed_on is None or s.closed_on > held.closed_on), None):
        raise Conflict(f"{carrier.name}另有一间“{same.place}”在用，{held.place} 不能恢复启用。")
    done = {"closed_on": None, "closed_at": None, "version": CarrierSpace.version + 1}
    await conn.execute(update(CarrierSpace).where(CarrierSpace.id == space_id).values(done))
    said, before = {"place": held.place}, {"on": held.closed_on}
    await trace(conn, (carrier.id, carrier.name), "space:reopened", said, by=by, at=at, before=before)
    return held


def joined_places(ever: Sequence[Space]) -> dict[Place, Space]:
    """By the name of each row that was joined away, the room that it is by now, for as long as that is there."""
    by_id, found = {s.id: s for s in ever}, dict[Place, Space]()
    for gone in ever:
        kept = gone
        while kept.joined_into is not None:
            kept = by_id[kept.joined_into]
        if kept is not gone and kept.closed_on is None:
            found[place_key(*_place(gone))] = kept
    return found


def may_reopen_until(space: Space) -> date:
    if space.closed_on is None:
        return date.max
    return reopens_until(space.closed_on, business_day(space.closed_at) if space.closed_at else None)


def _place(one: Space | SpaceEntry) -> Place:
    return one.building, one.floor, one.room


async def _named(conn: Conn, carrier: Carrier, entry: SpaceEntry, *, besides: uuid.UUID | None = None) -> SpaceEntry:
    """Its building as the carrier's others spell it. Raises Conflict when the carrier has that room, however spelled.

    The caller holds the carrier, since the index knows only one spelling.
    """
    mine = place_key(*_place(entry))
    ever = await spaces_of(conn, carrier.id, closed=True)
    there = [(place_key(*_place(s)), s) for s in ever if s.closed_on is None and s.id != besides]
    if same := next((s for found, s in there if found == mine), None):
        raise Conflict(f"{carrier.name}已经有“{same.place}”。")
    if (kept := joined_places(ever).get(mine)) and kept.id != besides:
        raise Conflict(f"这间房已经和“{kept.place}”合并，是同一间；要登记另一间的请换一个名称。")
    return replace(entry, building=next((s.building for found, s in there if found[0] == mine[0]), entry.building))


async def _was_let(conn: Conn, space_id: uuid.UUID) -> bool:
    query = select(TenancyRow.id).where(TenancyRow.space_id == space_id).limit(1)
    return (await conn.execute(query)).first() is not None


def _check(entry: SpaceEntry) -> None:
    faults = {}
    if entry.area <= 0:
        faults["area"] = "面积要大于 0。"
    if entry.exclusive and entry.capacity is not None:
        faults["capacity"] = "独用房间不分工位；要分工位的请选“共用”。"
    if entry.capacity is not None and entry.capacity <= 0:
        faults["capacity"] = "工位数要大于 0。"
    if faults:
        raise Invalid(faults)
