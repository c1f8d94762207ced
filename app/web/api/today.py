"""今日 over JSON: whom to see about first and why, what others did of late, one's own numbers."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.web.api.answers import answer, part
from app.web.day import CARRIERS, Day, day_of
from app.web.deps import ClockDep, ConnDep, LookupDep, TodayDep, guard
from app.web.queue import SHOWN

router = part("走访与任务")
_USCC = "91440783M159083022"
_NUMBERS = {"firms": 52, "stale": 4, "touches_due": 2, "tasks": 9, "tasks_late": 1}
_NUMBERS |= {"needs": 3, "needs_late": 1, "visits_this_month": 6}
_EXAMPLE: dict[str, Any] = {
    "day": "2026-11-23",
    "queue": [
        {
            "uscc": _USCC,
            "name": "开平市示例0001号卫浴有限公司",
            "tier": "gazelle",
            "reasons": ["差 1 项", "高企第二批 12 天后截止", "38 天未联系"],
            "action": {"label": "看差距", "href": f"/firms/{_USCC}/gap?policy=hnte"},
            "weight": "0.415238",
        }
    ],
    "total": 7,
    "since": "2026-11-20",
    "changes": [
        {
            "at": "2026-11-20T16:05:00+08:00",
            "who": "李专员",
            "action": "firm:visit:logged",
            "label": "走访",
            "uscc": _USCC,
            "name": "开平市示例0001号卫浴有限公司",
        }
    ],
    "numbers": _NUMBERS,
    "stays": [
        {
            "carrier": "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a",
            "name": "示例孵化器",
            "open": 2,
            "since": "2026-11-20T01:40:00+08:00",
        }
    ],
}


class ActionOut(BaseModel):
    label: str
    href: str = Field(description="在网页上做这件事的地址")


class QueueLineOut(BaseModel):
    uscc: str
    name: str
    tier: str | None = Field(description="所在梯队；被驳回的移动，是原想移到的梯队")
    reasons: list[str] = Field(description="为什么排在这里，最要紧的在前")
    action: ActionOut
    weight: str = Field(description="排序用的分值，本系统的缺省算法；被驳回的移动为 0，总在最前")


class ChangeOut(BaseModel):
    at: datetime
    who: str
    action: str
    label: str
    uscc: str
    name: str


class NumbersOut(BaseModel):
    firms: int = Field(description="由我负责的企业")
    stale: int
    touches_due: int = Field(description="到了约定联系日的")
    tasks: int
    tasks_late: int
    needs: int = Field(description="办理中的诉求")
    needs_late: int = Field(description="其中过了答复期限的")
    visits_this_month: int


class StayOut(BaseModel):
    carrier: uuid.UUID
    name: str
    open: int = Field(description="待核对的条数")
    since: datetime = Field(description="最早的一条")


class TodayOut(BaseModel):
    day: date
    queue: list[QueueLineOut]
    total: int = Field(description="一共有多少行")
    since: date = Field(description="上个工作日")
    changes: list[ChangeOut] = Field(description="上个工作日以来别人做的事，最近的在前，最多 12 件")
    numbers: NumbersOut
    stays: list[StayOut] = Field(description="有入驻核对的载体，等得最久的在前，最多 5 家；能核定的人才有")

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})


@router.get("/today", response_model=TodayOut, summary="今日：要办的事、上个工作日以来的变化、我的数字")
async def today(
    viewer: Annotated[Viewer, Depends(guard(Permission.FIRM_NOTE))],
    conn: ConnDep,
    lookup: LookupDep,
    clock: ClockDep,
    on: TodayDep,
    limit: Annotated[int, Query(ge=1, le=200)] = SHOWN,
) -> Response:
    return answer(_out(await day_of(conn, lookup, viewer=viewer, at=clock.now()), on, limit))


def _out(day: Day, on: date, limit: int) -> TodayOut:
    return TodayOut(
        day=on,
        queue=[
            QueueLineOut(
                uscc=line.uscc,
                name=line.firm_name,
                tier=line.tier.code if line.tier else None,
                reasons=line.reasons,
                action=ActionOut(label=line.action_label, href=line.action_href),
                weight=f"{Decimal(line.score.numerator) / line.score.denominator:.6f}",
            )
            for line in day.queue[:limit]
        ],
        total=len(day.queue),
        since=day.news_since,
        changes=[
            ChangeOut(at=n.at, who=n.who, action=n.action, label=n.label, uscc=n.uscc, name=n.firm_name)
            for n in day.news
        ],
        numbers=NumbersOut(
            firms=day.numbers.firms,
            stale=day.numbers.stale,
            touches_due=day.numbers.touches_due,
            tasks=day.numbers.tasks,
            tasks_late=day.numbers.tasks_late,
            needs=day.numbers.needs,
            needs_late=day.numbers.needs_late,
            visits_this_month=day.numbers.visits_this_month,
        ),
        stays=[
            StayOut(carrier=s.carrier_id, name=s.carrier_name, open=s.count, since=s.since)
            for s in day.stays[:CARRIERS]
        ],
    )
