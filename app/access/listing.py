"""The accounts, a page at a time, for who keeps them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from app.access.models import SecondFactor, User
from app.access.standing import opens
from app.access.terms import Power, Role
from app.db import Conn
from app.labels import Labelled
from app.sealed import shown
from app.vault import Vault

SOON = timedelta(days=14)
IDLE = timedelta(days=90)  # our own number: what assessors usually call an account that nobody uses


class Standing(Labelled):
    ACTIVE = "active", "在用"
    WAITING = "waiting", "等待授权"
    DISABLED = "disabled", "已停用"
    IDLE = "idle", "90 天没有登录"
    EXPIRING = "expiring", "14 天内到期"


@dataclass(frozen=True, slots=True)
class Wanted:
    q: str = ""  # part of a name, a login or a unit
    role: Role | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class UserRow:
    id: uuid.UUID
    login: str
    name: str
    role: Role
    scope: str
    unit: str
    email: str | None
    active: bool
    last_sign_in_at: datetime | None
    password_expires_at: datetime | None  # None when it is the person's own
    carrier_id: uuid.UUID | None
    power: Power
    awaits_grant: bool
    valid_until: datetime | None
    has_factor: bool


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[UserRow]
    total: int
    next: str | None  # the login after which the next page begins


async def list_users(conn: Conn, wanted: Wanted, *, after: str = "", limit: int = 50, at: datetime) -> Page:
    """By login, which nobody shares."""
    these = _matching(wanted, at)
    columns = [getattr(User, name) for name in UserRow.__dataclass_fields__ if name != "has_factor"]
    query = (
        select(*columns, SecondFactor.secret.is_not(None).label("has_factor"))
        .join_from(User, SecondFactor, SecondFactor.user_id == User.id, isouter=True)
        .where(*these, User.login > after)
        .order_by(User.login)
        .limit(limit + 1)
    )
    found: Sequence[Any] = (await conn.execute(query)).all()
    total: int = (await conn.execute(select(func.count()).select_from(User).where(*these))).scalar_one()
    vault = conn.vault
    rows = [_row(vault, dict(r._mapping)) for r in found[:limit]]
    return Page(rows, total, rows[-1].login if len(found) > limit else None)


def _row(vault: Vault, kept: dict[str, Any]) -> UserRow:
    email = shown(vault, kept["email"] or "", column="users.email", row=kept["id"]) or None
    return UserRow(**{**kept, "role": Role(kept["role"]), "power": Power(kept["power"]), "email": email})


def _matching(wanted: Wanted, at: datetime) -> list[Any]:
    these: list[Any] = []
    if wanted.q:
        low = wanted.q.lower()
        these.append(or_(*(func.strpos(func.lower(c), low) > 0 for c in (User.login, User.name, User.unit))))
    if wanted.role:
        these.append(User.role == wanted.role.value)
    if wanted.standing is Standing.ACTIVE:
        these.append(User.active)
    elif wanted.standing is Standing.WAITING:
        these.append(User.awaits_grant)
    elif wanted.standing is Standing.DISABLED:
        these += [~User.active, ~User.awaits_grant]
    elif wanted.standing is Standing.IDLE:
        these += [User.active, func.coalesce(User.last_sign_in_at, User.created_at) <= at - IDLE]
    elif wanted.standing is Standing.EXPIRING:
        these += [opens(at), User.valid_until <= at + SOON]
    return these
