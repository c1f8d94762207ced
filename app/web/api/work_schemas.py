"""Visits, tasks and needs as the API sends and takes them."""

import uuid
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.claim_schemas import PaperOut
from app.web.api.schemas import Long, Short


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class VisitIn(_In):
    summary: Long = Field(description="谈了什么；写 @姓名，这位同事会收到消息")
    visited_on: Short | None = Field(None, description="日期；缺省为今天，不能晚于今天")
    kind: Short = Field("on_site", description="on_site 上门、phone 电话、office 来局、online 线上")
    people: Short = Field("", description="见到的人")
    next_touch_on: Short | None = Field(None, description="下次联系；有约定的事时必填，即其期限")
    ours: list[Short] = Field([], max_length=10, description="我方答应的事，成为待办")
    theirs: list[Short] = Field([], max_length=10, description="企业答应的事，由走访人盯着")
    need: Long = Field("", description="企业诉求")
    need_kind: Short = Field("other", description="诉求类别，见 needs")


class VisitOut(BaseModel):
    id: uuid.UUID
    visited_on: date
    kind: str
    people: str
    summary: str
    next_touch_on: date | None
    visitor: str
    logged_at: datetime
    struck_at: datetime | None
    strike_reason: str


class VisitList(BaseModel):
    items: list[VisitOut]
    next: str | None


class VisitedOut(VisitOut):
    uscc: str
    name: str


class VisitedList(BaseModel):
    items: list[VisitedOut]
    next: str | None


class TaskIn(_In):
    title: Short = Field(description="做什么")
    due_on: Short = Field(description="期限")
    officer_id: uuid.UUID | None = Field(None, description="责任人；缺省为本人")
    owner: Short = Field("bureau", description="bureau 我方要做的、firm 企业答应的")


class TaskPatch(_In):
    """Fields left out stay as they are."""

    title: Short | None = None
    due_on: Short | None = None
    officer_id: uuid.UUID | None = None


class TaskMark(_In):
    state: Short = Field(description="done 已完成、dropped 已取消、open 改回未完成")
    version: int | None = Field(None, ge=0, le=2_000_000_000, description="看到的版本；给了而又被改过的，答 412")


class TaskOut(BaseModel):
    id: uuid.UUID
    title: str
    due_on: date
    owner: str
    officer_id: uuid.UUID | None
    officer: str
    visit_id: uuid.UUID | None
    state: str
    author: str
    created_at: datetime
    closed_at: datetime | None
    version: int


class TaskList(BaseModel):
    items: list[TaskOut]
    next: str | None


class NeedIn(_In):
    kind: Short = Field(
        description="finance 融资、land 用地用房、talent 人才、policy 政策、approval 审批、"
        "utility 水电气网、market 市场、research 技术与产学研、other"
    )
    body: Long
    due_on: Short | None = Field(None, description="答复期限")
    officer_id: uuid.UUID | None = Field(None, description="责任专员；缺省为本人")


class FollowUpIn(_In):
    body: Long = Field(description="办到了哪一步")
    officer_id: uuid.UUID | None = Field(None, description="接着由谁办；缺省不变")
    due_on: Short | None = Field(None, description="答复期限；缺省不变，空文本为没有期限")


class EndingIn(_In):
    state: Short = Field(description="solved 已解决、answered 已答复、declined 不予办理")
    answer: Long = Field(description="怎样答复企业的")
    version: int = Field(ge=1, le=1 << 30, description="读取时的版本")


class FollowUpOut(BaseModel):
    at: datetime
    author: str
    body: str


class NeedOut(BaseModel):
    id: uuid.UUID
    kind: str
    body: str
    raised_on: date
    due_on: date | None
    officer_id: uuid.UUID | None
    officer: str
    visit_id: uuid.UUID | None
    state: str
    answer: str
    author: str
    logged_at: datetime
    closed_at: datetime | None
    version: int
    follow_ups: list[FollowUpOut]


class NeedList(BaseModel):
    items: list[NeedOut]
    next: str | None


class WorkFiles(BaseModel):
    items: list[PaperOut]
    next: str | None


class FollowIn(_In):
    following: bool = Field(description="true 关注，false 不再关注；说的是要它怎样，重复发送没有影响")


class FollowOut(BaseModel):
    uscc: str
    following: bool


class FollowedFirm(BaseModel):
    uscc: str
    name: str
    tier: str | None
    since: datetime


class FollowedList(BaseModel):
    items: list[FollowedFirm]
    next: str | None


class StaleFirm(BaseModel):
    uscc: str
    name: str
    tier: str
    officer: str
    stale_on: date
    working_days: int
    last_contact_on: date | None


class StaleList(BaseModel):
    items: list[StaleFirm]
    next: str | None
    resets: str


class NoteIn(_In):
    text: Long = Field(description="写 @姓名，这位同事会收到消息，只要企业在其管辖范围内")


class NoteOut(BaseModel):
    id: uuid.UUID
    at: datetime
    author: str
    text: str
    told: list[str]
    unknown: list[str]


class RemarkOut(BaseModel):
    at: datetime
    author: str
    text: str
    visit: str | None = Field(description="走访的方式；只是记了一笔的为空")
    visited_on: date | None
    people: str | None
    struck: str = Field(description="作废的原因；没有作废的为空")


class RemarkList(BaseModel):
    items: list[RemarkOut]
    next: str | None


class ColleagueOut(BaseModel):
    call: str = Field(description="写在 @ 后面的：姓名；同名的两人用账号")
    name: str
    role: str
    unit: str


class ColleagueList(BaseModel):
    items: list[ColleagueOut]
    next: str | None


class VisitStrike(_In):
    reason: Long


class HandoverIn(_In):
    giver: uuid.UUID = Field(description="移交人；除局领导外只能是本人")
    taker: uuid.UUID = Field(description="接手人")
    dry_run: bool = Field(False, description="true：只看哪些会过去、哪些因管辖范围留下")
    seen: Short = Field("", description="预览时得到的 seen；其间有变化则不移交（412）")
    reason: Short = ""


class HandoverOut(BaseModel):
    id: uuid.UUID | None = Field(description="这次移交；只是预览时为空")
    giver: str
    taker: str
    caution: str = Field(description="接手人登录不了或还没有登录过时，说明原因；否则为空")
    seen: str
    goes: dict[str, int]
    left: dict[str, int]


class HandoverItem(BaseModel):
    id: uuid.UUID
    uscc: str
    name: str
    status: str = Field(description="企业的状态")
    said: str = Field(description="待办、诉求、一企一策或申报的名称；企业本身为空")
    on: date | None = Field(description="期限，或计划申报的日子")


class HandoverItems(BaseModel):
    items: list[HandoverItem]
    next: str | None


class HandedOver(BaseModel):
    id: uuid.UUID
    giver: str
    taker: str
    reason: str
    by: str = Field(description="办理的人")
    at: datetime
    undone_at: datetime | None
    undone_by: str
    counts: dict[str, dict[str, int]] = Field(
        description="按种类和结果计：given 已移交，undone 已撤销，kept 之后有变动、没有撤销"
    )


class HandedOverList(BaseModel):
    items: list[HandedOver]
    next: uuid.UUID | None


class HandedOverItem(HandoverItem):
    outcome: str
    reason: str = Field(description="没有撤销的原因")


class HandedOverItems(BaseModel):
    items: list[HandedOverItem]
    next: uuid.UUID | None
