"""A workbook of small tables to read and copy from, one a worksheet; numbers as numbers, everything else as text."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.sheets.writing import is_exact

_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True, slots=True)
class Table:
    """`lead` stands above the head, a line each. Cells that are exact numbers are written as numbers."""

    name: str
    lead: Sequence[str]
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def write_tables(tables: Sequence[Table], *, mark: str = "") -> bytes:
    """`mark`: who takes it away and when, at the foot of each printed page."""
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    plain = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    with xlsxwriter.Workbook(out, {"in_memory": True, **plain}) as book:
        taken: set[str] = set()
        for table in tables:
            page = book.add_worksheet(_sheet_name(table.name, taken))
            if mark:
                page.set_footer("&L" + mark.replace("&", "&&"))
            _write(book, page, table)
    return out.getvalue()


def _sheet_name(name: str, taken: set[str]) -> str:
    """What Excel allows: 31 characters, some of them not, and none twice."""
    short = _FORBIDDEN.sub(" ", name)[:28].strip() or "表"
    chosen, n = short, 2
    while chosen.lower() in taken:
        chosen, n = f"{short}{n}", n + 1
    taken.add(chosen.lower())
    return chosen


def _write(book: Any, page: Any, table: Table) -> None:
    bold = book.add_format({"bold": True, "bg_color": "#E3E8EE", "text_wrap": True, "valign": "top"})
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    page.set_column(0, 0, 36)
    page.set_column(1, max(len(table.head) - 1, 1), 18)
    at = 0
    for line in table.lead:
        page.write_string(at, 0, line)
        at += 1
    for column, title in enumerate(table.head):
        page.write_string(at, column, title, bold)
    page.freeze_panes(at + 1, 1)
    for row in table.rows:
        at += 1
        for column, cell in enumerate(row):
            if column and is_exact(cell) and not (cell.startswith("0") and cell.isdigit() and len(cell) > 1):
                page.write_number(at, column, float(cell))
            elif cell:
                page.write_string(at, column, cell, text)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
