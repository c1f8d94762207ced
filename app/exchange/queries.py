"""Reads of imports. A batch shows firms, so it is seen by those whose division covers its uploader's."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, false, func, literal_column, select, text, tuple_

from app.access.terms import Role, Viewer
from app.db import Conn
from app.exchange.hiding import opened
from app.exchange.models import ImportBatch, ImportRow
from app.exchange.terms import BatchKind, BatchState, RowEnd, RowOutcome
from app.files.models import StoredFile
from app.text import is_code

PAGE = 50
WARNED = "warned"  # a filter beside the outcomes: rows that are taken, with something to say
_HAS_WARNING: ColumnElement[bool] = literal_column("""import_rows.messages @> '[{"severity": "warning"}]'""")


@dataclass(frozen=True, slots=True)
class Batch:
    id: uuid.UUID
    kind: BatchKind
    carrier_id: uuid.UUID | None
    filename: str
    state: BatchState
    created_by: uuid.UUID | None
    creator_name: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    undone_by: uuid.UUID | None  # whoever asked for it
    total: int
    done: int
    created: int
    updated: int
    unchanged: int
    warned: int
    rejected: int
    sheet: Mapping[str, Any]  # scope, and once read: name, header_row, columns, unknown, doubled
    sentence: str | None
    sha256: str
    left: frozenset[int] | None  # rows that its undoing left; None when it is not undone, or was before that was kept

    @property
    def scope(self) -> str:
        return str(self.sheet.get("scope", ""))

    @property
    def counts(self) -> dict[str, int]:
        names = ("created", "updated", "unchanged", "warned", "rejected")
        return {name: getattr(self, name) for name in names}

    def end_of(self, row: "BatchRow") -> RowEnd | None:
        if self.left is None or row.outcome not in (RowOutcome.CREATED, RowOutcome.UPDATED):
            return None
        return RowEnd.LEFT if row.row_no in self.left else RowEnd.BACK


@dataclass(frozen=True, slots=True)
class BatchRow:
    row_no: int
    outcome: RowOutcome
    uscc: str
    name: str
    firm_id: uuid.UUID | None
    values: Mapping[str, Any]
    changes: Sequence[Mapping[str, str]]
    messages: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class UndoRow:
    row_no: int
    uscc: str
    name: str
    firm_id: uuid.UUID
    undo: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    row_no: int
    name: str
    messages: Sequence[Mapping[str, Any]]


_BATCH = select(
    *(getattr(ImportBatch, f) for f in Batch.__dataclass_fields__ if f not in ("sha256", "left")),
    StoredFile.sha256,
).outerjoin(StoredFile, StoredFile.id == ImportBatch.file_id)
_WRITES = ImportRow.outcome.in_([RowOutcome.CREATED.value, RowOutcome.UPDATED.value])
_ROW = select(*(getattr(ImportRow, f) for f in BatchRow.__dataclass_fields__))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Lists about firms; a carrier's own are seen through the carrier."""
    if not is_code(viewer.scope):
        return false()
    return and_(ImportBatch.carrier_id.is_(None), func.starts_with(ImportBatch.sheet["scope"].astext, viewer.scope))


def _batch(row: Mapping[Any, Any]) -> Batch:
    values = dict(row)
    sheet, state = values["sheet"] or {}, BatchState(values["state"])
    # Once a batch and not once a row: it may have left a hundred thousand.
    known = state is BatchState.UNDONE and ("left" in sheet or RowEnd.LEFT.label not in (values["sentence"] or ""))
    return Batch(
        **{
            **values,
            "kind": BatchKind(values["kind"]),
            "state": state,
            "sheet": sheet,
            "left": frozenset(sheet.get("left", ())) if known else None,
            "sha256": values["sha256"] or "",
        }
    )


async def list_batches(
    conn: Conn, *, viewer: Viewer, before: uuid.UUID | None = None, limit: int = PAGE
) -> list[Batch]:
    """The newest first; `before` is the last one of the page above."""
    query = _BATCH.where(visible_to(viewer)).order_by(ImportBatch.created_at.desc(), ImportBatch.id.desc())
    if before:
        last = ImportBatch.__table__.alias("last")
        position = select(last.c.created_at, last.c.id).where(last.c.id == before).scalar_subquery()
        query = query.where(tuple_(ImportBatch.created_at, ImportBatch.id) < position)
    return [_batch(row) for row in (await conn.execute(query.limit(limit))).mappings()]


