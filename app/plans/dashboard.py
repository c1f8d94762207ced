"""A division at a glance: what moved up in a year and how long it took, what is filed, what is late, R&D by sector.

Each number is counted by the condition that also lists it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    and_,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import distinct_on

from app.access.terms import Viewer
from app.carriers.listing import filled
from app.carriers.models import CarrierTeam, TenancyRow
from app.carriers.running import inside_on
from app.carriers.tenancies import limit_day
from app.carriers.terms import Fill
from app.db import Conn
from app.filings.models import ApplicationRow
from app.filings.stages import Stage
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER, FirmStatus
from app.pipeline.models import Placement
from app.pipeline.terms import Ladder
from app.plans.counting import within
from app.plans.listing import Listed, firms_where
from app.plans.terms import Scope
from app.policy.exact import EXACT
from app.reports.models import YearlyReport
from app.reports.terms import COUNTED
from app.work.models import FirmTask

YEAR = timedelta(days=365)
GOING_ON = (Stage.TARGET, Stage.PREPARING, Stage.SUBMITTED, Stage.RECOMMENDED)


@dataclass(frozen=True, slots=True)
class Climb:
    """Of a tier in the last twelve months: who stood on it, who moved on, and how long that half of them took."""

    tier: str
    stood: int
    moved: int
    median_days: int | None

    @property
    def rate(self) -> Decimal | None:
        """Per cent, a half upwards as on every page that shows a ratio."""
        if not self.stood:
            return None
        return EXACT.divide(100 * Decimal(self.moved), self.stood).quantize(Decimal(1), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Sector:
    code: str  # a division of GB/T 4754, "" where the firm's is not known
    firms: int
    quartiles: tuple[Decimal, Decimal, Decimal]  # R&D over sales revenue


@dataclass(frozen=True, slots=True)
class Part:
    """Of what the dashboard speaks: a division or a park, and an officer's own firms."""

    scope: Scope
    officer: uuid.UUID | None = None


def firms_of(viewer: Viewer, part: Part) -> ColumnElement[bool]:
    own = Firm.officer_id == part.officer if part.officer else literal(True)
    return and_(visible_to(viewer), Firm.status == FirmStatus.ACTIVE.value, within(part.scope), own)


async def climbs(conn: Conn, ladder: Ladder, *, viewer: Viewer, part: Part, today: date) -> list[Climb]:
    days = cast(func.upper(Placement.period) - func.lower(Placement.period), Integer)
    query = (
        select(
            Placement.tier,
            func.count(Placement.firm_id.distinct()),
            func.count(Placement.firm_id.distinct()).filter(_moved(ladder, today)),
            func.percentile_disc(0.5).within_group(days).filter(_moved(ladder, today)),
        )
        .join(Firm, Firm.id == Placement.firm_id)
        .where(firms_of(viewer, part), *_stood(today))
        .group_by(Placement.tier)
    )
    found = {tier: Climb(tier, stood, moved, median) for tier, stood, moved, median in await conn.execute(query)}
    return [found.get(t.code, Climb(t.code, 0, 0, None)) for t in ladder.tiers]


def _stood(today: date) -> list[ColumnElement[bool]]:
    window = func.daterange(literal(today - YEAR, Date()), literal(today, Date()), "[]")
    return [Placement.ladder == MAIN_LADDER, Placement.period.op("&&", is_comparison=True)(window)]


def _moved(ladder: Ladder, today: date) -> ColumnElement[bool]:
    """It ended within the year, and what followed it on the same day is a higher tier."""
    following = Placement.__table__.alias("following")
    higher = [
        and_(Placement.tier == tier.code, following.c.tier.in_([t.code for t in ladder.tiers if t.rank > tier.rank]))
        for tier in ladder.tiers[:-1]
    ]
    return and_(
        func.upper(Placement.period) > today - YEAR,
        func.upper(Placement.period) <= today,
        exists().where(
            following.c.firm_id == Placement.firm_id,
            following.c.ladder == MAIN_LADDER,
            func.lower(following.c.period) == func.upper(Placement.period),
            or_(*higher),
        ),
    )


async def stages(conn: Conn, *, viewer: Viewer, part: Part) -> list[tuple[Stage, int]]:
    """Firms with an application under way, by how far it is."""
    query = select(ApplicationRow.stage, func.count(ApplicationRow.firm_id.distinct())).join(
        Firm, Firm.id == ApplicationRow.firm_id
    )
    going = ApplicationRow.stage.in_([stage.value for stage in GOING_ON])
    rows = await conn.execute(query.where(firms_of(viewer, part), going).group_by(ApplicationRow.stage))
    found = dict(rows.all())
    return [(stage, found.get(stage.value, 0)) for stage in GOING_ON]


