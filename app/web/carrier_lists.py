"""A carrier's lists as files, for its pages and for programs: columns by their names, rows read apart from us; looked
at and kept, taken in as they were looked at."""

import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from app.access.terms import Actor
from app.carriers.recording import trace
from app.carriers.terms import Carrier
from app.db import Conn, Database
from app.errors import Conflict
from app.exchange import carrier_batches
from app.exchange.marks import refuse_other_template
from app.exchange.queries import Batch
from app.exchange.rules import as_text
from app.exchange.terms import BatchKind, LineResult, ReadSheet
from app.files.naming import clean_name
from app.files.store import Files
from app.sheets import Broken, Formula, SheetError, find_table, rows_of
from app.sheets.isolated import in_turn, read_isolated
from app.sheets.writing import harmless
from app.text import key as key_of

MOST = 1_000


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
        self, data: bytes, name: str, *, required: Sequence[str], code: str, what: str, kind: BatchKind
    ) -> tuple[ReadSheet, list[Line]]:
        """Raises SheetError."""
        with tempfile.NamedTemporaryFile() as kept:
            kept.write(data)
            kept.flush()
            sheets = read_isolated(Path(kept.name), name, list(self.names))
        refuse_other_template(kind, sheets)
        table = find_table(sheets, self.names, required=required, ignored=frozenset())
        found = list(rows_of(table, self.names, identity=required, code=code))
        if not found:
            raise SheetError(f"工作表“{table.sheet.name}”有表头，没有{what}。")
        if len(found) > MOST:
            raise SheetError(f"一次最多 {MOST:,} 行，请分成几个文件。")
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


@dataclass(frozen=True, slots=True)
class Looked:
    """A list that was read and tried. `file`: its digest, size and name."""

    file: tuple[str, int, str]
    read: ReadSheet
    results: Sequence[LineResult]


async def look(
    carrier: Carrier,
    source: Source,
    file: tuple[bytes, str],
    house: Database,
    files: Files,
    *,
    by: Actor,
    at: datetime,
) -> Looked:
    """Everything is done and undone again, so that what is kept says what would really happen. Raises SheetError."""
    data, name = file[0], clean_name(file[1])
    read, lines = await in_turn(source.read, data, name)
    async with house.rehearsal() as conn:
        results = await source.bring(conn, carrier, lines, by, at)
    return Looked((await files.put(data), len(data), name), read, results)


async def keep(conn: Conn, carrier: Carrier, source: Source, looked: Looked, *, by: Actor, at: datetime) -> uuid.UUID:
    return await carrier_batches.keep(
        conn, carrier, source.kind, looked.file, looked.read, looked.results, by=by, at=at
    )


async def read_again(files: Files, source: Source, batch: Batch) -> Sequence[Line]:
    """Raises Conflict when the file is gone."""
    data = await files.read(batch.sha256)
    if data is None:
        raise Conflict("上传的文件已经清理，请重新上传。")
    return (await in_turn(source.read, data, batch.filename))[1]


async def take(
    conn: Conn, carrier: Carrier, source: Source, batch: Batch, lines: Sequence[Line], *, by: Actor, at: datetime
) -> None:
    """What is written is what the file says, if that is still what was shown. Raises Conflict, Refused, Forbidden."""
    counts = await carrier_batches.take(
        conn, carrier, batch.id, lambda c: source.bring(c, carrier, lines, by, at), by=by, at=at
    )
    done = {"kind": batch.kind.label, "file": batch.filename, **counts}
    what = "rooms:imported" if batch.kind is BatchKind.ROOMS else "logs:imported"
    await trace(conn, (carrier.id, carrier.name), what, done, by=by, at=at)
