"""Which carriers have something to be settled between their list, a firm's word and the register, and since when."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Integer, bindparam, func, literal_column, select

from app.access.terms import Viewer
from app.carriers.models import CarrierDuty, CarrierRecord, TenancyRow
from app.carriers.rules import day_before, reasons_for
from app.carriers.running import inside_on
from app.carriers.sight import Sight, in_sight, sight_of, values_for
from app.db import Conn
from app.incubation.models import StayDisagreement
from app.statements import Kept

_D, _C, _T = StayDisagreement, CarrierRecord, TenancyRow
_OPEN: Any = literal_column("stay_disagreements.state = 'open'")  # a literal: the index holds the open ones alone


@dataclass(frozen=True, slots=True)
class Waiting:
    carrier_id: uuid.UUID
    carrier_name: str
    count: int
    since: datetime  # the oldest


async def open_in(conn: Conn, carrier_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """By carrier, how many are open; the caller has seen to the viewer's sight."""
    query = select(_D.carrier_id, func.count()).where(_D.carrier_id.in_(carrier_ids), _OPEN)
    return {carrier_id: n for carrier_id, n in await conn.execute(query.group_by(_D.carrier_id))}


async def to_do_in(conn: Conn, carrier_ids: Sequence[uuid.UUID], *, today: date) -> Counter[uuid.UUID]:
    """By carrier, how many tenants and duties its own page asks somebody to see to today; the caller has seen to the
    viewer's sight. Two statements, however many carriers."""
    until = func.upper(_T.during, type_=Date())
    inside = select(_T.carrier_id, until, _T.clock_since, _T.limit_months)
    inside = inside.where(_T.carrier_id.in_(carrier_ids), _T.ended_on.is_(None), inside_on(today, today=today))
    found = Counter[uuid.UUID]()
    for carrier_id, over, clock_since, months in await conn.execute(inside):
        last = day_before(over) if over else None
        found[carrier_id] += bool(reasons_for(today=today, until=last, clock_since=clock_since, limit_months=months))
    d = CarrierDuty
    overdue = select(d.carrier_id, func.count()).where(d.carrier_id.in_(carrier_ids), d.done_on.is_(None))
    for carrier_id, n in await conn.execute(overdue.where(d.due_on < today).group_by(d.carrier_id)):
        found[carrier_id] += n
    return found


async def waiting(conn: Conn, *, viewer: Viewer, limit: int) -> list[Waiting]:
    """Carriers in sight, whose oldest has waited longest first. One more than `limit` says that there are more."""
    rows = await conn.execute(_waiting(sight_of(viewer)), {**values_for(viewer), "rows": limit + 1})
    return [Waiting(*row) for row in rows]


@lru_cache(maxsize=8)
def _waiting(sight: Sight) -> Kept:
    oldest = func.min(_D.opened_at)
    query = (
        select(_C.id, _C.name, func.count(), oldest)
        .join(_D, _D.carrier_id == _C.id)
        .where(_OPEN, in_sight(sight))
        .group_by(_C.id, _C.name)
    )
    return Kept(query.order_by(oldest, _C.id).limit(bindparam("rows", type_=Integer())))
