"""A person's views and arrangement, all in one statement: every opening of the list asks for them."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, any_, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text, Uuid

from app.access.models import User
from app.access.terms import Role, Viewer
from app.db import Conn
from app.statements import Kept
from app.views.models import ListArrangement, RoleView, SavedView
from app.views.rules import divisions_above, may_open
from app.views.terms import Arrangement, Density, ListDesk, RoleFirst, SavedList

MOST_LISTED = 200
_ME = bindparam("me", type_=Uuid())
_ABOVE = bindparam("above", type_=ARRAY(Text()))


def _values(viewer: Viewer) -> dict[str, Any]:
    return {"me": viewer.id, "above": divisions_above(viewer.scope), "role": viewer.role.value}


def _shared_with(view: Any) -> Any:
    return and_(view.shared, view.scope == any_(_ABOVE))


def _in_sight(view: Any) -> Any:
    return or_(view.owner_id == _ME, _shared_with(view))


def _columns(view: Any, owner: Any) -> list[Any]:
    mine = (view.owner_id == _ME).label("mine")
    return [view.id, view.name, view.query, view.shared, mine, owner.name.label("owner"), view.scope, view.version]


def _desk() -> Kept:
    view, owner = SavedView.__table__, User.__table__
    listed = (
        select(*_columns(view.c, owner.c), view.c.name_key)
        .select_from(view.join(owner, owner.c.id == view.c.owner_id))
        .where(_in_sight(view.c))
        .order_by((view.c.owner_id == _ME).desc(), view.c.name_key, view.c.id)
        .limit(MOST_LISTED)
        .subquery("listed")
    )
    row = func.json_build_array(*(listed.c[name] for name in SavedList.__dataclass_fields__))
    views = select(func.coalesce(func.json_agg(row), literal_column("'[]'::json"))).select_from(listed)
    of_role = (
        select(RoleView.view_id)
        .where(RoleView.role == bindparam("role"), RoleView.scope == any_(_ABOVE))
        .order_by(func.length(RoleView.scope).desc())
        .limit(1)
    )
    chosen = ListArrangement.__table__
    person = select(_ME.label("id")).subquery("person")
    return Kept(
        select(
            chosen.c.hidden,
            chosen.c.density,
            chosen.c.page_size,
            chosen.c.first_view_id,
            chosen.c.version,
            of_role.scalar_subquery().label("of_role"),
            views.scalar_subquery().label("views"),
        ).select_from(person.outerjoin(chosen, chosen.c.user_id == person.c.id))
    )


_DESK = _desk()


async def desk_of(conn: Conn, viewer: Viewer) -> ListDesk:
    """Of the views in sight those whose filter the role may ask for. What a view shows is always the reader's own."""
    row = (await conn.execute(_DESK, _values(viewer))).one()
    listed = (_read(view) for view in row.views)
    views = {view.id: view for view in listed if may_open(view, viewer)}
    arrangement = Arrangement()
    if row.version is not None:
        hidden = frozenset(row.hidden)
        arrangement = Arrangement(hidden, Density(row.density), row.page_size, row.first_view_id, row.version)
    first = next((views[i] for i in (arrangement.first, row.of_role) if i in views), None)
    return ListDesk(arrangement, first, tuple(views.values()))


def _read(row: Sequence[Any]) -> SavedList:
    return SavedList(uuid.UUID(row[0]), *row[1:])


def _by_id() -> Kept:
    view, owner = SavedView.__table__, User.__table__
    joined = view.join(owner, owner.c.id == view.c.owner_id)
    wanted = and_(view.c.id == bindparam("view_id", type_=Uuid()), _in_sight(view.c))
    return Kept(select(*_columns(view.c, owner.c)).select_from(joined).where(wanted))


_BY_ID = _by_id()


async def view_by_id(conn: Conn, view_id: uuid.UUID, *, viewer: Viewer) -> SavedList | None:
    row = (await conn.execute(_BY_ID, {**_values(viewer), "view_id": view_id})).one_or_none()
    found = SavedList(*row) if row is not None else None
    return found if found and may_open(found, viewer) else None


async def firsts_of_roles(conn: Conn, viewer: Viewer) -> dict[Role, RoleFirst]:
    """Which view each role of the viewer's division begins with."""
    r = RoleView
    rows = await conn.execute(select(r.role, r.view_id, r.version).where(r.scope == viewer.scope))
    return {
        Role(row.role): RoleFirst(await view_by_id(conn, row.view_id, viewer=viewer), row.version) for row in rows.all()
    }
