"""申报: a firm's leaf with every window that it is in, and those that it could still be listed for."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.queries import answers_for_firm
from app.filings.of_firm import standing_of
from app.firms.terms import FirmStatus
from app.web.countdowns import countdowns
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.routing import Router
from app.web.templating import page

router = Router()


@router.get("/firms/{uscc}/filings")
async def filings_page(
    request: Request,
    uscc: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))],
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    standing = await standing_of(conn, firm.id, firm.region_code, viewer=viewer, today=today)
    answers = await answers_for_firm(conn, firm.id)
    open_to_it = standing.open_to_it if firm.status == FirmStatus.ACTIVE else []
    shown = [w for w, _ in open_to_it] + [f.window for f in standing.filings if f.unfiled]
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/filings"),
        "filings": standing.filings,
        "open_to_it": [(w, answers.get(p.policy or "")) for w, p in open_to_it],
        "left": {c.window.id: c for c in countdowns(shown, lookup.calendar, today)},
        "can_work": viewer.may(Permission.FILING_WORK),
    }
    return page(request, "officer/filings/firm.html", title=f"{firm.name} 申报", **context)
