"""Yearly figures as the API sends and takes them. Codes are the catalogue's (seeds/indicators.yaml)."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Code = Annotated[str, StringConstraints(max_length=80)]
Figure = Annotated[str, StringConstraints(max_length=500)] | int | None
_FIGURES: dict[str, Any] = {"sales_revenue": "46000000.00", "headcount": 120, "rd.personnel": "1900000.00"}


class FiguresIn(BaseModel):
    figures: dict[Code, Figure | dict[Code, Figure]] = Field(
        max_length=300,
        description="按指标代码，金额以元为单位、用字符串。整份替换：没有写的项目即为空。"
        "rd.personnel 也可写成 {rd: {personnel: …}}。自动合计的不写",
    )
    rows: dict[Code, Annotated[list[dict[Code, Figure]], Field(max_length=200)]] = Field(
        {}, max_length=20, description="分条填的各节（projects、ip、products），没有写的节保持原样"
    )
    explanations: dict[Code, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        {}, max_length=200, description="对提示（doubts）的说明，按 key"
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "figures": _FIGURES,
                "rows": {"projects": [{"project.name": "节水阀芯", "project.spent": "600000.00"}]},
                "explanations": {},
            }
        },
    )


class SubmitIn(BaseModel):
    """Handing in declares that the figures are true and complete; only the signatory's account may."""

    explanations: dict[Code, Annotated[str, StringConstraints(max_length=1000)]] = Field({}, max_length=200)

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"explanations": {"sales_revenue.change": "新厂投产"}}}
    )


class ReturnIn(BaseModel):
    comments: dict[Code, Annotated[str, StringConstraints(max_length=1000)]] = Field(
        max_length=200, description="按指标代码或分条节的代码，写明要补正什么；写了的重新开放，其余锁定"
    )

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"comments": {"rd.personnel": "与辅助账不符，请核对"}}}
    )


class FaultOut(BaseModel):
    code: str
    label: str
    sentence: str
    missing: bool


class DoubtOut(BaseModel):
    key: str
    label: str
    sentence: str


class FiguresOut(BaseModel):
    uscc: str
    year: int
    state: str = Field(description="draft、submitted、returned、accepted")
    form: str | None = Field(description="表单代码；空为不是从填报表来的数据")
    form_version: int | None
    round: int
    number: str | None = Field(description="最近一次提交的回执编号")
    source: str
    figures: dict[str, str] = Field(description="金额以元为单位")
    computed: dict[str, str] = Field(description="自动合计，只读")
    rows: dict[str, list[dict[str, str]]]
    explanations: dict[str, str]
    comments: dict[str, str]
    open: list[str] = Field(description="退回后可以改的项目")
    faults: list[FaultOut]
    doubts: list[DoubtOut]
    submitted_at: datetime | None
    submitter: str
    decided_at: datetime | None
    decider: str
