"""A week's digest for whoever asks: as it was known then, or with all that is known now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import Conn
from app.digests.composing import Document, compose, frame_of
from app.digests.frames import Frame
from app.digests.queries import KeptDigest, corrections_to, kept_digest
from app.digests.rules import as_known_now, as_known_then, due_at
from app.digests.terms import Line, Week
from app.errors import NotFound
from app.workdays.queries import load_calendar


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reading rests on; `kept` only when it is read as known then."""

    frame: Frame
    kept: KeptDigest | None
    over: bool  # its day has come


@dataclass(frozen=True, slots=True)
class Shown:
    asked: Asked
    document: Document
    corrected: int  # recorded after it about its week
    corrections: list[Line]

    @property
    def kept(self) -> KeptDigest | None:
        return self.asked.kept

    def to_json(self) -> dict[str, Any]:
        """The document, and apart from it what was set right since."""
        lines = [{"uscc": c.uscc, "name": c.name, "region": c.region, "said": c.said} for c in self.corrections]
        return {
            **self.document,
            "kept": self.kept is not None,
            "sha256": self.kept.sha256 if self.kept else None,
            "corrections_since": {"value": self.corrected, "lines": lines},
        }


async def asked_for(conn: Conn, week: Week, scope: str, *, now: bool, at: datetime) -> Asked:
    """Raises NotFound for a week that has not begun, and for a division that there is not."""
    calendar = await load_calendar(conn)
    then, today = as_known_then(week, at, calendar), as_known_now(week, at, calendar)
    if today.on < week.monday:
        raise NotFound("这一周还没有开始。")
    kept = None if now else await kept_digest(conn, week, scope)
    moment = kept.moment if kept else today if now else then
    return Asked(await frame_of(conn, week, scope, moment), kept, due_at(week, calendar) <= at)


async def read_digest(conn: Conn, week: Week, scope: str, *, now: bool = False, at: datetime) -> Shown:
    asked = await asked_for(conn, week, scope, now=now, at=at)
    document = asked.kept.document if asked.kept else await compose(conn, asked.frame)
    corrected, corrections = 0, list[Line]()
    if asked.over and not now:
        corrected, corrections = await corrections_to(conn, asked.frame)
    return Shown(asked, document, corrected, corrections)
