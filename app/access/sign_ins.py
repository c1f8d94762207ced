"""Who was where: the open sessions of an account and what the trail says of its sign-ins."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from app.access.devices import device_words
from app.access.factors import RECOVERY
from app.access.models import UserSession
from app.access.rules import token_hash
from app.access.service import end_sessions
from app.access.terms import Actor
from app.audit.models import AuditEvent
from app.audit.service import event_row, record
from app.audit.words import ACTION_LABELS
from app.db import Conn
from app.errors import NotFound

SHOWN = 30  # of each kind
ENDED = (
    "原来的登录已被结束：可能是改了口令、在别处登录、现在要求两步验证，或者本人或管理员结束了它。"
    "不是您要的，请登录后看“登录会话”。"
)
WORN = "太久没有用，或者到了一次登录的最长时间，请重新登录。"
BACK = timedelta(days=90)
DONE = "session:sign_in:done"
# What came besides the password.
_WAYS = {"totp": "两步验证", RECOVERY: "恢复码"}
FAILED = ("session:sign_in:failed", "session:sign_in:refused", "session:code:failed")


@dataclass(frozen=True, slots=True)
class OpenSession:
    reference: str  # first characters of the hash: names a session without giving it away
    created_at: datetime
    seen_at: datetime
    ip: str
    user_agent: str

    @property
    def device(self) -> str:
        return device_words(self.user_agent)


@dataclass(frozen=True, slots=True)
class SignIn:
    at: datetime
    what: str
    ip: str
    way: str  # what was proven besides the password, in words
    new_device: bool


async def sessions_of(conn: Conn, user_id: uuid.UUID, *, idle: timedelta, at: datetime) -> list[OpenSession]:
    s = UserSession
    query = select(s.token_hash, s.created_at, s.seen_at, s.ip, s.user_agent).where(
        s.user_id == user_id, s.revoked_at.is_(None), s.expires_at > at, s.seen_at > at - idle
    )
    rows: Sequence[Any] = (await conn.execute(query.order_by(s.seen_at.desc()))).all()
    return [OpenSession(hashed.hex()[:12], *rest) for hashed, *rest in rows]


async def sign_ins_of(conn: Conn, user_id: uuid.UUID, login: str, *, at: datetime) -> tuple[list[SignIn], list[SignIn]]:
    """Those that came in, and those that did not, the latest first."""
    e = AuditEvent
    mine = or_(e.object_id.in_([str(user_id), login]), e.object_label == login)
    found = []
    for actions in ((DONE,), FAILED):
        query = select(e.at, e.action, e.ip, e.after).where(mine, e.action.in_(actions), e.at > at - BACK)
        rows: Sequence[Any] = (await conn.execute(query.order_by(e.at.desc(), e.id.desc()).limit(SHOWN))).all()
        found.append([_sign_in(row) for row in rows])
    return found[0], found[1]


def _sign_in(row: Any) -> SignIn:
    said = row.after or {}
    return SignIn(
        row.at, ACTION_LABELS[row.action], row.ip, _WAYS.get(said.get("factor", ""), ""), bool(said.get("new_device"))
    )


async def how_it_ended(conn: Conn, token: str, *, at: datetime) -> str:
    """Why a browser that comes back with its session is asked to sign in; "" of a session that nobody knows."""
    s = UserSession
    query = select(s.revoked_at).where(s.token_hash == token_hash(token))
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return ""
    return ENDED if row.revoked_at and row.revoked_at <= at else WORN


async def revoke_session(conn: Conn, user_id: uuid.UUID, reference: str, *, by: Actor, at: datetime) -> None:
    """Named by the first characters of its hash. Raises NotFound."""
    done = await conn.execute(
        update(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.revoked_at.is_(None),
            func.left(func.encode(UserSession.token_hash, "hex"), 12) == reference,
        )
        .values(revoked_at=at)
    )
    if done.rowcount == 0:
        raise NotFound
    await record(conn, event_row("session:record:revoked", by=by, at=at, object_type="session", object_id=reference))


async def revoke_all(conn: Conn, user_id: uuid.UUID, *, keep_token: str = "", by: Actor, at: datetime) -> int:
    ended = await end_sessions(conn, user_id, at=at, except_token=keep_token)
    done = event_row(
        "session:record:all_revoked", by=by, at=at, object_type="user", object_id=user_id, after={"sessions": ended}
    )
    await record(conn, done)
    return ended
