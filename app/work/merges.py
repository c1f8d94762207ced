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
from app.work.models import FirmMerge
from app.work.terms import MergeState


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
    gone = Firm.__table__.alias("gone")
    m = FirmMerge
    mine: Any = select(Firm.id).where(visible_to(viewer))
    query = (
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
        .order_by(m.merged_at.desc(), m.id.desc())
        .limit(limit)
    )
    rows = (await conn.execute(query)).all()
    return [Merged(*(r[0], MergeState(r[1]), *r[2:6], (r[6], r[7]), (r[8], r[9]))) for r in rows]