@dataclass(frozen=True, slots=True)
class Housed:
    """Carriers of the part, how full they are together, and the part's firms that are inside one."""

    carriers: int
    fill: Fill
    tenants: int
    over: int  # of them, beyond the limit of their incubation


async def housed(conn: Conn, *, viewer: Viewer, part: Part, today: date) -> Housed:
    carriers, fill = await filled(conn, viewer=viewer, region=part.scope.region, park=part.scope.park, today=today)
    over = func.count().filter(_inside(today, over=True))
    query = select(func.count(), over).select_from(Firm).where(firms_of(viewer, part), _inside(today))
    tenants, late = (await conn.execute(query)).one()
    return Housed(carriers, fill, tenants, late)


def _inside(today: date, *, over: bool = False) -> ColumnElement[bool]:
    """In some carrier today, by its own tenancy or by its team's since it became the firm; `over`: beyond its limit."""
    t, m = TenancyRow, CarrierTeam
    inside = [inside_on(today, today=today)]
    if over:
        inside.append(limit_day() <= today)
    own = select(t.firm_id).where(t.firm_id.is_not(None), *inside)
    teams = select(m.firm_id).join(t, t.team_id == m.id).where(m.linked_on <= today, *inside)
    return Firm.id.in_(own.union_all(teams))


async def overdue(conn: Conn, *, viewer: Viewer, part: Part, today: date) -> int:
    """Firms with something undone that was due before today."""
    query = select(func.count()).select_from(Firm).where(firms_of(viewer, part), _late(today))
    return (await conn.execute(query)).scalar_one()


def _late(today: date) -> ColumnElement[bool]:
    return exists().where(FirmTask.firm_id == Firm.id, FirmTask.state == "open", FirmTask.due_on < today)


def _latest(year: int) -> Any:
    """Of each firm its latest figures of that year that were reported and signed for."""
    y = YearlyReport
    query = select(y.firm_id, y.figures).where(y.year == year, y.state.in_([state.value for state in COUNTED]))
    return query.ext(distinct_on(y.firm_id)).order_by(y.firm_id, y.version.desc()).subquery("latest")


_SPENT = (
    "(SELECT sum(l.value::numeric) FROM jsonb_each_text(latest.figures) l WHERE l.key LIKE 'rd.%')"
    " / (latest.figures->>'sales_revenue')::numeric"
)
_KNOWN = text(
    "(latest.figures->>'sales_revenue')::numeric > 0 AND latest.figures ?| ARRAY['rd.personnel', 'rd.direct_input']"
)


async def sectors(conn: Conn, *, viewer: Viewer, part: Part, year: int) -> list[Sector]:
    """R&D lines added up over sales revenue, by division; firms that reported no R&D line or no sales are left out."""
    latest = _latest(year)
    division = func.coalesce(func.left(Firm.industry_code, 3), "")
    share: ColumnElement[Decimal] = literal_column(_SPENT)
    quartile = [func.percentile_disc(q).within_group(share) for q in (0.25, 0.5, 0.75)]
    query = (
        select(division, func.count(), *quartile)
        .select_from(latest.join(Firm, Firm.id == latest.c.firm_id))
        .where(firms_of(viewer, part), _KNOWN)
        .group_by(division)
        .order_by(func.count().desc(), division)
    )
    return [Sector(code, n, (a, b, c)) for code, n, a, b, c in await conn.execute(query)]


async def listed(
    conn: Conn,
    of: str,
    which: str,
    ladder: Ladder,
    *,
    viewer: Viewer,
    part: Part,
    today: date,
    after: tuple[str, uuid.UUID] | None = None,
) -> Listed:
    """`of`: "stood" or "moved" of a tier, "stage", "overdue", "sector", "tenants", "overstay"."""
    conditions: Sequence[Any]
    if of in ("stood", "moved"):
        more = [_moved(ladder, today)] if of == "moved" else []
        stood = and_(Placement.firm_id == Firm.id, Placement.tier == which, *_stood(today), *more)
        conditions = [exists().where(stood)]
    elif of == "stage":
        conditions = [exists().where(ApplicationRow.firm_id == Firm.id, ApplicationRow.stage == which)]
    elif of == "sector":
        latest = _latest(today.year - 1)
        known = select(latest.c.firm_id).where(_KNOWN)
        conditions = [Firm.id.in_(known), func.coalesce(func.left(Firm.industry_code, 3), "") == which]
    elif of in ("tenants", "overstay"):
        conditions = [_inside(today, over=of == "overstay")]
    else:
        conditions = [_late(today)]
    return await firms_where(conn, firms_of(viewer, part), *conditions, after=after)
