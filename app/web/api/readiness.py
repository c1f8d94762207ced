"""A carrier beside the rules for carriers over JSON, and the year's numbers that only its operator knows."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query, Response
from pydantic import BaseModel

from app.carriers.figure_terms import YearSaid
from app.carriers.figures import say_year, year_said
from app.errors import Invalid
from app.incubation.readiness import readiness
from app.units import Unit
from app.web.api.answers import answer, part
from app.web.api.carriers import Letter, Read, carrier_in_sight
from app.web.api.deeds import once_only
from app.web.api.if_match import IfMatch, version_needed
from app.web.api.openapi import KEYED
from app.web.api.readiness_schemas import FigureOut, HealthOut, ReadinessOut, YearIn, YearOut
from app.web.deps import ConnDep, LookupDep, TodayDep
from app.web.figures_input import read_year

router = part("孵化载体", "/carriers/{carrier_id}")
Year = Annotated[int, Path(ge=2000, le=2100)]


@router.get("/readiness", response_model=ReadinessOut, summary="离各项载体认定条件还差多少")
async def standing(
    carrier_id: uuid.UUID,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Read,
    on: Annotated[date | None, Query(description="哪一天，缺省今天，不晚于今天")] = None,
    county: Annotated[bool, Query(description="市级的参照条件按县域系数 0.8")] = False,
) -> Response:
    """数从租约、企业填报和运营机构的年度数算出；maybe 是不知道算不算的家数。企业报给局里的，运营机构看到的是一年一个
    合计：上年末在孵的、7 月 1 日前通过的，以后不变，不足 5 家的不给。"""
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    day = min(on or today, today)
    found = await readiness(conn, carrier, policies=lookup.policies, county=county, on=day, today=today, viewer=viewer)
    figures = [
        FigureOut(
            code=k.code,
            label=k.label,
            value=f"{k.value:f}" if k.value is not None else None,
            maybe=k.maybe,
            source=k.source,
        )
        for k in found.figures
    ]
    assessments: list[dict[str, Any]] = [a.to_json() for a in found.assessments]
    health = [HealthOut(code=h.code, label=h.label, shown=h.shown) for h in found.health]
    return answer(ReadinessOut(on=day, health=health, figures=figures, assessments=assessments))


@router.get("/figures/{year}", response_model=YearOut, summary="载体的年度数")
async def read(carrier_id: uuid.UUID, year: Year, conn: ConnDep, viewer: Read) -> Response:
    carrier = await carrier_in_sight(conn, carrier_id, viewer)
    return _out(await year_said(conn, carrier.id, year))


@router.put("/figures/{year}", response_model=YearOut, summary="填写载体的年度数", openapi_extra=KEYED)
@once_only
async def say(carrier_id: uuid.UUID, year: Year, body: YearIn, deed: Letter, if_match: IfMatch = None) -> Response:
    """整年一起写，没有给的算不知道。金额为元。须带 If-Match；还没有填过的一年，ETag 是 "0"。"""
    carrier = await carrier_in_sight(deed.conn, carrier_id, deed.viewer)
    if year >= deed.today.year:
        raise Invalid({"year": "还没有过完的一年没有年度数。"})
    version, figures = version_needed(if_match), read_year(_plain(body), unit=Unit.YUAN)
    await say_year(deed.conn, carrier, year, figures, version=version, by=deed.by, at=deed.at)
    return _out(await year_said(deed.conn, carrier.id, year))


def _plain(body: BaseModel) -> dict[str, Any]:
    return {name: "" if value is None else str(value) for name, value in body.model_dump().items()}


def _out(said: YearSaid) -> Response:
    figures = {code: f"{value:f}" for code, value in said.figures.items()}
    body = YearOut(year=said.year, figures=figures, by=said.author_name, version=said.version)
    return answer(body, headers={"etag": f'"{said.version}"'})
