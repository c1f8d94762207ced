from sqlalchemy import select

from app.db import Conn
from app.workdays.models import CalendarDay, CalendarYear
from app.workdays.rules import Calendar, DayKind


async def load_calendar(conn: Conn) -> Calendar:
    days = (await conn.execute(select(CalendarDay.day, CalendarDay.kind))).tuples()
    years = (await conn.execute(select(CalendarYear.year))).scalars()
    return Calendar({day: DayKind(kind) for day, kind in days}, frozenset(years))
