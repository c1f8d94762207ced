"""A batch's way: uploaded, checked, confirmed or discarded, applied, undone. Each step is refused in words when it
is not the next one."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Integer, Text, bindparam, delete, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.types import Uuid

from app.access.terms import Actor, Permission
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Conflict, Forbidden, NotFound
from app.exchange.hiding import hidden
from app.exchange.leases import LEASE
from app.exchange.models import ImportBatch, ImportRow
from app.exchange.queries import Batch, batch_by_id, count_rows
from app.exchange.terms import BatchKind, BatchState, Left, ReadSheet, RowEnd
from app.files.models import StoredFile
from app.text.clean import printable

# Beside the right to import at all.
_NEEDED = {
    BatchKind.CERTIFICATES: Permission.FIRM_CERTIFY,
    BatchKind.MOVES: Permission.MOVE,
    **{kind: Permission.CARRIER_LET for kind in BatchKind if kind.of_carrier},
}


def needed(kind: BatchKind) -> Permission:
    return _NEEDED.get(kind, Permission.FIRM_IMPORT)


async def upload(
    conn: Conn,
    *,
    sha256: str,
    size: int,
    filename: str,
    by: Actor,
    at: datetime,
    kind: BatchKind = BatchKind.FIRMS,
    state: BatchState = BatchState.UPLOADED,
    carrier_id: uuid.UUID | None = None,
) -> uuid.UUID:
    """The file is in the store already. A command that checks the batch itself starts it as CHECKING, with a lease.

    Raises Forbidden when this kind of list is not for whoever brings it.
    """
    if by.viewer.login and not by.viewer.may(needed(kind)):
        raise Forbidden
    file_id, batch_id = new_id(), new_id()
    creator = by.viewer.id if by.viewer.login else None
    await conn.execute(
        insert(StoredFile).values(
            id=file_id, sha256=sha256, size=size, name=filename, created_by=creator, created_at=at
        )
    )
    await conn.execute(
        insert(ImportBatch).values(
            id=batch_id,
            kind=kind.value,
            file_id=file_id,
            filename=filename,
            carrier_id=carrier_id,
            state=state.value,
            created_by=creator,
            creator_name=by.viewer.name,
            created_at=at,
            lease_until=at + LEASE if state is BatchState.CHECKING else None,
            sheet={"scope": by.viewer.scope},
        )
    )
    await _note(conn, "import:batch:uploaded", batch_id, filename, by=by, at=at, after={"size": size})
    return batch_id


async def confirm(
    conn: Conn,
    batch_id: uuid.UUID,
    *,
    by: Actor,
    at: datetime,
    state: BatchState = BatchState.QUEUED,
    carrier_id: uuid.UUID | None = None,
) -> Batch:
    """Raises NotFound, Forbidden for anybody but the uploader, or Conflict when the batch is past it."""
    batch = await _step(conn, batch_id, BatchState.QUEUED, by=by, carrier_id=carrier_id)
    if batch.created_by != (by.viewer.id if by.viewer.login else None):
        # The import is written in the uploader's name, so nobody else may let it go.
        raise Forbidden(f"这一批由{batch.creator_name}上传，只有本人可以确认导入。")
    lease = at + LEASE if state is BatchState.APPLYING else None
    await _write(conn, batch_id, state=state.value, done=0, lease_until=lease, sentence=None)
    await _note(conn, "import:batch:confirmed", batch_id, batch.filename, by=by, at=at, after=batch.counts)
    return batch


async def discard(
    conn: Conn, batch_id: uuid.UUID, *, by: Actor, at: datetime, carrier_id: uuid.UUID | None = None
) -> Batch:
    batch = await _step(conn, batch_id, BatchState.DISCARDED, by=by, carrier_id=carrier_id)
    await conn.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))
    await _write(conn, batch_id, state=BatchState.DISCARDED.value)
    await _note(conn, "import:batch:discarded", batch_id, batch.filename, by=by, at=at)
    return batch


async def ask_undo(conn: Conn, batch_id: uuid.UUID, *, by: Actor, at: datetime) -> Batch:
    """The worker undoes it, in the name of who asked. Raises NotFound, or Conflict when it was not applied."""
    batch = await _step(conn, batch_id, BatchState.UNDO_QUEUED, by=by)
    values = {"state": BatchState.UNDO_QUEUED.value, "undone_by": by.viewer.id, "lease_until": None}
    await _write(conn, batch_id, **values, done=0, sentence=None)
    await _note(conn, "import:batch:undo_asked", batch_id, batch.filename, by=by, at=at)
    return batch


async def _step(
    conn: Conn, batch_id: uuid.UUID, to: BatchState, *, by: Actor, carrier_id: uuid.UUID | None = None
) -> Batch:
    batch = await batch_by_id(conn, batch_id, viewer=by.viewer, carrier_id=carrier_id, lock=True)
    if batch is None:
        raise NotFound
    if not batch.state.may_become(to):
        raise Conflict(f"这一批现在是“{batch.state.label}”，不能再办这一步；请刷新页面看它的进展。")
    return batch


async def forget_preview(conn: Conn, batch_id: uuid.UUID) -> None:
    """Whatever an interrupted check left behind."""
    await conn.execute(delete(ImportRow).where(ImportRow.batch_id == batch_id))


async def keep_rows(conn: Conn, batch_id: uuid.UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    # Should two ever check one batch at once, both say the same of every row.
    if rows:
        vault = conn.vault
        each = [{**hidden(vault, batch_id, row), "batch_id": batch_id} for row in rows]
        await conn.execute(insert(ImportRow).on_conflict_do_nothing(), each)


async def keep_preview(conn: Conn, batch_id: uuid.UUID, read: ReadSheet) -> None:
    """The rows are kept already; now the batch shows them. Does nothing when somebody else has finished the check."""
    batch = await batch_by_id(conn, batch_id, viewer=None, lock=True)
    if batch is None or batch.state is not BatchState.CHECKING:
        return
    sheet = {
        "name": printable(read.sheet),
        "header_row": read.header_row,
        "columns": dict(read.columns),
        "unknown": [printable(t) for t in read.unknown],
        "doubled": [printable(t) for t in read.doubled],
    }
    await _write(
        conn,
        batch_id,
        state=BatchState.PREVIEW.value,
        total=read.total,
        done=read.total,
        lease_until=None,
        sheet={**batch.sheet, **sheet},
        **await count_rows(conn, batch_id),
    )


async def refuse(conn: Conn, batch_id: uuid.UUID, sentence: str) -> None:
    await _write(
        conn,
        batch_id,
        BatchState.CHECKING,
        state=BatchState.UNREADABLE.value,
        lease_until=None,
        sentence=sentence,
    )


async def step_back(conn: Conn, batch_id: uuid.UUID, state: BatchState, sentence: str) -> None:
    """Nothing was written, so the batch is again what it was before it was `state`."""
    before = BatchState.PREVIEW if state is BatchState.APPLYING else BatchState.APPLIED
    await _write(conn, batch_id, state, state=before.value, lease_until=None, sentence=sentence)


async def _write(conn: Conn, batch_id: uuid.UUID, still: BatchState | None = None, /, **values: Any) -> None:
    """`still`: a batch that has left this state is left alone; its worker was slow, and another has finished it."""
    statement = update(ImportBatch).where(ImportBatch.id == batch_id)
    if still is not None:
        statement = statement.where(ImportBatch.state == still.value)
    await conn.execute(statement.values(**values))


async def _note(
    conn: Conn,
    action: str,
    batch_id: uuid.UUID,
    filename: str,
    *,
    by: Actor,
    at: datetime,
    after: Mapping[str, Any] | None = None,
) -> None:
    row = event_row(action, by=by, at=at, object_type="import", object_id=batch_id, object_label=filename, after=after)
    await record(conn, row)


_OUTCOMES = text(
    """
