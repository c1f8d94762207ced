"""A published list enters a firm's result: whatever stage our own papers had reached, the authority has said it."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from sqlalchemy import select

from app.access.terms import Actor
from app.db import Conn
from app.filings.applying import list_firms
from app.filings.happening import Trace, lock, write
from app.filings.models import ApplicationRow
from app.filings.stages import Happening, Stage
from app.firms.models import Firm


@dataclass(frozen=True, slots=True)
class Entered:
    """What was done to an application, so that it can be taken back while nobody has gone on from it."""

    application_id: uuid.UUID
    version: int  # after it
    before: Stage
    created: bool
    publicised: bool
    changed: bool = True

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.application_id),
            "version": self.version,
            "before": self.before.value,
            "created": self.created,
            "publicised": self.publicised,
            "changed": self.changed,
        }

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> Self:
        id_, before = uuid.UUID(said["id"]), Stage(said["before"])
        return cls(id_, said["version"], before, said["created"], said["publicised"], said["changed"])


@dataclass(frozen=True, slots=True)
class Word:
    """What the list says: in which document, of which day, and the certificate's number where it gives one."""

    document: str
    on: date
    recognises: bool  # else the firm is publicised only
    number: str = ""


async def enter(conn: Conn, window_id: uuid.UUID, uscc: str, word: Word, *, by: Actor, at: datetime) -> Entered:
    """Raises what `list_firms` raises, before anything is written."""
    query = select(ApplicationRow.id).join(Firm, Firm.id == ApplicationRow.firm_id)
    found = (
        await conn.execute(query.where(ApplicationRow.window_id == window_id, Firm.uscc == uscc))
    ).scalar_one_or_none()
    one = found or (await list_firms(conn, window_id, [uscc], by=by, at=at))[0]
    held = await lock(conn, one, None, by=by)
    before, version = held.application.stage, held.application.version
    detail = {"on": word.on.isoformat()} | ({"number": word.number} if word.number else {})
    if not word.recognises:
        await write(conn, held, {}, Trace(Happening.PUBLICISED, None, word.document, detail), by=by, at=at)
    elif before is Stage.RECOGNISED:
        return Entered(one, version, before, found is None, False, changed=False)
    else:
        trace = Trace(Happening.MOVED, Stage.RECOGNISED, word.document, detail)
        await write(conn, held, {"stage": Stage.RECOGNISED.value}, trace, by=by, at=at)
    return Entered(one, version + 1, before, found is None, not word.recognises)


async def take_back(conn: Conn, entered: Entered, *, reason: str, by: Actor, at: datetime) -> bool:
    """False when somebody has gone on from it: then it stays as it is."""
    if not entered.changed:
        return True
    held = await lock(conn, entered.application_id, None, by=by)
    if held.application.version != entered.version:
        return False
    # Whoever the list alone had put in is in the window no longer; the events keep both.
    back = Stage.WITHDRAWN if entered.created else entered.before
    if entered.publicised and not entered.created:
        trace = Trace(Happening.PUBLICISED, None, reason, {"taken_back": True})
        await write(conn, held, {}, trace, by=by, at=at)
    else:
        await write(conn, held, {"stage": back.value}, Trace(Happening.MOVED, back, reason), by=by, at=at)
    return True
