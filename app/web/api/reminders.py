"""The ledger of reminders over JSON: who was reminded of what, and whether it arrived."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.audit.paging import decode, encode
from app.reminders.ledger import LedgerLine, ledger
from app.text import halve
from app.web.api.answers import answer, part
from app.web.deps import ConnDep, guard

router = part("提醒", "/reminders")
_LINE: dict[str, Any] = {
    "id": "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a",
    "rule": "高企认定：企业提交截止",
    "party": "firm",
    "uscc": "91440783MA4W123451",
    "name": "开平市示例机械有限公司",
    "person": None,
    "firms": 1,
    "step": "firm:10w",
    "anchor_on": "2027-06-25",
    "due_on": "2027-06-11",
    "late": False,
    "state": "queued",
    "message": "sent",
    "answer": "250 OK",
    "created_at": "2027-06-11T08:12:00+08:00",
    "sent_at": "2027-06-11T08:30:04+08:00",
}


class ReminderOut(BaseModel):
    id: uuid.UUID
    rule: str
    party: str = Field(description="firm、officer、manager")
    uscc: str | None
    name: str | None
    person: str | None = Field(description="收到的专员或领导")
    firms: int
    step: str = Field(description="哪一步，如 firm:10w 为提前 10 个工作日给企业")
    anchor_on: date = Field(description="提醒的是哪一天")
    due_on: date = Field(description="应在哪一天发")
    late: bool = Field(description="过了那一天才补发")
    state: str = Field(description="queued、unreachable（没有能用的邮箱或短信）、withdrawn（发出前撤回）")
    message: str | None = Field(description="发件箱里的状态：pending、sent、dead、withdrawn")
    answer: str | None
    created_at: datetime
    sent_at: datetime | None

    model_config = ConfigDict(json_schema_extra={"example": _LINE})


class ReminderList(BaseModel):
    items: list[ReminderOut]
    next: str | None

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_LINE], "next": None}})


def _out(line: LedgerLine) -> ReminderOut:
    return ReminderOut(
        id=line.id,
        rule=line.title,
        party=line.party.value,
        uscc=line.uscc,
        name=line.firm_name,
        person=line.person,
        firms=line.firms,
        step=line.step,
        anchor_on=line.anchor_on,
        due_on=line.due_on,
        late=line.late,
        state=line.state.value,
        message=line.message.value if line.message else None,
        answer=line.answer,
        created_at=line.at,
        sent_at=line.sent_at,
    )


@router.get("", response_model=ReminderList, summary="提醒台账")
async def reminders(
    conn: ConnDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.REMINDER_READ))],
    firm: Annotated[str, Query(max_length=40, description="统一社会信用代码")] = "",
    window: Annotated[uuid.UUID | None, Query(description="申报窗口的编号")] = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """新的在前。"""
    after = decode(cursor) if cursor else None
    found = await ledger(conn, viewer=viewer, uscc=halve(firm).upper(), window=window, after=after, limit=limit)
    shown = found[:limit]
    following = encode(shown[-1]) if len(found) > limit else None
    return answer(ReminderList(items=[_out(line) for line in shown], next=following))
