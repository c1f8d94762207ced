from dataclasses import dataclass
from typing import Any

from sqlalchemy import extract, func, select

from app.db import Conn
from app.workdays.models import CalendarDay, CalendarYear
from app.workdays.rules import Calendar, CalendarEntry, DayKind


@dataclass(frozen=True, slots=True)
class YearRow:
    year: int
    source: str
    confirmed: bool
    holidays: int
    make_ups: int


async def load_calendar(conn: Conn) -> Calendar:
    days = await conn.execute(select(CalendarDay.day, CalendarDay.kind))
    years = (await conn.execute(select(CalendarYear.year))).scalars()
    return Calendar({day: DayKind(kind) for day, kind in days}, frozenset(years))


async def list_years(conn: Conn) -> list[YearRow]:
    """Newest first, each with how many days it names."""

    def named(kind: DayKind) -> Any:
        return func.count(CalendarDay.day).filter(CalendarDay.kind == kind.value)

    query = (
        select(
            CalendarYear.year,
            CalendarYear.source,
            CalendarYear.confirmed,
            named(DayKind.HOLIDAY),
            named(DayKind.MAKE_UP),
        )
        .outerjoin(CalendarDay, extract("year", CalendarDay.day) == CalendarYear.year)
        .group_by(CalendarYear.year)
        .order_by(CalendarYear.year.desc())
    )
    return [YearRow(*row) for row in (await conn.execute(query)).all()]


async def days_of(conn: Conn, year: int) -> list[CalendarEntry]:
    query = (
        select(CalendarDay.day, CalendarDay.kind, CalendarDay.name)
        .where(extract("year", CalendarDay.day) == year)
        .order_by(CalendarDay.day)
    )
    return [CalendarEntry(day, DayKind(kind), name) for day, kind, name in await conn.execute(query)]
