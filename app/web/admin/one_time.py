"""A one-time password on its way to the page that shows it.

It is made from a nonce under the server's key and kept nowhere. The nonce goes along in a cookie that means something
only here and only in the session that asked, so that the page can be loaded again and no address or log has a password.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from fastapi import Request, Response

from app.access.terms import Actor
from app.config import Settings
from app.web.htmx import see_other
from app.web.security import set_cookie

MINUTES = 10
_COOKIE = "tidu_once"


@dataclass(frozen=True, slots=True)
class OneTime:
    login: str
    nonce: str
    password: str


def make(settings: Settings, actor: Actor, login: str) -> OneTime:
    nonce = secrets.token_urlsafe(24)
    return OneTime(login, nonce, _password(settings, actor, login, nonce))


def lead_to(request: Request, settings: Settings, actor: Actor, made: OneTime, sentence: str) -> Response:
    response = see_other(request, "/admin/users/one-time", sentence)
    seal = _digest(settings, actor, "seal", made.login, made.nonce).hex()
    set_cookie(response, settings, _COOKIE, f"{made.login}~{made.nonce}~{seal}", seconds=MINUTES * 60)
    return response


def recall(request: Request, settings: Settings, actor: Actor) -> OneTime | None:
    """What this session made last, for as long as the browser keeps the cookie."""
    login, nonce, seal = [*request.cookies.get(_COOKIE, "").split("~"), "", "", ""][:3]
    expected = _digest(settings, actor, "seal", login, nonce).hex()
    if not hmac.compare_digest(seal.encode(), expected.encode()):
        return None
    return OneTime(login, nonce, _password(settings, actor, login, nonce))


def _password(settings: Settings, actor: Actor, login: str, nonce: str) -> str:
    """96 bits, with characters of three kinds whatever they come out as."""
    drawn = base64.urlsafe_b64encode(_digest(settings, actor, "password", login, nonce)[:12]).decode()
    return f"Td-{drawn}9"


def _digest(settings: Settings, actor: Actor, use: str, login: str, nonce: str) -> bytes:
    secret = settings.secret_key.get_secret_value().encode()
    said = "\0".join(("one-time", use, actor.origin.session_id, login, nonce))
    return hmac.new(secret, said.encode(), hashlib.sha256).digest()
