"""Whose a batch is while it is worked on: a worker's for half a minute, renewed for as long as it lives."""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import text, update
from sqlalchemy.types import Uuid

from app.db import Conn
from app.exchange.models import ImportBatch
from app.exchange.terms import BatchState

LEASE = timedelta(seconds=30)
SOON = timedelta(seconds=2)
_WRITING = (BatchState.APPLYING.value, BatchState.UNDOING.value)
_CLAIM = text(
    """
UPDATE import_batches SET lease_until = :until, done = 0,
  state = CASE state WHEN 'uploaded' THEN 'checking' WHEN 'queued' THEN 'applying' WHEN 'undo_queued' THEN 'undoing'
    ELSE state END
WHERE id = (
  SELECT id FROM import_batches
  WHERE state IN ('uploaded', 'queued', 'undo_queued')
    OR (state IN ('checking', 'applying', 'undoing') AND lease_until < :at)
  ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""
).columns(id=Uuid())
_PROGRESS = text(
    """
UPDATE import_batches SET done = :done, total = :total, lease_until = :until
WHERE id = :id AND state IN ('checking', 'applying', 'undoing')
"""
)


async def claim(conn: Conn, *, at: datetime) -> uuid.UUID | None:
    """The oldest batch that waits, or whose worker has died; it is the caller's for as long as the lease lasts."""
    found: uuid.UUID | None = (await conn.execute(_CLAIM, {"at": at, "until": at + LEASE})).scalar_one_or_none()
    return found


async def note_progress(conn: Conn, batch_id: uuid.UUID, *, done: int, total: int, at: datetime) -> None:
    await conn.execute(_PROGRESS, {"id": batch_id, "done": done, "total": total, "until": at + LEASE})


async def try_again_soon(conn: Conn, batch_id: uuid.UUID, *, at: datetime) -> None:
    """Another import is writing. The batch stays as it is, and whoever looks in two seconds takes it up."""
    await conn.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.state.in_(_WRITING))
        .values(lease_until=at + SOON)
    )


async def keep_lease(conn: Conn, batch_id: uuid.UUID, *, at: datetime) -> None:
    """Still at it."""
    await conn.execute(
        update(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.state.in_([s.value for s in BatchState if s.busy]))
        .values(lease_until=at + LEASE)
    )
