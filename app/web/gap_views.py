"""What the gap page shows of an assessment: words, meters and the figures that one may try."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache

from app.assessments.gathering import Gathered
from app.errors import Invalid
from app.firms.terms import FirmDetail
from app.policy.describing import closing_sentence, gap_sentence
from app.policy.figures import RD_LINES
from app.policy.levers import unit_of
from app.policy.paths import Path
from app.policy.rd import Counted, side_by_side
from app.policy.sources import Source
from app.policy.terms import Assessment, Case, Criterion, Grade, Outcome, grade_of
from app.policy.wording import path_label, shown_in, standing_words
from app.web.filters import status_label
from app.web.lookups import Lookup

TONES: Mapping[Outcome, str] = {Outcome.MET: "good", Outcome.NOT_MET: "bad", Outcome.MANUAL: "warn"}
# Only what nobody has read on an official page is said aloud.
_DOUBTED: Mapping[Grade | None, str] = {
    Grade.MIRRORED: "文本在转载处读到，待官方页面核对",
    Grade.CODE: "据公开资料引用，待官方页面核对",
    Grade.THIRD_PARTY: "第三方转述，待核实",
    Grade.UNSOURCED: "尚无来源，待核实",
}
_UNCONFIRMED = "还没有人对照官方页面核对过"
_OWN_RULE = "本局或系统的建议，非官方条件"
_ONE_LIMIT = re.compile(r"(?:>=|>|<=|<) (-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Meter:
    """Widths of a hundred: how far the firm is, and where the limit stands."""

    width: int
    mark: int


@dataclass(frozen=True, slots=True)
class InputView:
    label: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class ConditionView:
    title: str
    outcome: Outcome
    tone: str
    asks: str
    found: str
    meter: Meter | None
    note: str
    cite: str
    doubt: str
    inputs: Sequence[InputView]
    parts: Sequence["ConditionView"]


@dataclass(frozen=True, slots=True)
class TitleView:
    policy: str
    title: str
    href: str
    outcome: Outcome
    tone: str
    says: str
    score: str
    label: str
    chosen: bool


def says(assessment: Assessment) -> str:
    return standing_words(assessment.outcome, assessment.missed, assessment.lacking)


def score_of(assessment: Assessment) -> str:
    score = assessment.score
    if score is None:
        return ""
    return f"{score.low} 分" if score.low == score.high else f"{score.low}–{score.high} 分"


def doubt_of(source: Source) -> str:
    """Of a whole version: an official page is taken at its word once somebody has compared the text with it."""
    grade = grade_of(source.grade)
    return _doubt_of(source.grade) or (_UNCONFIRMED if grade is Grade.OFFICIAL and not source.confirmed else "")


def _doubt_of(grade: str) -> str:
    return _DOUBTED.get(grade_of(grade), "")


def title_view(assessment: Assessment, href: str, *, chosen: bool) -> TitleView:
    return TitleView(
        assessment.policy,
        assessment.title,
        href,
        assessment.outcome,
        TONES.get(assessment.outcome, ""),
        says(assessment),
        score_of(assessment),
        assessment.label,
        chosen,
    )


def _own(grade: str, whole: str) -> str:
    """A default among a document's own conditions; a whole version of defaults carries its label already."""
    return _OWN_RULE if whole and grade == Grade.DEFAULT else ""


Inputs = Callable[[str, str], InputView]  # a fact's path and value, as people read them


def condition_view(criterion: Criterion, inputs: Inputs, grade: str = "") -> ConditionView:
    """`grade`: of the whole version; only what is doubted otherwise is said again."""
    return ConditionView(
        title=criterion.title,
        outcome=criterion.outcome,
        tone=TONES.get(criterion.outcome, ""),
        asks=criterion.asks,
        found=criterion.found,
        meter=_meter(criterion),
        note=closing_sentence(criterion.gaps) if criterion.gaps else criterion.note,
        cite=criterion.cite,
        doubt="" if criterion.grade == grade else _doubt_of(criterion.grade) or _own(criterion.grade, grade),
        inputs=[inputs(path, value) for path, value in criterion.inputs],
        parts=[condition_view(part, inputs, grade) for part in criterion.parts],
    )


