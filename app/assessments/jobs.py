"""The night's re-assessment of everybody, in pieces, by as many processes as there are cores."""

import asyncio
import gc
import logging
import multiprocessing
import os
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime

from app.assessments.impacts import count_some, next_count, put_behind
from app.assessments.policies import load_policies
from app.assessments.refreshing import ids_after, refresh, split_points
from app.clock import business_day
from app.db import Database
from app.locks import Lock, held_for_long, hold_shared
from app.policy.policies import Policies

BATCH = 500  # firms in one transaction
SPAN = 10_000  # firms in one piece for a process
_NOBODY = uuid.UUID(int=0)
log = logging.getLogger("tidu.assessments")


async def reassess(database: Database, *, at: datetime, url: str = "") -> Mapping[str, int]:
    """With `url`, a large county is shared between processes that open their own connections."""
    async with database.reading() as conn, held_for_long(conn, Lock.REASSESSING) as alone:
        if not alone:
            return {"skipped": 1}
        points = await split_points(conn, span=SPAN)
        pieces = list(zip([_NOBODY, *points], points, strict=False))
        if len(pieces) < 2 or not url:
            done = [await _piece(database, pieces, at=at)]
        else:
            done = await _shared(url, pieces, at=at)
    return {"planned": sum(firms for firms, _ in done), "created": sum(changed for _, changed in done)}


async def count_impacts(database: Database, *, at: datetime) -> Mapping[str, int]:
    """Batch after batch, each in a transaction of its own, so that the page shows how far it is.

    A count that raises, as a version whose text no longer reads would, is told of and holds up no other.
    """
    done = 0
    failed: set[uuid.UUID] = set()
    while True:
        async with database.reading() as conn:
            version_id = await next_count(conn)
        if version_id is None or version_id in failed:
            return {"planned": done, **({"failed": len(failed)} if failed else {})}
        try:
            async with database.transaction() as conn:
                counted = await count_some(conn, at=at, only=version_id)
            if not counted:  # another process has it
                return {"planned": done}
            done += counted
        except Exception:
            log.exception("the impact of policy version %s could not be counted", version_id)
            failed.add(version_id)
            async with database.transaction() as conn:
                await put_behind(conn, version_id, at=at)


Piece = tuple[uuid.UUID, uuid.UUID]


async def _piece(database: Database, pieces: Sequence[Piece], *, at: datetime) -> tuple[int, int]:
    """Firms looked at and answers changed; each batch is a transaction of its own, so a fault loses one batch."""
    policies: Policies | None = None
    firms = changed = 0
    for after, until in pieces:
        last = after
        while True:
            async with database.transaction() as conn:
                await hold_shared(conn, Lock.ANSWERS)
                ids = await ids_after(conn, last, most=BATCH, until=until)
                if not ids:
                    break
                # Read anew with each batch: what is published in the middle of the night counts from then on.
                policies = await load_policies(conn, policies)
                changed += await refresh(conn, ids, policies=policies, as_of=business_day(at), at=at)
            firms, last = firms + len(ids), ids[-1]
    return firms, changed


async def _shared(url: str, pieces: Sequence[Piece], *, at: datetime) -> list[tuple[int, int]]:
    loop = asyncio.get_running_loop()
    # Spawned, not forked: a fork would take the event loop and the open connections along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=context) as pool:
        return list(await asyncio.gather(*(loop.run_in_executor(pool, _in_process, url, p, at) for p in pieces)))


def _in_process(url: str, piece: Piece, at: datetime) -> tuple[int, int]:
    # Thousands of firms a second leave the collector nothing but scanning what is about to be dropped anyway.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)

    async def alone() -> tuple[int, int]:
        database = Database(url, pool_size=2)
        try:
            return await _piece(database, [piece], at=at)
        finally:
            await database.dispose()

    return asyncio.run(alone())
