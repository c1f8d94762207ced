"""Delivery: claim with a lease, send, settle. At least once on the wire, each message settled once.

A message is claimed when somebody is free to send it and never earlier, and a run takes on nothing more after
`RUN_SECONDS`: so no lease ends while its message still waits for those before it.
"""

import asyncio
import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import literal_column, select, text, update

from app.db import Conn, Database, new_id
from app.outbox.models import OutboxMessage
from app.outbox.terms import Channel, MessageState

SEND_SECONDS, RUN_SECONDS = 30, 60
LEASE = timedelta(minutes=2)  # a run and its last send together are shorter
AT_ONCE = 8  # one server that hangs holds up one of them
LAST_ATTEMPT = 10
_FIRST_WAIT = timedelta(seconds=30)
_NO_WAY_WAIT = timedelta(minutes=10)
_STRETCH = 1000
# Accounts live in a domain above this one, so their table is named and not imported.
_ADDRESS: Any = literal_column(
    "coalesce(outbox_messages.payload ->> 'to', "
    "(SELECT u.email FROM users u WHERE u.id = outbox_messages.user_id AND u.active))"
).label("address")


@dataclass(frozen=True, slots=True)
class Claimed:
    id: uuid.UUID
    kind: str
    channel: Channel
    user_id: uuid.UUID | None
    payload: dict[str, Any]
    attempts: int
    address: str | None
    token: uuid.UUID


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


class NoWayOut(Exception):
    """The house has nothing set up to send this with: it waits, and no try is counted."""


async def deliver(database: Database, *, at: datetime, mail: MailRoom, limit: int = 50) -> Report:
    """Sends what is due. A killed worker's messages come back when their lease ends."""
    kept = await _keep_in_house(database, at=at)
    run = _Run(database, mail, at, limit)
    async with asyncio.TaskGroup() as senders:
        for _ in range(min(AT_ONCE, limit)):
            senders.create_task(run.send_on())
    return Report(kept + run.taken, kept + run.sent, run.taken - run.sent)


class _Run:
    """One run's senders: each takes a message, sends it, settles it, and takes the next."""

    def __init__(self, database: Database, mail: MailRoom, at: datetime, limit: int) -> None:
        self._database, self._mail, self._at, self._limit = database, mail, at, limit
        self._ends = time.monotonic() + RUN_SECONDS
        # One statement at a time is plenty, and leaves the worker's few connections to its other jobs.
        self._turn = asyncio.Lock()
        self.taken = self.sent = 0

    async def send_on(self) -> None:
        while (message := await self._take()) is not None:
            state, answer, counted = await self._try(message)
            async with self._turn, self._database.transaction() as conn:
                await _settle(conn, message, state, answer, counted=counted, at=self._at)
            self.sent += state is MessageState.SENT

    async def _take(self) -> Claimed | None:
        async with self._turn:
            if self.taken >= self._limit or time.monotonic() >= self._ends:
                return None
            async with self._database.transaction() as conn:
                message = await _claim(conn, at=self._at)
            self.taken += message is not None
            return message

    async def _try(self, message: Claimed) -> tuple[MessageState, str, bool]:
        """What became of it, the answer, and whether that was a try."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return MessageState.SENT, await self._mail.hand_over(message), True
        except NoWayOut as error:
            return MessageState.PENDING, str(error), False
        except PermanentFailure as error:
            return MessageState.DEAD, str(error), True
        except Exception as error:
            last = message.attempts + 1 >= LAST_ATTEMPT
            answer = f"{type(error).__name__}: {error}"[:500]
            return MessageState.DEAD if last else MessageState.PENDING, answer, True


async def _keep_in_house(database: Database, *, at: datetime) -> int:
    """What is read in the house has arrived when it is written; this only says so, a stretch at a time."""
    stretch = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(_due(Channel.INBOX, at=at, limit=_STRETCH)))
        .values(
            state=MessageState.SENT.value, attempts=OutboxMessage.attempts + 1, answer=Channel.INBOX.label, sent_at=at
        )
    )
    kept, last = 0, _STRETCH
    while last == _STRETCH:
        async with database.transaction() as conn:
            last = (await conn.execute(stretch)).rowcount
        kept += last
    return kept


def _due(channel: Channel, *, at: datetime, limit: int) -> Any:
    return (
        select(OutboxMessage.id)
        .where(text("state = 'pending'"), OutboxMessage.channel == channel.value, OutboxMessage.next_attempt_at <= at)
        .order_by(OutboxMessage.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def _claim(conn: Conn, *, at: datetime) -> Claimed | None:
    token = new_id()
    claimed = (
        update(OutboxMessage)
        # The subquery is asked once: planned as a join it could lock a row and then take another.
        .where(OutboxMessage.id == _due(Channel.EMAIL, at=at, limit=1).scalar_subquery())
        .values(lease_token=token, next_attempt_at=at + LEASE)
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.user_id,
            OutboxMessage.payload,
            OutboxMessage.attempts,
            _ADDRESS,
        )
    )
    r = (await conn.execute(claimed)).one_or_none()
    return Claimed(r.id, r.kind, Channel(r.channel), r.user_id, r.payload, r.attempts, r.address, token) if r else None


async def _settle(
    conn: Conn, message: Claimed, state: MessageState, answer: str, *, counted: bool, at: datetime
) -> None:
    wait = _FIRST_WAIT * 2**message.attempts * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
    await conn.execute(
        update(OutboxMessage)
        # Only the holder of the lease may settle: a worker that overslept its lease changes nothing.
        .where(OutboxMessage.id == message.id, OutboxMessage.lease_token == message.token)
        .values(
            state=state.value,
            attempts=OutboxMessage.attempts + int(counted),
            answer=answer,
            sent_at=at if state is MessageState.SENT else None,
            next_attempt_at=at + (wait if counted else _NO_WAY_WAIT),
            lease_token=None,
        )
    )
