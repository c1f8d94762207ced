"""Reads of the board: counts, cards and figures per tier."""

import uuid
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    union_all,
)

from app.access.terms import Permission, Role, Viewer
from app.assessments.models import FirmAssessment
from app.assessments.queries import ANSWER, answer_of
from app.assessments.terms import KeptAnswer
from app.db import Conn
from app.firms.filtering import Shape, Sight, below, matching, shape_of, sight_of, sight_values, values_of
from app.firms.models import Firm, TierCount, TierCountDelta
from app.firms.queries import SHAPES, count_firms
from app.firms.terms import FirmFilter, Near
from app.pipeline import deadlines
from app.pipeline.deadlines import Dated
from app.pipeline.models import Move, MoveRequest
from app.pipeline.terms import Deadline, Ladder, Tier
from app.statements import Kept

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
    answer: KeptAnswer | None = None  # of the policy that is asked about, else of the next step's
    due: Deadline | None = None
    waits: bool = False  # a move of it lies before a second person


@dataclass(frozen=True, slots=True)
class ColumnStats:
    """Figures that may lag a minute: how many stand still, and how long a firm in the middle has stood here, how many
    are near to the next step, and how many came here against the conditions."""

    stale: int
    median_days: int | None
    near: int = 0
    overridden: int = 0


def columns_shown(ladder: Ladder, filters: FirmFilter) -> tuple[Tier, ...]:
    """A tier in the filter narrows the board to its column; one that does not exist leaves none."""
    return tuple(t for t in ladder.tiers if filters.tier in ("", t.code))


def counters_answer(filters: FirmFilter, viewer: Viewer) -> bool:
    """True when the maintained counters give this filter's counts: they know tier and division, nothing else."""
    plain = FirmFilter(tier=filters.tier, region=filters.region)
    return filters == plain and viewer.role is not Role.FIRM


async def tier_counts(conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date) -> dict[str, int]:
    """Active firms per tier; "" counts those on no tier. Exact at any moment, from counters where they suffice."""
    sight, shape = sight_of(viewer), shape_of(filters)
    query = _counters(sight, shape.region) if counters_answer(filters, viewer) else _live_counts(sight, shape)
    rows = await conn.execute(query, values_of(filters, viewer, vault=conn.vault, today=today))
    counts = {tier or "": int(n) for tier, n in rows}
    return {t: n for t, n in counts.items() if not filters.tier or filters.tier in (t, "none" if t == "" else t)}


@lru_cache(maxsize=16)
def _counters(sight: Sight, region: str) -> Kept:
    tables: tuple[Any, ...] = (TierCount, TierCountDelta)
    sums = []
    for table in tables:
        conditions = [below(table.region_code, sight.bound, "sight") if sight.bound else false()]
        if region:
            conditions.append(below(table.region_code, region, "region"))
        sums.append(select(table.tier, table.n).where(*conditions))
    both = union_all(*sums).subquery()
    return Kept(select(both.c.tier, func.sum(both.c.n)).group_by(both.c.tier))


@lru_cache(maxsize=SHAPES)
def _live_counts(sight: Sight, shape: Shape) -> Kept:
    columns: tuple[Any, ...] = (Firm.tier, func.count())
    return Kept(select(*columns).where(*matching(sight, shape)).group_by(Firm.tier))


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
    conn: Conn,
    ladder: Ladder,
    tiers: tuple[Tier, ...],
    filters: FirmFilter,
    *,
    viewer: Viewer,
    today: date,
    limit: int = CARDS,
) -> dict[str, list[Card]]:
    """The first cards of every column in one round trip, longest on the tier first; one more than `limit` tells
    that there is more."""
    if not tiers:
        return {}
    query = _columns(
        sight_of(viewer),
        shape_of(filters),
        tuple((t.code, filters.policy or sought_from(ladder, t.code)) for t in tiers),
        limit + 1,
    )
    values = _card_values(conn, filters, viewer, today)
    cards: dict[str, list[Card]] = {t.code: [] for t in tiers}
    for row in (await conn.execute(query, values)).all():
        cards[row.tier].append(_card(row))
    return cards


def sought_from(ladder: Ladder, tier: str) -> str:
    """The policy that leads on from a tier; "" on the highest."""
    following = ladder.above(tier)
    return following.sought if following else ""


def _card_values(conn: Conn, filters: FirmFilter, viewer: Viewer, today: date) -> dict[str, Any]:
    due = deadlines.values(today=today, internal=viewer.may(Permission.FIRM_INTERNAL))
    return values_of(filters, viewer, vault=conn.vault, today=today) | due


def _card(row: Any) -> Card:
    plain = len(_CARD_COLUMNS)
    answered = plain + len(ANSWER)
    answer = answer_of(row[plain:answered]) if row[plain] else None
    return Card(*(*row[:plain], answer, deadlines.of_row(row[answered:-1]), row[-1]))


def _column(sight: Sight, shape: Shape, tier: ColumnElement[str], rows: int) -> Select[Any]:
    """`rows` stands in the text: a plan for any number of cards would look everybody's dates up at once."""
    query = select(*_CARD_COLUMNS, Firm.next_touch_on).where(*matching(sight, shape), Firm.tier == tier)
    return query.order_by(Firm.tier_since, Firm.id).limit(literal_column(f"{rows}"))


