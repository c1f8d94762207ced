"""Bearer tokens: what a program signs in with, in the name of an account."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, select, update

from app.access.models import ApiToken, User
from app.access.noticing import tell_owner
from app.access.proving import must_know_password, must_prove
from app.access.queries import user_by_login
from app.access.rules import new_token, token_hash
from app.access.standing import still_opens
from app.access.terms import SYSTEM, Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid, NotFound, PasswordChangeRequired

LONGEST_DAYS = 366
LONGEST_LABEL = 40
_LATE = datetime.max.replace(tzinfo=UTC)
MOST = 10  # of one account at a time
USED_AFTER = timedelta(seconds=60)  # noted no more often than that


@dataclass(frozen=True, slots=True)
class OpenToken:
    reference: str  # first characters of the hash: names a token without giving it away
    label: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    read_only: bool


async def tokens_of(conn: Conn, user_id: uuid.UUID, *, at: datetime) -> list[OpenToken]:
    t = ApiToken
    query = select(t.token_hash, t.label, t.created_at, t.expires_at, t.used_at, t.read_only).where(*_open(user_id, at))
    rows: Sequence[Any] = (await conn.execute(query.order_by(t.created_at.desc(), t.token_hash))).all()
    return [OpenToken(hashed.hex()[:12], *rest) for hashed, *rest in rows]


def _open(user_id: uuid.UUID, at: datetime) -> tuple[Any, ...]:
    return (ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > at)


async def issue_token(
    conn: Conn, login: str, *, days: int, label: str = "", read_only: bool = False, by: Actor = SYSTEM, at: datetime
) -> str:
    """Shown once. Raises NotFound."""
    user = await user_by_login(conn, login)
    if user is None or not still_opens(user, at):
        raise NotFound(f"没有账号 {login}，或者已停用、已到期。")
    token = new_token()
    until = min(at + timedelta(days=days), user["valid_until"] or _LATE)
    row = {"token_hash": token_hash(token), "user_id": user["id"], "created_at": at, "expires_at": until}
    await conn.execute(insert(ApiToken).values(**row, label=label, read_only=read_only))
    said = {**({"program": label, "days": days} if label else {}), "read_only": read_only}
    issued = event_row("user:token:issued", by=by, at=at, object_type="user", object_id=user["id"], object_label=login)
    await record(conn, issued | {"after": said})
    return token


async def issue_own(
    conn: Conn,
    label: str,
    *,
    days: int,
    read_only: bool = True,
    password: str,
    code: str,
    by: Actor,
    at: datetime,
    device: str = "",
    cheap: bool = False,
) -> str:
    """For oneself, who shows the password once more, and a code where there is a second factor: a token outlives the
    session it was made in and is asked for neither. Raises Invalid, as `must_know_password` does, and
    PasswordChangeRequired for a password that somebody else knows."""
    # The person first, as everybody does who ends somebody's access: a password that is reset, an account that is
    # disabled meanwhile, leaves no token behind. Read anew: a program's viewer does not say it.
    own = select(User.must_change_password).where(User.id == by.viewer.id, User.active)
    if (await conn.execute(own.with_for_update(key_share=True))).scalar_one_or_none() is not False:
        raise PasswordChangeRequired
    named = select(ApiToken.token_hash).where(*_open(by.viewer.id, at), ApiToken.label == label).limit(1)
    if (await conn.execute(named)).first():  # or a page that is sent again would make a second one
        raise Invalid({"label": f"已经有一个给“{label}”用的令牌；没有存下来的，撤销它再发，或者换个名字。"})
    await must_know_password(conn, password, by=by, at=at, device=device, cheap=cheap)
    held = (await conn.execute(select(func.count()).select_from(ApiToken).where(*_open(by.viewer.id, at)))).scalar_one()
    if held >= MOST:
        raise Invalid({"label": f"最多同时有 {MOST} 个令牌；请先撤销不用的。"})
    await must_prove(conn, code, vault=conn.vault, by=by, at=at)
    token = await issue_token(conn, by.viewer.login, days=days, label=label, read_only=read_only, by=by, at=at)
    may = "只读" if read_only else "读写"
    await tell_owner(conn, by.viewer.id, f"您的账号发放了{may}的访问令牌“{label}”", by=by, at=at)
    return token


async def revoke_token(conn: Conn, user_id: uuid.UUID, reference: str, *, by: Actor, at: datetime) -> None:
    """Raises NotFound."""
    named = func.left(func.encode(ApiToken.token_hash, "hex"), 12) == reference
    ended = update(ApiToken).where(*_open(user_id, at), named).values(revoked_at=at).returning(ApiToken.label)
    label = (await conn.execute(ended)).scalar_one_or_none()
    if label is None:
        raise NotFound
    revoked = event_row(
        "user:token:revoked",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=by.viewer.login,
        before={"program": label} if label else None,
    )
    await record(conn, revoked)


async def note_use(conn: Conn, token: str, *, at: datetime) -> None:
    """Whoever finds it being noted does not wait: many calls of one program come at the same moment."""
    t = ApiToken
    late = or_(t.used_at.is_(None), t.used_at < at - USED_AFTER)
    free = select(t.token_hash).where(t.token_hash == token_hash(token), late).with_for_update(skip_locked=True)
    await conn.execute(update(t).where(t.token_hash == free.scalar_subquery()).values(used_at=at))
