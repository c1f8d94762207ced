"""三员分立: one makes accounts, another says yes to what they may do, a third reads the trail. From the day on which a
security administrator is appointed no administrator does both any more."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, func, select, update

from app.access.models import User
from app.access.terms import Actor, Permission, Power, Role
from app.audit.models import AuditEvent
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Conflict, Forbidden, NotFound
from app.outbox.writing import notice, post

_MADE = ("user:record:created", "user:password:reset")


@dataclass(frozen=True, slots=True)
class Ungranted:
    id: uuid.UUID
    login: str
    name: str
    role: Role
    scope: str
    unit: str
    created_at: datetime
    maker_name: str  # who made it, or set its password anew; empty: it came by itself


def makes_only(by: Actor) -> bool:
    """Whether what this administrator makes waits for another's yes."""
    return by.viewer.role is Role.ADMIN and by.viewer.power is Power.SYSTEM


async def are_separated(conn: Conn) -> bool:
    apart = select(func.count()).where(User.role == Role.ADMIN.value, User.power != Power.SOLE.value)
    return bool((await conn.execute(apart)).scalar_one())


async def separate(conn: Conn, *, by: Actor, at: datetime) -> None:
    """Administrators who did both parts keep the system's."""
    both = update(User).where(User.role == Role.ADMIN.value, User.power == Power.SOLE.value)
    parted = (await conn.execute(both.values(power=Power.SYSTEM.value).returning(User.login))).scalars().all()
    event = event_row(
        "user:powers:separated",
        by=by,
        at=at,
        object_type="user",
        object_id="administrators",
        object_label="系统管理员与安全管理员分设",
        after={"logins": sorted(parted)},
    )
    await record(conn, event)


def may_handle(user: Any, *, by: Actor) -> None:
    """Raises Forbidden: with a security administrator's account in hand one would do both parts."""
    if makes_only(by) and user["role"] == Role.ADMIN.value and user["power"] == Power.SECURITY.value:
        raise Forbidden("安全管理员的账号不由系统管理员办理，请在服务器上用 tidu user 命令。")


def waits_after_reset(user: Any, *, by: Actor) -> bool:
    """An auditor's new password is known to whoever resets it: another person looks before it opens anything."""
    return makes_only(by) and user["role"] == Role.AUDITOR.value


async def ask_for_grant(conn: Conn, user_id: uuid.UUID, login: str, *, by: Actor, at: datetime) -> None:
    query = select(User.id).where(User.role == Role.ADMIN.value, User.power == Power.SECURITY.value, User.active)
    people = (await conn.execute(query.order_by(User.id))).scalars().all()
    subject = f"{by.viewer.name}开通或重设了账号 {login}，请核对角色和范围后授权"
    key = f"{user_id}:{at.isoformat()}"
    await post(conn, *(notice("access_asked", key, to=p, subject=subject, page="/admin/grants", at=at) for p in people))


async def ungranted(conn: Conn) -> Sequence[Ungranted]:
    e = AuditEvent
    made = select(e.actor_name).where(e.object_id == cast(User.id, Text), e.action.in_(_MADE))
    maker = func.coalesce(made.order_by(e.at.desc()).limit(1).correlate(User).scalar_subquery(), "")
    query = select(User.id, User.login, User.name, User.role, User.scope, User.unit, User.created_at, maker)
    rows: Sequence[Any] = (await conn.execute(query.where(User.awaits_grant).order_by(User.created_at, User.id))).all()
    return [Ungranted(r.id, r.login, r.name, Role(r.role), *r[4:]) for r in rows]


async def decide(conn: Conn, user_id: uuid.UUID, agreed: bool, *, by: Actor, at: datetime) -> str:
    """The security administrator's answer; returns the login. Raises NotFound, Conflict, Forbidden."""
    query = select(User.__table__).where(User.id == user_id).with_for_update()
    user = (await conn.execute(query)).mappings().one_or_none()
    if user is None:
        raise NotFound
    if not user["awaits_grant"]:
        raise Conflict("这个账号没有等待授权，或者已经答复过了。")
    if user_id == by.viewer.id or not by.viewer.may(Permission.ACCESS_GRANT):
        raise Forbidden("要由安全管理员授权，且不能是自己。")
    values = {"awaits_grant": False, "active": agreed}
    await conn.execute(update(User).where(User.id == user_id).values(**values))
    event = event_row(
        "user:access:granted" if agreed else "user:access:refused",
        by=by,
        at=at,
        object_type="user",
        object_id=user_id,
        object_label=user["login"],
        after={"role": user["role"], "scope": user["scope"]},
    )
    await record(conn, event)
    return str(user["login"])
