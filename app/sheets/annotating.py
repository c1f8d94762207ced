"""The same workbook back: faulty cells red, doubtful ones amber, and a column that says why."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from app.sheets.guard import kind_of
from app.sheets.headers import key_of
from app.sheets.reading import read
from app.sheets.terms import Broken, Formula, RawSheet, SheetError, Value

_RED, _AMBER = "F8C9C4", "FFE2B3"
_REASON_WIDTH = 60
# A workbook held in memory with all its looks costs fifty times its size; a larger one comes back plain.
_MOST_STYLED_CELLS = 400_000


@dataclass(frozen=True, slots=True)
class Mark:
    row: int  # as the workbook's margin shows it
    column: int  # from 1
    error: bool


@dataclass(frozen=True, slots=True)
class Notes:
    sheet: str
    header_row: int
    title: str  # of the added column
    reasons: Mapping[int, str]  # row → why
    marks: Sequence[Mark]
    titles: Sequence[str] = ()  # as for `read_csv`: the file is read again as it was read before

    def to_json(self) -> bytes:
        marks = [[m.row, m.column, m.error] for m in self.marks]
        return orjson.dumps(
            [self.sheet, self.header_row, self.title, list(self.reasons.items()), marks, list(self.titles)],
        )

    @classmethod
    def from_json(cls, data: bytes) -> "Notes":
        sheet, header_row, title, reasons, marks, titles = orjson.loads(data)
        return cls(sheet, header_row, title, dict(reasons), [Mark(*m) for m in marks], titles)


def annotate(data: bytes, name: str, notes: Notes) -> bytes:
    """An .xlsx, whatever came in. Raises SheetError."""
    sheets = read(data, name, notes.titles)
    sheet = next((s for s in sheets if s.name == notes.sheet), sheets[0])
    cells = sum(len(row) for s in sheets for row in s.rows)
    if kind_of(data, name) == "xlsx" and cells <= _MOST_STYLED_CELLS:
        return _same_workbook(data, notes)
    return _plain_copy(sheet, notes)


def _same_workbook(data: bytes, notes: Notes) -> bytes:
    from openpyxl import load_workbook  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    try:
        book = load_workbook(io.BytesIO(data))
        sheet = book[notes.sheet]
    except Exception as error:
        # openpyxl raises whatever a part it does not understand makes it trip over.
        raise SheetError("这个工作簿的格式太特别，不能原样标注。") from error
    titles = [sheet.cell(notes.header_row, c).value for c in range(1, sheet.max_column + 1)]
    filled = [c for c, title in enumerate(titles, 1) if title is not None]
    own = [c for c, title in enumerate(titles, 1) if isinstance(title, str) and key_of(title) == key_of(notes.title)]
    column = own[0] if own else max(filled, default=0) + 1
    fills = {True: PatternFill("solid", fgColor=_RED), False: PatternFill("solid", fgColor=_AMBER)}
    # Doubts first, so that a cell that is also wrong ends up red.
    for mark in sorted(notes.marks, key=lambda m: m.error):
        sheet.cell(mark.row, mark.column).fill = fills[mark.error]
    for row in range(notes.header_row + 1, sheet.max_row + 1) if own else ():
        _put(sheet, row, column, None)
    _put(sheet, notes.header_row, column, notes.title).font = Font(bold=True)
    for row, reason in notes.reasons.items():
        _put(sheet, row, column, reason).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions[get_column_letter(column)].width = _REASON_WIDTH
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _put(sheet: Any, row: int, column: int, text: str | None) -> Any:
    cell = sheet.cell(row, column)
    cell.value = text
    if text is not None:
        cell.data_type = "s"  # never a formula, whatever it begins with
    return cell


def _plain_copy(sheet: RawSheet, notes: Notes) -> bytes:
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        looks = {
            True: book.add_format({"bg_color": "#" + _RED}),
            False: book.add_format({"bg_color": "#" + _AMBER}),
        }
        page = book.add_worksheet("名册")
        marked = {(m.row, m.column): m.error for m in sorted(notes.marks, key=lambda m: m.error)}
        width = max((len(row) for row in sheet.rows), default=0)
        page.set_column(width, width, _REASON_WIDTH)
        for index, row in enumerate(sheet.rows):
            number = sheet.number(index)
            for column, text in _texts(row):
                look = looks.get(marked.get((number, column + 1)))  # type: ignore[arg-type]
                page.write(index, column, text, look)
            reason = notes.title if number == notes.header_row else notes.reasons.get(number)
            if reason:
                page.write_string(index, width, reason)
    return out.getvalue()


def _texts(row: Sequence[Value]) -> Iterator[tuple[int, str | float | bool]]:
    for column, value in enumerate(row):
        if value is None:
            continue
        if isinstance(value, (Formula, Broken)):
            yield column, value.text
        else:
            yield column, value.isoformat() if isinstance(value, date) else value
