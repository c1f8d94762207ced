"""Rows of one firm's moves as a chain of stays, beside the stays that are recorded: pure, and never against them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.pipeline.pasts import Stay


@dataclass(frozen=True, slots=True)
class Step:
    """A row: on that day the firm came to the tier; None, it left the ladder."""

    row_no: int
    tier: str | None
    on: date


@dataclass(frozen=True, slots=True)
class Placed:
    step: Step
    came_from: str | None
    until: date | None  # None for the last of a firm that stands on nothing yet: it stands there now


@dataclass(frozen=True, slots=True)
class Chain:
    known: frozenset[int]  # rows that say what is recorded already
    placed: Sequence[Placed]
    faults: Mapping[int, str]


def chain_of(steps: Sequence[Step], stays: Sequence[Stay], *, today: date, born: date | None) -> Chain:
    known = frozenset(s.row_no for s in steps if _recorded(s, stays))
    new = sorted((s for s in steps if s.row_no not in known), key=lambda s: (s.on, s.row_no))
    faults: dict[int, str] = {}
    first = stays[0] if stays else None
    for step in new:
        if sentence := _impossible(step, stays, today, born):
            faults[step.row_no] = sentence
    before: Step | None = None
    for step in new:
        if sentence := _misfit(step, before):
            faults.setdefault(step.row_no, sentence)
        before = step
    if before is not None and first is not None and before.tier == first.tier:
        said = f"库里自 {first.since} 起也在这个梯队，中间没有移动；中间退出过的，请加一行“退出”。"
        faults.setdefault(before.row_no, said)
    ends = [*(s.on for s in new[1:]), first.since if first else None]
    came = [None, *(s.tier for s in new[:-1])]
    placed = [Placed(s, c, e) for s, c, e in zip(new, came, ends, strict=True)] if new else []
    return Chain(known, placed, faults)


def _recorded(step: Step, stays: Sequence[Stay]) -> bool:
    if step.tier is None:
        return any(s.until == step.on for s in stays) and not any(s.since == step.on for s in stays)
    return any((s.tier, s.since) == (step.tier, step.on) for s in stays)


def _impossible(step: Step, stays: Sequence[Stay], today: date, born: date | None) -> str:
    if step.on > today:
        return "生效日期不能晚于今天。"
    if born is not None and step.on < born:
        return f"生效日期早于企业的成立日期 {born}。"
    if stays and step.on >= stays[-1].since:
        return f"库里自 {stays[-1].since} 起已有记录；之后的移动请在看板办理，记错了请在看板更正。"
    if stays and step.on >= stays[0].since:
        return f"库里自 {stays[0].since} 起已有记录，导入不改已有的移动；记错了请在看板更正。"
    return ""


def _misfit(step: Step, before: Step | None) -> str:
    if before is None:
        return "这是最早的一行，还没有进入梯队，不能退出。" if step.tier is None else ""
    if before.on == step.on:
        return f"与第 {before.row_no} 行是同一天；一天只能移动一次。"
    if before.tier == step.tier:
        return f"与第 {before.row_no} 行是同一个梯队，中间没有移动。"
    return ""
