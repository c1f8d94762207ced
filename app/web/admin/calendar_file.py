"""A year's schedule as a sheet that people upload, and as the text a preview hands back to be confirmed."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.errors import Invalid
from app.sheets import Broken, Formula, SheetError, find_table
from app.sheets.isolated import in_turn, read_isolated
from app.text import key
from app.workdays.rules import CalendarEntry

_COLUMNS = {
    key(word): column
    for column, words in {
        "日期": ("日期", "放假日期", "调休日期"),
        "类型": ("类型", "类别", "放假或调休上班"),
        "名称": ("名称", "节日", "节假日", "说明"),
    }.items()
    for word in words
}


async def rows_of(data: bytes, name: str) -> tuple[int, list[dict[str, object]]]:
    """The number of the first row below the header, and the rows. Raises Invalid with the reader's sentence."""
    try:
        return await in_turn(_read, data, name)
    except SheetError as error:
        raise Invalid({"file": str(error)}) from error


def _read(data: bytes, name: str) -> tuple[int, list[dict[str, object]]]:
    with tempfile.NamedTemporaryFile() as kept:
        kept.write(data)
        kept.flush()
        sheets = read_isolated(Path(kept.name), name)
    table = find_table(sheets, _COLUMNS, required=("日期", "类型"), ignored=frozenset())
    below = table.sheet.rows[table.header_index + 1 :]
    rows = [{field: _plain(row, at) for field, at in table.columns.items()} for row in below]
    return table.header_row + 1, rows


def _plain(row: Sequence[object], column: int) -> object:
    cell = row[column] if column < len(row) else None
    if isinstance(cell, Formula):
        return cell.result
    return cell.text if isinstance(cell, Broken) else cell


def as_text(entries: Sequence[CalendarEntry]) -> str:
    return "\n".join(f"{e.day}\t{e.kind.value}\t{e.name}" for e in entries)


def from_text(rows: str) -> Iterator[dict[str, object]]:
    for line in rows.splitlines():
        day, kind, name = [*line.split("\t", 2), "", ""][:3]
        yield {"日期": day, "类型": kind, "名称": name}
