"""Who is told, in the house, that a version waits for them or has been decided."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from app.access.models import User
from app.access.terms import PERMISSIONS, TOWN_DIGITS, Actor, Permission
from app.assessments.versions import Edition
from app.db import Conn
from app.outbox.writing import notice, post

_DECIDERS = [role.value for role, held in PERMISSIONS.items() if Permission.POLICY_APPROVE in held]


async def tell_deciders(conn: Conn, edition: Edition, sentence: str, *, by: Actor, at: datetime) -> None:
    query = select(User.id).where(User.role.in_(_DECIDERS), User.active, func.length(User.scope) < TOWN_DIGITS)
    people = (await conn.execute(query.order_by(User.id))).scalars().all()
    await _tell(conn, edition, people, sentence, by=by, at=at)


async def tell_drafters(conn: Conn, edition: Edition, sentence: str, *, by: Actor, at: datetime) -> None:
    await _tell(conn, edition, sorted(edition.drafters), sentence, by=by, at=at)


async def tell_asker(conn: Conn, edition: Edition, sentence: str, *, by: Actor, at: datetime) -> None:
    """Whoever asked for the version's retirement; of an account that is gone, nobody."""
    asker = edition.retirement.asked_by if edition.retirement else None
    await _tell(conn, edition, [asker] if asker else [], sentence, by=by, at=at)


async def _tell(
    conn: Conn, edition: Edition, people: Sequence[uuid.UUID], sentence: str, *, by: Actor, at: datetime
) -> None:
    told = f"{by.viewer.name}{sentence}：{edition.name}"
    key = f"{edition.id}:{edition.row_version}"
    rows = (
        notice("policy_step", key, to=person, subject=told, at=at, policy_version=str(edition.id))
        for person in people
        if person != by.viewer.id
    )
    await post(conn, *rows)
