"""What the API sends and takes. Amounts are strings of 元, dates ISO, absent means not known."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.pipeline.terms import DueMatter

Short = Annotated[str, StringConstraints(max_length=200)]
Long = Annotated[str, StringConstraints(max_length=2000)]


class Problem(BaseModel):
    """RFC 9457 problem details."""

    title: str
    detail: str
    status: int
    errors: dict[str, str] | None = None
    reasons: list[str] | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "title": "不能办理",
                "detail": "开平市示例0001号卫浴有限公司 还不能移到“高新技术企业”。",
                "status": 409,
                "reasons": ["没有登记过高企证书；登记证书编号和发证日期后，2026-06-01 有效即可通过。"],
            }
        }
    )


class ContactIn(BaseModel):
    name: Short
    phone: Short = ""
    title: Short = ""
    email: Short = ""


class FirmPatch(BaseModel):
    """Fields left out stay as they are; null clears."""

    name: Short | None = None
    uscc_override: Short | None = Field(None, description="为什么接受校验位不符的信用代码")
    region_code: Short | None = None
    park: Short | None = None
    industry_code: Short | None = None
    high_tech_field: Short | None = None
    direction: Short | None = None
    size_class: Short | None = None
    above_designated_size: bool | None = None
    registered_on: Short | None = None
    registered_capital: Short | None = Field(None, description="元", examples=["5000000.00"])
    address: Short | None = None
    status: Short | None = None
    officer_id: Short | None = None
    next_touch_on: Short | None = None
    remark: Long | None = None
    contacts: list[ContactIn] | None = Field(None, max_length=50)
    tags: list[Short] | None = Field(None, max_length=50)
    former_names: list[Short] | None = Field(None, max_length=50)

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"park": "翠山湖", "above_designated_size": True}}
    )


class FirmIn(FirmPatch):
    name: Short
    uscc: Short

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "开平市示例0001号卫浴有限公司",
                "uscc": "91440783M159083022",
                "region_code": "440783117",
                "registered_on": "2018-08-10",
                "registered_capital": "1000000.00",
                "contacts": [{"name": "联系人1", "phone": "13800000001"}],
            }
        },
    )


class AnswerOut(BaseModel):
    """A policy's latest answer for a firm, as lists carry it."""

    policy: str
    outcome: str
    missed: int = Field(description="不满足的条件数")
    lacking: int = Field(description="缺数据、无法判断的条件数")
    shortfall: str | None = Field(description="差得最远的一项占其要求的比例；无法度量，或明年也补不上的，为 null")


class RevealIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Short = Field(description="为什么要看完整的联系方式；记入审计记录")


class RevealOut(BaseModel):
    uscc: str
    contacts: list[ContactIn]


class FirmSummary(BaseModel):
    uscc: str
    name: str
    region_code: str
    park: str | None
    tier: str | None
    tier_since: date | None
    stale: bool
    status: str
    officer: str | None
    updated_at: datetime = Field(description="资料最近一次改动；工作移交只换责任专员和 version，不改它")
    assessment: AnswerOut | None = Field(None, description="按 policy 筛选时")


class FirmOut(BaseModel):
    uscc: str
    name: str
    region_code: str
    region: str
    park: str | None
    industry_code: str | None
    high_tech_field: str | None
    direction: str | None
    size_class: str | None
    above_designated_size: bool | None
    registered_on: date | None
    registered_capital: str | None
    address: str | None
    status: str
    officer_id: uuid.UUID | None
    officer: str | None
    next_touch_on: date | None
    remark: str | None
    tier: str | None
    tier_since: date | None
    contacts: list[ContactIn]
    tags: list[str]
    former_names: list[str]
    certificates: list[dict[str, Any]]
    version: int
    updated_at: datetime = Field(description="资料最近一次改动；工作移交只换责任专员和 version，不改它")


class FirmList(BaseModel):
    items: list[FirmSummary]
    next: str | None


class DueOut(BaseModel):
    on: date
    matter: str = Field(description="、".join(f"{m.value}：{m.label}" for m in DueMatter))
    said: str = Field(description="申报窗口的名称，或证书的种类；其余为空")


class CardOut(BaseModel):
    uscc: str
    name: str
    region_code: str
    since: date
    days: int
    stale: bool
    waits: bool = Field(description="有一项移动正待第二人复核；只给局内的人")
    next: AnswerOut | None = Field(None, description="离下一级还差多少")
    due: DueOut | None = Field(None, description="最近的期限；待办、诉求和约定联系只给局内的人")


class ColumnOut(BaseModel):
    tier: str
    label: str
    count: int
    stale: int
    cards: list[CardOut]
    next: str | None = Field(description="其余的卡片：GET /firms?tier=…&status=active&sort=tier_since&cursor=这个值")


class BoardOut(BaseModel):
    ladder: str
    columns: list[ColumnOut]
    stats_at: datetime


class OverrideIn(BaseModel):
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class MoveIn(BaseModel):
    to: Short | None = Field(description="梯队代码；null 表示退出梯队")
    effective_on: date | None = Field(None, description="生效日期，缺省为今天")
    reason: Annotated[str, StringConstraints(max_length=1000)] = ""
    expected: Short | None = Field(description="您看到的当前梯队；不在梯队上为 null")
    override: OverrideIn | None = None
    correction: bool = False

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "to": "eaglet",
                "effective_on": "2026-06-01",
                "reason": "营收同比增长三成，新增Ⅱ类知识产权三项",
                "expected": "tech_micro",
            }
        },
    )


class MoveMade(BaseModel):
    id: uuid.UUID
    state: str
    uscc: str
    from_tier: str | None
    to_tier: str | None
    kind: str
    effective_on: date
    reasons: list[str]


class MoveOut(BaseModel):
    id: uuid.UUID
    from_tier: str | None
    to_tier: str | None
    kind: str
    effective_on: date
    recorded_at: datetime
    actor: str
    approver: str | None
    reason: str
    override_reason: str | None
    first_recorder: str | None = Field(None, description="从别处迁来的，当时是谁记录的")
    first_recorded_on: date | None = None


class MoveList(BaseModel):
    items: list[MoveOut]
    next: str | None


class RejectIn(BaseModel):
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]


class Decided(BaseModel):
    id: uuid.UUID
    state: str
    uscc: str


class AuditOut(BaseModel):
    id: uuid.UUID
    at: datetime
    actor: str
    role: str
    action: str
    object_type: str
    object_id: str
    object_label: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    succeeded: bool
    ip: str
    session_id: str
    request_id: str
    number: int


class AuditList(BaseModel):
    items: list[AuditOut]
    next: str | None


class MessageOut(BaseModel):
    id: uuid.UUID
    kind: str
    channel: str
    state: str
    attempts: int
    answer: str | None
    says: str | None = Field(description="消息内容，只给收件人本人")
    created_at: datetime
    sent_at: datetime | None


class MessageList(BaseModel):
    items: list[MessageOut]
    next: str | None
