"""Since when an incubation is counted, and how long: a tenant has one clock in a carrier, in however many rooms."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, case, func, or_, select, update

from app.access.sight import beyond_sight
from app.access.terms import Actor
from app.carriers.models import CarrierRecord, CarrierTeam, TenancyRow
from app.carriers.queries import stays
from app.carriers.recording import note, span, trace
from app.carriers.rules import Clock, Stint, clocks, limit_of, unbroken
from app.carriers.stay_terms import Happening, Lease, Tenancy
from app.carriers.terms import Carrier
from app.clock import business_day
from app.db import Conn

_T, _M = TenancyRow, CarrierTeam
_EARLIER = "同一载体的另一间租期更早，孵化从 {} 计"
_LEVEL = "同一载体里中间不断的几间是一个孵化期限，从 {} 计，{} 个月"
_STRUCK = "接着算的那份租约登记有误，已经撤销，孵化从 {} 计"


async def clock_of(
    conn: Conn, carrier: Carrier, lease: Lease, holder: Mapping[str, Any], *, by: Actor, at: datetime
) -> Mapping[str, Any]:
    """For a lease that is about to begin. It goes on from the rooms that its holder has in the carrier without a day
    between; those that it comes before are counted from it, too."""
    if not lease.incubates:
        return {"incubating_since": None, "clock_since": None, "limit_months": None, "limit_basis": ""}
    known = await _held(conn, carrier.id, _whose(holder.get("firm_id"), holder.get("team_id")), lock=True)
    held = unbroken(known, since=lease.since, until=lease.until, today=business_day(at))
    usual = limit_of((await stays(conn)).get(carrier.kind), lease.special_field)
    limits = [usual, *((one.limit_months, one.limit_basis) for one in held)]
    months, basis = max(limits, key=lambda limit: limit[0] or 0)
    clock = min((lease.since, *(one.clock_since for one in held)))
    incubating = min((lease.since, *(one.incubating_since for one in held)))
    for one in held:
        if one.open and one.clock_since > clock:
            set_back = replace(one.clock, clock_since=clock, incubating_since=incubating)
            why = _EARLIER.format(clock)
            await _set(conn, (carrier.id, carrier.name), one, set_back, why, by=by, at=at)
    return {"incubating_since": incubating, "clock_since": clock, "limit_months": months, "limit_basis": basis}


def _whose(firm_id: uuid.UUID | None, team_id: uuid.UUID | None) -> ColumnElement[bool]:
    """A firm's team's with its own."""
    own: ColumnElement[bool] = _T.team_id == team_id
    return own if team_id else or_(_T.firm_id == firm_id, _M.firm_id == firm_id)


async def _held(
    conn: Conn, carrier_id: uuid.UUID, whose: ColumnElement[bool], *, by_itself: bool = False, lock: bool = False
) -> list[Stint]:
    """What somebody is incubated in there. `by_itself`: each as if it were the only one; `lock`: for whoever sets their
    clocks, so that more months, or an end, that somebody gives meanwhile are not written over."""
    before, house = _T.__table__.alias("before"), CarrierRecord.__table__.alias("house")
    first = func.lower(_T.during, type_=Date())
    clock: Any = _T.clock_since
    since: Any = func.coalesce(_T.incubating_since, clock)
    query = select().outerjoin_from(_T, _M, _M.id == _T.team_id)
    if by_itself:
        same = select(CarrierRecord.kind).where(CarrierRecord.id == _T.carrier_id).scalar_subquery()
        clock = func.coalesce(case((house.c.kind == same, before.c.clock_since)), first)
        since = func.coalesce(before.c.incubating_since, first)
        query = query.outerjoin(before, before.c.id == _T.previous_id)
        query = query.outerjoin(house, house.c.id == before.c.carrier_id)
    columns = (
        *(_T.id, first, func.upper(_T.during, type_=Date()), clock, since, _T.limit_months, _T.limit_basis),
        *(_T.ended_on.is_(None), func.coalesce(_T.firm_id, _M.firm_id, _T.team_id)),
    )
    there = and_(_T.carrier_id == carrier_id, _T.clock_since.is_not(None), ~func.isempty(_T.during))
    query = query.add_columns(*columns).where(there, whose).order_by(_T.id)
    query = query.with_for_update(of=_T.__table__, key_share=True) if lock else query
    async with beyond_sight(conn):  # a firm that says yes need not see how its other rooms are counted
        rows: Sequence[Any] = (await conn.execute(query)).all()
    return [Stint(r[0], r[1], r[2] - timedelta(days=1) if r[2] else None, *r[3:]) for r in rows]


async def goes_on(conn: Conn, carrier: Carrier, firm_id: uuid.UUID, lease: Lease, *, today: date) -> bool:
    """Whether the firm is incubated there already, without a day between: another room is no other entry."""
    known = [one for one in await _held(conn, carrier.id, _whose(firm_id, None)) if one.since <= lease.since]
    return bool(unbroken(known, since=lease.since, until=lease.until, today=today))


async def stay_of(conn: Conn, held: Tenancy, *, today: date) -> list[Stint]:
    """The other rooms of the same stay whose end nobody has recorded."""
    assert held.since is not None
    known = await _held(conn, held.carrier_id, _whose(held.firm_id, None if held.firm_id else held.team_id), lock=True)
    until = None if held.until and held.until < today else held.until
    found = unbroken(known, since=held.since, until=until, today=today)
    return [one for one in found if one.open and one.id != held.id]


async def level(conn: Conn, carrier: Carrier, *, by: Actor, at: datetime) -> int:
    """Leases that were stored with a clock of their own, or whose holders have become one since, are counted as one
    stay: from its earliest day, by its longest limit. How many were set right; the caller holds the carrier."""
    today, done = business_day(at), 0
    seen = _by_holder(await _held(conn, carrier.id, _T.id.is_not(None)))
    ids = [one.id for held in seen if _uneven(held, today) for one in held]
    if not ids:
        return 0
    for held in _by_holder(await _held(conn, carrier.id, _T.id.in_(ids), lock=True)):
        for one, right in _uneven(held, today):
            why = _LEVEL.format(right.clock_since, right.limit_months or "不限")
            await _set(conn, (carrier.id, carrier.name), one, right, why, by=by, at=at)
            done += 1
    return done


def _by_holder(known: Sequence[Stint]) -> list[list[Stint]]:
    found: dict[uuid.UUID, list[Stint]] = {}
    for one in known:
        found.setdefault(one.holder, []).append(one)
    return list(found.values())


def _uneven(held: Sequence[Stint], today: date) -> list[tuple[Stint, Clock]]:
    right = clocks(held, today=today)
    return [(one, right[one.id]) for one in held if one.open and right[one.id] != one.clock]


async def without(conn: Conn, gone: Tenancy, *, by: Actor, at: datetime) -> None:
    """What was counted from a lease that never was is counted from its own stay again."""
    if gone.clock_since is None:
        return
    whose = _whose(gone.firm_id, None if gone.firm_id else gone.team_id)
    known = await _held(conn, gone.carrier_id, whose, lock=True)
    right = clocks(await _held(conn, gone.carrier_id, whose, by_itself=True), today=business_day(at))
    for one in known:
        if one.open and one.clock_since == gone.clock_since < right[one.id].clock_since:
            clock = replace(right[one.id], limit_months=one.limit_months, limit_basis=one.limit_basis)
            why = _STRUCK.format(clock.clock_since)
            await _set(conn, (gone.carrier_id, gone.carrier_name), one, clock, why, by=by, at=at)


async def _set(
    conn: Conn, carrier: tuple[uuid.UUID, str], one: Stint, clock: Clock, why: str, *, by: Actor, at: datetime
) -> None:
    """It follows from the other leases, and is nobody's change to this one: its version stays."""
    values = {name: getattr(clock, name) for name in Clock.__dataclass_fields__}
    async with beyond_sight(conn):
        await conn.execute(update(_T).where(_T.id == one.id).values(**values, updated_at=at))
    detail = {"clock_since": clock.clock_since, "before": one.clock_since}
    during = span(one.since, one.until)
    await note(conn, one.id, carrier[0], Happening.CHANGED, during, reason=why, detail=detail, by=by, at=at)
    if clock.limit_months != one.limit_months:  # as an old week's digest looks for it
        longer, kind = {"months": clock.limit_months, "before": one.limit_months}, Happening.EXTENDED
        await note(conn, one.id, carrier[0], kind, during, reason=why, detail=longer, by=by, at=at)
    said = {"clock_since": clock.clock_since, "months": clock.limit_months, "note": why}
    before = {"clock_since": one.clock_since, "months": one.limit_months}
    await trace(conn, carrier, "tenancy:changed", said, by=by, at=at, before=before)
