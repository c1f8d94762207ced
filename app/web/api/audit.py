"""The audit trail over JSON."""

from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.audit.paging import decode, encode, read_day
from app.firms.trail import trail
from app.web.api.answers import answer, part
from app.web.api.schemas import AuditList, AuditOut
from app.web.deps import ConnDep, guard

router = part("审计")


@router.get("/audit", response_model=AuditList, summary="审计记录")
async def audit(
    conn: ConnDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.ACCOUNT_TRAIL))],
    object: Annotated[str, Query(max_length=200, description="企业名称片段、信用代码，账号或姓名，或对象编号")] = "",
    actor: Annotated[str, Query(max_length=60, description="经办人姓名或账号的一部分")] = "",
    action: Annotated[str, Query(max_length=60, description="做了什么，如 firm:tier:moved")] = "",
    since: Annotated[str, Query(alias="from", max_length=20, description="起始日期")] = "",
    until: Annotated[str, Query(alias="to", max_length=20, description="截止日期，含当日")] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    events = await trail(
        conn,
        viewer=viewer,
        object=object.strip(),
        actor=actor.strip(),
        action=action,
        since=read_day(since),
        until=read_day(until),
        after=decode(cursor) if cursor else None,
        limit=limit,
    )
    items = [
        AuditOut(
            id=e.id,
            at=e.at,
            actor=e.actor_name,
            role=e.actor_role,
            action=e.action,
            object_type=e.object_type,
            object_id=e.object_id,
            object_label=e.object_label,
            before=e.before,
            after=e.after,
            succeeded=e.succeeded,
            ip=e.ip,
            session_id=e.session_id,
            request_id=e.request_id,
            number=e.number,
        )
        for e in events[:limit]
    ]
    return answer(AuditList(items=items, next=encode(items[-1]) if len(events) > limit else None))
