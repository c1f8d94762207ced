"""A five-year plan as an administrator fills it: its text, its indicators, its targets by town and park."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound, Refused
from app.plans import editing
from app.plans.queries import indicators_of, plan_by_code
from app.plans.terms import Indicator, IndicatorKind, Plan, PlanState, Reading, Scope, TargetLevel
from app.text import DateError, parse_date
from app.units import Unit, from_yuan
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.forms import clean_text, error_context, raw_form
from app.web.htmx import see_other
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.target_edit_input import (
    COUNTING,
    LABELS,
    counting_word,
    read_code,
    read_indicator,
    read_targets,
    target_name,
)
from app.web.templating import page

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.TARGET_ADMIN))]
Editor = Annotated[Actor, Depends(acting(Permission.TARGET_ADMIN))]
_PLAN_LABELS = {"title": "规划名称", "document": "出处", "state": "状态", "ledger_since": "台账起用日期"}
_STATES = [(s.value, s.label) for s in (PlanState.DRAFT, PlanState.RUNNING)]


def _version(raw: Mapping[str, str]) -> int:
    said = raw.get("version", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else 0


@router.get("/plans/{plan}/edit")
async def edit_form(request: Request, plan: str, conn: ConnDep, viewer: Reader) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    values = {"title": its.title, "document": its.document, "state": its.state.value}
    values |= {"ledger_since": f"{its.ledger_since}" if its.ledger_since else "", "version": str(its.version)}
    return await _plan_page(request, conn, its, values)


@router.post("/plans/{plan}/edit")
async def edit(request: Request, plan: str, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    its, raw = await plan_by_code(conn, plan, viewer=actor.viewer), await raw_form(request)
    try:
        title = clean_text("title", raw.get("title", ""), longest=60, required="请填写规划名称。")
        document = clean_text("document", raw.get("document", ""), longest=200)
        state = PlanState(raw["state"]) if raw.get("state") in dict(PlanState.options()) else its.state
        since = parse_date(raw["ledger_since"]) if raw.get("ledger_since", "").strip() else None
        await editing.save_plan(
            conn,
            plan,
            title=title,
            document=document,
            state=state,
            ledger_since=since,
            version=_version(raw),
            by=actor,
            at=clock.now(),
        )
    except DateError as error:
        return await _plan_page(request, conn, its, raw, Invalid({"ledger_since": str(error)}))
    except (Invalid, Conflict) as error:
        return await _plan_page(request, conn, its, raw | {"version": str(its.version)}, error)
    return see_other(request, f"/plans/{plan}/edit", "已保存")


async def _plan_page(
    request: Request, conn: ConnDep, plan: Plan, values: Mapping[str, str], error: AppError | None = None
) -> Response:
    states = _STATES if plan.state is not PlanState.EVALUATED else [(plan.state.value, plan.state.label)]
    context: dict[str, Any] = {
        "plan": plan,
        "indicators": await indicators_of(conn, plan.code),
        "states": states,
        "values": {f: values.get(f, "") for f in (*_PLAN_LABELS, "version")},
        **error_context(error, _PLAN_LABELS),
    }
    status = error.status if error else 200
    return page(request, "admin/plans/plan.html", title=f"编辑{plan.short}规划", status=status, **context)


async def _one(conn: ConnDep, plan: str, code: str) -> Indicator:
    found = next((i for i in await indicators_of(conn, plan) if i.code == code), None)
    if found is None:
        raise NotFound
    return found


@router.get("/plans/{plan}/indicators/new")
async def new_form(request: Request, plan: str, conn: ConnDep, viewer: Reader) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    usual = {"scale": "100", "weight": "0", "reading": Reading.CUMULATIVE.value, "version": str(its.version)}
    return _indicator_page(request, its, None, usual)


@router.post("/plans/{plan}/indicators/new")
async def add(request: Request, plan: str, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    its, raw = await plan_by_code(conn, plan, viewer=actor.viewer), await raw_form(request)
    try:
        code, entry = read_code(raw), read_indicator(raw, None)
        await editing.add_indicator(conn, plan, code, entry, version=_version(raw), by=actor, at=clock.now())
    except (Invalid, Conflict) as error:
        return _indicator_page(request, its, None, _again(raw, its, error), error)
    return see_other(request, f"/plans/{plan}/targets/{code}", "已新增，请填目标")


@router.get("/plans/{plan}/indicators/{indicator}")
async def indicator_form(request: Request, plan: str, indicator: str, conn: ConnDep, viewer: Reader) -> Response:
    its, held = await plan_by_code(conn, plan, viewer=viewer), await _one(conn, plan, indicator)
    return _indicator_page(request, its, held, _values(held) | {"version": str(its.version)})


@router.post("/plans/{plan}/indicators/{indicator}")
async def save(request: Request, plan: str, indicator: str, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    its, raw = await plan_by_code(conn, plan, viewer=actor.viewer), await raw_form(request)
    held = await _one(conn, plan, indicator)
    try:
        entry = read_indicator(raw, held)
        await editing.save_indicator(conn, plan, held, entry, version=_version(raw), by=actor, at=clock.now())
    except (Invalid, Conflict, Refused) as error:
        return _indicator_page(request, its, held, _again(raw, its, error), error)
    return see_other(request, f"/plans/{plan}/edit", f"已保存{entry.title}")


@router.post("/plans/{plan}/indicators/{indicator}/drop")
async def drop(request: Request, plan: str, indicator: str, conn: ConnDep, clock: ClockDep, actor: Editor) -> Response:
    its, raw = await plan_by_code(conn, plan, viewer=actor.viewer), await raw_form(request)
    held = await _one(conn, plan, indicator)
    try:
        await editing.drop_indicator(conn, plan, held, version=_version(raw), by=actor, at=clock.now())
    except (Conflict, Refused) as error:
        return _indicator_page(request, its, held, _values(held) | {"version": str(its.version)}, error)
    return see_other(request, f"/plans/{plan}/edit", f"已删去{held.title}")


def _again(raw: dict[str, str], plan: Plan, error: AppError) -> dict[str, str]:
    return raw | {"version": str(plan.version)} if isinstance(error, Conflict) else raw


def _values(held: Indicator) -> dict[str, str]:
    baseline = from_yuan(held.baseline, Unit.YI_YUAN) if held.money and held.baseline is not None else held.baseline
    return {
        "title": held.title,
        "unit": held.unit,
        "kind": held.kind.value,
        "scale": f"{held.scale.normalize():f}",
        "baseline": f"{baseline.normalize():f}" if baseline is not None else "",
        "definition": held.definition,
        "owner": held.owner,
        "basis": held.basis,
        "counting": counting_word(held),
        "reading": held.reading.value,
        "weight": f"{held.weight.normalize():f}",
    }


def _indicator_page(
    request: Request, plan: Plan, held: Indicator | None, values: Mapping[str, str], error: AppError | None = None
) -> Response:
    ways = [(word, label) for word, (label, _) in COUNTING.items()]
    if held is not None and counting_word(held) == "kept":
        ways.append(("kept", "照现在的办法"))
    context: dict[str, Any] = {
        "plan": plan,
        "held": held,
        "values": {f: values.get(f, "") for f in (*LABELS, "version")},
        "kinds": [("", "请选择"), *IndicatorKind.options()],
        "readings": Reading.options(),
        "ways": ways,
        **error_context(error, LABELS),
    }
    title = held.title if held else "新增指标"
    status = error.status if error else 200
    return page(request, "admin/plans/indicator.html", title=title, status=status, **context)


def _scopes(plan: Plan, lookup: Lookup) -> list[tuple[str, str]]:
    """The whole division, its towns, its parks: key and name."""
    kinds, names = lookup.reference.region_kinds, lookup.reference.regions
    towns = [(c, n) for c, n in names.items() if kinds[c] in ("town", "zone") and c.startswith(plan.region)]
    parks = [(Scope("", name).key, f"园区 {name}") for name in lookup.reference.parks]
    return [(plan.region, f"全部（{lookup.reference.region(plan.region)}）"), *towns, *parks]


def _chosen(plan: Plan, year: int | None) -> int:
    return year if year is not None and year in plan.years else plan.last_year


@router.get("/plans/{plan}/targets/{indicator}")
async def targets_form(
    request: Request,
    plan: str,
    indicator: str,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Reader,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Response:
    its, held = await plan_by_code(conn, plan, viewer=viewer), await _one(conn, plan, indicator)
    chosen = _chosen(its, year)
    values = {
        target_name(t.scope, t.level): f"{t.value.normalize():f}" if t.value is not None else t.words
        for t in held.targets
        if t.year == chosen
    }
    return _targets_page(request, its, held, lookup, chosen, values | {"version": str(its.version)})


@router.post("/plans/{plan}/targets/{indicator}")
async def save_targets(
    request: Request,
    plan: str,
    indicator: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    actor: Editor,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Response:
    its, raw = await plan_by_code(conn, plan, viewer=actor.viewer), await raw_form(request)
    held, chosen = await _one(conn, plan, indicator), _chosen(its, year)
    try:
        targets = read_targets(raw, held, chosen, [key for key, _ in _scopes(its, lookup)])
        version, at = _version(raw), clock.now()
        await editing.save_targets(conn, plan, held, chosen, targets, version=version, by=actor, at=at)
    except (Invalid, Conflict) as error:
        return _targets_page(request, its, held, lookup, chosen, _again(raw, its, error), error)
    return see_other(request, f"/plans/{plan}/targets/{indicator}?year={chosen}", f"已保存 {chosen} 年目标")


def _targets_page(
    request: Request,
    plan: Plan,
    held: Indicator,
    lookup: Lookup,
    year: int,
    values: Mapping[str, str],
    error: AppError | None = None,
) -> Response:
    rows = [(key, name, [(lv, target_name(key, lv)) for lv in TargetLevel]) for key, name in _scopes(plan, lookup)]
    labels = {field: f"{name} {lv.label}" for _, name, cells in rows for lv, field in cells}
    context: dict[str, Any] = {
        "plan": plan,
        "held": held,
        "year": year,
        "levels": list(TargetLevel),
        "rows": rows,
        "typed": values,
        **error_context(error, labels),
    }
    title, status = f"{held.title} {year} 年目标", error.status if error else 200
    return page(request, "admin/plans/targets.html", title=title, status=status, **context)
