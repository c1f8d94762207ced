"""A whole form at once, as a program or a workbook brings it: read strictly, kept as if it had been typed.

A page's draft may hold anything, because a person sees what was typed; what nobody looks at must be readable.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import Invalid
from app.reports.catalogue import Form, Kind, Question, Section
from app.reports.reading import ROWS, Answers, Typed, read, rows_of
from app.units import Unit

Brought = Mapping[str, Answers]  # by section; a section that was not brought stays as it is
_UNKNOWN = "填报表里没有这一项。"
_COMPUTED = "这一项由系统自动合计，不用填。"


def read_brought(
    form: Form, figures: Mapping[str, Typed], rows: Mapping[str, Sequence[Mapping[str, Typed]]]
) -> Brought:
    """`figures` are all that is asked once: what is left out is empty. Of `rows`, a group left out stays as it is.

    Raises Invalid by code; a row's code is followed by its place, from 0.
    """
    faults = {code: _UNKNOWN for code in figures if code not in form.questions}
    brought: dict[str, Answers] = {}
    for section in form.sections:
        if not section.group:
            brought[section.code] = _page(section, figures, faults)
        elif section.code in rows:
            brought[section.code] = {ROWS: _rows(section, rows[section.code], faults)}
    faults |= {code: "填报表里没有这一节，或者它不是分条填的。" for code in rows if code not in brought}
    faults |= {code: _UNKNOWN for code in rows if (s := form.section(code)) is not None and not s.group}
    if faults:
        raise Invalid(faults)
    return brought


def _page(section: Section, figures: Mapping[str, Typed], faults: dict[str, str]) -> Answers:
    page: dict[str, Typed] = {}
    for question in section.questions:
        if question.code in figures:
            _take(question, question.code, figures[question.code], page, faults)
    return page


def _rows(section: Section, rows: Sequence[Mapping[str, Typed]], faults: dict[str, str]) -> list[dict[str, Typed]]:
    if len(rows) > section.most:
        faults[section.code] = f"最多 {section.most} 条。"
        return []
    known = {q.code: q for q in section.questions}
    found = []
    for n, row in enumerate(rows):
        taken: dict[str, Typed] = {}
        faults |= {f"{code}.{n}": _UNKNOWN for code in row if code not in known}
        for code, typed in row.items():
            if code in known:
                _take(known[code], f"{code}.{n}", typed, taken, faults)
        if taken:
            found.append(taken)
    return found


def _take(question: Question, name: str, typed: Typed, into: dict[str, Typed], faults: dict[str, str]) -> None:
    if not str(typed[0]).strip():
        return
    if question.kind is Kind.SUM:
        faults[name] = _COMPUTED
        return
    value = read(question, typed)
    if value.fault:
        faults[name] = value.fault
    else:
        into[question.code] = [str(typed[0]).strip(), str(typed[1])]


def plain(question: Question, text: str) -> Typed:
    """A figure as programs write it: in 元."""
    return [text, Unit.YUAN.value if question.money else ""]


def same(question: Question, one: Typed | None, other: Typed | None) -> bool:
    """4,000 万元 and 40000000 元 are one figure."""
    a, b = read(question, one), read(question, other)
    if a.number is not None or b.number is not None:
        return a.number == b.number
    if a.fault or b.fault:
        return _text(one) == _text(other)
    return a.text == b.text


def _text(typed: Typed | None) -> str:
    return str(typed[0]).strip() if typed else ""


def changed_codes(section: Section, kept: Answers, brought: Answers) -> list[str]:
    """What is not what it was: codes of questions; the section's own, where a row is."""
    if section.group:
        return [section.code] if not same_rows(section, rows_of(kept), rows_of(brought)) else []
    pairs: Any = ((q, kept.get(q.code), brought.get(q.code)) for q in section.questions if q.kind is not Kind.SUM)
    return [q.code for q, one, other in pairs if not same(q, one, other)]


def same_rows(section: Section, kept: Sequence[Mapping[str, Typed]], brought: Sequence[Mapping[str, Typed]]) -> bool:
    return len(kept) == len(brought) and all(
        same(q, one.get(q.code), other.get(q.code))
        for one, other in zip(kept, brought, strict=True)
        for q in section.questions
    )
