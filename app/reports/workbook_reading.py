"""What came back in a form's workbook, as it would have been typed. Nothing is judged here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from app.errors import Invalid
from app.reports.catalogue import Form, Kind, Question, Section
from app.reports.reading import MONEY_UNITS, ROWS, Answers, Row, Typed
from app.reports.workbook import MARK, ONCE
from app.sheets import Broken, Formula, RawSheet, Value
from app.text import AmountError, key, parse_amount
from app.units import Unit, from_yuan, plain

_CODE, _TYPED, _UNIT = key("代码"), key("填写"), key("单位")
_LONGEST = 500
_HEAD_WITHIN = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """What came back. `before` is what stood there when it left; None for a workbook that does not say."""

    figures: Mapping[str, Typed]
    rows: Mapping[str, Sequence[Row]]
    before: Mapping[str, Answers] | None
    places: Mapping[str, str] = field(default_factory=dict)  # where a code stands, for whoever must correct it


def read_workbook(sheets: Sequence[RawSheet], form: Form, *, uscc: str, year: int) -> Filled:
    """Raises Invalid, under "file", for what is no workbook of this form."""
    before = _remembered(sheets, form, uscc=uscc, year=year)
    figures: dict[str, Typed] = {}
    rows: dict[str, Sequence[Row]] = {}
    places: dict[str, str] = {}
    groups = {s.code: s for s in form.sections if s.group}
    for sheet in sheets:
        if (at := _head_of(sheet)) is not None:
            figures |= _figures(sheet, at, form, places)
        elif sheet.rows and (section := groups.get(_text(_cell(sheet.rows[0], 0)).strip())) is not None:
            rows[section.code] = _rows(sheet, section, places)
    if not figures and not rows:
        raise Invalid({"file": f"没有找到“{ONCE}”这张表。请用“下载表格”得到的工作簿来填。"})
    return Filled(figures, rows, before, places)


def _remembered(sheets: Sequence[RawSheet], form: Form, *, uscc: str, year: int) -> Mapping[str, Answers] | None:
    sheet = next((s for s in sheets if s.rows and _text(_cell(s.rows[0], 0)) == MARK), None)
    if sheet is None:
        return None
    said = [_text(_cell(sheet.rows[0], column)) for column in range(1, 5)]
    if said[2] != uscc or said[3] != str(year):
        raise Invalid({"file": f"这个工作簿是另一家企业或另一年度的，这里是 {year} 年度，没有读取。"})
    if said[0] != form.code:
        raise Invalid({"file": f"这个工作簿是另一张表的，这里填的是“{form.title}”，没有读取。"})
    if said[1] != str(form.version):
        raise Invalid({"file": f"这个工作簿是表单第 {said[1][:4]} 版，现在是第 {form.version} 版，请重新下载再填。"})
    found: dict[str, Any] = {}
    for row in sheet.rows[1:]:
        try:
            held = orjson.loads(_text(_cell(row, 1)))
        except orjson.JSONDecodeError:
            return None
        section = form.section(_text(_cell(row, 0)))
        if section is None or not _is_page(held):
            return None
        if section.group:
            found.setdefault(section.code, {ROWS: []})[ROWS].append(held)
        else:
            found[section.code] = held
    return {s.code: found.get(s.code, {}) for s in form.sections}


def _is_page(held: Any) -> bool:
    """Typed and unit, by code: it was in strangers' hands."""
    return isinstance(held, dict) and all(
        isinstance(typed, list) and len(typed) == 2 and all(isinstance(part, str) for part in typed)
        for typed in held.values()
    )


def _head_of(sheet: RawSheet) -> int | None:
    for at, row in enumerate(sheet.rows[:_HEAD_WITHIN]):
        if {_CODE, _TYPED} <= {key(v) for v in row if isinstance(v, str)}:
            return at
    return None


def _figures(sheet: RawSheet, at: int, form: Form, places: dict[str, str]) -> dict[str, Typed]:
    titles = {key(v): column for column, v in reversed(list(enumerate(sheet.rows[at]))) if isinstance(v, str)}
    questions = form.questions
    found: dict[str, Typed] = {}
    units = {u.label: u.value for u in MONEY_UNITS}
    for n, row in enumerate(sheet.rows[at + 1 :], at + 1):
        code = _text(_cell(row, titles[_CODE])).strip()
        question = questions.get(code)
        if not code or (question is not None and question.kind is Kind.SUM):
            continue
        if code in found:
            raise Invalid({"file": f"代码 {code[:80]} 出现了两次，请删去多的一行。"})
        places[code] = f"“{sheet.name}”第 {sheet.number(n)} 行"
        unit = _text(_cell(row, titles[_UNIT])).strip() if _UNIT in titles else ""
        spoken = Unit(units.get(unit, (question.spoken if question else Unit.WAN_YUAN).value))
        typed = _said(question, _cell(row, titles[_TYPED]), spoken)
        found[code] = [typed, spoken.value if question and question.money else ""]
    return found


def _rows(sheet: RawSheet, section: Section, places: dict[str, str]) -> list[Row]:
    columns = {_text(v).strip(): column for column, v in enumerate(sheet.rows[0])}
    found: list[Row] = []
    for n, cells in enumerate(sheet.rows[2:], 2):
        row: dict[str, Typed] = {}
        for question in section.questions:
            cell = _cell(cells, columns[question.code]) if question.code in columns else None
            if text := _said(question, cell, question.spoken):
                row[question.code] = [text, question.spoken.value if question.money else ""]
        if row:
            places |= {f"{q.code}.{len(found)}": f"“{sheet.name}”第 {sheet.number(n)} 行" for q in section.questions}
            found.append(row)
    return found


def _cell(row: Sequence[Value], column: int) -> Value:
    return row[column] if column < len(row) else None


def _said(question: Question | None, cell: Value, unit: Unit) -> str:
    number = cell.result if isinstance(cell, Formula) else cell
    if question is not None and question.money and isinstance(number, float):
        try:
            # A workbook's number is rounded to the fen: nobody typed its last digits.
            return f"{from_yuan(parse_amount(number, unit), unit):f}"
        except AmountError:
            return _text(cell)
    text = _text(cell).strip()[:_LONGEST]
    if question is not None and question.kind is Kind.CHOICE:
        return {word: value for value, word in question.options}.get(text, text)
    return text


def _text(cell: Value) -> str:
    """As it would have been typed: of a formula what it came to, and of a number the fifteen digits Excel shows."""
    if isinstance(cell, Formula):
        return cell.text if cell.result is None else _text(cell.result)
    if isinstance(cell, Broken):
        return cell.text
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{plain(Decimal(f'{cell:.15g}')):f}"
    return "" if cell is None else str(cell)
