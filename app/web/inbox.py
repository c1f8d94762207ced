"""消息: what the signed-in person was told in the house. Reading it changes nothing; its buttons do."""

import uuid
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.audit.paging import decode, encode
from app.outbox import service
from app.outbox.queries import PAGE, inbox
from app.web.deps import ClockDep, ConnDep, LookupDep, acting, guard
from app.web.htmx import see_other
from app.web.message_words import link, words
from app.web.routing import Router
from app.web.templating import page

router = Router()
Self = Annotated[Actor, Depends(acting(Permission.SELF))]


@router.get("/inbox")
async def inbox_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.SELF))],
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Context: `messages` [(Message, its words, what the way to its page is called)], `until`, `next_href`."""
    found = await inbox(conn, viewer.id, after=decode(cursor) if cursor else None)
    shown = found[:PAGE]
    context: dict[str, Any] = {
        "messages": [(m, words(m, lookup), link(m)[1]) for m in shown],
        "until": encode(shown[0]) if shown else "",
        "next_href": f"/inbox?{urlencode({'cursor': encode(shown[-1])})}" if len(found) > PAGE else None,
    }
    return page(request, "account/inbox.html", title="消息", **context)


@router.post("/inbox/{message_id}/open")
async def open_message(
    request: Request, message_id: uuid.UUID, conn: ConnDep, clock: ClockDep, actor: Self
) -> Response:
    """Read, and on to the page it is about."""
    message = await service.mark_read(conn, message_id, reader=actor.viewer.id, at=clock.now())
    return see_other(request, link(message)[0] or "/inbox")


@router.post("/inbox/read")
async def read_all(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    actor: Self,
    until: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    await service.mark_all_read(conn, reader=actor.viewer.id, until=decode(until), at=clock.now())
    return see_other(request, "/inbox", "已全部标为已读")
