"""Sending again what could not be delivered; and what somebody has read."""

import uuid
from datetime import datetime

from sqlalchemy import and_, or_, tuple_, update

from app.db import Conn
from app.errors import Conflict, NotFound
from app.outbox.models import OutboxMessage
from app.outbox.queries import Message, message_by_id
from app.outbox.terms import Channel, MessageState


async def retry(conn: Conn, message_id: uuid.UUID, *, at: datetime) -> Message:
    """Makes a message due at once: a dead one begins its tries anew, one that waits out its back-off is hurried.

    Raises Conflict for one that was sent, or that a worker is sending at this moment: it would arrive twice.
    """
    dead = OutboxMessage.state == MessageState.DEAD.value
    waiting = and_(OutboxMessage.state == MessageState.PENDING.value, OutboxMessage.lease_token.is_(None))
    done = await conn.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == message_id, or_(dead, waiting))
        .values(state=MessageState.PENDING.value, attempts=0, next_attempt_at=at, lease_token=None)
    )
    message = await message_by_id(conn, message_id)
    if message is None:
        raise NotFound("没有这条消息。")
    if done.rowcount == 0:
        if message.state is MessageState.SENT:
            raise Conflict("这条消息已经发出，不必重发。")
        raise Conflict("这条消息正在发送，请稍后刷新看结果。")
    return message


async def retry_dead(conn: Conn, *, at: datetime) -> int:
    """All that could not be delivered, after whatever held them up is mended."""
    dead = OutboxMessage.state == MessageState.DEAD.value
    begun = {"state": MessageState.PENDING.value, "attempts": 0, "next_attempt_at": at, "told_at": None}
    return (await conn.execute(update(OutboxMessage).where(dead).values(begun))).rowcount


_UNREAD = and_(OutboxMessage.channel == Channel.INBOX.value, OutboxMessage.read_at.is_(None))


async def mark_read(conn: Conn, message_id: uuid.UUID, *, reader: uuid.UUID, at: datetime) -> Message:
    """Raises NotFound for a message to somebody else."""
    message = await message_by_id(conn, message_id)
    if message is None or message.user_id != reader or message.channel is not Channel.INBOX:
        raise NotFound("没有这条消息。")
    await conn.execute(update(OutboxMessage).where(OutboxMessage.id == message_id, _UNREAD).values(read_at=at))
    return message


async def mark_all_read(conn: Conn, *, reader: uuid.UUID, until: tuple[datetime, uuid.UUID], at: datetime) -> int:
    """Up to the newest that the reader was shown: what came meanwhile stays unread."""
    position = tuple_(OutboxMessage.created_at, OutboxMessage.id)
    done = await conn.execute(
        update(OutboxMessage).where(OutboxMessage.user_id == reader, _UNREAD, position <= until).values(read_at=at)
    )
    return done.rowcount
