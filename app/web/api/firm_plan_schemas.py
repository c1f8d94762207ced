"""一企一策 as the API sends and takes it."""

import uuid
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.web.api.schemas import Long, Short
from app.web.plan_input import MOST


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepIn(_In):
    action: Long = Field(description="要做的事，最多 300 字")
    due_on: Short = Field(description="期限，不晚于计划申报日期")
    condition: Long = Field("", description="补上哪一项条件，及条款")
    id: uuid.UUID | None = Field(None, description="已有的一步；不给就是新的一步")


class FirmPlanIn(_In):
    policy: Short = Field(description="称号的政策代码")
    filing_on: Short = Field(description="计划申报日期")
    officer_id: uuid.UUID | None = Field(None, description="责任专员；缺省为企业的责任专员，没有时为本人")
    note: Long = ""
    steps: list[StepIn] = Field(min_length=1, max_length=MOST)


class FirmPlanPatch(_In):
    """Fields left out stay as they are. `steps`: all that are still to be done; those left out of it are taken out."""

    filing_on: Short | None = None
    officer_id: uuid.UUID | None = None
    note: Long | None = None
    steps: list[StepIn] | None = Field(None, max_length=MOST)


class FirmPlanMark(_In):
    done: bool = True


class FirmPlanEnd(_In):
    state: Short = Field(description="done 已完成、dropped 已终止")
    reason: Long


class StepOut(BaseModel):
    id: uuid.UUID | None = Field(description="建议里的一步还没有编号")
    action: str
    condition: str
    due_on: date
    done_at: datetime | None = None
    done_by: str = ""


class FirmPlanOut(BaseModel):
    id: uuid.UUID
    policy: str
    title: str
    filing_on: date
    officer_id: uuid.UUID | None
    officer: str
    note: str
    state: str
    author: str
    created_at: datetime
    closed_at: datetime | None
    closed_reason: str
    version: int
    steps: list[StepOut]


class FirmPlanList(BaseModel):
    items: list[FirmPlanOut]
    next: str | None


class PlanProposal(BaseModel):
    policy: str
    title: str
    filing_on: date
    officer_id: uuid.UUID | None
    steps: list[StepOut]
    short: list[str] = Field(description="每一步都做完仍然缺的条件")


_ID = "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a"
_STEP = {
    "action": "补齐第三季度研发费用辅助账",
    "condition": "近三年研发费用占比（32号 第十一条(五)）",
    "due_on": "2026-12-31",
}
_PLAN = {
    "id": _ID,
    "policy": "hnte",
    "title": "高新技术企业",
    "filing_on": "2027-06-30",
    "officer_id": _ID,
    "officer": "王专员",
    "note": "",
    "state": "open",
    "author": "王专员",
    "created_at": "2026-11-23T12:00:00+08:00",
    "closed_at": None,
    "closed_reason": "",
    "version": 1,
    "steps": [{**_STEP, "id": _ID, "done_at": None, "done_by": ""}],
}
EXAMPLES: dict[str, Any] = {
    "FirmPlanIn": {"policy": "hnte", "filing_on": "2027-06-30", "officer_id": _ID, "note": "", "steps": [_STEP]},
    "FirmPlanPatch": {"filing_on": "2027-07-31", "officer_id": _ID, "note": "", "steps": [{**_STEP, "id": _ID}]},
    "FirmPlanMark": {"done": True},
    "FirmPlanEnd": {"state": "done", "reason": "已取得证书"},
    "FirmPlanOut": _PLAN,
    "FirmPlanList": {"items": [_PLAN], "next": None},
    "PlanProposal": {
        **{k: _PLAN[k] for k in ("policy", "title", "filing_on", "officer_id")},
        "steps": [{**_STEP, "id": None, "done_at": None, "done_by": ""}],
        "short": [],
    },
}
