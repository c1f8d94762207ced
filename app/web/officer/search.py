"""The search box in the top bar and the palette: the closest firms while typing, pages and commands by their names."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.db import Conn
from app.firms import queries
from app.firms.mistyped import nearly
from app.firms.terms import FirmFilter, Sort
from app.pipeline.terms import Tier
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import address, status_label
from app.web.htmx import is_htmx
from app.web.lookups import Lookup
from app.web.officer.firms import shown_of
from app.web.palette import Command, act_for, carriers_for, commands_for, pages_for
from app.web.routing import Router
from app.web.templating import fragment, page

router = Router()
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
    act: Annotated[str, Query(max_length=20)] = "",
    at: Annotated[str, Query(max_length=40)] = "",
    palette: bool = False,
) -> Response:
    chosen = act_for(viewer, act)
    # Of a firm that has moved out or been merged there is much to read and nothing to do.
    wanted = FirmFilter(q=q.strip(), status="active" if chosen else "all")
    found = (
        await queries.list_firms(conn, wanted, viewer=viewer, today=today, sort=Sort.RELEVANCE.value, limit=SHOWN)
        if len(wanted.q) >= 2
        else None
    )
    rows, meant = (found.items if found else []), False
    if found and not rows:
        rows = await nearly(conn, wanted.q, viewer=viewer, active=chosen is not None)
        meant = bool(rows)
    results = [
        Hit(
            _home(r.uscc, chosen),
            r.name,
            r.uscc,
            lookup.reference.region(r.region_code),
            lookup.main.tier(r.tier),
            "" if r.status == "active" else status_label(r.status),
        )
        for r in rows
    ]
    if chosen and at and not wanted.q:
        results = await _here(conn, at, chosen, viewer, lookup)
    context: dict[str, Any] = {
        "q": wanted.q,
        "results": results,
        "count_text": shown_of(len(results), found.hits if found and not meant else 0),
        "meant": meant,
        "all_href": address("/firms", wanted),
        "act": chosen,
    }
    if is_htmx(request) and not palette:
        return fragment(request, "officer/_search_results.html", **context)
    context |= {
        "commands": [] if chosen else commands_for(viewer, wanted.q),
        "pages": [] if chosen else pages_for(viewer, wanted.q),
        "carriers": [] if chosen else await carriers_for(conn, viewer, wanted.q),
    }
    if is_htmx(request):
        return fragment(request, "officer/_palette.html", **context)
    return page(request, "officer/search.html", title=f"{chosen.label}：选一家企业" if chosen else "搜索", **context)


def _home(uscc: str, chosen: Command | None) -> str:
    return f"/firms/{uscc}{chosen.href if chosen else ''}"


async def _here(conn: Conn, at: str, chosen: Command, viewer: Viewer, lookup: Lookup) -> list[Hit]:
    """The firm whose page is open is most likely the one that is meant."""
    firm = await queries.firm_by_uscc(conn, at.upper(), viewer=viewer)
    if firm is None or firm.status != "active":
        return []
    region, tier = lookup.reference.region(firm.region_code), lookup.main.tier(firm.tier)
    return [Hit(_home(firm.uscc, chosen), firm.name, firm.uscc, region, tier, "当前企业")]
