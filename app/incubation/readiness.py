"""How a carrier stands beside the rules for carriers on a day: counted from dated intervals, firms' own figures and
what its operator says of the year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from functools import partial
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.types import Date, Integer, Uuid

from app.access.terms import Role, Viewer
from app.carriers.figure_terms import YearSaid
from app.carriers.figures import year_said
from app.carriers.rules import months_used
from app.carriers.terms import Carrier, CarrierKind
from app.db import Conn
from app.incubation import rules
from app.incubation.rules import Count, Tenant
from app.policy.context import Between, Context, Unknowable
from app.policy.exact import EXACT
from app.policy.facts import Facts
from app.policy.figures import CARRIER
from app.policy.measures.carrier import MAYBE
from app.policy.policies import Policies
from app.policy.registry import MEASURES
from app.policy.terms import Assessment
from app.policy.wording import read_beside, shown_in
from app.reports.terms import COUNTED
from app.statements import Kept

MUNICIPAL, COUNTY = "incubator_municipal", "incubator_municipal_county"
# 131号 covers makerspaces and accelerators as well; of parks and 星创天地 no readable text has numbers.
ASKED: Mapping[CarrierKind, Sequence[str]] = {
    CarrierKind.MAKERSPACE: ("makerspace_national", "incubator_standard"),
    CarrierKind.INCUBATOR: ("incubator_national", "incubator_standard", MUNICIPAL),
    CarrierKind.ACCELERATOR: ("incubator_standard",),
}
HEALTH = (
    *("carrier_tenants_per_1000_m2", "carrier_ip_share", "carrier_financed_share", "carrier_growth_share"),
    *("carrier_service_income_share", "carrier_professionals_per_10", "carrier_mentors_per_10"),
)
# What firms told the bureau and not their landlord.
_CONFIDED = frozenset({"financed", "growing"})
_LOGGED = {"events": "十二个月内的活动记录", "mentors": "在聘的导师记录", "invested": "上年度自有或合作资金的投资记录"}
_INSIDE = """
  lower(t.during) <= :on AND (t.during @> CAST(:on AS date) OR (t.ended_on IS NULL AND :on <= :today))
  AND t.incubating_since IS NOT NULL
"""
_TENANTS = f"""
WITH inside AS (
  SELECT DISTINCT coalesce(t.firm_id, CASE WHEN m.linked_on <= :on THEN m.firm_id END) AS firm_id
  FROM tenancies t LEFT JOIN carrier_teams m ON m.id = t.team_id WHERE t.carrier_id = :carrier_id AND {_INSIDE}
)
SELECT f.registered_on, coalesce(left(f.high_tech_field, 1), ''),
  coalesce(r.in_force, CASE WHEN EXISTS (SELECT 1 FROM yearly_reports y WHERE y.firm_id = f.id
    AND y.state IN ({", ".join(f"'{s.value}'" for s in COUNTED)})) THEN false END),
  coalesce(r.patent, false), reports.by_year
FROM inside i JOIN firms f ON f.id = i.firm_id
LEFT JOIN LATERAL (
  SELECT bool_or(in_force) AS in_force,
    bool_or(kind IN ('invention_patent', 'utility_model', 'design_patent')) AS patent
  FROM ip_rights WHERE firm_id = f.id AND (granted_on IS NULL OR granted_on <= :on)
) r ON true
LEFT JOIN LATERAL (
  SELECT json_object_agg(year, figures) AS by_year FROM (
    SELECT DISTINCT ON (year) year, figures FROM yearly_reports WHERE firm_id = f.id AND year IN (:year, :year - 1)
      AND state IN ({", ".join(f"'{s.value}'" for s in COUNTED)}) ORDER BY year, version DESC) latest
) reports ON true
"""  # noqa: S608 - names and states of our own
_COUNTS = f"""
WITH used AS (SELECT t.space_id, sum(t.seats) AS seats FROM tenancies t
  WHERE t.carrier_id = :carrier_id AND {_INSIDE} GROUP BY t.space_id)
