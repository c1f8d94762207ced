"""The delivery log over JSON. Who does not run the system sees what was addressed to them."""

import uuid
from typing import Annotated

from fastapi import Depends, Query, Response

from app.access.terms import Permission, Viewer
from app.audit.paging import decode, encode
from app.audit.service import event_row, record
from app.outbox.queries import Message, messages
from app.outbox.service import retry
from app.outbox.terms import MessageState
from app.web.api.answers import answer, part
from app.web.api.deeds import Deed, doing, once_only
from app.web.api.openapi import KEYED
from app.web.api.schemas import MessageList, MessageOut
from app.web.deps import ConnDep, LookupDep, guard
from app.web.lookups import Lookup
from app.web.message_words import words

router = part("发件箱", "/outbox")


@router.get("", response_model=MessageList, summary="消息列表")
async def list_messages(
    conn: ConnDep,
    lookup: LookupDep,
    viewer: Annotated[Viewer, Depends(guard(Permission.OUTBOX_READ))],
    state: Annotated[MessageState | None, Query(description="pending、sent、dead；缺省为全部")] = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    found = await messages(
        conn,
        state=state,
        recipient=None if viewer.may(Permission.SETTING_ADMIN) else viewer.id,
        after=decode(cursor) if cursor else None,
        limit=limit,
    )
    shown = found[:limit]
    following = encode(shown[-1]) if len(found) > limit else None
    return answer(MessageList(items=[_out(m, viewer, lookup) for m in shown], next=following))


@router.post("/{message_id}/retry", response_model=MessageOut, summary="重发", openapi_extra=KEYED)
@once_only
async def retry_message(
    message_id: uuid.UUID, deed: Annotated[Deed, Depends(doing(Permission.SETTING_ADMIN))], lookup: LookupDep
) -> Response:
    message = await retry(deed.conn, message_id, at=deed.at)
    retried = event_row("outbox:message:retried", by=deed.by, at=deed.at, object_type="message", object_id=message.id)
    await record(deed.conn, retried)
    return answer(_out(message, deed.viewer, lookup))


def _out(message: Message, viewer: Viewer, lookup: Lookup) -> MessageOut:
    return MessageOut(
        id=message.id,
        kind=message.kind,
        channel=message.channel.value,
        state=message.state.value,
        attempts=message.attempts,
        answer=message.answer,
        # Who runs the system sees that a message left, and not what it told somebody about a firm.
        says=words(message, lookup) if message.user_id == viewer.id else None,
        created_at=message.created_at,
        sent_at=message.sent_at,
    )
