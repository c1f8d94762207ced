"""What differs from the digest of the week before, and why: who changed tier, who came onto a list, who left it."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, Text, and_, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import JSONB

from app.digests.frames import Frame, facts
from app.digests.models import DigestList
from app.digests.parts.moved import changed, say_move
from app.digests.parts.standing import near, near_any, stuck
from app.digests.terms import Facts, Listing, Words
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER, FirmStatus
from app.pipeline.models import Move
from app.pipeline.terms import MoveKind


def changes(frame: Frame) -> Sequence[Listing]:
    """Nothing can be compared with a week that nobody composed."""
    if frame.before is None:
        return []
    since = changed(frame)
    order = (Move.recorded_at, Move.id)
    (still,) = stuck(frame)
    close = near_any(frame)
    keys = [listing.key for listing in near(frame)]
    return [
        Listing("changed-tier", "换了梯队", since, order, say_move, shown=4),
        _came(frame, "stuck", ["stuck"], "新停滞", still, good=False),
        _went(frame, "stuck", ["stuck"], "不再停滞", still, _why_moving, good=True),
        _came(frame, "near", keys, "新接近达标", close, good=True),
        _went(frame, "near", keys, "不再接近", close, _why_far, good=None),
    ]


def _before(frame: Frame, keys: Sequence[str]) -> Any:
    """Codes on those lists of the week before."""
    each = func.jsonb_array_elements(DigestList.rows, type_=JSONB()).table_valued("value").lateral("each")
    row: Any = literal_column("each.value", JSONB())
    return (
        select(row[0].astext.cast(Text()).label("uscc"))
        .select_from(DigestList.__table__.join(each, true()))
        .where(DigestList.digest_id == frame.before, DigestList.key.in_(keys))
        .distinct()
        .subquery("before")
    )


def _came(frame: Frame, key: str, keys: Sequence[str], label: str, now: Listing, *, good: bool | None) -> Listing:
    new = now.query.where(Firm.uscc.not_in(select(_before(frame, keys).c.uscc)))
    return Listing(f"{key}-came", label, new, now.order, now.say, shown=4, good=good)


def _went(
    frame: Frame,
    key: str,
    keys: Sequence[str],
    label: str,
    now: Listing,
    why: Callable[[Facts, Words], str],
    *,
    good: bool | None,
) -> Listing:
    before = _before(frame, keys)
    latest = (
        select(Move.from_tier, Move.to_tier, Move.kind, Move.effective_on, Move.actor_name, Move.reason)
        .where(
            Move.firm_id == Firm.id,
            Move.ladder == MAIN_LADDER,
            Move.kind != MoveKind.HISTORY.value,
            Move.recorded_at > frame.since,
            Move.recorded_at <= frame.known_at,
        )
        .order_by(Move.recorded_at.desc(), Move.id.desc())
        .limit(1)
        .correlate(Firm)
        .lateral("latest")
    )
    m = latest.c
    told = facts(
        status=Firm.status,
        kind=m.kind,
        **{"from": m.from_tier, "to": m.to_tier, "on": m.effective_on, "by": m.actor_name, "reason": m.reason},
    )
    here: Select[Any] = now.query.with_only_columns(Firm.uscc)
    gone = (
        select(Firm.uscc, Firm.name, Firm.region_code.label("region"), told)
        .select_from(Firm.__table__.join(before, before.c.uscc == Firm.uscc).outerjoin(latest, true()))
        .where(and_(visible_to(frame.viewer), Firm.uscc.not_in(here)))
    )
    return Listing(f"{key}-went", label, gone, (Firm.name_pinyin, Firm.id), why, shown=4, good=good)


def _moved_or_gone(of: Facts, words: Words) -> str:
    if of["status"] != FirmStatus.ACTIVE:
        return f"企业{FirmStatus(of['status']).label}"
    if of.get("kind") == MoveKind.CORRECTION:
        return f"更正：{say_move(of, words)}"
    return f"移动：{say_move(of, words)}" if of.get("kind") else ""


def _why_moving(of: Facts, words: Words) -> str:
    return _moved_or_gone(of, words) or "有了走访、联系或记录，停滞日顺延"


def _why_far(of: Facts, words: Words) -> str:
    return _moved_or_gone(of, words) or "数据、证书或政策有变化，已达标或差得更多"
