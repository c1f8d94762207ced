"""Imports as the API sends them."""

import uuid
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_BATCH: dict[str, Any] = {
    "id": _ID,
    "kind": "moves",
    "filename": "梯队台账.xlsx",
    "state": "preview",
    "creator": "王专员",
    "created_at": "2026-11-23T10:20:00+08:00",
    "applied_at": None,
    "undone_at": None,
    "done": 52,
    "total": 52,
    "created": 49,
    "updated": 0,
    "unchanged": 1,
    "warned": 3,
    "rejected": 2,
    "unknown_columns": ["序列"],
    "sentence": None,
}
_ROW: dict[str, Any] = {
    "row": 7,
    "outcome": "rejected",
    "end": None,
    "uscc": "91440783M159083022",
    "name": "开平市长兴卫浴有限公司",
    "changes": [],
    "messages": [{"field": "on", "sentence": "生效日期不能晚于今天。", "severity": "error"}],
}


class BatchOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _BATCH})

    id: uuid.UUID
    kind: str
    filename: str
    state: str
    creator: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    done: int
    total: int
    created: int
    updated: int
    unchanged: int
    warned: int
    rejected: int
    unknown_columns: list[str]
    sentence: str | None


class BatchList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_BATCH], "next": None}})

    items: list[BatchOut]
    next: str | None


class RowOut(BaseModel):
    row: int
    outcome: str
    end: str | None = Field(description="撤销之后：back（已撤销）、left（没有撤销）；其余为 null")
    uscc: str
    name: str
    changes: list[dict[str, str]]
    messages: list[dict[str, str]]


class RowList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_ROW], "next": None}})

    items: list[RowOut]
    next: str | None


_CARRIER_ROW: dict[str, Any] = {
    "row": 4,
    "outcome": "rejected",
    "what": "A 座 3层 301",
    "who": "91440783M159083022",
    "said": "A 座 3层 301 已由 开平市先到有限公司 租用：2026-01-01 起至 2026-12-31。",
    "messages": [{"field": "file", "sentence": "A 座 3层 301 已由…", "severity": "error"}],
}


class CarrierRowOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _CARRIER_ROW})

    row: int
    outcome: str
    what: str = Field(description="房间，或记录的日期和名称")
    who: str
    said: str = Field(description="会做什么、做了什么，或哪里不对")
    messages: list[dict[str, str]]


class CarrierRowList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_CARRIER_ROW], "next": None}})

    items: list[CarrierRowOut]
    next: str | None
