"""Advisory locks of the database: what only one process may do at a time, each under a number of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum, unique

from sqlalchemy import text

from app.db import Conn


@unique
class Lock(IntEnum):
    MIGRATION = 781000
    FOLDING = 781001  # adding the counters' deltas together
    IMPORT = 781002  # two imports with the same codes would only wait for each other
    INVENTION = 781003  # filling an empty registry with a demo or a synthetic county
    CALENDAR = 781004  # a year's schedule and the stale days that hang on it
    REFUSALS = 781005  # the trail's rows of sign-ins refused during a lockout
    PROVING = 781090  # one person's tries of the password while signed in
    WINDOWS = 781006  # opening, closing and laying out filing windows
    REASSESSING = 781007  # the night's round over everybody
    REMINDING = 781009  # planning reminders: what one planner has written the next must see
    LEADING = 781010  # the one worker whose clock starts what one process is enough for
    PLANS = 781070  # bringing the five-year plans that are missing
    VIEWS = 781150  # one person's views are counted and told apart by one at a time
    FILES = 781012  # how many hang on one object is counted and added to by one at a time
    SEALING = 781013  # one seal of the trail follows another
    DIGESTS = 781011  # composing a week's digest: one of each
    ERASING = 781017  # a person's number is asked about, corrected or erased by one at a time; before any row
    WATCHING = 781016  # telling the bureau's heads of firms that stand still, once for each silence
    ANSWERS = 781008  # shared by the night's batches, alone for firms whose facts have just changed


async def hold(conn: Conn, lock: Lock) -> None:
    """Waits for the lock; it is given back when the transaction ends."""
    await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock.value})


async def hold_part(conn: Conn, lock: Lock, part: str) -> None:
    """As `hold`, for one of many things under the lock's number."""
    query = text("SELECT pg_advisory_xact_lock(:key, hashtext(:part))")
    await conn.execute(query, {"key": lock.value, "part": part})


async def try_hold_part(conn: Conn, lock: Lock, part: str) -> bool:
    """As `try_hold`, for one of many things under the lock's number."""
    query = text("SELECT pg_try_advisory_xact_lock(:key, hashtext(:part))")
    return bool((await conn.execute(query, {"key": lock.value, "part": part})).scalar_one())


async def hold_shared(conn: Conn, lock: Lock) -> None:
    """Beside others who share it, never beside one who holds it alone."""
    await conn.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": lock.value})


@asynccontextmanager
async def held_for_long(conn: Conn, lock: Lock) -> AsyncIterator[bool]:
    """Whether nobody else holds it; kept by a connection that reads, outside of any transaction, until the block ends.

    For work of many transactions: an open one would be ended by the server as idle, and would keep what is old alive.
    """
    got = bool((await conn.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": lock.value})).scalar_one())
    try:
        yield got
    finally:
        if got and not conn.invalidated:  # with its session it is gone, too
            await conn.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": lock.value})


async def try_hold(conn: Conn, lock: Lock) -> bool:
    """True when nobody else holds it; then it is held until the transaction ends."""
    return bool((await conn.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": lock.value})).scalar_one())
