"""A year's schedule and what hangs on it: the day from which each firm counts as standing still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Date, Text, column, select, update, values

from app.access.sight import beyond_sight
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
    if ladder is None:
        return 0
    return await recount(conn, was=ladder, now=ladder, before=before, after=await load_calendar(conn))


async def recount(
    conn: Conn, *, was: Ladder, now: Ladder, before: Calendar, after: Calendar, today: date | None = None
) -> int:
    """The day of the last touch is not kept, but the old calendar and the old limit lead back to it."""
    async with beyond_sight(conn):  # days are the whole county's, whoever sets them
        done = await _begun_and_ended(conn, was, now, after, today) if today else 0
        return done + await _recounted(conn, was, now, before, after)


async def _recounted(conn: Conn, was: Ladder, now: Ladder, before: Calendar, after: Calendar) -> int:
    standing = select(Firm.tier, Firm.stale_on).where(Firm.tier.is_not(None), Firm.stale_on.is_not(None)).distinct()
    changed = []
    for code, due in await conn.execute(standing):
        old, new = was.tier(code), now.tier(code)
        if old is None or old.stale_working_days is None or due is None:
            continue
        touched = before.add_working_days(due, -old.stale_working_days)
        if (then := stale_on(new, touched, after)) not in (due, None):
            changed.append((code, due, then))
    if not changed:
        return 0
    recounted = values(column("tier", Text()), column("due", Date()), column("new", Date()), name="recounted").data(
        changed
    )
    # All in one statement: a day that is another firm's new day must not be counted twice.
    moved = await conn.execute(
        update(Firm)
        .where(Firm.tier == recounted.c.tier, Firm.stale_on == recounted.c.due)
        .values(stale_on=recounted.c.new)
    )
    return moved.rowcount


async def _begun_and_ended(conn: Conn, was: Ladder, now: Ladder, calendar: Calendar, today: date) -> int:
    """Where there was no limit, nobody was told before: the count begins today. Where there is none now, it ends."""
    done = 0
    for tier in now.tiers:
        old = was.tier(tier.code)
        limits = (old.stale_working_days if old else None, tier.stale_working_days)
        if None not in limits or limits == (None, None):
            continue
        due = stale_on(tier, today, calendar)
        done += (await conn.execute(update(Firm).where(Firm.tier == tier.code).values(stale_on=due))).rowcount
    return done
