"""What every page of the portal needs: the firm of the account, and the leaves of its file."""

from typing import Annotated, Any

from fastapi import Depends

from app.access.terms import Actor, Permission, Viewer
from app.db import Conn
from app.errors import NotFound
from app.firms.queries import firm_by_id
from app.firms.terms import FirmDetail
from app.web.deps import acting, guard

UsePortal = Annotated[Viewer, Depends(guard(Permission.PORTAL))]
ActPortal = Annotated[Actor, Depends(acting(Permission.PORTAL))]
_LEAVES = (("首页", "/portal"), ("填报人", "/portal/people"))


async def own_firm(conn: Conn, viewer: Viewer) -> FirmDetail:
    """Raises NotFound for an account that belongs to no firm."""
    firm = await firm_by_id(conn, viewer.firm_id, viewer=viewer) if viewer.firm_id else None
    if firm is None:
        raise NotFound("您的账号还没有关联到企业，请联系主管部门。")
    return firm


def head(firm: FirmDetail, here: str) -> dict[str, Any]:
    leaves = [
        *_LEAVES[:1],
        ("差距与试算", f"/firms/{firm.uscc}/gap"),
        ("证书与知识产权", "/portal/titles"),
        ("企业档案", f"/firms/{firm.uscc}"),
        ("申报日历", "/filings"),
        ("载体入驻", "/portal/entries"),
        *_LEAVES[1:],
    ]
    return {"firm": firm, "tabs": [(word, href, href == here) for word, href in leaves]}
