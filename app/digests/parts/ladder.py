"""How many stand where, and who came into the registry."""

from collections.abc import Sequence

from sqlalchemy import func, null, or_, select

from app.digests.frames import Frame, facts, firms, in_registry, standing
from app.digests.terms import Facts, Listing, Shares, Words
from app.firms.models import Firm


def tiers(frame: Frame) -> Sequence[Listing]:
    """Together they are the registry: everybody stands on a tier or on none.

    Who was entered after the week is in it only where a move that was recorded later says so.
    """
    source, tier, since = standing(frame)
    whole = (
        select(Firm.uscc, Firm.name, Firm.region_code.label("region"), facts(since=since))
        .select_from(source)
        .where(*in_registry(frame), or_(Firm.created_at < frame.ends, tier.is_not(None)))
    )
    ranked = [(t.code, t.label, tier == t.code) for t in frame.ladder.tiers]
    shares = Shares(whole, func.concat("tier-", func.coalesce(tier, "none")))
    return [
        Listing(
            f"tier-{code}",
            label,
            whole.where(condition),
            (since, Firm.id),
            _since,
            frame.list_of(tier=code),
            shown=0,
            good=None if code == "none" else True,
            shares=shares,
        )
        for code, label, condition in [*ranked, ("none", "未入梯队", tier.is_(None))]
    ]


def _since(of: Facts, words: Words) -> str:
    return f"{of['since']} 起" if of.get("since") else ""


def entered(frame: Frame) -> Sequence[Listing]:
    query = firms(of={"at": Firm.created_at, "industry": Firm.industry_code, "tier": _then(frame)}).where(
        *in_registry(frame), Firm.created_at >= frame.begins, Firm.created_at < frame.ends
    )
    return [Listing("new", "新入库企业", query, (Firm.created_at, Firm.id), _entered)]


def _then(frame: Frame) -> object:
    return Firm.tier if frame.moment.fresh else null()


def _entered(of: Facts, words: Words) -> str:
    on = f"{str(of['at'])[:10]} 入库"
    return f"{on}，{words.tier(of['tier'])}" if of.get("tier") else on