async def batch_by_id(
    conn: Conn,
    batch_id: uuid.UUID,
    *,
    viewer: Viewer | None,
    carrier_id: uuid.UUID | None = None,
    lock: bool = False,
) -> Batch | None:
    """`viewer` None: for a job that the queue gave the batch. `carrier_id`: one of that carrier's lists, which the
    caller has looked up in its viewer's sight."""
    query: Select[Any] = _BATCH.where(ImportBatch.id == batch_id)
    if carrier_id is not None and viewer is not None:
        query = query.where(_of_carrier(carrier_id, viewer))
    elif viewer is not None:
        query = query.where(visible_to(viewer))
    if lock:
        query = query.with_for_update(of=ImportBatch.__table__)
    row = (await conn.execute(query)).mappings().one_or_none()
    return _batch(row) if row is not None else None


def _of_carrier(carrier_id: uuid.UUID, viewer: Viewer) -> ColumnElement[bool]:
    """What an officer has tried says which firms there are, which no operator hears; those have no scope of codes."""
    mine: ColumnElement[bool] = ImportBatch.carrier_id == carrier_id
    return and_(mine, ImportBatch.sheet["scope"].astext == "") if viewer.role is Role.CARRIER else mine


async def batches_of(
    conn: Conn, carrier_id: uuid.UUID, kind: BatchKind, *, viewer: Viewer, limit: int = 20
) -> list[Batch]:
    """The newest first; the caller has looked the carrier up in its viewer's sight."""
    query = _BATCH.where(_of_carrier(carrier_id, viewer), ImportBatch.kind == kind.value)
    query = query.order_by(ImportBatch.created_at.desc(), ImportBatch.id.desc()).limit(limit)
    return [_batch(row) for row in (await conn.execute(query)).mappings()]


def _left_of(batch_id: uuid.UUID) -> ColumnElement[bool]:
    number = func.jsonb_array_elements_text(ImportBatch.sheet["left"]).cast(Integer)
    return ImportRow.row_no.in_(select(number).where(ImportBatch.id == batch_id))


async def rows_of(
    conn: Conn, batch_id: uuid.UUID, *, outcome: str = "", after: int = 0, limit: int | None = PAGE
) -> list[BatchRow]:
    """In the file's order. `outcome` is a RowOutcome, a RowEnd, `WARNED`, or "" for all."""
    query = _ROW.where(ImportRow.batch_id == batch_id, ImportRow.row_no > after).order_by(ImportRow.row_no)
    if outcome == WARNED:
        query = query.where(ImportRow.outcome != RowOutcome.REJECTED.value, _HAS_WARNING)
    elif outcome in (RowEnd.BACK.value, RowEnd.LEFT.value):
        query = query.where(_WRITES, _left_of(batch_id) if outcome == RowEnd.LEFT else ~_left_of(batch_id))
    elif outcome:
        query = query.where(ImportRow.outcome == outcome)
    if limit is not None:
        query = query.limit(limit)
    return await _rows(conn, batch_id, query)


async def writing_rows(conn: Conn, batch_id: uuid.UUID, *, after: int, limit: int) -> list[BatchRow]:
    """The next rows that would change something."""
    query = (
        _ROW.where(ImportRow.batch_id == batch_id, ImportRow.row_no > after, _WRITES)
        .order_by(ImportRow.row_no)
        .limit(limit)
    )
    return await _rows(conn, batch_id, query)


async def writing_rows_of_firms(conn: Conn, batch_id: uuid.UUID, *, after: str, limit: int) -> list[BatchRow]:
    """As `writing_rows`, all rows of the next `limit` firms together, by their codes."""
    return await _rows(conn, batch_id, _of_next_firms(_ROW, _WRITES, batch_id, after, limit))


