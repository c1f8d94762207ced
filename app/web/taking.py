"""A file comes in: looked at, scanned, kept, and hung on what it belongs to."""

import asyncio
import logging
import uuid

from fastapi import UploadFile

from app.access.terms import Actor
from app.attachments import service
from app.attachments.queries import hangs
from app.attachments.terms import Attachment, Taken, Target
from app.clock import Clock
from app.config import Settings
from app.db import Conn
from app.errors import Conflict, Forbidden, Invalid
from app.files.naming import clean_name
from app.files.scanning import Scanner, ScannerDown
from app.files.sniffing import sniffed
from app.files.store import Files
from app.files.terms import MAX_FILE, FileRefused, Scan
from app.recognitions.papers import papers_changed
from app.web.evidence import Hold, hold_on

SCAN_SECONDS = 8.0
log = logging.getLogger("tidu.web")


async def take(upload: UploadFile | None, files: Files, settings: Settings) -> Taken:
    """Looks at a file and keeps it. Raises Invalid with a sentence beside the field."""
    if upload is None or not upload.filename:
        raise Invalid({"file": "请选择要上传的文件。"})
    name = clean_name(upload.filename)
    data = await upload.read(MAX_FILE + 1)
    try:
        kind = await asyncio.to_thread(sniffed, data, name)
    except FileRefused as error:
        raise Invalid({"file": str(error)}) from error
    scan = await _scanned(data, settings)
    return Taken(name, kind, len(data), await files.put(data), scan)


async def _scanned(data: bytes, settings: Settings) -> Scan:
    if not settings.clamd:
        return Scan.UNSCANNED
    try:
        verdict = await Scanner(settings.clamd, seconds=SCAN_SECONDS).scan(data)
    except ScannerDown as error:
        # It is kept and out of reach; the worker asks again.
        log.warning("the scanner did not answer: %s", error)
        return Scan.WAITING
    if not verdict.clean:
        log.warning("an upload was refused: %s", verdict.found)
        raise Invalid({"file": f"文件里查出病毒（{verdict.found}），没有保存。"})
    return Scan.CLEAN


def must_change(hold: Hold) -> None:
    if not hold.may_change:
        raise Forbidden("这里的文件现在不能由您改动。")


async def hang(conn: Conn, target: Target, taken: Taken, *, note: str, by: Actor, clock: Clock) -> uuid.UUID:
    """Looked at again: it may have been handed in, or verified, while the scanner read the file."""
    hold = await hold_on(conn, target.kind, target.id, viewer=by.viewer, lock=True)
    must_change(hold)
    at, there = clock.now(), await hangs(conn, target, taken.sha256)
    if there is not None:
        return there
    made = await service.attach(conn, target, taken, note=note, by=by, at=at)
    if hold.claimed is not None:
        await papers_changed(conn, target.firm_id, hold.claimed, target.id, added=True, by=by, at=at)
    return made


async def take_off(conn: Conn, file: Attachment, *, by: Actor, clock: Clock) -> Hold:
    """Raises Conflict for what somebody has signed or judged with in sight."""
    hold = await hold_on(conn, file.object_kind, file.object_id, viewer=by.viewer, lock=True)
    must_change(hold)
    if not hold.may_remove(file):
        raise Conflict(f"“{file.name}”在提交或核实时已经看过，不能移除；可以再上传新的。")
    at = clock.now()
    if await service.remove(conn, hold.target, file, by=by, at=at) and hold.claimed is not None:
        await papers_changed(conn, hold.target.firm_id, hold.claimed, hold.target.id, added=False, by=by, at=at)
    return hold
