"""A carrier's own lists as batches: looked at and kept, taken in as they were looked at, taken back."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from app.access.terms import Actor, Viewer
from app.carriers.queries import lock_carrier
from app.carriers.terms import Carrier
from app.db import Conn
from app.errors import Conflict, NotFound, Refused
from app.exchange import service
from app.exchange.carrier_back import TakingBack
from app.exchange.queries import Batch, batch_by_id, deeds_of, rows_of
from app.exchange.terms import BatchKind, BatchState, Left, LineResult, Message, ReadSheet, RowOutcome, Severity
from app.exchange.undoing import Undone, applied
from app.text.clean import printable

Bring = Callable[[Conn], Awaitable[list[LineResult]]]


async def keep(
    conn: Conn,
    carrier: Carrier,
    kind: BatchKind,
    file: tuple[str, int, str],
    read: ReadSheet,
    results: Sequence[LineResult],
    *,
    by: Actor,
    at: datetime,
) -> uuid.UUID:
    """What a rehearsal has shown, to be confirmed by whoever brought it. `file`: its digest, size and name."""
    sha256, size, name = file
    batch_id = await service.upload(
        conn,
        sha256=sha256,
        size=size,
        filename=name,
        kind=kind,
        state=BatchState.CHECKING,
        carrier_id=carrier.id,
        by=by,
        at=at,
    )
    await service.keep_rows(conn, batch_id, [_kept(result) for result in results])
    await service.keep_preview(conn, batch_id, read)
    return batch_id


def _kept(result: LineResult) -> dict[str, Any]:
    return {
        "row_no": result.number,
        "outcome": result.outcome.value,
        "uscc": "",
        "name": printable(result.who),
        "firm_id": None,
        "values": {"what": printable(result.what), "said": printable(result.said)},
        "changes": [],
        "messages": messages_of(result),
    }


def messages_of(result: LineResult) -> list[dict[str, Any]]:
    if result.outcome is not RowOutcome.REJECTED:
        return []
    said = result.faults or {"file": result.said}
    return [Message(name, sentence, Severity.ERROR).to_json() for name, sentence in said.items()]


async def take(
    conn: Conn, carrier: Carrier, batch_id: uuid.UUID, bring: Bring, *, by: Actor, at: datetime
) -> dict[str, int]:
    """All of it, as it was looked at, or nothing. Raises NotFound, Forbidden, Conflict, Refused."""
    if await lock_carrier(conn, carrier.id, viewer=by.viewer) is None:
        raise NotFound
    batch = await service.confirm(conn, batch_id, by=by, at=at, state=BatchState.APPLYING, carrier_id=carrier.id)
    if batch.rejected:
        raise Refused("有错的行还没有改正，什么都没有导入；请改好再传。")
    shown = {row.row_no: (row.outcome, row.values["said"]) for row in await rows_of(conn, batch.id, limit=None)}
    results = await bring(conn)
    other = [r for r in results if shown.get(r.number) != (r.outcome, printable(r.said))]
    if other or len(results) != len(shown):
        first = f"第 {other[0].number} 行现在是“{other[0].outcome.label}”：{other[0].said}。" if other else ""
        raise Conflict(f"检查之后有了变动，什么都没有导入；请重新上传核对。{first}")
    rows: list[dict[str, Any]] = [
        {"row_no": r.number, "outcome": r.outcome.value, "firm_id": None, "messages": [], "undo": _undo(r)}
        for r in results
    ]
    await service.keep_outcomes(conn, batch.id, rows)
    return await service.finish(conn, batch, by=by, at=at)


def _undo(result: LineResult) -> Mapping[str, Any] | None:
    return {"deeds": list(result.deeds)} if result.deeds else None


async def take_back(conn: Conn, carrier: Carrier, batch_id: uuid.UUID, *, by: Actor, at: datetime) -> Undone:
    """Raises NotFound, or Conflict when it is not one that was taken in."""
    held = await lock_carrier(conn, carrier.id, viewer=by.viewer)  # as its lists come one after the other
    if held is None:
        raise NotFound
    batch = applied(await batch_by_id(conn, batch_id, viewer=by.viewer, carrier_id=carrier.id, lock=True))
    back, restored, left = TakingBack(conn, held, by=by, at=at), 0, list[Left]()
    for row_no, name, undo in await deeds_of(conn, batch.id):
        if why := await back.row(undo["deeds"]):
            left.append(Left(row_no, name, why))
        else:
            restored += 1
    left.reverse()
    await service.finish_undo(conn, batch, restored=restored, left=left, by=by, at=at)
    return Undone(restored, left)


async def in_sight(conn: Conn, carrier: Carrier, batch_id: uuid.UUID, *, viewer: Viewer) -> Batch:
    """Of a carrier that the caller has looked up. Raises NotFound."""
    batch = await batch_by_id(conn, batch_id, viewer=viewer, carrier_id=carrier.id)
    if batch is None:
        raise NotFound
    return batch
