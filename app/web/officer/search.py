"""The search box in the top bar: a few closest firms while typing, the list for the rest."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.firms import queries
from app.firms.terms import FirmFilter, Sort
from app.pipeline.terms import Tier
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import address, status_label
from app.web.htmx import is_htmx
from app.web.officer.firms import shown_of
from app.web.templating import fragment, page

router = APIRouter()
SHOWN = 12


@dataclass(frozen=True, slots=True)
class Hit:
    href: str
    name: str
    uscc: str
    region: str
    tier: Tier | None
    why: str


@router.get("/search")
async def search(
    request: Request,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))],
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    q: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    wanted = FirmFilter(q=q.strip(), status="all")
    found = (
        await queries.list_firms(conn, wanted, viewer=viewer, today=today, sort=Sort.RELEVANCE.value, limit=SHOWN)
        if len(wanted.q) >= 2
        else None
    )
    results = [
        Hit(
            f"/firms/{r.uscc}",
            r.name,
            r.uscc,
            lookup.reference.region(r.region_code),
            lookup.main.tier(r.tier),
            "" if r.status == "active" else status_label(r.status),
        )
        for r in (found.items if found else [])
    ]
    context: dict[str, Any] = {
        "q": wanted.q,
        "results": results,
        "count_text": shown_of(len(results), found.hits if found else 0),
        "all_href": address("/firms", wanted),
    }
    if is_htmx(request):
        return fragment(request, "officer/_search_results.html", **context)
    return page(request, "officer/search.html", title="搜索", **context)
