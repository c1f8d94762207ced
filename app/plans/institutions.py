"""R&D institutions of the industrial firms above designated size: the rate, who would raise it, and who stands out."""

import uuid
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Numeric, and_, cast, func, literal, not_, select

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.plans.counting import has_institution, members, within
from app.plans.listing import Listed, firms_where
from app.plans.terms import Scope
from app.reports.models import YearlyReport
from app.reports.terms import COUNTED

# 规划 一（一）1: “主营业务5亿元以上企业研发机构实现全覆盖”; 以上 includes the number itself.
LARGE = Decimal(500_000_000)
COVERAGE = {"of": "coverage"}


@dataclass(frozen=True, slots=True)
class Coverage:
    part: int
    whole: int
    unknown: int  # above designated size, but of no known industry: in neither number
    large: int  # revenue of 5亿 or more and no institution


async def coverage(conn: Conn, *, viewer: Viewer, scope: Scope, today: date) -> Coverage:
    on = literal(today, Date())
    counted = select(func.count().filter(has_institution(on)), func.count()).select_from(Firm)
    part, whole = (await conn.execute(counted.where(*members(COVERAGE, viewer, scope, on)))).one()
    unknown = (await conn.execute(select(func.count()).select_from(Firm).where(_unknown(viewer, scope)))).scalar_one()
    large = select(func.count()).select_from(Firm).where(*_large(viewer, scope, on))
    return Coverage(part, whole, unknown, (await conn.execute(large)).scalar_one())


async def listed(
    conn: Conn,
    show: str,
    *,
    viewer: Viewer,
    scope: Scope,
    today: date,
    after: tuple[str, uuid.UUID] | None = None,
) -> Listed:
    """`show`: "rest" would raise the rate, "part" has an institution, "whole" is all, "large", "unknown"."""
    on = literal(today, Date())
    if show == "large":
        return await firms_where(conn, *_large(viewer, scope, on), after=after)
    if show == "unknown":
        return await firms_where(conn, _unknown(viewer, scope), after=after)
    conditions = members(COVERAGE, viewer, scope, on)
    if show != "whole":
        has = has_institution(on)
        conditions.append(has if show == "part" else not_(has))
    return await firms_where(conn, *conditions, after=after)


def _unknown(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    return and_(_active(viewer, scope), Firm.above_designated_size.is_(True), Firm.industry_code.is_(None))


def _active(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    return and_(visible_to(viewer), Firm.status == FirmStatus.ACTIVE.value, within(scope))


def _large(viewer: Viewer, scope: Scope, on: Any) -> list[ColumnElement[bool]]:
    """By the latest year that was reported and signed for."""
    y = YearlyReport
    latest = (
        select(cast(y.figures["main_business_revenue"].astext, Numeric))
        .where(y.firm_id == Firm.id, y.state.in_([state.value for state in COUNTED]))
        .order_by(y.year.desc(), y.version.desc())
        .limit(1)
        .correlate(Firm)
        .scalar_subquery()
    )
    return [_active(viewer, scope), latest >= LARGE, not_(has_institution(on))]
