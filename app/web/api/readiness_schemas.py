from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class FigureOut(BaseModel):
    code: str
    label: str
    value: str | None = Field(description="不知道的为 null；金额为元")
    maybe: int = Field(description="还不知道算不算在内的家数")
    source: str


class HealthOut(BaseModel):
    code: str
    label: str
    shown: str = Field(description="带单位；不知道的为空")


class ReadinessOut(BaseModel):
    on: date
    health: list[HealthOut] = Field(description="使用率、每千平方米家数、各项比例和毕业家数")
    figures: list[FigureOut]
    assessments: list[dict[str, Any]] = Field(description="与企业评估同样的形状")


class YearIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    statistics_years: int | None = None
    staff: int | None = None
    professional_staff: int | None = None
    mentors: int | None = None
    events: int | None = None
    typical_cases: int | None = None
    fund: str | None = Field(None, description="元")
    funded_cases: int | None = None
    invested: int | None = None
    total_income: str | None = Field(None, description="元")
    service_income: str | None = Field(None, description="元")


class YearOut(BaseModel):
    year: int
    figures: dict[str, str]
    by: str
    version: int
