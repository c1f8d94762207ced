"""Accounts: who may sign in, as what, over which divisions."""

import uuid
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request, Response

from app.access import service
from app.access.expiry import must_lie_ahead
from app.access.listing import Standing, Wanted, list_users
from app.access.queries import user_by_id, user_by_login
from app.access.rules import ONE_TIME_HOURS, last_day
from app.access.terms import Actor, Permission, Power, Role, Viewer
from app.carriers.queries import carrier_choices
from app.db import Conn
from app.errors import Invalid, NotFound
from app.firms.queries import firm_id_by_uscc
from app.web.admin import one_time
from app.web.admin.expiry import read_last_day
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, LookupDep, SettingsDep, acting, guard
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page

router = Router()
ReadUsers = Annotated[Viewer, Depends(guard(Permission.USER_ADMIN))]
Admin = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]


@router.get("/admin/users")
async def users_page(
    request: Request,
    viewer: ReadUsers,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    q: Annotated[str, Query(max_length=60)] = "",
    role: Annotated[str, Query(max_length=20)] = "",
    standing: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    # What is no role or standing asks for nothing in particular, as everywhere in an address.
    chosen = Role(role) if role in set(Role) else None
    stands = Standing(standing) if standing in set(Standing) else None
    wanted = Wanted(q.strip(), chosen, stands)
    found = await list_users(conn, wanted, after=after, at=clock.now())
    said = {name: str(value) for name, value in (("q", wanted.q), ("role", chosen), ("standing", stands)) if value}
    onward = urlencode(said | {"after": found.next}) if found.next else ""
    context: dict[str, Any] = {
        "users": found.rows,
        "total": found.total,
        "filters": {"q": wanted.q, "role": chosen or "", "standing": stands or ""},
        "roles": [("", "全部"), *Role.options()],
        "standings": [("", "全部"), *Standing.options()],
        "next_href": f"/admin/users?{onward}" if onward else None,
        "first_href": f"/admin/users?{urlencode(said)}" if after else None,
        "regions": {u.scope: lookup.reference.region(u.scope) for u in found.rows},
        "carriers": {uuid.UUID(known): name for known, name in await carrier_choices(conn)},
        "me": viewer.id,
        "last_days": {u.id: last_day(u.valid_until) for u in found.rows if u.valid_until},
        "now": clock.now(),
        "may_secure": viewer.may(Permission.SECURITY_ADMIN),
    }
    return page(request, "admin/users.html", title="账号", **context)


@router.get("/admin/users/new")
async def new_page(request: Request, _: ReadUsers, conn: ConnDep, lookup: LookupDep) -> Response:
    return await _form(request, conn, lookup, {}, {})


async def _form(
    request: Request, conn: Conn, lookup: Lookup, values: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> Response:
    names = ("login", "name", "role", "power", "scope", "unit", "email", "uscc", "carrier", "valid_until")
    context: dict[str, Any] = {
        "values": {n: values.get(n, "") for n in names},
        "errors": errors,
        "roles": Role.options(),
        "powers": [(Power.SYSTEM.value, Power.SYSTEM.label), (Power.SECURITY.value, Power.SECURITY.label)],
        "regions": list(lookup.reference.regions.items()),
        "carriers": await carrier_choices(conn),
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
    carrier: Annotated[str, Form(max_length=40)] = "",
    power: Annotated[str, Form(max_length=20)] = "",
    valid_until: Annotated[str, Form(max_length=30)] = "",
) -> Response:
    values = {
        "power": power,
        "login": login,
        "name": name,
        "role": role,
        "scope": scope,
        "unit": unit,
        "email": email,
        "uscc": uscc,
    }
    values |= {"carrier": carrier, "valid_until": valid_until}
    made = one_time.make(settings, actor, login.strip().lower())
    try:
        if role not in {r.value for r in Role}:
            raise Invalid({"role": "请选择角色。"})
        firm_id = await firm_id_by_uscc(conn, uscc.strip().upper()) if uscc.strip() else None
        if uscc.strip() and firm_id is None:
            raise Invalid({"uscc": "企业库里没有这个信用代码。"})
        bound = await _chosen(conn, carrier)
        part = Power.SECURITY if power == Power.SECURITY else Power.SOLE
        until = read_last_day(valid_until)
        must_lie_ahead(until, at=clock.now())
        reach = (scope.strip(), unit.strip(), email.strip() or None)
        account = service.Account(made.login, name, Role(role), *reach, firm_id, bound, part, until)
        await service.add_user(
            conn, account, password=made.password, by=actor, at=clock.now(), cheap=settings.cheap_passwords
        )
    except Invalid as error:
        return await _form(request, conn, lookup, values, error.fields, status=422)
    return one_time.lead_to(request, settings, actor, made, f"已新增账号 {account.login}")


async def _chosen(conn: Conn, carrier: str) -> uuid.UUID | None:
    """Raises Invalid for a carrier that there is not."""
    if carrier and carrier not in {known for known, _ in await carrier_choices(conn)}:
        raise Invalid({"carrier": "请从列表里选一个载体。"})
    return uuid.UUID(carrier) if carrier else None


@router.get("/admin/users/{user_id}/carrier")
async def carrier_page(request: Request, user_id: uuid.UUID, _: ReadUsers, conn: ConnDep) -> Response:
    user = await _operator(conn, user_id)
    return await _binding(request, conn, user, str(user["carrier_id"] or ""), {})


@router.post("/admin/users/{user_id}/carrier")
async def bind(
    request: Request,
    user_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Admin,
    carrier: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    user = await _operator(conn, user_id)
    try:
        done = await service.bind_carrier(conn, user_id, await _chosen(conn, carrier), by=actor, at=clock.now())
    except Invalid as error:
        return await _binding(request, conn, user, carrier, error.fields, status=422)
    return see_other(request, "/admin/users", f"已更改 {user['login']} 的载体" if done else "没有变化")


async def _operator(conn: Conn, user_id: uuid.UUID) -> Any:
    user = await user_by_id(conn, user_id)
    if user is None or user["role"] != Role.CARRIER.value:
        raise NotFound
    return user


async def _binding(
    request: Request, conn: Conn, user: Any, chosen: str, errors: dict[str, str], *, status: int = 200
) -> Response:
    context: dict[str, Any] = {"user": user, "carriers": await carrier_choices(conn), "chosen": chosen}
    title = f"{user['name']} 运营的载体"
    return page(request, "admin/user_carrier.html", title=title, status=status, **context, errors=errors)


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
    waits = bool(user and user["awaits_grant"])
    context: dict[str, Any] = {"shown": shown, "waits": waits, "hours": ONE_TIME_HOURS, "minutes": one_time.MINUTES}
    return page(request, "admin/password_once.html", title="一次性口令", **context)
