"""How a sign-in ends, whichever way it came: with a session and the page one wanted, or with a sentence."""

from typing import Any

from fastapi import Request, Response

from app.access.signing import SignInResult
from app.config import Settings
from app.web.htmx import see_other
from app.web.kept import unseal
from app.web.security import csrf_token, drop_cookie, half_cookie, safe_path, set_session
from app.web.templating import page


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
    if half_cookie(settings) in request.cookies:
        drop_cookie(response, settings, half_cookie(settings))
    return response


def refused(request: Request, result: SignInResult, template: str, **context: Any) -> Response:
    status = 429 if result.wait else 401
    headers = {"retry-after": str(result.wait)} if result.wait else {}
    return page(request, template, status=status, headers=headers, error=result.sentence, **context)
