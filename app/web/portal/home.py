"""The portal's home: what there is to do, and where the firm stands."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.clerks.queries import clerks_of
from app.clerks.signatories import is_signatory
from app.web.deps import ConnDep, LookupDep
from app.web.portal.frame import UsePortal, head, own_firm
from app.web.templating import page

router = APIRouter()


@router.get("/portal")
async def home_page(request: Request, viewer: UsePortal, conn: ConnDep, lookup: LookupDep) -> Response:
    firm = await own_firm(conn, viewer)
    context: dict[str, Any] = {
        **head(firm, "/portal"),
        "tier": lookup.main.tier(firm.tier),
        "region": lookup.reference.region(firm.region_code),
        "clerks": await clerks_of(conn, firm.id),
        "signs": await is_signatory(conn, viewer.id),
    }
    return page(request, "portal/home.html", title=firm.name, **context)
