"""证书到期: holders today, whose certificate ends when, who could close the gap, and what is to be expected."""

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Viewer
from app.errors import NotFound
from app.firms import cursors
from app.firms.terms import FirmFilter, Sort
from app.pipeline.terms import Ladder
from app.plans.cliff import HNTE, bridge, cliff, listed
from app.plans.progress import course_of, progress
from app.plans.queries import indicators_of, plan_by_code, scope_for
from app.plans.rules import judge
from app.plans.terms import Indicator, Plan, Scope
from app.web.charts import bars
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.filters import address
from app.web.officer.targets import Park, Region, head
from app.web.routing import Router
from app.web.target_views import href, scoped
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
_WORDS = {
    "holders": "今天持有有效证书",
    "lapsing": "年底前到期",
    "staying": "年底仍有效",
    "later": "更晚到期",
    "ready": "未持证、按认定条件达标",
    "near": "未持证、只差一项",
    "above": "持有有效证书、已在更高一级",
    "elsewhere": "持有有效证书、不在高企及以上一级",
    "without": "在高企一级、今天没有有效证书",
}


def _wanted(plan: Plan, indicator: Indicator | None, scope: Scope, year: int) -> Any:
    """What the plan asks for at that year's end; after its last year the last target stands."""
    if indicator is None:
        return None
    return judge(course_of(plan, indicator, scope), min(max(year, plan.first_year), plan.last_year), {})


def _above(ladder: Ladder) -> list[str]:
    step = ladder.tier(HNTE)
    return [t.code for t in ladder.tiers if step and t.rank > step.rank]


def _list_of(plan: str, at: Mapping[str, str], of: str) -> str:
    return href(plan, "/cliff/list", of=of, **at)


@router.get("/plans/{plan}/cliff")
async def cliff_page(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    region: Region = "",
    park: Park = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    scope = scope_for(its, viewer, region=region, park=park)
    until = date(today.year, 12, 31)
    found = await cliff(conn, viewer=viewer, scope=scope, today=today, until=until)
    at = scoped(scope, its)
    to = partial(_list_of, plan, at)
    indicator = next((i for i in await indicators_of(conn, plan) if i.code == "hnte"), None)
    planned = await progress(conn, plan, viewer=viewer, today=today, region=region, park=park, only=HNTE)
    wanted = _wanted(its, indicator, scope, today.year)
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "/cliff", scope=scope, year=min(today.year, its.last_year)),
        "cliff": found,
        "bridge": await bridge(conn, viewer=viewer, scope=scope, today=today, above=_above(lookup.main)),
        "planned": planned,
        "to": to,
        "board_href": address("/firms", FirmFilter(tier=HNTE, region=region, park=park)),
        "plan_href": href(plan, "", **at) + f"#i-{HNTE}",
        "until": until,
        "wanted": wanted.expected if wanted else None,
        "months": bars([(name, n, to(name)) for name, n in found.by_month]),
        "figures": [
            ("今天持有有效证书", found.holders, to("holders")),
            ("年底前到期", found.ahead.lapsing, to("lapsing")),
            ("年底仍有效", found.ahead.staying, to("staying")),
            ("未持证、按认定条件达标", found.ready, to("ready")),
            ("未持证、只差一项", found.near, to("near")),
        ],
        "later_href": to("later"),
    }
    return page(request, "officer/targets/cliff.html", title="高企证书到期", **context)


@router.get("/plans/{plan}/cliff/list")
async def list_page(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    of: Annotated[str, Query(max_length=10)] = "holders",
    region: Region = "",
    park: Park = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    scope = scope_for(its, viewer, region=region, park=park)
    month = len(of) == 7 and of[4] == "-" and (of[:4] + of[5:]).isdigit()
    if of not in _WORDS and not month:
        raise NotFound
    after = cursors.decode(cursor, Sort.NAME) if cursor else None
    until = date(today.year, 12, 31)
    above = _above(lookup.main)
    found = await listed(conn, of, viewer=viewer, scope=scope, today=today, until=until, above=above, after=after)
    here = href(plan, "/cliff/list", of=of, **scoped(scope, its))
    context: dict[str, Any] = {
        "heading": f"高企证书：{_WORDS.get(of, f'{of} 到期')}",
        "back": href(plan, "/cliff", **scoped(scope, its)),
        "where": scope.park or lookup.reference.region(scope.region),
        "gap": "?policy=hnte" if of in ("ready", "near") else "",
        "found": found,
        "region": lookup.reference.region,
        "tier": lookup.main.tier,
        "next_href": f"{here}&cursor={cursors.encode(*found.after)}" if found.after else None,
        "prev_href": here if cursor else None,
    }
    return page(request, "officer/targets/list.html", title=context["heading"], **context)
