"""Delivery: claim with a lease, send, settle. At least once on the wire, each message settled once.

A run takes ahead no more than a server has just shown that it takes at once, begins nothing after `RUN_SECONDS`, and
gives back what it has not begun: so no lease ends while its message still waits for those before it.
"""

import asyncio
import random
import time
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from app.db import Database
from app.outages import is_outage
from app.outbox.arriving import arrive
from app.outbox.claiming import Claimed, Landed, claim, claim_for_outlets, settle
from app.outbox.terms import MessageState
from app.personal.masking import mask
from app.personal.terms import Kind

SEND_SECONDS, RUN_SECONDS = 30, 60
AT_ONCE = 8  # one server that hangs holds up one of them
TOGETHER = 32  # that have landed are settled at once, fewer when the first of them has waited `_LINGER`
LAST_ATTEMPT = 13  # after a day and a half
MOST = 20_000  # in one run, which its seconds end sooner
_LINGER = 0.05
_PATIENCE = (0.2, 0.5, 1, 2, 4, 8)  # seconds between tries to settle: as long as a restart takes
_FIRST_WAIT = timedelta(seconds=30)
_NO_WAY_WAIT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Report:
    planned: int = 0
    sent: int = 0
    failed: int = 0


class MailRoom(Protocol):
    """Knows every channel; returns the provider's answer, raises PermanentFailure or anything else to retry."""

    async def hand_over(self, message: Claimed) -> str: ...


class PermanentFailure(Exception):
    """The provider will never take this one; trying again only annoys it."""


class Later(Exception):
    """The provider says itself when to come again."""

    def __init__(self, sentence: str, seconds: int) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class NoWayOut(Exception):
    """The house has nothing set up to send this with: it waits, and no try is counted."""


async def deliver(
    database: Database, *, at: datetime, mail: MailRoom, limit: int = MOST, office_hours: bool = True
) -> Report:
    """Sends what is due. A killed worker's messages come back when their lease ends.

    Outside of office hours what may wait for them does.
    """
    kept = await arrive(database, at=at)
    run = _Run(database, mail, at, limit, office_hours)
    await run.to_its_end()
    return Report(kept + run.taken, kept + run.sent, run.taken - run.sent)


class _Run:
    """One run's messages: in hand, in flight, and landed but not yet settled. One transaction settles what has landed
    and takes new ones, while the rest of the flight goes on."""

    def __init__(self, database: Database, mail: MailRoom, at: datetime, limit: int, office_hours: bool) -> None:
        self._database, self._mail, self._at, self._limit = database, mail, at, limit
        self._office_hours = office_hours
        self._ends = time.monotonic() + RUN_SECONDS
        self._hand: deque[Claimed] = deque()
        self._landed: list[Landed] = []
        self.taken = self.sent = 0

    async def to_its_end(self) -> None:
        async with asyncio.TaskGroup() as group:
            flying = {group.create_task(self._try(message)) for message in await self._to_outlets()}
            await self._turn(max(AT_ONCE - len(flying), 0))
            waited_since = 0.0
            while True:
                if time.monotonic() >= self._ends:
                    self._give_back()
                while self._hand and len(flying) < AT_ONCE:
                    flying.add(group.create_task(self._try(self._hand.popleft())))
                if not flying and not self._landed:
                    return
                if flying:
                    patience = max(waited_since + _LINGER - time.monotonic(), 0) if self._landed else None
                    arrived, flying = await asyncio.wait(flying, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                    waited_since = waited_since if self._landed else time.monotonic()
                    self._landed += [task.result() for task in arrived]
                ripe = time.monotonic() >= waited_since + _LINGER or len(self._landed) >= TOGETHER
                if ripe or not (flying or self._hand):
                    # As many ahead as have just landed: a server that is that quick has them in as short a while.
                    await self._turn(AT_ONCE - len(flying) + len(self._landed) - len(self._hand))

    async def _turn(self, room: int) -> None:
        """Patient with a database that is restarted: an answer that is forgotten is a message that is sent again."""
        for wait in (*_PATIENCE, None):
            try:
                claimed = await self._settle_and_claim(room)
            except Exception as error:
                if wait is None or not self._landed or not is_outage(error):
                    raise
                await asyncio.sleep(wait)
            else:
                self.taken += len(claimed)
                self.sent += sum(one.state is MessageState.SENT for one in self._landed)
                self._landed.clear()
                self._hand += claimed
                return

    async def _settle_and_claim(self, room: int) -> list[Claimed]:
        more = 0 if time.monotonic() >= self._ends else min(room, self._limit - self.taken)
        if not self._landed and more <= 0:
            return []
        async with self._database.transaction() as conn:
            if self._landed:
                await settle(conn, self._landed, at=self._at)
            if more <= 0:
                return []
            return await claim(conn, at=self._at, most=more, office_hours=self._office_hours)

    def _give_back(self) -> None:
        """What the run has not begun when its time is up: due at once, for whoever comes next."""
        self.taken -= len(self._hand)
        self._landed += [Landed(message, MessageState.PENDING, None, counted=False) for message in self._hand]
        self._hand.clear()

    async def _to_outlets(self) -> list[Claimed]:
        """One message to each robot and hook that is free, however many wait for it."""
        async with self._database.transaction() as conn:
            claimed = await claim_for_outlets(conn, at=self._at, office_hours=self._office_hours)
        self.taken += len(claimed)
        return claimed

    async def _try(self, message: Claimed) -> Landed:
        landed = await self._tried(message)
        return replace(landed, answer=_unnamed(landed.answer, (message.address or "").strip()))

    async def _tried(self, message: Claimed) -> Landed:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return Landed(message, MessageState.SENT, await self._mail.hand_over(message))
        except NoWayOut as error:
            return Landed(message, MessageState.PENDING, str(error), False, _NO_WAY_WAIT)
        except PermanentFailure as error:
            return Landed(message, MessageState.DEAD, str(error))
        except Exception as error:
            last = message.attempts + 1 >= LAST_ATTEMPT
            wait = _FIRST_WAIT * 2**message.attempts * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
            if isinstance(error, Later):
                wait = max(wait, timedelta(seconds=error.seconds))
            answer = f"{type(error).__name__}: {error}"[:500]
            return Landed(message, MessageState.DEAD if last else MessageState.PENDING, answer, True, wait)


def _unnamed(answer: str | None, address: str) -> str | None:
    """Servers repeat whom they refuse; who reads the log need not read that, nor does it outlive the address."""
    kind = Kind.EMAIL if "@" in address else Kind.PHONE
    return answer.replace(address, mask(kind, address)) if answer and address else answer
