"""A handover taken back, piece by piece: what is still as it was given; what has changed since stays and is named."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Text, Uuid, any_, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from app.access.models import User
from app.access.terms import Actor, Role, Viewer
from app.db import Conn
from app.errors import Conflict, Forbidden, NotFound
from app.filings.checking import assign
from app.firms.filtering import visible_to
from app.firms.locking import lock_by_id
from app.firms.models import Firm
from app.firms.terms import FirmStatus
from app.outbox.writing import notice, post
from app.work.handed import Counts, Given, counts_of, given_by_id
from app.work.handover import CHUNK, HOLDERS, OPEN, Person, counted, give_firms, give_rows, note
from app.work.models import Handover, HandoverItem
from app.work.rules import Held, stays
from app.work.terms import Handed, WorkKind

_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_GONE = "这次移交里有一方的账号已经删除，不能撤销；请另行移交。"


def may_take_back(given: Given, viewer: Viewer) -> bool:
    return given.undone_at is None and (viewer.role is Role.MANAGER or viewer.id == given.created_by)


async def take_back(conn: Conn, handover_id: uuid.UUID, *, by: Actor, at: datetime) -> Counts:
    """By whoever handed over, or a head of the division. Raises NotFound, Forbidden, Conflict."""
    given = await given_by_id(conn, handover_id, viewer=by.viewer, lock=True)
    if given is None:
        raise NotFound
    if given.undone_at is not None:
        raise Conflict(f"这次移交已由{given.undoer_name}撤销，不必再撤销。")
    if not may_take_back(given, by.viewer):
        raise Forbidden(f"这次移交由{given.creator_name}办理，只有本人或局领导可以撤销。")
    giver, taker = await _person(conn, given.giver_id), await _person(conn, given.taker_id)
    kept: dict[tuple[WorkKind, uuid.UUID], str] = {}
    for kind in WorkKind:
        kept |= await _of_kind(conn, handover_id, kind, giver, taker, by=by, at=at)
    await _mark(conn, handover_id, kept)
    undone = {"undone_at": at, "undoer_name": by.viewer.name}
    await conn.execute(update(Handover).where(Handover.id == handover_id).values(**undone))
    counts = await counts_of(conn, handover_id)
    said = {kind.label: {o.label: n for o, n in of.items()} for kind, of in counts.items()}
    await note(conn, "work:handover:undone", giver.id, giver.name, {"from": taker.name, **said}, by=by, at=at)
    await _tell(conn, handover_id, giver, taker, counts, by=by, at=at)
    return counts


async def _person(conn: Conn, user_id: uuid.UUID | None) -> Person:
    """With the division they have now; also one who has left, whose the work was."""
    query = select(User.id, User.name, User.scope, User.active, User.role).where(User.id == user_id)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise Conflict(_GONE)
    return Person(row.id, row.name, row.scope if row.role in HOLDERS else "", row.active)


async def _of_kind(
    conn: Conn, handover_id: uuid.UUID, kind: WorkKind, giver: Person, taker: Person, *, by: Actor, at: datetime
) -> dict[tuple[WorkKind, uuid.UUID], str]:
    """What of it stays, and why."""
    item = HandoverItem
    query = select(item.item_id).where(item.handover_id == handover_id, item.kind == kind.value)
    if kind is WorkKind.FIRMS:  # as everybody locks them
        query = query.outerjoin(Firm, Firm.id == item.item_id).order_by(Firm.uscc)
    ids = list((await conn.execute(query.order_by(item.item_id))).scalars())
    found: dict[tuple[WorkKind, uuid.UUID], str] = {}
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        held = await _held(conn, kind, chunk, by.viewer)
        why = {i: stays(held.get(i), taker=taker.id, scope=giver.scope) for i in chunk}
        found |= {(kind, i): sentence for i, sentence in why.items() if sentence}
        await _give(conn, kind, [i for i in chunk if not why[i]], taker, giver, by=by, at=at)
    return found


async def _held(conn: Conn, kind: WorkKind, ids: Sequence[uuid.UUID], viewer: Viewer) -> Mapping[uuid.UUID, Held]:
    """As it is now and stays until the transaction ends."""
    if kind is WorkKind.FIRMS:
        firms = await lock_by_id(conn, ids, viewer=viewer)
        return {i: Held(f.officer_id, f.status != FirmStatus.MERGED, f.region_code) for i, f in firms.items()}
    table, is_open = OPEN[kind]
    query = (
        select(table.id, table.officer_id, is_open.label("is_open"), Firm.region_code)
        .join(Firm, Firm.id == table.firm_id)
        .where(table.id == any_(_IDS), visible_to(viewer))
        .order_by(table.id)
        .with_for_update(of=table.__table__)
    )
    rows: Any = await conn.execute(query, {"ids": list(ids)})
    return {row.id: Held(row.officer_id, row.is_open, row.region_code) for row in rows}


async def _give(
    conn: Conn, kind: WorkKind, ids: Sequence[uuid.UUID], taker: Person, giver: Person, *, by: Actor, at: datetime
) -> None:
    if kind is WorkKind.FIRMS:
        await give_firms(conn, ids, taker, giver, by=by, at=at)
    elif kind is WorkKind.APPLICATIONS:
        for application_id in ids:
            await assign(conn, application_id, giver.id, expected=None, by=by, at=at, back=True)
    else:
        await give_rows(conn, kind, ids, taker, giver)


_KEEP = text(
    """
UPDATE handover_items AS i SET outcome = :kept, reason = k.reason
FROM unnest(:kinds, :ids, :reasons) AS k (kind, id, reason)
WHERE i.handover_id = :handover AND i.kind = k.kind AND i.item_id = k.id
"""
).bindparams(_IDS, *(bindparam(name, type_=ARRAY(Text())) for name in ("kinds", "reasons")))


async def _mark(conn: Conn, handover_id: uuid.UUID, kept: Mapping[tuple[WorkKind, uuid.UUID], str]) -> None:
    all_of_it = update(HandoverItem).where(HandoverItem.handover_id == handover_id)
    await conn.execute(all_of_it.values(outcome=Handed.UNDONE.value))
    if kept:
        said = {"kinds": [k.value for k, _ in kept], "ids": [i for _, i in kept], "reasons": list(kept.values())}
        await conn.execute(_KEEP, {"kept": Handed.KEPT.value, "handover": handover_id, **said})


async def _tell(
    conn: Conn, handover_id: uuid.UUID, giver: Person, taker: Person, counts: Counts, *, by: Actor, at: datetime
) -> None:
    back = counted({kind: of.get(Handed.UNDONE, 0) for kind, of in counts.items()})
    if not back:
        return
    who, page = by.viewer.name, f"/handover/{handover_id}"
    said = {
        giver: f"{who} 撤销了把您的工作移交给 {taker.name}，又由您负责：{back}",
        taker: f"{who} 撤销了把 {giver.name} 的工作移交给您，不再由您负责：{back}",
    }
    key = f"handover_undone:{handover_id}"
    rows = [
        notice("work_given", key, to=person.id, subject=subject, at=at, page=page)
        for person, subject in said.items()
        if person.active and person.id != by.viewer.id
    ]
    await post(conn, *rows)
