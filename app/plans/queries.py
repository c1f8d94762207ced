"""Reads of five-year plans: the plan, its indicators and targets, and what was said to be reached."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal, or_, select

from app.access.terms import Role, Viewer
from app.db import Conn
from app.errors import Invalid, NotFound
from app.filings.rules import significant
from app.plans.models import PlanActualRow, PlanIndicatorRow, PlanRow, PlanTargetRow
from app.plans.terms import (
    PARK,
    Actual,
    ActualState,
    Figure,
    Indicator,
    IndicatorKind,
    Origin,
    Plan,
    PlanState,
    Reading,
    Scope,
    Target,
    TargetLevel,
)
from app.policy.terms import Grade
from app.statements import Kept
from app.text import is_code

_P, _I, _T, _A = PlanRow, PlanIndicatorRow, PlanTargetRow, PlanActualRow
_PLAN: tuple[Any, ...] = tuple(getattr(_P, f) for f in Plan.__dataclass_fields__)
_FIELDS = tuple(f for f in Indicator.__dataclass_fields__ if f != "targets")
_INDICATOR: tuple[Any, ...] = tuple(getattr(_I, f) for f in _FIELDS)
_TARGET: tuple[Any, ...] = tuple(getattr(_T, f) for f in Target.__dataclass_fields__)
_OF_PLAN: Any = bindparam("of_plan")
_FIGURE = ("value", "numerator", "denominator")
_ACTUAL = tuple(f for f in Actual.__dataclass_fields__ if f != "figure")


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Plans of a division above a person's own, of it and below it: a plan is a public paper."""
    return _seen(viewer.role, viewer.scope)


def _seen(role: Role, scope: str) -> ColumnElement[bool]:
    if role in (Role.FIRM, Role.CARRIER) or not is_code(scope):
        return literal(False)
    scope = significant(scope)
    return or_(_P.region.startswith(scope, autoescape=True), literal(scope).startswith(_P.region))


@lru_cache(maxsize=64)
def _listed(role: Role, scope: str) -> Kept:
    """Built once a sight, as the pages' statements are."""
    return Kept(select(*_PLAN).where(_seen(role, scope)).order_by(_P.first_year.desc(), _P.code))


@lru_cache(maxsize=64)
def _by_code(role: Role, scope: str, *, hold: bool) -> Kept:
    query = select(*_PLAN).where(_P.code == _OF_PLAN, _seen(role, scope))
    return Kept(query.with_for_update() if hold else query)


def _plan_of(row: Any) -> Plan:
    named = dict(zip(Plan.__dataclass_fields__, row, strict=True))
    return Plan(**{**named, "state": PlanState(named["state"]), "grade": Grade(named["grade"])})


async def list_plans(conn: Conn, *, viewer: Viewer) -> list[Plan]:
    """The latest first."""
    return [_plan_of(row) for row in await conn.execute(_listed(viewer.role, viewer.scope))]


async def plan_by_code(conn: Conn, code: str, *, viewer: Viewer, hold: bool = False) -> Plan:
    """Raises NotFound."""
    row = (await conn.execute(_by_code(viewer.role, viewer.scope, hold=hold), {"of_plan": code})).one_or_none()
    if row is None:
        raise NotFound
    return _plan_of(row)


def scope_for(plan: Plan, viewer: Viewer, *, region: str = "", park: str = "") -> Scope:
    """What was asked for, else all that a person sees of the plan's division. Raises NotFound out of sight."""
    whole = plan.region if plan.region.startswith(significant(viewer.scope)) else viewer.scope
    asked = region or whole
    if not is_code(asked) or len(asked) not in (6, 9, 12):
        raise Invalid({"region": "请填写行政区划代码，如 440783117。"})
    if not asked.startswith(plan.region) or not asked.startswith(significant(viewer.scope)):
        raise NotFound
    return Scope(asked, park)


