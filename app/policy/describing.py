"""A finding in full: what is asked, what was found, what is missing, what would close it, in words to act on."""

from collections.abc import Sequence
from decimal import Decimal

from app.policy.context import Context
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.criteria.comparing import Comparison
from app.policy.criteria.scoring import SumOfScores
from app.policy.exact import Quotient
from app.policy.figures import Unit
from app.policy.levers import LEAST_YUAN, gaps, within
from app.policy.registry import MEASURES
from app.policy.terms import MET, NOT_APPLICABLE, NOT_MET, UNKNOWN, Criterion, Gap, Score
from app.policy.wording import missing_sentence, read_beside, shown_in


def described(finding: Finding, ctx: Context, *, settled: bool = False) -> Criterion:
    """`settled`: part of a group that is met by another of its alternatives; how far this one is off is no gap."""
    criterion = finding.criterion
    settled = settled or finding.outcome is MET
    parts = tuple([described(part, ctx, settled=settled) for part in finding.parts])
    missed = not settled and finding.outcome is NOT_MET
    closing = (gaps(criterion, finding, ctx) or _of_parts(criterion, parts, ctx)) if missed else ()
    actual = _actual(finding)
    found = _found(finding, actual)
    return Criterion(
        code=criterion.code,
        title=criterion.title,
        outcome=finding.outcome,
        required=criterion.required(finding),
        actual=actual,
        cite=criterion.cite,
        note=_note(finding, ctx, found, closing, parts),
        asks=criterion.asks(finding),
        found=found,
        grade=criterion.grade,
        gaps=closing,
        missing=finding.lack if finding.outcome is UNKNOWN else (),
        inputs=tuple(criterion.inputs(ctx)),
        parts=parts,
    )


def _of_parts(criterion: BaseCriterion, parts: tuple[Criterion, ...], ctx: Context) -> tuple[Gap, ...]:
    """The parts' gaps that close the whole group each by itself; where several have to be closed, there is none."""
    found = (within(criterion, gap, ctx) for gap in dict.fromkeys(gap for part in parts for gap in part.gaps))
    closing: dict[tuple[str, int | None], Gap] = {}
    for gap in sorted(filter(None, found), key=lambda gap: (gap.closed, gap.amount < 0, abs(gap.amount))):
        closing.setdefault((gap.figure, gap.year), gap)  # another part may ask more of the same figure
    return tuple(closing.values())


def score_of(finding: Finding, ctx: Context) -> Score | None:
    criterion = finding.criterion
    if not isinstance(criterion, SumOfScores) or finding.outcome is NOT_APPLICABLE:
        return None
    return Score(finding.low, finding.high, criterion.required(finding), finding.outcome, criterion.sheet(ctx))


def _actual(finding: Finding) -> str:
    if finding.value is not None:
        return finding.value.shown(*_beside(finding))
    if isinstance(finding.criterion, SumOfScores) and finding.outcome is not NOT_APPLICABLE:
        return str(finding.low) if finding.low == finding.high else f"{finding.low}..{finding.high}"
    return ""


def _beside(finding: Finding) -> tuple[Decimal, ...]:
    return () if finding.limit is None else (finding.limit,)


def _found(finding: Finding, actual: str) -> str:
    """The same as people read it."""
    criterion, value = finding.criterion, finding.value
    if isinstance(criterion, SumOfScores):
        return actual.replace("..", "–") + (" 分" if actual else "")
    if value is None or not isinstance(criterion, Comparison):
        return ""
    unit, told = MEASURES[criterion.measure].unit, Decimal(actual)
    if unit in (Unit.DAY, Unit.MONTH) or (unit is not Unit.YUAN and isinstance(value, Quotient) and value.den == 1):
        return shown_in(unit, told if unit is not Unit.MONTH else told.quantize(Decimal("0.1")))
    return read_beside(unit, told, (*_beside(finding), *(limit for _, limit in finding.bounds)))


def gap_sentence(gap: Gap) -> str:
    """增加 2025 年研发费用 38.2 万元; where the least step is enough, nobody is asked for a cent."""
    if gap.amount == LEAST_YUAN and gap.unit == Unit.YUAN.label:
        return f"让 {gap.label}比现有数多一点"
    verb = "增加" if gap.amount > 0 else "减少"
    apart = " " if gap.label[:1].isdigit() else ""
    return f"{verb}{apart}{gap.label} {_amount(gap)}"


def closing_sentence(closing: Sequence[Gap]) -> str:
    """The levers that are still open; where none is, those that would have been. Shrinking only where nothing else
    helps."""
    first = closing[0]
    same = [gap_sentence(g) for g in closing if g.closed == first.closed and (g.amount > 0 or first.amount < 0)]
    over = "该年度已结束，只能更正错报或在以后年度补足。" if closing[0].closed else ""
    return f"还需{'，或'.join(same)}。{over}"


def _amount(gap: Gap) -> str:
    unit = next(unit for unit in Unit if unit.label == gap.unit and unit not in (Unit.RATIO,))
    return shown_in(unit, abs(gap.amount))


def _note(finding: Finding, ctx: Context, found: str, closing: tuple[Gap, ...], parts: tuple[Criterion, ...]) -> str:
    criterion = finding.criterion
    if finding.outcome is UNKNOWN:
        return missing_sentence(finding.lack) if finding.lack else "资料不全。"
    if finding.outcome is NOT_APPLICABLE:
        return ""
    if said := criterion.says(finding, ctx):
        return said
    if finding.outcome is not NOT_MET:
        return ""
    told = [f"{criterion.title}：{f'现为 {found}，' if found else ''}要求{criterion.asks(finding)}。"]
    if closing:
        told.append(closing_sentence(closing))
    elif parts:
        told.append(_nearest(parts))
    elif isinstance(criterion, SumOfScores):
        told.append("总分由各项得分合成，没有哪一项单独算得出要补多少，请逐项看评分表。")
    return "".join((*told, criterion.hint))


def _nearest(parts: tuple[Criterion, ...]) -> str:
    short = [part.note for part in parts if part.outcome is NOT_MET and part.gaps]
    return short[0] if short else ""
