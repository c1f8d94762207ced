"""Reads of firms' own plans (一企一策). The caller has looked the firm up in its viewer's sight."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, case, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.access.models import User
from app.assessments.models import FirmPlan, FirmPlanStep
from app.assessments.terms import Plan, PlanState, PlanStep
from app.db import Conn
from app.statements import Kept

_STEPS = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(
                    FirmPlanStep.id,
                    FirmPlanStep.action,
                    FirmPlanStep.condition,
                    FirmPlanStep.due_on,
                    FirmPlanStep.done_at,
                    FirmPlanStep.doer_name,
                ),
                FirmPlanStep.due_on,
                FirmPlanStep.position,
            )
        )
    )
    .where(FirmPlanStep.plan_id == FirmPlan.id)
    .correlate(FirmPlan)
    .scalar_subquery()
)
_PLANS: Any = (
    select(
        FirmPlan.id,
        FirmPlan.policy,
        FirmPlan.title,
        FirmPlan.filing_on,
        FirmPlan.officer_id,
        func.coalesce(User.name, ""),
        FirmPlan.note,
        FirmPlan.state,
        FirmPlan.row_version,
        FirmPlan.basis,
        FirmPlan.author_name,
        FirmPlan.created_at,
        FirmPlan.closed_at,
        FirmPlan.closed_reason,
        _STEPS.label("steps"),
    )
    .outerjoin(User, User.id == FirmPlan.officer_id)
    .where(FirmPlan.firm_id == bindparam("firm_id", type_=Uuid()))
)
_ALL = Kept(_PLANS.order_by(case((FirmPlan.state == "open", 0), else_=1), FirmPlan.created_at.desc()))
_ONE = Kept(_PLANS.where(FirmPlan.id == bindparam("plan_id", type_=Uuid())))


async def plans_of(conn: Conn, firm_id: uuid.UUID) -> list[Plan]:
    """Open ones first, then the newest."""
    return [_plan(row) for row in await conn.execute(_ALL, {"firm_id": firm_id})]


async def plan_of(conn: Conn, firm_id: uuid.UUID, plan_id: uuid.UUID) -> Plan | None:
    row = (await conn.execute(_ONE, {"firm_id": firm_id, "plan_id": plan_id})).one_or_none()
    return _plan(row) if row is not None else None


def _plan(row: Any) -> Plan:
    return Plan(*(*row[:7], PlanState(row[7]), *row[8:14], tuple(_step(*step) for step in row[14] or ())))


def _step(step_id: str, action: str, condition: str, due_on: str, done_at: str | None, doer: str) -> PlanStep:
    done = datetime.fromisoformat(done_at) if done_at else None
    return PlanStep(uuid.UUID(step_id), action, condition, date.fromisoformat(due_on), done, doer)


async def planned(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the firms that somebody has made a plan for."""
    query = select(FirmPlan.firm_id).where(FirmPlan.firm_id == any_(bindparam("ids", type_=ARRAY(Uuid()))))
    return set((await conn.execute(query, {"ids": list(firm_ids)})).scalars())
