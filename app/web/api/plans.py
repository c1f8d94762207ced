"""The five-year plan over JSON: where every indicator stands, and what was reached."""

import uuid
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Response

from app.access.terms import Permission, Viewer
from app.errors import Invalid
from app.plans import service
from app.plans.progress import Progress, progress
from app.plans.queries import indicators_of, list_plans, plan_by_code, scope_for
from app.plans.terms import Actual, Figure, Indicator, IndicatorKind
from app.units import Unit
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.if_match import version_of
from app.web.api.openapi import KEYED
from app.web.api.plan_schemas import ActualIn, ActualOut, IndicatorList, IndicatorOut, PlanList, PlanOut, PointOut
from app.web.deps import ConnDep, TodayDep, guard
from app.web.target_input import read_actual

router = part("规划指标", "/plans")
Reader = Annotated[Viewer, Depends(guard(Permission.TARGET_READ))]
Enterer = Annotated[Deed, Depends(doing(Permission.TARGET_ENTER))]
Confirmer = Annotated[Deed, Depends(doing(Permission.TARGET_CONFIRM))]
Code = Annotated[str, Path(max_length=40, examples=["plan-14"])]
IfMatch = Annotated[str | None, Header(max_length=80, description="读到的版本；还没有人填过的不用带")]


def plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _of_figure(figure: Figure | None, indicator: Indicator) -> str | None:
    """A figure as one number: of a ratio what it comes to."""
    if figure is None:
        return None
    if indicator.kind is IndicatorKind.RATIO and figure.numerator is not None and figure.denominator:
        return plain((figure.numerator / figure.denominator * indicator.scale).quantize(Decimal("0.000001")))
    return plain(figure.value)


def _out(row: Progress) -> IndicatorOut:
    indicator, judged, reached = row.indicator, row.judged, row.reached
    figure = reached.figure if reached else Figure()
    growth = indicator.kind is IndicatorKind.GROWTH
    return IndicatorOut(
        code=indicator.code,
        title=indicator.title,
        unit=indicator.unit,
        kind=indicator.kind.value,
        supporting=indicator.supporting,
        baseline=plain(indicator.baseline),
        reading=indicator.reading.value if growth else None,
        year=row.year,
        state=judged.standing.value,
        actual=plain(judged.actual),
        value=plain(figure.value),
        numerator=plain(figure.numerator),
        denominator=plain(figure.denominator),
        target=plain(judged.final),
        target_year=judged.final_year,
        due=plain(judged.due),
        due_year=judged.due_year,
        expected=plain(judged.expected),
        progress=plain(judged.progress),
        keeping=judged.keeping,
        short_of=plain(judged.short_of),
        counted=_of_figure(row.now.counted, indicator),
        status=reached.state.value if reached else None,
        origin=reached.origin.value if reached else None,
        source=reached.source if reached else None,
        as_of=reached.as_of if reached else None,
        version=row.now.latest,
        path=[
            PointOut(
                year=p.year,
                state=p.judged.standing.value,
                actual=plain(p.judged.actual),
                expected=plain(p.judged.expected),
                counted=_of_figure(p.counted, indicator),
            )
            for p in row.points
        ],
    )


def _actual(made: Actual) -> ActualOut:
    return ActualOut(
        id=made.id,
        indicator=made.indicator,
        year=made.year,
        scope=made.scope,
        version=made.version,
        value=plain(made.figure.value),
        numerator=plain(made.figure.numerator),
        denominator=plain(made.figure.denominator),
        state=made.state.value,
        as_of=made.as_of,
        origin=made.origin.value,
        source=made.source,
        note=made.note,
        entered_by=made.enterer_name,
        entered_at=made.entered_at,
        confirmed_by=made.confirmer_name or None,
    )


@router.get("", response_model=PlanList, summary="五年规划")
async def plans(conn: ConnDep, viewer: Reader) -> Response:
    found = await list_plans(conn, viewer=viewer)
    fields = PlanOut.model_fields
    items = [PlanOut(**{f: getattr(p, f) for f in fields}) for p in found]
    return answer(PlanList(items=items, next=None))


@router.get("/{plan}/indicators", response_model=IndicatorList, summary="各项指标到哪里了")
async def indicators(
    plan: Code,
    conn: ConnDep,
    today: TodayDep,
    viewer: Reader,
    year: Annotated[int | None, Query(ge=2000, le=2100, description="省略为已开始的最后一年")] = None,
    region: Annotated[str, Query(max_length=12, description="行政区划代码，如 440783117")] = "",
    park: Annotated[str, Query(max_length=60, description="园区名称")] = "",
) -> Response:
    found = await progress(conn, plan, viewer=viewer, today=today, year=year, region=region, park=park)
    items = [_out(row) for row in found.rows]
    body = IndicatorList(
        plan=plan,
        year=found.year,
        region=found.scope.region,
        park=found.scope.park or None,
        items=items,
        next=None,
    )
    return answer(body)


@router.put("/{plan}/indicators/actuals", response_model=ActualOut, summary="填报实际值", openapi_extra=KEYED)
@once_only
async def enter(plan: Code, body: ActualIn, deed: Enterer, if_match: IfMatch = None) -> Response:
    """每次填报都是新的一版，原来的留着。终值须第二人复核（confirm）后才生效。"""
    its = await plan_by_code(deed.conn, plan, viewer=deed.viewer)
    scope = scope_for(its, deed.viewer, region=body.region or its.region, park=body.park or "")
    indicator = next((i for i in await indicators_of(deed.conn, plan) if i.code == body.indicator), None)
    if indicator is None:
        raise Invalid({"indicator": "规划里没有这项指标。"})
    entry = read_actual(body.model_dump(), indicator, scope, typed_in=Unit.YUAN)
    made = await service.enter_actual(deed.conn, plan, entry, expected=version_of(if_match), by=deed.by, at=deed.at)
    return answer(_actual(made), headers={"etag": f'"{made.version}"'})


@router.post("/{plan}/actuals/{actual_id}/confirm", response_model=ActualOut, summary="复核终值", openapi_extra=KEYED)
@once_only
async def confirm(plan: Code, actual_id: uuid.UUID, deed: Confirmer) -> Response:
    made = await service.confirm_actual(deed.conn, plan, actual_id, by=deed.by, at=deed.at)
    return answer(_actual(made), headers={"etag": f'"{made.version}"'})
