"""Finds the header row, on whichever sheet and below however many titles, by the names its columns go by."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.sheets.reading import filled
from app.sheets.terms import Formula, RawSheet, SheetError, Value
from app.text import halve, key

_SEARCHED_ROWS = 200
_COUNT = re.compile(r"共?\d{1,6}(家|户|个|条|项|行)?(企业)?")
_NUMBER = re.compile(r"\d[\d,]*(\.\d+)?")
_TOTALS = ("合计", "总计", "小计", "共计", "累计", "汇总")
_LONGEST_TOTAL = 12


def key_of(title: str) -> str:
    """What two ways to write one header have in common."""
    return key(title)


@dataclass(frozen=True, slots=True)
class Table:
    sheet: RawSheet
    header_index: int
    columns: Mapping[str, int]  # field → column, from 0
    unknown: Sequence[str]  # header texts that mean nothing to us
    doubled: Sequence[str]  # header texts of a second column for the same field

    @property
    def header_row(self) -> int:
        return self.sheet.number(self.header_index)


@dataclass(frozen=True, slots=True)
class Row:
    number: int  # as the workbook's own margin shows it
    cells: Mapping[str, Value]


def find_table(
    sheets: Sequence[RawSheet], names: Mapping[str, str], *, required: Sequence[str], ignored: frozenset[str]
) -> Table:
    """`names` maps a header's key (see app.text.key) to its field. Raises SheetError.

    Of several sheets with a header the one with most known columns wins, then the one with most rows.
    """
    visible = [s for s in sheets if s.visible] or list(sheets)
    best: tuple[tuple[int, int], Table] | None = None
    nearest: Table | None = None
    for sheet in visible:
        for index, row in enumerate(sheet.rows[:_SEARCHED_ROWS]):
            table = _as_header(sheet, index, row, names, ignored)
            if nearest is None or len(table.columns) > len(nearest.columns):
                nearest = table
            if not all(field in table.columns for field in required):
                continue
            rank = (len(table.columns), len(sheet.rows) - index)
            if best is None or rank > best[0]:
                best = (rank, table)
    if best is None:
        raise SheetError(_not_found(nearest, names, required))
    return best[1]


def _as_header(
    sheet: RawSheet, index: int, row: Sequence[Value], names: Mapping[str, str], ignored: frozenset[str]
) -> Table:
    columns: dict[str, int] = {}
    unknown: list[str] = []
    doubled: list[str] = []
    for column, cell in enumerate(row):
        if not isinstance(cell, str) or not (name := key_of(cell)):
            continue
        field = names.get(name)
        if field is None:
            if name not in ignored:
                unknown.append(cell.strip()[:40])
        elif field in columns:
            doubled.append(cell.strip()[:40])
        else:
            columns[field] = column
    return Table(sheet, index, columns, unknown, doubled)


def _not_found(nearest: Table | None, names: Mapping[str, str], required: Sequence[str]) -> str:
    wanted = {field: name for name, field in reversed(list(names.items()))}
    if nearest is None or len(nearest.columns) < 2:
        titles = "”和“".join(wanted[field] for field in required)
        return f"没有找到表头：要有一行写着“{titles}”。请用“下载模板”里的表头，或核对是不是传错了文件。"
    missing = "”“".join(wanted[field] for field in required if field not in nearest.columns)
    return f"工作表“{nearest.sheet.name}”第 {nearest.header_row} 行像是表头，但缺少“{missing}”这一列。"


def rows_of(table: Table, names: Mapping[str, str], *, identity: Sequence[str], code: str) -> Iterator[Row]:
    """The rows below the header that say something: no totals, no footnotes, no second header. One by one: a hundred
    thousand of them need not lie beside the sheet they are read from.

    A firm may be called 汇总通, so a row with something in the `code` column is a total only where that is a count and
    nothing but 合计 is written before it.
    """
    for index in range(table.header_index + 1, len(table.sheet.rows)):
        raw = table.sheet.rows[index]
        cells = {field: raw[column] if column < len(raw) else None for field, column in table.columns.items()}
        if not filled(raw) or _is_total(raw, cells.get(code)):
            continue
        if _is_header(cells, names) or (not filled([cells[f] for f in identity]) and _is_footnote(raw, cells)):
            continue
        yield Row(table.sheet.number(index), cells)


def _is_total(raw: Sequence[Value], code: Value) -> bool:
    first = next((v for v in raw if v is not None and not (isinstance(v, str) and not v.strip())), None)
    if not isinstance(first, str):
        return False
    name = key_of(first)
    if not filled([code]):
        return len(name) <= _LONGEST_TOTAL and name.startswith(_TOTALS)
    counts = isinstance(code, float) or (isinstance(code, str) and _COUNT.fullmatch(key_of(code)))
    return bool(counts) and name.rstrip("：:") in _TOTALS


def _is_header(cells: Mapping[str, Value], names: Mapping[str, str]) -> bool:
    said = [(field, key_of(v)) for field, v in cells.items() if isinstance(v, str)]
    return len(said) > 1 and all(names.get(name) == field for field, name in said)


def _is_footnote(raw: Sequence[Value], cells: Mapping[str, Value]) -> bool:
    """A line without name and code: a remark below the list, or a serial number that was filled down too far. A number
    under one of the list's own columns is neither, but a row whose name somebody forgot."""
    said = [v for v in raw if v is not None and not (isinstance(v, str) and not v.strip())]
    return len(said) == 1 and not isinstance(said[0], Formula) and not any(map(_is_number, cells.values()))


def _is_number(value: Value) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and bool(_NUMBER.fullmatch(halve(value))))
