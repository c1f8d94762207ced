"""差距: how a firm stands beside every title, what closes each gap, and what a change would do."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.assessments.gathering import Gathered, gather
from app.assessments.telling import Teller, Told
from app.errors import Invalid
from app.firms.terms import FirmDetail
from app.policy.terms import Case
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.gap_views import (
    CASES,
    bases,
    condition_view,
    day_asked,
    doubt_of,
    inputs_of,
    next_sought,
    path_view,
    title_view,
)
from app.web.htmx import is_htmx
from app.web.lookups import Lookup
from app.web.officer.firms import firm_head, firm_in_sight
from app.web.templating import fragment, page
from app.web.trying import answered, fields, read_changes, tried

router = APIRouter()
ReadAssessments = Annotated[Viewer, Depends(guard(Permission.ASSESSMENT_READ))]
AsOf = Annotated[date | None, Query(description="评估日期")]


async def _told(
    request: Request, conn: ConnDep, lookup: Lookup, firm: FirmDetail, *, as_of: date, today: date, case: Case
) -> tuple[Gathered, Told]:
    teller: Teller = request.app.state.teller
    gathered = (await gather(conn, [firm.id]))[firm.id]
    return gathered, teller.tell(lookup.policies, gathered.facts, as_of=as_of, today=today, case=case)


@router.get("/firms/{uscc}/gap")
async def gap_page(
    request: Request,
    uscc: str,
    viewer: ReadAssessments,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    policy: str = "",
    as_of: AsOf = None,
    case: Case = Case.NEW,
) -> Response:
    firm = await firm_in_sight(conn, uscc, viewer)
    day = day_asked(as_of, today)
    teller: Teller = request.app.state.teller
    gathered, told = await _told(request, conn, lookup, firm, as_of=day, today=today, case=case)
    chosen = told.of(policy) or told.of(next_sought(firm, lookup)) or told.assessments[0]
    assumed = frozenset(told.assumed)
    pack = lookup.policies.packs[chosen.policy]
    version = pack.version_on(day, case)
    grade = version.source.grade if version else ""
    ahead = day if day.year > today.year else _next_year(today)
    year = day.year - 1
    inputs = inputs_of(gathered, assumed, lookup)
    path = teller.path(lookup.policies, chosen.policy, gathered.facts, as_of=ahead, today=today, case=case)
    context: dict[str, Any] = {
        **firm_head(firm, lookup, viewer, "/gap"),
        "titles": [
            title_view(a, _address(firm, a.policy, as_of, case), chosen=a.policy == chosen.policy)
            for a in told.assessments
        ],
        "chosen": chosen,
        "chosen_view": title_view(chosen, "", chosen=True),
        "version": version,
        "doubt": doubt_of(version.source) if version else "",
        "conditions": [condition_view(c, inputs, grade) for c in chosen.criteria],
        "assumed": len(assumed),
        "path": path_view(path),
        "can_plan": viewer.may(Permission.PLAN_EDIT),
        "bases": bases(gathered, year),
        "year": year,
        "day": day,
        "case": case.value,
        "cases": CASES,
        "next_year": _next_year(today),
        "fields": fields({}, told.facts, year, {}),
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
    _, told = await _told(request, conn, lookup, firm, as_of=day, today=today, case=case)
    year, query = day.year - 1, dict(request.query_params)
    wrong: dict[str, str] = {}
    result = None
    try:
        changes = read_changes(query, told.facts, year)
        teller: Teller = request.app.state.teller
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


def _address(firm: FirmDetail, policy: str, as_of: date | None, case: Case) -> str:
    more = f"&as_of={as_of}" if as_of else ""
    return f"/firms/{firm.uscc}/gap?policy={policy}{more}" + ("" if case is Case.NEW else f"&case={case.value}")


def _next_year(today: date) -> date:
    """Half a year into the next: a day on which its windows are usually open, for planning only."""
    return date(today.year + 1, 6, 1)
