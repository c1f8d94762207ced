"""A workbook beside the draft: what it changes, what a colleague changed meanwhile, and what may not be changed.

Three states of a figure are compared: as it left, as it came back, as it stands now. What came back as it had left
was not touched, and stays as it stands.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import Invalid
from app.reports.bringing import Brought, read_brought, same, same_rows
from app.reports.catalogue import Form, Kind, Question, Section
from app.reports.reading import ROWS, Answers, Typed, rows_of
from app.reports.workbook_reading import Filled


@dataclass(frozen=True, slots=True)
class Change:
    """Of one question; of a section with rows, all of them. `code` is the question's, or the section's."""

    section: Section
    code: str
    label: str
    was: Any  # Typed, or rows; None where nobody knows
    now: Any
    theirs: Any
    contested: bool  # somebody else changed it too, to something else


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    label: str
    sentence: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    changes: Sequence[Change]
    wrong: Sequence[Refusal]
    shut: Sequence[str]  # labels of what was changed and is locked


def compare(form: Form, kept: Mapping[str, Answers], filled: Filled, locked: Collection[str]) -> Compared:
    changes = [c for s in form.sections for c in _changes(s, kept.get(s.code, {}), filled)]
    shut = [c.label for c in changes if c.code in locked]
    changes = [c for c in changes if c.code not in locked]
    faults = _faults(form, {c.code: c.now for c in changes})
    faults |= {code: "填报表里没有这一项。" for code in filled.figures if code not in form.questions}
    wrong = [Refusal(code, _label(form, code), words, filled.places.get(code, "")) for code, words in faults.items()]
    bad = {_home(form, code) for code in faults}
    return Compared([c for c in changes if c.code not in bad], wrong, shut)


def _home(form: Form, code: str) -> str:
    """The question's own, or of a row's field (`ip.name.3`) its section's."""
    if code in form.questions or form.section(code) is not None:
        return code
    field = code.rpartition(".")[0]
    return next((s.code for s in form.sections if any(q.code == field for q in s.questions)), code)


def _label(form: Form, code: str) -> str:
    if code in form.questions:
        return form.questions[code].label
    field, _, n = code.rpartition(".")
    for section in form.sections:
        for question in section.questions:
            if question.code == field and n.isdigit():
                return f"{section.group}{int(n) + 1:02d} {question.label}"
    found = form.section(code)
    return found.title if found else code


def _changes(section: Section, kept: Answers, filled: Filled) -> list[Change]:
    before = None if filled.before is None else filled.before.get(section.code, {})
    if section.group:
        return _rows_changed(section, kept, before, filled)
    found = []
    for question in section.questions:
        if question.kind is Kind.SUM or question.code not in filled.figures:
            continue
        now, theirs = filled.figures[question.code], _typed(kept, question)
        was = theirs if before is None else _typed(before, question)
        if before is None and _empty(now):
            continue  # a workbook that does not say what stood there empties nothing
        if same(question, now, was) or same(question, now, theirs):
            continue
        contested = not same(question, was, theirs)
        found.append(Change(section, question.code, question.label, was, now, theirs, contested))
    return found


def _rows_changed(section: Section, kept: Answers, before: Answers | None, filled: Filled) -> list[Change]:
    if section.code not in filled.rows:
        return []
    now, theirs = list(filled.rows[section.code]), rows_of(kept)
    was = theirs if before is None else rows_of(before)
    if same_rows(section, now, was) or same_rows(section, now, theirs) or (before is None and not now):
        return []
    contested = not same_rows(section, was, theirs)
    return [Change(section, section.code, section.title, was, now, theirs, contested)]


def _typed(answers: Answers, question: Question) -> Typed | None:
    return answers.get(question.code)  # type: ignore[return-value]  # only "rows" holds rows


def _empty(typed: Typed | None) -> bool:
    return typed is None or not str(typed[0]).strip()


def _faults(form: Form, wanted: Mapping[str, Any]) -> dict[str, str]:
    """By code, what cannot be read."""
    figures = {code: typed for code, typed in wanted.items() if code in form.questions}
    rows = {code: typed for code, typed in wanted.items() if code not in form.questions}
    try:
        read_brought(form, figures, rows)
    except Invalid as error:
        return dict(error.fields)
    return {}


def merged(form: Form, kept: Mapping[str, Answers], wanted: Mapping[str, Any]) -> Brought:
    """The whole form as it would stand: what is wanted in its place, everything else untouched."""
    brought: dict[str, Answers] = {}
    for section in form.sections:
        if section.group:
            if section.code in wanted:
                brought[section.code] = {ROWS: wanted[section.code]}
            continue
        page: dict[str, Any] = dict(kept.get(section.code, {}))
        for question in section.questions:
            if question.code in wanted:
                page.pop(question.code, None)
                if not _empty(wanted[question.code]):
                    page[question.code] = wanted[question.code]
        brought[section.code] = page
    return brought
