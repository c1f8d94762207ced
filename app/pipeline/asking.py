"""Moves laid before a second person: one from a dialog, many from a roster, and taken back with the roster."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import any_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn
from app.firms.models import Firm
from app.pipeline.models import MoveRequest
from app.pipeline.recording import MoveOrder
from app.pipeline.rules import Decision
from app.pipeline.terms import Ladder, MoveKind, RequestState, Standing
from app.policy.terms import Assessment

_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_PENDING = MoveRequest.state == RequestState.PENDING.value


@dataclass(frozen=True, slots=True)
class Ask:
    """`why` says in words what a second person is needed for."""

    id: uuid.UUID
    firm_id: uuid.UUID
    firm_name: str
    from_tier: str | None
    to_tier: str | None
    kind: MoveKind
    effective_on: date
    reason: str
    why: tuple[str, ...]
    assessment: Assessment | None
    override: str = ""


def ask_of(
    move_id: uuid.UUID, standing: Standing, order: MoveOrder, decision: Decision, assessment: Assessment | None
) -> Ask:
    return Ask(
        move_id,
        standing.firm_id,
        standing.name,
        standing.tier,
        order.to,
        decision.kind,
        order.effective_on,
        order.reason.strip(),
        decision.reasons,
        assessment,
        order.override.strip(),
    )


async def ask(conn: Conn, asks: Sequence[Ask], *, ladder: Ladder, by: Actor, at: datetime) -> None:
    """The caller has locked the firms and knows that nothing waits for them yet."""
    if not asks:
        return
    rows = [
        {
            "id": a.id,
            "firm_id": a.firm_id,
            "ladder": ladder.code,
            "from_tier": a.from_tier,
            "to_tier": a.to_tier,
            "kind": a.kind.value,
            "effective_on": a.effective_on,
            "reason": a.reason,
            "override_reason": a.override or None,
            "assessment": a.assessment.to_json() if a.assessment else {},
            "requested_by": by.viewer.id,
            "requester_name": by.viewer.name,
            "requested_at": at,
        }
        for a in asks
    ]
    await conn.execute(insert(MoveRequest), rows)
    await record(
        conn,
        *(
            event_row(
                "firm:tier:requested",
                by=by,
                at=at,
                object_type="firm",
                object_id=a.firm_id,
                object_label=a.firm_name,
                before={"tier": a.from_tier},
                after={"tier": a.to_tier, "why": list(a.why), "reason": a.reason, "override": a.override},
            )
            for a in asks
        ),
    )


async def waiting(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Firm → the request of it that waits for a second person's word."""
    query = select(MoveRequest.firm_id, MoveRequest.id).where(MoveRequest.firm_id == any_(_IDS), _PENDING)
    return {firm_id: request_id for firm_id, request_id in await conn.execute(query, {"ids": list(firm_ids)})}


async def state_of(conn: Conn, request_id: uuid.UUID) -> RequestState | None:
    """None for what never waited: it was carried out at once."""
    state = (await conn.execute(select(MoveRequest.state).where(MoveRequest.id == request_id))).scalar_one_or_none()
    return RequestState(state) if state else None


async def withdraw_many(conn: Conn, request_ids: Sequence[uuid.UUID], *, reason: str, by: Actor, at: datetime) -> None:
    """Takes back what still waits; what has been decided stays decided."""
    if not request_ids:
        return
    decided = {
        "state": RequestState.REJECTED.value,
        "decided_by": by.viewer.id,
        "decider_name": by.viewer.name,
        "decided_at": at,
        "decision_reason": reason,
    }
    withdrawn = (
        update(MoveRequest)
        .where(MoveRequest.id == any_(_IDS), _PENDING, Firm.id == MoveRequest.firm_id)
        .values(**decided)
        .returning(Firm.id, Firm.name, MoveRequest.to_tier)
    )
    rows = (await conn.execute(withdrawn, {"ids": list(request_ids)})).all()
    await record(conn, *(refused(firm_id, name, to, reason, by=by, at=at) for firm_id, name, to in rows))


def refused(firm_id: uuid.UUID, name: str, to: str | None, reason: str, *, by: Actor, at: datetime) -> dict[str, Any]:
    """What the trail says of a move that a second person, or whoever asked for it, did not let happen."""
    said = {"to": to, "reason": reason}
    return event_row(
        "firm:tier:refused", by=by, at=at, object_type="firm", object_id=firm_id, object_label=name, after=said
    )
