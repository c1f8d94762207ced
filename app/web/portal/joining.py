"""Ways in for people who have no account yet: by an invitation's link, or by asking. Neither says of any firm more than
its own invitation does."""

from typing import Annotated, Any

from fastapi import Form, Request, Response

from app.access.rules import DEMANDS
from app.access.setting_password import profile_of
from app.clerks import invitations, requests
from app.clerks.queries import invitation_by_token
from app.clerks.rules import read_application
from app.clerks.terms import INVITATION_DAYS, Invitation, Opening
from app.db import Conn
from app.errors import Forbidden, Invalid, NotFound
from app.web.deps import ClockDep, ConnDep, SettingsDep, origin_of
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.security import came_from_us
from app.web.templating import page

router = Router()
LONGEST_TOKEN = 100
_ASKED = ("uscc", "name", "email", "phone", "words")
_TOO_OFTEN = "这个地址一小时内申请得太多了，请稍后再来。"


def _must_be_ours(request: Request) -> None:
    # There is no session yet to bind a token to; every browser says of a form's sender at least its Origin.
    if came_from_us(request) is False:
        raise Forbidden("这个请求不是从本系统的页面发出的，没有执行。")


@router.get("/join/{token}")
async def join_page(request: Request, token: str, conn: ConnDep, clock: ClockDep) -> Response:
    found = await invitation_by_token(conn, token[:LONGEST_TOKEN], at=clock.now())
    if found is None:
        raise NotFound(invitations.USED_UP)
    return await _join(request, conn, found, {"login": "", "name": found.name}, {})


async def _join(
    request: Request,
    conn: Conn,
    found: Invitation,
    values: dict[str, str],
    errors: dict[str, str],
    *,
    status: int = 200,
) -> Response:
    hint = DEMANDS[await profile_of(conn)].hint
    context: dict[str, Any] = {"invitation": found, "values": values, "errors": errors, "hint": hint}
    return page(request, "portal/join.html", title="开通填报账号", status=status, **context)


@router.post("/join/{token}")
async def join(
    request: Request,
    token: str,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    login: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=30)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    again: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    _must_be_ours(request)
    opening, at = Opening(login, name, password, again), clock.now()
    try:
        await invitations.accept(
            conn, token[:LONGEST_TOKEN], opening, origin=origin_of(request), at=at, cheap=settings.cheap_passwords
        )
    except Invalid as error:
        found = await invitation_by_token(conn, token[:LONGEST_TOKEN], at=at)
        if found is None:
            raise
        return await _join(request, conn, found, {"login": login, "name": name}, error.fields, status=422)
    return see_other(request, "/sign-in", "账号已开通，请用刚才设的账号和口令登录")


@router.get("/register")
async def register_page(request: Request) -> Response:
    return _register(request, dict.fromkeys(_ASKED, ""), {})


def _register(
    request: Request, values: dict[str, str], errors: dict[str, str], *, status: int = 200, sentence: str = ""
) -> Response:
    context: dict[str, Any] = {"values": values, "errors": errors, "sentence": sentence, "days": INVITATION_DAYS}
    return page(request, "portal/register.html", title="申请填报账号", status=status, **context)


@router.post("/register")
async def register(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    uscc: Annotated[str, Form(max_length=60)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    email: Annotated[str, Form(max_length=200)] = "",
    phone: Annotated[str, Form(max_length=60)] = "",
    words: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    _must_be_ours(request)
    values = {"uscc": uscc, "name": name, "email": email, "phone": phone, "words": words}
    try:
        said = read_application(uscc, name, email, phone, words)
    except Invalid as error:
        return _register(request, values, error.fields, status=422)
    if not await requests.ask(conn, said, origin=origin_of(request), at=clock.now()):
        return _register(request, values, {}, status=429, sentence=_TOO_OFTEN)
    return see_other(request, "/register/done")


@router.get("/register/done")
async def registered_page(request: Request) -> Response:
    return page(request, "portal/registered.html", title="申请已收到", days=INVITATION_DAYS)
