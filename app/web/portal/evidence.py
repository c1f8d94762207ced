"""证明材料: a year's files, each with what it belongs to; on a page of their own, so that nothing typed is lost."""

from typing import Any

from fastapi import Request, Response

from app.attachments.queries import attachments_on
from app.attachments.terms import ObjectKind
from app.files.terms import ACCEPT, MAX_FILE, MB
from app.web.deps import ConnDep, LookupDep
from app.web.evidence import by_place, hold_on, places_of
from app.web.portal.frame import UsePortal
from app.web.portal.report import Which, filing_in_hand, form_of, report_head
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/portal/report/{year}/evidence")
async def evidence_page(
    request: Request, which: Which, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, place: str = ""
) -> Response:
    firm, filing = await filing_in_hand(conn, viewer, which)
    form = form_of(filing, lookup)
    context: dict[str, Any] = await report_head(conn, firm, filing)
    hold = await hold_on(conn, ObjectKind.REPORT, filing.id, viewer=viewer)
    context |= {
        "hold": hold,
        "files": by_place(await attachments_on(conn, ObjectKind.REPORT, filing.id), form),
        "places": places_of(form, context["comments"]),
        "place": place,
        "accept": ACCEPT,
        "most_mb": MAX_FILE // MB,
    }
    return page(request, "portal/report/evidence.html", title=f"{filing.name}的证明材料", **context)
