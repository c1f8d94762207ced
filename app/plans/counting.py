"""What the bureau's own ledger counts for an indicator: for many days and all divisions in one statement.

The list behind a number is made of the same conditions, so that it has as many rows as the number says. A firm counts
where it is registered today; the ledger does not know where it was at an earlier day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.terms import TOWN_DIGITS, Viewer
from app.carriers.models import CarrierRecord
from app.carriers.running import RUNS_SINCE, ran_on
from app.carriers.sight import visible_to as carriers_visible_to
from app.db import Conn
from app.firms.filtering import below, visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER, FirmStatus
from app.pipeline.models import Placement
from app.plans.terms import Figure, Scope
from app.platforms.models import PlatformRow
from app.platforms.queries import institution_of, standing_on
from app.platforms.queries import visible_to as platform_visible_to
from app.platforms.terms import INSTITUTIONS
from app.recognitions.models import Certificate
from app.reports.models import FirmStatement
from app.reports.terms import StatementKind

_DAYS = func.unnest(bindparam("days", type_=ARRAY(Date()))).table_valued("day", name="days").render_derived()
_DAY: ColumnElement[date] = _DAYS.c.day
# 规上工业: sections B, C and D of GB/T 4754 (国家统计局《工业统计报表制度》); of a firm without a code nobody knows.
_INDUSTRIAL = func.left(Firm.industry_code, 1).in_(["B", "C", "D"])


@dataclass(frozen=True, slots=True)
class Tally:
    """Counted on a day in a division; of a ratio `part` of `whole`."""

    part: int
    whole: int | None = None

    def figure(self, *, ratio: bool) -> Figure:
        if not ratio:
            return Figure(Decimal(self.part))
        return Figure(None, Decimal(self.part), Decimal(self.whole or 0)) if self.whole else Figure()


Tallies = Mapping[tuple[date, str], Tally]


def within(scope: Scope) -> ColumnElement[bool]:
    """Firms of a division or a park."""
    if scope.park:
        return and_(_below(scope.region), Firm.park == scope.park)
    return _below(scope.region)


def _below(region: str, column: Any = Firm.region_code) -> ColumnElement[bool]:
    bound = "unit" if len(region) >= TOWN_DIGITS else "division"
    values = {"scope_from": region, "scope_until": str(int(region) + 1)}
    return below(column, bound, "scope", values.__getitem__)


def _firms(viewer: Viewer, scope: Scope) -> ColumnElement[bool]:
    return and_(visible_to(viewer), Firm.status == FirmStatus.ACTIVE.value, within(scope))


def held_on(kind: str, when: str, day: Any) -> ColumnElement[bool]:
    """A certificate in force on the day, or issued in the day's year up to it."""
    unrevoked = or_(Certificate.revoked_on.is_(None), Certificate.revoked_on > day)
    begun = and_(Certificate.kind == kind, Certificate.issued_on <= day, unrevoked)
    if when == "issued":
        return and_(begun, Certificate.issued_on >= func.date_trunc("year", day).cast(Date))
    return and_(begun, Certificate.expires_on >= day)


def members(counting: Mapping[str, Any], viewer: Viewer, scope: Scope, day: Any) -> list[ColumnElement[bool]]:
    """The conditions under which a firm is counted on a day; of a ratio under which it is in the whole."""
    of = counting.get("of")
    firms = _firms(viewer, scope)
    if of == "certificates":
        holds = held_on(counting["kind"], counting["when"], day)
        return [firms, exists().where(Certificate.firm_id == Firm.id, holds)]
    if of == "tier":
        stood = and_(Placement.firm_id == Firm.id, Placement.ladder == MAIN_LADDER, Placement.tier == counting["tier"])
        return [firms, exists().where(stood, Placement.period.contains(day))]
    return [firms, Firm.above_designated_size.is_(True), _INDUSTRIAL]


def has_institution(day: Any) -> ColumnElement[bool]:
    """One in the register, or one that the firm has reported itself."""
    reported = exists().where(
        FirmStatement.firm_id == Firm.id,
        FirmStatement.kind == StatementKind.RD_INSTITUTIONS.value,
        FirmStatement.true_on <= day,
        func.jsonb_array_length(FirmStatement.body) > 0,
    )
    return or_(institution_of(Firm.id, day), reported)


async def tallies(
    conn: Conn, counting: Mapping[str, Any], days: Sequence[date], *, viewer: Viewer, scope: Scope
) -> Tallies | None:
    """By day and division, for the days on which the ledger had begun to hold such entries.

    Before that, and where it holds none at all, nothing is known, which is not the same as nought.
    """
    begun = await _begun(conn, counting) if days and counting else None
    counted = [day for day in days if begun is not None and day >= begun]
    if not counted:
        return None
    found: dict[tuple[date, str], Tally] = {(day, ""): Tally(0) for day in counted}
    for day, region, part, whole in await conn.execute(_counted(counting, viewer, scope), {"days": counted}):
        found[day, region] = Tally(part, whole)
    return found


