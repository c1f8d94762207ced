"""Who hears of what is done to an account: its owner; of one that decides also who else does, and who audits."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.access.models import User
from app.access.terms import PERMISSIONS, SYSTEM, Actor, Permission
from app.db import Conn
from app.outbox.writing import notice, post

_DECIDING = frozenset(role.value for role, held in PERMISSIONS.items() if Permission.POLICY_APPROVE in held)
_WATCHING = _DECIDING | {role.value for role, held in PERMISSIONS.items() if Permission.ACCOUNT_TRAIL in held}


async def tell_of_hand(conn: Conn, account: Mapping[str, Any], act: str, *, by: Actor, at: datetime) -> None:
    """`account`: id, login, name and role of it. What is done on the server itself is the operators' to answer for."""
    if account["role"] not in _DECIDING or by.viewer.id == SYSTEM.viewer.id:
        return
    told = f"{by.viewer.name}{act}：局领导账号“{account['name']}”（{account['login']}）"
    others = select(User.id).where(User.role.in_(_WATCHING), User.active, User.id.not_in([by.viewer.id, account["id"]]))
    people = (await conn.execute(others.order_by(User.id))).scalars().all()
    key = f"{account['id']}:{at.isoformat()}"
    await post(conn, *(notice("account_handled", key, to=person, subject=told, at=at) for person in people))


async def tell_owner(conn: Conn, user_id: uuid.UUID, sentence: str, *, by: Actor, at: datetime) -> None:
    """Something that the owner should know of, even where it was done in the owner's name."""
    where = f"，来自 {by.origin.ip}" if by.origin.ip else ""
    told = f"{sentence}{where}。不是您本人的，请马上修改口令，并告诉系统管理员。"
    await post(conn, notice("account_safety", f"{user_id}:{at.isoformat()}", to=user_id, subject=told, at=at))
