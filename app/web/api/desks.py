"""What lies on desks over JSON: open tasks and needs of oneself, of another, of everybody in sight."""

import uuid
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.terms import Permission, Viewer
from app.errors import Invalid
from app.firms import cursors
from app.firms.terms import Sort
from app.web.api.answers import answer, part
from app.web.api.work_answers import visit_out
from app.web.api.work_schemas import VisitedList, VisitedOut
from app.web.deps import ConnDep, TodayDep, guard
from app.web.work_input import month_in
from app.work.desk import due
from app.work.visited import visited

router = part("走访与任务")
Reader = Annotated[Viewer, Depends(guard(Permission.FIRM_INTERNAL))]
Whose = Annotated[str, Query(max_length=40, description="mine 我的（缺省）、all 管辖范围内全部，或一个人的编号")]
Late = Annotated[bool, Query(description="true：只要过了期限的")]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]


class DueOut(BaseModel):
    id: uuid.UUID
    uscc: str
    name: str
    said: str
    due_on: date | None = Field(description="诉求可以没有期限，排在最后")
    officer: str
    kind: str = Field(description="待办：bureau 我方、firm 企业；诉求：类别")
    version: int = Field(description="办理时在 version 里带上，看过之后又被改过的不会办成")


class DueList(BaseModel):
    items: list[DueOut]
    next: str | None

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "id": "019ab0e0-6f3c-7d1e-8a55-3f0f6d2c1b7a",
                        "uscc": "91440783M159083022",
                        "name": "开平市示例科技有限公司",
                        "said": "补齐第三季度辅助账",
                        "due_on": "2026-12-10",
                        "officer": "王专员",
                        "kind": "firm",
                        "version": 1,
                    }
                ],
                "next": None,
            }
        }
    )


@router.get("/tasks", response_model=DueList, summary="未完成的待办，最早到期的在前")
async def tasks(
    conn: ConnDep,
    viewer: Reader,
    today: TodayDep,
    whose: Whose = "mine",
    late: Late = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    return await _listed(conn, viewer, today, whose, limit, cursor, late=late, needs=False)


@router.get("/needs", response_model=DueList, summary="办理中的诉求，最早到期的在前")
async def needs(
    conn: ConnDep,
    viewer: Reader,
    today: TodayDep,
    whose: Whose = "mine",
    late: Late = False,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    return await _listed(conn, viewer, today, whose, limit, cursor, late=late, needs=True)


@router.get("/visits", response_model=VisitedList, summary="一个月的走访，最近的在前，不含作废的")
async def visits(
    conn: ConnDep,
    viewer: Reader,
    today: TodayDep,
    month: Annotated[str, Query(pattern=r"^(20\d\d-(0[1-9]|1[0-2]))?$", description="如 2026-12；缺省为本月")] = "",
    whose: Whose = "mine",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> Response:
    after = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None
    mine, whom, first = whose != "all", _person(whose), month_in(month, today)
    found = await visited(conn, viewer=viewer, month=first, mine=mine, whom=whom, after=after, limit=limit)
    shown = [VisitedOut(uscc=uscc, name=name, **visit_out(v).model_dump()) for uscc, name, v in found[:limit]]
    more = cursors.encode(shown[-1].visited_on.isoformat(), shown[-1].id) if len(found) > limit else None
    return answer(VisitedList(items=shown, next=more))


async def _listed(
    conn: ConnDep, viewer: Viewer, today: date, whose: str, limit: int, cursor: str, **asked: Any
) -> Response:
    after = cursors.decode(cursor, Sort.NEXT_TOUCH) if cursor else None
    whom = _person(whose)
    mine = whose != "all"
    found = await due(conn, viewer=viewer, today=today, mine=mine, whom=whom, after=after, limit=limit, **asked)
    shown = found[:limit]
    last = cursors.encode((shown[-1].due_on or date.max).isoformat(), shown[-1].id) if len(found) > limit else None
    items = [
        DueOut(
            id=d.id,
            uscc=d.uscc,
            name=d.firm_name,
            said=d.said,
            due_on=d.due_on,
            version=d.version,
            officer=d.officer_name,
            kind=d.kind,
        )
        for d in shown
    ]
    return answer(DueList(items=items, next=last))


def _person(whose: str) -> uuid.UUID | None:
    """Raises Invalid for what names nobody."""
    if whose in ("mine", "all"):
        return None
    try:
        return uuid.UUID(whose)
    except ValueError as error:
        raise Invalid({"whose": "whose 为 mine、all 或一个人的编号。"}) from error
