"""Reads of tenancies: of a carrier, of a firm, one by itself, and what was recorded of it."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, String, bindparam, cast, func, or_, select
from sqlalchemy.types import Uuid

from app.access.sight import beyond_sight
from app.access.terms import Viewer
from app.carriers.models import CarrierRecord, CarrierSpace, CarrierTeam, TenancyEventRow, TenancyRow
from app.carriers.running import inside_on
from app.carriers.sight import Sight, held_by, in_sight, sight_of, values_for, visible_to
from app.carriers.stay_terms import EndReason, Happening, SpecialField, Tenancy, TenancyEvent
from app.carriers.terms import CarrierKind
from app.db import Conn
from app.firms.models import Firm
from app.statements import Kept

_T, _S, _C, _M = TenancyRow, CarrierSpace, CarrierRecord, CarrierTeam
_COLUMNS: tuple[Any, ...] = (
    _T.id,
    _T.carrier_id,
    _C.name,
    _C.kind,
    _T.space_id,
    _S.building,
    _S.floor,
    _S.room,
    _S.area,
    _T.exclusive,
    _T.seats,
    Firm.id,
    func.coalesce(Firm.uscc, ""),
    func.coalesce(Firm.name, ""),
    _T.team_id,
    func.coalesce(_M.name, ""),
    _M.linked_on,
    func.lower(_T.during, type_=Date()),
    func.upper(_T.during, type_=Date()),
    _T.incubating_since,
    _T.clock_since,
    _T.limit_months,
    _T.limit_basis,
    _T.special_field,
    _T.rent_reduced,
    _T.agreement_no,
    _T.agreement_on,
    _T.stage_target,
    _T.ended_on,
    _T.end_reason,
    _T.end_note,
    _T.ground,
    _T.previous_id,
    _T.version,
    _T.entry,
    _C.operator,
)
_UNTIL, _SPECIAL, _REASON, _KIND = 18, 23, 29, 3


def _all() -> Select[Any]:
    return (
        select(*_COLUMNS)
        .join(_C, _C.id == _T.carrier_id)
        .join(_S, _S.id == _T.space_id)
        .outerjoin(_M, _M.id == _T.team_id)
        .outerjoin(Firm, Firm.id == func.coalesce(_T.firm_id, _M.firm_id))
    )


def tenancy_of(row: Sequence[Any]) -> Tenancy:
    values = list(row)
    values[_KIND] = CarrierKind(values[_KIND])
    values[_UNTIL] = values[_UNTIL] - timedelta(days=1) if values[_UNTIL] else None
    values[_SPECIAL] = SpecialField(values[_SPECIAL]) if values[_SPECIAL] else None
    values[_REASON] = EndReason(values[_REASON]) if values[_REASON] else None
    return Tenancy(*values)


_ON, _TODAY = bindparam("on", type_=Date()), bindparam("today", type_=Date())
_CARRIER = bindparam("carrier_id", type_=Uuid())
_INSIDE = inside_on(_ON, today=_TODAY)
_BY_PLACE = (_S.building, _S.floor, _S.room, func.lower(_T.during), _T.id)
_THAT_DAY = Kept(_all().where(_T.carrier_id == _CARRIER, _INSIDE).order_by(*_BY_PLACE))
_COMING = (_ON >= _TODAY) & (func.lower(_T.during) > _ON) & _T.ended_on.is_(None)  # what is past tells who came itself
_FROM_THAT_DAY = Kept(_all().where(_T.carrier_id == _CARRIER, or_(_INSIDE, _COMING)).order_by(*_BY_PLACE))
_OPEN = Kept(_all().where(_T.carrier_id == _CARRIER, _T.ended_on.is_(None)).order_by(*_BY_PLACE))
_LATEST = _all().order_by(func.lower(_T.during).desc().nulls_last(), _T.id.desc())


def limit_day(months: Any = _T.limit_months) -> ColumnElement[date]:
    """The day on which the incubation's limit is reached, as `rules.add_months` has it; none without a limit."""
    return cast(_T.clock_since + func.make_interval(0, months), Date)


async def tenancies_on(conn: Conn, carrier_id: uuid.UUID, *, on: date, today: date) -> list[Tenancy]:
    """Who is inside on a day, by place. Here and below: the caller has looked the carrier up in its viewer's sight."""
    rows = await conn.execute(_THAT_DAY, {"carrier_id": carrier_id, "on": on, "today": today})
    return [tenancy_of(row) for row in rows]


async def there_and_coming(
    conn: Conn, carrier_id: uuid.UUID, *, on: date, today: date
) -> tuple[list[Tenancy], list[Tenancy]]:
    """Who is inside on a day, and whose lease begins after it; the latter only of today and later."""
    rows = await conn.execute(_FROM_THAT_DAY, {"carrier_id": carrier_id, "on": on, "today": today})
    found = [tenancy_of(row) for row in rows]
    return [t for t in found if t.since and t.since <= on], [t for t in found if t.since and t.since > on]


async def holding(conn: Conn, carrier_id: uuid.UUID, *, today: date) -> list[Tenancy]:
    """Who keeps others out of a room, today or later: somebody whose last day is today is inside until its evening."""
    there, coming = await there_and_coming(conn, carrier_id, on=today, today=today)
    return there + coming


