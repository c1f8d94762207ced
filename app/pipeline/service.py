"""Moves on the ladder: ask, decide, record. One firm at a time, under its row lock."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update

from app.access.terms import SYSTEM, Actor, Permission, Viewer
from app.assessments.gathering import gather
from app.audit.service import record
from app.clock import business_day
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Waiting
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmDetail, FirmStatus
from app.outbox.writing import notice, post
from app.pipeline.asking import ask, ask_of, refused
from app.pipeline.models import MoveRequest
from app.pipeline.recording import MoveOrder, Recorded, carry_out, lock, moved_by, read_context, stale_on
from app.pipeline.rules import Decision, Verdict, decide, problems, restores, turned
from app.pipeline.terms import Ladder, MoveKind, RequestState, Span, Standing, Tier
from app.policy.facts import Facts
from app.policy.policies import Policies
from app.policy.terms import Assessment
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class MoveOutcome:
    id: uuid.UUID
    waits: bool
    decision: Decision
    standing: Standing


async def move_firm(
    conn: Conn,
    uscc: str,
    order: MoveOrder,
    *,
    ladder: Ladder,
    policies: Policies,
    calendar: Calendar,
    by: Actor,
    at: datetime,
) -> MoveOutcome:
    """Moves a firm, or lays the move before a second person.

    Raises NotFound out of sight, Conflict when somebody moved it first or a request waits, Refused with the
    gate's reasons, Invalid by field; each before anything is written.
    """
    standing = await lock(conn, by.viewer, uscc=uscc)
    context = await read_context(conn, standing.firm_id, ladder.code)
    if standing.tier != order.expected:
        raise Conflict(moved_by(standing, context, ladder))
    target = _target(ladder, order.to)
    day, today = order.effective_on, business_day(at)
    wrong = problems(
        standing,
        target,
        effective_on=day,
        reason=order.reason,
        today=today,
        correction=order.correction,
        previous=context["previous"],
    )
    if wrong:
        raise Invalid(wrong)
    if context["pending"]:
        raise _waits(*context["pending"], by=by)
    facts = await facts_of(conn, standing.firm_id) if target else Facts()
    assessment = policies.assess(target.policy, facts, as_of=day, today=today) if target else None
    decision = decide(
        *(ladder, standing, target, assessment),
        correction=order.correction,
        override=order.override,
        restored=order.correction and restores(standing, target, context["previous"], day),
        approved_by=context["approver"],
    )
    if decision.verdict is Verdict.REFUSED:
        where = f"“{target.label}”" if target else "梯队之外"
        raise Refused(f"{standing.name} 还不能移到{where}。", reasons=decision.reasons)
    move_id = new_id()
    if decision.verdict is Verdict.WAIT:
        asked = ask_of(move_id, standing, order, decision, assessment)
        await ask(conn, [asked], ladder=ladder, by=by, at=at)
    else:
        move = Recorded(move_id, standing, order, decision.kind, assessment, by, None)
        await carry_out(conn, move, ladder=ladder, calendar=calendar, at=at)
    return MoveOutcome(move_id, decision.verdict is Verdict.WAIT, decision, standing)


async def looked_back(conn: Conn, firm: FirmDetail, *, ladder: Ladder) -> tuple[Span | None, str]:
    """The stay that ended when the present one began, and the second person of the move that began it."""
    context = await read_context(conn, firm.id, ladder.code)
    before: Span | None = context["previous"]
    return (before if before and before.until == firm.tier_since else None), context["approver"]


def _waits(name: str, person: str, *, by: Actor) -> Waiting:
    who = "您" if person == str(by.viewer.id) else f"{name} "
    return Waiting(f"{who}已提交一项移动，正待复核；通过或驳回之后才能再移动。")


async def approve(
    conn: Conn,
    request_id: uuid.UUID,
    *,
    ladder: Ladder,
    policies: Policies,
    calendar: Calendar,
    by: Actor,
    at: datetime,
) -> Standing:
    """The second person carries out what the first asked for; the receipt keeps what the firm is judged by now.

    Raises Forbidden for one's own request, Refused when the gate has closed since it was asked.
    """
    row = await _pending(conn, request_id, by.viewer)
    if row["requested_by"] == by.viewer.id:
        raise Forbidden("不能复核自己提交的移动，请由另一位同事复核。")
    standing = await lock(conn, by.viewer, firm_id=row["firm_id"])
    if standing.status != FirmStatus.ACTIVE:
        raise Refused(f"{standing.name} 已不在存续状态，不能在梯队上移动；请驳回这项申请。")
    if standing.tier != row["from_tier"]:
        context = await read_context(conn, standing.firm_id, ladder.code)
        raise Conflict(moved_by(standing, context, ladder))
    assessment = await _judged_again(conn, row, standing, ladder=ladder, policies=policies, today=business_day(at))
    await _decide_request(conn, request_id, RequestState.APPROVED, "", by=by, at=at)
    order = MoveOrder(
        to=row["to_tier"],
        effective_on=row["effective_on"],
        reason=row["reason"],
        expected=row["from_tier"],
        override=row["override_reason"] or "",
        correction=row["kind"] == MoveKind.CORRECTION,
    )
    move = Recorded(
        request_id,
        standing,
        order,
        MoveKind(row["kind"]),
        assessment,
        by,
        (row["requested_by"], row["requester_name"]),
    )
    await carry_out(conn, move, ladder=ladder, calendar=calendar, at=at)
    if row["requested_by"] != standing.officer_id:  # who is told of the move itself
        await _tell(conn, row, standing, "通过了", by=by, at=at)
    return standing


async def _tell(
    conn: Conn, row: dict[str, Any], standing: Standing, did: str, why: str = "", *, by: Actor, at: datetime
) -> None:
    """Whoever asked for the second person's word hears it; a command has no inbox."""
    if row["requested_by"] == SYSTEM.viewer.id:
        return
    said = f"{by.viewer.name}{did}您提交的 {standing.name} 的移动{why and f'：{why}'}"
    whom, key = row["requested_by"], str(row["id"])
    await post(conn, notice("move_decided", key, to=whom, subject=said, uscc=standing.uscc, at=at))


