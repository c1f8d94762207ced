"""The lists behind the numbers: made of the very conditions that counted them, a page at a time, by name."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, func, literal, not_, select, tuple_

from app.access.terms import Viewer
from app.carriers.models import CarrierRecord
from app.carriers.terms import CarrierKind, CarrierLevel
from app.db import Conn
from app.firms.models import Firm
from app.plans.counting import carrier_members, has_institution, members, platform_members
from app.plans.terms import Scope
from app.platforms.models import PlatformRow
from app.platforms.queries import platform_of, platforms
from app.platforms.terms import Platform

PAGE = 50
WHOLE, PART, REST = "whole", "part", "rest"


@dataclass(frozen=True, slots=True)
class Member:
    id: uuid.UUID
    uscc: str
    name: str
    name_pinyin: str
    region_code: str
    park: str | None
    tier: str | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A carrier that an indicator counts."""

    id: uuid.UUID
    name: str
    kind: CarrierKind
    level: CarrierLevel
    region_code: str
    operator: str
    opened_on: date | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of what a number counts, and how many there are of it in all."""

    total: int
    firms: Sequence[Member] = ()
    platforms: Sequence[Platform] = ()
    carriers: Sequence[Counted] = ()
    after: tuple[str, uuid.UUID] | None = None  # where the next page begins


_MEMBER: tuple[Any, ...] = tuple(getattr(Firm, f) for f in Member.__dataclass_fields__)


async def firms_where(
    conn: Conn, *conditions: ColumnElement[bool], after: tuple[str, uuid.UUID] | None = None, limit: int = PAGE
) -> Listed:
    total = (await conn.execute(select(func.count()).select_from(Firm).where(*conditions))).scalar_one()
    query = select(*_MEMBER).where(*conditions).order_by(Firm.name_pinyin, Firm.id).limit(limit + 1)
    if after:
        query = query.where(tuple_(Firm.name_pinyin, Firm.id) > tuple_(*after))
    rows = [Member(*row) for row in await conn.execute(query)]
    shown = rows[:limit]
    following = (shown[-1].name_pinyin, shown[-1].id) if len(rows) > limit else None
    return Listed(total, shown, after=following)


async def behind(
    conn: Conn,
    counting: Mapping[str, Any],
    day: date,
    *,
    part: str,
    viewer: Viewer,
    scope: Scope,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> Listed:
    """What the ledger counts on that day; of a ratio its whole, the part that counts, or the rest that would."""
    on = literal(day, Date())
    if counting.get("of") == "platforms":
        return await _platforms(conn, counting, on, viewer=viewer, scope=scope, after=after, limit=limit)
    if counting.get("of") == "carriers":
        return await _carriers(conn, counting, on, viewer=viewer, scope=scope, after=after, limit=limit)
    conditions = members(counting, viewer, scope, on)
    if counting.get("of") == "coverage" and part != WHOLE:
        has = has_institution(on)
        conditions.append(has if part == PART else not_(has))
    return await firms_where(conn, *conditions, after=after, limit=limit)


async def _platforms(
    conn: Conn,
    counting: Mapping[str, Any],
    on: ColumnElement[date],
    *,
    viewer: Viewer,
    scope: Scope,
    after: tuple[str, uuid.UUID] | None,
    limit: int,
) -> Listed:
    conditions = platform_members(counting, viewer, scope, on)
    joined = PlatformRow.__table__.outerjoin(Firm.__table__, Firm.id == PlatformRow.firm_id)
    total = (await conn.execute(select(func.count()).select_from(joined).where(and_(*conditions)))).scalar_one()
    query = platforms().where(*conditions).order_by(PlatformRow.name, PlatformRow.id).limit(limit + 1)
    if after:
        query = query.where(tuple_(PlatformRow.name, PlatformRow.id) > tuple_(*after))
    rows = [platform_of(row) for row in await conn.execute(query)]
    shown = rows[:limit]
    following = (shown[-1].name, shown[-1].id) if len(rows) > limit else None
    return Listed(total, platforms=shown, after=following)


async def _carriers(
    conn: Conn,
    counting: Mapping[str, Any],
    on: ColumnElement[date],
    *,
    viewer: Viewer,
    scope: Scope,
    after: tuple[str, uuid.UUID] | None,
    limit: int,
) -> Listed:
    c, conditions = CarrierRecord, carrier_members(counting, viewer, scope, on)
    total = (await conn.execute(select(func.count()).select_from(c).where(*conditions))).scalar_one()
    columns = [getattr(c, name) for name in Counted.__dataclass_fields__]
    query = select(*columns).where(*conditions).order_by(c.name, c.id).limit(limit + 1)
    if after:
        query = query.where(tuple_(c.name, c.id) > tuple_(*after))
    rows = [Counted(r[0], r[1], CarrierKind(r[2]), CarrierLevel(r[3]), *r[4:]) for r in await conn.execute(query)]
    shown = rows[:limit]
    return Listed(total, carriers=shown, after=(shown[-1].name, shown[-1].id) if len(rows) > limit else None)