def _answered(cards: Select[Any], policy: ColumnElement[str]) -> Select[Any]:
    """The cards with their answers, which are looked up after the cards have been chosen."""
    chosen = cards.subquery()
    joined = chosen.outerjoin(
        FirmAssessment.__table__, and_(FirmAssessment.firm_id == chosen.c.id, FirmAssessment.policy == policy)
    )
    shown = select(*chosen.c, *ANSWER, policy.label("sought")).select_from(joined)
    return shown.order_by(chosen.c.tier_since, chosen.c.id)


def _dated(cards: Any) -> Kept:
    """With the next date of each, and whether it waits: once for all columns, as a plan for each would cost more."""
    card = cards.subquery("card")
    shown = [card.c[one.key] for one in (*_CARD_COLUMNS, *ANSWER)]
    c = card.c
    firm = Dated(card, c.id, c.tier, c.region_code, c.next_touch_on, c.sought, deadlines.close(c))
    # Written out, so that the index of what waits serves.
    asked: Select[Any] = select(literal_column("1")).where(
        MoveRequest.firm_id == c.id, text("move_requests.state = 'pending'")
    )
    # As on the firm's own page: what waits is the bureau's own.
    waits = and_(deadlines.INTERNAL, asked.exists()).label("waits")
    return Kept(select(*shown, *deadlines.columns(firm), waits))


@lru_cache(maxsize=SHAPES)
def _columns(sight: Sight, shape: Shape, tiers: tuple[tuple[str, str], ...], rows: int) -> Kept:
    columns = (_answered(_column(sight, shape, literal(tier), rows), literal(policy)) for tier, policy in tiers)
    return _dated(union_all(*(column.subquery().select() for column in columns)))


@lru_cache(maxsize=SHAPES)
def _one_column(sight: Sight, shape: Shape, following: bool, rows: int) -> Kept:
    query = _column(sight, shape, bindparam("column", type_=Text()), rows)
    if following:
        last = tuple_(bindparam("after_since", type_=Date()), bindparam("after_id", type_=Uuid()))
        query = query.where(tuple_(Firm.tier_since, Firm.id) > last)
    return _dated(_answered(query, bindparam("next_policy", type_=Text())))


async def column_cards(
    conn: Conn,
    ladder: Ladder,
    tier: str,
    filters: FirmFilter,
    *,
    viewer: Viewer,
    today: date,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = CARDS,
) -> list[Card]:
    values = {**_card_values(conn, filters, viewer, today), "column": tier}
    values["next_policy"] = filters.policy or sought_from(ladder, tier)
    if after:
        values["after_since"], values["after_id"] = after
    query = _one_column(sight_of(viewer), shape_of(filters), after is not None, limit + 1)
    return [_card(row) for row in (await conn.execute(query, values)).all()]


def stats_key(filters: FirmFilter, viewer: Viewer, today: date) -> tuple[Any, ...]:
    """Whose figures these are: two who see the same firms share them, and nobody else does."""
    return (sight_of(viewer), *sight_values(viewer).values(), filters, today)


async def column_stats(
    conn: Conn, ladder: Ladder, filters: FirmFilter, *, viewer: Viewer, today: date
) -> dict[str, ColumnStats]:
    """Reads every matching firm, so callers keep the answer for a while and say from when it is."""
    query = (
        select(
            Firm.tier,
            func.count().filter(Firm.stale_on <= bindparam("today")),
            func.percentile_disc(0.5).within_group(Firm.tier_since),
        )
        .where(*matching(sight_of(viewer), shape_of(filters)), Firm.tier.is_not(None))
        .group_by(Firm.tier)
    )
    rows = (await conn.execute(query, values_of(filters, viewer, vault=conn.vault, today=today))).all()
    overridden = await _overridden(conn, filters, viewer=viewer, today=today)
    stats = {}
    for tier, stale, middle in rows:
        close = near_to_next(ladder, tier, filters)
        near = await count_firms(conn, close, viewer=viewer, today=today, limit=None) if close else 0
        median = (today - middle).days if middle else None
        stats[tier] = ColumnStats(stale, median, near, overridden.get(tier, 0))
    return stats


def near_to_next(ladder: Ladder, tier: str, filters: FirmFilter) -> FirmFilter | None:
    """The list of a column's firms that miss few conditions of the next step; None where another policy is asked."""
    policy = sought_from(ladder, tier)
    if not policy or filters.policy:
        return None
    return replace(filters, tier=tier, policy=policy, near=Near.TWO.value)


async def _overridden(conn: Conn, filters: FirmFilter, *, viewer: Viewer, today: date) -> dict[str, int]:
    """Firms that stand where a move against the conditions brought them."""
    brought = and_(Move.firm_id == Firm.id, Move.to_tier == Firm.tier, Move.effective_on == Firm.tier_since)
    query = (
        select(Firm.tier, func.count(Firm.id.distinct()))
        .join(Move, brought)
        .where(*matching(sight_of(viewer), shape_of(filters)), Move.override_reason.is_not(None))
        .group_by(Firm.tier)
    )
    rows = await conn.execute(query, values_of(filters, viewer, vault=conn.vault, today=today))
    return {tier: n for tier, n in rows if tier is not None}


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
