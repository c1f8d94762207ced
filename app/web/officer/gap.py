"""差距: how a firm stands beside every title, what closes each gap, and what a change would do."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.gathering import gather, gather_with_plans
from app.assessments.telling import Teller
from app.errors import Invalid
from app.firms.terms import FirmStatus
from app.policy.terms import Case
from app.web.deps import ConnDep, LookupDep, TodayDep, guard, lookup_of, today_of
from app.web.gap_content import Asked, gap_content, next_year
from app.web.gap_views import CASES, day_asked
from app.web.htmx import is_htmx
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.routing import Router
from app.web.templating import fragment, page
from app.web.trying import answered, fields, read_changes, tried

router = Router()
ReadAssessments = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
AsOf = Annotated[date | None, Query(description="评估日期")]


@router.get("/firms/{uscc}/gap")
async def gap_page(
    request: Request,
    uscc: str,
    viewer: ReadAssessments,
    conn: ConnDep,
    policy: str = "",
    as_of: AsOf = None,
    case: Case = Case.NEW,
) -> Response:
    lookup, today = await lookup_of(request, conn), await today_of(request)
    firm = await firm_in_sight(conn, uscc, viewer)
    known = policy if policy in lookup.policies.packs else ""  # what is kept by it is kept once
    asked = Asked(known, as_of, day_asked(as_of, today), today, case)
    gathered, plans = await gather_with_plans(conn, firm.id)
    content = gap_content(request.app.state.teller, firm, gathered, lookup, asked)
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/gap"),
        **content,
        "can_plan": viewer.may(Permission.PLAN_EDIT)
        and firm.status != FirmStatus.MERGED
        and bool(content["path"].steps),
        "plan": plans.get(content["chosen"].policy) if viewer.may(Permission.FIRM_INTERNAL) else None,
        "day": asked.day,
        "case": case.value,
        "cases": CASES,
        "next_year": next_year(today),
        "result": None,
        "wrong": {},
        "summary": [],
    }
    return page(request, "officer/assessments/gap.html", title=f"{firm.name} 差距", **context)


@router.get("/firms/{uscc}/gap/try")
async def try_page(
    request: Request,
    uscc: str,
    viewer: ReadAssessments,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    as_of: AsOf = None,
    case: Case = Case.NEW,
) -> Response:
    """Changes come in the address and go nowhere: Back, reload and a sent link do what one expects."""
    firm = await firm_in_sight(conn, uscc, viewer)
    day = day_asked(as_of, today)
    teller: Teller = request.app.state.teller
    facts = (await gather(conn, [firm.id]))[firm.id].facts
    told = teller.tell(lookup.policies, facts, as_of=day, today=today, case=case)
    year, query = day.year - 1, dict(request.query_params)
    wrong: dict[str, str] = {}
    result = None
    try:
        changes = read_changes(query, told.facts, year)
        after = teller.tell(lookup.policies, tried(told.facts, changes), as_of=day, today=today, case=case)
        result = answered(told, after) if changes else None
    except Invalid as invalid:
        wrong = dict(invalid.fields)
    shown = fields(query, told.facts, year, wrong)
    context = {
        **firm_head(firm, lookup, viewer, "/gap"),
        "fields": shown,
        "result": result,
        "wrong": wrong,
        "summary": [(f.name, f.label, f.error) for f in shown if f.error],
        "year": year,
        "day": day,
        "case": case.value,
        "assumed": len(told.assumed),
    }
    status = 422 if wrong else 200
    if is_htmx(request):
        return fragment(request, "officer/assessments/_try.html", status=status, **context)
    return page(request, "officer/assessments/try.html", title=f"{firm.name} 试算", status=status, **context)
