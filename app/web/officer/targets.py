"""规划指标: every indicator's way from its baseline to its target, in words, in a picture and in a table."""

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import NotFound
from app.firms import cursors
from app.firms.terms import Sort
from app.plans.listing import PART, behind
from app.plans.progress import Point, Progress, day_of, progress
from app.plans.queries import indicators_of, list_plans, plan_by_code, scope_for, year_for
from app.plans.terms import Figure, Plan, PlanState, Scope
from app.web.charts import short
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.filters import region_options
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.noting import note_taken
from app.web.officer.target_measuring import measured
from app.web.routing import Router
from app.web.tables import Ending, file_of
from app.web.target_views import PARTS, TONES, href, leaf_href, level, scoped
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.TARGET_READ))]
Year = Annotated[int | None, Query(ge=2000, le=2100)]
Region = Annotated[str, Query(max_length=12)]
Park = Annotated[str, Query(max_length=60)]


def usual_plan(plans: list[Plan], today: date) -> Plan:
    """The one under way today, else the last that has targets. Raises NotFound without any."""
    running = [p for p in plans if p.state is not PlanState.DRAFT]
    under_way = [p for p in running if p.first_year <= today.year <= p.last_year]
    chosen = under_way or running or plans
    if not chosen:
        raise NotFound("没有您看得到的五年规划：您的账号没有管辖的行政区划，或者规划还没有载入（tidu seed）。")
    return chosen[0]


@router.get("/plans")
async def usual_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    leaf: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    plan = usual_plan(await list_plans(conn, viewer=viewer), today)
    if leaf == "cliff":
        return see_other(request, href(plan.code, "/cliff") + "#h-bridge")
    return await plan_page(request, plan.code, conn, lookup, today, viewer)


def tabs_of(plan: Plan, viewer: Viewer, here: str, at: dict[str, str]) -> list[tuple[str, str, bool]]:
    leaves = [("指标轨迹", ""), ("证书到期", "/cliff"), ("镇级评分", "/towns"), ("评估", "/evaluation")]
    if not viewer.may(Permission.FIRM_INTERNAL):
        leaves = [leaf for leaf in leaves if leaf[1] != "/cliff"]
    return [(word, href(plan.code, end, **at), end == here) for word, end in leaves]


async def head(
    conn: ConnDep, plan: Plan, lookup: Lookup, viewer: Viewer, here: str, *, scope: Scope, year: int
) -> dict[str, Any]:
    """What every leaf of a plan needs."""
    at = scoped(scope, plan)
    regions = [pair for pair in region_options(lookup, viewer) if pair[0].startswith(plan.region)]
    return {
        "plan": plan,
        "year": year,
        "scope": scope,
        "scope_name": scope.park or lookup.reference.region(scope.region),
        "tabs": tabs_of(plan, viewer, here, at),
        "plans": [(p.short, href(p.code), p.code == plan.code) for p in await list_plans(conn, viewer=viewer)],
        "years": [(str(y), f"{y} 年") for y in plan.years],
        "regions": [("", "全部"), *regions] if viewer.scope != scope.region or len(regions) > 1 else regions,
        "parks": [("", "不限"), *((name, name) for name in lookup.reference.parks)],
        "here": href(plan.code, here),
        "can_enter": viewer.may(Permission.TARGET_ENTER),
        "can_confirm": viewer.may(Permission.TARGET_CONFIRM),
        "can_edit": viewer.may(Permission.TARGET_ADMIN),
        "short": short,
        "tones": TONES,
    }


