"""Who of the other server's people an account is."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access import identities
from app.access.queries import user_by_id
from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import Invalid, NotFound
from app.web.deps import ClockDep, ConnDep, SettingsDep, acting
from app.web.forms import clean_text, error_context
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Keeper = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]


@router.get("/admin/users/{user_id}/identity")
async def identity_page(request: Request, user_id: uuid.UUID, conn: ConnDep, _: Keeper) -> Response:
    return await _page(request, conn, user_id)


async def _page(
    request: Request, conn: Conn, user_id: uuid.UUID, subject: str = "", error: Invalid | None = None
) -> Response:
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    context: dict[str, Any] = {"user": user, "linked": await identities.linked_to(conn, user_id), "subject": subject}
    context |= {"issuer": request.app.state.settings.oidc_issuer, **error_context(error, {"subject": "编号"})}
    title = f"{user['name']}的统一身份认证"
    return page(request, "admin/identity.html", title=title, status=422 if error else 200, **context)


@router.post("/admin/users/{user_id}/identity")
async def link(
    request: Request,
    user_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Keeper,
    subject: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    if not settings.oidc_issuer:
        raise NotFound("这个系统没有接入统一身份认证。")
    issuer, at, cheap = settings.oidc_issuer, clock.now(), settings.cheap_passwords
    try:
        clean = clean_text("subject", subject, longest=identities.LONGEST_SUBJECT)
        await identities.link(conn, user_id, issuer, clean, by=actor, at=at, cheap=cheap)
    except Invalid as error:
        return await _page(request, conn, user_id, subject, error)
    return see_other(request, "/admin/users", "已关联，本人会收到消息")


@router.post("/admin/users/{user_id}/identity/unlink")
async def unlink(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Keeper) -> Response:
    await identities.unlink(conn, user_id, by=actor, at=clock.now())
    return see_other(request, "/admin/users", "已取消关联，以后只能用口令登录")
