"""长期停滞: firms that nobody has spoken with long after they count as standing still."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.firms import cursors
from app.firms.terms import Sort
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.officer.desk import tabs_of_desk
from app.web.routing import Router
from app.web.templating import page
from app.work.rules import RESETS
from app.work.stale import PAGE, silent

router = Router()


@router.get("/stale")
async def stale_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))],
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    whose: Annotated[str, Query(max_length=10)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    mine, calendar = whose == "mine", lookup.calendar
    after = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None
    found = await silent(
        conn, ladder=lookup.main, calendar=calendar, viewer=viewer, today=today, mine=mine, after=after
    )
    shown, here = found[:PAGE], {"whose": "mine"} if mine else {}
    last = cursors.encode(shown[-1].stale_on.isoformat(), shown[-1].firm_id) if len(found) > PAGE else ""
    context: dict[str, Any] = {
        "firms": [(f, calendar.working_days_between(f.stale_on, today)) for f in shown],
        "tier": lookup.main.tier,
        "region": lookup.reference.region,
        "resets": RESETS,
        "choices": [("全部", "/stale", not mine), ("我负责的", "/stale?whose=mine", mine)],
        "tabs": tabs_of_desk(viewer, "/stale"),
        "next_href": f"/stale?{urlencode(here | {'cursor': last})}" if last else None,
        "prev_href": f"/stale?{urlencode(here)}".rstrip("?") if cursor else None,
    }
    return page(request, "officer/desk/stale.html", title="长期停滞", **context)