async def _judged_again(
    conn: Conn, row: dict[str, Any], standing: Standing, *, ladder: Ladder, policies: Policies, today: date
) -> Assessment | None:
    tier = ladder.tier(row["to_tier"])
    if tier is None:
        return None
    facts = await facts_of(conn, standing.firm_id)
    now = policies.assess(tier.policy, facts, as_of=row["effective_on"], today=today)
    upwards = row["kind"] in (MoveKind.ENTRY, MoveKind.PROMOTION)
    if upwards and not row["override_reason"] and turned(row["assessment"].get("outcome"), now):
        raise Refused(
            f"{standing.name} 提交时可以移到“{tier.label}”，现在不再符合；请驳回，由提交人看过之后重新提交。",
            reasons=now.sentences,
        )
    return now


async def reject(conn: Conn, request_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> Standing:
    """The second person says no, or the first takes the request back; either way with a reason."""
    if not reason.strip():
        raise Invalid({"reason": "请写明驳回的理由，提交人会看到。"})
    row = await _pending(conn, request_id, by.viewer)
    if row["requested_by"] != by.viewer.id and not by.viewer.may(Permission.MOVE_APPROVE):
        raise Forbidden("只能撤回自己提交的移动。")
    standing = await lock(conn, by.viewer, firm_id=row["firm_id"])
    await _decide_request(conn, request_id, RequestState.REJECTED, reason, by=by, at=at)
    await record(conn, refused(standing.firm_id, standing.name, row["to_tier"], reason, by=by, at=at))
    if row["requested_by"] != by.viewer.id:
        await _tell(conn, row, standing, "驳回了", reason, by=by, at=at)
    return standing


async def facts_of(conn: Conn, firm_id: uuid.UUID) -> Facts:
    """A firm's facts as its gates will see them, for showing each tier's answer before anybody moves it."""
    return (await gather(conn, [firm_id]))[firm_id].facts


async def touch(
    conn: Conn, firm_id: uuid.UUID, *, ladder: Ladder, calendar: Calendar, at: datetime, on: date | None = None
) -> None:
    """A contact with the firm begins the stale count anew; one told of late, from its own day, and never backwards."""
    tier_code = (await conn.execute(select(Firm.tier).where(Firm.id == firm_id))).scalar_one()
    tier = ladder.tier(tier_code)
    if tier is not None:
        due = stale_on(tier, on or business_day(at), calendar)
        later = func.greatest(Firm.stale_on, due) if on else due
        # A move that came in between has begun a count of its own; this one is for the tier that was read.
        await conn.execute(update(Firm).where(Firm.id == firm_id, Firm.tier == tier_code).values(stale_on=later))


def _target(ladder: Ladder, code: str | None) -> Tier | None:
    if code is None:
        return None
    tier = ladder.tier(code)
    if tier is None:
        raise Invalid({"to": "没有这个梯队。"})
    return tier


async def _pending(conn: Conn, request_id: uuid.UUID, viewer: Viewer) -> dict[str, Any]:
    """Under its lock, and its firm's before it: whoever takes many back holds the firms first, too."""
    query = (
        select(MoveRequest.__table__)
        .join(Firm.__table__, Firm.id == MoveRequest.firm_id)
        .where(MoveRequest.id == request_id, visible_to(viewer))
        .with_for_update(of=[Firm.__table__, MoveRequest.__table__], key_share=True)
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound
    if row["state"] != RequestState.PENDING:
        state = RequestState(row["state"]).label
        raise Conflict(f"{row['decider_name']} {state.removeprefix('已')}了这项移动，不必再办。")
    return dict(row)


async def _decide_request(
    conn: Conn, request_id: uuid.UUID, state: RequestState, reason: str, *, by: Actor, at: datetime
) -> None:
    await conn.execute(
        update(MoveRequest)
        .where(MoveRequest.id == request_id)
        .values(
            state=state.value,
            decided_by=by.viewer.id,
            decider_name=by.viewer.name,
            decided_at=at,
            decision_reason=reason or None,
        )
    )
