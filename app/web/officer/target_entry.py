"""What was reached, entered by one and made final by another."""

import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.errors import AppError, Conflict, Invalid, NotFound, PreconditionRequired, Refused
from app.plans import service
from app.plans.progress import day_of
from app.plans.queries import actuals_of, indicators_of, must_answer_for, plan_by_code, scope_for, year_for
from app.plans.terms import PARK, Actual, ActualState, Indicator, IndicatorKind, Origin, Plan, Scope
from app.units import Unit, from_yuan
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, acting, guard
from app.web.forms import clean_text, error_context, raw_form
from app.web.htmx import see_other
from app.web.idempotency import KeyDep, once
from app.web.lookups import Lookup
from app.web.officer.targets import Park, Region, Year, head
from app.web.routing import Router
from app.web.target_input import LABELS, read_actual
from app.web.target_views import href, level, scoped
from app.web.templating import page

router = Router()
Formed = Annotated[Viewer, Depends(guard(Permission.TARGET_ENTER))]
Enterer = Annotated[Actor, Depends(acting(Permission.TARGET_ENTER))]
Confirmer = Annotated[Actor, Depends(acting(Permission.TARGET_CONFIRM))]
_FIELDS = ("value", "numerator", "denominator", "state", "as_of", "origin", "source", "note", "version")


async def _one(conn: ConnDep, plan: str, indicator: str) -> Indicator:
    found = next((i for i in await indicators_of(conn, plan) if i.code == indicator), None)
    if found is None:
        raise NotFound
    return found


@router.get("/plans/{plan}/enter/{indicator}")
async def enter_form(
    request: Request,
    plan: str,
    indicator: str,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Formed,
    year: Year = None,
    region: Region = "",
    park: Park = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=viewer)
    one, scope = await _one(conn, plan, indicator), scope_for(its, viewer, region=region, park=park)
    must_answer_for(its, scope.key, viewer)
    chosen = year_for(its, today.year, year)
    versions = await actuals_of(conn, plan, scope=scope.key, indicator=one.code, year=chosen)
    values = _values(versions[-1], one) if versions else {"as_of": f"{day_of(chosen, today)}"}
    return await _form(request, conn, lookup, viewer, its, one, scope, chosen, values, uuid.uuid4().hex)


@router.post("/plans/{plan}/enter/{indicator}")
async def enter(
    request: Request,
    plan: str,
    indicator: str,
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Enterer,
    key: KeyDep,
    year: Year = None,
    region: Region = "",
    park: Park = "",
) -> Response:
    its = await plan_by_code(conn, plan, viewer=actor.viewer)
    one, scope = await _one(conn, plan, indicator), scope_for(its, actor.viewer, region=region, park=park)
    raw, at, chosen = await raw_form(request), clock.now(), year_for(its, today.year, year)
    version = raw.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
    try:
        async with once(conn, key, viewer=actor.viewer, at=at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            entry = read_actual({**raw, "year": chosen}, one, scope, typed_in=Unit.YI_YUAN)
            made = await service.enter_actual(conn, plan, entry, expected=seen, by=actor, at=at)
            said = "已填报，等第二人复核" if made.state is ActualState.PROPOSED else "已填报"
            back = href(plan, year=chosen, **scoped(scope, its)) + f"#i-{one.code}"
            return slot.keep(see_other(request, back, said))
    except (Invalid, Conflict, PreconditionRequired, Refused) as error:
        if not isinstance(error, Invalid):
            versions = await actuals_of(conn, plan, scope=scope.key, indicator=one.code, year=chosen)
            raw["version"] = str(len(versions))
        return await _form(request, conn, lookup, actor.viewer, its, one, scope, chosen, raw, key.value, error)


def _values(actual: Actual, indicator: Indicator) -> dict[str, str]:
    """The latest version as it was typed."""
    numbers = {n: getattr(actual.figure, n) for n in ("value", "numerator", "denominator")}
    if indicator.money:
        numbers = {n: from_yuan(v, Unit.YI_YUAN) if v is not None else None for n, v in numbers.items()}
    typed = {n: f"{v.normalize():f}" for n, v in numbers.items() if v is not None}
    state = ActualState.PROVISIONAL if actual.state is ActualState.PROVISIONAL else ActualState.FINAL
    return typed | {
        "state": state.value,
        "as_of": actual.as_of.isoformat(),
        "origin": actual.origin.value,
        "source": actual.source,
        "version": str(actual.version),
    }


async def _form(
    request: Request,
    conn: ConnDep,
    lookup: Lookup,
    viewer: Viewer,
    plan: Plan,
    indicator: Indicator,
    scope: Scope,
    year: int,
    values: Mapping[str, str],
    key: str,
    error: AppError | None = None,
) -> Response:
    versions = await actuals_of(conn, plan.code, scope=scope.key, indicator=indicator.code, year=year)
    at = scoped(scope, plan)
    context: dict[str, Any] = {
        **await head(conn, plan, lookup, viewer, "-", scope=scope, year=year),
        "indicator": indicator,
        "ratio": indicator.kind is IndicatorKind.RATIO,
        "values": {f: values.get(f, "") for f in _FIELDS},
        "states": [(s.value, s.label) for s in (ActualState.PROVISIONAL, ActualState.FINAL)],
        "origins": [("", "请选择"), *Origin.options()],
        "versions": [(v, level(v.figure, indicator)) for v in reversed(versions)],
        "action": href(plan.code, f"/enter/{indicator.code}", year=year, **at),
        "back": href(plan.code, year=year, **at) + f"#i-{indicator.code}",
        "idempotency_key": key,
        **error_context(error, LABELS),
    }
    status = error.status if error else 200
    return page(request, "officer/targets/enter.html", title=f"填报 {indicator.title}", status=status, **context)


@router.post("/plans/{plan}/actuals/{actual_id}/confirm")
async def confirm(
    request: Request, plan: str, actual_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Confirmer
) -> Response:
    made = await service.confirm_actual(conn, plan, actual_id, by=actor, at=clock.now())
    return see_other(request, _home(plan, made), "已复核为终值")


@router.post("/plans/{plan}/actuals/{actual_id}/return")
async def send_back(
    request: Request, plan: str, actual_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Confirmer
) -> Response:
    raw = await raw_form(request)
    reason = clean_text("reason", raw.get("reason", ""), longest=200, required="请写明退回的理由。")
    made = await service.return_actual(conn, plan, actual_id, reason=reason, by=actor, at=clock.now())
    return see_other(request, _home(plan, made), "已退回，告诉填报的人；复核之前仍按初步数计算")


def _home(plan: str, made: Actual) -> str:
    park = made.scope.removeprefix(PARK) if made.scope.startswith(PARK) else ""
    return href(plan, year=made.year, region="" if park else made.scope, park=park) + f"#i-{made.indicator}"
