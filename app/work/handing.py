"""What a handover counts, one by one: of one kind of work, what goes over or what stays."""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, Text, cast, func, literal, null, select

from app.access.terms import Viewer
from app.assessments.models import FirmPlan
from app.db import Conn
from app.filings.models import ApplicationRow, FilingWindow, ProgrammeRow
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.work.handover import OPEN, Person
from app.work.models import FirmNeed, FirmTask
from app.work.terms import WorkKind

PAGE = 50


@dataclass(frozen=True, slots=True)
class Piece:
    """`on`: the day that it is due, or to be filed."""

    id: uuid.UUID
    uscc: str
    firm_name: str
    status: str
    said: str
    on: date | None


_NO_DAY = cast(null(), Date)
_SAID: dict[WorkKind, tuple[Any, Any]] = {
    WorkKind.FIRMS: (literal(""), _NO_DAY),
    WorkKind.TASKS: (FirmTask.title, FirmTask.due_on),
    WorkKind.NEEDS: (FirmNeed.body, FirmNeed.due_on),
    WorkKind.PLANS: (FirmPlan.title, FirmPlan.filing_on),
    WorkKind.APPLICATIONS: (cast(FilingWindow.year, Text()) + " 年" + ProgrammeRow.label + FilingWindow.label, _NO_DAY),
}


async def pieces(
    conn: Conn,
    giver: Person,
    taker: Person | None,
    kind: WorkKind,
    *,
    viewer: Viewer,
    left: bool = False,
    after: uuid.UUID | None = None,
    limit: int = PAGE,
) -> list[Piece]:
    """In the order they came, all of them as long as nobody is named who shall have them; `left`: those that stay. One
    more than `limit` says that there are more."""
    table, is_open = OPEN[kind]
    goes = func.starts_with(Firm.region_code, taker.scope if taker else "")
    query = each_of(kind).where(table.officer_id == giver.id, is_open, visible_to(viewer), ~goes if left else goes)
    if after:
        query = query.where(table.id > after)
    return [Piece(*row) for row in await conn.execute(query.order_by(table.id).limit(limit + 1))]


def each_of(kind: WorkKind, *more: Any) -> Select[Any]:
    """The columns of a `Piece`, and `more`, of everything there is of the kind."""
    table, _ = OPEN[kind]
    query = select(table.id, Firm.uscc, Firm.name, Firm.status, *_SAID[kind], *more).select_from(table)
    if table is not Firm:
        query = query.join(Firm, Firm.id == table.firm_id)
    if table is ApplicationRow:
        query = query.join(FilingWindow, FilingWindow.id == ApplicationRow.window_id)
        query = query.join(ProgrammeRow, ProgrammeRow.code == FilingWindow.programme)
    return query
