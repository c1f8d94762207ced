"""A move under its row lock: what stands, what the decision needs, and everything the move leaves behind."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select

from app.access.terms import Actor, Viewer
from app.clock import BUSINESS_ZONE, business_day
from app.db import Conn, new_id
from app.errors import NotFound
from app.firms.filtering import Sight, in_sight, sight_of, sight_values
from app.firms.models import Firm
from app.pipeline import statements
from app.pipeline.terms import Ladder, MoveKind, Span, Standing, Tier
from app.policy.terms import Assessment
from app.statements import Kept
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class MoveOrder:
    """What a person asks for. `to` is a tier's code, or None to leave the ladder; `expected` is what they saw."""

    to: str | None
    effective_on: date
    reason: str
    expected: str | None
    override: str = ""
    correction: bool = False


def stale_on(tier: Tier | None, since: date, calendar: Calendar) -> date | None:
    """The day from which a firm counts as standing still, in working days after it arrived or was last touched."""
    if tier is None or tier.stale_working_days is None:
        return None
    return calendar.add_working_days(since, tier.stale_working_days)


@dataclass(frozen=True, slots=True)
class Recorded:
    id: uuid.UUID
    standing: Standing
    order: MoveOrder
    kind: MoveKind
    assessment: Assessment | dict[str, Any] | None
    by: Actor
    requester: tuple[uuid.UUID, str] | None  # set when `by` is the second person


async def carry_out(conn: Conn, move: Recorded, *, ladder: Ladder, calendar: Calendar, at: datetime) -> None:
    order, standing = move.order, move.standing
    place = statements.CORRECT if move.kind is MoveKind.CORRECTION else statements.PLACE
    await conn.execute(
        place,
        {
            "firm_id": standing.firm_id,
            "placement_id": new_id(),
            "ladder": ladder.code,
            "to_tier": order.to,
            "effective_on": order.effective_on,
        },
    )
    since = await _last_touch(conn, standing.firm_id, order.effective_on, business_day(at))
    due = stale_on(ladder.tier(order.to), since, calendar)
    await conn.execute(statements.RECORD, _traces(move, ladder, due, at))


async def _last_touch(conn: Conn, firm_id: uuid.UUID, effective_on: date, today: date) -> date:
    if effective_on >= today:
        return effective_on
    given = {"firm_id": firm_id, "zone": BUSINESS_ZONE.key}
    spoken: date | None = (await conn.execute(statements.SPOKEN, given)).scalar_one()
    return max(effective_on, spoken) if spoken else effective_on


def _traces(move: Recorded, ladder: Ladder, due: date | None, at: datetime) -> dict[str, Any]:
    """Everything that the move leaves behind: the event, the firm's shortcut columns, audit and outbox."""
    order, standing = move.order, move.standing
    actor_id, actor_name = move.requester or (move.by.viewer.id, move.by.viewer.name)
    assessment = move.assessment.to_json() if isinstance(move.assessment, Assessment) else move.assessment
    audit = move.by.audit_fields
    after = {"tier": order.to, "effective_on": order.effective_on.isoformat(), "kind": move.kind.value}
    event = {
        "id": move.id,
        "firm_id": standing.firm_id,
        "ladder": ladder.code,
        "from_tier": standing.tier,
        "to_tier": order.to,
        "kind": move.kind.value,
        "effective_on": order.effective_on,
        "at": at,
        "actor_id": actor_id,
        "actor_name": actor_name,
        "approver_id": move.by.viewer.id if move.requester else None,
        "approver_name": move.by.viewer.name if move.requester else None,
        "reason": order.reason.strip(),
        "override_reason": order.override.strip() or None,
        "assessment": assessment or {},
    }
    firm = {
        "tier_since": order.effective_on if order.to else None,
        "stale_on": due,
    }
    trail = {
        "audit_id": new_id(),
        "audit_actor_id": audit["actor_id"],
        "audit_actor_name": audit["actor_name"],
        **{name: audit[name] for name in ("actor_role", "ip", "session_id", "request_id")},
        "object_id": str(standing.firm_id),
        "firm_name": standing.name,
        "before": {"tier": standing.tier},
        "after": after,
    }
    message = {
        "outbox_id": new_id(),
        "dedup_key": f"tier_moved:{move.id}",
        "recipient_id": standing.officer_id,
        "mover_id": move.by.viewer.id,
        "payload": {"uscc": standing.uscc, "name": standing.name, "from": standing.tier, "by": actor_name, **after},
        # What one has just done oneself is no news.
        "read_at": at if standing.officer_id == move.by.viewer.id else None,
    }
    return {**event, **firm, **trail, **message}


async def lock(conn: Conn, viewer: Viewer, *, uscc: str | None = None, firm_id: uuid.UUID | None = None) -> Standing:
    query = _lock(sight_of(viewer), by_code=bool(uscc))
    row = (await conn.execute(query, {**sight_values(viewer), "wanted": uscc or firm_id})).one_or_none()
    if row is None:
        raise NotFound
    return Standing(*row)


_STANDING: tuple[Any, ...] = (
    Firm.id,
    Firm.uscc,
    Firm.name,
    Firm.region_code,
    Firm.status,
    Firm.officer_id,
    Firm.tier,
    Firm.tier_since,
)


@lru_cache(maxsize=16)
def _lock(sight: Sight, *, by_code: bool) -> Kept:
    """Built once a shape, as the pages' statements are."""
    column = Firm.uscc if by_code else Firm.id
    query = select(*_STANDING).where(column == bindparam("wanted"), in_sight(sight))
    return Kept(query.with_for_update(key_share=True))


async def read_context(conn: Conn, firm_id: uuid.UUID, ladder: str) -> dict[str, Any]:
    """What the decision needs beside the lock, read after it: a waiting request, the last move."""
    row = (await conn.execute(statements.CONTEXT, {"firm_id": firm_id, "ladder": ladder})).one()
    since, until, tier = row.previous or (None, None, "")
    # What began before anybody remembers is no stay that a correction could reach.
    known = Span(date.fromisoformat(since), date.fromisoformat(until), tier) if since and until else None
    approver = row.approver or ""
    return {"pending": row.pending, "last_move": row.last_move, "approver": approver, "previous": known}


def moved_by(standing: Standing, context: dict[str, Any], ladder: Ladder) -> str:
    tier = ladder.tier(standing.tier)
    where = f"“{tier.label}”" if tier else "梯队之外"
    if not context["last_move"]:
        return f"{standing.name} 现在在{where}，与您看到的不同；请刷新后再办。"
    name, moment = context["last_move"]
    when = datetime.fromisoformat(moment).astimezone(BUSINESS_ZONE)
    return f"{name} 已于 {when:%Y-%m-%d %H:%M} 把 {standing.name} 移到{where}；您的移动没有执行。"