async def open_tenancies(conn: Conn, carrier_id: uuid.UUID) -> list[Tenancy]:
    """Those whose end nobody has recorded, future ones among them."""
    return [tenancy_of(row) for row in await conn.execute(_OPEN, {"carrier_id": carrier_id})]


async def tenancies_of(
    conn: Conn, carrier_id: uuid.UUID, *, after: tuple[date, uuid.UUID] | None = None, limit: int = 200
) -> list[Tenancy]:
    """All there ever were but struck ones, the latest first; keyset by first day and id."""
    first = func.lower(_T.during, type_=Date())
    query = _LATEST.where(_T.carrier_id == carrier_id, first.is_not(None))
    if after:
        query = query.where((first < after[0]) | ((first == after[0]) & (_T.id < after[1])))
    return [tenancy_of(row) for row in await conn.execute(query.limit(limit))]


async def tenancies_of_space(conn: Conn, space_id: uuid.UUID, *, limit: int = 50) -> list[Tenancy]:
    query = _LATEST.where(_T.space_id == space_id, ~func.isempty(_T.during)).limit(limit)
    return [tenancy_of(row) for row in await conn.execute(query)]


async def tenancies_of_firm(conn: Conn, firm_id: uuid.UUID, *, viewer: Viewer) -> list[Tenancy]:
    """The firm's own and its team's before it was one, the latest first, in the carriers that the viewer can see."""
    values = {**values_for(viewer), "firm_id": firm_id}
    return [tenancy_of(row) for row in await conn.execute(_of_firm(sight_of(viewer)), values)]


@lru_cache(maxsize=8)
def _of_firm(sight: Sight) -> Kept:
    firm = bindparam("firm_id", type_=Uuid())
    return Kept(_LATEST.where(_T.id.in_(held_by(firm, _T.id)), ~func.isempty(_T.during), in_sight(sight)))


async def tenancy_by_id(conn: Conn, tenancy_id: uuid.UUID, *, viewer: Viewer) -> Tenancy | None:
    values = {**values_for(viewer), "tenancy_id": tenancy_id}
    row = (await conn.execute(_by_id(sight_of(viewer)), values)).one_or_none()
    return tenancy_of(row) if row is not None else None


@lru_cache(maxsize=8)
def _by_id(sight: Sight) -> Kept:
    return Kept(_all().where(_T.id == bindparam("tenancy_id", type_=Uuid()), in_sight(sight)))


async def taken(
    conn: Conn, space_id: uuid.UUID, *, since: date, until: date | None, besides: uuid.UUID | None = None
) -> list[Tenancy]:
    """Who has the space on any of those days, both inclusive, the earliest first."""
    asked = func.daterange(since, until + timedelta(days=1) if until else None, cast("[)", String))
    query = _all().where(_T.space_id == space_id, _T.during.op("&&")(asked)).order_by(func.lower(_T.during), _T.id)
    if besides:
        query = query.where(_T.id != besides)
    async with beyond_sight(conn):  # a firm that moves in asks whether it can, and need not see by whom it cannot
        return [tenancy_of(row) for row in await conn.execute(query)]


async def lapsed_in(conn: Conn, space_id: uuid.UUID, *, before: date) -> list[Tenancy]:
    """Whose lease of the space was over before a day, and whose end nobody has recorded."""
    over = func.upper(_T.during) <= before
    query = _all().where(_T.space_id == space_id, _T.ended_on.is_(None), over)
    async with beyond_sight(conn):
        return [tenancy_of(row) for row in await conn.execute(query)]


async def chain_of(conn: Conn, tenancy: Tenancy, *, viewer: Viewer) -> list[Tenancy]:
    """The tenancies that led to this one and that followed it, in their order, in the carriers that the viewer can see:
    where a tenant was before and went afterwards is no other operator's to know."""
    holder = (_T.firm_id == tenancy.firm_id) if tenancy.team_id is None else (_T.team_id == tenancy.team_id)
    query = _all().where(holder, ~func.isempty(_T.during), visible_to(viewer))
    rows = [tenancy_of(r) for r in await conn.execute(query)]
    known = {t.id: t for t in rows}
    found, before = [tenancy], tenancy.previous_id
    while before in known:
        found.insert(0, known[before])
        before = known[before].previous_id
    following = {t.previous_id: t for t in rows if t.previous_id}
    while (after := following.get(found[-1].id)) is not None:
        found.append(after)
    return found


async def events_of(conn: Conn, tenancy_id: uuid.UUID) -> list[TenancyEvent]:
    """Newest first."""
    e = TenancyEventRow
    query = (
        select(
            e.kind,
            func.lower(e.during, type_=Date()),
            func.upper(e.during, type_=Date()),
            e.reason,
            e.detail,
            e.actor_name,
            e.at,
        )
        .where(e.tenancy_id == tenancy_id)
        .order_by(e.at.desc(), e.id.desc())
    )
    return [
        TenancyEvent(Happening(r[0]), r[1], r[2] - timedelta(days=1) if r[2] else None, *r[3:])
        for r in await conn.execute(query)
    ]
