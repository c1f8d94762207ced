"""Who stands still and who is near to the next step. Neither keeps a history: each is told at its own moment only."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, literal, or_

from app.assessments.models import FirmAssessment
from app.digests.frames import Frame, firms, in_registry
from app.digests.terms import Facts, Listing, Words
from app.firms.models import Firm
from app.firms.nearness import reachable, striving
from app.firms.terms import Near
from app.pipeline.board import sought_from

MOST_MISSED = Near.TWO  # as the board counts those who are near


def stuck(frame: Frame) -> Sequence[Listing]:
    query = firms(of={"tier": Firm.tier, "since": Firm.tier_since, "stale": Firm.stale_on}).where(
        *in_registry(frame), Firm.tier.is_not(None), Firm.stale_on <= frame.on
    )
    live = frame.list_of(stale="1")
    return [Listing("stuck", "停滞企业", query, (Firm.stale_on, Firm.id), _say_stuck, live, good=False)]


def _say_stuck(of: Facts, words: Words) -> str:
    return f"在{words.tier(of['tier'])}，{of['since']} 起；{of['stale']} 起停滞"


def near(frame: Frame) -> Sequence[Listing]:
    """By tier, of each the policy that leads on from it: the same lists as the board's."""
    return [
        _near(frame, tier.code, tier.label, policy)
        for tier in frame.ladder.tiers
        if (policy := sought_from(frame.ladder, tier.code))
    ]


def _near(frame: Frame, tier: str, label: str, policy: str) -> Listing:
    a = FirmAssessment
    query = _near_firms(frame, and_(Firm.tier == tier, a.policy == policy))
    order: tuple[Any, ...] = (a.missed, a.shortfall.nulls_last(), Firm.id)
    following = frame.ladder.above(tier)
    words = f"{label}离{following.label if following else ''}最多差 {MOST_MISSED.most} 项"
    live = frame.list_of(tier=tier, policy=policy, near=MOST_MISSED.value)
    return Listing(f"near-{tier}", words, query, order, _say_near, live, shown=4, good=True)


def near_any(frame: Frame) -> Listing:
    """All of them together, whichever step they are near to."""
    a = FirmAssessment
    steps = [(t.code, sought_from(frame.ladder, t.code)) for t in frame.ladder.tiers]
    each = or_(*(and_(Firm.tier == tier, a.policy == policy) for tier, policy in steps if policy))
    return Listing(
        "near", "接近达标", _near_firms(frame, each), (a.missed, a.shortfall.nulls_last(), Firm.id), _say_near
    )


def _near_firms(frame: Frame, step: ColumnElement[bool]) -> Select[Any]:
    a = FirmAssessment
    return (
        firms(of={"tier": Firm.tier, "policy": a.policy, "missed": a.missed, "short": a.shortfall})
        .join(a, a.firm_id == Firm.id)
        .where(*in_registry(frame), step, a.outcome == "not_met", a.missed <= MOST_MISSED.most)
        .where(reachable(a.shortfall), striving(Firm.id, Firm.tier, a.policy, literal(frame.on, Date())))
    )


def _say_near(of: Facts, words: Words) -> str:
    """`short` is how far the farthest missed condition is, as a part of what it asks."""
    far = f"，最远的一项差 {Decimal(str(of['short'])) * 100:.1f}%" if of.get("short") is not None else ""
    return f"差 {of['missed']} 项{far}"
