"""Filing windows as the API sends and takes them."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.api.schemas import Short

Text = Annotated[str, StringConstraints(max_length=500)]
_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_DATES: dict[str, Any] = {
    "opens_on": "2027-05-20",
    "firm_due": "2027-06-25",
    "firm_until": "17:00",
    "review_due": "2027-07-09",
    "city_due": "2027-07-23",
    "paper_due": None,
}
_NOTICE = {"document": "通知的文号", "address": "https://gdstc.gd.gov.cn/notice.html"}
_WINDOW: dict[str, Any] = {
    "id": _ID,
    "programme": "hnte",
    "title": "高新技术企业认定",
    "year": 2027,
    "batch": 1,
    "label": "第一批",
    "region": "440000",
    "state": "confirmed",
    "phase": "upcoming",
    **_DATES,
    **_NOTICE,
    "grade": "official",
    "remark": "",
    "month": None,
    "version": 2,
}


class DatesIn(BaseModel):
    """Dates that the notice does not give are left out."""

    opens_on: Short | None = None
    firm_due: Short | None = Field(None, description="企业提交截止")
    firm_until: Short | None = Field(None, description="最后一天的几点，如 17:00")
    review_due: Short | None = Field(None, description="镇街、县级审核截止")
    city_due: Short | None = Field(None, description="市级推荐截止")
    paper_due: Short | None = Field(None, description="纸质材料截止")
    document: Short | None = Field(None, description="通知的文号")
    address: Text | None = Field(None, description="通知的网址；没有网址时在 remark 里写明来源")
    grade: Short | None = Field(None, description="official（缺省）、mirrored、third_party")
    remark: Text | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {**_DATES, **_NOTICE}})


class WindowIn(DatesIn):
    programme: Short
    year: int
    batch: int = Field(0, description="一年只有一次的为 0")
    label: Short | None = None
    region: Short = Field(description="行政区划代码；000000 为全国")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"programme": "hnte", "year": 2027, "batch": 1, "region": "440000", **_DATES, **_NOTICE}
        },
    )


class ChangeIn(DatesIn):
    change: Short = Field(description="confirmed、extended、corrected、closed、withdrawn")
    reason: Text | None = Field(None, description="更正、关闭、撤回时必填")

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"change": "extended", **_DATES, **_NOTICE, "reason": ""}}
    )


class WindowOut(BaseModel):
    id: uuid.UUID
    programme: str
    title: str
    year: int
    batch: int
    label: str
    region: str
    state: str
    phase: str
    opens_on: date | None
    firm_due: date | None
    firm_until: str | None
    review_due: date | None
    city_due: date | None
    paper_due: date | None
    document: str
    address: str
    grade: str
    remark: str
    month: int | None
    version: int

    model_config = ConfigDict(json_schema_extra={"example": _WINDOW})


class WindowList(BaseModel):
    items: list[WindowOut]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_WINDOW], "next": None}})


_USCC, _NAME = "91440783M159083022", "开平市示例0001号卫浴有限公司"
_APPLICATION: dict[str, Any] = {
    "id": _ID,
    "window_id": _ID,
    "uscc": _USCC,
    "name": _NAME,
    "region_code": "440783117",
    "stage": "submitted",
    "officer": "王专员",
    "submitted_on": "2027-06-20",
    "materials_ready": ["application", "licence"],
    "check_reasons": [],
    "check_passed": None,
    "version": 3,
    "updated_at": "2027-06-20T10:20:00+08:00",
}


class ApplicationIn(BaseModel):
    uscc: Short

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"uscc": _USCC}})


class StepIn(BaseModel):
    to: Short = Field(
        description="target、preparing、submitted、recommended、recognised、rejected、withdrawn", examples=["submitted"]
    )
    on: Short | None = Field(None, description="发生的日期，缺省为今天")
    reason: Annotated[str, StringConstraints(max_length=1000)] | None = None
    number: Short | None = Field(None, description="认定时的证书编号")
    issued_on: Short | None = None
    expires_on: Short | None = None

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"to": "recommended", "on": "2027-07-01", "reason": "条件齐备"}}
    )


class ApplicationOut(BaseModel):
    id: uuid.UUID
    window_id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    stage: str
    officer: str | None
    submitted_on: date | None
    materials_ready: list[str]
    check_reasons: list[str]
    check_passed: bool | None
    version: int
    updated_at: datetime

    model_config = ConfigDict(json_schema_extra={"example": _APPLICATION})


class ApplicationList(BaseModel):
    items: list[ApplicationOut]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_APPLICATION], "next": None}})


_PROPOSAL: dict[str, Any] = {
    "uscc": _USCC,
    "name": _NAME,
    "region_code": "440783117",
    "ground": "near",
    "words": "差 1 项",
}


class WindowProposalOut(BaseModel):
    uscc: str
    name: str
    region_code: str
    ground: str = Field(description="renewing 三年前发证、met 已达标、near 差一点")
    words: str


class WindowProposalList(BaseModel):
    items: list[WindowProposalOut]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_PROPOSAL], "next": None}})
