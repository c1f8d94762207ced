"""A carrier's lists as files: columns by their names, rows read apart from us, all of them taken or none."""

import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from app.access.terms import Viewer
from app.carriers.terms import Carrier
from app.db import Conn, Database
from app.exchange.rules import as_text
from app.exchange.terms import LineResult, RowOutcome
from app.sheets import Broken, Formula, SheetError, find_table, rows_of
from app.sheets.isolated import read_isolated
from app.sheets.writing import harmless
from app.text import key as key_of
from app.web.carrier.frame import head
from app.web.templating import page

_MOST = 1_000


class _Undone(Exception):
    """A list with a wrong row in it leaves nothing behind."""


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    raw: Mapping[str, Any]
    fault: str  # a cell that cannot be read at all


class Columns:
    """By field: its title, then the other names it goes by."""

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self.titles = tuple(words[0] for words in columns.values())
        self.fields = tuple(columns)
        self._title = {field: words[0] for field, words in columns.items()}
        self._names = {key_of(word): field for field, words in columns.items() for word in words}

    def read(self, data: bytes, name: str, *, required: Sequence[str], code: str, what: str) -> list[Line]:
        """Raises SheetError."""
        with tempfile.NamedTemporaryFile() as kept:
            kept.write(data)
            kept.flush()
            sheets = read_isolated(Path(kept.name), name, list(self._names))
        table = find_table(sheets, self._names, required=required, ignored=frozenset())
        found = rows_of(table, self._names, identity=required, code=code)
        if not found:
            raise SheetError(f"工作表“{table.sheet.name}”有表头，没有{what}。")
        if len(found) > _MOST:
            raise SheetError(f"一次最多 {_MOST:,} 行，请分成几个文件。")
        return [
            Line(row.number, {field: _plain(cell) for field, cell in row.cells.items()}, self._fault(row.cells))
            for row in found
        ]

    def _fault(self, cells: Mapping[str, Any]) -> str:
        """Left out in silence, a formula without its result would be an empty cell."""
        dead = (f for f, c in cells.items() if isinstance(c, Broken) or (isinstance(c, Formula) and c.result is None))
        return next((f"“{self._title[field]}”是公式或错误值，请粘贴为数值。" for field in dead), "")


def cell_of(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(getattr(value, "label", value))


def _plain(cell: Any) -> Any:
    value = cell.result if isinstance(cell, Formula) else cell.text if isinstance(cell, Broken) else cell
    if value is None or isinstance(value, date | bool):
        return value
    text = as_text(value).strip()
    return text[1:] if text.startswith("'") and harmless(text[1:]) == text else text  # as our own CSV wrote it


async def whole_or_nothing(
    database: Database,
    work: Callable[[Conn], Awaitable[list[LineResult]]],
    said: Callable[[Conn, Mapping[str, int]], Awaitable[None]],
    *,
    check: bool,
) -> list[LineResult]:
    """To check, everything is done and undone again, so that the preview says what would really happen."""
    results: list[LineResult] = []
    try:
        async with database.rehearsal() if check else database.transaction() as conn:
            results = await work(conn)
            if not check and any(r.outcome is RowOutcome.REJECTED for r in results):
                raise _Undone
            await said(conn, Counter(str(r.outcome.value) for r in results))
    except _Undone:
        pass
    return results


def list_page(
    request: Request,
    carrier: Carrier,
    viewer: Viewer,
    part: str,
    what: str,
    *,
    hint: str,
    kept: str,
    results: Sequence[LineResult] | None = None,
    check: bool = True,
    fault: str = "",
) -> Response:
    """Where a list is brought in and taken out; `part` is its address below the carrier's."""
    counts = Counter(r.outcome for r in results or ())
    wrong = counts[RowOutcome.REJECTED] > 0
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "here": f"/carriers/{carrier.id}/{part}",
        "what": what,
        "hint": hint,
        "kept": kept,
        "results": results,
        "fault": fault,
        "check": check,
        "wrong": wrong,
        "counts": [(o.label, counts[o]) for o in RowOutcome],
    }
    status = 422 if fault or (wrong and not check) else 200
    return page(request, "carrier/import.html", title=f"{carrier.name} 导入{what}", status=status, **context)
