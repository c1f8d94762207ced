"""Counting who was told 403: in memory, and written down now and then: a flood of them is no flood of writes."""

import asyncio
import logging
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.access import denials
from app.access.denials import Denied
from app.access.terms import Viewer
from app.clock import Clock
from app.db import Database
from app.outages import is_outage
from app.stopping import end

log = logging.getLogger("tidu.web")
EVERY = timedelta(seconds=10)
_WORD = re.compile(r"(?:[a-z][a-z-]{0,30}(?:\.[a-z]{2,4})?|v1)?")
_MOST = 5_000  # accounts


class Tally:
    def __init__(self) -> None:
        self._counted: dict[uuid.UUID, Denied] = {}
        self._written: dict[uuid.UUID, datetime] = {}

    def count(self, person: uuid.UUID, place: str, at: datetime) -> None:
        before = self._counted.get(person)
        if before is None and len(self._counted) >= _MOST:
            return
        self._counted[person] = Denied((before.times if before else 0) + 1, at, place)

    def due(self, at: datetime) -> dict[uuid.UUID, Denied]:
        """Those to be written now: an account's first at once, then what has come together. They leave the tally."""
        self._written = {p: when for p, when in self._written.items() if at - when < EVERY}
        found = {p: denied for p, denied in self._counted.items() if p not in self._written}
        for person in found:
            del self._counted[person]
            self._written[person] = at
        return found

    def put_back(self, found: dict[uuid.UUID, Denied]) -> None:
        """They could not be written."""
        for person, denied in found.items():
            later = self._counted.get(person, replace(denied, times=0))
            self._counted[person] = replace(later, times=later.times + denied.times)


async def note(request: Request) -> None:
    """Of somebody who is known; a no is a no, whether it could be counted or not."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    if viewer is None:
        return
    state, at = request.app.state, request.app.state.clock.now()
    by = "（访问令牌）" if request.state.by_token else ""
    state.denials.count(viewer.id, f"{request.method} {_place(request.url.path)}{by}", at)
    await write_down(state.denials, state.database, at)


def _place(path: str) -> str:
    """Without ids, codes and whatever else was typed into it."""
    return "/".join(part if _WORD.fullmatch(part) else "*" for part in path.split("/"))[:100]


async def write_down(tally: Tally, database: Database, at: datetime) -> None:
    if not (found := tally.due(at)):
        return
    try:
        async with database.transaction() as conn:
            await denials.add(conn, found)
    except (DBAPIError, PoolTimeout, OSError) as error:
        if isinstance(error, PoolTimeout) or is_outage(error):
            tally.put_back(found)
        log.warning("refusals could not be counted: %s", type(error).__name__)


@asynccontextmanager
async def writing_down(tally: Tally, database: Database, clock: Clock) -> AsyncIterator[None]:
    """What has come together since the last refusal of all."""

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            await write_down(tally, database, clock.now())

    task = asyncio.create_task(now_and_then())
    try:
        yield
    finally:
        await end(task)
        await write_down(tally, database, clock.now() + EVERY)