@router.get("/plans/{plan}")
async def plan_page(
    request: Request,
    plan: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    year: Year = None,
    region: Region = "",
    park: Park = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    shown = await measured(request, conn, its, lookup, today, viewer, year=year, region=region, park=park)
    found, scope = shown.found, shown.found.scope
    at = scoped(scope, its)
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "", scope=scope, year=found.year),
        "cards": shown.cards,
        "supporting": shown.supporting,
        "waiting": [row for row in found.rows if row.waiting],
        "board": shown.towns,
        "town_rows": shown.town_rows,
        "export": href(its.code, "/export", year=found.year, **at),
        "bridge_href": href(its.code, "/cliff", **at) + "#h-bridge" if viewer.may(Permission.FIRM_INTERNAL) else "",
        "level": level,
        "behind_href": partial(leaf_href, its.code, "behind", at),
        "enter_href": partial(leaf_href, its.code, "enter", at),
    }
    return page(request, "officer/targets/plan.html", title=f"{its.short}规划指标", **context)


_TITLES = (
    *(
        "指标",
        "单位",
        "年份",
        "2020 年等基期值",
        "当年应达到",
        "实际",
        "分子",
        "分母",
        "台账数",
        "期末目标",
        "进度",
        "状态",
    ),
    *("初步或终值", "数据截止", "来源"),
)


@router.get("/plans/{plan}/export.{form}")
async def export(
    plan: str,
    form: Ending,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Annotated[Actor, Depends(acting(Permission.TARGET_READ))],
    year: Year = None,
    region: Region = "",
    park: Park = "",
) -> Response:
    """Every year of every indicator. Sums of a county, and nothing of a firm."""
    found = await progress(conn, plan, viewer=actor.viewer, today=today, year=year, region=region, park=park)
    rows = [_export_row(row, point) for row in found.rows for point in row.points if point.year <= found.year]
    name = f"{found.plan.short}规划指标-{found.scope.park or found.scope.region}-{found.year}"
    await note_taken(conn, name, "plan", plan, by=actor, at=clock.now())
    return file_of(form, name, "规划指标", _TITLES, rows, (3, 4, 5, 6, 7, 9, 10))


def _export_row(row: Progress, point: Point) -> list[str]:
    judged, reached = point.judged, point.reached
    figure = reached.figure if reached else Figure()

    def number(value: Decimal | None) -> str:
        return "" if value is None else f"{value.normalize():f}"

    return [
        row.indicator.title,
        row.indicator.unit,
        f"{point.year}",
        number(row.indicator.baseline),
        number(judged.expected),
        number(judged.actual),
        number(figure.numerator),
        number(figure.denominator),
        level(point.counted, row.indicator) if point.counted is not None else "",
        number(judged.final),
        number(judged.progress),
        "" if row.indicator.supporting else judged.standing.label,
        reached.state.label if reached else "",
        reached.as_of.isoformat() if reached else "",
        reached.source if reached else "",
    ]


@router.get("/plans/{plan}/behind/{indicator}")
async def behind_page(
    request: Request,
    plan: str,
    indicator: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_LIST))],
    year: Year = None,
    region: Region = "",
    park: Park = "",
    part: Annotated[str, Query(max_length=10)] = "",
    cursor: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    scope, chosen = scope_for(its, viewer, region=region, park=park), year_for(its, today.year, year)
    one = next((i for i in await indicators_of(conn, plan) if i.code == indicator and i.counting), None)
    if one is None or chosen > today.year:
        raise NotFound
    part = part if part in PARTS else PART
    after = cursors.decode(cursor, Sort.NAME) if cursor else None
    day = day_of(chosen, today)
    found = await behind(conn, one.counting, day, part=part, viewer=viewer, scope=scope, after=after)
    here = href(plan, f"/behind/{indicator}", year=chosen, part=part, **scoped(scope, its))
    context: dict[str, Any] = {
        **await head(conn, its, lookup, viewer, "-", scope=scope, year=chosen),
        "indicator": one,
        "day": day,
        "part": PARTS[part] if one.counting.get("of") == "coverage" else "",
        "found": found,
        "region": lookup.reference.region,
        "tier": lookup.main.tier,
        "next_href": f"{here}&cursor={cursors.encode(*found.after)}" if found.after else None,
        "prev_href": here if cursor else None,
    }
    return page(request, "officer/targets/behind.html", title=f"{one.title}名单", **context)
