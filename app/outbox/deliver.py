"""Delivery: claim with a lease, send, settle. At least once on the wire, each message settled once.

A message is claimed when somebody is free to send it and never earlier, and a run takes on nothing more after
`RUN_SECONDS`: so no lease ends while its message still waits for those before it.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Text, cast, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from app.db import Conn, Database, is_outage, new_id
from app.outbox.enclosures import Enclosure, enclosed, files_of
from app.outbox.models import OutboxMessage, Outlet
from app.outbox.terms import OUTLETS, Channel, MessageState

SEND_SECONDS, RUN_SECONDS = 30, 60
LEASE = timedelta(minutes=2)  # a run and its last send together are shorter
AT_ONCE = 8  # one server that hangs holds up one of them
LAST_ATTEMPT = 13  # after a day and a half
OUTLET_PAUSE = timedelta(seconds=4)
MOST = 20_000  # in one run, which its seconds end sooner
_PATIENCE = (0.2, 0.5, 1, 2, 4, 8)  # seconds between tries to settle: as long as a restart takes
_FIRST_WAIT = timedelta(seconds=30)
_NO_WAY_WAIT = timedelta(minutes=10)
_STRETCH = 1000
# Accounts live in a domain above this one, so their table is named and not imported.
_ADDRESS: Any = literal_column(
    "coalesce(outbox_messages.payload ->> 'to', "
    "(SELECT u.email FROM users u WHERE u.id = outbox_messages.user_id AND u.active))"
).label("address")

_OUTLET: Any = literal_column(
    "(SELECT jsonb_build_object('address', o.address, 'secret', o.secret) FROM outlets o "
    "WHERE CAST(o.id AS text) = outbox_messages.payload ->> 'outlet' AND o.active)",
    type_=JSONB(),
).label("outlet")


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
    outlet: dict[str, Any] | None = None  # the address and secret of a robot or hook that is still in use
    files: Sequence[Enclosure] = ()


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
    kept = await _keep_in_house(database, at=at)
    run = _Run(database, mail, at, limit, office_hours)
    await run.to_its_end()
    return Report(kept + run.taken, kept + run.sent, run.taken - run.sent)


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a message, the answer, whether that was a try, and when the provider wants to see us again."""

    message: Claimed
    state: MessageState
    answer: str
    counted: bool = True
    wait: timedelta = timedelta(0)


class _Run:
    """One run's messages in flight. Whenever some have landed, one transaction settles them and takes as many new
    ones: what lands meanwhile is settled together by the next, so a fast server is not held up by the disk."""

    def __init__(self, database: Database, mail: MailRoom, at: datetime, limit: int, office_hours: bool) -> None:
        self._database, self._mail, self._at, self._limit = database, mail, at, limit
        self._office_hours = office_hours
        self._ends = time.monotonic() + RUN_SECONDS
        self.taken = self.sent = 0

    async def to_its_end(self) -> None:
        landed: list[Landed] = []
        flying: set[asyncio.Task[Landed]] = set()
        async with asyncio.TaskGroup() as group:
            for message in await self._to_outlets():
                flying.add(group.create_task(self._try(message)))
            while True:
                for message in await self._turn(landed, max(AT_ONCE - len(flying), 0)):
                    flying.add(group.create_task(self._try(message)))
                if not flying:
                    return
                arrived, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                landed = [task.result() for task in arrived]

    async def _turn(self, landed: Sequence[Landed], room: int) -> list[Claimed]:
        """Patient with a database that is restarted: an answer that is forgotten is a message that is sent again."""
        for wait in (*_PATIENCE, None):
            try:
                claimed = await self._settle_and_claim(landed, room)
            except Exception as error:
                if wait is None or not landed or not is_outage(error):
                    raise
                await asyncio.sleep(wait)
            else:
                self.taken += len(claimed)
                self.sent += sum(one.state is MessageState.SENT for one in landed)
                return claimed
        raise AssertionError("the last of the waits returns or raises")

    async def _settle_and_claim(self, landed: Sequence[Landed], room: int) -> list[Claimed]:
        more = 0 if time.monotonic() >= self._ends else min(room, self._limit - self.taken)
        if not landed and not more:
            return []
        async with self._database.transaction() as conn:
            for one in landed:
                await _settle(conn, one, at=self._at)
            if not more:
                return []
            return await _claim(conn, at=self._at, most=more, office_hours=self._office_hours)

    async def _to_outlets(self) -> list[Claimed]:
        """One message to each robot and hook that is free, however many wait for it."""
        async with self._database.transaction() as conn:
            claimed = await _claim_for_outlets(conn, at=self._at, office_hours=self._office_hours)
        self.taken += len(claimed)
        return claimed

    async def _try(self, message: Claimed) -> Landed:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return Landed(message, MessageState.SENT, await self._mail.hand_over(message))
        except NoWayOut as error:
            return Landed(message, MessageState.PENDING, str(error), False)
        except PermanentFailure as error:
            return Landed(message, MessageState.DEAD, str(error))
        except Exception as error:
            last = message.attempts + 1 >= LAST_ATTEMPT
            answer = f"{type(error).__name__}: {error}"[:500]
            wait = timedelta(seconds=error.seconds if isinstance(error, Later) else 0)
            return Landed(message, MessageState.DEAD if last else MessageState.PENDING, answer, True, wait)


