"""What a firm says it holds, and its rights in the ledger, as the API sends and takes them."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.web.api.schemas import Short

Words = Annotated[str, StringConstraints(max_length=500)]
_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_TITLE: dict[str, Any] = {
    "kind": "utility_model",
    "number": "ZL202420123456.7",
    "name": "节水阀芯",
    "granted_on": "2024-05-01",
    "obtained_by": "self_developed",
    "in_force": True,
    "used_in_hnte_year": None,
}
_FILE: dict[str, Any] = {
    "id": _ID,
    "name": "证书.pdf",
    "size": 182044,
    "kind": "pdf",
    "scan": "clean",
    "note": "",
    "sent_at": "2026-11-20T10:20:00+08:00",
    "sent_by": "示例填报员",
    "verified": False,
    "removable": True,
}
_CLAIM: dict[str, Any] = {
    "id": _ID,
    "uscc": "91440783M159083022",
    "firm": "开平市示例0001号卫浴有限公司",
    "what": "ip_right",
    "of": None,
    "state": "waiting",
    "title": _TITLE,
    "papers_only": False,
    "words": "",
    "made_at": "2026-11-20T10:00:00+08:00",
    "made_by": "示例填报员",
    "reason": "",
    "decided_at": None,
    "decided_by": "",
    "version": 2,
    "papers": 1,
}
_ONE = {**_CLAIM, "files": [_FILE], "elsewhere": []}
_RIGHT = {"id": _ID, **_TITLE, "class_two": True, "free": True, "source": "企业登记，专员核实", "papers": 1}


def _like(example: dict[str, Any], *, strict: bool = False) -> ConfigDict:
    return ConfigDict(extra="forbid" if strict else "ignore", json_schema_extra={"example": example})


class TitleIn(BaseModel):
    """证书填 kind、number、issued_on、expires_on；知识产权填其余各项。"""

    kind: Short = Field(description="证书种类或知识产权种类的代码")
    number: Short
    name: Short | None = None
    granted_on: Short | None = None
    obtained_by: Short | None = Field(None, description="self_developed、assigned、gifted、acquired")
    in_force: bool | None = None
    used_in_hnte_year: int | None = Field(None, description="Ⅱ类已用于哪一年的高企申报；没有用过的不填")
    issued_on: Short | None = None
    expires_on: Short | None = Field(None, description="高企可省略，按三年计算")
    model_config = _like(_TITLE, strict=True)


class ClaimIn(BaseModel):
    what: Short = Field(description="certificate 证书、ip_right 知识产权")
    of: uuid.UUID | None = Field(None, description="台账里的哪一项有变化或要补充证明材料；新登记的不填")
    title: TitleIn | None = Field(None, description="只补充证明材料的不填")
    words: Words = ""
    model_config = _like({"what": "ip_right", "of": None, "title": _TITLE, "words": ""}, strict=True)


class ClaimChange(BaseModel):
    title: TitleIn
    words: Words = ""
    model_config = _like({"title": _TITLE, "words": ""}, strict=True)


class ClaimRefusal(BaseModel):
    reason: Words = Field(description="企业会看到")
    model_config = _like({"reason": "编号与公告不符"}, strict=True)


class PaperOut(BaseModel):
    id: uuid.UUID = Field(description="下载：GET /files/{id}")
    name: str
    size: int
    kind: str
    scan: str = Field(description="clean 已查毒；waiting、infected 不能下载；unscanned 没有配置查毒")
    note: str
    sent_at: datetime
    sent_by: str
    verified: bool = Field(description="核实时已经看过，此后不能移除")
    removable: bool
    model_config = _like(_FILE)


class TitleOut(BaseModel):
    kind: str
    number: str
    name: str | None = None
    granted_on: date | None = None
    obtained_by: str | None = None
    in_force: bool | None = None
    used_in_hnte_year: int | None = None
    issued_on: date | None = None
    expires_on: date | None = None


class ClaimOut(BaseModel):
    id: uuid.UUID
    uscc: str
    firm: str
    what: str
    of: uuid.UUID | None
    state: str = Field(description="waiting 待核实、accepted 已核实、refused 未通过核实、withdrawn 已撤回")
    title: TitleOut
    papers_only: bool = Field(description="只补充证明材料，台账的内容不变")
    words: str
    made_at: datetime
    made_by: str
    reason: str
    decided_at: datetime | None
    decided_by: str
    version: int
    papers: int = Field(description="现有几份证明材料")
    model_config = _like(_CLAIM)


class Elsewhere(BaseModel):
    uscc: str
    name: str


class ClaimDetail(ClaimOut):
    files: list[PaperOut]
    elsewhere: list[Elsewhere] = Field(description="同种同号也登记在哪些企业名下；只告诉核实的专员")
    model_config = _like(_ONE)


class ClaimList(BaseModel):
    items: list[ClaimOut]
    next: str | None
    model_config = _like({"items": [_CLAIM], "next": None})


class RightOut(TitleOut):
    id: uuid.UUID
    class_two: bool
    free: bool = Field(description="Ⅱ类，有效，还没有用于高企申报")
    source: str
    papers: int
    model_config = _like(_RIGHT)


class RightList(BaseModel):
    items: list[RightOut]
    next: str | None
    model_config = _like({"items": [_RIGHT], "next": None})
