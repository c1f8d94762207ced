"""Records that may be one and the same, and two made one, as the API sends and takes them."""

import uuid
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Short


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AlikeOut(BaseModel):
    uscc: str
    name: str
    region_code: str
    status: str
    why: str


class AlikeList(BaseModel):
    items: list[AlikeOut]
    next: str | None


class ApartIn(_In):
    uscc: Short
    other_uscc: Short
    apart: bool = Field(description="true 不是同一家，false 重新列出；重复发送没有影响")


class ApartOut(BaseModel):
    uscc: str
    other_uscc: str
    apart: bool


class MergeRecord(BaseModel):
    id: uuid.UUID
    state: str
    uscc: str
    name: str
    gone: str
    gone_name: str
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str


class MergeList(BaseModel):
    items: list[MergeRecord]
    next: str | None


class MergeIn(_In):
    gone: Short = Field(description="并入的记录的信用代码；保留地址中的那一条")
    take: list[Short] = Field([], max_length=30, description="取并入记录的哪些字段，其余保留原值")
    version: int = Field(ge=1, le=1 << 30, description="保留的记录读取时的版本")
    gone_version: int = Field(ge=1, le=1 << 30, description="并入的记录读取时的版本")


class MergeField(BaseModel):
    name: str = Field(description="take 里的字段名")
    label: str
    kept: str
    gone: str


class MergeShare(BaseModel):
    label: str
    moves: int = Field(description="移过来几条")
    stays: int = Field(description="因保留的企业已有同样的而留在原处几条")


class MergeLook(BaseModel):
    uscc: str
    name: str
    version: int
    gone: str
    gone_name: str
    gone_version: int
    fields: list[MergeField] = Field(description="两条记录不同的字段")
    shares: list[MergeShare] = Field(description="并入的记录下的内容")


class MergeOut(BaseModel):
    id: uuid.UUID
    state: str
    uscc: str
    gone: str


class TwinOut(BaseModel):
    uscc: str
    name: str
    other_uscc: str
    other_name: str
    why: str


class TwinList(BaseModel):
    items: list[TwinOut]
    next: str | None
