"""两步验证: the code that follows the password, or the authenticator that must be bound before anything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Form, Request, Response
from segno import make

from app.access import factors, second_step, signing
from app.access.factor_rules import address_of, grouped
from app.db import Conn, Database
from app.errors import Forbidden, Invalid
from app.vault import vault_of
from app.web.coming_in import browser_of, come_in, refused, with_session
from app.web.deps import ClockDep, DatabaseDep, SettingsDep
from app.web.forms import LONGEST_ADDRESS
from app.web.htmx import see_other
from app.web.kept import LONGEST, unseal
from app.web.routing import Router
from app.web.security import came_from_us, csrf_token, half_cookie, safe_path, set_cookie
from app.web.templating import page

router = Router()
Typed = Annotated[str, Form(max_length=60)]
Next = Annotated[str, Form(max_length=LONGEST_ADDRESS)]
Kept = Annotated[str, Form(max_length=LONGEST + 100)]
_ENDED = "登录超过了时间，请重新输入口令。"


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code: how many squares wide, and the dark ones as an SVG path."""

    size: int
    path: str


def picture_of(secret: str, login: str) -> Picture:
    rows = list(make(address_of(secret, login), error="m", micro=False).matrix_iter(border=4))
    runs = [f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark]
    return Picture(len(rows), "".join(runs))


def binding_words(secret: str, login: str) -> dict[str, Any]:
    return {"picture": picture_of(secret, login), "secret": grouped(secret), "address": address_of(secret, login)}


async def lead_on(request: Request, half: str, *, next: str, kept: str) -> Response:
    """The page of the second step, as the answer to the password: what was typed before goes along in it."""
    state = request.app.state
    async with state.database.transaction() as conn:
        user = await second_step.half_way(conn, half, at=state.clock.now())
        if not user["has_factor"]:
            await factors.offer(conn, user["id"], vault=vault_of(state.settings), at=state.clock.now())
        response = await _step(request, conn, user, next=next, kept=kept)
    seconds = round(signing.HALF_WAY.total_seconds())
    set_cookie(response, state.settings, half_cookie(state.settings), half, seconds=seconds)
    return response


async def _step(
    request: Request,
    conn: Conn,
    user: Mapping[str, Any],
    *,
    next: str,
    kept: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    context: dict[str, Any] = {"next": safe_path(next), "kept": kept, "error": error, "status": status}
    if user["has_factor"]:
        return page(request, "account/code.html", title="两步验证", **context)
    state = request.app.state
    secret = await factors.offered(conn, user["id"], vault=vault_of(state.settings), at=state.clock.now())
    if not secret:
        return see_other(request, "/sign-in", _ENDED)
    context["words"] = binding_words(secret, user["login"])
    return page(request, "account/bind_first.html", title="绑定验证器", **context)


async def _half_way(request: Request, database: Database) -> tuple[str, Any]:
    state = request.app.state
    token = request.cookies.get(half_cookie(state.settings), "")
    async with database.reading() as conn:
        return token, await second_step.half_way(conn, token, at=state.clock.now())


def _must_be_ours(request: Request) -> None:
    # Bound to no session yet; every browser says of a form's sender at least its Origin.
    if came_from_us(request) is False:
        raise Forbidden("这个登录请求不是从本系统的页面发出的。")


@router.get("/sign-in/code")
async def code_page(request: Request, database: DatabaseDep, next: str = "/") -> Response:
    _, user = await _half_way(request, database)
    if user is None:
        return see_other(request, "/sign-in")
    async with database.reading() as conn:
        return await _step(request, conn, user, next=next[:LONGEST_ADDRESS])


@router.post("/sign-in/code")
async def prove(
    request: Request,
    database: DatabaseDep,
    clock: ClockDep,
    settings: SettingsDep,
    code: Typed = "",
    next: Next = "/",
    kept: Kept = "",
) -> Response:
    _must_be_ours(request)
    token, user = await _half_way(request, database)
    if user is None or not user["has_factor"]:
        return see_other(request, "/sign-in", _ENDED)
    at, browser = clock.now(), browser_of(request)
    async with database.transaction() as conn:
        attempt = await signing.announce(conn, login=user["login"], origin=browser.origin, at=at, device=browser.device)
    async with database.transaction() as conn:
        vault = vault_of(settings)
        result = await second_step.finish(conn, token, user, attempt, code, browser=browser, vault=vault, at=at)
    if not result.token:
        return refused(request, result, "account/code.html", title="两步验证", next=safe_path(next), kept=kept)
    return come_in(request, settings, result, next=next, kept=kept)


@router.post("/sign-in/bind")
async def bind(
    request: Request,
    database: DatabaseDep,
    clock: ClockDep,
    settings: SettingsDep,
    code: Typed = "",
    next: Next = "/",
    kept: Kept = "",
) -> Response:
    _must_be_ours(request)
    token, user = await _half_way(request, database)
    if user is None or user["has_factor"]:
        return see_other(request, "/sign-in", _ENDED)
    browser, vault = browser_of(request), vault_of(settings)
    async with database.transaction() as conn:
        try:
            result, codes = await second_step.bind_first(
                conn, token, user, code, browser=browser, vault=vault, at=clock.now()
            )
        except Invalid as error:
            return await _step(request, conn, user, next=next, kept=kept, error=error.fields["code"], status=422)
    context: dict[str, Any] = {
        "codes": [grouped(one) for one in codes],
        "renewed": False,
        "onward": "/account/password" if result.must_change else safe_path(next),
        "kept_form": unseal(settings, kept) if kept and not result.must_change else None,
        "csrf": csrf_token(settings, result.token),
    }
    response = page(request, "account/recovery_codes.html", title="恢复码", **context)
    return with_session(request, response, settings, result)