async def _keep_in_house(database: Database, *, at: datetime) -> int:
    """What is read in the house has arrived when it is written; this only says so, a stretch at a time."""
    stretch = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(_due([Channel.INBOX], at=at, limit=_STRETCH)))
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


def _due(channels: Sequence[Channel], *, at: datetime, limit: int, office_hours: bool = True) -> Any:
    conditions: list[Any] = [
        text("state = 'pending'"),
        OutboxMessage.channel.in_([channel.value for channel in channels]),
        OutboxMessage.next_attempt_at <= at,
    ]
    if not office_hours:
        conditions.append(~OutboxMessage.holds)
    return (
        select(OutboxMessage.id)
        .where(*conditions)
        .order_by(OutboxMessage.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def _claim(conn: Conn, *, at: datetime, most: int, office_hours: bool) -> list[Claimed]:
    due = _due([Channel.EMAIL], at=at, limit=most, office_hours=office_hours)
    return await _leased(conn, due, at)


async def _claim_for_outlets(conn: Conn, *, at: datetime, office_hours: bool) -> list[Claimed]:
    """Whoever takes an outlet's turn keeps others from it until the next: twenty a minute, and we say fifteen."""
    m, o = OutboxMessage, Outlet
    waiting = [channel.value for channel in OUTLETS]
    due: list[Any] = [text("state = 'pending'"), m.channel.in_(waiting), m.next_attempt_at <= at]
    due += [] if office_hours else [~m.holds]
    of_outlet = m.payload["outlet"].astext == cast(o.id, Text)
    turns = (
        update(o)
        .where(o.next_free_at <= at, select(m.id).where(*due, of_outlet).exists())
        .values(next_free_at=at + OUTLET_PAUSE)
        .returning(o.id)
    )
    claimed: list[Claimed] = []
    for outlet_id in (await conn.execute(turns)).scalars().all():
        first = select(m.id).where(*due, m.payload["outlet"].astext == str(outlet_id)).order_by(m.next_attempt_at)
        claimed += await _leased(conn, first.limit(1).with_for_update(skip_locked=True), at)
    return claimed


async def _leased(conn: Conn, due: Any, at: datetime) -> list[Claimed]:
    token = new_id()
    # A CTE is asked once: planned as a join it could lock a row and then take another.
    chosen = due.cte("due")
    claimed = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(select(chosen.c.id)))
        .values(lease_token=token, next_attempt_at=at + LEASE)
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.user_id,
            OutboxMessage.payload,
            OutboxMessage.attempts,
            _ADDRESS,
            _OUTLET,
        )
    )
    rows: Sequence[Any] = (await conn.execute(claimed)).all()
    files = await files_of(conn, [r.payload for r in rows])
    return [
        Claimed(
            r.id,
            r.kind,
            Channel(r.channel),
            r.user_id,
            r.payload,
            r.attempts,
            r.address,
            token,
            r.outlet,
            enclosed(r.payload, files),
        )
        for r in rows
    ]


async def _settle(conn: Conn, landed: Landed, *, at: datetime) -> None:
    message, state = landed.message, landed.state
    wait = _FIRST_WAIT * 2**message.attempts * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
    await conn.execute(
        update(OutboxMessage)
        # Only the holder of the lease may settle: a worker that overslept its lease changes nothing.
        .where(OutboxMessage.id == message.id, OutboxMessage.lease_token == message.token)
        .values(
            state=state.value,
            attempts=OutboxMessage.attempts + int(landed.counted),
            answer=landed.answer,
            sent_at=at if state is MessageState.SENT else None,
            next_attempt_at=at + (max(wait, landed.wait) if landed.counted else _NO_WAY_WAIT),
            lease_token=None,
        )
    )
