"""The secret address of a person's calendar: it reads one feed, nothing else, and can be revoked at any time."""

import uuid
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from app.access.models import CalendarFeed, User
from app.access.queries import LOOKS, VIEWER, viewer_of
from app.access.rules import new_token, token_hash
from app.access.standing import opens
from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.db import Conn
from app.statements import Kept


async def make_feed(conn: Conn, *, by: Actor, at: datetime) -> str:
    """Returns the new token, which nobody can be told again; the one before stops working."""
    replaced = await _end(conn, by.viewer.id, at)
    token = new_token()
    row = {"token_hash": token_hash(token), "user_id": by.viewer.id, "created_at": at}
    await conn.execute(insert(CalendarFeed).values(row))
    await _note(conn, "created", by=by, at=at, replaced=replaced)
    return token


async def revoke_feed(conn: Conn, *, by: Actor, at: datetime) -> bool:
    """False when there was none."""
    if not await _end(conn, by.viewer.id, at):
        return False
    await _note(conn, "revoked", by=by, at=at)
    return True


async def feed_since(conn: Conn, user_id: uuid.UUID) -> datetime | None:
    """Since when the person's address works; None where there is none."""
    query = select(CalendarFeed.created_at).where(CalendarFeed.user_id == user_id, CalendarFeed.revoked_at.is_(None))
    return (await conn.execute(query)).scalar_one_or_none()


_FEED = Kept(
    select(*VIEWER, LOOKS)
    .select_from(CalendarFeed)
    .join(User, User.id == CalendarFeed.user_id)
    .where(CalendarFeed.token_hash == bindparam("hash"), CalendarFeed.revoked_at.is_(None), opens(bindparam("at"))),
    looks=True,
)


async def viewer_by_feed(conn: Conn, token: str, *, at: datetime) -> Viewer | None:
    row = (await conn.execute(_FEED, {"hash": token_hash(token), "at": at, "lasting": conn.lasting})).one_or_none()
    return viewer_of(row) if row else None


async def _end(conn: Conn, user_id: uuid.UUID, at: datetime) -> bool:
    ended = update(CalendarFeed).where(CalendarFeed.user_id == user_id, CalendarFeed.revoked_at.is_(None))
    return (await conn.execute(ended.values(revoked_at=at))).rowcount > 0


async def _note(conn: Conn, verb: str, *, by: Actor, at: datetime, **after: bool) -> None:
    done = event_row(f"user:feed:{verb}", by=by, at=at, object_type="user", object_id=by.viewer.id, after=after or None)
    await record(conn, done)
