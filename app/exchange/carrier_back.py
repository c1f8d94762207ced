"""A carrier's list taken back: each row as it was unless somebody has been at it since; those are named and left."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.access.terms import Actor
from app.carriers.log_terms import LogEntry, LogKind, LogSort
from app.carriers.logs import log_by_id
from app.carriers.models import TenancyRow
from app.carriers.noting import amend_log, strike_log
from app.carriers.proposing import withdraw
from app.carriers.spaces import amend_space
from app.carriers.taking_back import REASON, forget_proposal, remove_space, remove_tenancy, restore_lease
from app.carriers.terms import Carrier, SpaceEntry
from app.clock import business_day
from app.collecting.models import CollectionAnswer
from app.collecting.terms import AnswerState
from app.db import Conn
from app.errors import AppError, Conflict, NotFound, Stale
from app.incubation.confided import counted

Deed = Mapping[str, Any]


class TakingBack:
    """Deeds, the last first. A thing that the list itself has changed twice goes back in two steps, so that its version
    by then is another than was kept: `_now` has what stands for which."""

    def __init__(self, conn: Conn, carrier: Carrier, *, by: Actor, at: datetime) -> None:
        self._conn, self._carrier, self._by, self._at = conn, carrier, by, at
        self._now: dict[tuple[str, int], int] = {}

    async def row(self, deeds: Sequence[Deed]) -> str:
        """All of a row or nothing; why it had to be left."""
        before = dict(self._now)
        try:
            async with self._conn.begin_nested():
                for deed in reversed(deeds):
                    await self._one(deed)
        except AppError as error:
            self._now = before
            return _why(error)
        return ""

    async def _one(self, deed: Deed) -> None:
        kind = next(k for k in ("space", "tenancy", "proposal", "log") if k in deed)
        which = uuid.UUID(deed[kind])
        if kind == "proposal":
            await withdraw(self._conn, which, by=self._by, at=self._at)
            await forget_proposal(self._conn, which)
            return
        kept = int(deed["version"])
        version = self._now.get((deed[kind], kept), kept)
        await {"space": self._space, "tenancy": self._tenancy, "log": self._log}[kind](which, deed, version)
        if "was" in deed:
            self._now[deed[kind], int(deed["was"])] = version + 1

    async def _space(self, which: uuid.UUID, deed: Deed, version: int) -> None:
        if "before" not in deed:
            await remove_space(self._conn, self._carrier, which, version=version, by=self._by, at=self._at)
            return
        entry = SpaceEntry(**_read(deed["before"]))
        await amend_space(self._conn, self._carrier, which, entry, version=version, by=self._by, at=self._at)

    async def _tenancy(self, which: uuid.UUID, deed: Deed, version: int) -> None:
        if "before" not in deed:
            if await counted(self._conn, which, today=business_day(self._at)):
                raise Conflict("这份租约已算在上年末的合计里。")
            if await _answered(self._conn, which):
                raise Conflict("这个团队的数据已经报给载体。")
            await remove_tenancy(self._conn, which, version=version, by=self._by, at=self._at)
            return
        terms = _read(deed["before"])
        until = terms.pop("until")
        await restore_lease(self._conn, which, until=until, terms=terms, version=version, by=self._by, at=self._at)

    async def _log(self, which: uuid.UUID, deed: Deed, version: int) -> None:
        if "before" not in deed:
            await strike_log(self._conn, self._carrier, which, reason=REASON, version=version, by=self._by, at=self._at)
            return
        if await log_by_id(self._conn, self._carrier.id, which) is None:
            raise NotFound
        entry = LogEntry(**_read(deed["before"]))
        await amend_log(self._conn, self._carrier, which, entry, version=version, by=self._by, at=self._at)


async def _answered(conn: Conn, tenancy_id: uuid.UUID) -> bool:
    """Whether something was told of a team, which would go with it: that it was asked is nothing yet."""
    a, t = CollectionAnswer, TenancyRow
    mine = select(a.id).join(t, t.team_id == a.team_id).where(t.id == tenancy_id)
    return (await conn.execute(mine.where(a.state == AnswerState.ANSWERED.value).limit(1))).first() is not None


def _why(error: AppError) -> str:
    if isinstance(error, Stale):
        return "导入之后改过"
    return "已经没有了" if isinstance(error, NotFound) else error.sentence.rstrip("。")


_READ: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("opened_on", "until", "agreement_on", "on"), date.fromisoformat),
    **dict.fromkeys(("area", "amount"), Decimal),
    **dict.fromkeys(("holder", "mentor"), uuid.UUID),
    "kind": LogKind,
    "sort": LogSort,
}


def _read(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v if v is None or name not in _READ else _READ[name](v) for name, v in kept.items()}
