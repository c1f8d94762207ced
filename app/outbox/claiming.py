"""A message in hand: taken under a lease, and what became of it written down. Many in one statement."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, DateTime, Integer, Text, Uuid, bindparam, cast, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import JSONB

from app.db import Conn, new_id
from app.outbox.enclosures import Enclosure, enclosed, files_of
from app.outbox.models import OutboxMessage, Outlet
from app.outbox.terms import ADDRESS, OUTLETS, Channel, MessageState
from app.sealed import PREFIX, place_of, shown
from app.vault import Vault

LEASE = timedelta(minutes=2)  # a run and its last send together are shorter
OUTLET_PAUSE = timedelta(seconds=4)
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
class Landed:
    """What became of a message, whether that was a try, and how long until the next. No answer: it was not sent."""

    message: Claimed
    state: MessageState
    answer: str | None
    counted: bool = True
    wait: timedelta = timedelta(0)


def due(channels: Sequence[Channel], *, at: datetime, limit: int, office_hours: bool = True) -> Any:
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


async def claim(conn: Conn, *, at: datetime, most: int, office_hours: bool) -> list[Claimed]:
    chosen = due([Channel.EMAIL, Channel.SMS], at=at, limit=most, office_hours=office_hours)
    return await _leased(conn, chosen, at)


async def claim_for_outlets(conn: Conn, *, at: datetime, office_hours: bool) -> list[Claimed]:
    """Whoever takes an outlet's turn keeps others from it until the next: twenty a minute, and we say fifteen."""
    m, o = OutboxMessage, Outlet
    waiting = [channel.value for channel in OUTLETS]
    waits: list[Any] = [text("state = 'pending'"), m.channel.in_(waiting), m.next_attempt_at <= at]
    waits += [] if office_hours else [~m.holds]
    of_outlet = m.payload["outlet"].astext == cast(o.id, Text)
    turns = (
        update(o)
        .where(o.next_free_at <= at, select(m.id).where(*waits, of_outlet).exists())
        .values(next_free_at=at + OUTLET_PAUSE)
        .returning(o.id)
    )
    claimed: list[Claimed] = []
    for outlet_id in (await conn.execute(turns)).scalars().all():
        first = select(m.id).where(*waits, m.payload["outlet"].astext == str(outlet_id)).order_by(m.next_attempt_at)
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
    files, vault = await files_of(conn, [r.payload for r in rows]), conn.vault
    return [
        Claimed(
            r.id,
            r.kind,
            Channel(r.channel),
            r.user_id,
            r.payload,
            r.attempts,
            _opened(vault, r.id, r.address),
            token,
            r.outlet,
            enclosed(r.payload, files),
        )
        for r in rows
    ]


def _opened(vault: Vault, message_id: uuid.UUID, address: str | None) -> str | None:
    """An address that was copied from a contact or an account is sealed to that one, any other to its message."""
    if not address or not address.startswith(PREFIX):
        return address
    if place_of(address)[0] == ADDRESS:
        return shown(vault, address, column=ADDRESS, row=message_id)
    return shown(vault, address)


# Only the holder of the lease may settle: a worker that overslept its lease changes nothing.
_SETTLE = text(
    """
UPDATE outbox_messages AS m SET state = n.state, attempts = m.attempts + n.tries,
  answer = coalesce(n.answer, m.answer), next_attempt_at = n.next_at, lease_token = NULL,
  sent_at = CASE WHEN n.state = 'sent' THEN CAST(:at AS timestamptz) END
FROM unnest(:ids, :tokens, :states, :tries, :answers, :next_at) AS n (id, token, state, tries, answer, next_at)
WHERE m.id = n.id AND m.lease_token = n.token
"""
).bindparams(
    bindparam("at", type_=DateTime(timezone=True)),
    bindparam("ids", type_=ARRAY(Uuid())),
    bindparam("tokens", type_=ARRAY(Uuid())),
    bindparam("states", type_=ARRAY(Text())),
    bindparam("tries", type_=ARRAY(Integer())),
    bindparam("answers", type_=ARRAY(Text())),
    bindparam("next_at", type_=ARRAY(DateTime(timezone=True))),
)


async def settle(conn: Conn, landed: Sequence[Landed], *, at: datetime) -> None:
    values = {
        "at": at,
        "ids": [one.message.id for one in landed],
        "tokens": [one.message.token for one in landed],
        "states": [one.state.value for one in landed],
        "tries": [int(one.counted) for one in landed],
        "answers": [one.answer for one in landed],
        "next_at": [at + one.wait for one in landed],
    }
    await conn.execute(_SETTLE, values)
