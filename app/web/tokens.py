"""访问令牌: what the signed-in person's programs sign in with."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Form, Request, Response

from app.access import tokens
from app.access.factors import factor_of
from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import Invalid
from app.web.coming_in import device_of
from app.web.deps import ClockDep, ConnDep, SettingsDep, acting
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Self = Annotated[Actor, Depends(acting(Permission.SELF))]
PLACE = "/account/tokens"
SCOPES = (("read", "只读：看得到什么就能取什么，不能改"), ("write", "读写：您能办的它都能办"))
DAYS = ((30, "30 天"), (90, "90 天"), (180, "180 天"), (tokens.LONGEST_DAYS, "一年"))


@router.get("/account/tokens")
async def own_page(request: Request, conn: ConnDep, actor: Self) -> Response:
    return await _page(request, conn, actor)


async def _page(
    request: Request,
    conn: Conn,
    actor: Actor,
    errors: dict[str, str] | None = None,
    *,
    label: str = "",
    days: int = 90,
    scope: str = "read",
) -> Response:
    context: dict[str, Any] = {
        "tokens": await tokens.tokens_of(conn, actor.viewer.id, at=request.app.state.clock.now()),
        "most": tokens.MOST,
        "has_factor": (await factor_of(conn, actor.viewer.id)).bound_at is not None,
        "errors": errors or {},
        "label": label,
        "days": str(days),
        "scopes": SCOPES,
        "scope": scope,
        "choices": [(str(days), words) for days, words in DAYS],
    }
    return page(request, "account/tokens.html", title="访问令牌", status=422 if errors else 200, **context)


@router.post("/account/tokens")
async def issue(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Self,
    label: Annotated[str, Form(max_length=200)] = "",
    days: Annotated[int, Form(ge=1, le=tokens.LONGEST_DAYS)] = 90,
    scope: Annotated[Literal["read", "write"], Form()] = "read",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    try:
        name = clean_text("label", label, longest=tokens.LONGEST_LABEL, required="请写明给哪个程序用。")
        token = await tokens.issue_own(
            conn,
            name,
            days=days,
            read_only=scope == "read",
            password=password,
            code=code,
            by=actor,
            at=clock.now(),
            device=device_of(request),
            cheap=settings.cheap_passwords,
        )
    except Invalid as error:
        return await _page(request, conn, actor, dict(error.fields), label=label, days=days, scope=scope)
    return page(
        request,
        "account/token_once.html",
        title="新令牌",
        token=token,
        label=name,
        read_only=scope == "read",
        onward=PLACE,
    )


@router.post("/account/tokens/{reference}/revoke")
async def revoke(request: Request, reference: str, conn: ConnDep, clock: ClockDep, actor: Self) -> Response:
    await tokens.revoke_token(conn, actor.viewer.id, reference, by=actor, at=clock.now())
    return see_other(request, PLACE, "已撤销，用它的程序立即不能再访问")
