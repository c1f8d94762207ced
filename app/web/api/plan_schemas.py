"""The five-year plan as the API sends and takes it. Amounts and ratios are strings; money is in 元."""

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.api.schemas import Short

Long = Annotated[str, StringConstraints(max_length=1000)]


class PlanOut(BaseModel):
    code: str
    title: str
    short: str
    region: str
    baseline_year: int
    first_year: int
    last_year: int
    state: str
    nature: str = Field(description="预期性或约束性，照规划原文")
    document: str
    grade: str


class PlanList(BaseModel):
    items: list[PlanOut]
    next: str | None


class PointOut(BaseModel):
    year: int
    state: str
    actual: str | None
    expected: str | None
    counted: str | None


class IndicatorOut(BaseModel):
    code: str
    title: str
    unit: str
    kind: str
    supporting: bool
    baseline: str | None
    reading: str | None = Field(description="增长率指标的读法：cumulative、single_year、average")
    year: int
    state: str = Field(description="met 达标、on_track 正常、behind 滞后、missing 缺数、not_issued 目标未下达")
    actual: str | None = Field(description="指标值；增长率为所选读法算出的百分数")
    value: str | None = Field(description="填报的水平值；研发经费为元")
    numerator: str | None
    denominator: str | None
    target: str | None = Field(description="规划期末目标")
    target_year: int | None
    due: str | None = Field(description="下一个目标年的目标")
    due_year: int | None
    expected: str | None = Field(description="当年应达到：基期与各目标年之间按直线")
    progress: str | None = Field(description="(A−B)/(T−B)，只舍不入；保持型为 null")
    keeping: bool = Field(description="保持型")
    short_of: str | None = Field(description="距期末目标还差")
    counted: str | None = Field(description="台账数")
    status: str | None = Field(description="provisional 初步数、proposed 终值待复核、returned 终值被退回、final 终值")
    origin: str | None
    source: str | None
    as_of: date | None
    version: int = Field(description="填报版本；0 为还没有人填报。修改时放在 If-Match 里")
    path: list[PointOut]


class IndicatorList(BaseModel):
    plan: str
    year: int
    region: str
    park: str | None
    items: list[IndicatorOut]
    next: str | None


class ActualIn(BaseModel):
    indicator: Short
    year: int
    region: Short | None = Field(None, description="行政区划代码；省略为规划所在区划")
    park: Short | None = None
    value: Short | None = None
    numerator: Short | None = None
    denominator: Short | None = None
    state: Short = Field("provisional", description="provisional 初步数；final 终值，须第二人复核后才生效")
    as_of: Short
    origin: Short = Field(description="statistics、authority、ledger")
    source: Long
    note: Long = ""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "indicator": "hnte",
                "year": 2025,
                "value": "231",
                "as_of": "2025-12-31",
                "origin": "authority",
                "source": "名单的名称",
            }
        },
    )


class ActualOut(BaseModel):
    id: uuid.UUID
    indicator: str
    year: int
    scope: str
    version: int
    value: str | None
    numerator: str | None
    denominator: str | None
    state: str
    as_of: date
    origin: str
    source: str
    note: str
    entered_by: str
    entered_at: datetime
    confirmed_by: str | None
