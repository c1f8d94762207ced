"""All of one person's open work to another in one act: firms, tasks, needs, plans, applications. What is over stays."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.models import User
from app.access.terms import Actor, Role, Viewer
from app.assessments.models import FirmPlan
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Stale
from app.filings.checking import assign
from app.filings.models import ApplicationRow
from app.filings.stages import ENDED
from app.firms.filtering import visible_to
from app.firms.locking import lock_by_id
from app.firms.models import Firm
from app.firms.service import FirmEntry, edit_many
from app.firms.terms import FirmStatus
from app.outbox.models import OutboxMessage
from app.outbox.terms import Channel
from app.work.models import FirmNeed, FirmTask

_CHUNK = 500
_HOLDERS = [Role.TOWN.value, Role.OFFICER.value, Role.MANAGER.value]


@dataclass(frozen=True, slots=True)
class Person:
    id: uuid.UUID
    name: str
    scope: str
    active: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Of one kind of work: what goes over, and how much stays because the taker cannot open the firm."""

    kind: str
    label: str
    ids: Sequence[uuid.UUID]
    left: int
    idle: int = 0  # of firms: how many of these are no longer in business, which no day's list counts


@dataclass(frozen=True, slots=True)
class Opening:
    giver: Person
    taker: Person
    shares: Sequence[Share]

    @property
    def seen(self) -> str:
        """What the preview showed, so that nothing else is handed over than what somebody looked at."""
        return ".".join(str(len(s.ids)) for s in self.shares)

    @property
    def total(self) -> int:
        return sum(len(s.ids) for s in self.shares)

    def ids(self, kind: str) -> list[uuid.UUID]:
        return next(list(s.ids) for s in self.shares if s.kind == kind)


OPEN: tuple[tuple[str, str, Any, Any], ...] = (
    ("firms", "负责的企业", Firm, Firm.status != FirmStatus.MERGED.value),
    ("tasks", "未完成的待办", FirmTask, FirmTask.state == "open"),
    ("needs", "办理中的诉求", FirmNeed, FirmNeed.state == "open"),
    ("plans", "进行中的一企一策", FirmPlan, FirmPlan.state == "open"),
    ("applications", "未办完的申报", ApplicationRow, ApplicationRow.stage.not_in([s.value for s in ENDED])),
)

LABELS = {kind: label for kind, label, _, _ in OPEN}


async def people(conn: Conn, *, viewer: Viewer) -> list[Person]:
    """Those of the viewer's division who may hold work, and those who have left it and still hold some."""
    query = (
        select(User.id, User.name, User.scope, User.active)
        .where(User.role.in_(_HOLDERS), User.scope != "", func.starts_with(User.scope, viewer.scope))
        .order_by(User.active.desc(), User.name, User.id)
    )
    return [Person(*row) for row in await conn.execute(query)]


async def opening(conn: Conn, giver: Person, taker: Person, *, viewer: Viewer) -> Opening:
    shares = []
    within = func.starts_with(Firm.region_code, taker.scope)
    for kind, label, table, is_open in OPEN:
        idle = (Firm.status != FirmStatus.ACTIVE.value).label("idle")
        query = select(table.id, within.label("goes"), idle).where(
            table.officer_id == giver.id, is_open, visible_to(viewer)
        )
        if table is not Firm:
            query = query.join(Firm, Firm.id == table.firm_id)
        rows = (await conn.execute(query.order_by(table.id))).all()
        gone = sum(r.goes and r.idle for r in rows) if table is Firm else 0
        shares.append(Share(kind, label, [r.id for r in rows if r.goes], sum(not r.goes for r in rows), gone))
    return Opening(giver, taker, shares)


async def hand_over(
    conn: Conn, giver: Person, taker: Person, *, seen: str, reason: str, by: Actor, at: datetime
) -> Opening:
    """Raises Stale when there is more or less of it than was looked at."""
    work = await opening(conn, giver, taker, viewer=by.viewer)
    if work.seen != seen:
        raise Stale("预览之后这些工作有了变化，请按现在的数目再确认一次。")
    await _give_firms(conn, work, by=by, at=at)
    for kind, table in (("tasks", FirmTask), ("needs", FirmNeed), ("plans", FirmPlan)):
        await _give_rows(conn, table, work.ids(kind), work)
    for application_id in work.ids("applications"):
        await assign(conn, application_id, taker.id, expected=None, by=by, at=at)
    said = {"to": taker.name, "reason": reason, **{s.label: len(s.ids) for s in work.shares}}
    await record(
        conn,
        event_row(
            "work:handover:done",
            by=by,
            at=at,
            object_type="user",
            object_id=giver.id,
            object_label=giver.name,
            after=said,
        ),
    )
    await _tell(conn, work, by=by, at=at)
    return work


async def _give_firms(conn: Conn, work: Opening, *, by: Actor, at: datetime) -> None:
    ids = work.ids("firms")
    for start in range(0, len(ids), _CHUNK):
        held = await lock_by_id(conn, ids[start : start + _CHUNK], viewer=by.viewer)
        entry = FirmEntry({"officer_id": work.taker.id})
        await edit_many(conn, [(firm, entry) for firm in held.values()], by=by, at=at)


async def _give_rows(conn: Conn, table: Any, ids: Sequence[uuid.UUID], work: Opening) -> None:
    if not ids:
        return
    these = table.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    statement = (
        update(table)
        .where(these, table.officer_id == work.giver.id)
        .values(officer_id=work.taker.id, row_version=table.row_version + 1)
    )
    await conn.execute(statement, {"ids": list(ids)})


async def _tell(conn: Conn, work: Opening, *, by: Actor, at: datetime) -> None:
    if work.taker.id == by.viewer.id or not work.total:
        return
    counted = "、".join(f"{s.label} {len(s.ids)}" for s in work.shares if s.ids)
    row = {
        "id": new_id(),
        "dedup_key": f"work_given:{work.giver.id}:{work.taker.id}:{at.isoformat()}",
        "kind": "work_given",
        "channel": Channel.INBOX.value,
        "user_id": work.taker.id,
        "payload": {"subject": f"{by.viewer.name} 把 {work.giver.name} 的工作移交给您：{counted}"},
        "next_attempt_at": at,
        "created_at": at,
    }
    await conn.execute(insert(OutboxMessage).values(row))
