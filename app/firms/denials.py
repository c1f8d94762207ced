"""The refusals of accounts that a viewer answers for, by account and day."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.access.models import AccessDenial, User
from app.access.terms import ACTED_AS, Power, Role, Viewer, acts_as
from app.clock import BUSINESS_ZONE
from app.db import Conn
from app.firms.trail import people_of

DAYS, MOST = 30, 200


@dataclass(frozen=True, slots=True)
class Refused:
    user_id: uuid.UUID
    login: str
    name: str
    role: str
    active: bool
    day: date
    times: int
    most: int  # within one hour
    last_at: datetime
    last_place: str


async def refused(conn: Conn, *, viewer: Viewer, at: datetime) -> Sequence[Refused]:
    """The latest day first, and on it who was refused most often."""
    d = AccessDenial
    day = cast(func.timezone(BUSINESS_ZONE.key, d.hour), Date).label("day")
    times = func.sum(d.times).label("times")
    last_place = func.array_agg(aggregate_order_by(d.last_place, d.last_at.desc()))[1]
    who = (User.id, User.login, User.name, User.role, User.power, User.active)
    query = (
        select(*who, day, times, func.max(d.times), func.max(d.last_at), last_place)
        .join(User, User.id == d.user_id)
        .where(people_of(viewer), d.hour > at - timedelta(days=DAYS))
        .group_by(*who, day)
        .order_by(day.desc(), times.desc(), User.login)
        .limit(MOST)
    )
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return [Refused(r.id, r.login, r.name, ACTED_AS[acts_as(Role(r.role), Power(r.power))], *r[5:]) for r in rows]
