"""Reads of the ladder: its tiers, the board, a firm's history, what waits for a second person."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, text, tuple_, union_all

from app.access.terms import Permission, Role, Viewer
from app.db import Conn
from app.firms.models import Firm, TierCount, TierCountDelta
from app.firms.queries import matching, visible_to, within
from app.firms.terms import MAIN_LADDER, FirmFilter
from app.pipeline.models import LadderRow, Move, MoveRequest, Placement, TierRow
from app.pipeline.terms import Ladder, MoveKind, MoveRecord, Tier

CARDS = 30


@dataclass(frozen=True, slots=True)
class Card:
    id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    park: str | None
    tier: str
    since: date
    stale_on: date | None


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """Figures that may lag a minute: how many stand still, and how long a firm in the middle has stood here."""

    stale: int
    median_days: int | None


@dataclass(frozen=True, slots=True)
class PendingMove:
    id: uuid.UUID
    uscc: str
    firm_name: str
    from_tier: str | None
    to_tier: str | None
    requester_name: str
    requested_by: uuid.UUID
    requested_at: datetime
    effective_on: date
    reason: str
    override_reason: str | None
    assessment: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecentMove:
    id: uuid.UUID
    uscc: str
    firm_name: str
    from_tier: str | None
    to_tier: str | None
    kind: MoveKind
    actor_name: str
    recorded_at: datetime
    overridden: bool


async def load_ladders(conn: Conn) -> dict[str, Ladder]:
    tiers: dict[str, list[Tier]] = {}
    query = select(
        TierRow.ladder,
        TierRow.code,
        TierRow.label,
        TierRow.short,
        TierRow.rank,
        TierRow.policy,
        TierRow.expected_months,
        TierRow.stale_working_days,
        TierRow.needs_approval,
        TierRow.source,
    ).order_by(TierRow.ladder, TierRow.rank)
    for row in (await conn.execute(query)).all():
        tiers.setdefault(row.ladder, []).append(Tier(*row))
    ladders = (await conn.execute(select(LadderRow.code, LadderRow.label))).all()
    return {row.code: Ladder(row.code, row.label, tuple(tiers.get(row.code, ()))) for row in ladders}


def _board_scope(filters: FirmFilter, *, viewer: Viewer, today: date) -> list[ColumnElement[bool]]:
    return [visible_to(viewer), *matching(filters, today=today)]


def counters_answer(filters: FirmFilter, viewer: Viewer) -> bool:
    """True when the maintained counters give this filter's counts: they know tier and division, nothing else."""
    plain = FirmFilter(tier=filters.tier, region=filters.region)
    return filters == plain and viewer.role is not Role.FIRM


async def tier_counts(conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date) -> dict[str, int]:
    """Active firms per tier; "" counts those on no tier. Exact at any moment, from counters where they suffice."""
    if counters_answer(filters, viewer):
        sums = []
        for table in (TierCount, TierCountDelta):
            conditions = [_within_scope(table.region_code, viewer.scope)]  # type: ignore[attr-defined]
            if filters.region.isdigit():
                conditions.append(within(table.region_code, filters.region))  # type: ignore[attr-defined]
            sums.append(select(table.tier, table.n).where(*conditions))  # type: ignore[attr-defined]
        both = union_all(*sums).subquery()
        query = select(both.c.tier, func.sum(both.c.n)).group_by(both.c.tier)
    else:
        query = (
            select(func.coalesce(Firm.tier, ""), func.count())
            .where(*_board_scope(filters, viewer=viewer, today=today))
            .group_by(func.coalesce(Firm.tier, ""))
        )
    counts = {tier: int(n) for tier, n in (await conn.execute(query)).tuples()}
    return {t: n for t, n in counts.items() if not filters.tier or filters.tier in (t, "none" if t == "" else t)}


def _within_scope(column: ColumnElement[str], scope: str) -> ColumnElement[bool]:
    return within(column, scope) if scope.isdigit() else false()


_CARD_COLUMNS = (Firm.id, Firm.uscc, Firm.name, Firm.region_code, Firm.park, Firm.tier, Firm.tier_since, Firm.stale_on)


async def board_cards(
    conn: Conn, tiers: tuple[Tier, ...], filters: FirmFilter, *, viewer: Viewer, today: date, limit: int = CARDS
) -> dict[str, list[Card]]:
    """The first cards of every column in one round trip, longest on the tier first; one more than `limit` tells
    that there is more."""
    scope = _board_scope(filters, viewer=viewer, today=today)
    parts = [
        select(*_CARD_COLUMNS)
        .where(*scope, Firm.tier == t.code)
        .order_by(Firm.tier_since, Firm.id)
        .limit(limit + 1)
        .subquery()
        .select()
        for t in tiers
    ]
    cards: dict[str, list[Card]] = {t.code: [] for t in tiers}
    for row in (await conn.execute(union_all(*parts))).all():
        cards[row.tier].append(Card(*row))
    return cards


async def column_cards(
    conn: Conn,
    tier: str,
    filters: FirmFilter,
    *,
    viewer: Viewer,
    today: date,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = CARDS,
) -> list[Card]:
    query = select(*_CARD_COLUMNS).where(*_board_scope(filters, viewer=viewer, today=today), Firm.tier == tier)
    if after:
        query = query.where(tuple_(Firm.tier_since, Firm.id) > after)
    rows = (await conn.execute(query.order_by(Firm.tier_since, Firm.id).limit(limit + 1))).all()
    return [Card(*row) for row in rows]


