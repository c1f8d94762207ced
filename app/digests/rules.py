"""When a week's digest is due, and what a moment may know."""

from datetime import date, datetime, timedelta

from app.clock import BUSINESS_ZONE, business_day
from app.digests.terms import Moment, Week
from app.workdays.rules import OFFICE_OPENS, Calendar

_LATE = timedelta(days=7)


def due_at(week: Week, calendar: Calendar) -> datetime:
    """Half past eight on the Monday after the week; where that is a day off, on the next working day."""
    monday = week.shifted(1).monday
    day = monday if calendar.is_working_day(monday) else calendar.add_working_days(monday, 1)
    return datetime.combine(day, OFFICE_OPENS, BUSINESS_ZONE)


def weeks_due(at: datetime, calendar: Calendar) -> list[Week]:
    """The weeks whose turn came within the last seven days: one as a rule, none after a long holiday, then two.

    What was missed longer ago is not sent any more; it can still be composed.
    """
    this = Week.of(business_day(at))
    candidates = [this.shifted(-n) for n in (4, 3, 2, 1)]
    return [week for week in candidates if at - _LATE < due_at(week, calendar) <= at]


def last_due(at: datetime, calendar: Calendar) -> Week:
    """The latest week whose digest is due at that moment."""
    week = Week.of(business_day(at)).shifted(-1)
    while due_at(week, calendar) > at:
        week = week.shifted(-1)
    return week


def as_known_then(week: Week, at: datetime, calendar: Calendar) -> Moment:
    """As on the day it was due; before that day, as far as is known."""
    due = due_at(week, calendar)
    return Moment(due, business_day(due), fresh=False) if due < at else as_it_is(at)


def as_known_now(week: Week, at: datetime, calendar: Calendar) -> Moment:
    """The same day, with everything that was recorded about it since."""
    due = due_at(week, calendar)
    return Moment(at, business_day(due), fresh=False) if due < at else as_it_is(at)


def as_it_is(at: datetime) -> Moment:
    return Moment(at, business_day(at), fresh=True)


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), BUSINESS_ZONE)
