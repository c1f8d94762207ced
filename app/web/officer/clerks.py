"""填报账号: who reports for a firm and who asks to. Officers invite; the firm's signatory goes on from there."""

import uuid
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Form, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.clerks import invitations, requests
from app.clerks.queries import clerks_of, invitations_of, waiting_requests
from app.clerks.rules import read_asked
from app.clerks.terms import INVITATION_DAYS
from app.db import Conn
from app.errors import Invalid
from app.outbox.links import link_address, link_token
from app.web.deps import ClockDep, ConnDep, LookupDep, SettingsDep, acting, guard
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.routing import Router
from app.web.templating import page

router = Router()
Keeper = Annotated[Viewer, Depends(guard(Permission.CLERK_ADMIN))]
ActingKeeper = Annotated[Actor, Depends(acting(Permission.CLERK_ADMIN))]


async def _page(
    request: Request, uscc: str, conn: Conn, lookup: Lookup, clock: ClockDep, viewer: Viewer, **more: Any
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    status = more.pop("status", 200)
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/clerks"),
        "clerks": await clerks_of(conn, firm.id),
        "invitations": await invitations_of(conn, firm.id, at=clock.now()),
        "days": INVITATION_DAYS,
        "values": {"name": "", "email": "", "signatory": False},
        "errors": {},
        "address": "",
        **more,
    }
    return page(request, "officer/clerks/firm.html", title=f"{firm.name} 填报账号", status=status, **context)


@router.get("/firms/{uscc}/clerks")
async def clerks_page(
    request: Request, uscc: str, viewer: Keeper, conn: ConnDep, lookup: LookupDep, clock: ClockDep
) -> Response:
    return await _page(request, uscc, conn, lookup, clock, viewer)


@router.post("/firms/{uscc}/clerks/invite")
async def invite(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: ActingKeeper,
    name: Annotated[str, Form(max_length=200)] = "",
    email: Annotated[str, Form(max_length=200)] = "",
    signatory: Annotated[str, Form(max_length=1)] = "",
) -> Response:
    """The answer is the only page that shows the link: where no mail leaves the house, it is handed over."""
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    try:
        asked = read_asked(name, email, signatory=bool(signatory))
    except Invalid as error:
        typed = {"name": name, "email": email, "signatory": bool(signatory)}
        more = {"status": 422, "values": typed, "errors": error.fields}
        return await _page(request, uscc, conn, lookup, clock, actor.viewer, **more)
    seal = partial(link_token, settings, "join")
    made = await invitations.invite(conn, firm, asked, seal=seal, by=actor, at=clock.now())
    address = link_address(settings, "join", made)
    return await _page(request, uscc, conn, lookup, clock, actor.viewer, address=address, invited=asked)


@router.post("/firms/{uscc}/clerks/invitations/{invitation_id}/revoke")
async def revoke(
    request: Request, uscc: str, invitation_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActingKeeper
) -> Response:
    firm = await firm_in_sight(conn, uscc, actor.viewer)
    await invitations.revoke(conn, firm, invitation_id, by=actor, at=clock.now())
    return see_other(request, f"/firms/{firm.uscc}/clerks", "邀请已收回，链接不能再用")


@router.get("/clerks")
async def requests_page(request: Request, viewer: Keeper, conn: ConnDep) -> Response:
    waiting = await waiting_requests(conn, viewer=viewer)
    return page(request, "officer/clerks/requests.html", title="填报账号申请", requests=waiting)


@router.post("/clerks/{request_id}/approve")
async def approve(
    request: Request, request_id: uuid.UUID, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: ActingKeeper
) -> Response:
    seal = partial(link_token, settings, "join")
    firm = await requests.approve(conn, request_id, seal=seal, by=actor, at=clock.now())
    if not settings.smtp_url:
        told = f"已同意 {firm.name} 的申请；还没有设发信服务器，请重新邀请，把链接当面交给对方"
        return see_other(request, f"/firms/{firm.uscc}/clerks", told)
    return see_other(request, "/clerks", f"已同意，邀请发往申请人的邮箱：{firm.name}")


@router.post("/clerks/{request_id}/refuse")
async def refuse(
    request: Request,
    request_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: ActingKeeper,
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    said = clean_text("reason", reason, longest=200, required="请写明为什么不同意，留在记录里。")
    await requests.refuse(conn, request_id, reason=said, by=actor, at=clock.now())
    return see_other(request, "/clerks", "已记为不同意")
