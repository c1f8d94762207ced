"""What signing in asks of everybody: decided by the security administrator, kept in one row."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, select
from sqlalchemy.dialects.postgresql import insert

from app.access.models import SecondFactor, SignInRules, User, UserSession
from app.access.service import end_sessions
from app.access.sign_in_terms import PasswordProfile
from app.access.terms import Actor, Role
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Stale


@dataclass(frozen=True, slots=True)
class Rules:
    """`version` 0: nothing was decided yet, the house's own defaults hold."""

    factor_roles: frozenset[Role] = frozenset()
    one_session: bool = False
    profile: PasswordProfile = PasswordProfile.DENGBAO
    version: int = 0
    changed_at: datetime | None = None
    changer_name: str = ""

    @property
    def image(self) -> dict[str, Any]:
        roles = sorted(role.value for role in self.factor_roles)
        return {"factor_roles": roles, "one_session": self.one_session, "profile": self.profile.value}


async def sign_in_rules(conn: Conn) -> Rules:
    r = SignInRules
    query = select(r.factor_roles, r.one_session, r.profile, r.version, r.changed_at, r.changer_name)
    row = (await conn.execute(query)).one_or_none()
    return (
        Rules(frozenset(Role(role) for role in row[0]), row[1], PasswordProfile(row[2]), *row[3:]) if row else Rules()
    )


async def change_rules(conn: Conn, wanted: Rules, *, expected: int, by: Actor, at: datetime) -> int:
    """Who must have a second factor from now on and has none is signed out, and binds one when signing in again.
    Returns how many sessions ended. Raises Stale."""
    held = await sign_in_rules(conn)
    row = {"id": 1, **wanted.image, "version": 1, "changed_at": at, "changer_name": by.viewer.name}
    write = insert(SignInRules).values(row)
    changed = {name: write.excluded[name] for name in (*wanted.image, "changed_at", "changer_name")}
    written = write.on_conflict_do_update(
        index_elements=["id"],
        set_={**changed, "version": SignInRules.version + 1},
        where=SignInRules.version == expected,
    ).returning(SignInRules.version)
    if (await conn.execute(written)).scalar_one_or_none() != expected + 1:
        raise Stale("登录安全规则刚被改过；您的修改没有保存，请看过再改。")
    ended = await _end_without(conn, wanted.factor_roles - held.factor_roles, by=by, at=at)
    done = event_row(
        "setting:sign_in:changed",
        by=by,
        at=at,
        object_type="setting",
        object_id="sign_in",
        object_label="登录安全",
        before=held.image,
        after={**wanted.image, "sessions_ended": ended},
    )
    await record(conn, done)
    return ended


async def unbound(conn: Conn, *, but: uuid.UUID, at: datetime) -> dict[Role, tuple[int, int]]:
    """By role, how many people have no second factor, and how many sessions of theirs would end if it were asked."""
    s = UserSession
    bound = exists().where(SecondFactor.user_id == User.id, SecondFactor.secret.is_not(None))
    query = (
        select(User.role, func.count(User.id.distinct()), func.count(s.token_hash))
        .outerjoin(s, and_(s.user_id == User.id, s.revoked_at.is_(None), s.expires_at > at))
        .where(User.active, ~bound, User.id != but)
        .group_by(User.role)
    )
    return {Role(role): (people, sessions) for role, people, sessions in await conn.execute(query)}


async def _end_without(conn: Conn, roles: Collection[Role], *, by: Actor, at: datetime) -> int:
    """All but whoever decides it: that one is asked at the next sign-in."""
    bound = exists().where(SecondFactor.user_id == User.id, SecondFactor.secret.is_not(None))
    query = select(User.id).where(User.role.in_(sorted(roles)), ~bound, User.id != by.viewer.id).order_by(User.id)
    people = list((await conn.execute(query)).scalars())
    return await end_sessions(conn, *people, at=at) if people else 0
