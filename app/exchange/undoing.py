"""An import taken back: every firm as it was, unless somebody has worked on it since; those are named and left."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.access.terms import Actor, Viewer
from app.assessments.plan_queries import planned
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Conflict, NotFound
from app.exchange import service
from app.exchange.applying import Progress, alone
from app.exchange.queries import Batch, UndoRow, batch_by_id, count_undoable, undo_rows
from app.exchange.terms import BatchState, Left
from app.firms.locking import lock_by_id
from app.firms.restoring import contents_of, in_use, remove, restore
from app.firms.terms import FirmDetail
from app.pipeline.asking import waiting, withdraw_many
from app.pipeline.entering import Leaving, leave_many, moved_since
from app.pipeline.terms import Ladder
from app.recognitions.queries import facts_of
from app.recognitions.undoing import Written, take_back
from app.reminders.removed import forget_removed
from app.work.queries import served

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Undone:
    restored: int
    left: Sequence[Left]


@dataclass(frozen=True, slots=True)
class _Row:
    row_no: int
    name: str
    firm_id: uuid.UUID
    image: Mapping[str, Any] | None
    version: int
    contents: str | None  # as the import left the firm; earlier versions did not keep it
    tier: str | None
    since: date | None
    certificate: Written | None
    request: uuid.UUID | None


async def undo_batch(
    conn: Conn, batch_id: uuid.UUID, *, ladder: Ladder, by: Actor, at: datetime, progress: Progress | None = None
) -> Undone:
    """Raises NotFound, or Conflict when the batch is not one that was applied, or another import is writing."""
    batch = await to_undo(conn, batch_id, viewer=by.viewer)
    undoable = await count_undoable(conn, batch_id)
    left: list[Left] = []
    # Of the whole roster, as at its import: rows that were never written have nothing to undo.
    done, after = batch.total - undoable, 0
    while rows := await undo_rows(conn, batch_id, after=after, limit=CHUNK):
        left += await _undo_chunk(conn, batch, [_row(r) for r in rows], ladder=ladder, by=by, at=at)
        after, done = rows[-1].row_no, done + len(rows)
        if progress:
            await progress(done)
    await service.finish_undo(conn, batch, restored=undoable - len(left), left=left, by=by, at=at)
    return Undone(undoable - len(left), left)


async def to_undo(conn: Conn, batch_id: uuid.UUID, *, viewer: Viewer) -> Batch:
    """Raises NotFound, or Conflict when it is not one that was applied, or another import is writing."""
    lone = await alone(conn)
    # Read without a lock, so that the progress can be noted beside this transaction; `finish_undo` looks again.
    batch = applied(await batch_by_id(conn, batch_id, viewer=viewer))
    if not lone:
        raise Conflict("另一批正在导入，请等它完成后再撤销。")
    return batch


def applied(batch: Batch | None) -> Batch:
    """Raises NotFound, Conflict."""
    if batch is None:
        raise NotFound
    if not batch.state.may_become(BatchState.UNDONE):
        raise Conflict(f"这一批现在是“{batch.state.label}”，只有已导入的才能撤销。")
    return batch


def _row(r: UndoRow) -> _Row:
    undo, firm_id = r.undo, r.firm_id
    tier, since = undo["tier"] or (None, None)
    written = None
    if undo["certificate"]:
        number, issued_on, former = undo["certificate"]
        written = Written(firm_id, number, date.fromisoformat(issued_on), _day(former))
    request = uuid.UUID(undo["request"]) if undo["request"] else None
    version, contents = undo["version"], undo.get("contents")
    return _Row(r.row_no, r.name, firm_id, undo["image"], version, contents, tier, _day(since), written, request)


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


async def _undo_chunk(
    conn: Conn, batch: Batch, rows: Sequence[_Row], *, ladder: Ladder, by: Actor, at: datetime
) -> list[Left]:
    ids = [r.firm_id for r in rows]
    firms = await lock_by_id(conn, ids, viewer=by.viewer)
    disturbed = await _disturbed(conn, batch, rows, firms, ladder)
    back = [r for r in rows if r.firm_id not in disturbed]
    reason = f"撤销名册导入：{batch.filename}"
    entered = [Leaving(r.firm_id, r.name, r.tier, r.since) for r in back if r.tier and r.since]
    await leave_many(conn, entered, reason=reason, ladder=ladder, by=by, at=at)
    await withdraw_many(conn, [r.request for r in back if r.request], reason=reason, by=by, at=at)
    gone = [r.firm_id for r in back if r.image is None]
    await forget_removed(conn, [(i, firms[i].uscc) for i in gone], since=batch.created_at, at=at)
    await remove(conn, gone)  # and their certificates with them
    await take_back(conn, [r.certificate for r in back if r.certificate and r.image is not None])
    await restore(conn, {r.firm_id: r.image for r in back if r.image is not None})
    await record(conn, *(_event(r, firms[r.firm_id], batch, by=by, at=at) for r in back))
    return [Left(r.row_no, r.name) for r in rows if r.firm_id in disturbed]


async def _disturbed(
    conn: Conn, batch: Batch, rows: Sequence[_Row], firms: Mapping[uuid.UUID, FirmDetail], ladder: Ladder
) -> set[uuid.UUID]:
    ids = [r.firm_id for r in rows]
    assert batch.applied_at is not None
    found = await moved_since(conn, ids, recorded_at=batch.applied_at, ladder=ladder)
    asked = {r.request for r in rows if r.request}
    found |= {firm_id for firm_id, request_id in (await waiting(conn, ids)).items() if request_id not in asked}
    new = [r.firm_id for r in rows if r.image is None]
    found |= await in_use(conn, new) | await planned(conn, new) | await served(conn, new)
    certificates = await facts_of(conn, ids)
    # Edited since, and edited back: what it says is what the import left, and there is nothing of anybody's to lose.
    stirred = [r.firm_id for r in rows if r.contents and r.firm_id in firms and firms[r.firm_id].version != r.version]
    contents = await contents_of(conn, stirred)
    for row in rows:
        firm = firms.get(row.firm_id)
        edited = firm is None or (firm.version != row.version and contents.get(row.firm_id) != row.contents)
        if firm is None or edited or (row.tier and firm.tier != row.tier):
            found.add(row.firm_id)
            continue
        held = {c.number: c for c in certificates.get(row.firm_id, ())}
        ours = held.get(row.certificate.number) if row.certificate else None
        if row.certificate and (ours is None or (ours.issued_on, ours.revoked_on) != (row.certificate.issued_on, None)):
            found.add(row.firm_id)
        if row.image is None and held.keys() - ({row.certificate.number} if row.certificate else set()):
            found.add(row.firm_id)
    return found


def _event(row: _Row, firm: FirmDetail, batch: Batch, *, by: Actor, at: datetime) -> dict[str, Any]:
    return event_row(
        "firm:record:removed" if row.image is None else "firm:record:restored",
        by=by,
        at=at,
        object_type="firm",
        object_id=row.firm_id,
        object_label=firm.name,
        before={"uscc": firm.uscc, "name": firm.name},
        after={"import": str(batch.id)},
    )
