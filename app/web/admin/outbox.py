"""发件箱: the delivery log, and sending again what did not arrive."""

import uuid
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.audit.paging import decode, encode
from app.audit.service import event_row, record
from app.outbox.queries import PAGE, backlog, messages, state_counts
from app.outbox.service import retry, retry_dead
from app.outbox.terms import MessageState
from app.web.deps import ClockDep, ConnDep, acting, guard
from app.web.htmx import see_other
from app.web.routing import Router
from app.web.templating import page

router = Router()
_LATE = timedelta(minutes=10)


@router.get("/admin/outbox")
async def outbox_page(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    _: Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))],
    state: Annotated[str, Query(max_length=20)] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Context: `states` [(value, label, count, href, chosen)] with "" for all, `messages` [Message], `next_href`."""
    chosen = next((s for s in MessageState if s.value == state), None)
    found = await messages(conn, state=chosen, after=decode(cursor) if cursor else None)
    shown = found[:PAGE]
    counts = await state_counts(conn)
    states = [("", "全部", sum(counts.values()), "/admin/outbox", chosen is None)]
    states += [(s.value, s.label, n, f"/admin/outbox?state={s.value}", s is chosen) for s, n in counts.items()]
    more = {"state": chosen.value} if chosen else {}
    context: dict[str, Any] = {
        "states": states,
        "messages": shown,
        "backlog": await backlog(conn, before=clock.now() - _LATE),
        "dead": counts[MessageState.DEAD],
        "next_href": f"/admin/outbox?{urlencode(more | {'cursor': encode(shown[-1])})}" if len(found) > PAGE else None,
    }
    return page(request, "admin/outbox.html", title="发件箱", **context)


@router.post("/admin/outbox/{message_id}/retry")
async def retry_message(
    request: Request,
    message_id: uuid.UUID,
    conn: ConnDep,
    clock: ClockDep,
    actor: Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))],
) -> Response:
    at = clock.now()
    message = await retry(conn, message_id, at=at)
    retried = event_row("outbox:message:retried", by=actor, at=at, object_type="message", object_id=message.id)
    await record(conn, retried)
    return see_other(request, "/admin/outbox", "已重新排队，几秒内再发")


@router.post("/admin/outbox/retry-dead")
async def retry_all(
    request: Request, conn: ConnDep, clock: ClockDep, actor: Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))]
) -> Response:
    at = clock.now()
    count = await retry_dead(conn, at=at)
    after = {"messages": count}
    retried = event_row("outbox:message:retried", by=actor, at=at, object_type="outbox", object_id="dead", after=after)
    await record(conn, retried)
    return see_other(request, "/admin/outbox", f"{count} 条消息已重新排队" if count else "没有发送失败的消息")
