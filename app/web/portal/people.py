"""填报人: a firm's own accounts. The signatory invites, dismisses and hands over; everybody may leave."""

import uuid
from functools import partial
from typing import Annotated, Any

from fastapi import Form, Request, Response

from app.access.terms import Viewer
from app.clerks import invitations, signatories
from app.clerks.queries import clerks_of, invitations_of
from app.clerks.rules import read_asked
from app.clerks.terms import INVITATION_DAYS
from app.db import Conn
from app.errors import Invalid
from app.outbox.links import link_token
from app.web.deps import ClockDep, ConnDep, SettingsDep
from app.web.htmx import see_other
from app.web.portal.frame import ActPortal, UsePortal, head, own_firm
from app.web.routing import Router
from app.web.security import clear_session
from app.web.templating import page

router = Router()
HERE = "/portal/people"


async def _page(
    request: Request, conn: Conn, clock: ClockDep, viewer: Viewer, *, status: int = 200, **more: Any
) -> Response:
    firm = await own_firm(conn, viewer)
    context: dict[str, Any] = {
        **head(firm, HERE),
        "clerks": await clerks_of(conn, firm.id),
        "invitations": await invitations_of(conn, firm.id, at=clock.now()),
        "signs": await signatories.is_signatory(conn, viewer.id),
        "me": viewer.id,
        "days": INVITATION_DAYS,
        "values": {"name": "", "email": ""},
        "errors": {},
        **more,
    }
    return page(request, "portal/people.html", title="填报人", status=status, **context)


@router.get("/portal/people")
async def people_page(request: Request, viewer: UsePortal, conn: ConnDep, clock: ClockDep) -> Response:
    return await _page(request, conn, clock, viewer)


@router.post("/portal/people/invite")
async def invite(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    settings: SettingsDep,
    actor: ActPortal,
    name: Annotated[str, Form(max_length=200)] = "",
    email: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    firm = await own_firm(conn, actor.viewer)
    await signatories.must_sign(conn, actor)
    try:
        asked = read_asked(name, email)
    except Invalid as error:
        typed = {"name": name, "email": email}
        return await _page(request, conn, clock, actor.viewer, status=422, values=typed, errors=error.fields)
    seal = partial(link_token, settings, "join")
    await invitations.invite(conn, firm, asked, seal=seal, by=actor, at=clock.now())
    waits = "" if settings.smtp_url else "：还没有设发信服务器，邮件在排队；可以请主管部门把链接当面转交"
    return see_other(request, HERE, f"邀请{'已发往' if not waits else '已做好，待发往'} {asked.email}{waits}")


@router.post("/portal/people/invitations/{invitation_id}/revoke")
async def revoke(
    request: Request, invitation_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal
) -> Response:
    firm = await own_firm(conn, actor.viewer)
    await signatories.must_sign(conn, actor)
    await invitations.revoke(conn, firm, invitation_id, by=actor, at=clock.now())
    return see_other(request, HERE, "邀请已收回，链接不能再用")


@router.post("/portal/people/{user_id}/appoint")
async def appoint(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal) -> Response:
    firm = await own_firm(conn, actor.viewer)
    await signatories.must_sign(conn, actor)
    chosen = await signatories.appoint(conn, firm.id, user_id, by=actor, at=clock.now())
    return see_other(request, HERE, f"签字人已移交给 {chosen.name}")


@router.post("/portal/people/{user_id}/dismiss")
async def dismiss(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: ActPortal) -> Response:
    gone = await signatories.dismiss(conn, user_id, by=actor, at=clock.now())
    return see_other(request, HERE, f"{gone.name} 的账号已停用")


@router.post("/portal/leave")
async def leave(request: Request, conn: ConnDep, clock: ClockDep, settings: SettingsDep, actor: ActPortal) -> Response:
    await own_firm(conn, actor.viewer)
    await signatories.leave(conn, by=actor, at=clock.now())
    response = see_other(request, "/sign-in", "您已退出填报，账号已停用")
    clear_session(response, settings)
    return response
