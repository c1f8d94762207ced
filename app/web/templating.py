"""One environment for every page. Templates are compiled once and fail on a name they were not given."""

import gettext
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.access.terms import HELD, Permission, Power, Role, Viewer
from app.clock import BUSINESS_ZONE
from app.config import STATIC, TEMPLATES
from app.units import show_wan
from app.web.htmx import drop_flash, take_flash
from app.web.look import look_of
from app.web.security import cookie_name, csrf_token


@dataclass(frozen=True, slots=True)
class NavItem:
    label: str
    href: str
    permission: Permission


_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_NAV = (
    NavItem("今日", "/", Permission.FIRM_NOTE),
    NavItem("待办与诉求", "/work", Permission.FIRM_INTERNAL),
    NavItem("企业库", "/firms", Permission.FIRM_READ),
    NavItem("梯度看板", "/board", Permission.FIRM_READ),
    NavItem("申报", "/filings", Permission.FILING_READ),
    NavItem("填报审核", "/reviews", Permission.REPORT_REVIEW),
    NavItem("填报账号", "/clerks", Permission.CLERK_ADMIN),
    NavItem("总览", "/dashboard", Permission.FIRM_INTERNAL),
    NavItem("规划指标", "/plans", Permission.TARGET_READ),
    NavItem("创新平台", "/platforms", Permission.FIRM_LIST),
    NavItem("孵化载体", "/carriers", Permission.CARRIER_READ),
    NavItem("提醒", "/reminders", Permission.REMINDER_READ),
    NavItem("周报", "/digests", Permission.DIGEST_READ),
    NavItem("导入", "/imports", Permission.FIRM_IMPORT),
    NavItem("工作移交", "/handover", Permission.HANDOVER),
    NavItem("政策", "/admin/policies", Permission.POLICY_READ),
    NavItem("账号", "/admin/users", Permission.USER_ADMIN),
    NavItem("工作日历", "/admin/calendar", Permission.SETTING_ADMIN),
    NavItem("发件箱", "/admin/outbox", Permission.SETTING_ADMIN),
    NavItem("后台任务", "/admin/jobs", Permission.SETTING_ADMIN),
    NavItem("审计", "/audit", Permission.ACCOUNT_TRAIL),
)
# A security administrator has no page of accounts from which these are reached.
_SECURING = (
    NavItem("授权", "/admin/grants", Permission.ACCESS_GRANT),
    NavItem("登录安全", "/admin/security", Permission.SECURITY_ADMIN),
)
# Firms and carriers have no rail: a narrow page that shows one thing at a time.
_NO_DESK = (Role.FIRM, Role.CARRIER)


@lru_cache(maxsize=64)
def static_url(name: str) -> str:
    """The file's own hash in its address, so that browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})")


def _by_days(sentence: str) -> list[str]:
    """What is said before, between and after the days of a sentence, and at each second place a day."""
    return _DAY.split(sentence)


def _moment(value: datetime | None) -> str:
    return value.astimezone(BUSINESS_ZONE).strftime("%Y-%m-%d %H:%M") if value else ""


def _count(value: int | Decimal) -> str:
    return f"{value:,}"


def _area(value: Decimal) -> str:
    """Square metres as they are let, to the hundredth; a park has a million of them."""
    return f"{round(value, 2).normalize():,f}"


# Looked up once: a page has a hundred of them.
_message = lru_cache(maxsize=2048)(gettext.gettext)


def _words(message: str, **values: Any) -> str:
    """A sentence of the interface, asked of the catalogue; what is filled in is escaped with the rest of it."""
    found = _message(message)
    return found % values if values else found


@cache
def make_environment() -> Environment:
    """One in a process: what one site or one press has compiled, the next one has."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    # The extension's own `_` looks its function up in every call.
    environment.globals["_"] = _words
    environment.filters |= {
        "day": _day,
        "by_days": _by_days,
        "moment": _moment,
        "wan": show_wan,
        "count": _count,
        "area": _area,
    }
    environment.globals["static_url"] = static_url
    return environment


@lru_cache(maxsize=len(Role) * len(Power))
def rail(role: Role, power: Power) -> tuple[NavItem, ...]:
    wide = _NAV if power is not Power.SECURITY else (*_NAV, *_SECURING)
    return tuple(n for n in wide if role not in _NO_DESK and n.permission in HELD[power][role])


def base_context(request: Request) -> dict[str, Any]:
    """What every page's frame needs."""
    state = request.app.state
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    path: str = request.scope["path"]
    nav = [
        (n.label, n.href, path == n.href or (n.href != "/" and path.startswith(n.href)))
        for n in (rail(viewer.role, viewer.power) if viewer else ())
    ]
    token = request.cookies.get(cookie_name(state.settings), "")
    return {
        "viewer": viewer,
        "unread": getattr(request.state, "unread", 0),
        "nav": nav,
        "csrf": csrf_token(state.settings, token) if token else "",
        "today": state.clock.now().astimezone(BUSINESS_ZONE).date(),
        "flash": take_flash(request),
        "look": look_of(request),
        "bureau": state.lookups.bureau,
        "sso": state.settings.oidc_name if state.settings.oidc_issuer else "",
        "here": _here(request),
        "has_calendar": viewer is not None and viewer.may(Permission.FILING_READ),
        "can_search": viewer is not None and viewer.may(Permission.FIRM_NOTE),
    }


def _here(request: Request) -> str:
    """Where a change of look leads back to; an address that only takes forms is no place to go back to."""
    if request.method != "GET":
        return "/"
    path: str = request.scope["path"]
    query: str = request.scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def page(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    base = base_context(request)
    response = _render(request, name, {**base, **context}, status, headers)
    if base["flash"]:
        drop_flash(request, response)
    return response


def fragment(
    request: Request, name: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> Response:
    """A part of a page alone; of what `base_context` gives a frame it knows who looks, and the form's token."""
    state = request.app.state
    token = request.cookies.get(cookie_name(state.settings), "")
    csrf = csrf_token(state.settings, token) if token else ""
    known = {"csrf": csrf, "viewer": getattr(request.state, "viewer", None)}
    return _render(request, name, {**known, **context}, status, headers)


def _render(
    request: Request, name: str, context: dict[str, Any], status: int, headers: Mapping[str, str] | None
) -> Response:
    context["status"] = status
    html = request.app.state.templates.get_template(name).render(context)
    if request.method != "GET" or request.scope["query_string"]:
        # What was typed comes back as it was typed; characters that HTML forbids become the mark for one.
        html = _FORBIDDEN.sub("\ufffd", html)
    if (debug := request.app.state.rendered) is not None:
        debug.append((name, context))
    return Response(html, status_code=status, media_type="text/html", headers=dict(headers or {}))
