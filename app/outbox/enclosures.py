"""What a letter carries beside its text: its page, the page's pictures, attachments. Kept once for all its letters."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.db import Conn
from app.outbox.models import OutboxFile

Use = Literal["page", "picture", "attachment"]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """`name` of a picture is also what the page calls it: `cid:name`."""

    use: Use
    name: str
    media_type: str  # "image/png"
    data: bytes


async def keep_enclosures(conn: Conn, enclosures: Sequence[Enclosure], *, at: datetime) -> list[dict[str, str]]:
    """Writes them down; returns how a message's payload names them."""
    named = [
        {"sha256": hashlib.sha256(e.data).hexdigest(), "use": e.use, "name": e.name, "type": e.media_type}
        for e in enclosures
    ]
    rows = {
        n["sha256"]: {"sha256": n["sha256"], "data": e.data, "kept_at": at}
        for n, e in zip(named, enclosures, strict=True)
    }
    if rows:
        new = insert(OutboxFile)
        # Kept anew from now on: the letters that name it are as young as this one.
        kept = new.on_conflict_do_update(index_elements=["sha256"], set_={"kept_at": new.excluded.kept_at})
        await conn.execute(kept, [rows[key] for key in sorted(rows)])
    return named


async def files_of(conn: Conn, payloads: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """By their sums, what those messages carry."""
    wanted = {one["sha256"] for payload in payloads for one in payload.get("files", ())}
    if not wanted:
        return {}
    query = select(OutboxFile.sha256, OutboxFile.data).where(OutboxFile.sha256.in_(sorted(wanted)))
    return {sha256: bytes(data) for sha256, data in await conn.execute(query)}


def enclosed(payload: Mapping[str, Any], files: Mapping[str, bytes]) -> tuple[Enclosure, ...]:
    """What is there of what it names; what is too old has been cleared away, and the letter goes without."""
    return tuple(
        Enclosure(one["use"], one["name"], one["type"], files[one["sha256"]])
        for one in payload.get("files", ())
        if one["sha256"] in files
    )


async def forget_files(conn: Conn, *, before: datetime) -> int:
    return (await conn.execute(delete(OutboxFile).where(OutboxFile.kept_at < before))).rowcount


def enclose(letter: EmailMessage, enclosures: Sequence[Enclosure]) -> None:
    """Into a letter that has its text: the page beside it with its pictures, the attachments behind both."""
    page = next((e for e in enclosures if e.use == "page"), None)
    if page is not None:
        letter.add_alternative(page.data.decode(), subtype="html")
        part: Any = letter.get_payload()[-1]  # type: ignore[index]
        for picture in (e for e in enclosures if e.use == "picture"):
            kind, subtype = picture.media_type.split("/")
            part.add_related(
                picture.data, kind, subtype, cid=f"<{picture.name}>", filename=picture.name, disposition="inline"
            )
    for attached in (e for e in enclosures if e.use == "attachment"):
        kind, subtype = attached.media_type.split("/")
        letter.add_attachment(attached.data, kind, subtype, filename=attached.name)
