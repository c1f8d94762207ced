"""Reads of bulk acts. An act names firms, so it is seen by those whose division covers its creator's."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, select, tuple_

from app.access.models import User
from app.access.terms import Viewer
from app.bulk.models import BulkAct, BulkLine
from app.bulk.terms import ActState, BulkKind, Change, LineOutcome
from app.db import Conn
from app.firms import filtering
from app.firms.models import Firm, FirmTag
from app.text import is_code

PAGE = 50


@dataclass(frozen=True, slots=True)
class Act:
    id: uuid.UUID
    kind: BulkKind
    change: Change
    query: str
    state: ActState
    scope: str
    created_by: uuid.UUID | None
    creator_name: str
    created_at: datetime
    done_at: datetime | None
    undone_at: datetime | None
    undone_by: uuid.UUID | None
    undoer_name: str
    total: int
    missing: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Line:
    firm_id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    outcome: LineOutcome
    reason: str


_FIELDS = tuple(Act.__dataclass_fields__)
_ACT = select(*(getattr(BulkAct, f) for f in _FIELDS))


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return func.starts_with(BulkAct.scope, viewer.scope) if is_code(viewer.scope) else false()


def _act(row: Mapping[Any, Any]) -> Act:
    kind = BulkKind(row["kind"])
    return Act(**{**row, "kind": kind, "change": Change.of(kind, row["change"]), "state": ActState(row["state"])})


async def list_acts(conn: Conn, *, viewer: Viewer, before: uuid.UUID | None = None, limit: int = PAGE) -> list[Act]:
    """The newest first, without what was given up; `before` is the last one of the page above."""
    query = _ACT.where(visible_to(viewer), BulkAct.state != ActState.DISCARDED.value)
    if before:
        last = BulkAct.__table__.alias("last")
        position = select(last.c.created_at, last.c.id).where(last.c.id == before).scalar_subquery()
        query = query.where(tuple_(BulkAct.created_at, BulkAct.id) < position)
    query = query.order_by(BulkAct.created_at.desc(), BulkAct.id.desc()).limit(limit)
    return [_act(row) for row in (await conn.execute(query)).mappings()]


async def act_by_id(conn: Conn, act_id: uuid.UUID, *, viewer: Viewer | None, lock: bool = False) -> Act | None:
    """`viewer` None: for a job that the queue gave the act."""
    query: Select[Any] = _ACT.where(BulkAct.id == act_id)
    if viewer is not None:
        query = query.where(visible_to(viewer))
    if lock:
        query = query.with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    return _act(row) if row is not None else None


async def counts_of(conn: Conn, act_id: uuid.UUID) -> dict[LineOutcome, int]:
    """In the order of the words; none that are nought."""
    query = select(BulkLine.outcome, func.count()).where(BulkLine.act_id == act_id).group_by(BulkLine.outcome)
    found = {LineOutcome(outcome): n for outcome, n in await conn.execute(query)}
    return {outcome: found[outcome] for outcome in LineOutcome if outcome in found}


async def lines_of(
    conn: Conn,
    act_id: uuid.UUID,
    *,
    viewer: Viewer,
    outcome: str = "",
    after: uuid.UUID | None = None,
    limit: int = PAGE,
) -> list[Line]:
    """Of the firms that the viewer sees now."""
    query = (
        select(BulkLine.firm_id, Firm.uscc, Firm.name, Firm.region_code, BulkLine.outcome, BulkLine.reason)
        .join(Firm, Firm.id == BulkLine.firm_id)
        .where(BulkLine.act_id == act_id, filtering.visible_to(viewer))
        .order_by(BulkLine.firm_id)
        .limit(limit)
    )
    if outcome:
        query = query.where(BulkLine.outcome == outcome)
    if after:
        query = query.where(BulkLine.firm_id > after)
    return [Line(*row[:4], LineOutcome(row[4]), row[5]) for row in await conn.execute(query)]


async def next_lines(
    conn: Conn, act_id: uuid.UUID, outcomes: Sequence[LineOutcome], *, limit: int
) -> dict[uuid.UUID, Mapping[str, Any]]:
    """The next lines that wait for a step of the act, by firm."""
    columns = (BulkLine.firm_id, BulkLine.version, BulkLine.tier, BulkLine.since, BulkLine.outcome, BulkLine.undo)
    query = (
        select(*columns)
        .where(BulkLine.act_id == act_id, BulkLine.outcome.in_([o.value for o in outcomes]))
        .order_by(BulkLine.firm_id)
        .limit(limit)
    )
    return {row["firm_id"]: dict(row) for row in (await conn.execute(query)).mappings()}


async def doubtful(conn: Conn, act_id: uuid.UUID) -> int:
    """Firms that would go although there is something to say of them."""
    query = select(func.count()).where(
        BulkLine.act_id == act_id, BulkLine.outcome == LineOutcome.CHANGES.value, BulkLine.reason != ""
    )
    return int((await conn.execute(query)).scalar_one())


async def tags_of(conn: Conn, *, viewer: Viewer, limit: int = 200) -> list[str]:
    """The tags in use among the firms in sight."""
    query = (
        select(FirmTag.tag)
        .join(Firm, Firm.id == FirmTag.firm_id)
        .where(filtering.visible_to(viewer))
        .group_by(FirmTag.tag)
        .order_by(func.count().desc(), FirmTag.tag)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def at_work(conn: Conn, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The divisions of those of them whose accounts are in use."""
    if not ids:
        return {}
    query = select(User.id, User.scope).where(User.id.in_(ids), User.active)
    return {user_id: scope for user_id, scope in await conn.execute(query)}
