"""The dates of tenancies that are open: when the incubation's limit is reached, when the lease ends. Renewed, a tenancy
has another date; who graduated or left has none. And of carriers: the day by which a month is reported, and the day by
which they do what else they owe."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, Subquery, Uuid, cast, func, literal, null, select, text, true

from app.access.terms import Viewer
from app.carriers.models import CarrierDuty, CarrierRecord, CarrierSpace, CarrierTeam, TenancyRow
from app.carriers.rules import add_months
from app.carriers.sight import visible_to
from app.carriers.tenancies import limit_day
from app.carriers.terms import CarrierLevel, CarrierState, place_of
from app.clock import business_day
from app.collecting.models import CollectionRound
from app.db import Conn
from app.firms.models import Firm
from app.reminders.terms import Anchor, Rule, Target

_T, _C, _S, _M, _D = TenancyRow, CarrierRecord, CarrierSpace, CarrierTeam, CarrierDuty
_DAYS: Mapping[Anchor, Any] = {
    Anchor.STAY: limit_day(),
    Anchor.LEASE: func.upper(_T.during, type_=Date()) - 1,
}
_WHAT = {Anchor.STAY: "孵化期限", Anchor.LEASE: "租期", Anchor.MONTHLY: "载体月报", Anchor.DUTY: "载体义务"}
# As one province has it (grade C); the rule's own words say so, and nobody hears of it until somebody switches it on.
MONTH_DAY = 4
_REPORTING = tuple(level.value for level in CarrierLevel if level is not CarrierLevel.COUNTY)


def tenants(anchor: Anchor, *, viewer: Viewer | None = None) -> Subquery:
    """Each open tenancy with its date; with `viewer` those in the carriers that he can see."""
    if anchor is Anchor.MONTHLY:
        return _carriers(viewer)
    if anchor is Anchor.DUTY:
        return _duties(viewer)
    query = (
        select(
            _T.id.label("tenancy_id"),
            _T.previous_id,
            _C.id.label("carrier_id"),
            _C.name.label("carrier"),
            _C.region_code,
            Firm.id.label("firm_id"),
            func.coalesce(Firm.uscc, "").label("uscc"),
            func.coalesce(Firm.name, _M.name).label("holder"),
            _S.building,
            _S.floor,
            _S.room,
            _DAYS[anchor].label("on"),
        )
        .join(_C, _C.id == _T.carrier_id)
        .join(_S, _S.id == _T.space_id)
        .outerjoin(_M, _M.id == _T.team_id)
        .outerjoin(Firm, Firm.id == func.coalesce(_T.firm_id, _M.firm_id))
        .where(_T.ended_on.is_(None), _DAYS[anchor].is_not(None))
    )
    return (query if viewer is None else query.where(visible_to(viewer))).subquery("b")


def _carriers(viewer: Viewer | None) -> Subquery:
    """Each carrier that reports by the month, with each day by which it does, until that month's report is closed."""
    first, end = date(2020, 1, MONTH_DAY), date(2100, 12, MONTH_DAY)
    days = select(cast(func.generate_series(first, end, text("interval '1 month'")), Date).label("on")).subquery("days")
    r = CollectionRound
    month = func.to_char(days.c.on - text("interval '1 month'"), 'YYYY"M"MM')
    reported = select(r.id).where(r.carrier_id == _C.id, r.period == month, r.closed_at.is_not(None)).exists()
    due = (_C.state == CarrierState.OPERATING.value, _C.level.in_(_REPORTING), ~reported)
    query = _of_carriers(_C.id, literal(""), _C.name, days.c.on).select_from(_C).join(days, true()).where(*due)
    return (query if viewer is None else query.where(visible_to(viewer))).subquery("b")


def _duties(viewer: Viewer | None) -> Subquery:
    """What a carrier owes and nobody has settled: changes to report, reviews, statistics."""
    query = _of_carriers(_D.id, _C.name, _D.what, _D.due_on).join(_C, _C.id == _D.carrier_id).where(*_OWED)
    return (query if viewer is None else query.where(visible_to(viewer))).subquery("b")


_OWED = (_D.done_on.is_(None), _C.state == CarrierState.OPERATING.value)


def _of_carriers(subject: Any, carrier: Any, holder: Any, on: Any) -> Select[Any]:
    """In the shape of tenancies: no firm, and no room."""
    none = literal("")
    return select(
        subject.label("tenancy_id"),
        null().cast(Uuid).label("previous_id"),
        _C.id.label("carrier_id"),
        carrier.label("carrier"),
        _C.region_code,
        null().cast(Uuid).label("firm_id"),
        none.label("uscc"),
        holder.label("holder"),
        *(none.label(name) for name in ("building", "floor", "room")),
        on.label("on"),
    )


async def targets(conn: Conn, rule: Rule, since: date, until: date) -> list[Target]:
    """Those that fall between two days, each once."""
    if rule.anchor is Anchor.MONTHLY:
        months = (add_months(since.replace(day=MONTH_DAY), n) for n in range((until - since).days // 28 + 2))
        # What was due before somebody switched it on nobody had asked for.
        first = max(since, business_day(rule.activated_at)) if rule.activated_at else since
        days = [on for on in months if first <= on <= until]
        return [Target(rule.id, on, _WHAT[rule.anchor], basis=rule.basis) for on in days]
    if rule.anchor is Anchor.DUTY:
        day = _D.due_on
        query = select(day).join(_C, _C.id == _D.carrier_id).where(*_OWED)
    else:
        day = _DAYS[rule.anchor]
        query = select(day).where(_T.ended_on.is_(None))
    query = query.where(day.between(since, until)).distinct().order_by(day)
    return [Target(rule.id, on, _WHAT[rule.anchor], basis=rule.basis) for on in (await conn.execute(query)).scalars()]


def where(row: Any) -> str:
    return f"{row.carrier} {place_of(row.building, row.floor, row.room)}".rstrip()
