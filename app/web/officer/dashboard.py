"""总览: the ladder as a funnel, how fast firms climb it, what is filed and what is late; also for the wall."""

import uuid
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.clock import business_day
from app.errors import NotFound
from app.firms import cursors
from app.firms.terms import FirmFilter, Sort
from app.pipeline.board import ColumnStats, column_stats, near_to_next, stats_key, tier_counts
from app.plans.dashboard import Part, climbs, housed, listed, overdue, sectors, stages
from app.plans.terms import Scope
from app.text import is_code
from app.web.charts import bars
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import address, options
from app.web.routing import Router
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
_WORDS = {
    "stood": "一年内在这一级",
    "moved": "一年内升级",
    "stage": "申报",
    "overdue": "有逾期待办",
    "sector": "研发强度",
    "tenants": "在孵化载体里的企业",
    "overstay": "孵化期限已满的企业",
}


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks for."""

    region: str = ""
    park: str = ""
    mine: bool = False

    def to(self, path: str, **more: str) -> str:
        parts = {"region": self.region, "park": self.park, "mine": "1" if self.mine else ""} | more
        return f"{path}?{urlencode({k: v for k, v in parts.items() if v})}"


def view_of(request: Request) -> View:
    query = request.query_params
    region, park = query.get("region", "")[:12], query.get("park", "")[:60]
    return View(region if is_code(region) else "", "" if "\x00" in park else park, query.get("mine") == "1")


def _part(view: View, viewer: Viewer) -> Part:
    """Out of sight is nothing: the firms are the viewer's own whatever is asked for."""
    return Part(Scope(view.region or viewer.scope, view.park), viewer.id if view.mine else None)


async def _read(conn: ConnDep, lookup: LookupDep, viewer: Viewer, view: View, today: TodayDep) -> dict[str, Any]:
    filters = FirmFilter(region=view.region, park=view.park, officer=str(viewer.id) if view.mine else "")
    part, ladder = _part(view, viewer), lookup.main
    counts = await tier_counts(conn, filters, viewer=viewer, today=today)
    stats = await column_stats(conn, ladder, filters, viewer=viewer, today=today)
    climbed = await climbs(conn, ladder, viewer=viewer, part=part, today=today)
    rows: list[dict[str, Any]] = []
    for tier, climb in zip(ladder.tiers, climbed, strict=True):
        own = FirmFilter(**{**_parts(filters), "tier": tier.code})
        near = near_to_next(ladder, tier.code, filters)
        found = stats.get(tier.code, ColumnStats(0, None))
        rows.append(
            {
                "tier": tier,
                "n": counts.get(tier.code, 0),
                "href": address("/firms", own),
                "stale": found.stale,
                "stale_href": address("/firms", FirmFilter(**{**_parts(own), "stale": True})),
                "near": found.near,
                "near_href": address("/firms", near) if near else "",
                "climb": climb,
                "stood_href": view.to("/dashboard/list", of="stood", which=tier.code),
                "moved_href": view.to("/dashboard/list", of="moved", which=tier.code),
                "rate": climb.rate,
            }
        )
    return {
        "rows": rows,
        "funnel": bars([(r["tier"].label, r["n"], r["href"]) for r in rows]),
        "total": sum(counts.values()),
        "total_href": address("/firms", filters),
        "stages": bars(
            [
                (s.label, n, view.to("/dashboard/list", of="stage", which=s.value))
                for s, n in await stages(conn, viewer=viewer, part=part)
            ]
        ),
        "housed": await housed(conn, viewer=viewer, part=part, today=today),
        "overdue": await overdue(conn, viewer=viewer, part=part, today=today),
        "sectors": [
            (
                s,
                lookup.reference.industries.get(s.code, "行业未填"),
                view.to("/dashboard/list", of="sector", which=s.code),
            )
            for s in await sectors(conn, viewer=viewer, part=part, year=today.year - 1)
        ],
    }


def _parts(filters: FirmFilter) -> dict[str, Any]:
    return {name: getattr(filters, name) for name in FirmFilter.__dataclass_fields__}


async def _page(request: Request, conn: ConnDep, lookup: LookupDep, viewer: Viewer, *, wall: bool) -> Response:
    # Taken from the application and the address, not as dependencies: those cost more than what is kept in memory.
    lookups, now, view = request.app.state.lookups, request.app.state.clock.now(), view_of(request)
    today = business_day(now)
    filters = FirmFilter(region=view.region, park=view.park)
    key = ("dashboard", *stats_key(filters, viewer, today), viewer.id if view.mine else None)

    async def compute() -> dict[str, Any]:
        return await _read(conn, lookup, viewer, view, today)

    found, at = await lookups.figures(key, compute, at=now)
    context: dict[str, Any] = {
        **found,
        "at": at,
        "view": view,
        "wall": wall,
        "place": view.park or lookup.reference.region(view.region or viewer.scope),
        "regions": options(lookup, viewer)["regions"],
        "parks": [("", "不限"), *((name, name) for name in lookup.reference.parks)],
        "whose": [("", "全部企业"), ("1", "我负责的")],
        "carriers_href": View(view.region, view.park).to("/carriers"),
        "tenants_href": view.to("/dashboard/list", of="tenants"),
        "overstay_href": view.to("/dashboard/list", of="overstay"),
        "overdue_href": view.to("/dashboard/list", of="overdue"),
        "wall_href": view.to("/dashboard/wall"),
        "year": today.year - 1,
    }
    return page(request, "officer/dashboard/page.html", title="总览", **context)


@router.get("/dashboard")
async def dashboard_page(request: Request, conn: ConnDep, lookup: LookupDep, viewer: Reader) -> Response:
    return await _page(request, conn, lookup, viewer, wall=False)


@router.get("/dashboard/wall")
async def wall_page(request: Request, conn: ConnDep, lookup: LookupDep, viewer: Reader) -> Response:
    return await _page(request, conn, lookup, viewer, wall=True)


@router.get("/dashboard/list")
async def list_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    of: Annotated[str, Query(max_length=10)] = "overdue",
    which: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    if of not in _WORDS or "\x00" in which:
        raise NotFound
    view = view_of(request)
    after: tuple[str, uuid.UUID] | None = cursors.decode(cursor, Sort.NAME) if cursor else None
    part = _part(view, viewer)
    found = await listed(conn, of, which, lookup.main, viewer=viewer, part=part, today=today, after=after)
    here = view.to("/dashboard/list", of=of, which=which)
    tier = lookup.main.tier(which)
    context: dict[str, Any] = {
        "heading": f"{_WORDS[of]}{f'：{tier.label}' if tier else ''}",
        "back": view.to("/dashboard"),
        "where": view.park or lookup.reference.region(view.region or viewer.scope),
        "gap": "",
        "found": found,
        "region": lookup.reference.region,
        "tier": lookup.main.tier,
        "next_href": f"{here}&cursor={cursors.encode(*found.after)}" if found.after else None,
        "prev_href": here if cursor else None,
    }
    return page(request, "officer/targets/list.html", title=context["heading"], **context)
