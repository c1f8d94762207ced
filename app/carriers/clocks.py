"""Since when an incubation is counted: a tenant has one clock in a carrier, in however many rooms it is there."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, func, or_, select, update

from app.access.sight import beyond_sight
from app.access.terms import Actor
from app.carriers.models import CarrierTeam, TenancyRow
from app.carriers.queries import stays
from app.carriers.recording import note, span, trace
from app.carriers.rules import Stint, limit_of, unbroken
from app.carriers.stay_terms import Happening, Lease
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn

_T, _M = TenancyRow, CarrierTeam


async def clock_of(
    conn: Conn, carrier: Carrier, lease: Lease, holder: Mapping[str, Any], *, by: Actor, at: datetime
) -> Mapping[str, Any]:
    """For a lease that is about to begin. It goes on from the rooms that its holder has in the carrier without a day
    between; those that it comes before are counted from it, too."""
    if not lease.incubates:
        return {"incubating_since": None, "clock_since": None, "limit_months": None, "limit_basis": ""}
    known = await _held(conn, carrier.id, holder)
    held = unbroken(known, since=lease.since, until=lease.until, today=business_day(at))
    clock = min((lease.since, *(one.clock_since for one in held)))
    incubating = min((lease.since, *(one.incubating_since for one in held)))
    for one in held:
        if one.open and one.clock_since > clock:
            await _earlier(conn, carrier, one, clock, incubating, by=by, at=at)
    usual = limit_of((await stays(conn)).get(carrier.kind), lease.special_field)
    limits = [usual, *((one.limit_months, one.limit_basis) for one in held)]
    months, basis = max(limits, key=lambda limit: limit[0] or 0)
    return {"incubating_since": incubating, "clock_since": clock, "limit_months": months, "limit_basis": basis}


async def _held(conn: Conn, carrier_id: uuid.UUID, holder: Mapping[str, Any]) -> list[Stint]:
    """What the holder is incubated in there, a firm's team's with it."""
    firm_id, team_id = holder.get("firm_id"), holder.get("team_id")
    own: ColumnElement[bool] = _T.team_id == team_id
    whose = own if team_id else or_(_T.firm_id == firm_id, _M.firm_id == firm_id)
    columns = (
        *(_T.id, func.lower(_T.during, type_=Date()), func.upper(_T.during, type_=Date()), _T.clock_since),
        *(func.coalesce(_T.incubating_since, _T.clock_since), _T.limit_months, _T.limit_basis, _T.ended_on.is_(None)),
    )
    query = select(*columns).outerjoin(_M, _M.id == _T.team_id)
    query = query.where(_T.carrier_id == carrier_id, whose, _T.clock_since.is_not(None), ~func.isempty(_T.during))
    async with beyond_sight(conn):  # a firm that says yes need not see how its other rooms are counted
        rows: Sequence[Any] = (await conn.execute(query)).all()
    return [Stint(r[0], r[1], r[2] - timedelta(days=1) if r[2] else None, *r[3:]) for r in rows]


async def _earlier(
    conn: Conn, carrier: Carrier, one: Stint, clock: date, incubating: date, *, by: Actor, at: datetime
) -> None:
    values = {"clock_since": clock, "incubating_since": incubating, "version": _T.version + 1, "updated_at": at}
    async with beyond_sight(conn):
        await conn.execute(update(_T).where(_T.id == one.id).values(values))
    detail = {"clock_since": clock, "before": one.clock_since}
    why = f"同一载体的另一间租期更早，孵化从 {clock} 计"
    during = span(one.since, one.until)
    await note(conn, one.id, carrier.id, Happening.CHANGED, during, reason=why, detail=detail, by=by, at=at)
    said, before = {"clock_since": clock, "note": why}, {"clock_since": one.clock_since}
    await trace(conn, (carrier.id, carrier.name), "tenancy:changed", said, by=by, at=at, before=before)
