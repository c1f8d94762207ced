"""Published lists as the API sends and takes them."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.results.rules import MOST
from app.web.api.schemas import Short

Text = Annotated[str, StringConstraints(max_length=300)]
_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_USCC, _NAME = "91440783M159083022", "开平市示例0001号卫浴有限公司"
_LINE: dict[str, Any] = {"name": _NAME, "uscc": _USCC, "number": "GR202744000001", "issued_on": "2027-11-20"}
_NEW: dict[str, Any] = {
    "kind": "announcement",
    "document": "公告的文号",
    "address": "https://gdstc.gd.gov.cn/notice.html",
    "announced_on": "2027-11-20",
    "issued_on": None,
}
_ROW: dict[str, Any] = {
    "row": 1,
    **_LINE,
    "expires_on": None,
    "problem": "",
    "match": "exact",
    "candidates": [],
    "settled": True,
    "chosen": _USCC,
    "outcome": "done",
    "said": "已登记；已登记证书 GR202744000001；移到“高新技术企业”待第二人复核。",
}
_LIST: dict[str, Any] = {
    "id": _ID,
    "window_id": _ID,
    **_NEW,
    "state": "applied",
    "version": 2,
    "open": 0,
    "created_at": "2027-11-21T10:20:00+08:00",
    "lines": [_ROW],
}


class LineIn(BaseModel):
    name: Short
    uscc: Short | None = None
    number: Short | None = Field(None, description="证书编号或入库登记编号")
    issued_on: Short | None = None
    expires_on: Short | None = None

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _LINE})


class ResultListIn(BaseModel):
    kind: Short = Field(description="publicity 公示名单、announcement 公告名单")
    document: Text = Field(description="文号或名称")
    address: Text | None = None
    announced_on: Short
    issued_on: Short | None = Field(None, description="没有逐家写明发证日期的行用这一天")
    lines: list[LineIn] = Field(min_length=1, max_length=MOST)

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {**_NEW, "lines": [_LINE]}})


class SettleIn(BaseModel):
    lines: dict[Short, Short | None] = Field(
        description="行号对应企业的信用代码；空串为不是本地企业，null 为还没有定", max_length=MOST
    )

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"lines": {"1": _USCC, "2": ""}}})


class UndoIn(BaseModel):
    reason: Text

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "录错了批次"}})


class CandidateOut(BaseModel):
    uscc: str
    name: str
    region_code: str
    why: str


class ResultLineOut(BaseModel):
    row: int
    name: str
    uscc: str
    number: str
    issued_on: date | None
    expires_on: date | None
    problem: str
    match: str
    candidates: list[CandidateOut]
    settled: bool
    chosen: str
    outcome: str | None
    said: str

    model_config = ConfigDict(json_schema_extra={"example": _ROW})


class ResultListOut(BaseModel):
    id: uuid.UUID
    window_id: uuid.UUID
    kind: str
    document: str
    address: str
    announced_on: date
    issued_on: date | None
    state: str
    version: int
    open: int = Field(description="还没有核对的行")
    created_at: datetime
    lines: list[ResultLineOut]

    model_config = ConfigDict(json_schema_extra={"example": _LIST})
