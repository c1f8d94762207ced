"""Workbooks in and out. Knows cells and headers; knows nothing of firms and no table of ours."""

from app.sheets.guard import kind_of, open_package
from app.sheets.headers import Row, Table, find_table, rows_of
from app.sheets.terms import MAX_FILE, Broken, Formula, RawSheet, SheetError, Value

__all__ = [
    "MAX_FILE",
    "Broken",
    "Formula",
    "RawSheet",
    "Row",
    "SheetError",
    "Table",
    "Value",
    "find_table",
    "kind_of",
    "open_package",
    "rows_of",
]
