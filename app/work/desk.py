"""What lies on desks: tasks and needs of one person or of everybody in sight, a keyset page at a time."""

import uuid
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Date, Uuid, bindparam, func, literal_column, select, tuple_

from app.access.models import User
from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import LAST_DATE, Sight, in_sight, sight_of, sight_values, visible_to
from app.firms.models import Firm
from app.statements import Kept
from app.work.models import FirmNeed, FirmTask
from app.work.terms import Due, TaskState

PAGE = 50


@lru_cache(maxsize=64)
def _due(sight: Sight, needs: bool, mine: bool, late: bool, following: bool) -> Kept:
    table: Any = FirmNeed if needs else FirmTask
    said, kind = (FirmNeed.body, FirmNeed.kind) if needs else (FirmTask.title, FirmTask.owner)
    day = func.coalesce(FirmNeed.due_on, LAST_DATE, type_=Date()) if needs else FirmTask.due_on
    query = (
        select(
            table.id, Firm.uscc, Firm.name, said, table.due_on, func.coalesce(User.name, ""), kind, table.row_version
        )
        .join(Firm, Firm.id == table.firm_id)
        .outerjoin(User, User.id == table.officer_id)
        .where(literal_column(f"{table.__tablename__}.state = 'open'"), in_sight(sight))
    )
    if mine:
        query = query.where(table.officer_id == bindparam("me", type_=Uuid()))
    if late:
        query = query.where(day < bindparam("today", type_=Date()))
    if following:
        last = tuple_(bindparam("after_day", type_=Date()), bindparam("after_id", type_=Uuid()))
        query = query.where(tuple_(day, table.id) > last)
    return Kept(query.order_by(day, table.id).limit(bindparam("rows")))


async def due(
    conn: Conn,
    *,
    viewer: Viewer,
    today: date,
    needs: bool = False,
    mine: bool = True,
    late: bool = False,
    after: tuple[date, uuid.UUID] | None = None,
    whom: uuid.UUID | None = None,
    limit: int = PAGE,
) -> list[Due]:
    """`mine`: the viewer's own, or those of `whom`.

    The earliest first; needs without a day come last. One row more than `limit` says that there are more."""
    statement = _due(sight_of(viewer), needs, mine, late, after is not None)
    values: dict[str, Any] = {**sight_values(viewer), "me": whom or viewer.id, "today": today, "rows": limit + 1}
    if after:
        values["after_day"], values["after_id"] = after
    rows: Sequence[Any] = (await conn.execute(statement, values)).all()
    return [Due(*row) for row in rows]


async def done(conn: Conn, task_id: uuid.UUID, *, viewer: Viewer) -> Due | None:
    """A task that is done and may be opened again; None for one that is not, or is about a firm out of sight."""
    task = FirmTask
    query = (
        select(task.id, Firm.uscc, Firm.name, task.title, task.due_on, task.closer_name, task.owner, task.row_version)
        .join(Firm, Firm.id == task.firm_id)
        .where(task.id == task_id, task.state == TaskState.DONE.value, visible_to(viewer))
    )
    row = (await conn.execute(query)).one_or_none()
    return Due(*row) if row is not None else None
