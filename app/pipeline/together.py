"""Many firms to one tier: each judged by itself, all of them read at once."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on

from app.access.terms import Actor
from app.assessments.gathering import gather
from app.clock import business_day
from app.db import Conn, new_id
from app.pipeline.asking import ask, ask_of, waiting
from app.pipeline.models import Placement
from app.pipeline.recording import MoveOrder, Recorded, carry_out
from app.pipeline.rules import Decision, Verdict, decide, kind_of, problems
from app.pipeline.terms import Ladder, Span, Standing
from app.policy.facts import Facts
from app.policy.policies import Policies
from app.policy.terms import Assessment
from app.workdays.rules import Calendar

_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_PENDING = "已有一项移动在等第二人复核。"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a move would meet: the gate's word, and the assessment behind it."""

    standing: Standing
    decision: Decision
    assessment: Assessment | None


async def judge_many(
    conn: Conn, standings: Sequence[Standing], order: MoveOrder, *, ladder: Ladder, policies: Policies, at: datetime
) -> dict[uuid.UUID, Seen]:
    """As `move_firm` would answer each of them, without its errors: what is typed wrongly for a firm refuses it.

    The order's `expected` is each firm's own tier here.
    """
    ids, today, target = [s.firm_id for s in standings], business_day(at), ladder.tier(order.to)
    pending, previous = await waiting(conn, ids), await _stays_before(conn, ids, ladder)
    gathered = await gather(conn, ids) if target else {}
    found: dict[uuid.UUID, Seen] = {}
    for standing in standings:
        wrong = problems(
            standing,
            target,
            effective_on=order.effective_on,
            reason=order.reason,
            today=today,
            correction=False,
            previous=previous.get(standing.firm_id),
        )
        if standing.firm_id in pending:
            wrong = {"to": _PENDING}
        assessment = None
        if wrong:
            kind = kind_of(ladder.tier(standing.tier), target, correction=False)
            decision = Decision(Verdict.REFUSED, kind, tuple(wrong.values()))
        else:
            facts = gathered[standing.firm_id].facts if standing.firm_id in gathered else Facts()
            if target:
                assessment = policies.assess(target.policy, facts, as_of=order.effective_on, today=today)
            decision = decide(ladder, standing, target, assessment)
        found[standing.firm_id] = Seen(standing, decision, assessment)
    return found


async def _stays_before(conn: Conn, ids: Sequence[uuid.UUID], ladder: Ladder) -> Mapping[uuid.UUID, Span]:
    """Each firm's last stay that has ended."""
    since, until = func.lower(Placement.period), func.upper(Placement.period)
    query = (
        select(Placement.firm_id, since, until)
        .where(Placement.firm_id == any_(_IDS), Placement.ladder == ladder.code, ~func.upper_inf(Placement.period))
        .ext(distinct_on(Placement.firm_id))
        .order_by(Placement.firm_id, since.desc())
    )
    rows = await conn.execute(query, {"ids": list(ids)})
    return {firm_id: Span(began, ended) for firm_id, began, ended in rows}


async def move_many(
    conn: Conn,
    seen: Sequence[Seen],
    order: MoveOrder,
    *,
    ladder: Ladder,
    calendar: Calendar,
    by: Actor,
    at: datetime,
) -> dict[uuid.UUID, uuid.UUID]:
    """Carries out those that may go and lays those that must wait before a second person: the move's or request's id
    by firm. The caller holds the firms under lock and has judged them since."""
    ids = {s.standing.firm_id: new_id() for s in seen if s.decision.verdict is not Verdict.REFUSED}
    asks = []
    for one in seen:
        standing, decision = one.standing, one.decision
        if decision.verdict is Verdict.GO:
            move = Recorded(ids[standing.firm_id], standing, order, decision.kind, one.assessment, by, None)
            await carry_out(conn, move, ladder=ladder, calendar=calendar, at=at)
        elif decision.verdict is Verdict.WAIT:
            asks.append(ask_of(ids[standing.firm_id], standing, order, decision, one.assessment))
    await ask(conn, asks, ladder=ladder, by=by, at=at)
    return ids
