"""Signing in and out, one's own password."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.access import changing, signing
from app.access.proof import is_done, task
from app.access.rules import DEMANDS
from app.access.setting_password import profile_of
from app.access.sign_ins import how_it_ended
from app.access.terms import Actor, Permission, Viewer
from app.db import Conn, Database
from app.errors import Forbidden, Invalid
from app.web import (
    calendar_feed,
    forgotten,
    inbox,
    look,
    notices,
    personal,
    second_factor,
    second_step,
    sessions,
    single_sign_on,
    tokens,
)
from app.web.coming_in import browser_of, come_in, device_of, refused
from app.web.deps import ClockDep, ConnDep, DatabaseDep, SettingsDep, acting, guard
from app.web.forms import LONGEST_ADDRESS
from app.web.htmx import see_other
from app.web.kept import LONGEST
from app.web.routing import Router
from app.web.security import came_from_us, clear_session, cookie_name, proof_key, safe_path
from app.web.templating import page

router = Router()
_PARTS = (
    *(forgotten, personal, look, inbox, notices, calendar_feed),
    *(second_step, second_factor, sessions, tokens, single_sign_on),
)
ROUTERS = (*(part.router for part in _PARTS), router)
Self = Annotated[Actor, Depends(acting(Permission.SELF))]


@router.get("/sign-in")
async def sign_in_page(
    request: Request, database: DatabaseDep, clock: ClockDep, settings: SettingsDep, next: str = "/"
) -> Response:
    target = safe_path(next) if len(next) <= LONGEST_ADDRESS else "/"
    ended = await _ended(database, request.cookies.get(cookie_name(settings), ""), clock.now())
    context: dict[str, Any] = {"next": target, "login": "", "kept": "", "ended": ended}
    return page(request, "sign_in.html", title="登录", error=None, **context)


async def _ended(database: Database, token: str, at: datetime) -> str:
    """This page is there without a database, too."""
    if not token:
        return ""
    try:
        async with database.reading() as conn:
            return await how_it_ended(conn, token, at=at)
    except (DBAPIError, PoolTimeout, OSError):
        return ""


@router.post("/sign-in")
async def sign_in(
    request: Request,
    database: DatabaseDep,
    clock: ClockDep,
    settings: SettingsDep,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "/",
    kept: Annotated[str, Form(max_length=LONGEST + 100)] = "",
    proof: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    # There is no session yet to bind a token to; every browser says of a form's sender at least its Origin.
    if came_from_us(request) is False:
        raise Forbidden("这个登录请求不是从本系统的页面发出的。")
    browser, at = browser_of(request), clock.now()
    async with database.transaction() as conn:
        attempt = await signing.announce(conn, login=login, origin=browser.origin, at=at, device=browser.device)
    async with database.transaction() as conn:
        result = await signing.sign_in(
            conn,
            attempt,
            password=password,
            browser=browser,
            at=at,
            worked=bool(proof) and is_done(proof_key(settings), browser.origin.ip, attempt.login, proof, at=at),
            cheap=settings.cheap_passwords,
        )
    if result.half:
        return await second_step.lead_on(request, result.half, next=safe_path(next), kept=kept)
    if not result.token:
        # Answered, not raised: the failed attempt and its audit row must be kept.
        context = {"next": safe_path(next), "login": login, "kept": kept}
        if result.failures:
            context["task"] = task(proof_key(settings), browser.origin.ip, failures=result.failures, at=at)
        return refused(request, result, "sign_in.html", title="登录", **context)
    return come_in(request, settings, result, next=next, kept=kept)


@router.post("/sign-out")
async def sign_out(request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: Self) -> Response:
    await signing.sign_out(conn, request.cookies.get(cookie_name(settings), ""), by=actor, at=clock.now())
    response = see_other(request, "/sign-in", "已退出")
    clear_session(response, settings)
    return response


async def _changing(conn: Conn, errors: Mapping[str, str], viewer: Viewer) -> dict[str, Any]:
    hint = DEMANDS[await profile_of(conn)].hint
    return {"errors": errors, "must_change": viewer.must_change_password, "hint": hint}


@router.get("/account/password")
async def password_page(
    request: Request, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.SELF))]
) -> Response:
    context = await _changing(conn, {}, viewer)
    return page(request, "account/password.html", title="修改口令", **context)


@router.post("/account/password")
async def change_password(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: Self,
    current: Annotated[str, Form(max_length=1000)] = "",
    new: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    try:
        if new != again:
            raise Invalid({"again": "两次输入的新口令不一样。"})
        await changing.change_password(
            conn,
            current=current,
            new=new,
            keep_token=request.cookies.get(cookie_name(settings), ""),
            by=actor,
            at=clock.now(),
            device=device_of(request),
            cheap=settings.cheap_passwords,
        )
    except Invalid as error:
        context = await _changing(conn, error.fields, actor.viewer)
        return page(request, "account/password.html", title="修改口令", status=422, **context)
    return see_other(request, "/", "口令已修改，其他登录已结束")
