"""Where an account is signed in and was, for its owner and for who keeps the accounts."""

import uuid
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access import sign_ins
from app.access.powers import may_handle
from app.access.queries import user_by_id
from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import NotFound
from app.web.deps import ClockDep, ConnDep, SettingsDep, acting
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.security import cookie_name
from app.web.templating import page

router = Router()
Self = Annotated[Actor, Depends(acting(Permission.SELF))]
Keeper = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]


async def _page(request: Request, conn: Conn, user_id: uuid.UUID, login: str, *, actor: Actor, **more: Any) -> Response:
    state = request.app.state
    at, idle = state.clock.now(), timedelta(minutes=state.settings.idle_minutes)
    came, failed = await sign_ins.sign_ins_of(conn, user_id, login, at=at)
    context: dict[str, Any] = {
        "sessions": await sign_ins.sessions_of(conn, user_id, idle=idle, at=at),
        "came": came,
        "failed": failed,
        "days": sign_ins.BACK.days,
        "current": actor.origin.session_id,
        "settings": state.settings,
    }
    return page(request, "account/sessions.html", title="登录会话", **context, **more)


@router.get("/account/sessions")
async def own_page(request: Request, conn: ConnDep, actor: Self) -> Response:
    me = actor.viewer
    return await _page(request, conn, me.id, me.login, actor=actor, owner="", place="/account/sessions")


@router.post("/account/sessions/revoke-others")
async def revoke_others(
    request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self
) -> Response:
    keep = request.cookies.get(cookie_name(settings), "")
    ended = await sign_ins.revoke_all(conn, actor.viewer.id, keep_token=keep, by=actor, at=clock.now())
    return see_other(request, "/account/sessions", f"已结束其他 {ended} 个登录")


@router.post("/account/sessions/{reference}/revoke")
async def revoke(request: Request, reference: str, conn: ConnDep, clock: ClockDep, actor: Self) -> Response:
    await sign_ins.revoke_session(conn, actor.viewer.id, reference, by=actor, at=clock.now())
    return see_other(request, "/account/sessions", "已结束那个会话")


@router.get("/admin/users/{user_id}/sessions")
async def anothers_page(request: Request, user_id: uuid.UUID, conn: ConnDep, actor: Keeper) -> Response:
    user = await _known(conn, user_id)
    place = f"/admin/users/{user_id}/sessions"
    return await _page(request, conn, user_id, user["login"], actor=actor, owner=user["name"], place=place)


@router.post("/admin/users/{user_id}/sessions/revoke-others")
async def end_all(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    user = await _known(conn, user_id)
    may_handle(user, by=actor)
    ended = await sign_ins.revoke_all(conn, user_id, by=actor, at=clock.now())
    return see_other(request, f"/admin/users/{user_id}/sessions", f"已结束 {user['name']} 的 {ended} 个登录")


@router.post("/admin/users/{user_id}/sessions/{reference}/revoke")
async def end_one(
    request: Request, user_id: uuid.UUID, reference: str, conn: ConnDep, clock: ClockDep, actor: Keeper
) -> Response:
    may_handle(await _known(conn, user_id), by=actor)
    await sign_ins.revoke_session(conn, user_id, reference, by=actor, at=clock.now())
    return see_other(request, f"/admin/users/{user_id}/sessions", "已结束那个会话")


async def _known(conn: Conn, user_id: uuid.UUID) -> Any:
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    return user
