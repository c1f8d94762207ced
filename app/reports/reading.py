"""What was typed, read: figures in 元, computed lines, what is missing or cannot be, what wants an explanation.

What a person typed is kept exactly as it was, with the unit chosen beside it; reading it is done anew each time, so a
draft may hold anything and nothing is ever converted twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from app.reports.basis import on_basis
from app.reports.catalogue import Check, Form, Kind, Level, Question, Section
from app.text import AmountError, DateError, parse_amount, parse_date
from app.units import Unit, from_yuan, show_in

Typed = Sequence[str]  # what was typed, and the unit beside it
Row = Mapping[str, Typed]
Answers = Mapping[str, Typed | Sequence[Row]]  # of one section; rows under "rows"
ROWS = "rows"
MONEY_UNITS = (Unit.WAN_YUAN, Unit.THOUSAND_YUAN, Unit.YUAN)
MONEY_WORDS = tuple((unit.value, unit.label) for unit in MONEY_UNITS)
LONGEST = 200
_MISSING = "还没有填。"
_MISSING_COUNT = "还没有填；没有请填 0。"


@dataclass(frozen=True, slots=True)
class Value:
    """`number` in 元 or as counted; `text` is how the form shows it."""

    text: str = ""
    number: Decimal | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A soft check that does not hold: an explanation is asked for under `key`."""

    key: str
    section: str
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Fault:
    section: str
    field: str  # the control's name
    label: str
    sentence: str
    missing: bool = False


@dataclass
class Examined:
    values: dict[str, Value] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
    rows: dict[str, Decimal] = field(default_factory=dict)  # by code of a row's question, the sum of all rows

    def number(self, code: str) -> Decimal | None:
        return self.values[code].number if code in self.values else self.rows.get(code)

    @property
    def figures(self) -> dict[str, str]:
        """Numbers by code, as strings, in 元."""
        return {code: f"{v.number:f}" for code, v in self.values.items() if v.number is not None}

    def faults_of(self, section: str) -> list[Fault]:
        return [f for f in self.faults if f.section == section]


def read(question: Question, typed: Typed | None) -> Value:
    text, unit = (str(typed[0]), str(typed[1])) if typed else ("", "")
    if not text.strip():
        counted = question.money or question.kind in (Kind.COUNT, Kind.NUMBER)
        sentence = _MISSING_COUNT if counted else _MISSING
        return Value(fault="" if question.optional else sentence)
    try:
        return _read(question, text, unit)
    except (AmountError, DateError) as error:
        return Value(text, fault=str(error))


def _read(question: Question, text: str, unit: str) -> Value:
    if question.money:
        number = parse_amount(text, _unit(unit))
        if number < 0 and question.kind is not Kind.SIGNED:
            return Value(text, fault="不能是负数。")
        return Value(text, number)
    if question.kind in (Kind.COUNT, Kind.NUMBER):
        return _counted(question, text)
    if question.kind is Kind.DATE:
        return Value(parse_date(text).isoformat())
    if question.kind is Kind.CHOICE:
        known = dict(question.options)
        return Value(known[text]) if text in known else Value(fault="请选一项。")
    return Value(text) if len(text) <= LONGEST else Value(text, fault=f"最多 {LONGEST} 个字。")


def _counted(question: Question, text: str) -> Value:
    whole = question.kind is Kind.COUNT
    asked = Value(text, fault="请填 0 或正整数。" if whole else "请填 0 或正数，最多两位小数。")
    try:
        number = parse_amount(text.strip().removesuffix(question.unit), Unit.YUAN)
    except AmountError:  # which speaks of money
        return asked
    fits = 0 <= number < 10**9 and (not whole or number == number.to_integral_value())
    return Value(text, number) if fits else asked


def _unit(value: str) -> Unit:
    return Unit(value) if value in {u.value for u in MONEY_UNITS} else Unit.YUAN


def examine(
    form: Form,
    answers: Mapping[str, Answers],
    last: Mapping[str, Decimal],
    told: Mapping[str, Decimal] | None = None,
) -> Examined:
    """`answers` by section. `last` are the figures of the year before, for the checks that compare with it; `told` are
    those of the same year that the firm has told elsewhere, from which nothing may differ without a word."""
    found = Examined()
    for section in form.sections:
        if section.group:
            _examine_rows(found, section, answers.get(section.code, {}))
        else:
            _examine_section(found, section, answers.get(section.code, {}))
    for section in form.sections:
        for question in section.questions if not section.group else ():
            there = told_of(question, told or {})
            mine = found.values[question.code].number
            if there is not None and mine is not None and mine != there:
                sentence = f"本年度别处填的是 {shown(there, question)}，请核对；确实不同的请说明。"
                found.doubts.append(Doubt(f"{question.code}.told", section.code, question.label, sentence))
            for check in question.checks:
                # What was told elsewhere was explained there.
                if there is None or mine != there or check.level is Level.HARD:
                    _apply(found, form, section, question, check, last)
    return found


def told_of(question: Question, told: Mapping[str, Decimal]) -> Decimal | None:
    return on_basis(question.basis, told) if question.basis else told.get(question.code)


