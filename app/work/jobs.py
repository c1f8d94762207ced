"""The morning's look at firms: who stands still too long, and which followed firm's certificate lapses."""

from collections.abc import Mapping
from datetime import datetime

from app.clock import business_day
from app.db import Conn
from app.firms.terms import MAIN_LADDER
from app.locks import Lock, try_hold
from app.pipeline.queries import load_ladders
from app.work.lapses import tell_lapses
from app.work.stale import escalate
from app.workdays.queries import load_calendar


async def watch(conn: Conn, at: datetime) -> Mapping[str, int]:
    """On working days; run twice it tells nothing twice."""
    today, calendar = business_day(at), await load_calendar(conn)
    ladder = (await load_ladders(conn)).get(MAIN_LADDER)
    if ladder is None or not calendar.is_working_day(today) or not await try_hold(conn, Lock.WATCHING):
        return {"skipped": 1}
    told = await escalate(conn, ladder=ladder, calendar=calendar, today=today, at=at)
    return {"planned": told + await tell_lapses(conn, today=today, at=at), "created": told}