async def column_stats(
    conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date
) -> dict[str, ColumnStats]:
    """Reads every matching firm, so callers keep the answer for a while and say from when it is."""
    query = (
        select(
            Firm.tier,
            func.count().filter(Firm.stale_on <= today),
            func.percentile_disc(0.5).within_group(Firm.tier_since),
        )
        .where(*_board_scope(filters, viewer=viewer, today=today), Firm.tier.is_not(None))
        .group_by(Firm.tier)
    )
    return {
        tier: ColumnStats(stale, (today - middle).days if middle else None)
        for tier, stale, middle in (await conn.execute(query)).tuples()
    }


async def history(conn: Conn, firm_id: uuid.UUID, *, ladder: str = MAIN_LADDER, limit: int = 200) -> list[MoveRecord]:
    query = (
        select(
            Move.id,
            Move.from_tier,
            Move.to_tier,
            Move.kind,
            Move.effective_on,
            Move.recorded_at,
            Move.actor_name,
            Move.approver_name,
            Move.reason,
            Move.override_reason,
        )
        .where(Move.firm_id == firm_id, Move.ladder == ladder)
        .order_by(Move.recorded_at.desc(), Move.id.desc())
        .limit(limit)
    )
    return [MoveRecord(r[0], r[1], r[2], MoveKind(r[3]), *r[4:]) for r in (await conn.execute(query)).all()]


async def placements_of(
    conn: Conn, firm_id: uuid.UUID, *, ladder: str = MAIN_LADDER
) -> list[tuple[str, date, date | None]]:
    """(tier, from, until) of a firm, oldest first; `until` is the first day no longer on it."""
    query = (
        select(Placement.tier, func.lower(Placement.period), func.upper(Placement.period))
        .where(Placement.firm_id == firm_id, Placement.ladder == ladder)
        .order_by(func.lower(Placement.period))
    )
    return [(tier, since, until) for tier, since, until in (await conn.execute(query)).tuples()]


_PENDING_COLUMNS = (
    MoveRequest.id,
    Firm.uscc,
    Firm.name,
    MoveRequest.from_tier,
    MoveRequest.to_tier,
    MoveRequest.requester_name,
    MoveRequest.requested_by,
    MoveRequest.requested_at,
    MoveRequest.effective_on,
    MoveRequest.reason,
    MoveRequest.override_reason,
    MoveRequest.assessment,
)


async def pending_moves(
    conn: Conn, *, viewer: Viewer, firm_id: uuid.UUID | None = None, limit: int = 50
) -> list[PendingMove]:
    query = (
        select(*_PENDING_COLUMNS)
        .join(Firm, Firm.id == MoveRequest.firm_id)
        .where(visible_to(viewer), text("move_requests.state = 'pending'"))
    )
    if firm_id:
        query = query.where(MoveRequest.firm_id == firm_id)
    elif not viewer.may(Permission.MOVE_APPROVE):
        query = query.where(MoveRequest.requested_by == viewer.id)
    rows = (await conn.execute(query.order_by(MoveRequest.requested_at).limit(limit))).all()
    return [PendingMove(*row) for row in rows]


async def recent_moves(conn: Conn, *, viewer: Viewer, since: datetime, limit: int = 20) -> list[RecentMove]:
    query = (
        select(
            Move.id,
            Firm.uscc,
            Firm.name,
            Move.from_tier,
            Move.to_tier,
            Move.kind,
            Move.actor_name,
            Move.recorded_at,
            Move.override_reason.is_not(None),
        )
        .join(Firm, Firm.id == Move.firm_id)
        .where(visible_to(viewer), Move.recorded_at >= since)
        .order_by(Move.recorded_at.desc())
        .limit(limit)
    )
    rows = (await conn.execute(query)).all()
    return [RecentMove(*r[:5], MoveKind(r[5]), *r[6:]) for r in rows]


@dataclass(frozen=True, slots=True)
class StandingStill:
    uscc: str
    name: str
    tier: str
    since: date
    stale_on: date


async def standing_still(conn: Conn, *, viewer: Viewer, today: date, limit: int) -> list[StandingStill]:
    """An officer's own firms that stand still, longest silence first; everybody's for those who carry no firms."""
    conditions = [visible_to(viewer), text("firms.status = 'active'"), Firm.stale_on <= today]
    if viewer.role is Role.OFFICER:
        conditions.append(Firm.officer_id == viewer.id)
    query = (
        select(Firm.uscc, Firm.name, Firm.tier, Firm.tier_since, Firm.stale_on)
        .where(*conditions)
        .order_by(Firm.stale_on, Firm.id)
        .limit(limit)
    )
    return [StandingStill(*row) for row in (await conn.execute(query)).all()]


async def fold_counts(conn: Conn) -> int:
    """Adds the appended deltas into the counters and removes them; readers see the same sum before and after."""
    result = await conn.execute(
        text(
            """
            WITH taken AS (DELETE FROM tier_count_deltas RETURNING tier, region_code, n),
            summed AS (SELECT tier, region_code, sum(n) AS n FROM taken GROUP BY tier, region_code)
            INSERT INTO tier_counts AS c (tier, region_code, n) SELECT tier, region_code, n FROM summed
            ON CONFLICT (tier, region_code) DO UPDATE SET n = c.n + excluded.n
            """
        )
    )
    return result.rowcount


