"""What an operator asks of a firm, on a page, in a list and from a program alike: with the firm's name where it knows
it, and without a word on which firms there are."""

import uuid
from datetime import date, datetime

from app.access.terms import Actor, Viewer
from app.carriers import proposing
from app.carriers.logs import holders_of
from app.carriers.stay_terms import Lease
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn
from app.incubation.applying import waiting_in


async def names_known(conn: Conn, carrier: Carrier, *, viewer: Viewer, today: date) -> list[tuple[str, str]]:
    """Names and codes of those who are or were inside, and who ask to come in."""
    asking = [(one.firm_name, one.uscc) for one in await waiting_in(conn, viewer=viewer, today=today)]
    inside = [(one.name, one.uscc) for one in await holders_of(conn, carrier.id) if one.uscc]
    return sorted({*inside, *asking})


async def propose(conn: Conn, carrier: Carrier, lease: Lease, *, by: Actor, at: datetime) -> uuid.UUID:
    """As `proposing.propose`."""
    called = await _name_known(conn, carrier, lease.uscc, by=by, at=at)
    return await proposing.propose(conn, carrier, lease, called=called, by=by, at=at)


async def propose_link(
    conn: Conn, carrier: Carrier, team_id: uuid.UUID, *, uscc: str, on: date, by: Actor, at: datetime
) -> uuid.UUID:
    """As `proposing.propose_link`."""
    called = await _name_known(conn, carrier, uscc, by=by, at=at)
    return await proposing.propose_link(conn, carrier, team_id, uscc=uscc, on=on, called=called, by=by, at=at)


async def _name_known(conn: Conn, carrier: Carrier, uscc: str, *, by: Actor, at: datetime) -> str:
    known = await names_known(conn, carrier, viewer=by.viewer, today=business_day(at))
    return next((name for name, code in known if code == uscc), "")
