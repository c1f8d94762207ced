"""Reads of the work. Of one firm: the caller has looked it up in its viewer's sight. Of many: through that sight."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Date, Text, Uuid, any_, bindparam, case, func, null, select, union_all
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from app.access.models import User
from app.db import Conn
from app.firms.models import FirmNote
from app.statements import Kept
from app.work.models import FirmNeed, FirmTask, FirmVisit, NeedFollowUp
from app.work.terms import FollowUp, Need, NeedKind, NeedState, Owner, Remark, Task, TaskState, Visit, VisitKind

_FIRM = bindparam("firm_id", type_=Uuid())
VISIT: tuple[Any, ...] = tuple(getattr(FirmVisit, field) for field in Visit.__dataclass_fields__)
_VISITS = Kept(
    select(*VISIT)
    .where(FirmVisit.firm_id == _FIRM)
    .order_by(FirmVisit.visited_on.desc(), FirmVisit.id.desc())
    .limit(bindparam("rows"))
)
# Open ones by their day, then what was closed last.
_TASKS_OF: Any = (
    select(
        FirmTask.id,
        FirmTask.title,
        FirmTask.due_on,
        FirmTask.owner,
        FirmTask.officer_id,
        func.coalesce(User.name, ""),
        FirmTask.visit_id,
        FirmTask.state,
        FirmTask.row_version,
        FirmTask.author_name,
        FirmTask.created_at,
        FirmTask.closed_at,
        FirmTask.closer_name,
    )
    .outerjoin(User, User.id == FirmTask.officer_id)
    .where(FirmTask.firm_id == _FIRM)
)
_open_first = case((FirmTask.state == "open", 0), else_=1)
_TASKS = Kept(
    _TASKS_OF.order_by(
        _open_first,
        case((FirmTask.state == "open", FirmTask.due_on), else_=None),
        FirmTask.closed_at.desc(),
        FirmTask.id.desc(),
    ).limit(bindparam("rows"))
)
_TASK = Kept(_TASKS_OF.where(FirmTask.id == bindparam("task_id", type_=Uuid())))
_FOLLOW_UPS = (
    select(
        func.json_agg(
            aggregate_order_by(
                func.json_build_array(NeedFollowUp.at, NeedFollowUp.author_name, NeedFollowUp.body),
                NeedFollowUp.at.desc(),
                NeedFollowUp.id.desc(),
            )
        )
    )
    .where(NeedFollowUp.need_id == FirmNeed.id)
    .correlate(FirmNeed)
    .scalar_subquery()
)
_NEEDS_OF: Any = (
    select(
        FirmNeed.id,
        FirmNeed.kind,
        FirmNeed.body,
        FirmNeed.raised_on,
        FirmNeed.due_on,
        FirmNeed.officer_id,
        func.coalesce(User.name, ""),
        FirmNeed.visit_id,
        FirmNeed.state,
        FirmNeed.answer,
        FirmNeed.row_version,
        FirmNeed.author_name,
        FirmNeed.logged_at,
        FirmNeed.closed_at,
        FirmNeed.closer_name,
        _FOLLOW_UPS.label("follow_ups"),
    )
    .outerjoin(User, User.id == FirmNeed.officer_id)
    .where(FirmNeed.firm_id == _FIRM)
)
_NEEDS = Kept(
    _NEEDS_OF.order_by(case((FirmNeed.state == "open", 0), else_=1), FirmNeed.logged_at.desc()).limit(bindparam("rows"))
)
_NEED = Kept(_NEEDS_OF.where(FirmNeed.id == bindparam("need_id", type_=Uuid())))


async def visits_of(conn: Conn, firm_id: uuid.UUID, *, limit: int = 50) -> list[Visit]:
    """Newest first, struck ones among them."""
    rows = await conn.execute(_VISITS, {"firm_id": firm_id, "rows": limit})
    return [visit_of(row) for row in rows]


def visit_of(row: Any) -> Visit:
    return Visit(*(*row[:2], VisitKind(row[2]), *row[3:]))


async def tasks_of(conn: Conn, firm_id: uuid.UUID, *, limit: int = 100) -> list[Task]:
    rows = await conn.execute(_TASKS, {"firm_id": firm_id, "rows": limit})
    return [_task(row) for row in rows]


async def task_of(conn: Conn, firm_id: uuid.UUID, task_id: uuid.UUID) -> Task | None:
    row = (await conn.execute(_TASK, {"firm_id": firm_id, "task_id": task_id})).one_or_none()
    return _task(row) if row is not None else None


def _task(row: Any) -> Task:
    return Task(*(*row[:3], Owner(row[3]), *row[4:7], TaskState(row[7]), *row[8:]))


async def needs_of(conn: Conn, firm_id: uuid.UUID, *, limit: int = 100) -> list[Need]:
    """Open ones first, then the newest."""
    return [_need(row) for row in await conn.execute(_NEEDS, {"firm_id": firm_id, "rows": limit})]


async def need_of(conn: Conn, firm_id: uuid.UUID, need_id: uuid.UUID) -> Need | None:
    row = (await conn.execute(_NEED, {"firm_id": firm_id, "need_id": need_id})).one_or_none()
    return _need(row) if row is not None else None


def _need(row: Any) -> Need:
    told = tuple(FollowUp(datetime.fromisoformat(at), who, body) for at, who, body in row[15] or ())
    return Need(*(row[0], NeedKind(row[1]), *row[2:8], NeedState(row[8]), *row[9:15], told))


_NOTED: Any = (
    select(
        FirmNote.at,
        FirmNote.author_name,
        FirmNote.body,
        null().cast(Text()).label("kind"),
        null().cast(Date()).label("visited_on"),
        null().cast(Text()).label("people"),
        null().cast(Text()).label("strike_reason"),
    )
    .where(FirmNote.firm_id == _FIRM)
    .order_by(FirmNote.at.desc())
    .limit(bindparam("rows"))
)
_TOLD: Any = (
    select(
        FirmVisit.logged_at,
        FirmVisit.visitor_name,
        FirmVisit.summary,
        FirmVisit.kind,
        FirmVisit.visited_on,
        FirmVisit.people,
        FirmVisit.strike_reason,
    )
    .where(FirmVisit.firm_id == _FIRM)
    .order_by(FirmVisit.visited_on.desc(), FirmVisit.id.desc())
    .limit(bindparam("rows"))
)
_REMARKS = Kept(union_all(_NOTED.subquery().select(), _TOLD.subquery().select()))


async def remarks_of(conn: Conn, firm_id: uuid.UUID, *, limit: int = 50) -> list[Remark]:
    """What people have written about a firm: notes and visits, of each the newest, in one statement."""
    rows = await conn.execute(_REMARKS, {"firm_id": firm_id, "rows": limit})
    return [Remark(*(*row[:3], VisitKind(row[3]) if row[3] else None, *row[4:6], row[6] or "")) for row in rows]


async def served(conn: Conn, firm_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the firms that somebody has visited, or has something to do for."""
    given = any_(bindparam("ids", type_=ARRAY(Uuid())))
    tables = (FirmVisit, FirmTask, FirmNeed)
    first, *others = (select(table.firm_id).where(table.firm_id == given) for table in tables)
    return set((await conn.execute(first.union(*others), {"ids": list(firm_ids)})).scalars())
