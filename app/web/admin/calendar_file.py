"""A year's schedule as a sheet that people upload, and as the text a preview hands back to be confirmed."""

import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.errors import Invalid
from app.sheets import Broken, Formula, SheetError, find_table
from app.sheets.isolated import in_turn, read_isolated
from app.sheets.writing import list_sheet
from app.text import key
from app.workdays.rules import CalendarEntry, DayKind

_TEMPLATE_ROWS = 366
_COLUMNS = {
    key(word): column
    for column, words in {
        "日期": ("日期", "放假日期", "调休日期"),
        "类型": ("类型", "类别", "安排", "放假或调休上班"),
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


def write_template() -> bytes:
    """The three columns with a drop-down, and nothing that somebody would have to delete first."""
    import xlsxwriter  # noqa: PLC0415

    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        page = book.add_worksheet("放假安排")
        kinds = list_sheet(book, [("类型", [kind.label for kind in DayKind])])
        head, day = (
            book.add_format({"bold": True, "bg_color": "#E3E8EE"}),
            book.add_format({"num_format": "yyyy-mm-dd"}),
        )
        for n, (title, width) in enumerate((("日期", 14), ("类型", 12), ("名称", 20))):
            page.set_column(n, n, width, day if title == "日期" else None)
            page.write_string(0, n, title, head)
        page.data_validation(1, 1, _TEMPLATE_ROWS, 1, {"validate": "list", "source": kinds["类型"]})
        page.freeze_panes(1, 0)
    return out.getvalue()


def as_text(entries: Sequence[CalendarEntry]) -> str:
    return "\n".join(f"{e.day}\t{e.kind.value}\t{e.name}" for e in entries)


def from_text(rows: str) -> Iterator[dict[str, object]]:
    for line in rows.splitlines():
        day, kind, name = [*line.split("\t", 2), "", ""][:3]
        yield {"日期": day, "类型": kind, "名称": name}
