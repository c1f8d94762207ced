"""A year's schedule and what hangs on it: the day from which each firm counts as standing still."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Date, Text, column, select, update, values

from app.db import Conn
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER
from app.locks import Lock, hold
from app.pipeline.queries import load_ladders
from app.pipeline.recording import stale_on
from app.pipeline.terms import Ladder
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar, CalendarEntry
from app.workdays.service import load_year


@dataclass(frozen=True, slots=True)
class Schedule:
    year: int
    entries: Sequence[CalendarEntry]
    source: str
    confirmed: bool


async def load_schedules(conn: Conn, schedules: Sequence[Schedule]) -> int:
    """Puts each year's schedule in the place of whatever was there; returns how many firms' stale day it moved.

    The calendar that goes is read under the lock: one that another process kept in memory, or that a second
    administrator is replacing, leads back to the wrong day of the last touch.
    """
    if not schedules:
        return 0
    await hold(conn, Lock.CALENDAR)
    before = await load_calendar(conn)
    for s in schedules:
        await load_year(conn, s.year, s.entries, source=s.source, confirmed=s.confirmed)
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    return await _recount(conn, ladder, before=before, after=await load_calendar(conn)) if ladder else 0


async def _recount(conn: Conn, ladder: Ladder, *, before: Calendar, after: Calendar) -> int:
    """The day of the last touch is not kept, but the old calendar leads back to it."""
    standing = select(Firm.tier, Firm.stale_on).where(Firm.tier.is_not(None), Firm.stale_on.is_not(None)).distinct()
    changed = []
    for code, due in await conn.execute(standing):
        tier = ladder.tier(code)
        if tier is None or tier.stale_working_days is None or due is None:
            continue
        touched = before.add_working_days(due, -tier.stale_working_days)
        if (new := stale_on(tier, touched, after)) != due:
            changed.append((code, due, new))
    if not changed:
        return 0
    recounted = values(column("tier", Text()), column("due", Date()), column("new", Date()), name="recounted").data(
        changed
    )
    # All in one statement: a day that is another firm's new day must not be counted twice.
    done = await conn.execute(
        update(Firm)
        .where(Firm.tier == recounted.c.tier, Firm.stale_on == recounted.c.due)
        .values(stale_on=recounted.c.new)
    )
    return done.rowcount
