"""Lists about firms at work, of whichever kind: read, judged firm by firm, written in one transaction, taken back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn
from app.exchange import service
from app.exchange.applying import CHUNK, Progress
from app.exchange.certificate_list import CERTIFICATES
from app.exchange.columns import IGNORED
from app.exchange.contact_list import CONTACTS
from app.exchange.examining import Bureau
from app.exchange.lines import Deed, Judged, Line, ListKind, Taken, World, compare_lines
from app.exchange.marks import refuse_other_template
from app.exchange.move_list import MOVES
from app.exchange.naming import Names
from app.exchange.queries import Batch, count_undoable, undo_rows_of_firms, writing_rows_of_firms
from app.exchange.terms import BatchKind, Left, ReadSheet, RowOutcome
from app.exchange.undoing import Undone, to_undo
from app.sheets import RawSheet, SheetError, find_table, rows_of

LISTS: Mapping[BatchKind, ListKind] = {one.kind: one for one in (CONTACTS, CERTIFICATES, MOVES)}
_FIRMS = 200  # judged and written at once, with all their rows


def read_list(kind: ListKind, sheets: Sequence[RawSheet], names: Names) -> tuple[ReadSheet, list[Line]]:
    """Raises SheetError."""
    refuse_other_template(kind.kind, sheets)
    table = find_table(sheets, kind.names, required=kind.required, ignored=IGNORED)
    rows = rows_of(table, kind.names, identity=kind.required, code="uscc")
    lines = compare_lines((kind.line(r.number, r.cells, names) for r in rows), kind)
    if not lines:
        raise SheetError(f"工作表“{table.sheet.name}”有表头，没有内容。")
    read = ReadSheet(table.sheet.name, table.header_row, table.unknown, table.doubled, table.columns, len(lines))
    return read, lines


def in_chunks(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """All rows of a firm in one; rows without a code that can be read are nobody's and come as they are."""
    chunk: list[Line] = []
    for _, of in groupby(lines, key=lambda line: line.uscc):
        rows = list(of)
        if chunk and len(chunk) + len(rows) > CHUNK:
            yield chunk
            chunk = []
        chunk += rows
    if chunk:
        yield chunk


async def apply_list(
    conn: Conn, batch: Batch, *, bureau: Bureau, by: Actor, at: datetime, progress: Progress
) -> dict[str, int]:
    """The caller holds the batch and `alone`; a firm that changed since the preview is reported, the rest is done."""
    kind = LISTS[batch.kind]
    world = World(bureau, by.viewer, batch.filename, business_day(at), lock=True)
    deed = Deed(bureau, by, at, f"{kind.kind.label}导入：{batch.filename}")
    done, after = batch.unchanged + batch.rejected, ""
    while rows := await writing_rows_of_firms(conn, batch.id, after=after, limit=_FIRMS):
        lines = [kind.again(r.row_no, r.uscc, r.name, r.values) for r in rows]
        seen = {r.row_no: (r.outcome, r.values["seen"]) for r in rows}
        judged = _as_previewed(await kind.judge(conn, lines, world), seen)
        writing = [j for j in judged if j.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED)]
        undo = await kind.write(conn, writing, deed) if writing else {}
        await service.keep_outcomes(conn, batch.id, [_outcome(j, undo) for j in judged])
        after, done = rows[-1].uscc, done + len(rows)
        await progress(done)
    return await service.finish(conn, batch, by=by, at=at)


def _as_previewed(judged: Sequence[Judged], seen: Mapping[int, tuple[RowOutcome, str]]) -> list[Judged]:
    """What the person confirmed is what is done; a firm of which anything is otherwise by now is left as it is."""
    other = {
        j.line.uscc
        for j in judged
        if j.outcome is not RowOutcome.UNCHANGED and (j.outcome, j.seen) != seen[j.line.row_no]
    }
    sentence = "预览之后这里有了变动，这一行没有导入；请重新上传核对差异。"
    return [
        Judged(_refused(j.line, sentence), RowOutcome.REJECTED, j.firm) if j.line.uscc in other else j for j in judged
    ]


def _refused(line: Line, sentence: str) -> Line:
    return line if line.faulty else line.saying("uscc", sentence)


def _outcome(judged: Judged, undo: Mapping[int, Mapping[str, object]]) -> dict[str, object]:
    return {
        "row_no": judged.line.row_no,
        "outcome": judged.outcome.value,
        "firm_id": judged.firm.id if judged.firm else None,
        "messages": [m.to_json() for m in judged.line.messages],
        "undo": undo.get(judged.line.row_no),
    }


async def undo_list(
    conn: Conn, batch: Batch, *, bureau: Bureau, by: Actor, at: datetime, progress: Progress | None = None
) -> Undone:
    """Raises NotFound, or Conflict when the batch is not one that was applied, or another import is writing."""
    held = await to_undo(conn, batch.id, viewer=by.viewer)
    kind = LISTS[held.kind]
    source = f"撤销{kind.kind.label}导入：{held.filename}"
    deed = Deed(bureau, by, at, source, held.applied_at)
    undoable = await count_undoable(conn, held.id)
    left: list[Left] = []
    done, after = held.total - undoable, ""
    while rows := await undo_rows_of_firms(conn, held.id, after=after, limit=_FIRMS):
        kept = await kind.take_back(conn, [Taken(r.row_no, r.name, r.firm_id, r.undo) for r in rows], deed)
        left += [Left(r.row_no, r.name) for r in kept]
        after, done = rows[-1].uscc, done + len(rows)
        if progress:
            await progress(done)
    await service.finish_undo(conn, held, restored=undoable - len(left), left=left, by=by, at=at)
    return Undone(undoable - len(left), left)
