"""Which carriers have something to be settled between their list, a firm's word and the register, and since when."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Integer, Uuid, bindparam, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import Viewer
from app.carriers.models import CarrierRecord
from app.carriers.rules import LEASE_BEFORE, WARN_BEFORE
from app.carriers.sight import Sight, in_sight, sight_of, values_for
from app.db import Conn
from app.incubation.models import StayDisagreement
from app.statements import Kept

_D, _C = StayDisagreement, CarrierRecord
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


# Whom `reasons_for` finds a reason for, counted where they lie: of sixty thousand leases a page would read a tenth.
_TO_DO = Kept(
    text(
        f"""
SELECT t.carrier_id, count(*) FROM tenancies t
WHERE t.carrier_id = ANY(:carriers) AND t.ended_on IS NULL AND lower(t.during) <= :today
  AND (upper(t.during) - 1 <= :today + {LEASE_BEFORE[0]}
    OR t.clock_since + make_interval(months => t.limit_months - {max(WARN_BEFORE)}) <= :today)
GROUP BY t.carrier_id
UNION ALL
SELECT d.carrier_id, count(*) FROM carrier_duties d
WHERE d.carrier_id = ANY(:carriers) AND d.done_on IS NULL AND d.due_on < :today GROUP BY d.carrier_id
"""  # noqa: S608  # our own numbers
    ).bindparams(bindparam("carriers", type_=ARRAY(Uuid())), bindparam("today", type_=Date()))
)


async def to_do_in(conn: Conn, carrier_ids: Sequence[uuid.UUID], *, today: date) -> Counter[uuid.UUID]:
    """By carrier, how many tenants and duties its own page asks somebody to see to today; the caller has seen to the
    viewer's sight."""
    found = Counter[uuid.UUID]()
    for carrier_id, n in await conn.execute(_TO_DO, {"carriers": list(carrier_ids), "today": today}):
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