UPDATE import_rows AS r
SET outcome = n.outcome, firm_id = n.firm_id, messages = n.messages::jsonb, undo = n.undo::jsonb
FROM unnest(:row_nos, :outcomes, :firm_ids, :messages, :undos) AS n (row_no, outcome, firm_id, messages, undo)
WHERE r.batch_id = :batch_id AND r.row_no = n.row_no
"""
).bindparams(
    bindparam("row_nos", type_=ARRAY(Integer())),
    bindparam("firm_ids", type_=ARRAY(Uuid())),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("outcomes", "messages", "undos")),
)


async def keep_outcomes(conn: Conn, batch_id: uuid.UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    vault = conn.vault
    rows = [hidden(vault, batch_id, row) for row in rows]
    given = {
        "batch_id": batch_id,
        "row_nos": [r["row_no"] for r in rows],
        "outcomes": [r["outcome"] for r in rows],
        "firm_ids": [r["firm_id"] for r in rows],
        "messages": [orjson.dumps(r["messages"]).decode() for r in rows],
        "undos": [orjson.dumps(r["undo"]).decode() if r["undo"] is not None else None for r in rows],
    }
    await conn.execute(_OUTCOMES, given)


async def finish(conn: Conn, batch: Batch, *, by: Actor, at: datetime) -> dict[str, int]:
    held = await batch_by_id(conn, batch.id, viewer=None, lock=True)
    if held is None or not held.state.may_become(BatchState.APPLIED):
        raise Conflict("这一批已经由别处办理，这一次没有写入。")
    counts = await count_rows(conn, batch.id)
    values = {"state": BatchState.APPLIED.value, "applied_at": at, "lease_until": None, "done": batch.total}
    await _write(conn, batch.id, **values, **counts)
    await _note(conn, "import:batch:applied", batch.id, batch.filename, by=by, at=at, after=counts)
    return counts


_NAMED = 20  # rows that the sentence names; the tab has them all


async def finish_undo(
    conn: Conn, batch: Batch, *, restored: int, left: Sequence[Left], by: Actor, at: datetime
) -> None:
    held = await batch_by_id(conn, batch.id, viewer=None, lock=True)
    if held is None or held.state is not batch.state:
        raise Conflict("这一批已经由别处办理，这一次没有写入。")
    nothing = bool(left) and not restored
    sentence = "一行也没有撤销。" if nothing else f"已撤销 {restored} 行。"
    if left:
        more = f"；还有 {len(left) - _NAMED} 行，见逐行结果里的“{RowEnd.LEFT.label}”" if len(left) > _NAMED else ""
        shown = "、".join(str(row) for row in left[:_NAMED])
        sentence += f"导入之后又有变动的 {len(left)} 行没有撤销：{shown}{more}。"
    values: dict[str, Any] = {"state": BatchState.APPLIED.value, "lease_until": None, "done": batch.total}
    if not nothing:  # else all of it stands as it was brought in, and may be tried again
        sheet = {**held.sheet, "left": [row.row_no for row in left]}
        values |= {"state": BatchState.UNDONE.value, "undone_at": at, "sheet": sheet}
    await _write(conn, batch.id, **values, sentence=sentence)
    after = {"restored": restored, "left": len(left)}
    await _note(conn, "import:batch:undone", batch.id, batch.filename, by=by, at=at, after=after)
