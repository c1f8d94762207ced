"""A carrier's lists as files: columns by their names, rows read apart from us, kept to be looked at."""

import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fastapi import Request, Response

from app.access.sight import SeenBy
from app.access.terms import Actor, Viewer
from app.carriers.terms import Carrier
from app.db import Conn, Database
from app.exchange.carrier_batches import keep
from app.exchange.queries import Batch, batches_of
from app.exchange.rules import as_text
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.files.naming import clean_name
from app.files.store import Files
from app.sheets import Broken, Formula, SheetError, find_table, rows_of
from app.sheets.isolated import in_turn, read_isolated
from app.sheets.writing import harmless
from app.text import key as key_of
from app.web.carrier.frame import head
from app.web.htmx import see_other
from app.web.later import Later
from app.web.templating import page

_MOST = 1_000


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
        self.names = {key_of(word): field for field, words in columns.items() for word in words}

    def read(
        self, data: bytes, name: str, *, required: Sequence[str], code: str, what: str
    ) -> tuple[ReadSheet, list[Line]]:
        """Raises SheetError."""
        with tempfile.NamedTemporaryFile() as kept:
            kept.write(data)
            kept.flush()
            sheets = read_isolated(Path(kept.name), name, list(self.names))
        table = find_table(sheets, self.names, required=required, ignored=frozenset())
        found = rows_of(table, self.names, identity=required, code=code)
        if not found:
            raise SheetError(f"工作表“{table.sheet.name}”有表头，没有{what}。")
        if len(found) > _MOST:
            raise SheetError(f"一次最多 {_MOST:,} 行，请分成几个文件。")
        lines = [
            Line(row.number, {field: _plain(cell) for field, cell in row.cells.items()}, self._fault(row.cells))
            for row in found
        ]
        read = ReadSheet(table.sheet.name, table.header_row, table.unknown, table.doubled, table.columns, len(lines))
        return read, lines

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


@dataclass(frozen=True)
class Source:
    """One of a carrier's lists: its address below the carrier's, how it is read, and how its rows are brought in."""

    kind: BatchKind
    part: str
    hint: str
    kept: str
    names: Mapping[str, str]
    read: Callable[[bytes, str], tuple[ReadSheet, list[Line]]]  # raises SheetError
    bring: Callable[[Conn, Carrier, Sequence[Line], Actor, datetime], Awaitable[list[LineResult]]]


def list_page(
    request: Request, carrier: Carrier, viewer: Viewer, source: Source, batches: Sequence[Batch], *, fault: str = ""
) -> Response:
    """Where a list is brought in and taken out."""
    context: dict[str, Any] = {
        **head(carrier, viewer),
        "here": f"/carriers/{carrier.id}/{source.part}",
        "what": source.kind.label,
        "hint": source.hint,
        "kept": source.kept,
        "fault": fault,
        "batches": [(b, f"/carriers/{carrier.id}/imports/{b.id}") for b in batches],
    }
    status = 422 if fault else 200
    return page(
        request, "carrier/import.html", title=f"{carrier.name} 导入{source.kind.label}", status=status, **context
    )


def receive(
    request: Request,
    carrier: Carrier,
    source: Source,
    file: tuple[bytes, str],
    database: Database,
    files: Files,
    *,
    by: Actor,
    at: datetime,
) -> Response:
    """Everything is done and undone again, so that what is kept says what would really happen."""
    data, name, house = file[0], clean_name(file[1]), SeenBy(database, by.viewer)

    async def work() -> Response:
        try:
            read, lines = await in_turn(source.read, data, name)
        except SheetError as error:
            async with house.reading() as conn:
                batches = await batches_of(conn, carrier.id, source.kind, viewer=by.viewer)
            return list_page(request, carrier, by.viewer, source, batches, fault=str(error))
        async with house.rehearsal() as conn:
            results = await source.bring(conn, carrier, lines, by, at)
        sha256 = await files.put(data)
        async with house.transaction() as conn:
            kept = (sha256, len(data), name)
            batch_id = await keep(conn, carrier, source.kind, kept, read, results, by=by, at=at)
        return see_other(request, f"/carriers/{carrier.id}/imports/{batch_id}")

    return Later(work)
