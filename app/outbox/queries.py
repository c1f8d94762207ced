"""The delivery log: what waits, what left, what could not be delivered and what the provider said."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal_column, select, text, tuple_, union_all

from app.db import Conn
from app.outbox.models import OutboxMessage
from app.outbox.terms import KIND_LABELS, Channel, MessageState

PAGE = 50
# Accounts live in a domain above this one, so their table is named and not imported.
_RECIPIENT: Any = literal_column(
    "coalesce(outbox_messages.payload ->> 'to_name', (SELECT u.name FROM users u WHERE u.id = outbox_messages.user_id))"
).label("recipient")


@dataclass(frozen=True, slots=True)
class Message:
    id: uuid.UUID
    kind: str
    channel: Channel
    state: MessageState
    attempts: int
    answer: str | None
    created_at: datetime
    sent_at: datetime | None
    next_attempt_at: datetime
    user_id: uuid.UUID | None
    payload: dict[str, Any]
    read_at: datetime | None
    recipient: str | None

    @property
    def at(self) -> datetime:
        return self.created_at

    @property
    def label(self) -> str:
        return KIND_LABELS.get(self.kind, self.kind)


_COLUMNS: tuple[Any, ...] = (
    *(getattr(OutboxMessage, f) for f in Message.__dataclass_fields__ if f != "recipient"),
    _RECIPIENT,
)


async def messages(
    conn: Conn,
    *,
    state: MessageState | None = None,
    recipient: uuid.UUID | None = None,
    after: tuple[datetime, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> list[Message]:
    """Newest first and one more than `limit`; `recipient` narrows it to one person's own."""
    conditions: list[Any] = [tuple_(OutboxMessage.created_at, OutboxMessage.id) < after] if after else []
    order = (OutboxMessage.created_at.desc(), OutboxMessage.id.desc())
    if recipient:
        conditions += [OutboxMessage.user_id == recipient, *([OutboxMessage.state == state.value] if state else [])]
        own = select(*_COLUMNS).where(*conditions).order_by(*order).limit(limit + 1)
        return [_message(row) for row in (await conn.execute(own)).all()]
    # One stretch of the index for each state, however long the log has grown.
    parts = [
        select(*_COLUMNS)
        .where(OutboxMessage.state == one.value, *conditions)
        .order_by(*order)
        .limit(limit + 1)
        .subquery()
        .select()
        for one in ([state] if state else MessageState)
    ]
    both = union_all(*parts).subquery()
    query = select(both).order_by(both.c.created_at.desc(), both.c.id.desc()).limit(limit + 1)
    return [_message(row) for row in (await conn.execute(query)).all()]


async def inbox(
    conn: Conn, recipient: uuid.UUID, *, after: tuple[datetime, uuid.UUID] | None = None, limit: int = PAGE
) -> list[Message]:
    """What one person was told in the house, from the moment it was written; newest first, one more than `limit`."""
    mine = OutboxMessage.user_id == recipient, OutboxMessage.channel == Channel.INBOX.value
    query = select(*_COLUMNS).where(*mine, OutboxMessage.state != MessageState.WITHDRAWN.value)
    if after:
        query = query.where(tuple_(OutboxMessage.created_at, OutboxMessage.id) < after)
    query = query.order_by(OutboxMessage.created_at.desc(), OutboxMessage.id.desc()).limit(limit + 1)
    return [_message(row) for row in (await conn.execute(query)).all()]


async def message_by_id(conn: Conn, message_id: uuid.UUID) -> Message | None:
    row = (await conn.execute(select(*_COLUMNS).where(OutboxMessage.id == message_id))).one_or_none()
    return _message(row) if row else None


async def due_count(conn: Conn, *, at: datetime) -> int:
    query = select(func.count()).where(text("state = 'pending'"), OutboxMessage.next_attempt_at <= at)
    return (await conn.execute(query)).scalar_one()


@dataclass(frozen=True, slots=True)
class Backlog:
    """What ought to have left by now and has not."""

    waiting: int
    since: datetime
    answer: str | None  # the latest that was heard


async def backlog(conn: Conn, *, before: datetime) -> Backlog | None:
    """Letters that were tried and written before that moment: a server that is away, or a name that is not found."""
    stuck = (text("state = 'pending'"), OutboxMessage.created_at < before, OutboxMessage.answer.is_not(None))
    query = select(
        func.count(),
        func.min(OutboxMessage.created_at),
        func.max(OutboxMessage.answer),
    ).where(*stuck)
    row = (await conn.execute(query)).one()
    return Backlog(row[0], row[1], row[2]) if row[0] else None


async def state_counts(conn: Conn) -> dict[MessageState, int]:
    query = select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state)
    counts = {MessageState(s): n for s, n in await conn.execute(query)}
    return {state: counts.get(state, 0) for state in MessageState}


def _message(row: Sequence[Any]) -> Message:
    message_id, kind, channel, state, *rest = row
    return Message(message_id, kind, Channel(channel), MessageState(state), *rest)
