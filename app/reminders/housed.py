"""The dates of tenancies that are open: when the incubation's limit is reached, when the lease ends. Renewed, a tenancy
has another date; who graduated or left has none."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Date, Subquery, func, select

from app.access.terms import Viewer
from app.carriers.models import CarrierRecord, CarrierSpace, CarrierTeam, TenancyRow
from app.carriers.sight import visible_to
from app.carriers.tenancies import limit_day
from app.carriers.terms import place_of
from app.db import Conn
from app.firms.models import Firm
from app.reminders.terms import Anchor, Rule, Target

_T, _C, _S, _M = TenancyRow, CarrierRecord, CarrierSpace, CarrierTeam
_DAYS: Mapping[Anchor, Any] = {
    Anchor.STAY: limit_day(),
    Anchor.LEASE: func.upper(_T.during, type_=Date()) - 1,
}
_WHAT = {Anchor.STAY: "孵化期限", Anchor.LEASE: "租期"}


def tenants(anchor: Anchor, *, viewer: Viewer | None = None) -> Subquery:
    """Each open tenancy with its date; with `viewer` those in the carriers that he can see."""
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


async def targets(conn: Conn, rule: Rule, since: date, until: date) -> list[Target]:
    """Those that fall between two days, each once."""
    day = _DAYS[rule.anchor]
    query = select(day).where(_T.ended_on.is_(None), day.between(since, until)).distinct().order_by(day)
    return [Target(rule.id, on, _WHAT[rule.anchor], basis=rule.basis) for on in (await conn.execute(query)).scalars()]


def where(row: Any) -> str:
    return f"{row.carrier} {place_of(row.building, row.floor, row.room)}"
