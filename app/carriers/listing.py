"""Carriers one page at a time, each with how full it is on a day."""

import uuid
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select, tuple_
from sqlalchemy.types import Date, Text, Uuid

from app.access.terms import TOWN_DIGITS, Viewer
from app.carriers.models import CarrierRecord, TenancyRow
from app.carriers.occupancy import fills
from app.carriers.running import ran_on
from app.carriers.sight import Sight, in_sight, sight_of, values_for
from app.carriers.terms import CarrierKind, CarrierLevel, CarrierRow, CarrierState, Fill
from app.db import Conn
from app.firms.filtering import below
from app.statements import Kept
from app.text import is_code

PAGE = 50
_C = CarrierRecord
_NOTHING = Fill()


@dataclass(frozen=True, slots=True)
class CarrierFilter:
    q: str = ""
    kind: str = ""
    region: str = ""  # division-code prefix
    state: str = CarrierState.OPERATING.value  # on the day that is looked at; "all" for every one there is
    park: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    q: bool
    kind: bool
    region: str  # "" | "unit" | "division" | "none"
    state: str  # "operating" | "closed" | "all"
    park: bool
    following: bool


def _region(code: str) -> str:
    if not code:
        return ""
    if not is_code(code):
        return "none"
    return "unit" if len(code) >= TOWN_DIGITS else "division"


async def filled(conn: Conn, *, viewer: Viewer, region: str = "", park: str = "", today: date) -> tuple[int, Fill]:
    """How many carriers run in a division or a park of the viewer's, and how full they are together."""
    shape, values = _asked(CarrierFilter(region=region, park=park), viewer)
    query = select(_C.id).where(*_narrowed(sight_of(viewer), shape))
    ids = (await conn.execute(query, values | {"on": today})).scalars().all()
    found = await fills(conn, ids, on=today, today=today)
    return len(ids), sum(found.values(), Fill())


async def count_carriers(conn: Conn, filters: CarrierFilter, *, viewer: Viewer, on: date) -> int:
    shape, values = _asked(filters, viewer)
    query = select(func.count()).select_from(_C).where(*_narrowed(sight_of(viewer), shape))
    return (await conn.execute(query, values | {"on": on})).scalar_one()


def _asked(filters: CarrierFilter, viewer: Viewer, *, following: bool = False) -> tuple[Shape, dict[str, Any]]:
    region = filters.region if is_code(filters.region) else ""
    shape = Shape(
        q=bool(filters.q),
        kind=bool(filters.kind),
        region=_region(filters.region),
        state=filters.state if filters.state in ("all", CarrierState.CLOSED) else CarrierState.OPERATING.value,
        park=bool(filters.park),
        following=following,
    )
    values = {
        **values_for(viewer),
        "q": filters.q,
        "kind": filters.kind,
        "park": filters.park,
        "region_from": region,
        "region_until": str(int(region) + 1) if region else "",
    }
    return shape, values


async def list_carriers(
    conn: Conn,
    filters: CarrierFilter,
    *,
    viewer: Viewer,
    on: date,
    today: date,
    after: tuple[str, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> tuple[list[CarrierRow], tuple[str, uuid.UUID] | None]:
    """By name, keyset; and where the next page begins. Two statements, however many carriers and tenants."""
    shape, asked = _asked(filters, viewer, following=after is not None)
    values = {
        **asked,
        "after_name": after[0] if after else "",
        "after_id": after[1] if after else None,
        "today": today,
        "on": on,
        "rows": limit + 1,
    }
    rows = (await conn.execute(_page(sight_of(viewer), shape), values)).all()
    found = await fills(conn, [r.id for r in rows[:limit]], on=on, today=today)
    shown = [
        CarrierRow(
            r.id,
            r.name,
            CarrierKind(r.kind),
            CarrierLevel(r.level),
            r.region_code,
            r.operator,
            CarrierState(r.state),
            found.get(r.id, _NOTHING),
            r.lapsed,
        )
        for r in rows[:limit]
    ]
    return shown, (shown[-1].name, shown[-1].id) if len(rows) > limit else None


@lru_cache(maxsize=128)
def _page(sight: Sight, shape: Shape) -> Kept:
    lapsed = (
        select(func.count())
        .where(
            TenancyRow.carrier_id == _C.id,
            TenancyRow.ended_on.is_(None),
            func.upper(TenancyRow.during) <= bindparam("today", type_=Date()),
        )
        .correlate(_C)
        .scalar_subquery()
        .label("lapsed")
    )
    query = select(_C.id, _C.name, _C.kind, _C.level, _C.region_code, _C.operator, _C.state, lapsed)
    return Kept(query.where(*_narrowed(sight, shape)).order_by(_C.name, _C.id).limit(bindparam("rows")))


def _narrowed(sight: Sight, shape: Shape) -> list[Any]:
    conditions: list[Any] = [in_sight(sight)]
    if shape.q:
        wanted = bindparam("q", type_=Text())
        conditions.append((func.strpos(_C.name, wanted) > 0) | (func.strpos(_C.operator, wanted) > 0))
    if shape.kind:
        conditions.append(_C.kind == bindparam("kind"))
    if shape.region:
        conditions.append(below(_C.region_code, shape.region, "region"))
    on = bindparam("on", type_=Date())
    if shape.state == CarrierState.OPERATING:
        conditions.append(ran_on(on))
    elif shape.state == CarrierState.CLOSED:
        conditions.append(_C.closed_on <= on)
    if shape.park:
        conditions.append(_C.park == bindparam("park"))
    if shape.following:
        last = tuple_(bindparam("after_name", type_=Text()), bindparam("after_id", type_=Uuid()))
        conditions.append(tuple_(_C.name, _C.id) > last)
    return conditions
