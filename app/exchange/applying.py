"""A confirmed batch into the registry: one transaction for the whole of it, so that a kill leaves all or nothing."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn
from app.exchange import service
from app.exchange.examining import Bureau, Examined, examine
from app.exchange.queries import Batch, BatchRow, rows_of
from app.exchange.rosters import from_json
from app.exchange.terms import Message, RowOutcome, Severity
from app.firms.restoring import Image, images_of
from app.firms.service import edit_many, register_many
from app.pipeline.entering import Entry, enter_many
from app.recognitions.service import CertificateEntry, record_certificates
from app.recognitions.terms import CertificateKind

CHUNK = 500
_LOCK = 781002  # one import writes at a time: two with the same codes would only wait for each other
Progress = Callable[[int], Awaitable[None]]


async def alone(conn: Conn) -> bool:
    """True when no other import is writing; holds until the transaction ends."""
    return bool((await conn.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _LOCK})).scalar_one())


async def apply_batch(
    conn: Conn, batch: Batch, *, bureau: Bureau, by: Actor, at: datetime, progress: Progress
) -> dict[str, int]:
    """The caller holds the batch and `alone`; a row that changed since the preview is reported, the rest is done."""
    rows = await rows_of(conn, batch.id, limit=None)
    wanted = [r for r in rows if r.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED)]
    before = len(rows) - len(wanted)
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        await _apply_chunk(conn, batch, chunk, bureau=bureau, by=by, at=at)
        await progress(before + start + len(chunk))
    return await service.finish(conn, batch, by=by, at=at)


async def _apply_chunk(
    conn: Conn, batch: Batch, rows: Sequence[BatchRow], *, bureau: Bureau, by: Actor, at: datetime
) -> None:
    understood = [from_json(r.row_no, r.uscc, r.name, r.values) for r in rows]
    examined = await examine(
        conn,
        understood,
        bureau=bureau,
        viewer=by.viewer,
        filename=batch.filename,
        today=business_day(at),
        lock=True,
    )
    fresh = [_against_preview(row, now) for row, now in zip(rows, examined, strict=True)]
    writing = [e for e in fresh if e.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED)]
    images = await images_of(conn, [e.firm.id for e in writing if e.firm])
    ids = await _write_firms(conn, writing, by=by, at=at)
    await _write_certificates(conn, writing, ids, source=f"名册导入：{batch.filename}", by=by, at=at)
    since = await enter_many(
        conn,
        [_entry(e, ids[e.row.row_no]) for e in writing if e.placing],
        reason=f"名册导入：{batch.filename}",
        ladder=bureau.ladder,
        calendar=bureau.calendar,
        by=by,
        at=at,
    )
    outcomes = [_outcome(e, ids.get(e.row.row_no), images, since) for e in fresh]
    await service.keep_outcomes(conn, batch.id, outcomes)


def _against_preview(row: BatchRow, now: Examined) -> Examined:
    """What the person confirmed is what is done; anything else is said and left alone."""
    if now.outcome is RowOutcome.REJECTED:
        return now
    if row.outcome is RowOutcome.CREATED and now.firm is not None:
        return _left(now, "预览之后已有人登记了这个代码，这一行没有导入；请重新上传核对差异。")
    if row.outcome is RowOutcome.UPDATED and now.firm is None:
        return _left(now, "预览之后这家企业已不在库里，这一行没有导入；请重新上传。")
    if now.firm is not None and now.firm.version != row.values["version"]:
        return _left(now, "预览之后有人改过这家企业的资料，这一行没有导入；请重新上传核对差异。")
    return now


def _left(now: Examined, sentence: str) -> Examined:
    message = Message("uscc", sentence, Severity.ERROR)
    return Examined(now.row, RowOutcome.REJECTED, [*now.messages, message], now.firm)


async def _write_firms(conn: Conn, writing: Sequence[Examined], *, by: Actor, at: datetime) -> dict[int, uuid.UUID]:
    """Row number → firm."""
    new = [e for e in writing if e.firm is None and e.entry]
    created = await register_many(conn, [e.entry for e in new if e.entry], by=by, at=at)
    known = [e for e in writing if e.firm is not None]
    await edit_many(conn, [(e.firm, e.entry) for e in known if e.firm and e.entry], by=by, at=at)
    return {
        **{e.row.row_no: firm_id for e, firm_id in zip(new, created, strict=True)},
        **{e.row.row_no: e.firm.id for e in known if e.firm},
    }


async def _write_certificates(
    conn: Conn, writing: Sequence[Examined], ids: dict[int, uuid.UUID], *, source: str, by: Actor, at: datetime
) -> None:
    entries = [
        CertificateEntry(ids[e.row.row_no], CertificateKind.HNTE, e.certificate.number, e.certificate.issued_on)
        for e in writing
        if e.certificate
    ]
    await record_certificates(conn, entries, source=source, by=by, at=at)


def _entry(e: Examined, firm_id: uuid.UUID) -> Entry:
    assert e.placing is not None
    officer = e.firm.officer_id if e.firm else None
    return Entry(firm_id, e.row.uscc, e.row.name, officer, e.placing.tier, e.placing.effective_on, e.placing.assessment)


def _outcome(
    e: Examined, firm_id: uuid.UUID | None, images: dict[uuid.UUID, Image], since: dict[uuid.UUID, Any]
) -> dict[str, Any]:
    undo = None
    if firm_id is not None and e.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED):
        edited = e.firm is not None and any(c.field not in ("certificate", "tier") for c in e.changes)
        undo = {
            "image": images.get(firm_id),
            "version": e.firm.version + edited if e.firm else 1,
            "tier": [e.placing.tier.code, since[firm_id]] if e.placing else None,
            "certificate": [e.certificate.number, e.certificate.issued_on, e.former_date] if e.certificate else None,
        }
    return {
        "row_no": e.row.row_no,
        "outcome": e.outcome.value,
        "firm_id": firm_id or (e.firm.id if e.firm else None),
        "messages": [m.to_json() for m in e.messages],
        "undo": undo,
    }
