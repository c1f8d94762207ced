"""A section as its page shows it: what was typed, the unit beside it, last year's figure, what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.policy.terms import Grade
from app.reports.bringing import same_rows
from app.reports.catalogue import Kind, Question, Section
from app.reports.queries import Filing
from app.reports.reading import MONEY_WORDS, ROWS, Answers, Examined, Row, rows_of, shown, shown_briefly

_DOUBTED = {Grade.UNSOURCED.value, Grade.THIRD_PARTY.value, Grade.CODE.value}


@dataclass(frozen=True, slots=True)
class FieldView:
    name: str
    question: Question
    typed: str
    unit: str
    fault: str
    said: str  # what the typed comes to in 元, so that a wrong unit is seen at once
    before: str
    theirs: str  # what a colleague saved meanwhile, where it differs
    comment: str
    locked: bool

    @property
    def source(self) -> str:
        note = "（待核对）" if self.question.grade in _DOUBTED else ""
        return f"{self.question.source}{note}"


@dataclass(frozen=True, slots=True)
class RowView:
    number: str
    index: int
    fields: Sequence[FieldView]


@dataclass(frozen=True, slots=True)
class Around:
    """What stands beside the fields."""

    filing: Filing
    last: Mapping[str, Decimal]
    comments: Mapping[str, str]
    faults: Mapping[str, str]  # by the control's name, shown when somebody asked for them
    theirs: Answers | None = None


def fields_of(section: Section, answers: Answers, around: Around, computed: Examined | None = None) -> list[FieldView]:
    return [_field(q, q.code, answers, around, computed) for q in section.questions]


def rows_view(section: Section, answers: Answers, around: Around, *, more: bool = False) -> list[RowView]:
    """`more`: with an empty one at the end; a section without any begins with one."""
    locked = around.filing.locked(section.code)
    found, rows = [], rows_of(answers)
    if (more or not rows) and not locked and len(rows) < section.most:
        rows = [*rows, {}]
    for n, row in enumerate(rows):
        fields = [_row_field(q, f"{q.code}.{n}", row, around, locked=locked) for q in section.questions]
        found.append(RowView(f"{section.group}{n + 1:02d}", n, fields))
    return found


def _field(question: Question, name: str, answers: Answers, around: Around, computed: Examined | None) -> FieldView:
    typed, unit = _typed(answers.get(question.code))
    number = computed.values[question.code].number if computed else None
    before = around.last.get(question.code)
    return FieldView(
        name=name,
        question=question,
        typed=typed,
        unit=unit or question.spoken.value,
        fault=around.faults.get(name, ""),
        said=_said(question, number),
        before="" if before is None else _in_both(before, question),
        theirs=_theirs(question, answers, around),
        comment=around.comments.get(question.code, ""),
        locked=around.filing.locked(question.code),
    )


def _row_field(question: Question, name: str, row: Row, around: Around, *, locked: bool) -> FieldView:
    typed, unit = _typed(row.get(question.code))
    fault = around.faults.get(name, "")
    return FieldView(name, question, typed, unit or question.spoken.value, fault, "", "", "", "", locked)


def _typed(answer: object) -> tuple[str, str]:
    if isinstance(answer, list | tuple) and answer:
        return str(answer[0]), str(answer[1]) if len(answer) > 1 else ""
    return "", ""


def _said(question: Question, number: Decimal | None) -> str:
    """Both ways of saying it: 38.2 万元 is 382,000 元."""
    if question.kind is Kind.SUM:
        return "—" if number is None else _in_both(number, question)
    return f"{number:,f} 元" if number is not None and question.money else ""


def _in_both(number: Decimal, question: Question) -> str:
    """To two decimals, and in 元 where those leave something out."""
    brief = shown_briefly(number, question)
    return brief if brief == shown(number, question) else f"{brief}（{number:,f} 元）"


def said_of(section: Section, found: Examined) -> list[tuple[str, str]]:
    """What the page says of its amounts, to be said anew when one of them is saved by itself."""
    if section.group:
        return []
    return [(q.code, _said(q, found.values[q.code].number)) for q in section.questions if q.money]


def _theirs(question: Question, mine: Answers, around: Around) -> str:
    if around.theirs is None:
        return ""
    theirs = around.theirs.get(question.code)
    return "" if _typed(mine.get(question.code)) == _typed(theirs) else answer_words(question, theirs) or "（空）"


def answer_words(question: Question, answer: object) -> str:
    """What was typed, with its unit."""
    typed, unit = _typed(answer)
    word = dict(MONEY_WORDS).get(unit, "") if question.money else ""
    return f"{dict(question.options).get(typed, typed)} {word if typed else ''}".strip()


def rows_words(section: Section, now: Sequence[Row], before: Sequence[Row]) -> str:
    """How many rows there are, and which of them are new or not what they were."""
    numbers = [f"{section.group}{n + 1:02d}" for n in range(max(len(now), len(before)))]
    both = range(min(len(now), len(before)))
    differ = [numbers[n] for n in both if not same_rows(section, now[n : n + 1], before[n : n + 1])]
    parts = [
        f"{word} {'、'.join(some)}"
        for word, some in (("改动", differ), ("新增", numbers[len(before) : len(now)]))
        if some
    ]
    parts += [f"少了 {len(before) - len(now)} 条"] if len(now) < len(before) else []
    return f"{len(now)} 条" + (f"（{'；'.join(parts)}）" if parts else "")


def typed_in(section: Section, form: Mapping[str, str]) -> dict[str, object]:
    """What came with the page's form, kept as it was typed."""
    if section.group:
        return {ROWS: _rows_in(section, form)}
    found: dict[str, object] = {}
    for question in section.questions:
        if question.kind is not Kind.SUM and (text := form.get(question.code, "").strip()):
            found[question.code] = [text[:500], form.get(f"u.{question.code}", "") if question.money else ""]
    return found


def _rows_in(section: Section, form: Mapping[str, str]) -> list[dict[str, list[str]]]:
    """Rows in their order; one that is empty but marked stays, so that a row just added is there."""
    rows = []
    for n in range(section.most):
        row = {}
        for question in section.questions:
            if text := form.get(f"{question.code}.{n}", "").strip():
                unit = form.get(f"u.{question.code}.{n}", "") if question.money else ""
                row[question.code] = [text[:500], unit]
        if row:
            rows.append(row)
    return rows
