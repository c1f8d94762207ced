"""A forgotten password: a link by mail, once and for a short time. Who asks is told nothing of any account."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from app.access.models import PasswordLink, User
from app.access.noticing import tell_of_hand
from app.access.queries import owner_of
from app.access.rules import token_hash
from app.access.service import end_access
from app.access.setting_password import faults_of, set_password
from app.access.standing import opens
from app.access.terms import Actor, Origin, Role, Viewer
from app.audit.service import event_row, record
from app.clock import BUSINESS_ZONE
from app.db import Conn, new_id
from app.errors import Invalid, NotFound
from app.outbox.writing import letter, post_if

LINK_MINUTES = 30
ASKED_AN_HOUR = 5  # by one address
MAILED_AN_HOUR = 3  # to one account
USED_UP = "这个链接不能用：可能已经用过或已过期。请重新申请一个。"
_BODY = """您好：

有人用您的账号申请重设口令。如果是您本人，请点开下面的链接，自己设一个新口令：

{{link}}

链接只能用一次，{until:%Y-%m-%d %H:%M} 前有效。谁拿到链接谁就能改您的口令，请不要转发。

不是您申请的，不用理会，口令不会变；如果反复收到，请告诉本单位的系统管理员。"""


async def ask(conn: Conn, typed: str, *, seal: Callable[[uuid.UUID], str], origin: Origin, at: datetime) -> bool:
    """False when this address has asked too often. `seal` makes the link's token of its id.

    The same statements run whether there is such an account or not, so neither the answer nor its time can tell.
    """
    hour_ago = at - timedelta(hours=1)
    asked = select(func.count()).where(PasswordLink.ip == origin.ip, PasswordLink.created_at > hour_ago)
    if (await conn.execute(asked)).scalar_one() >= ASKED_AN_HOUR:
        return False
    login, link_id, until = typed.strip().lower()[:40], new_id(), at + timedelta(minutes=LINK_MINUTES)
    row = {"id": link_id, "token_hash": token_hash(seal(link_id)), "login": login, "ip": origin.ip}
    row |= {"user_id": _reachable(login, at), "created_at": at, "expires_at": until}
    await conn.execute(insert(PasswordLink).values(row))
    body = _BODY.format(until=until.astimezone(BUSINESS_ZONE))
    key, subject = str(link_id), "重设您在科技企业梯度培育系统的口令"
    mail = letter("password_link", key, subject=subject, body=body, use="password", link_id=link_id, at=at)
    await post_if(conn, mail, select(PasswordLink.user_id).where(PasswordLink.id == link_id))
    stranger = Actor(Viewer(uuid.UUID(int=0), "", login, Role.FIRM), origin)
    noted = event_row("user:password:asked", by=stranger, at=at, object_type="login", object_id=login)
    await record(conn, {**noted, "actor_role": ""})  # who it was is not known, so neither is the role
    return True


def _reachable(login: str, at: datetime) -> Any:
    """The account, when it may sign in, has an address and was not written to too often."""
    mailed = select(func.count()).where(PasswordLink.login == login, PasswordLink.created_at > at - timedelta(hours=1))
    known = (User.login == login, opens(at), func.coalesce(User.email, "") != "")
    return select(User.id).where(*known, mailed.scalar_subquery() < MAILED_AN_HOUR).scalar_subquery()


async def is_open(conn: Conn, token: str, *, at: datetime) -> bool:
    query = select(PasswordLink.id).where(*_open(token, at))
    return (await conn.execute(query)).scalar_one_or_none() is not None


def _open(token: str, at: datetime) -> tuple[Any, ...]:
    p = PasswordLink
    return (p.token_hash == token_hash(token), p.user_id.is_not(None), p.ended_at.is_(None), p.expires_at > at)


async def choose(
    conn: Conn, token: str, *, new: str, again: str, origin: Origin, at: datetime, cheap: bool = False
) -> None:
    """Sets the password and ends every session, token and link. Raises NotFound for a token that opens nothing, Invalid
    by field; the link still works after that."""
    person = select(User).join(PasswordLink, PasswordLink.user_id == User.id).where(*_open(token, at), opens(at))
    # The person first, then the links, as everybody does who ends somebody's access: two letters at once do not tangle.
    row = (await conn.execute(person.with_for_update())).mappings().one_or_none()
    if row is None:
        raise NotFound(USED_UP)
    user = {str(name): value for name, value in row.items()}
    if new != again:
        raise Invalid({"again": "两次输入的新口令不一样。"})
    if fault := await faults_of(conn, new, login=user["login"], user_id=user["id"], cheap=cheap):
        raise Invalid({"new": fault})
    await set_password(conn, user, new, at=at, cheap=cheap)
    await end_access(conn, user["id"], at=at)
    self = owner_of(user, origin)
    chosen = event_row(
        "user:password:recovered", by=self, at=at, object_type="user", object_id=user["id"], object_label=user["login"]
    )
    await record(conn, chosen)
    await tell_of_hand(conn, user, "凭邮件里的链接重设口令", by=self, at=at)
