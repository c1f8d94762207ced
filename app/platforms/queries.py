"""Reads of the register. A platform is seen by whoever sees its firm, or the town of a host that is no firm."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, func, or_, select, tuple_

from app.access.terms import Role, Viewer
from app.db import Conn
from app.firms.filtering import visible_to as firm_visible_to
from app.firms.models import Firm
from app.platforms.models import PlatformRow
from app.platforms.terms import INSTITUTIONS, Duty, Platform, PlatformKind, PlatformLevel
from app.statements import Kept
from app.text import is_code

PAGE = 50
_P = PlatformRow


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """The firm of a platform is joined from outside."""
    of_firm = and_(_P.firm_id.is_not(None), firm_visible_to(viewer))
    if viewer.role in (Role.FIRM, Role.CARRIER) or not is_code(viewer.scope):
        return of_firm
    return or_(of_firm, and_(_P.firm_id.is_(None), _P.region_code.startswith(viewer.scope, autoescape=True)))


def standing_on(day: Any) -> ColumnElement[bool]:
    """In force on a day: its last day still counts, the day of its end no longer does."""
    return and_(
        _P.recognised_on <= day,
        or_(_P.valid_to.is_(None), _P.valid_to >= day),
        or_(_P.ended_on.is_(None), _P.ended_on > day),
    )


def institution_of(firm_id: Any, day: Any) -> ColumnElement[bool]:
    """The firm has a place in the register where research is done."""
    kinds = [kind.value for kind in INSTITUTIONS]
    return select(_P.id).where(_P.firm_id == firm_id, _P.kind.in_(kinds), standing_on(day)).exists()


_COLUMNS: tuple[Any, ...] = (
    _P.id,
    _P.kind,
    _P.level,
    _P.name,
    _P.firm_id,
    Firm.uscc,
    func.coalesce(Firm.name, _P.host_name).label("host"),
    func.coalesce(Firm.region_code, _P.region_code).label("region_code"),
    _P.number,
    _P.recognised_on,
    _P.valid_to,
    _P.ended_on,
    _P.duties,
    _P.source,
    _P.version,
    _P.author_name,
)
_NAMES = tuple(column.key for column in _COLUMNS)


def platforms() -> Select[Any]:
    return select(*_COLUMNS).select_from(_P.__table__.outerjoin(Firm.__table__, Firm.id == _P.firm_id))


def platform_of(row: Any) -> Platform:
    named = dict(zip(_NAMES, row, strict=True))
    duties = tuple(Duty(d["title"], date.fromisoformat(d["due_on"])) for d in named["duties"])
    return Platform(**{**named, "kind": PlatformKind(row.kind), "level": PlatformLevel(row.level), "duties": duties})


async def platform_by_id(conn: Conn, platform_id: uuid.UUID, *, viewer: Viewer) -> Platform | None:
    query = platforms().where(_P.id == platform_id, visible_to(viewer))
    row = (await conn.execute(query)).one_or_none()
    return platform_of(row) if row else None


_OF_FIRM = Kept(
    platforms().where(_P.firm_id == bindparam("of_firm", type_=Uuid())).order_by(_P.recognised_on.desc(), _P.id)
)


async def platforms_of(conn: Conn, firm_id: uuid.UUID) -> Sequence[Platform]:
    """Of a firm that the caller can see."""
    return [platform_of(row) for row in await conn.execute(_OF_FIRM, {"of_firm": firm_id})]


@dataclass(frozen=True, slots=True)
class PlatformFilter:
    q: str = ""
    kind: str = ""
    level: str = ""
    region: str = ""
    state: str = "in_force"  # "all" for every entry


def _matching(filters: PlatformFilter, viewer: Viewer, today: date) -> list[ColumnElement[bool]]:
    conditions = [visible_to(viewer)]
    if filters.q:
        host = func.coalesce(Firm.name, _P.host_name)
        words = (_P.name, host, _P.number)
        conditions.append(or_(*(word.icontains(filters.q, autoescape=True) for word in words)))
    if filters.kind:
        conditions.append(_P.kind == filters.kind)
    if filters.level:
        conditions.append(_P.level == filters.level)
    if filters.region:
        where = func.coalesce(Firm.region_code, _P.region_code)
        conditions.append(where.startswith(filters.region, autoescape=True))
    if filters.state != "all":
        conditions.append(standing_on(today))
    return conditions


async def list_platforms(
    conn: Conn,
    filters: PlatformFilter,
    *,
    viewer: Viewer,
    today: date,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int | None = PAGE,
) -> list[Platform]:
    """The latest first; one more than `limit` tells that there is more."""
    query = platforms().where(*_matching(filters, viewer, today))
    if after:
        query = query.where(tuple_(_P.recognised_on, _P.id) < tuple_(*after))
    query = query.order_by(_P.recognised_on.desc(), _P.id.desc())
    rows = await conn.execute(query.limit(limit + 1) if limit else query)
    return [platform_of(row) for row in rows]


async def counted_by_level(
    conn: Conn, filters: PlatformFilter, *, viewer: Viewer, today: date
) -> dict[tuple[str, str], int]:
    """How many of the filter's platforms there are of each kind and level."""
    query = select(_P.kind, _P.level, func.count()).select_from(
        _P.__table__.outerjoin(Firm.__table__, Firm.id == _P.firm_id)
    )
    rows = await conn.execute(query.where(*_matching(filters, viewer, today)).group_by(_P.kind, _P.level))
    return {(kind, level): n for kind, level, n in rows}