def must_answer_for(plan: Plan, key: str, viewer: Viewer) -> None:
    """Raises NotFound unless the viewer sees all of that part: a park may lie in several towns of the plan's division.

    `key`: as in `Scope.key`.
    """
    whole = plan.region if key.startswith(PARK) else key
    if not whole.startswith(significant(viewer.scope)):
        raise NotFound


def year_for(plan: Plan, today_year: int, asked: int | None) -> int:
    """The year asked for, else the last one that has begun. Raises Invalid beyond the plan."""
    if asked is None:
        return max(plan.first_year, min(plan.last_year, today_year))
    if asked not in plan.years:
        raise Invalid({"year": f"{plan.short}的年份是 {plan.first_year} 到 {plan.last_year}。"})
    return asked


_TARGETS = Kept(select(*_TARGET).where(_T.plan == _OF_PLAN).order_by(_T.year, _T.level))
_INDICATORS = Kept(select(*_INDICATOR).where(_I.plan == _OF_PLAN).order_by(_I.supporting, _I.rank, _I.code))


async def indicators_of(conn: Conn, plan: str) -> list[Indicator]:
    targets: dict[str, list[Target]] = {}
    for row in await conn.execute(_TARGETS, {"of_plan": plan}):
        named = dict(zip(Target.__dataclass_fields__, row, strict=True))
        target = Target(**{**named, "level": TargetLevel(named["level"])})
        targets.setdefault(target.indicator, []).append(target)
    return [_indicator_of(row, targets) for row in await conn.execute(_INDICATORS, {"of_plan": plan})]


def _indicator_of(row: Any, targets: Mapping[str, list[Target]]) -> Indicator:
    named = dict(zip(_FIELDS, row, strict=True))
    words = {"kind": IndicatorKind(named["kind"]), "reading": Reading(named["reading"])}
    return Indicator(**{**named, **words, "targets": tuple(targets.get(named["code"], ()))})


def actual_of(row: Any) -> Actual:
    named = {f: getattr(row, f) for f in _ACTUAL}
    words = {"state": ActualState(row.state), "origin": Origin(row.origin)}
    return Actual(**{**named, **words, "figure": Figure(*(getattr(row, f) for f in _FIGURE))})


async def actuals_of(conn: Conn, plan: str, *, scope: str = "", indicator: str = "", year: int = 0) -> list[Actual]:
    """Every version, the oldest first."""
    asked = {name: value for name, value in (("scope", scope), ("indicator", indicator), ("year", year)) if value}
    return [actual_of(row) for row in await conn.execute(_actuals(tuple(asked)), {"plan": plan, **asked})]


_MARKS = Kept(
    select(
        func.count(),
        func.count().filter(_A.state == ActualState.PROPOSED.value),
        func.max(_A.entered_at),
        func.max(_A.confirmed_at),
    ).where(_A.plan == _OF_PLAN)
)


async def marks_of(conn: Conn, plan: str) -> tuple[Any, ...]:
    """Other ones when anything was entered, confirmed or returned: whether what was read of a plan still stands."""
    return tuple((await conn.execute(_MARKS, {"of_plan": plan})).one())


@lru_cache(maxsize=8)
def _actuals(asked: tuple[str, ...]) -> Kept:
    wanted = (getattr(_A, name) == bindparam(name) for name in ("plan", *asked))
    return Kept(select(_A.__table__).where(*wanted).order_by(_A.indicator, _A.scope, _A.year, _A.version))


def standing_versions(actuals: list[Actual]) -> dict[tuple[str, str, int], Actual]:
    """What counts, by indicator, part and year: the latest final one, else the latest.

    A correction of a final value waits for its second person while the value that was confirmed goes on counting.
    """
    found: dict[tuple[str, str, int], Actual] = {}
    for actual in actuals:
        where = (actual.indicator, actual.scope, actual.year)
        kept = found.get(where)
        if kept is None or kept.state is not ActualState.FINAL or actual.state is ActualState.FINAL:
            found[where] = actual
    return found
