"""May a space be had on those days? Asked before writing, for the sentence; the constraint decides all the same."""

from datetime import date
from uuid import UUID

from sqlalchemy import select

from app.carriers.models import CarrierRecord
from app.carriers.place_rules import place_key
from app.carriers.queries import hold_carriers, space_of, spaces_of
from app.carriers.rules import most_seats
from app.carriers.stay_terms import Tenancy
from app.carriers.tenancies import lapsed_in, taken
from app.carriers.terms import CarrierState, Space
from app.db import Conn
from app.errors import Conflict, Invalid, Refused

OVERLAP = "ex_tenancies_overlap"


async def hold_running(conn: Conn, carrier_id: UUID, *, refusal: str) -> None:
    """Nobody closes the carrier until the transaction ends; whoever was about to is waited for. Raises Conflict."""
    c = CarrierRecord
    query = select(c.state).where(c.id == carrier_id).with_for_update(read=True, key_share=True)
    if (await conn.execute(query)).scalar_one() == CarrierState.CLOSED:
        raise Conflict(f"这个载体已经停止运营，{refusal}。")


async def hold_space(
    conn: Conn, carrier_id: UUID, space_id: UUID, *, since: date, until: date | None, today: date
) -> Space:
    """Under its lock, so that two who take the last seats come one after the other. Raises Invalid by field."""
    await hold_carriers(conn, [carrier_id])
    space = await space_of(conn, carrier_id, space_id, lock=True)
    if space is None:
        raise Invalid({"space": "这个载体没有这个房间。"})
    if until is not None and until < since:
        raise Invalid({"until": "租期止不能早于租期起。"})
    if space.opened_on is not None and since < space.opened_on:
        raise Invalid({"since": f"{space.place} {space.opened_on} 才启用。"})
    if space.closed_on is not None and (until is None or until >= space.closed_on):
        raise Invalid({"space": f"{space.place} 已在 {space.closed_on} 停用。"})
    if space.exclusive and (gone := await lapsed_in(conn, space_id, before=min(since, today))):
        late = gone[0]
        raise Refused(f"{late.holder} 在 {space.place} 的租期 {late.until} 已到，还没有登记退出或续租，请先办理。")
    return space


async def free(
    conn: Conn, space: Space, *, seats: int, since: date, until: date | None, besides: UUID | None = None
) -> None:
    """Raises Conflict with who has it and until when, or how many seats are left."""
    there = await taken(conn, space.id, since=since, until=until, besides=besides)
    if space.exclusive:
        for same in await spelled_otherwise(conn, space):
            # Whoever lets that one just now holds it, and not this one.
            await space_of(conn, space.carrier_id, same.id, lock=True)
            there = there or await taken(conn, same.id, since=since, until=until, besides=besides)
        if there:
            raise Conflict(in_the_way(there[0]))
        return
    if space.capacity is None:
        return
    most = most_seats([(t.since, t.until, t.seats) for t in there if t.since], since=since, until=until)
    if most + seats > space.capacity:
        left = max(0, space.capacity - most)
        raise Conflict(f"{space.place} 共 {space.capacity} 个工位，这段时间最多已用 {most} 个，还剩 {left} 个。")


def same_room(one: Space, other: Space) -> bool:
    """In two spellings, or in one."""
    return place_key(one.building, one.floor, one.room) == place_key(other.building, other.floor, other.room)


async def spelled_otherwise(conn: Conn, space: Space) -> list[Space]:
    """The same room a second time, from before two spellings of one were known as one."""
    return [s for s in await spaces_of(conn, space.carrier_id) if s.id != space.id and same_room(s, space)]


def in_the_way(other: Tenancy) -> str:
    """For those who see the carrier, and with it who is in it."""
    until = f"至 {other.until}" if other.until else "，没有约定期满日"
    return f"{other.place} 已由 {other.holder} 租用：{other.since} 起{until}。"
