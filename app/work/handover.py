"""All of one person's open work to another in one act: firms, tasks, needs, plans, applications. What is over stays."""

import uuid
from collections.abc import Mapping, Sequence
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
from app.outbox.writing import notice, post
from app.work.models import FirmNeed, FirmTask, Handover, HandoverItem
from app.work.terms import WorkKind

CHUNK = 500
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_MOVED_ON = "预览之后这些工作有了变化，请按现在的数目再确认一次。"
_ROWS = (WorkKind.TASKS, WorkKind.NEEDS, WorkKind.PLANS)
HOLDERS = [Role.TOWN.value, Role.OFFICER.value, Role.MANAGER.value]


@dataclass(frozen=True, slots=True)
class Person:
    id: uuid.UUID
    name: str
    scope: str
    active: bool


@dataclass(frozen=True, slots=True)
class Share:
    """Of one kind of work: what goes over, and how much stays because the taker cannot open the firm."""

    kind: WorkKind
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

    def ids(self, kind: WorkKind) -> list[uuid.UUID]:
        return next(list(s.ids) for s in self.shares if s.kind == kind)


# Where each kind of work lies, and which of it is not over.
OPEN: Mapping[WorkKind, tuple[Any, Any]] = {
    WorkKind.FIRMS: (Firm, Firm.status != FirmStatus.MERGED.value),
    WorkKind.TASKS: (FirmTask, FirmTask.state == "open"),
    WorkKind.NEEDS: (FirmNeed, FirmNeed.state == "open"),
    WorkKind.PLANS: (FirmPlan, FirmPlan.state == "open"),
    WorkKind.APPLICATIONS: (ApplicationRow, ApplicationRow.stage.not_in([s.value for s in ENDED])),
}


async def people(conn: Conn, *, viewer: Viewer) -> list[Person]:
    """Those of the viewer's division who may hold work, and those who have left it and still hold some."""
    query = (
        select(User.id, User.name, User.scope, User.active)
        .where(User.role.in_(HOLDERS), User.scope != "", func.starts_with(User.scope, viewer.scope))
        .order_by(User.active.desc(), User.name, User.id)
    )
    return [Person(*row) for row in await conn.execute(query)]


async def opening(conn: Conn, giver: Person, taker: Person, *, viewer: Viewer) -> Opening:
    shares = []
    within = func.starts_with(Firm.region_code, taker.scope)
    for kind, (table, is_open) in OPEN.items():
        idle = (Firm.status != FirmStatus.ACTIVE.value).label("idle")
        query = select(table.id, within.label("goes"), idle).where(
            table.officer_id == giver.id, is_open, visible_to(viewer)
        )
        if table is not Firm:
            query = query.join(Firm, Firm.id == table.firm_id)
        # Firms in the order in which everybody locks them, since they are taken in hand part by part.
        rows = (await conn.execute(query.order_by(Firm.uscc if table is Firm else table.id))).all()
        gone = sum(r.goes and r.idle for r in rows) if table is Firm else 0
        shares.append(Share(kind, [r.id for r in rows if r.goes], sum(not r.goes for r in rows), gone))
    return Opening(giver, taker, shares)


async def hand_over(
    conn: Conn, giver: Person, taker: Person, *, seen: str, reason: str, by: Actor, at: datetime
) -> uuid.UUID:
    """Returns what it is found by afterwards. Raises Stale when there is more or less of it than was looked at."""
    work = await opening(conn, giver, taker, viewer=by.viewer)
    if work.seen != seen:
        raise Stale(_MOVED_ON)
    await give_firms(conn, work.ids(WorkKind.FIRMS), giver, taker, by=by, at=at)
    for kind in _ROWS:
        await give_rows(conn, kind, work.ids(kind), giver, taker)
    for application_id in work.ids(WorkKind.APPLICATIONS):
        await assign(conn, application_id, taker.id, expected=None, by=by, at=at)
    handover_id = await _keep(conn, work, reason=reason, by=by, at=at)
    said = {"to": taker.name, "reason": reason, **{s.kind.label: len(s.ids) for s in work.shares}}
    await note(conn, "work:handover:done", giver.id, giver.name, said, by=by, at=at)
    await _tell(conn, handover_id, work, by=by, at=at)
    return handover_id


async def give_firms(
    conn: Conn, ids: Sequence[uuid.UUID], giver: Person, taker: Person, *, by: Actor, at: datetime
) -> None:
    """Raises Stale for one that is not the giver's any more."""
    entry = FirmEntry({"officer_id": taker.id})
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        held = await lock_by_id(conn, chunk, viewer=by.viewer)
        if len(held) < len(chunk) or any(firm.officer_id != giver.id for firm in held.values()):
            raise Stale(_MOVED_ON)
        # Who looks after a firm says nothing new of it: hundreds at once would push what did change off the first page.
        await edit_many(conn, [(firm, entry) for firm in held.values()], by=by, at=at, renew=False)


async def give_rows(conn: Conn, kind: WorkKind, ids: Sequence[uuid.UUID], giver: Person, taker: Person) -> None:
    """Raises Stale for one that is not the giver's any more."""
    if not ids:
        return
    table, is_open = OPEN[kind]
    statement = (
        update(table)
        .where(table.id == any_(_IDS), table.officer_id == giver.id, is_open)
        .values(officer_id=taker.id, row_version=table.row_version + 1)
    )
    if (await conn.execute(statement, {"ids": list(ids)})).rowcount < len(ids):
        raise Stale(_MOVED_ON)


async def _keep(conn: Conn, work: Opening, *, reason: str, by: Actor, at: datetime) -> uuid.UUID:
    handover_id, viewer = new_id(), by.viewer
    who = {"giver_id": work.giver.id, "giver_name": work.giver.name, "taker_id": work.taker.id}
    who |= {"taker_name": work.taker.name, "created_by": viewer.id, "creator_name": viewer.name}
    row = insert(Handover).values(id=handover_id, reason=reason, scope=viewer.scope, created_at=at, **who)
    await conn.execute(row)
    items = [
        {"handover_id": handover_id, "kind": share.kind.value, "item_id": item_id}
        for share in work.shares
        for item_id in share.ids
    ]
    if items:
        await conn.execute(insert(HandoverItem), items)
    return handover_id


async def note(
    conn: Conn, action: str, giver_id: uuid.UUID, giver: str, said: Mapping[str, Any], *, by: Actor, at: datetime
) -> None:
    """What the trail says of a handover stands with whose work it was."""
    row = event_row(action, by=by, at=at, object_type="user", object_id=giver_id, object_label=giver, after=said)
    await record(conn, row)


def counted(numbers: Mapping[WorkKind, int]) -> str:
    return "、".join(f"{kind.label} {n}" for kind, n in numbers.items() if n)


async def _tell(conn: Conn, handover_id: uuid.UUID, work: Opening, *, by: Actor, at: datetime) -> None:
    """Whoever takes it over, and whose it was, unless it was their own doing."""
    if not work.total:
        return
    who, giver, taker = by.viewer.name, work.giver, work.taker
    what = counted({s.kind: len(s.ids) for s in work.shares})
    said = {
        taker: f"{who} 把 {giver.name} 的工作移交给您：{what}",
        giver: f"{who} 把您的工作移交给 {taker.name}：{what}",
    }
    key, page = f"handover:{handover_id}", f"/handover/{handover_id}"
    rows = [
        notice("work_given", key, to=person.id, subject=subject, at=at, page=page)
        for person, subject in said.items()
        if person.active and person.id != by.viewer.id
    ]
    await post(conn, *rows)
