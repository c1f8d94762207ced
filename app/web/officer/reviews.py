"""填报审核: who waits, what wants to be looked at first, and who has not filed."""

import uuid
from typing import Annotated, Any

from fastapi import Form, Request, Response

from app.access.terms import Permission
from app.errors import NotFound
from app.owing.missing import MOST as LISTED
from app.owing.missing import chase, missing, missing_by_town, tally
from app.recognitions.claims import count_waiting
from app.reports.catalogue import Form as ReportForm
from app.reports.forms import current, newest
from app.reports.reviewing import MOST
from app.reports.terms import ANNUAL, ReportState
from app.verifying.queue import accept_clean, queue
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.officer.review import ActingReviewer, Reviewer
from app.web.routing import Router
from app.web.templating import page

router = Router()


def _form(lookup: Lookup, code: str) -> ReportForm:
    form = newest(lookup.forms, code or ANNUAL)
    if form is None:
        raise NotFound("没有这张表。")
    return form


@router.get("/reviews")
async def queue_page(
    request: Request,
    viewer: Reviewer,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    form: str = "",
    region: str = "",
    select: str = "",
) -> Response:
    """`select=clean`: with those ticked that may be accepted together."""
    year, chosen = today.year - 1, _form(lookup, form)
    rows, more = await queue(conn, lookup.forms, viewer=viewer)
    context: dict[str, Any] = {
        "queue": rows,
        "more": more,
        "most": MOST,
        "clean": sum(row.clean for row in rows),
        "ticked": select == "clean",
        "tallies": [await tally(conn, one, year, viewer=viewer, region=region) for one in current(lookup.forms)],
        "states": list(ReportState),
        "form": chosen,
        "region": region,
        "missing": await missing(conn, chosen, year, viewer=viewer, region=region),
        "listed": LISTED,
        "towns": await missing_by_town(conn, chosen, year, viewer=viewer),
        "name_of": lookup.reference.region,
        "year": year,
        "claims": await count_waiting(conn, viewer=viewer) if viewer.may(Permission.FIRM_CERTIFY) else 0,
    }
    return page(request, "officer/reviews/queue.html", title="填报审核", **context)


@router.post("/reviews/chase")
async def chase_all(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: ActingReviewer,
    form: Annotated[str, Form(max_length=30)] = "",
    region: Annotated[str, Form(max_length=12)] = "",
) -> Response:
    late, fresh = await chase(conn, _form(lookup, form), today.year - 1, region=region, by=actor, at=clock.now())
    before = f"；其余 {late - fresh} 家今天已经提醒过" if late > fresh else ""
    said = f"已提醒 {fresh} 家企业的填报人{before}" if fresh else "今天都已经提醒过" if late else "没有要催的企业"
    return see_other(request, "/reviews", said)


@router.post("/reviews/accept")
async def accept_many(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: ActingReviewer,
    ids: Annotated[list[uuid.UUID] | None, Form(max_length=MOST)] = None,
) -> Response:
    """Clean ones only: what has an explanation, or is like another's, is looked at one by one."""
    done, left = await accept_clean(conn, set(ids or ()), lookup.forms, by=actor, at=clock.now())
    others = f"；{left} 份有说明、有要核实的提示或已有人处理，请逐份看" if left else ""
    return see_other(request, "/reviews", f"已通过 {done} 份{others}" if done or left else "没有选中任何一份")
