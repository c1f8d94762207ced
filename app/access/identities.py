"""Which account somebody is who was identified elsewhere: linked and unlinked by an administrator only."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from app.access.models import LinkedIdentity, User
from app.access.noticing import tell_of_hand, tell_owner
from app.access.oidc import Identity
from app.access.powers import ask_for_grant, may_handle, waits_after_reset
from app.access.queries import sign_in_record, user_by_id
from app.access.rules import new_token
from app.access.service import end_access, end_sessions
from app.access.setting_password import set_password
from app.access.signing import OIDC, Browser, SignInResult, after_first_step, refusal
from app.access.terms import Actor, Role, Viewer
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid, NotFound

LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Linked:
    issuer: str
    subject: str
    linked_at: datetime
    linker_name: str


async def linked_to(conn: Conn, user_id: uuid.UUID) -> Linked | None:
    i = LinkedIdentity
    query = select(i.issuer, i.subject, i.linked_at, i.linker_name).where(i.user_id == user_id)
    row = (await conn.execute(query)).one_or_none()
    return Linked(*row) if row else None


async def link(
    conn: Conn, user_id: uuid.UUID, issuer: str, subject: str, *, by: Actor, at: datetime, cheap: bool = False
) -> None:
    """Whoever holds that identity can sign in as the account from now on. Raises NotFound, Invalid."""
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    may_handle(user, by=by)
    if not subject:
        raise Invalid({"subject": "请填写本人在统一身份认证里的编号。"})
    if user_id == by.viewer.id:
        raise Invalid({"subject": "自己的账号要由另一位管理员关联。"})
    i = LinkedIdentity
    taken = select(User.login).join(i, i.user_id == User.id).where(i.issuer == issuer, i.subject == subject)
    if other := (await conn.execute(taken.where(User.id != user_id))).scalar_one_or_none():
        raise Invalid({"subject": f"这个编号已经关联到账号 {other}。"})
    if (await conn.execute(delete(i).where(i.user_id == user_id))).rowcount:
        await end_sessions(conn, user_id, at=at)  # whoever was linked before is out as well
    row = {"issuer": issuer, "subject": subject, "user_id": user_id, "linked_at": at, "linker_name": by.viewer.name}
    await conn.execute(insert(i).values(row))
    if user["must_change_password"]:
        # A one-time password that nobody has used yet; who comes by the other way need not know it to go on.
        await set_password(conn, user, new_token(), at=at, cheap=cheap)
    if waits_after_reset(user, by=by):
        await conn.execute(update(User).where(User.id == user_id).values(active=False, awaits_grant=True))
        await end_access(conn, user_id, at=at)
        await ask_for_grant(conn, user_id, user["login"], by=by, at=at)
    done = event_row(
        "user:identity:linked",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=user["login"],
        after={"issuer": issuer, "subject": subject},
    )
    await record(conn, done)
    await tell_owner(conn, user_id, f"{by.viewer.name}把您的账号关联到了统一身份认证", by=by, at=at)
    await tell_of_hand(conn, user, "关联统一身份认证", by=by, at=at)


async def unlink(conn: Conn, user_id: uuid.UUID, *, by: Actor, at: datetime) -> None:
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    may_handle(user, by=by)
    if (await conn.execute(delete(LinkedIdentity).where(LinkedIdentity.user_id == user_id))).rowcount == 0:
        raise NotFound
    await end_sessions(conn, user_id, at=at)
    await record(conn, event_row("user:identity:unlinked", by=by, at=at, object_type="user", object_id=user_id))


async def sign_in_as(conn: Conn, identity: Identity, *, browser: Browser, at: datetime) -> SignInResult:
    """As after a right password: a second factor is asked here as there. A sentence for who is linked to no account."""
    i = LinkedIdentity
    login = select(User.login).join(i, i.user_id == User.id)
    login = login.where(i.issuer == identity.issuer, i.subject == identity.subject)
    found = (await conn.execute(login)).scalar_one_or_none()
    user = await sign_in_record(conn, found) if found else None
    sentence = refusal({**user, "password_expires_at": None}, at) if user else "这个身份还没有关联到本系统的账号。"
    if user is None or sentence:
        stranger = Actor(Viewer(uuid.UUID(int=0), "", "", Role.FIRM), browser.origin)
        subject = identity.subject
        failed = event_row(
            "session:sign_in:failed", by=stranger, at=at, object_type="identity", object_id=subject, succeeded=False
        )
        await record(conn, {**failed, "actor_role": ""})
        return SignInResult(sentence=sentence)
    return await after_first_step(conn, user, browser=browser, at=at, way=OIDC)
