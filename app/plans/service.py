"""What was reached, entered and confirmed. Every entry is a version of its own; a final value takes two people."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.second_person import must_be_in_other_hands
from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Invalid, NotFound, PreconditionRequired, Refused, Stale
from app.outbox.writing import notice, post
from app.plans.models import PlanActualRow, PlanIndicatorRow
from app.plans.queries import actual_of, actuals_of, indicators_of, must_answer_for, plan_by_code, scope_for
from app.plans.rules import problems
from app.plans.terms import Actual, ActualEntry, ActualState, Indicator, Plan


async def enter_actual(
    conn: Conn, code: str, entry: ActualEntry, *, expected: int | None, by: Actor, at: datetime
) -> Actual:
    """`expected`: the version that was on the screen, 0 for none yet.

    Raises NotFound, Invalid by field, PreconditionRequired without a version where there is one, Stale when somebody
    was faster, Refused where a confirmed value would be put back to a provisional one.
    """
    plan = await plan_by_code(conn, code, viewer=by.viewer)
    scope_for(plan, by.viewer, region=entry.scope.region, park=entry.scope.park)
    must_answer_for(plan, entry.scope.key, by.viewer)
    indicator = await _held(conn, plan, entry.indicator)
    course = indicator.course(plan.baseline_year, entry.scope.key, plan.region)
    wrong = problems(
        course,
        entry.figure,
        year=entry.year,
        last_year=plan.last_year,
        state=entry.state,
        as_of=entry.as_of,
        today=business_day(at),
    )
    if wrong:
        raise Invalid(wrong)
    versions = await actuals_of(conn, plan.code, scope=entry.scope.key, indicator=indicator.code, year=entry.year)
    _check_version(versions, expected)
    if any(v.state is ActualState.FINAL for v in versions) and entry.state is ActualState.PROVISIONAL:
        raise Refused("这个数已有复核过的终值；更正请按终值提交，由第二人复核。")
    # A second person makes it final, whoever enters it.
    state = ActualState.PROVISIONAL if entry.state is ActualState.PROVISIONAL else ActualState.PROPOSED
    row = _row(plan, entry, state, len(versions) + 1, by=by, at=at)
    await conn.execute(insert(PlanActualRow).values(row))
    before = _said(versions[-1]) if versions else None
    made = await actual_by_id(conn, plan, row["id"])
    await _trace(conn, "entered", plan, indicator, made, by=by, at=at, before=before)
    return made


def _row(
    plan: Plan, entry: ActualEntry, state: ActualState, version: int, *, by: Actor, at: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "plan": plan.code,
        "indicator": entry.indicator,
        "scope": entry.scope.key,
        "year": entry.year,
        "version": version,
        "value": entry.figure.value,
        "numerator": entry.figure.numerator,
        "denominator": entry.figure.denominator,
        "state": state.value,
        "as_of": entry.as_of,
        "origin": entry.origin.value,
        "source": entry.source,
        "note": entry.note,
        "entered_at": at,
        "entered_by": by.viewer.id if by.viewer.login else None,
        "enterer_name": by.viewer.name,
    }


def _check_version(versions: list[Actual], expected: int | None) -> None:
    latest = versions[-1] if versions else None
    if latest is None:
        if expected:
            raise Stale("这个数还没有人填过，请重新读取后再填。")
        return
    if expected is None:
        raise PreconditionRequired(f"这个数已有第 {latest.version} 版，修改须带上读到的版本（If-Match）。")
    if expected != latest.version:
        raise Stale(f"{latest.enterer_name} 刚填了第 {latest.version} 版；您填写的内容没有保存，请核对后再填。")


async def confirm_actual(conn: Conn, code: str, actual_id: uuid.UUID, *, by: Actor, at: datetime) -> Actual:
    """Makes a proposed value final. Raises NotFound, Conflict when it is decided, Refused to whoever entered it,
    Forbidden to an account that is in the same hand."""
    plan, indicator, actual = await _proposed(conn, code, actual_id, by)
    if actual.entered_by == by.viewer.id:
        raise Refused("终值要由第二人复核，不能由填写的人自己确认。")
    if actual.entered_by is not None:
        entered = frozenset({actual.entered_by})
        await must_be_in_other_hands(conn, entered, whose="填写的人", by=by, at=at)
    confirmed = {
        "state": ActualState.FINAL.value,
        "confirmed_at": at,
        "confirmed_by": by.viewer.id,
        "confirmer_name": by.viewer.name,
    }
    await conn.execute(update(PlanActualRow).where(PlanActualRow.id == actual.id).values(confirmed))
    made = await actual_by_id(conn, plan, actual.id)
    await _trace(conn, "confirmed", plan, indicator, made, by=by, at=at)
    await _tell(conn, plan, indicator, made, "复核通过", by=by, at=at)
    return made


async def return_actual(conn: Conn, code: str, actual_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> Actual:
    """The proposed value counts as a provisional one does, and says that it came back."""
    plan, indicator, actual = await _proposed(conn, code, actual_id, by)
    note = f"{actual.note}\n退回：{reason}".strip()
    values = {"state": ActualState.RETURNED.value, "note": note}
    await conn.execute(update(PlanActualRow).where(PlanActualRow.id == actual.id).values(values))
    made = await actual_by_id(conn, plan, actual.id)
    await _trace(conn, "returned", plan, indicator, made, by=by, at=at)
    await _tell(conn, plan, indicator, made, f"退回了：{reason}", by=by, at=at)
    return made


async def _tell(
    conn: Conn, plan: Plan, indicator: Indicator, actual: Actual, did: str, *, by: Actor, at: datetime
) -> None:
    """Whoever entered it, where that is somebody with an account."""
    if actual.entered_by is None:
        return
    said = f"{by.viewer.name}对您填报的 {actual.year} 年“{indicator.title}”终值{did}"
    to, key = actual.entered_by, f"{actual.id}:{at.isoformat()}"
    page = f"/plans/{plan.code}?year={actual.year}#i-{indicator.code}"
    await post(conn, notice("plan_decided", key, to=to, subject=said, page=page, at=at))


async def _proposed(conn: Conn, code: str, actual_id: uuid.UUID, by: Actor) -> tuple[Plan, Indicator, Actual]:
    plan = await plan_by_code(conn, code, viewer=by.viewer)
    actual = await actual_by_id(conn, plan, actual_id)
    must_answer_for(plan, actual.scope, by.viewer)
    indicator = await _held(conn, plan, actual.indicator)
    actual = await actual_by_id(conn, plan, actual_id)  # as it is under the indicator's lock
    if actual.state is not ActualState.PROPOSED:
        raise Conflict(f"这个数现在是“{actual.state.label}”，不用再复核。")
    return plan, indicator, actual


async def actual_by_id(conn: Conn, plan: Plan, actual_id: uuid.UUID) -> Actual:
    query = select(PlanActualRow.__table__).where(PlanActualRow.id == actual_id, PlanActualRow.plan == plan.code)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return actual_of(row)


async def _held(conn: Conn, plan: Plan, code: str) -> Indicator:
    """Two who enter the same number wait for each other at the indicator. Raises Invalid for one that is not there."""
    i = PlanIndicatorRow
    row = await conn.execute(select(i.code).where(i.plan == plan.code, i.code == code).with_for_update())
    if row.one_or_none() is None:
        raise Invalid({"indicator": "规划里没有这项指标。"})
    return next(one for one in await indicators_of(conn, plan.code) if one.code == code)


def _said(actual: Actual) -> dict[str, Any]:
    figure = actual.figure
    numbers = {n: getattr(figure, n) for n in ("value", "numerator", "denominator")}
    said = {n: f"{number.normalize():f}" for n, number in numbers.items() if number is not None}
    return {
        **said,
        "year": actual.year,
        "scope": actual.scope,
        "version": actual.version,
        "state": actual.state.value,
        "as_of": actual.as_of.isoformat(),
        "source": actual.source,
    }


async def _trace(
    conn: Conn,
    verb: str,
    plan: Plan,
    indicator: Indicator,
    actual: Actual,
    *,
    by: Actor,
    at: datetime,
    before: dict[str, Any] | None = None,
) -> None:
    done = event_row(
        f"plan:actual:{verb}",
        by=by,
        at=at,
        object_type="plan",
        object_id=f"{plan.code}/{indicator.code}",
        object_label=f"{plan.short} {indicator.title}",
        before=before,
        after=_said(actual),
    )
    await record(conn, done)
