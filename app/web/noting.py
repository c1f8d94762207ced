"""What leaves the house as a file is in the trail, whoever takes it and whatever it holds."""

from datetime import datetime

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn


async def note_taken(conn: Conn, name: str, kind: str, key: object, *, by: Actor, at: datetime) -> None:
    """Before it leaves, by the name that it leaves under: what is not written down is not given out."""
    about = event_row("file:document:taken", by=by, at=at, object_type=kind, object_id=str(key), object_label=name)
    await record(conn, about)