def _of_next_firms(
    query: Select[Any], which: ColumnElement[bool], batch_id: uuid.UUID, after: str, limit: int
) -> Select[Any]:
    mine = (ImportRow.batch_id == batch_id, ImportRow.uscc > after, which)
    codes = select(ImportRow.uscc).where(*mine).distinct().order_by(ImportRow.uscc).limit(limit).subquery()
    # One stretch of the index: a list of a hundred thousand rows is not read again for every few hundred firms.
    last = select(func.max(codes.c.uscc)).scalar_subquery()
    return query.where(*mine, ImportRow.uscc <= last).order_by(ImportRow.uscc, ImportRow.row_no)


async def _rows(conn: Conn, batch_id: uuid.UUID, query: Select[Any]) -> list[BatchRow]:
    vault = conn.vault
    rows = [opened(vault, batch_id, dict(row)) for row in (await conn.execute(query)).mappings()]
    return [BatchRow(**{**row, "outcome": RowOutcome(row["outcome"])}) for row in rows]


async def said_of(conn: Conn, batch_id: uuid.UUID) -> list[Said]:
    """The rows that there is something to say about, in the file's order."""
    query = (
        select(ImportRow.row_no, ImportRow.name, ImportRow.messages)
        .where(ImportRow.batch_id == batch_id, func.jsonb_array_length(ImportRow.messages) > 0)
        .order_by(ImportRow.row_no)
    )
    vault = conn.vault
    return [Said(**opened(vault, batch_id, dict(row))) for row in (await conn.execute(query)).mappings()]


# Of a row that changed nothing earlier versions kept a JSON null.
_UNDOABLE = and_(ImportRow.firm_id.is_not(None), func.jsonb_typeof(ImportRow.undo) == "object")
_UNDO = select(ImportRow.row_no, ImportRow.uscc, ImportRow.name, ImportRow.firm_id, ImportRow.undo)


async def count_undoable(conn: Conn, batch_id: uuid.UUID) -> int:
    query = select(func.count()).select_from(ImportRow).where(ImportRow.batch_id == batch_id, _UNDOABLE)
    return int((await conn.execute(query)).scalar_one())


async def undo_rows(conn: Conn, batch_id: uuid.UUID, *, after: int, limit: int) -> list[UndoRow]:
    """The next rows that have something to undo."""
    mine = (ImportRow.batch_id == batch_id, ImportRow.row_no > after, _UNDOABLE)
    rows = await conn.execute(_UNDO.where(*mine).order_by(ImportRow.row_no).limit(limit))
    return [UndoRow(*row) for row in rows]


async def undo_rows_of_firms(conn: Conn, batch_id: uuid.UUID, *, after: str, limit: int) -> list[UndoRow]:
    """As `undo_rows`, all rows of the next `limit` firms together, by their codes."""
    rows = await conn.execute(_of_next_firms(_UNDO, _UNDOABLE, batch_id, after, limit))
    return [UndoRow(*row) for row in rows]


async def deeds_of(conn: Conn, batch_id: uuid.UUID) -> list[tuple[int, str, Mapping[str, Any]]]:
    """What the rows of a carrier's list did, the last first."""
    query = (
        select(ImportRow.row_no, ImportRow.name, ImportRow.undo)
        .where(ImportRow.batch_id == batch_id, func.jsonb_typeof(ImportRow.undo) == "object")
        .order_by(ImportRow.row_no.desc())
    )
    return [(row.row_no, row.name, row.undo) for row in await conn.execute(query)]


_COUNT = text(
    """
SELECT count(*) FILTER (WHERE outcome = 'created') AS created, count(*) FILTER (WHERE outcome = 'updated') AS updated,
       count(*) FILTER (WHERE outcome = 'unchanged') AS unchanged,
       count(*) FILTER (WHERE outcome = 'rejected') AS rejected,
       count(*) FILTER (WHERE outcome <> 'rejected' AND messages @> '[{"severity": "warning"}]') AS warned
FROM import_rows WHERE batch_id = :batch_id
"""
)


async def count_rows(conn: Conn, batch_id: uuid.UUID) -> dict[str, int]:
    return dict((await conn.execute(_COUNT, {"batch_id": batch_id})).mappings().one())
