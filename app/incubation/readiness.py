"""How a carrier stands beside the rules for carriers on a day: counted from dated intervals, firms' own figures and
what its operator says of the year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.types import Boolean, Date, Integer, Uuid

from app.access.terms import Role, Viewer
from app.carriers.figure_terms import YearSaid
from app.carriers.figures import year_said
from app.carriers.occupancy import fills
from app.carriers.rules import add_months, months_used
from app.carriers.running import INSIDE_ON
from app.carriers.terms import Carrier, CarrierKind, Fill
from app.db import Conn
from app.incubation import rules
from app.incubation.confided import cohort, told_from
from app.incubation.rules import Count, Tenant, tenant_of
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

# 131号 covers makerspaces and accelerators as well; of parks and 星创天地 no readable text has numbers.
ASKED: Mapping[CarrierKind, Sequence[str]] = {
    CarrierKind.MAKERSPACE: ("makerspace_national", "incubator_standard", "makerspace_municipal"),
    CarrierKind.INCUBATOR: ("incubator_national", "incubator_standard", "incubator_municipal"),
    CarrierKind.ACCELERATOR: ("incubator_standard", "accelerator_municipal"),
}
# The municipal analogues, each with the variant that has the factor for counties.
COUNTY: Mapping[str, str] = {
    code: f"{code}_county" for codes in ASKED.values() for code in codes if code.endswith("_municipal")
}
HEALTH = (
    *("carrier_tenants_per_1000_m2", "carrier_ip_share", "carrier_financed_share", "carrier_growth_share"),
    *("carrier_service_income_share", "carrier_professionals_per_10", "carrier_mentors_per_10", "carrier_graduates"),
)
_LOGGED = {"events": "十二个月内的活动记录", "mentors": "在聘的导师记录", "invested": "上年度自有或合作资金的投资记录"}
# Of an accelerator all tenants count: who comes to it has grown out of what 在孵 asks (300号 第八条).
_INSIDE = f"""
  {INSIDE_ON.format(during="t.during", open="t.ended_on IS NULL")}
  AND (t.incubating_since IS NOT NULL OR :everybody)
