"""What the worker does for files: asks the scanner again, and clears away what nothing refers to."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from app.attachments.models import AttachmentRow  # noqa: F401  # one of those that refer to files
from app.db import Base, Conn, Database
from app.errors import Unavailable
from app.files.models import StoredFile
from app.files.scanning import Scanner, ScannerDown
from app.files.store import Files
from app.files.terms import Scan
from app.outbox.writing import notice, post

ORPHAN_AFTER = timedelta(days=2)
log = logging.getLogger("tidu.files")
_AT_ONCE = 50
_LOOKED = 500


def _waiting() -> Any:
    f = StoredFile
    return select(f.id, f.sha256).where(f.scan.in_([Scan.WAITING.value, Scan.UNSCANNED.value]), f.kind != "")


async def waiting_scans(conn: Conn) -> int:
    query = select(func.count()).select_from(_waiting().subquery())
    return int((await conn.execute(query)).scalar_one())


async def scan_waiting(database: Database, files: Files, scanner: Scanner, *, at: datetime) -> Mapping[str, int]:
    """One transaction a file. A scanner that does not answer leaves everything waiting, which is out of reach."""
    async with database.reading() as conn:
        waiting = (await conn.execute(_waiting().order_by(StoredFile.id))).all()
    done = 0
    for file_id, sha256 in waiting:
        if done == _AT_ONCE:
            break
        data = await _content(files, sha256)
        try:
            verdict = await scanner.scan(data) if data is not None else None
        except ScannerDown:
            return {"planned": len(waiting), "sent": done, "failed": 1}
        if verdict is None:
            continue
        async with database.transaction() as conn:
            await _judge(conn, file_id, sha256, verdict.found, at=at)
        if not verdict.clean:
            await files.drop(sha256)
        done += 1
    return {"planned": len(waiting), "sent": done}


async def _content(files: Files, sha256: str) -> bytes | None:
    """One that is not there, as after a restore without its files, or has gone bad waits on and holds up nobody."""
    try:
        return await files.read(sha256)
    except Unavailable:
        return None


async def _judge(conn: Conn, file_id: Any, sha256: str, found: str, *, at: datetime) -> None:
    """Of an infected file every copy is, whoever sent it under whatever name."""
    f = StoredFile
    if not found:
        await conn.execute(update(f).where(f.id == file_id).values(scan=Scan.CLEAN.value))
        return
    same = update(f).where(f.sha256 == sha256).values(scan=Scan.INFECTED.value).returning(f.id, f.name, f.created_by)
    for infected_id, name, sender in (await conn.execute(same)).all():
        if sender is not None:
            subject = f"您上传的“{name}”查出病毒（{found}），已隔离；请清除病毒后重新上传。"
            await post(conn, notice("file_infected", str(infected_id), to=sender, subject=subject, at=at))


def _referred_to() -> list[Any]:
    """Every column of the house that points at a stored file, whichever package it is in."""
    return [
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == StoredFile.__tablename__
    ]


async def orphans(conn: Conn, *, at: datetime) -> list[Any]:
    f = StoredFile
    used = or_(*(select(c).where(c == f.id).exists() for c in _referred_to()))
    query = select(f.id).where(~used, f.created_at < at - ORPHAN_AFTER).order_by(f.id).limit(_LOOKED)
    return list((await conn.execute(query)).scalars())


async def clear_orphans(database: Database, files: Files, *, at: datetime) -> Mapping[str, int]:
    """Rows that nothing refers to, then contents that no row stands for: of an upload that was never finished.

    An upload that is under way is safe: it makes its content young before it refers to it, and only what is still old
    as it goes is dropped. Where no row is left at all, the database is likelier the wrong one than all files orphans.
    """
    before = at - ORPHAN_AFTER
    tidied = await files.tidy(older_than=before.timestamp())
    async with database.transaction() as conn:
        gone = await orphans(conn, at=at)
        await conn.execute(delete(StoredFile).where(StoredFile.id.in_(gone)))
        knows_any = (await conn.execute(select(StoredFile.id).limit(1))).first() is not None
    dropped = 0
    old = await files.held(older_than=before.timestamp())
    if old and not knows_any and not gone:
        log.error("no row stands for any of %d files: is this the database of this file store?", len(old))
        return {"planned": len(old), "failed": 1}
    for begin in range(0, len(old), _LOOKED):
        some = old[begin : begin + _LOOKED]
        async with database.reading() as conn:
            held = select(StoredFile.sha256).where(StoredFile.sha256.in_(some))
            infected = StoredFile.scan == Scan.INFECTED.value
            kept = set((await conn.execute(held.where(~infected))).scalars())
        for sha256 in some:
            if sha256 not in kept:
                dropped += await files.drop(sha256, older_than=before.timestamp())
    return {"planned": len(gone) + dropped + tidied}
