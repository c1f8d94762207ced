"""Which carriers ran on a day, and who was inside: one rule each, for every list, form and number."""

from typing import Any

from sqlalchemy import ColumnElement, Date, and_, func, or_

from app.carriers.models import CarrierRecord, TenancyRow
from app.clock import BUSINESS_ZONE

_C, _T = CarrierRecord, TenancyRow
# Of one whose first day nobody wrote down: since it was registered here.
RUNS_SINCE: ColumnElement[Any] = func.coalesce(_C.opened_on, func.timezone(BUSINESS_ZONE.key, _C.created_at).cast(Date))


def ran_on(day: Any) -> ColumnElement[bool]:
    """From its first day on, up to the day on which it was closed, which is the first without it."""
    return and_(day >= RUNS_SINCE, or_(_C.closed_on.is_(None), _C.closed_on > day))


def inside_on(day: Any, *, today: Any) -> ColumnElement[bool]:
    """A tenant is inside on each of its days, the last one too, whenever its end was recorded; after a lease that is
    over it still is, up to today, until somebody records its end."""
    open_yet = and_(_T.ended_on.is_(None), day <= today)
    later = or_(func.upper(_T.during).is_(None), func.upper(_T.during) > day)
    return and_(func.lower(_T.during) <= day, or_(later, open_yet))


# The same in words of SQL, of an interval and of whether no end was recorded: `:on` is the day.
INSIDE_ON = "lower({during}) <= :on AND ({during} @> CAST(:on AS date) OR ({open} AND :on <= :today))"