def _examine_section(found: Examined, section: Section, answers: Answers) -> None:
    for question in section.questions:
        if question.kind is Kind.SUM:
            known = [found.values[code].number for code in question.of if code in found.values]
            numbers = [number for number in known if number is not None]
            value = Value(number=sum(numbers, Decimal(0)) if numbers else None)
        else:
            typed = answers.get(question.code)
            value = read(question, typed)  # type: ignore[arg-type]  # only "rows" holds rows
        found.values[question.code] = value
        if value.fault:
            missing = not value.text
            found.faults.append(Fault(section.code, question.code, question.label, value.fault, missing))


def rows_of(answers: Answers) -> list[Row]:
    return list(answers.get(ROWS, ()))  # type: ignore[arg-type]


def _examine_rows(found: Examined, section: Section, answers: Answers) -> None:
    unread: set[str] = set()
    for n, row in enumerate(rows_of(answers)):
        values = {question.code: read(question, row.get(question.code)) for question in section.questions}
        for question in section.questions:
            value = values[question.code]
            found.values[f"{question.code}.{n}"] = Value(value.text, None, value.fault)
            if value.number is not None:
                found.rows[question.code] = found.rows.get(question.code, Decimal(0)) + value.number
            elif value.fault:
                unread.add(question.code)
            for sentence in (value.fault, *(_beside(check, value, values) for check in question.checks)):
                if sentence:
                    label = f"{section.group}{n + 1:02d} {question.label}"
                    missing = sentence == value.fault and not value.text
                    found.faults.append(Fault(section.code, f"{question.code}.{n}", label, sentence, missing))
    for code in unread:
        found.rows.pop(code, None)


def _beside(check: Check, mine: Value, row: Mapping[str, Value]) -> str:
    """What does not hold between questions of one row, or of one form."""
    others = [row[code] for code in check.of]
    if check.kind == "not_before":
        ok = mine.fault or not mine.text or all(o.fault or not o.text or mine.text >= o.text for o in others)
        return "" if ok else check.says
    if check.kind == "needed_if":
        return check.says if not mine.text and any(other.text == check.when for other in others) else ""
    numbers = [other.number for other in others]
    if mine.number is None or any(number is None for number in numbers):
        return ""
    return "" if _holds(check, mine.number, [number for number in numbers if number is not None]) else check.says


def _apply(
    found: Examined, form: Form, section: Section, question: Question, check: Check, last: Mapping[str, Decimal]
) -> None:
    mine = found.values[question.code].number
    if check.kind in ("not_before", "needed_if"):
        sentence = _beside(check, found.values[question.code], found.values)
    else:
        sentence = "" if mine is None else _sentence(found, form, question, check, last.get(question.code))
    if not sentence:
        return
    if check.level is Level.HARD:
        found.faults.append(Fault(section.code, question.code, question.label, sentence))
    else:
        found.doubts.append(Doubt(f"{question.code}.{check.kind}", section.code, question.label, sentence))


def _sentence(found: Examined, form: Form, question: Question, check: Check, before: Decimal | None) -> str:
    """What does not hold, or nothing; what cannot be judged for want of a figure holds."""
    mine = found.values[question.code].number or Decimal(0)
    if check.kind == "change":
        if before is None or before <= 0:
            return ""
        change = (mine - before) / before
        if abs(change) <= check.ratio:
            return ""
        word = "多" if change > 0 else "少"
        return f"比上年{word} {abs(change) * 100:.0f}%，请说明原因。"
    known = [number for code in check.of if (number := found.number(code)) is not None]
    # Parts that are known already come to too much, whatever the others are.
    if (len(known) < len(check.of) and check.kind != "at_least") or not known or _holds(check, mine, known):
        return ""
    asked = form.questions
    says = check.says or f"与{'、'.join(asked[code].label for code in check.of if code in asked)}对不上。"
    if all(code in asked for code in check.of):
        return says
    # A sum of rows stands on no page: both sides are named.
    whole = sum(known, Decimal(0))
    return f"{says}（各条合计 {shown(whole, question)}，这里 {shown(mine, question)}）"


def _holds(check: Check, mine: Decimal, others: Sequence[Decimal]) -> bool:
    whole = sum(others, Decimal(0))
    if check.kind == "at_most":
        return mine <= whole
    return mine >= whole if check.kind == "at_least" else mine == whole


def shown(number: Decimal, question: Question) -> str:
    """For reading: an amount in the unit that the form speaks, counts with their own."""
    if not question.money:
        return f"{number:,f} {question.unit}".strip()
    return f"{from_yuan(number, question.spoken):,f} {question.spoken.label}"


def shown_briefly(number: Decimal, question: Question) -> str:
    """On a page that has the exact one beside it: two decimals."""
    return show_in(question.spoken, number) if question.money else shown(number, question)


def typed_of(number: Decimal, question: Question) -> Typed:
    """A figure of the ledger as a person would have typed it."""
    if question.money:
        return (f"{from_yuan(number, question.spoken):f}", question.spoken.value)
    return (f"{number:f}", "")
