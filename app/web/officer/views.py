"""Saved views of the firms' list: kept, named, shared, begun with; and how the list looks."""

import uuid
from collections.abc import Awaitable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Role
from app.db import new_id
from app.errors import AppError, Forbidden, Invalid, NotFound, Refused
from app.views.arranging import arrange, begin_role_with
from app.views.queries import desk_of, firsts_of_roles
from app.views.rules import ROLES_WITH_LIST, may_remove, sharing_problem
from app.views.service import ViewEntry, change_view, remove_view, save_view
from app.web.deps import ClockDep, ConnDep, acting
from app.web.forms import LONGEST_ADDRESS, error_context
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.routing import Router
from app.web.security import safe_path
from app.web.templating import page
from app.web.view_input import (
    Choices,
    arrangement_choices,
    read_arrangement,
    read_id,
    read_query,
    typed_choices,
    whole,
)

router = Router()
Lister = Annotated[Actor, Depends(acting(Permission.FIRM_LIST))]
Administrator = Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))]
Line = Annotated[str, Form(max_length=200)]
Query = Annotated[str, Form(max_length=2000)]
_LABELS = {"name": "名称", "query": "筛选条件", "shared": "共用", "columns": "列", "view": "视图"}


@router.get("/views")
async def views_page(request: Request, conn: ConnDep, actor: Lister) -> Response:
    return await _page(request, conn, actor)


async def _page(
    request: Request,
    conn: ConnDep,
    actor: Actor,
    error: AppError | None = None,
    typed: dict[str, Any] | None = None,
    *,
    edited: dict[str, Any] | None = None,
    arranged: Choices | None = None,
) -> Response:
    """What could not be saved comes back in its form as it was written: `typed` a new view, `edited` one that is
    there, `arranged` how the list looks. Each stands on what is there now, so that it can be saved once it was seen."""
    viewer = actor.viewer
    desk = await desk_of(conn, viewer)
    held = desk.arrangement
    administers = viewer.may(Permission.SETTING_ADMIN) and not sharing_problem(viewer)
    firsts = await firsts_of_roles(conn, viewer) if administers else {}
    context: dict[str, Any] = {
        "desk": desk,
        "own": [v for v in desk.views if v.mine],
        "others": [(v, may_remove(v, viewer)) for v in desk.views if not v.mine],
        "arranging": replace(arranged or arrangement_choices(held, viewer), version=held.version),
        "edited": edited,
        "roles": [(role, firsts.get(role)) for role in ROLES_WITH_LIST] if administers else [],
        "role_options": [("", "不指定"), *((str(v.id), v.name) for v in desk.views if v.shared)],
        "shares": not sharing_problem(viewer),
        "typed": typed,
        "idempotency_key": str(new_id()),
        **error_context(error, _LABELS),
    }
    if edited:
        context["errors"] = [(f"{field}-{edited['view']}", label, said) for field, label, said in context["errors"]]
    return page(request, "officer/firms/views.html", title="列表视图", status=error.status if error else 200, **context)


@router.post("/views")
async def save(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Lister,
    key: KeyDep,
    name: Line = "",
    query: Query = "",
    shared: Line = "",
    first: Line = "",
) -> Response:
    at = clock.now()
    typed = {"name": name, "query": query, "shared": bool(shared), "first": bool(first)}
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            kept = read_query(query, actor.viewer)
            made = await save_view(conn, ViewEntry(name, kept, bool(shared)), by=actor, at=at)
            if first:
                await _begin_with(conn, actor, made, at=at)
            return slot.keep(see_other(request, f"/firms?{kept}", f"视图“{name.strip()}”已保存"))
    except (Invalid, Forbidden, Refused) as error:
        return await _page(request, conn, actor, error, typed)


async def _begin_with(conn: ConnDep, actor: Actor, view_id: uuid.UUID | None, *, at: Any) -> None:
    held = (await desk_of(conn, actor.viewer)).arrangement
    await arrange(conn, replace(held, first=view_id), expected=None, by=actor, at=at)


async def _done(
    request: Request,
    conn: ConnDep,
    actor: Actor,
    work: Awaitable[None],
    said: str,
    back: str = "/views",
    **typed: Any,
) -> Response:
    """Back to where it was asked; what was wrong stands on the page of views."""
    try:
        await work
    except NotFound:
        raise
    except AppError as error:
        return await _page(request, conn, actor, error, **typed)
    return see_other(request, back, said)


@router.post("/views/first")
async def begin_with(request: Request, conn: ConnDep, clock: ClockDep, actor: Lister, view: Line = "") -> Response:
    async def work() -> None:
        await _begin_with(conn, actor, read_id("view", view), at=clock.now())

    return await _done(request, conn, actor, work(), "默认视图已更改")


@router.post("/views/list")
async def arrange_list(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Lister,
    density: Line = "",
    page_size: Line = "",
    version: Line = "",
    back: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "/views",
) -> Response:
    columns = [str(v) for v in (await request.form()).getlist("columns")]

    async def work() -> None:
        first = (await desk_of(conn, actor.viewer)).arrangement.first
        wanted = read_arrangement(columns, density, whole(page_size), first)
        await arrange(conn, wanted, expected=whole(version), by=actor, at=clock.now())

    typed = typed_choices(columns, density, page_size, actor.viewer)
    return await _done(request, conn, actor, work(), "列表的显示方式已保存", safe_path(back), arranged=typed)


@router.post("/views/roles/{role}")
async def begin_role(
    request: Request,
    role: str,
    conn: ConnDep,
    clock: ClockDep,
    actor: Administrator,
    view: Line = "",
    version: Line = "",
) -> Response:
    if role not in set(Role):
        raise NotFound("没有这个角色。")

    async def work() -> None:
        first = read_id("view", view)
        await begin_role_with(conn, Role(role), first, expected=whole(version), by=actor, at=clock.now())

    return await _done(request, conn, actor, work(), f"{Role(role).label}的默认视图已更改")


@router.post("/views/{view_id}")
async def change(
    request: Request,
    view_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Lister,
    name: Line = "",
    shared: Line = "",
    version: Line = "",
) -> Response:
    entry = ViewEntry(name=name, shared=bool(shared))
    work = change_view(conn, view_id, entry, expected=whole(version), by=actor, at=clock.now())
    typed = {"view": str(view_id), "name": name, "shared": bool(shared)}
    return await _done(request, conn, actor, work, "视图已修改", edited=typed)


@router.post("/views/{view_id}/remove")
async def remove(
    request: Request, view_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Lister, version: Line = ""
) -> Response:
    work = remove_view(conn, view_id, expected=whole(version), by=actor, at=clock.now())
    return await _done(request, conn, actor, work, "视图已删除")
