"""Accounts: who may sign in, as what, over which divisions."""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response

from app.access import service
from app.access.queries import list_users, user_by_id, user_by_login
from app.access.rules import ONE_TIME_HOURS
from app.access.terms import Actor, Permission, Role, Viewer
from app.errors import Invalid, NotFound
from app.firms.queries import firm_id_by_uscc
from app.web.admin import one_time
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, LookupDep, SettingsDep, acting, guard
from app.web.htmx import see_other
from app.web.templating import page

router = APIRouter()
ReadUsers = Annotated[Viewer, Depends(guard(Permission.USER_ADMIN))]
Admin = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]


@router.get("/admin/users")
async def users_page(
    request: Request, viewer: ReadUsers, conn: ConnDep, lookup: LookupDep, clock: ClockDep
) -> Response:
    users = await list_users(conn)
    context: dict[str, Any] = {
        "users": users,
        "regions": {u.scope: lookup.reference.region(u.scope) for u in users},
        "me": viewer.id,
        "now": clock.now(),
    }
    return page(request, "admin/users.html", title="账号", **context)


@router.get("/admin/users/new")
async def new_page(request: Request, _: ReadUsers, lookup: LookupDep) -> Response:
    return _form(request, lookup, {}, {})


def _form(
    request: Request, lookup: LookupDep, values: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> Response:
    names = ("login", "name", "role", "scope", "unit", "email", "uscc")
    context: dict[str, Any] = {
        "values": {n: values.get(n, "") for n in names},
        "errors": errors,
        "roles": Role.options(),
        "regions": list(lookup.reference.regions.items()),
    }
    return page(request, "admin/user_form.html", title="新增账号", status=status, **context)


@router.post("/admin/users/new", dependencies=[CHANGES_LOOKUPS])
async def add(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Admin,
    login: Annotated[str, Form(max_length=60)] = "",
    name: Annotated[str, Form(max_length=60)] = "",
    role: Annotated[str, Form(max_length=20)] = "",
    scope: Annotated[str, Form(max_length=12)] = "",
    unit: Annotated[str, Form(max_length=60)] = "",
    email: Annotated[str, Form(max_length=120)] = "",
    uscc: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    values = {"login": login, "name": name, "role": role, "scope": scope, "unit": unit, "email": email, "uscc": uscc}
    made = one_time.make(settings, actor, login.strip().lower())
    try:
        if role not in {r.value for r in Role}:
            raise Invalid({"role": "请选择角色。"})
        firm_id = await firm_id_by_uscc(conn, uscc.strip().upper()) if uscc.strip() else None
        if uscc.strip() and firm_id is None:
            raise Invalid({"uscc": "企业库里没有这个信用代码。"})
        account = service.Account(
            made.login, name, Role(role), scope.strip(), unit.strip(), email.strip() or None, firm_id
        )
        await service.add_user(
            conn, account, password=made.password, by=actor, at=clock.now(), cheap=settings.cheap_passwords
        )
    except Invalid as error:
        return _form(request, lookup, values, error.fields, status=422)
    return one_time.lead_to(request, settings, actor, made, f"已新增账号 {account.login}")


@router.post("/admin/users/{user_id}/disable", dependencies=[CHANGES_LOOKUPS])
async def disable(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Admin) -> Response:
    await service.set_active(conn, user_id, False, by=actor, at=clock.now())
    return see_other(request, "/admin/users", "已停用，登录和令牌立即失效")


@router.post("/admin/users/{user_id}/enable", dependencies=[CHANGES_LOOKUPS])
async def enable(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Admin) -> Response:
    await service.set_active(conn, user_id, True, by=actor, at=clock.now())
    return see_other(request, "/admin/users", "已启用")


@router.post("/admin/users/{user_id}/reset")
async def reset(
    request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Admin
) -> Response:
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    made = one_time.make(settings, actor, user["login"])
    await service.reset_password(conn, user_id, made.password, by=actor, at=clock.now(), cheap=settings.cheap_passwords)
    return one_time.lead_to(request, settings, actor, made, f"已重置 {made.login} 的口令")


@router.get("/admin/users/one-time")
async def one_time_page(request: Request, settings: SettingsDep, conn: ConnDep, actor: Admin) -> Response:
    """Shown again when it is loaded again: for ten minutes, in the session that asked for it, until it is used."""
    shown = one_time.recall(request, settings, actor)
    user = await user_by_login(conn, shown.login) if shown else None
    if user is None or not user["must_change_password"]:
        shown = None
    context: dict[str, Any] = {"shown": shown, "hours": ONE_TIME_HOURS, "minutes": one_time.MINUTES}
    return page(request, "admin/password_once.html", title="一次性口令", **context)
