"""Reads of the kept answers, for pages that show many firms or many policies at once."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.assessments.models import FirmAssessment
from app.assessments.terms import KeptAnswer
from app.db import Conn
from app.policy.terms import Outcome
from app.statements import Kept

ANSWER: tuple[Any, ...] = (
    FirmAssessment.policy,
    FirmAssessment.outcome,
    FirmAssessment.missed,
    FirmAssessment.lacking,
    FirmAssessment.shortfall,
)
_BY_POLICY = Kept(
    select(FirmAssessment.firm_id, *ANSWER).where(
        FirmAssessment.firm_id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
        FirmAssessment.policy == bindparam("policy", type_=Text()),
    )
)
_BY_FIRM = Kept(select(*ANSWER).where(FirmAssessment.firm_id == bindparam("firm_id", type_=Uuid())))


def answer_of(columns: Sequence[Any]) -> KeptAnswer:
    """From the columns of `ANSWER`."""
    policy, outcome, *rest = columns
    return KeptAnswer(policy, Outcome(outcome), *rest)


async def answers_for_policy(conn: Conn, firm_ids: Sequence[uuid.UUID], policy: str) -> dict[uuid.UUID, KeptAnswer]:
    """By firm; one to which the policy does not apply has none."""
    if not firm_ids:
        return {}
    rows = await conn.execute(_BY_POLICY, {"ids": list(firm_ids), "policy": policy})
    return {row[0]: answer_of(row[1:]) for row in rows}


async def answers_for_firm(conn: Conn, firm_id: uuid.UUID) -> dict[str, KeptAnswer]:
    """By policy."""
    return {row[0]: answer_of(row) for row in await conn.execute(_BY_FIRM, {"firm_id": firm_id})}
