"""The demo's carriers: rooms, tenants at every point of their stay, a lease that has run out, teams without a code."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import update

from app.access.models import User
from app.access.terms import Actor
from app.carriers.letting import admit
from app.carriers.proposing import propose
from app.carriers.queries import carrier_by_id
from app.carriers.service import register
from app.carriers.spaces import add_space
from app.carriers.stay_terms import Lease, TeamEntry
from app.carriers.terms import Carrier, CarrierEntry, CarrierKind, CarrierLevel, SpaceEntry
from app.clock import business_day
from app.db import Conn
from app.errors import NotFound
from app.firms.queries import firm_by_uscc
from app.incubation.applying import apply
from app.incubation.terms import Need
from app.policy.policies import Policies

_REMARK = "演示数据（虚构）"
_ROOMS = tuple((str(floor), f"{floor}{n:02}", Decimal(60 + 20 * n)) for floor in (1, 2, 3) for n in (1, 2, 3, 4))
# Days since they came, days until the lease ends: a new one, usual ones, one near the limit of 48 months, one beyond
# it, one whose lease is over and whose end nobody has recorded.
_STAYS = ((60, 305), (200, 165), (380, 350), (500, 60), (700, 30), (1380, 90), (1500, 120), (820, -20))


async def bring_carriers(
    conn: Conn, codes: Sequence[str], *, by: Actor, town: str, at: datetime
) -> tuple[Carrier, uuid.UUID]:
    """`codes`: firms that become tenants, as many as there are stays. Returns the incubator, and a room that is free.

    Everybody has come in before the first of the demo's digests, which speak of all of them.
    """
    began = at - timedelta(days=1700)
    incubator = await _carrier(conn, "演示孵化器", CarrierKind.INCUBATOR, by=by, town=town, at=began)
    rooms = [
        await add_space(conn, incubator, SpaceEntry("A 座", floor, room, area, True), by=by, at=began)
        for floor, room, area in _ROOMS
    ]
    for uscc, room, (came, left) in zip(codes, rooms, _STAYS, strict=False):
        since = at - timedelta(days=came)
        until: date = business_day(at) + timedelta(days=left)
        lease = Lease(room, business_day(since), until, uscc=uscc, agreement_no=f"演示-{room.hex[-4:]}")
        await admit(conn, incubator, lease, by=by, at=since)
    makerspace = await _carrier(conn, "演示众创空间", CarrierKind.MAKERSPACE, by=by, town=town, at=began)
    hall = SpaceEntry("", "1", "开放工位区", Decimal(180), False, capacity=24)
    seats = await add_space(conn, makerspace, hall, by=by, at=began)
    for name, days, people in (("演示团队甲", 90, 4), ("演示团队乙", 60, 3)):
        since = at - timedelta(days=days)
        team = TeamEntry(name, "演示负责人", people)
        lease = Lease(seats, business_day(since), None, team=team, seats=people)
        await admit(conn, makerspace, lease, by=by, at=since)
    await conn.execute(update(User).where(User.login == "carrier").values(carrier_id=incubator.id))
    return incubator, rooms[-1]


async def ask_in(conn: Conn, place: tuple[Carrier, uuid.UUID], uscc: str, *, operator: Actor, at: datetime) -> None:
    """A proposal that the firm has not answered yet."""
    incubator, room = place
    proposer = replace(operator, viewer=replace(operator.viewer, carrier_id=incubator.id))
    soon = business_day(at) + timedelta(days=10)
    wish = Lease(room, soon, soon + timedelta(days=730), uscc=uscc, agreement_no="演示-待确认")
    await propose(conn, incubator, wish, by=proposer, at=at - timedelta(days=1))


async def ask_for_room(
    conn: Conn, place: tuple[Carrier, uuid.UUID], uscc: str, *, policies: Policies, clerk: Actor, at: datetime
) -> None:
    """An application that the incubator has not answered yet."""
    firm = await firm_by_uscc(conn, uscc, viewer=clerk.viewer)
    if firm is None:
        raise NotFound
    soon = business_day(at) + timedelta(days=20)
    need = Need(soon, Decimal(80), business="水暖卫浴智能温控阀的研发和生产（演示）", contact="演示联系人 13800000000")
    await apply(conn, firm, place[0].id, need, policies=policies, by=clerk, at=at - timedelta(hours=5))


async def _carrier(conn: Conn, name: str, kind: CarrierKind, *, by: Actor, town: str, at: datetime) -> Carrier:
    entry = CarrierEntry(
        name, kind, CarrierLevel.COUNTY, town, operator="演示运营有限公司", opened_on=business_day(at), remark=_REMARK
    )
    made: uuid.UUID = await register(conn, entry, by=by, at=at)
    found = await carrier_by_id(conn, made, viewer=by.viewer)
    if found is None:
        raise NotFound
    return found
