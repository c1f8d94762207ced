"""Every error leaves through here: a page, a fragment for htmx, or RFC 9457 problem details under /api."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from jinja2 import TemplateNotFound
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.routing import Match, Route

from app.errors import (
    AppError,
    Conflict,
    Forbidden,
    Invalid,
    PasswordChangeRequired,
    Refused,
    SignInRequired,
    TooMany,
    Unavailable,
)
from app.outages import constraint_of, is_bad_input, is_outage
from app.web import denials
from app.web.deps import recognise
from app.web.forms import LONGEST_ADDRESS
from app.web.htmx import is_htmx, see_other
from app.web.kept import keep
from app.web.security import safe_path, split_address
from app.web.templating import fragment, page

log = logging.getLogger("tidu.web")

# pydantic's kinds of fault, in words; anything else is 格式不对.
_KINDS = {
    "missing": "必填。",
    "string_too_long": "太长了。",
    "string_too_short": "不能为空。",
    "int_parsing": "请填写整数。",
    "date_from_datetime_parsing": "请填写日期，如 2026-06-01。",
    "date_parsing": "请填写日期，如 2026-06-01。",
    "uuid_parsing": "编号格式不对。",
    "bool_parsing": "请填写是或否。",
    "extra_forbidden": "没有这一项。",
    "less_than_equal": "超过了上限。",
    "greater_than_equal": "低于下限。",
    "json_invalid": "不是有效的 JSON。",
    "literal_error": "不在可选范围内。",
    "string_type": "请填写文字。",
    "too_long": "太多了。",
}
_STATUS_WORDS = {
    404: ("没有这个页面", "地址可能写错了，或者页面已经不在。"),
    405: ("不支持这种操作", "请从页面上的按钮操作。"),
}
_API_WORDS = {
    404: ("没有这个接口", "地址可能写错了；全部接口见 /api/v1/openapi.json。"),
    405: ("不支持这种操作", "这个地址支持的方法在 Allow 里。"),
}


def install(app: FastAPI) -> None:
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, unexpected)
    app.add_exception_handler(TemplateNotFound, unexpected)  # an OSError too, but no outage of the database
    app.add_exception_handler(ClientDisconnect, _gone)
    for kind in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(kind, _database)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    if isinstance(error, SignInRequired) and not _is_api(request):
        return await _to_sign_in(request)
    if isinstance(error, PasswordChangeRequired) and not _is_api(request) and request.method == "GET":
        return see_other(request, "/account/password")
    if isinstance(error, Forbidden):
        await denials.note(request)
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        headers["retry-after"] = "2"
    if isinstance(error, TooMany) and error.wait:
        headers["retry-after"] = str(error.wait)
    if isinstance(error, SignInRequired):
        headers["www-authenticate"] = "Bearer"
    sentence = error.sentence
    if isinstance(error, SignInRequired) and _is_api(request):
        sentence = "请带上有效的访问令牌：Authorization: Bearer 后面写令牌。没有、写错、过期或已撤销的，都是这个回答。"
    fields = error.fields if isinstance(error, Invalid) else {}
    reasons = error.reasons if isinstance(error, Refused) else []
    if isinstance(error, Conflict) and _is_api(request):
        reasons = reasons or [error.sentence]
    return answer(request, error.status, error.title, sentence, fields=fields, reasons=reasons, headers=headers)


async def _validation(request: Request, error: Exception) -> Response:
    # The framework's own answer would echo the input, passwords included.
    assert isinstance(error, RequestValidationError)
    fields = {_field(e): _KINDS.get(e["type"], "格式不对。") for e in error.errors()}
    return answer(request, 422, "填写有误", "有几处需要改正。", fields=fields)


def _field(fault: Mapping[str, Any]) -> str:
    """A body that is no JSON is at fault as a whole: the framework names the place of the character instead."""
    place = fault["loc"][:1] if fault["type"] == "json_invalid" else fault["loc"]
    return ".".join(str(part) for part in place[1:]) or str(place[0])


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not _is_api(request):
        await recognise(request)
    known = _API_WORDS if _is_api(request) else _STATUS_WORDS
    title, sentence = known.get(error.status_code, ("请求没有完成", "请返回上一页重试。"))
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = _allowed(request)
    return answer(request, error.status_code, title, sentence, headers=headers)


def _allowed(request: Request) -> str:
    """Of every route at this address: the framework names those of the first alone (RFC 9110 §15.5.6)."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    there = [route.methods or () for route in routes if route.matches(request.scope)[0] is Match.PARTIAL]
    return ", ".join(sorted({method for methods in there for method in methods}))


