"""Who may do what, as it is enforced: read by whoever answers for it, and changed in the program only."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request, Response

from app.access.powers import are_separated
from app.access.terms import HELD, Permission, Power, Role, Viewer
from app.web.deps import ConnDep, guard
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/audit/permissions")
async def permissions_page(
    request: Request, conn: ConnDep, viewer: Annotated[Viewer, Depends(guard(Permission.ACCOUNT_TRAIL))]
) -> Response:
    rows = list(_rows(await are_separated(conn)))
    may_denials = viewer.may(Permission.DENIAL_READ)
    return page(request, "audit/permissions.html", title="角色和权限", rows=rows, may_denials=may_denials)


def _rows(apart: bool) -> Iterator[tuple[Permission, list[str]]]:
    powers = (Power.SYSTEM, Power.SECURITY) if apart else (Power.SOLE,)
    for permission in Permission:
        others = [r.label for r in Role if r is not Role.ADMIN and permission in HELD[Power.SOLE][r]]
        yield permission, others + [p.label for p in powers if permission in HELD[p][Role.ADMIN]]
