"""The last day of an account, for who keeps the accounts."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.expiry import TOLD, set_last_day
from app.access.queries import user_by_id
from app.access.rules import last_day
from app.access.terms import Actor, Permission
from app.db import Conn
from app.errors import Invalid, NotFound
from app.text.dates import DateError, parse_date
from app.web.deps import ClockDep, ConnDep, acting
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Admin = Annotated[Actor, Depends(acting(Permission.USER_ADMIN))]
LABEL = "到期日"


def read_last_day(typed: str) -> date | None:
    """Raises Invalid."""
    try:
        return parse_date(typed.strip()) if typed.strip() else None
    except DateError as error:
        raise Invalid({"valid_until": str(error)}) from error


@router.get("/admin/users/{user_id}/expiry")
async def expiry_page(request: Request, user_id: uuid.UUID, conn: ConnDep, _: Admin) -> Response:
    return await _page(request, conn, user_id)


@router.post("/admin/users/{user_id}/expiry")
async def put(
    request: Request,
    user_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Admin,
    valid_until: Annotated[str, Form(max_length=30)] = "",
    expected: Annotated[str | None, Form(max_length=30)] = None,
) -> Response:
    try:
        day = read_last_day(valid_until)
        done = await set_last_day(conn, user_id, day, seen=expected, by=actor, at=clock.now())
    except Invalid as error:
        return await _page(request, conn, user_id, error.fields, typed=valid_until, seen=expected)
    return see_other(request, "/admin/users", "已更改到期日" if done else "没有变化")


async def _page(
    request: Request,
    conn: Conn,
    user_id: uuid.UUID,
    errors: dict[str, str] | None = None,
    typed: str | None = None,
    seen: str | None = None,
) -> Response:
    user = await user_by_id(conn, user_id)
    if user is None:
        raise NotFound
    until = user["valid_until"]
    kept = str(last_day(until)) if until else ""
    context: dict[str, Any] = {"user": user, "value": kept if typed is None else typed, "errors": errors or {}}
    context |= {"label": LABEL, "told": TOLD, "expected": kept if seen is None else seen}
    title = f"{user['name']} 的到期日"
    return page(request, "admin/user_expiry.html", title=title, status=422 if errors else 200, **context)
