"""Unattended: sealing what is finished, and removing what has been kept for long enough."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.audit.keeping import decide_removal, remove_some
from app.audit.sealing import Mark, is_foreign, is_settled, seal_one, take_mark
from app.audit.service import Who
from app.audit.verifying import verify
from app.db import Database

log = logging.getLogger("tidu.audit")
ANCHOR_EVERY = timedelta(hours=1)
_LOOKS, _BETWEEN = 4, 0.05


@dataclass
class Sealer:
    """What a worker remembers between its turns: a mark that was not settled yet, and when it last wrote an anchor."""

    mark: Mark | None = None
    anchored_at: datetime | None = None

    async def seal(self, database: Database, *, at: datetime) -> int:
        """Seals what is finished; how many events that were. What is still under way waits for the next turn."""
        mark = await self._settled(database)
        if mark is None:
            return 0
        sealed, newest = 0, None
        while True:
            async with database.transaction() as conn:
                seal = await seal_one(conn, mark, at=at)
            if seal is None:
                break
            sealed, newest = sealed + seal.events, seal
        self.mark = None
        if newest and (self.anchored_at is None or at - self.anchored_at >= ANCHOR_EVERY):
            # Into the log, which is kept outside of the database: who rewrites the chain does not reach it there.
            log.info("audit chain sealed to %s", newest.head)
            self.anchored_at = at
        return sealed

    async def _settled(self, database: Database) -> Mark | None:
        async with database.reading() as conn:
            if self.mark and await is_foreign(conn, self.mark):
                self.mark = None
            self.mark = self.mark or await take_mark(conn)
            for _ in range(_LOOKS if self.mark else 0):
                if self.mark and await is_settled(conn, self.mark):
                    return self.mark
                await asyncio.sleep(_BETWEEN)
        return None


async def remove_old(database: Database, *, keep: timedelta | None, at: datetime, by: Who) -> int:
    """Removes events that were sealed longer than `keep` ago, a batch a transaction; None keeps everything."""
    if keep is None:
        return 0
    async with database.transaction() as conn:
        await decide_removal(conn, keep=keep, at=at, by=by)
    removed = 0
    while True:
        async with database.transaction() as conn:
            some = await remove_some(conn)
        if not some:
            return removed
        removed += some


class TrailBroken(Exception):
    """The trail is not what was sealed; the job's run says so."""


async def check_chain(database: Database) -> int:
    """Follows the whole chain; how many events it holds. Raises TrailBroken."""
    async with database.reading() as conn:
        verdict = await verify(conn)
    if verdict.fault:
        log.error("audit chain broken: %s", verdict.sentence)
        raise TrailBroken(verdict.sentence)
    return verdict.events
