"""How the list looks to one person, and with which view they, or all of a role, begin."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Role
from app.audit.service import event_row, record
from app.db import Conn
from app.errors import Invalid, NotFound, Stale
from app.locks import Lock, hold_part
from app.views.models import ListArrangement, RoleView
from app.views.queries import desk_of, firsts_of_roles, view_by_id
from app.views.rules import ROLES_WITH_LIST, sharing_problem
from app.views.terms import PAGE_SIZES, Arrangement, Density, ListColumn, RoleFirst


async def arrange(conn: Conn, wanted: Arrangement, *, expected: int | None, by: Actor, at: datetime) -> None:
    """`expected` None: whatever was chosen before. Raises Invalid by field, Stale."""
    await hold_part(conn, Lock.VIEWS, str(by.viewer.id))
    held = (await desk_of(conn, by.viewer)).arrangement
    if expected is not None and expected != held.version:
        raise Stale("列表的显示方式刚被改过，请看过再改。")
    wrong = {}
    if not wanted.hidden <= {column.value for column in ListColumn}:
        wrong["columns"] = "没有这一列。"
    if wanted.page_size not in PAGE_SIZES:
        wrong["page_size"] = f"每页行数为 {'、'.join(map(str, PAGE_SIZES))} 之一。"
    if wanted.first and wanted.first != held.first and not await view_by_id(conn, wanted.first, viewer=by.viewer):
        wrong["first"] = "没有这个视图，或者它不再与您共用。"
    if wrong:
        raise Invalid(wrong)
    before, after = _said(held), _said(wanted)
    if before == after:
        return
    values = {
        "hidden": sorted(wanted.hidden),
        "density": wanted.density.value,
        "page_size": wanted.page_size,
        "first_view_id": wanted.first,
        "changed_at": at,
    }
    write = insert(ListArrangement).values(user_id=by.viewer.id, **values)
    counted = {**values, "version": ListArrangement.version + 1}
    await conn.execute(write.on_conflict_do_update(index_elements=["user_id"], set_=counted))
    done = event_row(
        "view:list:arranged",
        by=by,
        at=at,
        object_type="user",
        object_id=by.viewer.id,
        object_label=by.viewer.name,
        before={k: v for k, v in before.items() if v != after[k]},
        after={k: v for k, v in after.items() if v != before[k]},
    )
    await record(conn, done)


def _said(arrangement: Arrangement) -> dict[str, Any]:
    return {
        "hidden": sorted(arrangement.hidden),
        "density": Density(arrangement.density).value,
        "page_size": arrangement.page_size,
        "first": str(arrangement.first) if arrangement.first else None,
    }


async def begin_role_with(
    conn: Conn, role: Role, view_id: uuid.UUID | None, *, expected: int | None, by: Actor, at: datetime
) -> None:
    """In the administrator's division. Raises Invalid by field, NotFound, Stale."""
    if role not in ROLES_WITH_LIST:
        raise NotFound("这个角色没有企业库列表。")
    if problem := sharing_problem(by.viewer):
        raise Invalid({"view": problem})
    await hold_part(conn, Lock.VIEWS, f"role {by.viewer.scope} {role.value}")
    held = (await firsts_of_roles(conn, by.viewer)).get(role, RoleFirst(None))
    if expected is not None and expected != held.version:
        raise Stale("这个角色的默认视图刚被改过，请看过再改。")
    view = await view_by_id(conn, view_id, viewer=by.viewer) if view_id else None
    if view_id and (view is None or not view.shared):
        raise Invalid({"view": "只能选本区划共用的视图。"})
    if view == held.view:
        return
    here = (RoleView.scope == by.viewer.scope) & (RoleView.role == role.value)
    if view is None:
        await conn.execute(delete(RoleView).where(here))
    else:
        values = {"view_id": view.id, "changed_at": at, "changer_name": by.viewer.name}
        known = (await conn.execute(select(RoleView.version).where(here))).scalar_one_or_none()
        if known is None:
            await conn.execute(insert(RoleView).values(scope=by.viewer.scope, role=role.value, **values))
        else:
            await conn.execute(update(RoleView).where(here).values(**values, version=known + 1))
    done = event_row(
        "view:role:chosen",
        by=by,
        at=at,
        object_type="role",
        object_id=f"{by.viewer.scope}:{role.value}",
        object_label=role.label,
        before={"view": held.view.name if held.view else None},
        after={"view": view.name if view else None},
    )
    await record(conn, done)
