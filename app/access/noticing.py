"""Who hears of it when somebody gets a hand on an account that decides: the others who decide, and who audits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.access.models import User
from app.access.terms import PERMISSIONS, SYSTEM, Actor, Permission
from app.db import Conn
from app.outbox.writing import notice, post

_DECIDING = frozenset(role.value for role, held in PERMISSIONS.items() if Permission.POLICY_APPROVE in held)
_WATCHING = _DECIDING | {role.value for role, held in PERMISSIONS.items() if Permission.AUDIT_READ in held}


async def tell_of_hand(conn: Conn, account: Mapping[str, Any], act: str, *, by: Actor, at: datetime) -> None:
    """`account`: id, login, name and role of it. What is done on the server itself is the operators' to answer for."""
    if account["role"] not in _DECIDING or by.viewer.id == SYSTEM.viewer.id:
        return
    told = f"{by.viewer.name}{act}：局领导账号“{account['name']}”（{account['login']}）"
    others = select(User.id).where(User.role.in_(_WATCHING), User.active, User.id.not_in([by.viewer.id, account["id"]]))
    people = (await conn.execute(others.order_by(User.id))).scalars().all()
    key = f"{account['id']}:{at.isoformat()}"
    await post(conn, *(notice("account_handled", key, to=person, subject=told, at=at) for person in people))
