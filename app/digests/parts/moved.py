"""What moved in the week, by the day it took effect; and what was recorded since the last digest about weeks before."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.digests.frames import Frame, firms
from app.digests.terms import Facts, Listing, Words
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER
from app.pipeline.models import Move
from app.pipeline.terms import MoveKind

_ORDER = (Move.effective_on, Move.recorded_at, Move.id)
_KINDS = (
    ("moved-up", "上移", MoveKind.PROMOTION, True),
    ("moved-down", "下移", MoveKind.DEMOTION, False),
    ("moved-in", "进入梯队", MoveKind.ENTRY, True),
    ("moved-out", "退出梯队", MoveKind.EXIT, False),
)
_FACTS = {
    "move": Move.id,
    "from": Move.from_tier,
    "to": Move.to_tier,
    "kind": Move.kind,
    "on": Move.effective_on,
    "at": Move.recorded_at,
    "by": Move.actor_name,
    "second": Move.approver_name,
    "reason": Move.reason,
    "override": Move.override_reason,
}


def moves(*conditions: ColumnElement[bool], frame: Frame, **told: Any) -> Select[Any]:
    """`told`: facts that are another thing than the move's own."""
    return (
        firms(of=_FACTS | told)
        .join(Move, Move.firm_id == Firm.id)
        .where(visible_to(frame.viewer), Move.ladder == MAIN_LADDER, *conditions)
    )


def in_week(frame: Frame) -> ColumnElement[bool]:
    days = Move.effective_on.between(frame.week.monday, frame.week.sunday)
    return and_(days, Move.kind.not_in([MoveKind.CORRECTION.value, MoveKind.HISTORY.value]))


def _later(other: Any, than: Any = Move) -> ColumnElement[bool]:
    here = and_(other.firm_id == than.firm_id, other.ladder == than.ladder)
    return and_(here, tuple_(other.recorded_at, other.id) > tuple_(than.recorded_at, than.id))


def _stood(frame: Frame) -> ColumnElement[bool]:
    """Was neither corrected to another tier since nor undone as of its own day, as `app.pipeline.rules.taken_back`."""
    undoing, between = aliased(Move), aliased(Move)
    corrected = undoing.kind == MoveKind.CORRECTION.value
    undone = and_(undoing.to_tier.is_(None), undoing.effective_on == Move.effective_on)
    arrived = and_(between.to_tier == Move.to_tier, between.kind != MoveKind.HISTORY.value)
    again = exists().where(_later(between), _later(undoing, between), arrived)
    return ~exists().where(
        _later(undoing),
        undoing.recorded_at <= frame.known_at,
        undoing.from_tier == Move.to_tier,
        undoing.to_tier.is_distinct_from(Move.to_tier),
        or_(corrected, undone),
        ~again,
    )


def changed(frame: Frame) -> Select[Any]:
    """Who stands on another tier than the week before, however often it was moved to and fro since."""
    first, last = aliased(Move), aliased(Move)

    def since(move: Any) -> ColumnElement[bool]:
        known = and_(move.recorded_at > frame.since, move.recorded_at <= frame.known_at)
        return and_(known, move.kind != MoveKind.HISTORY.value)

    here = and_(first.firm_id == Move.firm_id, first.ladder == Move.ladder, since(first))
    stood_on = select(first.from_tier).where(here).order_by(first.recorded_at, first.id).limit(1).scalar_subquery()
    no_later = ~exists().where(_later(last), since(last))
    elsewhere = stood_on.is_distinct_from(Move.to_tier)
    return moves(since(Move), no_later, elsewhere, frame=frame, **{"from": stood_on})


def moved(frame: Frame) -> Sequence[Listing]:
    known = and_(Move.recorded_at <= frame.known_at, _stood(frame))
    week = in_week(frame)
    found = [
        Listing(key, label, moves(week, known, Move.kind == kind.value, frame=frame), _ORDER, say_move, good=good)
        for key, label, kind, good in _KINDS
    ]
    overridden = moves(week, known, Move.override_reason.is_not(None), frame=frame)
    return [*found, Listing("overridden", "其中越过条件", overridden, _ORDER, say_override, good=False)]


def corrections(frame: Frame) -> Sequence[Listing]:
    """What earlier digests could not know: corrections, and moves of weeks that are over."""
    earlier = Move.effective_on < frame.week.monday
    query = moves(
        Move.recorded_at > frame.since,
        Move.recorded_at <= frame.known_at,
        Move.kind != MoveKind.HISTORY.value,  # a list of years ago is no week's news
        or_(Move.kind == MoveKind.CORRECTION.value, earlier),
        frame=frame,
    )
    return [Listing("corrected", "更正与补记", query, _ORDER, say_correction)]


def corrected_since(frame: Frame) -> Listing:
    """What a digest that was kept did not know of its week, and what was set right of what it said."""
    query = moves(
        Move.recorded_at > frame.known_at,
        Move.effective_on.between(frame.week.monday, frame.week.sunday),
        frame=frame,
    )
    return Listing("corrected-since", "发送以后的更正与补记", query, _ORDER, say_correction)


def say_move(of: Facts, words: Words) -> str:
    step = f"{words.tier(of['from'])} → {words.tier(of['to']) if of['to'] else '退出'}"
    who = of["by"] + (f"、{of['second']}复核" if of.get("second") else "")
    reason = f"；{of['reason'].rstrip('。；')}" if of.get("reason") else ""
    return f"{step}（{of['on']}）{reason}；{who}"


def say_override(of: Facts, words: Words) -> str:
    return f"{say_move(of, words)}；越过条件的理由：{of['override']}"


def say_correction(of: Facts, words: Words) -> str:
    kind = "更正" if of["kind"] == MoveKind.CORRECTION else "补记"
    return f"{kind}：{say_move(of, words)}，{str(of['at'])[:10]} 记录"
