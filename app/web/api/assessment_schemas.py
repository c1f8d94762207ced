"""Assessments over JSON. Amounts and ratios are strings; `actual` is exact to six places, never across the limit."""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OutcomeWord = Literal["met", "not_met", "unknown", "manual", "not_applicable"]


class GapOut(BaseModel):
    figure: str
    year: int | None
    amount: str
    unit: str
    label: str
    closed: bool = Field(description="所属年度已经结束，只能更正错报")


class CriterionOut(BaseModel):
    code: str
    title: str
    outcome: OutcomeWord
    required: str
    actual: str | None
    asks: str
    found: str
    gap: GapOut | None
    levers: list[GapOut]
    cite: str
    grade: str = Field(description="来源等级")
    missing: list[str]
    inputs: dict[str, str]
    note: str
    parts: list["CriterionOut"]


class ScoreItemOut(BaseModel):
    code: str
    title: str
    low: int
    high: int
    max: int
    rate: str | None = None
    note: str | None = None


class ScoreOut(BaseModel):
    low: int
    high: int
    pass_: str = Field(alias="pass")
    outcome: OutcomeWord
    items: list[ScoreItemOut]

    model_config = ConfigDict(populate_by_name=True)


class AssessmentOut(BaseModel):
    policy: str
    title: str
    version: str
    document: str
    label: str
    case: Literal["new", "recheck"]
    as_of: date
    outcome: OutcomeWord
    missed: int
    lacking: int
    criteria: list[CriterionOut]
    score: ScoreOut | None = None


class AssessmentList(BaseModel):
    items: list[AssessmentOut]
    next: str | None


class WhatIfIn(BaseModel):
    """Facts by path, as they would be: `years.2025.rd.personnel`, `registered_on`, `ip_rights`. Nothing is written."""

    changes: dict[str, Any] = Field(max_length=500)
    policy: str | None = Field(None, max_length=60)
    as_of: date | None = None
    case: Literal["new", "recheck"] = "new"

    model_config = ConfigDict(extra="forbid")


class WhatIfPair(BaseModel):
    policy: str
    before: AssessmentOut
    after: AssessmentOut


class WhatIfOut(BaseModel):
    items: list[WhatIfPair]
