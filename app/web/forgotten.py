"""忘记口令: a link by mail. The pages say the same whether there is such an account or not."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import Form, Request, Response

from app.access import forgotten
from app.access.rules import DEMANDS
from app.access.setting_password import profile_of
from app.db import Conn
from app.errors import Forbidden, Invalid, NotFound
from app.outbox.links import link_token
from app.web.deps import ClockDep, ConnDep, SettingsDep, origin_of
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.security import came_from_us
from app.web.templating import page

router = Router()
LONGEST_TOKEN = 100
_TOO_OFTEN = "这个地址一小时内申请得太多了，请稍后再来。"


def _must_be_ours(request: Request) -> None:
    # There is no session yet to bind a token to; every browser says of a form's sender at least its Origin.
    if came_from_us(request) is False:
        raise Forbidden("这个请求不是从本系统的页面发出的，没有执行。")


def _asking(request: Request, login: str = "", *, error: str = "", sentence: str = "", status: int = 200) -> Response:
    context: dict[str, Any] = {"login": login, "error": error, "sentence": sentence}
    return page(request, "account/forgotten.html", title="忘记口令", status=status, **context)


@router.get("/forgotten")
async def asking_page(request: Request) -> Response:
    return _asking(request)


@router.post("/forgotten")
async def ask(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    login: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    _must_be_ours(request)
    if not login.strip():
        return _asking(request, error="请填写账号。", status=422)
    seal = partial(link_token, settings, "password")
    if not await forgotten.ask(conn, login, seal=seal, origin=origin_of(request), at=clock.now()):
        return _asking(request, login, sentence=_TOO_OFTEN, status=429)
    return see_other(request, "/forgotten/done")


@router.get("/forgotten/done")
async def asked_page(request: Request) -> Response:
    return page(request, "account/forgotten_done.html", title="请看邮箱", minutes=forgotten.LINK_MINUTES)


@router.get("/new-password/{token}")
async def choosing_page(request: Request, token: str, conn: ConnDep, clock: ClockDep) -> Response:
    if not await forgotten.is_open(conn, token[:LONGEST_TOKEN], at=clock.now()):
        raise NotFound(forgotten.USED_UP)
    return await _choosing(request, conn, {})


async def _choosing(request: Request, conn: Conn, errors: Mapping[str, str]) -> Response:
    context: dict[str, Any] = {"errors": errors, "hint": DEMANDS[await profile_of(conn)].hint}
    return page(request, "account/new_password.html", title="设新口令", status=422 if errors else 200, **context)


@router.post("/new-password/{token}")
async def choose(
    request: Request,
    token: str,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    _must_be_ours(request)
    link, origin, cheap = token[:LONGEST_TOKEN], origin_of(request), settings.cheap_passwords
    try:
        await forgotten.choose(conn, link, new=new, again=again, origin=origin, at=clock.now(), cheap=cheap)
    except Invalid as error:
        return await _choosing(request, conn, error.fields)
    return see_other(request, "/sign-in", "口令已重设，其他登录都已结束；请用新口令登录")