SELECT
  (SELECT coalesce(sum(CASE WHEN s.exclusive OR s.capacity IS NULL THEN s.area
     ELSE s.area * least(u.seats, s.capacity) / s.capacity END), 0)
   FROM used u JOIN carrier_spaces s ON s.id = u.space_id) AS let,
  (SELECT coalesce(sum(capacity), 0) FROM carrier_spaces s WHERE s.carrier_id = :carrier_id
   AND (s.opened_on IS NULL OR s.opened_on <= :on) AND (s.closed_on IS NULL OR s.closed_on > :on)) AS workstations,
  (SELECT coalesce(sum(area), 0) FROM carrier_spaces s WHERE s.carrier_id = :carrier_id
   AND (s.opened_on IS NULL OR s.opened_on <= :on) AND (s.closed_on IS NULL OR s.closed_on > :on)) AS area,
  (SELECT count(DISTINCT coalesce(t.firm_id, t.team_id)) FROM tenancies t WHERE t.carrier_id = :carrier_id
   AND t.during && daterange(CAST(:since AS date), CAST(:on AS date), '[]')) AS in_a_year,
  (SELECT count(*) FROM carrier_teams m WHERE m.carrier_id = :carrier_id
   AND m.linked_on BETWEEN :since AND :on) AS new_firms,
  (SELECT count(DISTINCT coalesce(t.firm_id, t.team_id)) FROM tenancies t WHERE t.carrier_id = :carrier_id
   AND t.end_reason = 'graduated' AND t.ended_on <= :on) AS graduates,
  (SELECT count(*) FROM carrier_logs l WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL AND l.kind = 'event'
   AND l.happened_on BETWEEN :since AND :on) AS events,
  (SELECT count(DISTINCT l.title) FROM carrier_logs l WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL
   AND l.kind = 'mentor' AND l.happened_on <= :on AND (l.until IS NULL OR l.until >= :on)) AS mentors,
  (SELECT count(DISTINCT coalesce(l.firm_id, m.firm_id, m.id)) FROM carrier_logs l
   LEFT JOIN carrier_teams m ON m.id = l.team_id WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL
   AND l.kind = 'investment' AND l.sort = 'own_fund' AND extract(year FROM l.happened_on) = :year) AS invested
"""  # noqa: S608 - a condition of our own
_BINDS = (bindparam("carrier_id", type_=Uuid()), bindparam("on", type_=Date()), bindparam("today", type_=Date()))
_READ_TENANTS = Kept(text(_TENANTS).bindparams(*_BINDS, bindparam("year", type_=Integer())))
_READ_COUNTS = Kept(
    text(_COUNTS).bindparams(*_BINDS, bindparam("since", type_=Date()), bindparam("year", type_=Integer()))
)


@dataclass(frozen=True, slots=True)
class Known:
    """A figure with where it comes from; `maybe`: how many more it may be."""

    code: str
    label: str
    value: Decimal | None
    maybe: int
    source: str

    @property
    def shown(self) -> str:
        if self.value is None:
            return ""
        said = shown_in(CARRIER[self.code].unit, self.value)
        return f"{said}（另有 {self.maybe} 家不知道）" if self.maybe else said


@dataclass(frozen=True, slots=True)
class Readiness:
    on: date
    figures: Sequence[Known]
    said: YearSaid
    assessments: Sequence[Assessment]
    health: Sequence[tuple[str, str]]  # label, and the ratio or nothing


async def readiness(
    conn: Conn, carrier: Carrier, *, policies: Policies, county: bool, on: date, today: date, viewer: Viewer
) -> Readiness:
    """The carrier is in the viewer's sight. `county`: the municipal analogue with its factor for counties."""
    year = on.year - 1
    said = await year_said(conn, carrier.id, year)
    values: dict[str, Any] = {"carrier_id": carrier.id, "on": on, "today": today}
    rows = await conn.execute(_READ_TENANTS, values | {"year": year})
    tenants = [_tenant(row, year) for row in rows]
    counts = (await conn.execute(_READ_COUNTS, values | {"since": _year_before(on), "year": year})).one()
    figures = _figures(carrier, tenants, counts, said, on, landlord=viewer.role is Role.CARRIER)
    facts = _facts(figures)
    asked = [COUNTY if county and code == MUNICIPAL else code for code in ASKED.get(carrier.kind, ())]
    assessments = [policies.assess(code, facts, as_of=on, today=today) for code in asked]
    return Readiness(on, figures, said, assessments, _health(facts, on))


