"""Reads of the board: counts, cards and figures per tier."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, text, tuple_, union_all

from app.access.terms import Role, Viewer
from app.db import Conn
from app.firms.filtering import matching, visible_to, within
from app.firms.models import Firm, TierCount, TierCountDelta
from app.firms.terms import FirmFilter
from app.pipeline.terms import Tier

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
        tables: tuple[Any, ...] = (TierCount, TierCountDelta)
        for table in tables:
            conditions = [_within_scope(table.region_code, viewer.scope)]
            if filters.region.isdigit():
                conditions.append(within(table.region_code, filters.region))
            sums.append(select(table.tier, table.n).where(*conditions))
        both = union_all(*sums).subquery()
        query = select(both.c.tier, func.sum(both.c.n)).group_by(both.c.tier)
    else:
        query = (
            select(Firm.tier, func.count())
            .where(*_board_scope(filters, viewer=viewer, today=today))
            .group_by(Firm.tier)
        )
    counts = {tier or "": int(n) for tier, n in await conn.execute(query)}
    return {t: n for t, n in counts.items() if not filters.tier or filters.tier in (t, "none" if t == "" else t)}


def _within_scope(column: Any, scope: str) -> ColumnElement[bool]:
    return within(column, scope) if scope.isdigit() else false()


_CARD_COLUMNS: tuple[Any, ...] = (
    Firm.id,
    Firm.uscc,
    Firm.name,
    Firm.region_code,
    Firm.park,
    Firm.tier,
    Firm.tier_since,
    Firm.stale_on,
)


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


async def column_stats(conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date) -> dict[str, ColumnStats]:
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
        for tier, stale, middle in await conn.execute(query)
    }


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
