"""Answers that serve both ways: htmx gets a toast and an event, a plain form gets a redirect."""

import json
from urllib.parse import quote, unquote

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from app.web.security import drop_cookie, set_cookie

_FLASH = "tidu_flash"


def is_htmx(request: Request) -> bool:
    return "hx-request" in request.headers


def see_other(request: Request, target: str, sentence: str = "") -> Response:
    """After a write: go and look. The sentence shows once on the page that follows."""
    if is_htmx(request):
        response: Response = Response(status_code=204, headers={"hx-redirect": target})
    else:
        response = RedirectResponse(target, status_code=303)
    if sentence:
        set_cookie(response, request.app.state.settings, _FLASH, quote(sentence), seconds=30)
    return response


def changed(request: Request, target: str, sentence: str, *, event: str) -> Response:
    """htmx: the dialog closes, the toast shows, blocks that listen for `event` fetch themselves anew."""
    if not is_htmx(request):
        return see_other(request, target, sentence)
    # Header values are latin-1 on the wire, so the sentence travels as JSON escapes.
    trigger = json.dumps({"toast": sentence, event: target}, ensure_ascii=True)
    return Response(status_code=204, headers={"hx-trigger": trigger})


def take_flash(request: Request) -> str:
    return unquote(request.cookies.get(_FLASH, ""))[:300]


def drop_flash(request: Request, response: Response) -> None:
    drop_cookie(response, request.app.state.settings, _FLASH)
