"""Decisions about a move on plain facts: what kind it is, whether it may go, must wait, or is refused."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.labels import Labelled
from app.pipeline.terms import Ladder, MoveKind, MoveRecord, Span, Standing, Tier
from app.policy.terms import Assessment, Outcome


class Verdict(Labelled):
    GO = "go", "可移动"
    WAIT = "wait", "需第二人复核"
    REFUSED = "refused", "不能移动"


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    kind: MoveKind
    reasons: tuple[str, ...] = ()


def kind_of(current: Tier | None, target: Tier | None, *, correction: bool) -> MoveKind:
    if correction:
        return MoveKind.CORRECTION
    if current is None:
        return MoveKind.ENTRY
    if target is None:
        return MoveKind.EXIT
    return MoveKind.PROMOTION if target.rank > current.rank else MoveKind.DEMOTION


def problems(
    standing: Standing,
    target: Tier | None,
    *,
    effective_on: date,
    reason: str,
    today: date,
    correction: bool,
    previous: Span | None = None,
) -> dict[str, str]:
    """What the person typed wrongly, by field; empty when the request makes sense."""
    found: dict[str, str] = {}
    if not reason.strip():
        found["reason"] = "请写明理由，理由会留在移动记录里。"
    if effective_on > today:
        found["effective_on"] = "生效日期不能晚于今天；到那天再移动。"
    elif standing.since and effective_on < standing.since and not correction:
        found["effective_on"] = f"企业自 {standing.since} 起在当前梯队，生效日期不能更早；原记录有误时请选“更正”。"
    elif standing.since is None and previous and effective_on < previous.until:
        found["effective_on"] = f"企业 {previous.until} 才离开上一个梯队，生效日期不能更早。"
    elif correction and (sentence := _reaches_too_far(standing, target, previous, effective_on)):
        found["effective_on"] = sentence
    if standing.tier is None and (target is None or correction):
        found["to"] = "企业还不在梯队上，请选择要进入的梯队。"
    elif target is not None and target.code == standing.tier and not correction:
        found["to"] = f"企业已经在“{target.label}”。"
    return found


def restores(standing: Standing, target: Tier | None, previous: Span | None, day: date) -> bool:
    """A correction to the stay before, from its own first day: as if the last move had never been."""
    return (
        target is not None
        and previous is not None
        and previous.until == standing.since
        and (previous.tier, previous.since) == (target.code, day)
    )


def _reaches_too_far(standing: Standing, target: Tier | None, previous: Span | None, day: date) -> str:
    """A correction moves the boundary to the stay before, which keeps at least its first day."""
    if previous is None or restores(standing, target, previous, day):
        return ""
    if previous.until == standing.since:
        told = f"企业自 {previous.since} 起在上一个梯队，更正的日期要晚于这一天；要恢复到上一个梯队，请写这一天。"
        return told if day <= previous.since else ""
    return f"企业 {previous.until} 才离开上一个梯队，更正的日期不能更早。" if day < previous.until else ""


def stands_against(assessment: Assessment) -> bool:
    """A condition that is missed, or an official one that cannot be checked.

    Missing data does not fail a rule that is only ours (系统默认参考规则): a person judges, with a reason, and the
    receipt says what was missing.
    """
    return assessment.outcome is Outcome.NOT_MET or (assessment.outcome is Outcome.UNKNOWN and assessment.official)


def decide(
    ladder: Ladder,
    standing: Standing,
    target: Tier | None,
    assessment: Assessment | None,
    *,
    correction: bool = False,
    override: str = "",
    restored: bool = False,
    approved_by: str = "",
) -> Decision:
    """One step at a time; skipping a step, going against a gate, and tiers that say so need a second person.

    `restored`: put back where it stood, which it need not earn again. `approved_by`: the second person of the move
    that is corrected; what two agreed on, one alone does not rewrite.
    """
    current = ladder.tier(standing.tier)
    kind = kind_of(current, target, correction=correction)
    # Whoever is gone may still be taken off the ladder, and nothing else.
    if standing.status != "active" and target is not None:
        return Decision(Verdict.REFUSED, kind, ("企业已不在存续状态，不能在梯队上移动。",))
    waits: list[str] = []
    if correction and approved_by and standing.status == "active" and (target is None or target.code != standing.tier):
        waits.append(f"要改的是 {approved_by} 复核过的移动，更正也须第二人复核")
    if target is None:
        return Decision(Verdict.WAIT if waits else Verdict.GO, kind, tuple(waits))
    upwards = (current is None or target.rank > current.rank) and not restored
    if upwards and assessment is not None and stands_against(assessment):
        if not override.strip():
            return Decision(Verdict.REFUSED, kind, tuple(assessment.sentences))
        waits.append("未达到本级条件，须说明理由并由第二人复核")
    if abs(target.rank - (current.rank if current else 0)) > 1 and not restored:
        waits.append("越级移动须第二人复核")
    if target.needs_approval and target.code != standing.tier:
        waits.append(f"进入“{target.label}”须第二人复核")
    return Decision(Verdict.WAIT if waits else Verdict.GO, kind, tuple(waits))


def turned(asked: str | None, now: Assessment) -> bool:
    """Whether a gate that let the request through has closed since; `asked` is the outcome that the request saw."""
    if asked is None or not stands_against(now):
        return False
    return asked == Outcome.MET or (asked == Outcome.UNKNOWN and not now.official)


def taken_back(moves: Sequence[MoveRecord]) -> frozenset[uuid.UUID]:
    """Of one firm's moves, newest first, those that a later one undoes as of the day on which they began, or corrects
    to another tier: they never held, and only the history keeps them."""
    left: Counter[tuple[str | None, date | None]] = Counter()
    gone = set()
    for move in moves:
        # What is written behind the record is no stay that a correction speaks of.
        days = (move.effective_on,) if move.kind is MoveKind.HISTORY else (None, move.effective_on)
        undone = [(move.to_tier, day) for day in days if left[move.to_tier, day]]
        if undone:
            left[undone[0]] -= 1
            gone.add(move.id)
        if move.from_tier is None or move.from_tier == move.to_tier:
            continue
        if move.kind is MoveKind.CORRECTION:
            left[move.from_tier, None] += 1
        elif move.to_tier is None:
            left[move.from_tier, move.effective_on] += 1
    return frozenset(gone)
