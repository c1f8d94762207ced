"""A window and its versions as they are written; what may be written is decided above."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.clock import business_day
from app.db import Conn, new_id
from app.filings.models import FilingWindow, WindowVersionRow
from app.filings.terms import NO_DATES, NO_NOTICE, Dates, Notice, Window, WindowChange, WindowState


@dataclass(frozen=True, slots=True)
class NewWindow:
    programme: str
    year: int
    batch: int
    label: str
    region: str
    dates: Dates = NO_DATES
    notice: Notice = NO_NOTICE
    month: int | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """What a version says, and what made it."""

    change: WindowChange
    state: WindowState
    dates: Dates
    notice: Notice
    reason: str = ""

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "state": self.state.value,
            **asdict(self.dates),
            **asdict(self.notice),
            "grade": self.notice.grade.value,
        }

    def to_json(self) -> dict[str, Any]:
        said = {"state": self.state.value, **self.dates.to_json()}
        words = {"document": self.notice.document, "address": self.notice.address, "reason": self.reason}
        return said | {name: word for name, word in words.items() if word}


async def put_in(
    conn: Conn, new: NewWindow, *, state: WindowState, change: WindowChange, by: Actor, at: datetime
) -> uuid.UUID | None:
    """The row and its first version; None when the series has a window of that year already."""
    edition = Edition(change, state, new.dates, new.notice)
    row = {
        "id": new_id(),
        "programme": new.programme,
        "year": new.year,
        "batch": new.batch,
        "label": new.label,
        "region": new.region,
        "month": new.month,
        "created_at": at,
        **edition.columns,
    }
    write = insert(FilingWindow).values(row).on_conflict_do_nothing().returning(FilingWindow.id)
    made: uuid.UUID | None = (await conn.execute(write)).scalar_one_or_none()
    if made is not None:
        await _keep(conn, made, 1, edition, by=by, at=at)
    return made


async def write_version(conn: Conn, window: Window, edition: Edition, *, by: Actor, at: datetime) -> None:
    """The caller holds the row's lock."""
    opens_on = edition.dates.opens_on
    opened = edition.state is not WindowState.REFERENCE and (opens_on is None or opens_on <= business_day(at))
    changed = {
        **edition.columns,
        "version": window.version + 1,
        # Open under other dates is open anew: whoever waits for the opening is told of the real one.
        "opened_at": window.opened_at if opened else None,
    }
    await conn.execute(update(FilingWindow).where(FilingWindow.id == window.id).values(changed))
    await _keep(conn, window.id, window.version + 1, edition, by=by, at=at)


async def _keep(conn: Conn, window_id: uuid.UUID, version: int, edition: Edition, *, by: Actor, at: datetime) -> None:
    audit = by.audit_fields
    kept = {
        "window_id": window_id,
        "version": version,
        "change": edition.change.value,
        "reason": edition.reason,
        "actor_id": audit["actor_id"],
        "actor_name": audit["actor_name"],
        "at": at,
        **edition.columns,
    }
    await conn.execute(insert(WindowVersionRow).values(kept))


async def note(
    conn: Conn, verb: str, window_id: uuid.UUID, name: str, *, by: Actor, at: datetime, **images: Any
) -> None:
    done = event_row(
        f"window:dates:{verb}",
        by=by,
        at=at,
        object_type="window",
        object_id=window_id,
        object_label=name,
        **images,
    )
    await record(conn, done)
