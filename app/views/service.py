"""Saving, changing and removing views; each act leaves its audit row in the same transaction."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import delete, func, insert, select, update

from app.access.terms import Actor
from app.audit.service import event_row, record
from app.db import Conn, new_id
from app.errors import Forbidden, Invalid, NotFound, Refused, Stale
from app.locks import Lock, hold_part
from app.personal.masking import names_somebody
from app.text import TextError
from app.views.models import RoleView, SavedView
from app.views.queries import view_by_id
from app.views.rules import may_remove, named, sharing_problem
from app.views.terms import MOST_VIEWS, SavedList


@dataclass(frozen=True, slots=True)
class ViewEntry:
    """What somebody says of a view; None: stays as it is."""

    name: str | None = None
    query: str | None = None  # as `app.web.filters` writes it
    shared: bool | None = None


async def save_view(conn: Conn, entry: ViewEntry, *, by: Actor, at: datetime) -> uuid.UUID:
    """Raises Invalid by field, Refused when one has as many as one may."""
    await hold_part(conn, Lock.VIEWS, str(by.viewer.id))
    values = await _checked(conn, entry, by, None)
    mine = select(func.count()).select_from(SavedView).where(SavedView.owner_id == by.viewer.id)
    if (await conn.execute(mine)).scalar_one() >= MOST_VIEWS:
        raise Refused(f"每人最多存 {MOST_VIEWS} 个视图，请先删掉不用的。")
    view_id = new_id()
    row = {"id": view_id, "owner_id": by.viewer.id, "created_at": at, "updated_at": at, **values}
    await conn.execute(insert(SavedView).values(row))
    await record(conn, _view_event("view:record:saved", view_id, values["name"], None, _said(values), by=by, at=at))
    return view_id


async def change_view(
    conn: Conn, view_id: uuid.UUID, entry: ViewEntry, *, expected: int, by: Actor, at: datetime
) -> None:
    """By its owner. Raises NotFound, Forbidden, Stale, Invalid by field."""
    await hold_part(conn, Lock.VIEWS, str(by.viewer.id))
    held = await _held(conn, view_id, expected, by)
    if not held.mine:
        raise Forbidden(f"“{held.name}”是{held.owner}存的，只有本人能改；可以另存一个自己的。")
    values = await _checked(conn, entry, by, held)
    before = _said({"name": held.name, "query": held.query, "shared": held.shared})
    if _said({**before, **values}) == before:
        return
    changed = {**values, "version": held.version + 1, "updated_at": at}
    await conn.execute(update(SavedView).where(SavedView.id == view_id).values(changed))
    if held.shared and values.get("shared") is False:
        # Nobody begins with what nobody sees any more.
        await conn.execute(delete(RoleView).where(RoleView.view_id == view_id))
    after = {k: v for k, v in _said(values).items() if v != before[k]}
    only = {k: before[k] for k in after}
    await record(conn, _view_event("view:record:changed", view_id, held.name, only, after, by=by, at=at))


async def remove_view(conn: Conn, view_id: uuid.UUID, *, expected: int, by: Actor, at: datetime) -> None:
    """Raises NotFound, Forbidden, Stale."""
    held = await _held(conn, view_id, expected, by)
    if not may_remove(held, by.viewer):
        raise Forbidden(f"“{held.name}”是{held.owner}存的，只有本人和本区划的系统管理员能删。")
    await conn.execute(delete(SavedView).where(SavedView.id == view_id))
    before = _said({"name": held.name, "query": held.query, "shared": held.shared})
    await record(conn, _view_event("view:record:removed", view_id, held.name, before, None, by=by, at=at))


async def _held(conn: Conn, view_id: uuid.UUID, expected: int, by: Actor) -> SavedList:
    await conn.execute(select(SavedView.id).where(SavedView.id == view_id).with_for_update())
    held = await view_by_id(conn, view_id, viewer=by.viewer)
    if held is None:
        raise NotFound("没有这个视图，或者它不再与您共用。")
    if held.version != expected:
        raise Stale(f"视图“{held.name}”刚被改过，请看过现在的内容再办。")
    return held


async def _checked(conn: Conn, entry: ViewEntry, by: Actor, held: SavedList | None) -> dict[str, Any]:
    """The columns that the entry sets. A saved name is told apart from one's others by its letters alone."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    if entry.name is not None or held is None:
        try:
            values["name"], values["name_key"] = named(entry.name or "")
        except TextError as error:
            wrong["name"] = str(error)
        else:
            other = select(SavedView.id).where(
                SavedView.owner_id == by.viewer.id, SavedView.name_key == values["name_key"]
            )
            taken = (await conn.execute(other)).scalar_one_or_none()
            if taken is not None and (held is None or taken != held.id):
                wrong["name"] = "您已有同名的视图，请换一个名字。"
    if entry.query is not None:
        values["query"] = entry.query
        if names_somebody(dict(parse_qsl(entry.query)).get("q", "")):
            wrong["query"] = "视图里不存电话和邮箱，请去掉查询的字再保存。"
    if entry.shared is not None and (held is None or entry.shared != held.shared):
        if entry.shared and (problem := sharing_problem(by.viewer)):
            wrong["shared"] = problem
        values |= {"shared": entry.shared, "scope": by.viewer.scope if entry.shared else ""}
    if wrong:
        raise Invalid(wrong)
    return values


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("name", "query", "shared") if name in values}


def _view_event(
    action: str,
    view_id: uuid.UUID,
    name: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    by: Actor,
    at: datetime,
) -> dict[str, Any]:
    return event_row(
        action, by=by, at=at, object_type="view", object_id=view_id, object_label=name, before=before, after=after
    )
