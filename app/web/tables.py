"""Small tables as files: a plan, a register. What a county of firms needs is streamed by `app.exchange`."""

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Response

from app.errors import NotFound
from app.sheets.writing import XlsxFile, harmless
from app.web.downloads import CSV, XLSX, attachment

Rows = Iterable[Sequence[str | None]]


def _ending(form: str) -> str:
    if form not in ("xlsx", "csv"):
        raise NotFound
    return form


Ending = Annotated[str, Depends(_ending)]  # of an address that ends in `.{form}`


def file_of(
    form: str, name: str, sheet: str, titles: Sequence[str], rows: Rows, numeric: Iterable[int] = ()
) -> Response:
    """As a workbook or as CSV; `numeric` names the columns whose text is a number."""
    if form == "xlsx":
        return attachment(_workbook(sheet, titles, rows, frozenset(numeric)), f"{name}.xlsx", XLSX)
    out, numbers = io.StringIO(), frozenset(numeric)
    lines = csv.writer(out)
    lines.writerow(titles)
    lines.writerows([_cell(cell, column in numbers) for column, cell in enumerate(row)] for row in rows)
    return attachment(out.getvalue().encode("utf-8-sig"), f"{name}.csv", CSV)


def _cell(cell: str | None, number: bool) -> str:
    text = cell or ""
    return text if number else harmless(text)


def _workbook(sheet: str, titles: Sequence[str], rows: Rows, numeric: frozenset[int]) -> bytes:
    with tempfile.TemporaryDirectory(prefix="tidu-table-") as folder:
        path = Path(folder) / "table.xlsx"
        widths = [max(10, min(40, 2 * len(title) + 4)) for title in titles]
        book = XlsxFile(path, sheet, titles, widths, numeric=numeric)
        book.write(rows)
        book.close()
        return path.read_bytes()
