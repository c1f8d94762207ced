"""A confirmed batch into the registry: one transaction for the whole of it, so that a kill leaves all or nothing."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn, new_id
from app.exchange import service
from app.exchange.examining import Bureau, Examined, examine
from app.exchange.queries import Batch, BatchRow, writing_rows
from app.exchange.rosters import from_json
from app.exchange.terms import Message, RowOutcome, Severity
from app.firms.restoring import Image, contents_of, images_of
from app.firms.service import FirmEntry, edit_many, register_many
from app.locks import Lock, try_hold
from app.pipeline.asking import Ask, ask
from app.pipeline.entering import Entry, enter_many, footing, last_ends
from app.pipeline.terms import MoveKind
from app.recognitions.service import CertificateEntry, record_certificates
from app.recognitions.terms import CertificateKind

CHUNK = 500
Progress = Callable[[int], Awaitable[None]]


async def alone(conn: Conn) -> bool:
    """True when no other import is writing; holds until the transaction ends."""
    return await try_hold(conn, Lock.IMPORT)


async def apply_batch(
    conn: Conn, batch: Batch, *, bureau: Bureau, by: Actor, at: datetime, progress: Progress
) -> dict[str, int]:
    """The caller holds the batch and `alone`; a row that changed since the preview is reported, the rest is done."""
    done = batch.unchanged + batch.rejected
    after = 0
    while chunk := await writing_rows(conn, batch.id, after=after, limit=CHUNK):
        await _apply_chunk(conn, batch, chunk, bureau=bureau, by=by, at=at)
        after, done = chunk[-1].row_no, done + len(chunk)
        await progress(done)
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
    ids = await _write_firms(conn, writing, bureau=bureau, by=by, at=at)
    await _write_certificates(conn, writing, ids, source=f"名册导入：{batch.filename}", by=by, at=at)
    reason = f"名册导入：{batch.filename}"
    entering = [_entry(e, ids[e.row.row_no]) for e in writing if e.placing and not e.placing.waits]
    since = await enter_many(
        conn, entering, reason=reason, ladder=bureau.ladder, calendar=bureau.calendar, by=by, at=at
    )
    asks = await _ask(conn, writing, ids, reason=reason, bureau=bureau, by=by, at=at)
    asked = {a.firm_id: a.id for a in asks}
    left_as = await contents_of(conn, list(ids.values()))
    outcomes = [_outcome(e, ids.get(e.row.row_no), images, left_as, since, asked) for e in fresh]
    await service.keep_outcomes(conn, batch.id, outcomes)


def _against_preview(row: BatchRow, now: Examined) -> Examined:
    """What the person confirmed is what is done; anything else is said and left alone."""
    if now.outcome in (RowOutcome.REJECTED, RowOutcome.UNCHANGED):
        return now  # nothing is written, so nothing is overwritten
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


async def _write_firms(
    conn: Conn, writing: Sequence[Examined], *, bureau: Bureau, by: Actor, at: datetime
) -> dict[int, uuid.UUID]:
    """Row number → firm."""
    new = [e for e in writing if e.firm is None]
    created = await register_many(conn, [_arrival(e, bureau, business_day(at)) for e in new], by=by, at=at)
    known = [(e.row.row_no, e.firm, e.entry) for e in writing if e.firm and e.entry]
    await edit_many(conn, [(firm, entry) for _, firm, entry in known], by=by, at=at)
    return {
        **{e.row.row_no: firm_id for e, firm_id in zip(new, created, strict=True)},
        **{row_no: firm.id for row_no, firm, _ in known},
    }


def _arrival(e: Examined, bureau: Bureau, today: date) -> FirmEntry:
    """A new firm with its tier and its certificate's number from the start: written once, not three times."""
    assert e.entry is not None
    place = e.placing if e.placing and not e.placing.waits else None
    stands = footing(place.tier, place.effective_on, calendar=bureau.calendar, today=today) if place else None
    return replace(e.entry, footing=stands, search_extra=e.certificate.number if e.certificate else "")


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
    place = e.placing
    return Entry(
        firm_id,
        e.row.uscc,
        e.row.name,
        officer,
        place.tier,
        place.effective_on,
        place.assessment,
        footed=e.firm is None,
    )


async def _ask(
    conn: Conn,
    writing: Sequence[Examined],
    ids: dict[int, uuid.UUID],
    *,
    reason: str,
    bureau: Bureau,
    by: Actor,
    at: datetime,
) -> list[Ask]:
    """Lays what needs a second person before one; never from before an earlier placement ended."""
    waiting = [(ids[e.row.row_no], e.row.name, e.placing) for e in writing if e.placing and e.placing.waits]
    if not waiting:
        return []
    ended = await last_ends(conn, [firm_id for firm_id, _, _ in waiting], bureau.ladder)
    asks = [
        Ask(
            new_id(),
            firm_id,
            name,
            None,
            place.tier.code,
            MoveKind.ENTRY,
            max(place.effective_on, ended.get(firm_id, place.effective_on)),
            reason,
            (f"进入“{place.tier.label}”须第二人复核",),
            place.assessment,
        )
        for firm_id, name, place in waiting
    ]
    await ask(conn, asks, ladder=bureau.ladder, by=by, at=at)
    return asks


def _outcome(
    e: Examined,
    firm_id: uuid.UUID | None,
    images: dict[uuid.UUID, Image],
    left_as: dict[uuid.UUID, str],
    since: dict[uuid.UUID, Any],
    asked: dict[uuid.UUID, uuid.UUID],
) -> dict[str, Any]:
    undo = None
    if firm_id is not None and e.outcome in (RowOutcome.CREATED, RowOutcome.UPDATED):
        edited = e.firm is not None and any(c.field not in ("certificate", "tier") for c in e.changes)
        undo = {
            "image": images.get(firm_id),
            "version": e.firm.version + edited if e.firm else 1,
            "contents": left_as.get(firm_id),
            "tier": [e.placing.tier.code, since[firm_id]] if e.placing and firm_id in since else None,
            "request": asked.get(firm_id),
            "certificate": [e.certificate.number, e.certificate.issued_on, e.former_date] if e.certificate else None,
        }
    return {
        "row_no": e.row.row_no,
        "outcome": e.outcome.value,
        "firm_id": firm_id or (e.firm.id if e.firm else None),
        "messages": [m.to_json() for m in e.messages],
        "undo": undo,
    }
