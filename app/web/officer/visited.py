"""走访: what one's number of the month leads to, month by month."""

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.firms import cursors
from app.firms.terms import Sort
from app.web.deps import ConnDep, TodayDep, guard
from app.web.officer.desk import tabs_of_desk
from app.web.routing import Router
from app.web.templating import page
from app.web.work_input import month_in
from app.work.visited import PAGE, next_month, visited

router = Router()


@router.get("/visits")
async def visits_page(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))],
    conn: ConnDep,
    today: TodayDep,
    month: Annotated[str, Query(max_length=7)] = "",
    whose: Annotated[str, Query(max_length=4)] = "mine",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    first, mine = month_in(month, today), whose != "all"
    after = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None
    found = await visited(conn, viewer=viewer, month=first, mine=mine, after=after)
    shown = found[:PAGE]

    def href(of: date = first, **changed: str) -> str:
        parts = {"month": f"{of:%Y-%m}", "whose": "" if mine else "all"} | changed
        return f"/visits?{urlencode({k: v for k, v in parts.items() if v})}"

    last = cursors.encode(shown[-1][2].visited_on.isoformat(), shown[-1][2].id) if len(found) > PAGE else ""
    context: dict[str, Any] = {
        "visits": shown,
        "month": f"{first.year} 年 {first.month} 月",
        "tabs": tabs_of_desk(viewer, "/visits"),
        "choices": [("我的", href(whose=""), mine), ("全部", href(whose="all"), not mine)],
        "before_href": href(first - timedelta(days=1)),
        "after_href": href(next_month(first)) if next_month(first) <= today else None,
        "next_href": href(cursor=last) if last else None,
        "prev_href": href() if cursor else None,
    }
    return page(request, "officer/desk/visits.html", title="走访", **context)
