"""What is told, as a row: in the house to somebody with an account, by mail to whoever has an address."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, literal, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.postgresql import insert

from app.db import Conn, new_id
from app.outbox.models import OutboxMessage
from app.outbox.terms import ADDRESS, Channel
from app.sealed import seal

Row = dict[str, Any]


def notice(kind: str, key: str, *, to: uuid.UUID, subject: str, at: datetime, **more: str) -> Row:
    """One line in somebody's inbox; `more` says what it leads to, see `app.web.message_words`."""
    return _row(kind, f"{key}:{to}", Channel.INBOX, to, {"subject": subject, **more}, at)


def letter(
    kind: str,
    key: str,
    *,
    to: str = "",
    to_name: str = "",
    subject: str,
    body: str,
    use: str,
    link_id: uuid.UUID,
    at: datetime,
) -> Row:
    """A mail with a secret link that is made when it leaves: see `app.outbox.links`. To an address, or, without one,
    to the person that `post_if` finds."""
    link = {"use": use, "id": str(link_id)}
    payload: Row = {"subject": subject, "body": body, "link": link}
    payload |= {"to": to, "to_name": to_name} if to else {}
    return _row(kind, key, Channel.EMAIL, None, payload, at)


def mailing(
    kind: str, key: str, *, to: uuid.UUID, subject: str, body: str, files: Sequence[Mapping[str, str]], at: datetime
) -> Row:
    """A mail to somebody with an account; `files` as `app.outbox.enclosures` names them."""
    payload = {"subject": subject, "body": body, "files": list(files)}
    return _row(kind, f"{key}:{to}:mail", Channel.EMAIL, to, payload, at)


def outlet_notice(kind: str, key: str, *, outlet: uuid.UUID, channel: Channel, subject: str, at: datetime) -> Row:
    return _row(kind, f"{key}:{outlet}", channel, None, {"outlet": str(outlet), "subject": subject}, at)


async def post(conn: Conn, *rows: Row) -> None:
    """What was told under a key once is not told again."""
    if rows:
        several = _sealed(conn, rows)
        await conn.execute(insert(OutboxMessage).on_conflict_do_nothing(index_elements=["dedup_key"]), several)


async def post_new(conn: Conn, *rows: Row) -> set[str]:
    """As `post`; the keys of those that had not been told yet."""
    if not rows:
        return set()
    o = OutboxMessage
    made = insert(o).on_conflict_do_nothing(index_elements=["dedup_key"]).returning(o.dedup_key)
    return set((await conn.execute(made, _sealed(conn, rows))).scalars())


async def post_if(conn: Conn, row: Row, person: Select[uuid.UUID | None]) -> None:
    """Posts to the person that the query finds; when it finds nobody nothing is posted, and it takes as long."""
    table, found = OutboxMessage.__table__, person.subquery()
    values = {name: literal(value, table.c[name].type) for name, value in row.items() if name != "user_id"}
    whom = found.c[0]
    one = select(*values.values(), whom).where(whom.is_not(None))
    await conn.execute(plain_insert(OutboxMessage).from_select([*values, "user_id"], one))


def _sealed(conn: Conn, rows: Sequence[Row]) -> list[Row]:
    """With the address, where there is one, sealed to its message."""
    return [
        {**row, "payload": {**row["payload"], "to": seal(conn.vault, ADDRESS, row["id"], to)}}
        if (to := row["payload"].get("to"))
        else row
        for row in rows
    ]


def _row(kind: str, key: str, channel: Channel, to: uuid.UUID | None, payload: Mapping[str, Any], at: datetime) -> Row:
    return {
        "id": new_id(),
        "dedup_key": f"{kind}:{key}",
        "kind": kind,
        "channel": channel.value,
        "user_id": to,
        "payload": dict(payload),
        "next_attempt_at": at,
        "created_at": at,
    }
