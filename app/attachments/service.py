"""Hanging a file on something and taking it off again."""

import uuid
from datetime import datetime

from sqlalchemy import insert, update

from app.access.terms import Actor
from app.attachments.models import AttachmentRow
from app.attachments.queries import counts_at, hangs
from app.attachments.terms import MOST_AT_A_PLACE, MOST_OF_AN_OBJECT, Attachment, Taken, Target
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Invalid
from app.files.models import StoredFile
from app.locks import Lock, hold_part


async def attach(conn: Conn, target: Target, taken: Taken, *, note: str = "", by: Actor, at: datetime) -> uuid.UUID:
    """The same file at the same place again is the one that is there. Raises Invalid when there are too many."""
    await hold_part(conn, Lock.FILES, str(target.id))
    a = AttachmentRow
    if (there := await hangs(conn, target, taken.sha256)) is not None:
        return there
    whole, here = await counts_at(conn, target.kind, target.id, target.place)
    if here >= MOST_AT_A_PLACE or whole >= MOST_OF_AN_OBJECT:
        raise Invalid({"file": f"这里最多 {MOST_AT_A_PLACE} 个文件，请先移除不用的，或合并成一个 PDF。"})
    file_id, attachment_id = new_id(), new_id()
    file = {"id": file_id, "sha256": taken.sha256, "size": taken.size, "name": taken.name, "kind": taken.kind.value}
    await conn.execute(insert(StoredFile).values(**file, scan=taken.scan.value, created_by=by.viewer.id, created_at=at))
    row = {"id": attachment_id, "object_kind": target.kind.value, "object_id": target.id, "place": target.place}
    row |= {"note": note, "file_id": file_id, "sha256": taken.sha256, "created_at": at}
    row |= {"created_by": by.viewer.id, "creator_name": by.viewer.name}
    await conn.execute(insert(a).values(row))
    await _note(conn, "added", target, {"file": taken.name, "sha256": taken.sha256}, by=by, at=at)
    return attachment_id


async def remove(conn: Conn, target: Target, attachment: Attachment, *, by: Actor, at: datetime) -> bool:
    """False for one that was taken off before."""
    a = AttachmentRow
    gone = update(a).where(a.id == attachment.id, a.removed_at.is_(None)).values(removed_at=at, removed_by=by.viewer.id)
    if not (await conn.execute(gone)).rowcount:
        return False
    await _note(conn, "removed", target, _named(attachment), by=by, at=at)
    return True


async def note_download(conn: Conn, target: Target, attachment: Attachment, *, by: Actor, at: datetime) -> None:
    """Who had a firm's papers in hand: each time, whoever it was."""
    await _note(conn, "downloaded", target, _named(attachment), by=by, at=at)


def _named(attachment: Attachment) -> dict[str, str]:
    return {"file": attachment.name, "sha256": attachment.sha256}


async def _note(conn: Conn, verb: str, target: Target, file: dict[str, str], *, by: Actor, at: datetime) -> None:
    told, gone = {**file, "on": target.kind.label}, verb == "removed"
    done = event_row(
        f"file:attachment:{verb}",
        by=by,
        at=at,
        object_type="firm",
        object_id=target.firm_id,
        object_label=target.label,
        before=told if gone else None,
        after=None if gone else told,
    )
    await record(conn, done)
