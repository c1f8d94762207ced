"""Handovers afterwards: what was handed over, by whom, and what has become of each piece."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_

from app.access.terms import Role, Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.work.handing import PAGE, Piece, each_of
from app.work.handover import OPEN
from app.work.models import Handover, HandoverItem
from app.work.terms import Handed, WorkKind

Counts = Mapping[WorkKind, Mapping[Handed, int]]


@dataclass(frozen=True, slots=True)
class Given:
    """A handover that was made."""

    id: uuid.UUID
    giver_id: uuid.UUID | None
    giver_name: str
    taker_id: uuid.UUID | None
    taker_name: str
    reason: str
    created_by: uuid.UUID | None
    creator_name: str
    created_at: datetime
    undone_at: datetime | None
    undoer_name: str


@dataclass(frozen=True, slots=True)
class HandedPiece:
    piece: Piece
    outcome: Handed
    reason: str


_GIVEN = select(*(getattr(Handover, f) for f in Given.__dataclass_fields__))


def _in_sight(viewer: Viewer) -> ColumnElement[bool]:
    """Those whom it is about, and the heads of the division it was made in."""
    h = Handover
    mine = or_(h.created_by == viewer.id, h.giver_id == viewer.id, h.taker_id == viewer.id)
    heads = viewer.role is Role.MANAGER and viewer.scope != ""
    return or_(mine, func.starts_with(h.scope, viewer.scope)) if heads else mine


async def given_by_id(conn: Conn, handover_id: uuid.UUID, *, viewer: Viewer, lock: bool = False) -> Given | None:
    query = _GIVEN.where(Handover.id == handover_id, _in_sight(viewer))
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return Given(*row) if row is not None else None


async def list_given(conn: Conn, *, viewer: Viewer, before: uuid.UUID | None = None, limit: int = PAGE) -> list[Given]:
    """The newest first, one more than `limit` when there are more; `before` is the last one of the page above."""
    order = (Handover.created_at, Handover.id)
    query = _GIVEN.where(_in_sight(viewer)).order_by(*(column.desc() for column in order)).limit(limit + 1)
    if before:
        last = Handover.__table__.alias("last")
        position = select(last.c.created_at, last.c.id).where(last.c.id == before).scalar_subquery()
        query = query.where(tuple_(*order) < position)
    return [Given(*row) for row in await conn.execute(query)]


async def counts_of(conn: Conn, handover_id: uuid.UUID) -> Counts:
    """In the order of the words; none that are nought."""
    return (await counts_of_each(conn, [handover_id]))[handover_id]


async def counts_of_each(conn: Conn, handover_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Counts]:
    """Of a page's in one statement."""
    i = HandoverItem
    query = (
        select(i.handover_id, i.kind, i.outcome, func.count())
        .where(i.handover_id.in_(handover_ids))
        .group_by(i.handover_id, i.kind, i.outcome)
    )
    found = {(h, WorkKind(kind), Handed(outcome)): n for h, kind, outcome, n in await conn.execute(query)}
    return {
        h: {kind: of for kind in WorkKind if (of := {o: found[h, kind, o] for o in Handed if (h, kind, o) in found})}
        for h in handover_ids
    }


async def pieces_of(
    conn: Conn,
    handover_id: uuid.UUID,
    kind: WorkKind,
    *,
    viewer: Viewer,
    outcome: Handed | None = None,
    after: uuid.UUID | None = None,
    limit: int = PAGE,
) -> list[HandedPiece]:
    """Of the firms that the viewer sees now. One more than `limit` says that there are more."""
    table, i = OPEN[kind][0], HandoverItem
    of_this: Any = and_(i.handover_id == handover_id, i.kind == kind.value, i.item_id == table.id)
    query = each_of(kind, i.outcome, i.reason).join(i, of_this).where(visible_to(viewer))
    if outcome:
        query = query.where(i.outcome == outcome.value)
    if after:
        query = query.where(table.id > after)
    rows = await conn.execute(query.order_by(table.id).limit(limit + 1))
    return [HandedPiece(Piece(*row[:-2]), Handed(row[-2]), row[-1]) for row in rows]
