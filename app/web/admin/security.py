"""登录安全: what signing in asks of everybody, and the second person's answers about lost authenticators."""

import uuid
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access import factor_resets
from app.access.factors import factor_of
from app.access.queries import user_by_id
from app.access.sign_in_rules import Rules, change_rules, sign_in_rules, unbound
from app.access.sign_in_terms import PasswordProfile
from app.access.terms import Actor, Permission, Role, Viewer
from app.db import Conn
from app.errors import AppError, Invalid, NotFound, Waiting
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.forms import clean_text, error_context
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Decides = Annotated[Actor, Depends(acting(Permission.SECURITY_ADMIN))]
Asks = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]
Second = Annotated[Actor, Depends(acting(Permission.FACTOR_RESET))]


@router.get("/admin/security")
async def rules_page(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.SECURITY_ADMIN))],
) -> Response:
    context: dict[str, Any] = {
        "rules": await sign_in_rules(conn),
        "roles": list(Role),
        "unbound": await unbound(conn, but=viewer.id, at=clock.now()),
        "profiles": PasswordProfile.options(),
    }
    return page(request, "admin/security.html", title="登录安全", **context)


@router.post("/admin/security")
async def change(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Decides,
    factor_roles: Annotated[list[Role] | None, Form()] = None,
    one_session: Annotated[bool, Form()] = False,
    profile: Annotated[PasswordProfile, Form()] = PasswordProfile.DENGBAO,
    expected: Annotated[int, Form(ge=0)] = 0,
) -> Response:
    ended = await change_rules(
        conn,
        Rules(frozenset(factor_roles or ()), one_session, profile),
        expected=expected,
        by=actor,
        at=clock.now(),
    )
    more = f"，{ended} 个登录已结束，下次登录时绑定" if ended else ""
    return see_other(request, "/admin/security", f"已保存{more}")


@router.get("/admin/users/{user_id}/factor-reset")
async def asking_page(request: Request, user_id: uuid.UUID, conn: ConnDep, _: Asks) -> Response:
    return await _asking(request, conn, user_id)


@router.post("/admin/users/{user_id}/factor-reset")
async def ask(
    request: Request,
    user_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Asks,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    try:
        clean = clean_text("reason", reason, longest=factor_resets.LONGEST_REASON)
        await factor_resets.ask(conn, user_id, clean, by=actor, at=clock.now())
    except (Invalid, Waiting) as error:
        return await _asking(request, conn, user_id, reason, error)
    return see_other(request, "/admin/users", "已申请，等第二人核实")


async def _asking(
    request: Request, conn: Conn, user_id: uuid.UUID, reason: str = "", error: AppError | None = None
) -> Response:
    user = await user_by_id(conn, user_id)
    if user is None or (await factor_of(conn, user_id)).bound_at is None:
        raise NotFound
    context: dict[str, Any] = {"user": user, "reason": reason, **error_context(error, {"reason": "理由"})}
    status = error.status if error else 200
    return page(request, "admin/factor_reset.html", title=f"重置{user['name']}的两步验证", status=status, **context)


@router.get("/admin/factor-resets")
async def resets_page(request: Request, conn: ConnDep, clock: ClockDep, actor: Second) -> Response:
    resets = await factor_resets.waiting_resets(conn, at=clock.now())
    return page(request, "admin/factor_resets.html", title="重置两步验证", resets=resets, me=actor.viewer.id)


@router.post("/admin/factor-resets/{reset_id}/agree")
async def agree(request: Request, reset_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Second) -> Response:
    await factor_resets.decide(conn, reset_id, True, by=actor, at=clock.now())
    return see_other(request, "/admin/factor-resets", "已重置，本人下次登录凭口令")


@router.post("/admin/factor-resets/{reset_id}/refuse")
async def refuse(request: Request, reset_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Second) -> Response:
    await factor_resets.decide(conn, reset_id, False, by=actor, at=clock.now())
    return see_other(request, "/admin/factor-resets", "已答复：不同意重置")
