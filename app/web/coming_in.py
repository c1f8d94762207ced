"""How a sign-in ends, whichever way it came: with a session and the page one wanted, or with a sentence."""

from datetime import timedelta
from typing import Any

from fastapi import Request, Response

from app.access.devices import REMEMBERED
from app.access.rules import new_token
from app.access.signing import Browser, SignInResult
from app.config import Settings
from app.web.deps import origin_of
from app.web.htmx import see_other
from app.web.kept import unseal
from app.web.security import cookie_name, csrf_token, drop_cookie, half_cookie, safe_path, set_cookie, set_session
from app.web.templating import page


def browser_of(request: Request) -> Browser:
    """One that has no cookie of ours yet gets one when it has come in."""
    settings: Settings = request.app.state.settings
    request.state.device = device_of(request) or new_token()
    agent, lifetime = request.headers.get("user-agent", ""), timedelta(hours=settings.session_hours)
    return Browser(origin_of(request), agent, lifetime, request.state.device)


def device_of(request: Request) -> str:
    return request.cookies.get(_device_cookie(request.app.state.settings), "")[:100]


def _device_cookie(settings: Settings) -> str:
    return f"{cookie_name(settings)}-device"


def come_in(request: Request, settings: Settings, result: SignInResult, *, next: str, kept: str) -> Response:
    form = unseal(settings, kept) if kept and not result.must_change else None
    if form:
        csrf = csrf_token(settings, result.token)
        response = page(request, "account/resume.html", title="继续刚才的操作", kept=form, csrf=csrf)
    else:
        response = see_other(request, "/account/password" if result.must_change else safe_path(next))
    return with_session(request, response, settings, result)


def with_session(request: Request, response: Response, settings: Settings, result: SignInResult) -> Response:
    set_session(response, settings, result.token)
    seconds = round(REMEMBERED.total_seconds())
    set_cookie(response, settings, _device_cookie(settings), request.state.device, seconds=seconds)
    if half_cookie(settings) in request.cookies:
        drop_cookie(response, settings, half_cookie(settings))
    return response


def refused(request: Request, result: SignInResult, template: str, **context: Any) -> Response:
    status = 429 if result.wait else 401
    headers = {"retry-after": str(result.wait)} if result.wait else {}
    return page(request, template, status=status, headers=headers, error=result.sentence, **context)
