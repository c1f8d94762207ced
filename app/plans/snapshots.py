"""A year as it was evaluated: frozen, so that a later correction changes nothing of what was said then."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor, Viewer
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Invalid, NotFound, Refused
from app.plans.models import PlanRow, PlanSnapshotRow
from app.plans.progress import PlanProgress, Progress, progress
from app.plans.queries import plan_by_code, visible_to
from app.plans.terms import ActualState, Plan, PlanState, SnapshotKind, Standing

_S = PlanSnapshotRow


@dataclass(frozen=True, slots=True)
class Snapshot:
    id: uuid.UUID
    plan: str
    kind: SnapshotKind
    year: int
    remark: str
    taken_at: datetime
    actor_name: str
    body: tuple[dict[str, Any], ...] = ()


_HEAD: tuple[Any, ...] = tuple(getattr(_S, f) for f in Snapshot.__dataclass_fields__ if f != "body")


async def take_snapshot(
    conn: Conn, code: str, kind: SnapshotKind, year: int, remark: str, *, by: Actor, at: datetime
) -> uuid.UUID:
    """Raises Invalid for a year that is not over, Refused for a final evaluation that is not ready."""
    today = business_day(at)
    plan = await plan_by_code(conn, code, viewer=by.viewer, hold=True)
    if year not in plan.years or year > today.year:
        raise Invalid({"year": "请选择已经开始的规划年份。"})
    found = await progress(conn, code, viewer=by.viewer, today=today, year=year, region=plan.region)
    if kind is SnapshotKind.FINAL and (reasons := unready(found, today)):
        raise Refused("还不能作终期评估。", reasons=reasons)
    made = new_id()
    row = {
        "id": made,
        "plan": plan.code,
        "kind": kind.value,
        "year": year,
        "body": [image_of(r) for r in found.rows],
        "remark": remark,
        "taken_at": at,
        "actor_id": by.viewer.id,
        "actor_name": by.viewer.name,
    }
    await conn.execute(insert(_S).values(row))
    if kind is SnapshotKind.FINAL:
        done = {"state": PlanState.EVALUATED.value, "version": PlanRow.version + 1}
        await conn.execute(update(PlanRow).where(PlanRow.code == plan.code).values(done))
    await _trace(conn, plan, kind, year, by=by, at=at)
    return made


def unready(found: PlanProgress, today: date) -> list[str]:
    """What still stands in the way of a plan's final evaluation."""
    plan = found.plan
    if found.year != plan.last_year:
        return [f"终期评估看规划的最后一年（{plan.last_year} 年）。"]
    if today <= date(plan.last_year, 12, 31):
        return [f"{plan.last_year} 年还没有结束。"]
    reasons = []
    for row in found.main:
        title = row.indicator.title
        if row.judged.standing is Standing.NOT_ISSUED:
            continue  # said as it is: a target that never came cannot be missed
        if row.reached is None:
            reasons.append(f"{title}还没有 {plan.last_year} 年的数。")
        elif row.reached.state is not ActualState.FINAL:
            reasons.append(f"{title}的 {plan.last_year} 年数还是{row.reached.state.label}。")
    return reasons if found.main else ["规划还没有指标。"]


def image_of(row: Progress) -> dict[str, Any]:
    judged, reached = row.judged, row.reached
    figure = reached.figure if reached else None
    return {
        "code": row.indicator.code,
        "title": row.indicator.title,
        "unit": row.indicator.unit,
        "supporting": row.indicator.supporting,
        "reading": row.indicator.reading.value,
        "baseline": _plain(row.indicator.baseline),
        "baseline_words": row.indicator.baseline_words,
        "standing": judged.standing.value,
        "actual": _plain(judged.actual),
        "expected": _plain(judged.expected),
        "final": _plain(judged.final),
        "progress": _plain(judged.progress),
        "keeping": judged.keeping,
        "value": _plain(figure.value) if figure else None,
        "numerator": _plain(figure.numerator) if figure else None,
        "denominator": _plain(figure.denominator) if figure else None,
        "state": reached.state.value if reached else None,
        "source": reached.source if reached else "",
        "as_of": reached.as_of.isoformat() if reached else None,
    }


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


async def snapshots_of(conn: Conn, code: str) -> list[Snapshot]:
    """Of a plan that the caller can see; the latest first."""
    query = select(*_HEAD).where(_S.plan == code).order_by(_S.taken_at.desc(), _S.id)
    return [_snapshot(row) for row in await conn.execute(query)]


async def snapshot_by_id(conn: Conn, code: str, snapshot_id: uuid.UUID, *, viewer: Viewer) -> Snapshot:
    query = select(*_HEAD, _S.body).join(PlanRow, PlanRow.code == _S.plan)
    query = query.where(_S.id == snapshot_id, _S.plan == code, visible_to(viewer))
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return _snapshot(row)


def _snapshot(row: Any) -> Snapshot:
    named = dict(row._mapping)
    return Snapshot(**{**named, "kind": SnapshotKind(row.kind), "body": tuple(named.get("body", ()))})


async def _trace(conn: Conn, plan: Plan, kind: SnapshotKind, year: int, *, by: Actor, at: datetime) -> None:
    done = event_row(
        "plan:snapshot:taken",
        by=by,
        at=at,
        object_type="plan",
        object_id=plan.code,
        object_label=f"{plan.short} {year} 年{kind.label}",
        after={"kind": kind.value, "year": year},
    )
    await record(conn, done)
