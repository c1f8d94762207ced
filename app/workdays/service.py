"""The working-day calendar as administrators keep it, a year at a time."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import delete, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.db import Conn
from app.errors import NotFound
from app.workdays.models import CalendarDay, CalendarYear
from app.workdays.rules import CalendarEntry


async def load_year(conn: Conn, year: int, entries: Sequence[CalendarEntry], *, source: str, confirmed: bool) -> None:
    """Puts a year's schedule in the place of whatever was there: an amended notice replaces the first."""
    await conn.execute(delete(CalendarDay).where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))))
    rows = [{"day": e.day, "kind": e.kind.value, "name": e.name} for e in entries]
    if rows:
        await conn.execute(insert(CalendarDay), rows)
    head = {"source": source, "confirmed": confirmed}
    statement = upsert(CalendarYear).values(year=year, **head)
    await conn.execute(statement.on_conflict_do_update(index_elements=["year"], set_=head))


async def confirm_year(conn: Conn, year: int) -> None:
    """Somebody has compared the year with the notice itself."""
    done = await conn.execute(update(CalendarYear).where(CalendarYear.year == year).values(confirmed=True))
    if done.rowcount == 0:
        raise NotFound(f"{year} 年的放假安排还没有载入。")
