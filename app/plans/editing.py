"""A plan as an administrator writes it: what is measured, how it is read, how far it shall go, town by town."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Conflict, Invalid, Refused, Stale
from app.plans.models import PlanActualRow, PlanIndicatorRow, PlanRow, PlanTargetRow
from app.plans.queries import indicators_of, must_answer_for, plan_by_code
from app.plans.rules import LARGEST
from app.plans.terms import Indicator, IndicatorKind, Plan, PlanState, Reading, Target, TargetLevel

_I, _T = PlanIndicatorRow, PlanTargetRow


@dataclass(frozen=True, slots=True)
class IndicatorEntry:
    title: str
    unit: str
    kind: IndicatorKind
    money: bool
    scale: Decimal
    baseline: Decimal | None
    definition: str
    owner: str
    basis: str
    counting: Mapping[str, Any]
    reading: Reading
    weight: Decimal

    @property
    def columns(self) -> dict[str, Any]:
        plain = {f: getattr(self, f) for f in self.__dataclass_fields__}
        readings = [r.value for r in Reading] if self.kind is IndicatorKind.GROWTH else []
        return plain | {"kind": self.kind.value, "reading": self.reading.value, "readings": readings}


async def save_plan(
    conn: Conn,
    code: str,
    *,
    title: str,
    document: str,
    state: PlanState,
    ledger_since: date | None,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    plan = await _held(conn, code, version, by)
    if state is PlanState.EVALUATED and plan.state is not PlanState.EVALUATED:
        raise Invalid({"state": "终期评估在评估页面办理。"})
    values = {"title": title, "document": document, "state": state.value, "ledger_since": ledger_since}
    await conn.execute(update(PlanRow).where(PlanRow.code == code).values(values))
    said = {k: str(v) for k, v in values.items() if v}
    await _trace(conn, "edited", plan, plan.title, by=by, at=at, after=said)


async def add_indicator(
    conn: Conn, code: str, indicator: str, entry: IndicatorEntry, *, version: int, by: Actor, at: datetime
) -> None:
    """Raises Conflict when the plan has one of that code."""
    plan = await _held(conn, code, version, by)
    known = await indicators_of(conn, code)
    if any(one.code == indicator for one in known):
        raise Conflict(f"规划里已有代码为 {indicator} 的指标。")
    rank = max((one.rank for one in known), default=0) + 1
    row = {"plan": code, "code": indicator, "rank": rank, **entry.columns}
    await conn.execute(insert(_I).values(row))
    await _trace(conn, "indicator_added", plan, entry.title, by=by, at=at, after=_said(entry))


async def save_indicator(
    conn: Conn, code: str, held: Indicator, entry: IndicatorEntry, *, version: int, by: Actor, at: datetime
) -> None:
    plan = await _held(conn, code, version, by)
    changed = (entry.kind, entry.money, entry.scale) != (held.kind, held.money, held.scale)
    if changed and await _was_entered(conn, code, held.code):
        raise Refused("这项指标已有填报的数，不能再改种类、单位口径；请另立一项。")
    await conn.execute(update(_I).where(_I.plan == code, _I.code == held.code).values(entry.columns))
    before = _said(_entry_of(held))
    await _trace(conn, "indicator_changed", plan, entry.title, by=by, at=at, before=before, after=_said(entry))


async def drop_indicator(conn: Conn, code: str, held: Indicator, *, version: int, by: Actor, at: datetime) -> None:
    """Only one of which nothing was ever entered."""
    plan = await _held(conn, code, version, by)
    if await _was_entered(conn, code, held.code):
        raise Refused("这项指标已有填报的数，不能删去。")
    await conn.execute(delete(_I).where(_I.plan == code, _I.code == held.code))
    await _trace(conn, "indicator_dropped", plan, held.title, by=by, at=at, before=_said(_entry_of(held)))


async def _was_entered(conn: Conn, code: str, indicator: str) -> bool:
    """Under the indicator's lock, which whoever enters a number takes, too."""
    await conn.execute(select(_I.code).where(_I.plan == code, _I.code == indicator).with_for_update())
    used = select(PlanActualRow.id).where(PlanActualRow.plan == code, PlanActualRow.indicator == indicator).limit(1)
    return (await conn.execute(used)).first() is not None


async def save_targets(
    conn: Conn,
    code: str,
    indicator: Indicator,
    year: int,
    targets: Sequence[Target],
    *,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    """All targets of an indicator for a year, in place of those before."""
    plan = await _held(conn, code, version, by)
    if year not in plan.years:
        raise Invalid({"year": f"年份应在 {plan.first_year} 到 {plan.last_year} 之间。"})
    own = (_T.plan == code, _T.indicator == indicator.code, _T.year == year)
    before = {f"{t.scope} {t.level.label}": _target_said(t) for t in indicator.targets if t.year == year}
    await conn.execute(delete(_T).where(*own))
    rows = [
        {
            "plan": code,
            "indicator": indicator.code,
            "scope": t.scope,
            "year": year,
            "level": t.level.value,
            "value": t.value,
            "words": t.words,
        }
        for t in targets
    ]
    if rows:
        await conn.execute(insert(_T), rows)
    after = {f"{t.scope} {t.level.label}": _target_said(t) for t in targets}
    if before != after:
        said = {"year": year, **after}
        await _trace(conn, "targets_set", plan, indicator.title, by=by, at=at, before=before, after=said)


def order_problems(values: Mapping[TargetLevel, Decimal | None]) -> str:
    """目标 is the least that is asked, 挑战 the most."""
    numbers = [v for level in TargetLevel if (v := values.get(level)) is not None]
    if any(not 0 <= n < LARGEST for n in numbers):
        return "请填不小于 0 的数。"
    return "" if numbers == sorted(numbers) else "冲刺不能低于目标，挑战不能低于冲刺。"


async def _held(conn: Conn, code: str, version: int, by: Actor) -> Plan:
    """Under its lock. Raises Stale."""
    plan = await plan_by_code(conn, code, viewer=by.viewer, hold=True)
    must_answer_for(plan, plan.region, by.viewer)
    if plan.version != version:
        raise Stale("规划刚被别人改过；您填写的内容还在，请对照现在的内容再保存。")
    return plan


def _entry_of(held: Indicator) -> IndicatorEntry:
    return IndicatorEntry(**{f: getattr(held, f) for f in IndicatorEntry.__dataclass_fields__})


def _said(entry: IndicatorEntry) -> dict[str, Any]:
    said = {k: v for k, v in entry.columns.items() if v not in (None, "", [], {})}
    return {k: f"{v.normalize():f}" if isinstance(v, Decimal) else v for k, v in said.items()}


def _target_said(target: Target) -> str:
    return f"{target.value.normalize():f}" if target.value is not None else target.words


async def _trace(conn: Conn, verb: str, plan: Plan, what: str, *, by: Actor, at: datetime, **images: Any) -> None:
    """The change is counted and told; what was refused before is neither."""
    await conn.execute(update(PlanRow).where(PlanRow.code == plan.code).values(version=plan.version + 1))
    done = event_row(
        f"plan:text:{verb}",
        by=by,
        at=at,
        object_type="plan",
        object_id=plan.code,
        object_label=f"{plan.short} {what}",
        **images,
    )
    await record(conn, done)
