"""Every new password goes through here: what is asked of it, and how it takes the place of the former."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.breached import is_breached
from app.access.models import FormerPassword, SignInRules, User
from app.access.passwords import hash_password, verify
from app.access.rules import FORMER, one_time_until, password_faults
from app.access.sign_in_terms import PasswordProfile
from app.db import Conn, new_id

_BREACHED = "这个口令和公开泄露过的口令相同，或只在它前后加了数字和符号，请换一个。"
_USED = f"不能与最近用过的 {FORMER} 个口令相同。"


async def profile_of(conn: Conn) -> PasswordProfile:
    chosen = (await conn.execute(select(SignInRules.profile))).scalar_one_or_none()
    return PasswordProfile(chosen) if chosen else PasswordProfile.DENGBAO


async def faults_of(
    conn: Conn, password: str, *, login: str, user_id: uuid.UUID | None = None, cheap: bool = False
) -> str:
    """What is wrong with it, in sentences, or nothing. `user_id`: whose former ones it must not be."""
    if faults := password_faults(password, login=login, profile=await profile_of(conn)):
        return "".join(faults)
    if is_breached(password):
        return _BREACHED
    former = select(FormerPassword.password_hash).where(FormerPassword.user_id == user_id) if user_id else None
    for stored in (await conn.execute(former)).scalars().all() if former is not None else ():
        if await verify(password, stored, cheap=cheap):
            return _USED
    return ""


async def set_password(
    conn: Conn, user: Mapping[str, Any], password: str, *, at: datetime, one_time: bool = False, cheap: bool = False
) -> None:
    """`user`: its id and its present hash, which becomes a former one. `one_time`: somebody else has made it up."""
    row = {"id": new_id(), "user_id": user["id"], "password_hash": user["password_hash"], "ended_at": at}
    await conn.execute(insert(FormerPassword).values(row))
    mine = FormerPassword.user_id == user["id"]
    latest = select(FormerPassword.id).where(mine).order_by(FormerPassword.ended_at.desc(), FormerPassword.id.desc())
    await conn.execute(delete(FormerPassword).where(mine, FormerPassword.id.not_in(latest.limit(FORMER))))
    values = {
        "password_hash": await hash_password(password, cheap=cheap),
        "password_changed_at": at,
        "must_change_password": one_time,
        "password_expires_at": one_time_until(at) if one_time else None,
    }
    await conn.execute(update(User).where(User.id == user["id"]).values(**values))
