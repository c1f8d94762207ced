"""授权: the security administrator's yes to what an account may do."""

import uuid
from typing import Annotated

from fastapi import Depends, Request, Response

from app.access import powers
from app.access.terms import Actor, Permission, Viewer
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, LookupDep, acting, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
Grants = Annotated[Actor, Depends(acting(Permission.ACCESS_GRANT))]
Reader = Annotated[Viewer, Depends(guard(Permission.ACCESS_GRANT))]


@router.get("/admin/grants")
async def grants_page(request: Request, conn: ConnDep, lookup: LookupDep, _: Reader) -> Response:
    waiting = await powers.ungranted(conn)
    regions = {account.scope: lookup.reference.region(account.scope) for account in waiting}
    apart = await powers.are_separated(conn)
    return page(request, "admin/grants.html", title="授权", waiting=waiting, regions=regions, separated=apart)


@router.post("/admin/grants/{user_id}/agree", dependencies=[CHANGES_LOOKUPS])
async def agree(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Grants) -> Response:
    login = await powers.decide(conn, user_id, True, by=actor, at=clock.now())
    return see_other(request, "/admin/grants", f"已授权，{login} 可以登录")


@router.post("/admin/grants/{user_id}/refuse")
async def refuse(request: Request, user_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Grants) -> Response:
    login = await powers.decide(conn, user_id, False, by=actor, at=clock.now())
    return see_other(request, "/admin/grants", f"没有授权，{login} 保持停用")
