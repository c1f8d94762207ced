"""What every page names but seldom changes: divisions, tiers, calendar, and the board's slow figures.

Kept in memory for a short while. Figures that may lag say from when they are.
"""

import asyncio
import logging
import time
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.access.models import User
from app.access.terms import Role, Viewer
from app.assessments.policies import load_policies
from app.db import Conn, Database
from app.errors import Unavailable
from app.firms.reference import load_reference
from app.firms.terms import MAIN_LADDER, Reference
from app.pipeline.queries import load_ladders
from app.pipeline.terms import Ladder
from app.policy.policies import Policies
from app.reports.forms import Forms, load_forms
from app.text import is_code
from app.workdays.queries import load_calendar
from app.workdays.rules import Calendar

REFRESH_SECONDS = 60
_KEPT = 256
_SOME_BUREAU = "科技主管部门"
log = logging.getLogger("tidu.web")


@dataclass(frozen=True, slots=True)
class Officer:
    name: str
    scope: str

    def can_see(self, region: str) -> bool:
        return bool(self.scope) and region.startswith(self.scope)


@dataclass(frozen=True, slots=True)
class Lookup:
    reference: Reference
    ladders: dict[str, Ladder]
    calendar: Calendar
    policies: Policies
    officers: dict[uuid.UUID, Officer]
    forms: Forms

    @property
    def main(self) -> Ladder:
        """Raises Unavailable in a house whose tables are made and empty."""
        ladder = self.ladders.get(MAIN_LADDER)
        if ladder is None:
            raise Unavailable("基础数据（区划、梯队、日历等）还没有载入，请管理员在服务器上运行 tidu seed。")
        return ladder

    def officers_for(self, viewer: Viewer) -> dict[uuid.UUID, Officer]:
        """Those who share firms with the viewer: of the same division, of one above it or of one below."""
        if viewer.role is Role.FIRM or not is_code(viewer.scope):
            return {}
        return {i: o for i, o in self.officers.items() if o.can_see(viewer.scope) or o.scope.startswith(viewer.scope)}


@dataclass
class Lookups:
    """One per process. `forget()` after an administrator changes what it keeps."""

    _current: Lookup | None = None
    _until: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _figures: "OrderedDict[Any, tuple[float, datetime, Any]]" = field(default_factory=OrderedDict)
    _figure_locks: dict[Any, asyncio.Lock] = field(default_factory=dict)

    async def get(self, conn: Conn) -> Lookup:
        if self._current is not None and time.monotonic() < self._until:
            return self._current
        async with self._lock:
            if self._current is None or time.monotonic() >= self._until:
                self._current = await _load(conn, self._current.policies if self._current else None)
                # An empty house is looked at again at once: somebody is about to fill it.
                self._until = time.monotonic() + REFRESH_SECONDS if self._current.ladders else 0.0
        return self._current

    @property
    def bureau(self) -> str:
        """Whose system this is, for every page's head, as far as it is known yet."""
        return (self._current.reference.bureau if self._current else "") or _SOME_BUREAU

    async def warm(self, database: Database) -> None:
        """So that the first page names the bureau too; without a database the pages say what is wrong."""
        try:
            async with database.reading() as conn:
                await self.get(conn)
        except (DBAPIError, OSError) as error:
            log.warning("lookups could not be read at start: %s", type(error).__name__)

    def forget(self) -> None:
        self._until = 0.0
        self._figures.clear()

    async def figures(self, name: Any, compute: Callable[[], Awaitable[Any]], *, at: datetime) -> tuple[Any, datetime]:
        """`compute()` at most once a minute per name, however many ask; with the moment it was computed."""
        kept = self._figures.get(name)
        if kept and time.monotonic() < kept[0]:
            return kept[2], kept[1]
        async with self._figure_locks.setdefault(name, asyncio.Lock()):
            kept = self._figures.get(name)
            if kept and time.monotonic() < kept[0]:
                return kept[2], kept[1]
            value = await compute()
            self._figures[name] = (time.monotonic() + REFRESH_SECONDS, at, value)
            while len(self._figures) > _KEPT:
                old, _ = self._figures.popitem(last=False)
                self._figure_locks.pop(old, None)
        return value, at


async def _load(conn: Conn, known: Policies | None) -> Lookup:
    officers = await conn.execute(
        select(User.id, User.name, User.scope)
        .where(User.role.in_([Role.OFFICER.value, Role.TOWN.value]), User.active)
        .order_by(User.name)
    )
    return Lookup(
        reference=await load_reference(conn),
        ladders=await load_ladders(conn),
        calendar=await load_calendar(conn),
        policies=await load_policies(conn, known),
        officers={i: Officer(name, scope) for i, name, scope in officers},
        forms=await load_forms(conn),
    )