def _year_before(on: date) -> date:
    """The first day of the twelve months that end on a day."""
    try:
        return date.fromordinal(on.replace(year=on.year - 1).toordinal() + 1)
    except ValueError:  # 29 February
        return date(on.year - 1, 3, 1)


def _tenant(row: Any, year: int) -> Tenant:
    by_year = row[4] or {}
    registered_on, field, has_right, has_patent = row[:4]
    now, before = by_year.get(str(year)), by_year.get(str(year - 1))
    return Tenant(registered_on, field, has_right, has_patent, year, now, before)


def _figures(
    carrier: Carrier, tenants: Sequence[Tenant], counts: Any, said: YearSaid, on: date, *, landlord: bool
) -> list[Known]:
    let = Decimal(counts.let) + carrier.areas.public if carrier.areas.public is not None else None
    ledger: dict[str, tuple[Any, str]] = {
        "operating_months": (months_used(carrier.opened_on, on) if carrier.opened_on else None, "登记的开始运营日期"),
        "incubation_area": (carrier.areas.total or counts.area or None, "登记的总面积，没有登记的按房间合计"),
        "tenant_area": (let, "在孵租约的面积加登记的公共服务用房"),
        "workstations": (counts.workstations, "登记的工位"),
        "tenants": (len(tenants), "租约"),
        "teams_and_firms": (counts.in_a_year, "十二个月内的租约"),
        "new_firms": (counts.new_firms, "十二个月内登记为企业的团队"),
        "graduates": (counts.graduates, "毕业记录"),
    }
    reported, rights = f"企业 {said.year} 年度填报", "知识产权台账"
    counted: dict[str, tuple[Count, str]] = {
        "financed": (rules.count(tenants, rules.financed), reported),
        "growing": (rules.count(tenants, rules.grew), f"企业 {said.year - 1}、{said.year} 年度填报"),
        "ip_holders": (rules.count(tenants, rules.has_right), rights),
        "patent_applicants": (rules.count(tenants, rules.applied_for_patent), f"{rights}（已授权的；只申请的不知道）"),
        "same_field": (rules.same_field(tenants), "企业库的高新技术领域，按八大领域归类（口径为本系统缺省）"),
    }
    found = []
    for code, figure in CARRIER.items():
        known = partial(Known, code, figure.label)
        if code in ledger:
            value, source = ledger[code]
            found.append(known(None if value is None else Decimal(value), 0, source))
        elif code in counted:
            number, source = counted[code]
            if landlord and code in _CONFIDED and len(tenants) - number.maybe < rules.FEW:
                found.append(known(None, 0, f"填报的企业不足 {rules.FEW} 家，合计数只给主管部门看"))
            else:
                found.append(known(Decimal(number.least), number.maybe, source))
        elif logged := getattr(counts, code, 0):  # kept line by line goes before what is said of the year
            found.append(known(Decimal(logged), 0, _LOGGED[code]))
        else:
            found.append(known(said.figures.get(code), 0, f"运营机构 {said.year} 年度数"))
    return found


def _facts(figures: Sequence[Known]) -> Facts:
    values: dict[str, Any] = {f"carrier.{k.code}": k.value for k in figures if k.value is not None}
    values |= {MAYBE + k.code: Decimal(k.maybe) for k in figures if k.value is not None and k.maybe}
    return Facts(values)


def _health(facts: Facts, on: date) -> list[tuple[str, str]]:
    with localcontext(EXACT):
        ctx = Context(facts, on)
        return [(MEASURES[name].label, _ratio(ctx, name)) for name in HEALTH]


def _ratio(ctx: Context, name: str) -> str:
    found = ctx.found(name)
    if isinstance(found, Unknowable):
        return ""
    said = read_beside(MEASURES[name].unit, Decimal(found.shown()), ())
    return f"至少 {said}" if isinstance(found, Between) else said
