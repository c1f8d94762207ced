"""Delivery: claim with a lease, send, settle. At least once on the wire, each message settled once."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select, text, update

from app.db import Conn, Database, new_id
from app.outbox.models import OutboxMessage
from app.outbox.terms import Channel, MessageState

LEASE = timedelta(minutes=2)  # longer than any send may take
LAST_ATTEMPT = 10
_FIRST_WAIT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Claimed:
    id: uuid.UUID
    kind: str
    channel: Channel
    user_id: uuid.UUID | None
    payload: dict[str, Any]
    attempts: int
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


async def deliver(database: Database, *, at: datetime, mail: MailRoom, limit: int = 50) -> Report:
    """Sends what is due. A killed worker's messages come back when their lease ends."""
    async with database.transaction() as conn:
        batch = await _claim(conn, at=at, limit=limit)
    sent = failed = 0
    for message in batch:
        state, answer = MessageState.SENT, ""
        try:
            answer = await mail.hand_over(message)
        except PermanentFailure as error:
            state, answer = MessageState.DEAD, str(error)
        except Exception as error:
            state, answer = MessageState.PENDING, f"{type(error).__name__}: {error}"[:500]
            if message.attempts + 1 >= LAST_ATTEMPT:
                state = MessageState.DEAD
        async with database.transaction() as conn:
            await _settle(conn, message, state, answer, at=at)
        sent += state is MessageState.SENT
        failed += state is not MessageState.SENT
    return Report(len(batch), sent, failed)


async def _claim(conn: Conn, *, at: datetime, limit: int) -> Sequence[Claimed]:
    token = new_id()
    due = (
        select(OutboxMessage.id)
        .where(text("state = 'pending'"), OutboxMessage.next_attempt_at <= at)
        .order_by(OutboxMessage.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(due))
        .values(lease_token=token, next_attempt_at=at + LEASE)
        .returning(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.channel,
            OutboxMessage.user_id,
            OutboxMessage.payload,
            OutboxMessage.attempts,
        )
    )
    rows = (await conn.execute(claimed)).all()
    return [Claimed(r.id, r.kind, Channel(r.channel), r.user_id, r.payload, r.attempts, token) for r in rows]


async def _settle(conn: Conn, message: Claimed, state: MessageState, answer: str, *, at: datetime) -> None:
    wait = _FIRST_WAIT * 2**message.attempts * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
    await conn.execute(
        update(OutboxMessage)
        # Only the holder of the lease may settle: a worker that overslept its lease changes nothing.
        .where(OutboxMessage.id == message.id, OutboxMessage.lease_token == message.token)
        .values(
            state=state.value,
            attempts=OutboxMessage.attempts + 1,
            answer=answer,
            sent_at=at if state is MessageState.SENT else None,
            next_attempt_at=at + wait,
            lease_token=None,
        )
    )
