"""Visits across firms: one's own of a month, or everybody's in sight, the last first."""

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, tuple_

from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.work.models import FirmVisit
from app.work.queries import VISIT, visit_of
from app.work.terms import Visit

PAGE = 50


async def visited(
    conn: Conn,
    *,
    viewer: Viewer,
    month: date,
    mine: bool = True,
    whom: uuid.UUID | None = None,
    after: tuple[date, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> list[tuple[str, str, Visit]]:
    """With the firm's code and name; without struck ones. `month`: any day of it; `mine`: the viewer's own, or those of
    `whom`. One more than `limit` says that there are more."""
    v = FirmVisit
    query = (
        select(Firm.uscc, Firm.name, *VISIT)
        .join(Firm, Firm.id == v.firm_id)
        .where(v.struck_at.is_(None), v.visited_on >= month.replace(day=1), v.visited_on < next_month(month))
        .where(visible_to(viewer))
    )
    if mine:
        query = query.where(v.visitor_id == (whom or viewer.id))
    if after:
        query = query.where(tuple_(v.visited_on, v.id) < after)
    query = query.order_by(v.visited_on.desc(), v.id.desc()).limit(limit + 1)
    rows: Sequence[Any] = (await conn.execute(query)).all()
    return [(row[0], row[1], visit_of(row[2:])) for row in rows]


def next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
