"""Reads of the lists. One is seen by those whose division covers that of whoever brought it in."""

import uuid
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select

from app.access.terms import Viewer
from app.db import Conn
from app.filings.applications import application_of, applications
from app.filings.models import ApplicationRow
from app.filings.stages import Application, Stage
from app.firms import filtering
from app.firms.models import Firm
from app.results.models import ResultLineRow, ResultListRow
from app.results.terms import Candidate, Line, ListKind, ListState, Match, Outcome, ResultList, ResultRow
from app.text import is_code

OPEN = "open"  # a filter beside the matches: lines that nobody has settled
_L, _R = ResultListRow, ResultLineRow
_PLAIN = ("id", "window_id", "scope", "document", "address", "announced_on", "issued_on", "source", "version")
_STAMPS = ("creator_name", "created_at", "applied_at", "undone_at")
_LIST: tuple[Any, ...] = (*(getattr(_L, name) for name in (*_PLAIN, *_STAMPS)), _L.kind, _L.state)
_LINE = ("row_no", "name", "uscc", "number", "issued_on", "expires_on", "problem")
_ROW: tuple[Any, ...] = (
    *(getattr(_R, name) for name in _LINE),
    _R.match,
    _R.candidates,
    _R.settled,
    _R.chosen,
    func.coalesce(Firm.name, "").label("chosen_name"),
    _R.outcome,
    _R.said,
    _R.undo,
)


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    return func.starts_with(_L.scope, viewer.scope) if is_code(viewer.scope) else false()


async def list_by_id(conn: Conn, list_id: uuid.UUID, *, viewer: Viewer, lock: bool = False) -> ResultList | None:
    query = select(*_LIST).where(_L.id == list_id, visible_to(viewer))
    row = (await conn.execute(query.with_for_update() if lock else query)).one_or_none()
    return _list_of(row, await _counts(conn, list_id)) if row else None


async def lists_of(conn: Conn, window_id: uuid.UUID, *, viewer: Viewer, limit: int = 50) -> list[ResultList]:
    """Newest first, without their counts."""
    query = select(*_LIST).where(_L.window_id == window_id, visible_to(viewer))
    return [_list_of(row, {}) for row in await conn.execute(query.order_by(_L.created_at.desc()).limit(limit))]


async def rows_of(conn: Conn, list_id: uuid.UUID, *, viewer: Viewer, only: str = "") -> list[ResultRow]:
    """In the list's own order; `only` is a match, an outcome or OPEN."""
    query = _rows(viewer).where(_R.list_id == list_id).order_by(_R.row_no)
    if only == OPEN:
        query = query.where(~_R.settled)
    elif only in {m.value for m in Match}:
        query = query.where(_R.match == only)
    elif only in {o.value for o in Outcome}:
        query = query.where(_R.outcome == only)
    return [_row_of(row) for row in await conn.execute(query)]


async def not_named(conn: Conn, held: ResultList, *, viewer: Viewer, limit: int = 100) -> list[Application]:
    """Whom the bureau has recommended and the list does not name: somebody must look why."""
    a = ApplicationRow
    named = select(_R.chosen).where(_R.list_id == held.id)
    query = applications().where(a.window_id == held.window_id, filtering.visible_to(viewer))
    query = query.where(a.stage == Stage.RECOMMENDED.value, Firm.uscc.not_in(named)).order_by(a.id).limit(limit)
    return [application_of(row) for row in await conn.execute(query)]


def _rows(viewer: Viewer) -> Select[Any]:
    return select(*_ROW).outerjoin(Firm, and_(Firm.uscc == _R.chosen, filtering.visible_to(viewer)))


async def _counts(conn: Conn, list_id: uuid.UUID) -> dict[str, int]:
    query = select(_R.match, _R.outcome, _R.settled, func.count()).where(_R.list_id == list_id)
    found: dict[str, int] = {}
    for match, outcome, settled, count in await conn.execute(query.group_by(_R.match, _R.outcome, _R.settled)):
        for name in (match, outcome, "" if settled else OPEN):
            if name:
                found[name] = found.get(name, 0) + count
    return found


def _list_of(row: Any, counts: dict[str, int]) -> ResultList:
    values = {name: getattr(row, name) for name in (*_PLAIN, *_STAMPS)}
    return ResultList(**values, kind=ListKind(row.kind), state=ListState(row.state), counts=counts)


def _row_of(row: Any) -> ResultRow:
    return ResultRow(
        line=Line(**{name: getattr(row, name) for name in _LINE}),
        match=Match(row.match),
        candidates=tuple(Candidate(**c) for c in row.candidates),
        settled=row.settled,
        chosen=row.chosen,
        chosen_name=row.chosen_name,
        outcome=Outcome(row.outcome) if row.outcome else None,
        said=row.said,
        undo=row.undo,
    )
