"""Which carriers ran on a day: one rule for the list, the plan's numbers and the dashboard."""

from typing import Any

from sqlalchemy import ColumnElement, Date, and_, func, or_

from app.carriers.models import CarrierRecord
from app.clock import BUSINESS_ZONE

_C = CarrierRecord
# Of one whose first day nobody wrote down: since it was registered here.
RUNS_SINCE: ColumnElement[Any] = func.coalesce(_C.opened_on, func.timezone(BUSINESS_ZONE.key, _C.created_at).cast(Date))


def ran_on(day: Any) -> ColumnElement[bool]:
    """From its first day on, up to the day on which it was closed, which is the first without it."""
    return and_(day >= RUNS_SINCE, or_(_C.closed_on.is_(None), _C.closed_on > day))
