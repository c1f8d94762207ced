"""Merges that were made, newest first, with both firms' names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import FirmDetail
from app.work.models import FirmMerge
from app.work.terms import MergeState

_GONE = Firm.__table__.alias("gone")


@dataclass(frozen=True, slots=True)
class Merged:
    id: UUID
    state: MergeState
    merged_at: datetime
    merger_name: str
    undone_at: datetime | None
    undoer_name: str
    kept: tuple[str, str]  # code, name
    gone: tuple[str, str]


async def recent_merges(conn: Conn, *, viewer: Viewer, limit: int = 30) -> list[Merged]:
    """Those of which the viewer sees both firms."""
    query = _seen_by(viewer).order_by(FirmMerge.merged_at.desc(), FirmMerge.id.desc()).limit(limit)
    return [_merged(row) for row in (await conn.execute(query)).all()]


async def merging_of(conn: Conn, gone_id: UUID, *, viewer: Viewer) -> Merged | None:
    """How a record came to be merged; None as well when the one that was kept is out of sight."""
    query = _seen_by(viewer).where(FirmMerge.gone_id == gone_id, FirmMerge.state == MergeState.DONE.value)
    row = (await conn.execute(query)).one_or_none()
    return _merged(row) if row is not None else None


async def absorbed_by(conn: Conn, firm: FirmDetail, *, viewer: Viewer) -> list[Merged]:
    """What was merged into it and can still be taken back: neither of the two has been edited since."""
    versions = FirmMerge.record["versions"]
    query = _seen_by(viewer).where(
        FirmMerge.kept_id == firm.id,
        FirmMerge.state == MergeState.DONE.value,
        versions[0].as_integer() == Firm.version,
        versions[1].as_integer() == _GONE.c.version,
    )
    return [_merged(row) for row in (await conn.execute(query)).all()]


def _seen_by(viewer: Viewer) -> Any:
    gone, m = _GONE, FirmMerge
    mine: Any = select(Firm.id).where(visible_to(viewer))
    return (
        select(
            m.id,
            m.state,
            m.merged_at,
            m.merger_name,
            m.undone_at,
            m.undoer_name,
            Firm.uscc,
            Firm.name,
            gone.c.uscc,
            gone.c.name,
        )
        .join(Firm, Firm.id == m.kept_id)
        .join(gone, gone.c.id == m.gone_id)
        .where(visible_to(viewer), gone.c.id.in_(mine))
    )


def _merged(row: Any) -> Merged:
    return Merged(*(row[0], MergeState(row[1]), *row[2:6], (row[6], row[7]), (row[8], row[9])))