def total(found: Tallies | None, day: date, region: str = "") -> Tally | None:
    """Of all divisions that a prefix names."""
    if found is None or (day, "") not in found:
        return None
    own = [t for (on, where), t in found.items() if on == day and where.startswith(region)]
    wholes = [t.whole for t in own if t.whole is not None]
    return Tally(sum(t.part for t in own), sum(wholes) if wholes else None)


def _counted(counting: Mapping[str, Any], viewer: Viewer, scope: Scope) -> Select[Any]:
    of = counting["of"]
    none: ColumnElement[Any] = literal_column("NULL::int")
    if of == "platforms":
        where = case((PlatformRow.firm_id.is_not(None), Firm.region_code), else_=PlatformRow.region_code)
        query = select(_DAY, where.label("region"), func.count(), none).select_from(
            _DAYS.join(PlatformRow, true()).outerjoin(Firm, Firm.id == PlatformRow.firm_id)
        )
        return query.where(*platform_members(counting, viewer, scope, _DAY)).group_by(_DAY, where)
    if of == "carriers":
        query = select(_DAY, CarrierRecord.region_code, func.count(), none).select_from(
            _DAYS.join(CarrierRecord.__table__, true())
        )
        conditions = carrier_members(counting, viewer, scope, _DAY)
        return query.where(*conditions).group_by(_DAY, CarrierRecord.region_code)
    if of == "certificates":
        # Joined, not asked for each firm: a county has many more firms than certificates.
        query = (
            select(_DAY, Firm.region_code, func.count(Firm.id.distinct()), none)
            .select_from(_DAYS.join(Certificate, held_on(counting["kind"], counting["when"], _DAY)))
            .join(Firm, Firm.id == Certificate.firm_id)
        )
        return query.where(_firms(viewer, scope)).group_by(_DAY, Firm.region_code)
    conditions = members(counting, viewer, scope, _DAY)
    counted: ColumnElement[Any] = func.count()
    whole = none
    if of == "coverage":
        counted, whole = func.count().filter(has_institution(_DAY)), func.count()
    query = select(_DAY, Firm.region_code, counted, whole).select_from(_DAYS.join(Firm.__table__, true()))
    return query.where(*conditions).group_by(_DAY, Firm.region_code)


def platform_members(counting: Mapping[str, Any], viewer: Viewer, scope: Scope, day: Any) -> list[ColumnElement[bool]]:
    """The conditions under which a platform is counted; the firm of it is joined from outside.

    A host that is no firm of the registry stands in a division, never in a park.
    """
    hosted = and_(PlatformRow.firm_id.is_not(None), within(scope))
    if not scope.park:
        hosted = or_(hosted, PlatformRow.region_code.startswith(scope.region, autoescape=True))
    return [
        PlatformRow.level.in_(counting["levels"]),
        PlatformRow.kind.in_(counting["kinds"]),
        standing_on(day),
        hosted,
        platform_visible_to(viewer),
    ]


def carrier_members(counting: Mapping[str, Any], viewer: Viewer, scope: Scope, day: Any) -> list[ColumnElement[bool]]:
    """Carriers of those kinds that ran on the day, of whatever level: the plan does not say which level counts."""
    c = CarrierRecord
    here = _below(scope.region, c.region_code)
    return [
        carriers_visible_to(viewer),
        and_(here, c.park == scope.park) if scope.park else here,
        c.kind.in_(counting["kinds"]),
        ran_on(day),
    ]


async def _begun(conn: Conn, counting: Mapping[str, Any]) -> date | None:
    """The day of the ledger's first entry of the kind, whoever sees it; None without any."""
    of = counting["of"]
    first: Select[Any]
    if of == "certificates":
        first = select(func.min(Certificate.issued_on)).where(Certificate.kind == counting["kind"])
    elif of == "tier":
        first = select(func.min(func.lower(Placement.period))).where(Placement.tier == counting["tier"])
    elif of == "platforms":
        first = select(func.min(PlatformRow.recognised_on)).where(
            PlatformRow.kind.in_(counting["kinds"]), PlatformRow.level.in_(counting["levels"])
        )
    elif of == "carriers":
        first = select(func.min(RUNS_SINCE)).where(CarrierRecord.kind.in_(counting["kinds"]))
    elif of == "coverage":
        reported = select(func.min(FirmStatement.true_on)).where(
            FirmStatement.kind == StatementKind.RD_INSTITUTIONS.value,
            func.jsonb_array_length(FirmStatement.body) > 0,
        )
        kinds = [kind.value for kind in INSTITUTIONS]
        registered = select(func.min(PlatformRow.recognised_on)).where(PlatformRow.kind.in_(kinds))
        first = select(func.least(reported.scalar_subquery(), registered.scalar_subquery()))
    else:
        return None
    found: date | None = (await conn.execute(first)).scalar_one()
    return found
