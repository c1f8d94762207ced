"""Cookies, forged requests and safe redirects."""

import hmac
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

from fastapi import Request, Response

from app.config import Settings
from app.errors import Forbidden

SECONDS_A_DAY = 86400


def cookie_name(settings: Settings) -> str:
    """`__Host-` binds the cookie to this host over https; browsers refuse the prefix over plain http."""
    return "__Host-tidu" if settings.secure_cookies else "tidu"


def half_cookie(settings: Settings) -> str:
    """Of a sign-in between password and code."""
    return f"{cookie_name(settings)}-half"


def set_cookie(response: Response, settings: Settings, name: str, value: str, *, seconds: int) -> None:
    """The one way a cookie leaves: not for scripts, not for other sites, and over https only where there is https."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax"
    )


def drop_cookie(response: Response, settings: Settings, name: str) -> None:
    response.delete_cookie(name, path="/", secure=settings.secure_cookies, httponly=True, samesite="lax")


def set_session(response: Response, settings: Settings, token: str) -> None:
    set_cookie(response, settings, cookie_name(settings), token, seconds=settings.session_hours * 3600)


def clear_session(response: Response, settings: Settings) -> None:
    drop_cookie(response, settings, cookie_name(settings))


def csrf_token(settings: Settings, session_token: str) -> str:
    """Bound to the session: useless to anybody who cannot read the page."""
    return _csrf_token(settings.secret_key.get_secret_value(), session_token)


# Of a session it stays what it is, and every page of it shows it.
@lru_cache(maxsize=4096)
def _csrf_token(secret: str, session_token: str) -> str:
    return hmac.digest(secret.encode(), b"csrf:" + session_token.encode(), "sha256").hex()[:40]


def proof_key(settings: Settings) -> bytes:
    return hmac.digest(settings.secret_key.get_secret_value().encode(), b"proof", "sha256")


def came_from_us(request: Request) -> bool | None:
    """What the browser says of the page that sent this; None when it says nothing.

    Sec-Fetch-Site is left out on plain http to anything but this machine, Origin by browsers before it. No page can
    forge any of the three.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    sender = request.headers.get("origin") or request.headers.get("referer")
    if sender is None:
        return None
    return split_address(sender).netloc == request.headers.get("host")


async def check_csrf(request: Request, settings: Settings, session_token: str) -> None:
    """Raises Forbidden unless the request came from our own pages; where the browser is silent, the form's token."""
    ours = came_from_us(request)
    if ours is None:
        given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf_token", ""))
        if not hmac.compare_digest(given.encode(), csrf_token(settings, session_token).encode()):
            raise Forbidden("页面已过期，请刷新后再提交；填写的内容请先复制保存。")
    elif not ours:
        raise Forbidden("这个请求不是从本系统的页面发出的，没有执行。")


def split_address(address: str) -> SplitResult:
    """Of whatever a stranger sends; what is no address at all has no parts, so that no host of ours is in it."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "?", "", "", "")


def safe_path(target: str) -> str:
    """A path on this host, or the start page: `next` never leads elsewhere."""
    parts = split_address(target)
    on_host = not parts.scheme and not parts.netloc and target.startswith("/")
    return target if on_host and not target.startswith(("//", "/\\")) and "\n" not in target else "/"
