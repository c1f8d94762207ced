"""The week's turn: each division's digest composed, kept and sent in one transaction, or not at all."""

import logging
from collections.abc import Mapping
from datetime import datetime

from app.db import Conn, Database
from app.digests.queries import kept_among
from app.digests.rules import weeks_due
from app.digests.sending import scopes_wanted, send
from app.digests.service import keep
from app.digests.terms import Press, Week
from app.workdays.queries import load_calendar

log = logging.getLogger("tidu.digests")


async def send_digests(database: Database, press: Press, *, at: datetime) -> Mapping[str, int]:
    """Whoever is killed between two divisions has sent the first and not the second; the next turn sends that.

    A division that cannot be composed holds up no other; the run has failed all the same, and raises at its end.
    """
    async with database.reading() as conn:
        due = await _due(conn, at)
    counts, failed = _none(len(due)), None
    for week, scope in due:
        try:
            async with database.transaction() as conn:
                await _one(conn, week, scope, press, counts, at=at)
        except Exception as error:
            log.exception("the digest of %s for %s could not be composed", week, scope)
            failed = failed or error
    if failed is not None:
        raise failed
    return counts


async def send_in_one(conn: Conn, press: Press, *, at: datetime) -> Mapping[str, int]:
    """The same in the caller's transaction, for a rehearsal."""
    due = await _due(conn, at)
    counts = _none(len(due))
    for week, scope in due:
        await _one(conn, week, scope, press, counts, at=at)
    return counts


async def _due(conn: Conn, at: datetime) -> list[tuple[Week, str]]:
    """What nobody has composed yet of the weeks whose turn has come."""
    weeks = weeks_due(at, await load_calendar(conn))
    if not weeks:
        return []
    wanted = [(week, scope) for week in weeks for scope in await scopes_wanted(conn)]
    there = await kept_among(conn, wanted)
    return [one for one in wanted if one not in there]


def _none(planned: int) -> dict[str, int]:
    return {"planned": planned, "created": 0, "skipped": 0}


async def _one(conn: Conn, week: Week, scope: str, press: Press, counts: dict[str, int], *, at: datetime) -> None:
    digest, made = await keep(conn, week, scope, at=at)
    if made:
        counts["created"] += await send(conn, digest, press, at=at)
    else:
        counts["skipped"] += 1
