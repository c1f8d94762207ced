"""Workbooks written row by row, in constant memory, with nothing in them that a spreadsheet would run."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_EXACT_DIGITS = 15
RISKY = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)


class XlsxFile:
    """One sheet of text and amounts. `numeric` names the columns (from 0) whose text is a number; `mark` stands on
    every printed page and in the file's properties."""

    def __init__(
        self,
        path: Path,
        sheet: str,
        titles: Sequence[str],
        widths: Sequence[int],
        *,
        numeric: frozenset[int],
        mark: str = "",
    ) -> None:
        import xlsxwriter  # noqa: PLC0415

        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": str(path.parent),
        }
        self._book = xlsxwriter.Workbook(str(path), options)
        self._page = self._book.add_worksheet(sheet)
        if mark:
            self._page.set_footer("&L" + mark.replace("&", "&&"))
            self._book.set_properties({"comments": mark})
        self._numeric = numeric
        self._row = 0
        text = self._book.add_format({"num_format": "@"})
        for column, width in enumerate(widths):
            self._page.set_column(column, column, width, None if column in numeric else text)
        self._page.freeze_panes(1, 1)
        bold = self._book.add_format({"bold": True, "bg_color": "#E3E8EE"})
        for column, title in enumerate(titles):
            self._page.write_string(0, column, title, bold)

    def write(self, rows: Iterable[Sequence[str | None]]) -> None:
        put, numeric = self._page.write_string, self._numeric
        for cells in rows:
            self._row += 1
            for column, cell in enumerate(cells):
                if cell is None or cell == "":
                    continue
                if column in numeric and is_exact(cell):
                    self._page.write_number(self._row, column, float(cell))
                else:
                    put(self._row, column, cell)

    def close(self) -> None:
        """Puts the workbook together, which for a whole county takes seconds. One that is never closed is no file."""
        self._book.close()


def harmless(text: str) -> str:
    """What a spreadsheet would run when it opens a CSV gets an apostrophe in front (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(RISKY) else text


def is_exact(text: str) -> bool:
    """True for a number that a workbook keeps to its last digit: it holds fifteen of them."""
    return bool(_NUMBER.fullmatch(text)) and len(text.lstrip("-").replace(".", "").strip("0")) <= _EXACT_DIGITS


def list_sheet(book: Any, lists: Sequence[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """A hidden sheet with one list a column; returns each list's range for a drop-down."""
    page = book.add_worksheet("选项")
    page.hide()
    ranges = {}
    for column, (name, words) in enumerate(lists):
        page.write_string(0, column, name)
        for row, word in enumerate(words, 1):
            page.write_string(row, column, word)
        letter = chr(ord("A") + column)
        ranges[name] = f"=选项!${letter}$2:${letter}${len(words) + 1}"
    return ranges
