"""How a person wants pages to look: 大字版, light or dark. In a cookie: it needs no script and no account."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request, Response
from starlette.responses import RedirectResponse

from app.web.deps import SettingsDep
from app.web.routing import Router
from app.web.security import safe_path, set_cookie

router = Router()
_COOKIE = "tidu_look"
_YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class Look:
    size: str = ""  # "large" or ""
    theme: str = ""  # "light", "dark", or "" for what the system says


def look_of(request: Request) -> Look:
    words = request.cookies.get(_COOKIE, "").split(".")
    return Look(
        size="large" if "large" in words else "",
        theme=next((w for w in words if w in ("light", "dark")), ""),
    )


@router.post("/look")
async def choose(
    request: Request,
    settings: SettingsDep,
    size: Annotated[str, Form(max_length=10)] = "",
    theme: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """One button sets one thing; the other stays as it was."""
    look = look_of(request)
    chosen = (
        (("large" if size == "large" else "") if size else look.size),
        (theme.replace("auto", "") if theme in ("light", "dark", "auto") else look.theme),
    )
    response = RedirectResponse(safe_path(back), status_code=303)
    value = ".".join(w for w in chosen if w)
    set_cookie(response, settings, _COOKIE, value, seconds=_YEAR)
    return response
