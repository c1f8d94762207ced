"""A form sent after its session ended is kept through the sign-in, so that nothing typed is lost.

It travels through the sign-in page as a sealed hidden field: only what this server itself received from its own pages
can come back, and the person presses the button again before anything is done.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

import orjson
from fastapi import Request
from starlette.datastructures import UploadFile

from app.config import Settings
from app.web.security import came_from_us, safe_path

LONGEST = 60_000
_LEFT_OUT = ("csrf_token",)
# Passwords are never carried through a page.
_NOT_KEPT = ("/account/", "/sign-", "/look", "/admin/users", "/personal/")


@dataclass(frozen=True, slots=True)
class KeptForm:
    action: str
    fields: list[tuple[str, str]]


def _seal(settings: Settings, body: bytes) -> str:
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.new(secret, b"kept:" + body, hashlib.sha256).hexdigest()


async def keep(request: Request, settings: Settings) -> str:
    """The sealed form, or "" when there is nothing that may be kept."""
    path = request.url.path
    if not came_from_us(request) or path.startswith(_NOT_KEPT) or "form" not in request.headers.get("content-type", ""):
        return ""
    form = await request.form(max_fields=100, max_files=10)
    if any(isinstance(value, UploadFile) for value in form.values()):
        return ""
    fields = [[k, str(v)] for k, v in form.multi_items() if k not in _LEFT_OUT]
    body = base64.urlsafe_b64encode(orjson.dumps([path, fields]))
    return f"{body.decode()}.{_seal(settings, body)}" if len(body) <= LONGEST else ""


def unseal(settings: Settings, kept: str) -> KeptForm | None:
    body, _, seal = kept.partition(".")
    if not seal or not hmac.compare_digest(seal.encode(), _seal(settings, body.encode()).encode()):
        return None
    try:
        action, fields = orjson.loads(base64.urlsafe_b64decode(body))
    except (binascii.Error, ValueError):
        return None
    return KeptForm(safe_path(action), [(k, v) for k, v in fields])
