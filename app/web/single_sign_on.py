"""Signing in by another server: away with what must come back, and back."""

from typing import Annotated, Any

from fastapi import Query, Request, Response
from starlette.responses import RedirectResponse

from app.access import identities
from app.access.oidc import STANDS, Provider, seal, unseal
from app.errors import Forbidden, NotFound
from app.web.coming_in import browser_of, come_in
from app.web.deps import ClockDep, DatabaseDep, SettingsDep
from app.web.forms import LONGEST_ADDRESS
from app.web.routing import Router
from app.web.second_step import lead_on
from app.web.security import cookie_name, drop_cookie, safe_path, set_cookie
from app.web.templating import page

router = Router()
_LONGEST = 4000
Short = Annotated[str, Query(max_length=_LONGEST)]


def _provider(request: Request) -> Provider:
    if not request.app.state.settings.oidc_issuer:
        raise NotFound("这个系统没有接入统一身份认证。")
    provider: Provider = request.app.state.provider
    return provider


@router.get("/sign-in/oidc")
async def leave(request: Request, clock: ClockDep, settings: SettingsDep, next: str = "/") -> Response:
    target = safe_path(next) if len(next) <= LONGEST_ADDRESS else "/"
    place, errand = await _provider(request).leave(target, at=clock.now())
    response = RedirectResponse(place, status_code=303)
    seconds = round(STANDS.total_seconds())
    set_cookie(response, settings, _cookie(request), seal(settings, errand), seconds=seconds)
    return response


def _cookie(request: Request) -> str:
    return f"{cookie_name(request.app.state.settings)}-away"


@router.get("/sign-in/oidc/callback")
async def come_back(
    request: Request,
    database: DatabaseDep,
    clock: ClockDep,
    settings: SettingsDep,
    state: Short = "",
    code: Short = "",
    iss: Short = "",
    error: Short = "",
) -> Response:
    provider, at = _provider(request), clock.now()
    errand = unseal(settings, request.cookies.get(_cookie(request), ""), at=at)
    if error:
        raise Forbidden("统一身份认证没有同意登录；可以再试，或用口令登录。")
    identity = await provider.identify(errand, state=state, code=code, issuer=iss, at=at)
    async with database.transaction() as conn:
        result = await identities.sign_in_as(conn, identity, browser=browser_of(request), at=at)
    if result.half:
        response = await lead_on(request, result.half, next=errand.next, kept="")
    elif result.token:
        response = come_in(request, settings, result, next=errand.next, kept="")
    else:
        words: dict[str, Any] = {"sentence": result.sentence, "identity": identity}
        response = page(request, "account/not_linked.html", title="没有关联", status=403, **words)
    drop_cookie(response, settings, _cookie(request))
    return response
