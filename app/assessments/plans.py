"""A firm's own plan (一企一策): made from the cheapest path or by hand, kept in step with what has been done."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor
from app.assessments.models import FirmPlan, FirmPlanStep
from app.assessments.terms import PlanEntry, PlanState, StepEntry
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Stale
from app.firms.locking import as_it_stands
from app.firms.service import refuse_merged
from app.firms.terms import FirmDetail


async def make_plan(
    conn: Conn,
    firm: FirmDetail,
    entry: PlanEntry,
    *,
    policy: str,
    title: str,
    basis: Mapping[str, Any],
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """Raises Conflict when the firm has an open plan for that title already."""
    refuse_merged(await as_it_stands(conn, firm))
    plan_id = new_id()
    row = {
        "id": plan_id,
        "firm_id": firm.id,
        "policy": policy,
        "title": title,
        "filing_on": entry.filing_on,
        "officer_id": entry.officer_id,
        "note": entry.note,
        "basis": dict(basis),
        "created_at": at,
        "created_by": by.viewer.id,
        "author_name": by.viewer.name,
        "changed_at": at,
    }
    made = insert(FirmPlan).values(row).on_conflict_do_nothing().returning(FirmPlan.id)
    if (await conn.execute(made)).one_or_none() is None:
        raise Conflict(f"{firm.name} 已有一份进行中的“{title}”一企一策，请在原有的上面修改。")
    await _add_steps(conn, plan_id, entry.steps, first=0)
    await _record(conn, firm, "made", title, {"filing_on": entry.filing_on, "steps": len(entry.steps)}, by=by, at=at)
    return plan_id


async def revise_plan(
    conn: Conn, firm: FirmDetail, plan_id: uuid.UUID, entry: PlanEntry, *, version: int, by: Actor, at: datetime
) -> None:
    """What has been done stays as it is. Raises Stale when somebody else changed the plan meanwhile."""
    plan = await _open(conn, firm, plan_id)
    if plan["row_version"] != version:
        raise Stale("这份一企一策刚刚被别人改过；您填写的内容还在，请对照现在的内容再保存。")
    kept = [step.id for step in entry.steps if step.id]
    undone = FirmPlanStep.plan_id == plan_id, FirmPlanStep.done_at.is_(None)
    known = set((await conn.execute(select(FirmPlanStep.id).where(*undone))).scalars())
    if not known.issuperset(kept):
        raise Stale("其中一步已被别人标为完成或删去；请对照现在的内容再保存。")
    await conn.execute(delete(FirmPlanStep).where(*undone, FirmPlanStep.id.not_in(kept)))
    for place, step in enumerate(entry.steps):
        if step.id:
            values = {"action": step.action, "condition": step.condition, "due_on": step.due_on, "position": place}
            await conn.execute(update(FirmPlanStep).where(FirmPlanStep.id == step.id).values(values))
    await _add_steps(conn, plan_id, [step for step in entry.steps if step.id is None], first=len(kept))
    changes = {"filing_on": entry.filing_on, "officer_id": entry.officer_id, "note": entry.note}
    await _change(conn, plan_id, changes, at=at)
    said = {"filing_on": entry.filing_on, "steps": len(entry.steps)}
    await _record(conn, firm, "changed", plan["title"], said, by=by, at=at)


async def mark_step(
    conn: Conn, firm: FirmDetail, plan_id: uuid.UUID, step_id: uuid.UUID, *, done: bool, by: Actor, at: datetime
) -> bool:
    """Done, or not done after all. False when it was so already: a second click changes nothing."""
    plan = await _open(conn, firm, plan_id)
    mine = FirmPlanStep.id == step_id, FirmPlanStep.plan_id == plan_id
    step = (await conn.execute(select(FirmPlanStep.action, FirmPlanStep.done_at).where(*mine))).one_or_none()
    if step is None:
        raise NotFound
    if (step.done_at is not None) is done:
        return False
    values = {
        "done_at": at if done else None,
        "done_by": by.viewer.id if done else None,
        "doer_name": by.viewer.name if done else "",
    }
    await conn.execute(update(FirmPlanStep).where(*mine).values(values))
    await _change(conn, plan_id, {}, at=at)
    await _record(
        conn, firm, "step_done" if done else "step_undone", plan["title"], {"step": step.action}, by=by, at=at
    )
    return True


async def close_plan(
    conn: Conn, firm: FirmDetail, plan_id: uuid.UUID, *, state: PlanState, reason: str, by: Actor, at: datetime
) -> None:
    plan = await _open(conn, firm, plan_id)
    await _change(conn, plan_id, {"state": state.value, "closed_at": at, "closed_reason": reason}, at=at)
    await _record(conn, firm, "closed", plan["title"], {"state": state.label, "reason": reason}, by=by, at=at)


async def _open(conn: Conn, firm: FirmDetail, plan_id: uuid.UUID) -> dict[str, Any]:
    """The plan under its row lock. Raises NotFound, and Conflict for one that is over."""
    query = (
        select(FirmPlan.title, FirmPlan.state, FirmPlan.row_version)
        .where(FirmPlan.id == plan_id, FirmPlan.firm_id == firm.id)
        .with_for_update()
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound
    if row["state"] != PlanState.OPEN:
        raise Conflict(f"这份一企一策{PlanState(row['state']).label}，不能再改；需要时另立一份。")
    return dict(row)


async def _change(conn: Conn, plan_id: uuid.UUID, values: Mapping[str, Any], *, at: datetime) -> None:
    changes = {**values, "changed_at": at, "row_version": FirmPlan.row_version + 1}
    await conn.execute(update(FirmPlan).where(FirmPlan.id == plan_id).values(changes))


async def _add_steps(conn: Conn, plan_id: uuid.UUID, steps: Sequence[StepEntry], *, first: int) -> None:
    rows = [
        {
            "id": new_id(),
            "plan_id": plan_id,
            "position": first + place,
            "action": step.action,
            "condition": step.condition,
            "due_on": step.due_on,
        }
        for place, step in enumerate(steps)
    ]
    if rows:
        await conn.execute(insert(FirmPlanStep), rows)


async def _record(
    conn: Conn, firm: FirmDetail, what: str, title: str, said: Mapping[str, Any], *, by: Actor, at: datetime
) -> None:
    after = {"plan": title, **{key: value if isinstance(value, int) else str(value) for key, value in said.items()}}
    row = event_row(
        f"firm:plan:{what}", by=by, at=at, object_type="firm", object_id=firm.id, object_label=firm.name, after=after
    )
    await record(conn, row)