"""
# 深圳市众创空间: who has been in for less is not counted.
_SETTLED_MONTHS = 3
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
  (SELECT count(DISTINCT coalesce(t.firm_id, m.firm_id, m.id)) FROM tenancies t
   LEFT JOIN carrier_teams m ON m.id = t.team_id
   WHERE t.carrier_id = :carrier_id AND {_INSIDE} AND coalesce(t.clock_since, lower(t.during)) <= :settled) AS settled,
  (SELECT count(DISTINCT coalesce(t.firm_id, m.firm_id, m.id)) FROM tenancies t
   LEFT JOIN carrier_teams m ON m.id = t.team_id WHERE t.carrier_id = :carrier_id
   AND t.during && daterange(CAST(:since AS date), CAST(:on AS date), '[]')) AS in_a_year,
  (SELECT count(*) FROM carrier_teams m WHERE m.carrier_id = :carrier_id
   AND m.linked_on BETWEEN :since AND :on) AS new_firms,
  (SELECT count(DISTINCT coalesce(t.firm_id, m.firm_id, m.id)) FROM tenancies t
   LEFT JOIN carrier_teams m ON m.id = t.team_id WHERE t.carrier_id = :carrier_id
   AND t.end_reason = 'graduated' AND t.ended_on <= :on) AS graduates,
  (SELECT count(*) FROM carrier_logs l WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL AND l.kind = 'event'
   AND l.happened_on BETWEEN :since AND :on) AS events,
  (SELECT count(DISTINCT l.title) FROM carrier_logs l WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL
   AND l.kind = 'mentor' AND l.happened_on <= :on AND (l.until IS NULL OR l.until >= :on)) AS mentors,
  (SELECT count(DISTINCT coalesce(l.firm_id, m.firm_id, m.id)) FROM carrier_logs l
   LEFT JOIN carrier_teams m ON m.id = l.team_id WHERE l.carrier_id = :carrier_id AND l.struck_at IS NULL
   AND l.kind = 'investment' AND l.sort = 'own_fund' AND extract(year FROM l.happened_on) = :year) AS invested
"""  # noqa: S608 - a condition of our own
_BINDS = (
    *(bindparam("carrier_id", type_=Uuid()), bindparam("everybody", type_=Boolean())),
    *(bindparam("on", type_=Date()), bindparam("today", type_=Date())),
)
_READ_TENANTS = Kept(text(_TENANTS).bindparams(*_BINDS, bindparam("year", type_=Integer())))
_READ_COUNTS = Kept(
    text(_COUNTS).bindparams(
        *(*_BINDS, bindparam("since", type_=Date()), bindparam("settled", type_=Date())),
        bindparam("year", type_=Integer()),
    )
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
class Health:
    """How a carrier does, in a ratio or a count; empty where nobody knows."""

    code: str
    label: str
    shown: str


@dataclass(frozen=True, slots=True)
class Readiness:
    on: date
    figures: Sequence[Known]
    said: YearSaid
    assessments: Sequence[Assessment]
    health: Sequence[Health]


async def readiness(
    conn: Conn, carrier: Carrier, *, policies: Policies, county: bool, on: date, today: date, viewer: Viewer
) -> Readiness:
    """The carrier is in the viewer's sight. `county`: the municipal analogue with its factor for counties."""
    year, everybody = on.year - 1, carrier.kind is CarrierKind.ACCELERATOR
    said = await year_said(conn, carrier.id, year)
    values: dict[str, Any] = {"carrier_id": carrier.id, "on": on, "today": today, "everybody": everybody}
    tenants = [tenant_of(row, year) for row in await conn.execute(_READ_TENANTS, values | {"year": year})]
    values |= {"since": _year_before(on), "settled": add_months(on, -_SETTLED_MONTHS), "year": year}
    counts = (await conn.execute(_READ_COUNTS, values)).one()
    known = _ledger(carrier, counts, len(tenants), on) | _counted(tenants)
    if viewer.role is Role.CARRIER:
        known |= _sums(await cohort(conn, carrier.id, year, everybody=everybody, today=today), year)
    else:
        known |= _confided(tenants, year)
    figures = _figures(known, counts, said)
    facts = _facts(figures)
    asked = [COUNTY.get(code, code) if county else code for code in ASKED.get(carrier.kind, ())]
    assessments = [policies.assess(code, facts, as_of=on, today=today) for code in asked]
    fill = (await fills(conn, [carrier.id], on=on, today=today)).get(carrier.id, Fill())
    return Readiness(on, figures, said, assessments, _health(facts, fill, on))


def _year_before(on: date) -> date:
    """The first day of the twelve months that end on a day."""
    try:
        return date.fromordinal(on.replace(year=on.year - 1).toordinal() + 1)
    except ValueError:  # 29 February
        return date(on.year - 1, 3, 1)


# A number, how many more it may be, and whose word it is.
Sourced = tuple[Any, int, str]


def _ledger(carrier: Carrier, counts: Any, tenants: int, on: date) -> dict[str, Sourced]:
    let = Decimal(counts.let) + carrier.areas.public if carrier.areas.public is not None else None
    months = months_used(carrier.opened_on, on) if carrier.opened_on else None
    every = "租约（加速器按全部入驻企业计）" if carrier.kind is CarrierKind.ACCELERATOR else "租约"
    return {
        "operating_months": (months, 0, "登记的开始运营日期"),
        "incubation_area": (carrier.areas.total or counts.area or None, 0, "登记的总面积，没有登记的按房间合计"),
        "tenant_area": (let, 0, "在孵租约的面积加登记的公共服务用房"),
        "workstations": (counts.workstations, 0, "登记的工位"),
        "tenants": (tenants, 0, every),
        "settled": (counts.settled, 0, "租约，起租满 3 个月的"),
        "teams_and_firms": (counts.in_a_year, 0, "十二个月内的租约"),
        "new_firms": (counts.new_firms, 0, "十二个月内登记为企业的团队"),
        "graduates": (counts.graduates, 0, "毕业记录"),
    }


def _counted(tenants: Sequence[Tenant]) -> dict[str, Sourced]:
    rights = "知识产权台账"
    counts: dict[str, tuple[Count, str]] = {
        "ip_holders": (rules.count(tenants, rules.has_right), rights),
        "patent_applicants": (rules.count(tenants, rules.applied_for_patent), f"{rights}（已授权的；只申请的不知道）"),
        "same_field": (rules.same_field(tenants), "企业库的高新技术领域，按八大领域归类（口径为本系统缺省）"),
    }
    return {code: (count.least, count.maybe, source) for code, (count, source) in counts.items()}


def _confided(tenants: Sequence[Tenant], year: int) -> dict[str, Sourced]:
    """What firms told the bureau and not their landlord."""
    financed, grown = rules.count(tenants, rules.financed), rules.count(tenants, rules.grew)
    return {
        "financed": (financed.least, financed.maybe, f"企业 {year} 年度填报"),
        "growing": (grown.least, grown.maybe, f"企业 {year - 1}、{year} 年度填报"),
    }


def _sums(told: Sequence[Tenant] | None, year: int) -> dict[str, Sourced]:
    """Of it what their landlord reads: the year's sums, of enough of them."""
    if told is None:
        since = f"企业 {year} 年度的合计数 {told_from(year)} 起给运营机构看"
        return {code: (None, 0, since) for code in ("financed", "growing")}
    found: dict[str, Sourced] = {"cohort": (len(told), 0, f"{year}-12-31 的租约，按 {told_from(year)} 前登记的")}
    for code, (least, maybe, source) in _confided(told, year).items():
        if len(told) - maybe < rules.FEW:
            found[code] = (None, 0, f"填报的企业不足 {rules.FEW} 家，合计数只给主管部门看")
        else:
            found[code] = (least, maybe, f"{source}：{year} 年末在孵的，{told_from(year)} 前通过的，以后不变")
    return found


def _figures(known: Mapping[str, Sourced], counts: Any, said: YearSaid) -> list[Known]:
    found = []
    for code, figure in CARRIER.items():
        if code in known:
            value, maybe, source = known[code]
        elif logged := getattr(counts, code, 0):  # kept line by line goes before what is said of the year
            value, maybe, source = logged, 0, _LOGGED[code]
        elif code == "cohort":
            continue
        else:
            value, maybe, source = said.figures.get(code), 0, f"运营机构 {said.year} 年度数"
        found.append(Known(code, figure.label, None if value is None else Decimal(value), maybe, source))
    return found


def _facts(figures: Sequence[Known]) -> Facts:
    values: dict[str, Any] = {f"carrier.{k.code}": k.value for k in figures if k.value is not None}
    values |= {MAYBE + k.code: Decimal(k.maybe) for k in figures if k.value is not None and k.maybe}
    return Facts(values)


def _health(facts: Facts, fill: Fill, on: date) -> list[Health]:
    occupied = Health("occupancy", "使用率", "" if fill.percent is None else f"{fill.percent}%")
    with localcontext(EXACT):
        ctx = Context(facts, on)
        return [occupied, *(Health(name, MEASURES[name].label, _ratio(ctx, name)) for name in HEALTH)]


def _ratio(ctx: Context, name: str) -> str:
    found = ctx.found(name)
    if isinstance(found, Unknowable):
        return ""
    said = read_beside(MEASURES[name].unit, Decimal(found.shown()), ())
    return f"至少 {said}" if isinstance(found, Between) else said
