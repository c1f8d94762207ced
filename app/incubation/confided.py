"""What firms told the bureau and not their landlord, as sums that its operator may read.

Two sums that differ by one firm tell of that firm, whichever of tenants, days or reports made the difference. So of a
year there is one sum, and it never changes: of those who were incubated on its last day, as it was known half a year
later. Nothing that is recorded afterwards, a lease struck or dated back or a report handed in late, moves it.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select, text
from sqlalchemy.types import Boolean, Date, DateTime, Integer, Uuid

from app.carriers.models import TenancyEventRow
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.incubation.rules import Tenant, tenant_of
from app.reports.terms import COUNTED
from app.statements import Kept

_E = TenancyEventRow
_TENANTS = f"""
WITH inside AS (
  SELECT DISTINCT coalesce(t.firm_id, CASE WHEN m.linked_on <= :last AND m.linked_at < :known THEN m.firm_id END)
    AS firm_id
  FROM (
    SELECT DISTINCT ON (tenancy_id) tenancy_id, during, open FROM tenancy_events
    WHERE carrier_id = :carrier_id AND at < :known ORDER BY tenancy_id, at DESC, id DESC
  ) e JOIN tenancies t ON t.id = e.tenancy_id LEFT JOIN carrier_teams m ON m.id = t.team_id
  WHERE (e.during @> CAST(:last AS date) OR (e.open AND lower(e.during) <= :last))
    AND (t.incubating_since IS NOT NULL OR :everybody)
)
SELECT f.registered_on, coalesce(left(f.high_tech_field, 1), ''), NULL, false, reports.by_year
FROM inside i JOIN firms f ON f.id = i.firm_id
LEFT JOIN LATERAL (
  SELECT json_object_agg(year, figures) AS by_year FROM (
    SELECT DISTINCT ON (year) year, figures FROM yearly_reports WHERE firm_id = f.id AND year IN (:year, :year - 1)
      AND state IN ({", ".join(f"'{s.value}'" for s in COUNTED)}) AND created_at < :known
    ORDER BY year, version DESC) latest
) reports ON true
"""  # noqa: S608 - states of our own
_READ = Kept(
    text(_TENANTS).bindparams(
        bindparam("carrier_id", type_=Uuid()),
        bindparam("last", type_=Date()),
        bindparam("known", type_=DateTime(timezone=True)),
        bindparam("everybody", type_=Boolean()),
        bindparam("year", type_=Integer()),
    )
)


def told_from(year: int) -> date:
    """The first day on which a year's sums stand."""
    return date(year + 1, 7, 1)


async def counted(conn: Conn, tenancy_id: uuid.UUID, *, today: date) -> bool:
    """Whether a sum that is told already has it in: gone, it would tell of its firm by what the sum lost."""
    query = select(_E.at, _E.during, _E.open).where(_E.tenancy_id == tenancy_id).order_by(_E.at, _E.id)
    events = (await conn.execute(query)).all()
    years = range(events[0].at.year - 1, today.year) if events else ()
    return any(_stood(events, year) for year in years if told_from(year) <= today)


def _stood(events: Sequence[Any], year: int) -> bool:
    known = [event for event in events if event.at < _known_of(year)]
    if not known or known[-1].during.isempty:
        return False
    last, during = date(year, 12, 31), known[-1].during
    return bool(during.contains(last) or (known[-1].open and during.lower <= last))


def _known_of(year: int) -> datetime:
    stands = told_from(year)
    return datetime(stands.year, stands.month, stands.day, tzinfo=BUSINESS_ZONE)


async def cohort(
    conn: Conn, carrier_id: uuid.UUID, year: int, *, everybody: bool, today: date
) -> Sequence[Tenant] | None:
    """Nothing before its day. `everybody`: plain tenants too."""
    if today < told_from(year):
        return None
    values: dict[str, Any] = {"carrier_id": carrier_id, "last": date(year, 12, 31), "known": _known_of(year)}
    rows = await conn.execute(_READ, {**values, "everybody": everybody, "year": year})
    return [tenant_of(row, year) for row in rows]