async def _gone(_: Request, __: Exception) -> Response:
    """Whoever was sending has left: nobody reads this, and it is nobody's fault."""
    return Response(status_code=400)


async def _database(request: Request, error: Exception) -> Response:
    if isinstance(error, PoolTimeout) or is_outage(error):
        return await _app_error(request, Unavailable())
    if is_bad_input(error):
        # The driver's own words quote what was typed.
        log.warning("request %s: %s", request.scope.get("request_id"), type(error).__name__)
        return await _app_error(request, Invalid({}, "内容里有无法保存的字符，或数字超出了范围；请检查后重新提交。"))
    if constraint_of(error):
        return await _app_error(request, Conflict("数据刚被别人改过，您的操作没有执行；请刷新后再试。"))
    return await unexpected(request, error)


async def unexpected(request: Request, error: Exception) -> Response:
    log.error("request %s failed", request.scope.get("request_id"), exc_info=error)
    return answer(request, 500, "系统出错了", "已记录，请稍后再试；若一再出现，请把下面的编号告诉管理员。")


def answer(
    request: Request,
    status: int,
    title: str,
    sentence: str,
    *,
    fields: Mapping[str, str] | None = None,
    reasons: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    if _is_api(request):
        problem: dict[str, Any] = {"title": title, "detail": sentence, "status": status}
        if fields:
            problem["errors"] = dict(fields)
        if reasons:
            problem["reasons"] = list(reasons)
        return Response(
            orjson.dumps(problem), status, media_type="application/problem+json", headers=dict(headers or {})
        )
    context: dict[str, Any] = {
        "sentence": sentence,
        "reasons": [*reasons, *(fields or {}).values()],
        "request_id": request.scope.get("request_id", ""),
        "back": _came_from(request),
    }
    if is_htmx(request):
        return fragment(request, "_error.html", status=status, headers=headers, title=title, **context)
    return page(request, "error.html", status=status, headers=headers, title=title, **context)


def _is_api(request: Request) -> bool:
    return request.url.path.startswith("/api/")


async def _to_sign_in(request: Request) -> Response:
    if request.method == "GET":
        here = _shown_address(request)
        # An address too long to be carried along leads back to its page without its filter.
        here = here if len(here) <= LONGEST_ADDRESS else request.url.path[:LONGEST_ADDRESS]
        target = f"/sign-in?next={quote(here)}"
        if is_htmx(request):
            return Response(status_code=401, headers={"hx-redirect": target})
        return RedirectResponse(target, status_code=303)
    if is_htmx(request):
        # The dialog stays as it is; only its note says what to do.
        headers = {"hx-retarget": "#dialog-note", "hx-reswap": "innerHTML"}
        return fragment(request, "_signed_out.html", status=401, headers=headers)
    kept = await keep(request, request.app.state.settings)
    if not kept:
        return RedirectResponse("/sign-in", status_code=303)
    return page(request, "sign_in.html", title="登录", status=401, error=None, next="/", login="", kept=kept)


def _came_from(request: Request) -> str:
    """Our own page that a form was sent from: the way back to what it was about."""
    url = split_address(request.headers.get("referer", ""))
    if request.method in ("GET", "HEAD") or url.netloc != request.headers.get("host"):
        return ""
    return safe_path(f"{url.path}?{url.query}" if url.query else url.path)


def _shown_address(request: Request) -> str:
    """The page to come back to: for a fragment, the page it was asked for from."""
    url = split_address(request.headers.get("hx-current-url", "")) if is_htmx(request) else None
    path, query = (url.path, url.query) if url and url.path else (request.url.path, request.url.query)
    return f"{path}?{query}" if query else path
