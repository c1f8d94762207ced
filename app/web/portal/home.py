"""The portal's home: what there is to do, and where the firm stands."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.assessments.queries import answers_for_firm
from app.carriers.proposals import before_firm
from app.carriers.tenancies import tenancies_of_firm
from app.clerks.queries import clerks_of
from app.clerks.signatories import is_signatory
from app.filings.queries import list_windows
from app.filings.rules import LIVE
from app.reports.queries import filings_of
from app.reports.terms import ReportState, asked_years
from app.web.countdowns import countdowns
from app.web.deps import ConnDep, LookupDep, TodayDep
from app.web.portal.frame import UsePortal, head, own_firm
from app.web.templating import page

router = APIRouter()
# What was handed in counts once it is accepted; what is lacking then is nothing that the form asks for.
_KNOWN_WHEN = {ReportState.SUBMITTED: "，您提交的数据审核通过后才知道", ReportState.ACCEPTED: ""}


@router.get("/portal")
async def home_page(request: Request, viewer: UsePortal, conn: ConnDep, lookup: LookupDep, today: TodayDep) -> Response:
    firm = await own_firm(conn, viewer)
    answers = await answers_for_firm(conn, firm.id)
    windows = await list_windows(conn, viewer=viewer, states=LIVE)
    filings = {filing.year: filing for filing in await filings_of(conn, firm.id)}
    following = lookup.main.above(firm.tier)
    latest = filings.get(asked_years(today)[-1])
    context: dict[str, Any] = {
        **head(firm, "/portal"),
        "tier": lookup.main.tier(firm.tier),
        "region": lookup.reference.region(firm.region_code),
        "following": following,
        "answer": answers.get(following.sought) if following else None,
        "known_when": _KNOWN_WHEN.get(latest.state if latest else ReportState.DRAFT, "，填报后才知道"),
        "years": [(year, filings.get(year)) for year in reversed(asked_years(today))],
        "soon": countdowns(windows, lookup.calendar, today)[:3],
        "clerks": await clerks_of(conn, firm.id),
        "proposals": await before_firm(conn, firm.uscc, today=today),
        "tenancies": [t for t in await tenancies_of_firm(conn, firm.id, viewer=viewer) if t.open],
        "signs": await is_signatory(conn, viewer.id),
    }
    return page(request, "portal/home.html", title=firm.name, **context)
