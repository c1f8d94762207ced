"""Carriers, rooms and tenants for tests, made through the house's own services."""

import uuid
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import update

from app.access.models import User
from app.carriers.letting import admit
from app.carriers.queries import carrier_by_id
from app.carriers.service import register
from app.carriers.spaces import add_space
from app.carriers.stay_terms import Lease, TeamEntry
from app.carriers.terms import Carrier, CarrierEntry, CarrierKind, CarrierLevel, SpaceEntry
from app.db import Conn
from tests.factories import TOWN, Person, person
from tests.harness import NOON


async def carrier(
    conn: Conn, name: str = "示例孵化器", *, kind: str = "incubator", at: datetime = NOON, **more: Any
) -> Carrier:
    """A carrier of the county's, registered by an officer."""
    officer = await person(conn, "officer")
    values = {"level": CarrierLevel.COUNTY, "region_code": TOWN, "operator": "示例运营有限公司", **more}
    made = await register(conn, CarrierEntry(name, CarrierKind(kind), **values), by=officer.actor, at=at)
    found = await carrier_by_id(conn, made, viewer=officer.viewer)
    assert found
    return found


async def space(
    conn: Conn,
    held: Carrier,
    room: str = "301",
    *,
    area: str = "100",
    exclusive: bool = True,
    at: datetime = NOON,
    **more: Any,
) -> uuid.UUID:
    officer = await person(conn, "officer")
    entry = SpaceEntry("A 座", "3", room, Decimal(area), exclusive, **more)
    return await add_space(conn, held, entry, by=officer.actor, at=at)


async def tenancy(
    conn: Conn,
    held: Carrier,
    space_id: uuid.UUID,
    who: str,
    since: date = date(2026, 1, 1),
    until: date | None = date(2026, 12, 31),
    *,
    at: datetime = NOON,
    **more: Any,
) -> uuid.UUID:
    """`who`: a firm's code or a team's name."""
    officer = await person(conn, "officer")
    named: dict[str, Any] = {"uscc": who} if who.isascii() else {"team": TeamEntry(who)}
    return await admit(conn, held, Lease(space_id, since, until, **named, **more), by=officer.actor, at=at)


def lease(space_id: uuid.UUID, uscc: str) -> Lease:
    return Lease(space_id, date(2026, 12, 1), None, uscc=uscc)


async def operator(conn: Conn, held: Carrier, login: str = "carrier") -> Person:
    """The account that runs the carrier."""
    found = await person(conn, login)
    await conn.execute(update(User).where(User.id == found.id).values(carrier_id=held.id))
    return Person(replace(found.viewer, carrier_id=held.id))


async def bring_list(browser: Any, here: str, name: str, text: str, *, act: str = "check") -> Any:
    """Uploads a list and answers with the page of what it would do, or, to import it, of what it has done."""
    sent = await browser.post(f"{here}/import", files={"file": (name, text.encode("utf-8-sig"), "text/csv")})
    if sent.status_code != 303:
        return sent
    batch = sent.headers["location"]
    if act == "import" and (done := await browser.post(f"{batch}/confirm")).status_code != 303:
        return done
    return await browser.get(batch)