def inputs_of(gathered: Gathered, assumed: frozenset[str], lookup: Lookup) -> Inputs:
    """With where each comes from. Many conditions read the same figures, so each is put into words once."""

    def told(path: str) -> str:
        if path in assumed:
            return "假设与上一年相同"
        source = gathered.source_of(path)
        parts = [source.source, source.state.label if source.state else "", str(source.true_on or "")]
        return "，".join(part for part in parts if part)

    return cache(lambda path, value: input_view(path, value, lookup, told(path)))


def input_view(path: str, value: str, lookup: Lookup, source: str = "") -> InputView:
    try:
        return InputView(path_label(path), _value(path, value, lookup), source)
    except (KeyError, InvalidOperation):  # a figure that an old receipt knew and we no longer do
        return InputView(path, value, source)


def _value(path: str, value: str, lookup: Lookup) -> str:
    """Money of a year is read in 万元, codes by their names, as everywhere."""
    if path == "region_code":
        return lookup.reference.region(value) or value
    if path == "status":
        return status_label(value)
    steps = path.split(".")
    if steps[0] != "years" or len(steps) < 3:
        return value
    figure = "rd" if steps[2] == "rd" else steps[2]
    return shown_in(unit_of(figure), Decimal(value))


def _meter(criterion: Criterion) -> Meter | None:
    limit = _ONE_LIMIT.fullmatch(criterion.required)
    if limit is None or not criterion.actual or ".." in criterion.actual:
        return None
    try:
        wanted, actual = Decimal(limit[1]), Decimal(criterion.actual)
    except InvalidOperation:
        return None
    end = max(wanted, actual) * Decimal("1.25")
    if end <= 0 or actual < 0:
        return None
    return Meter(int(actual * 100 / end), int(wanted * 100 / end))


@dataclass(frozen=True, slots=True)
class StepView:
    title: str
    cite: str
    moves: Sequence[str]


@dataclass(frozen=True, slots=True)
class PathView:
    as_of: date
    outcome: Outcome
    tone: str
    single: Sequence[str]
    steps: Sequence[StepView]
    blocked: Sequence[tuple[str, str]]
    open: Sequence[tuple[str, str]]
    assumed: int


def path_view(path: Path) -> PathView:
    renewing = [StepView(one.title, one.cite, [one.sentence(path.as_of)]) for one in path.renewals]
    first = [move for step in renewing for move in step.moves] if path.renewing_is_enough else []
    return PathView(
        path.as_of,
        path.outcome,
        TONES.get(path.outcome, ""),
        [*first, *(gap_sentence(gap) for gap in path.single)],
        [*renewing, *(StepView(s.title, s.cite, [gap_sentence(gap) for gap in s.gaps]) for s in path.steps)],
        [(c.title, c.note) for c in path.blocked],
        [(c.title, c.note) for c in path.open],
        len(path.assumed),
    )


@dataclass(frozen=True, slots=True)
class BasisRow:
    label: str
    stated: str
    hnte: str
    deduction: str
    statistical: str


def bases(gathered: Gathered, year: int) -> list[BasisRow]:
    """Empty unless all nine lines of the year are known: a sum of some of them would be a wrong one."""
    values = gathered.facts.values
    lines = {line: values[path] for line in RD_LINES if (path := f"years.{year}.rd.{line}") in values}
    return [_basis(row) for row in side_by_side(lines)] if len(lines) == len(RD_LINES) else []


def _basis(row: Counted) -> BasisRow:
    def wan(num: Decimal, den: Decimal = Decimal(1)) -> str:
        return f"{(num / den / 10_000).quantize(Decimal('0.01')):,}"

    return BasisRow(row.label, wan(row.stated), wan(*row.hnte), wan(*row.deduction), wan(*row.statistical))


_FARTHEST_YEARS = 3


def day_asked(as_of: date | None, today: date) -> date:
    """Raises Invalid for a day that no rule and no figure could speak of."""
    day = as_of or today
    if not today.year - 20 <= day.year <= today.year + _FARTHEST_YEARS:
        raise Invalid({"as_of": f"评估日期应在 {today.year - 20} 年到 {today.year + _FARTHEST_YEARS} 年之间。"})
    return day


CASES = [(case.value, case.label) for case in Case]


def next_sought(firm: FirmDetail, lookup: Lookup) -> str:
    """The next tier's, or that of the highest."""
    return (lookup.main.above(firm.tier) or lookup.main.tiers[-1]).sought
