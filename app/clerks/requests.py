"""Asking for an account with nothing but a credit code, and an officer's answer."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from app.access.terms import Actor, Origin, Role, Viewer
from app.audit.service import event_row, record
from app.clerks.invitations import invite
from app.clerks.models import ClerkRequest
from app.clerks.queries import request_by_id
from app.clerks.terms import ASKED_AN_HOUR, Application, Asked, AskedState, Request
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Refused
from app.firms.models import WHOLE_MARK
from app.firms.queries import firm_by_uscc
from app.firms.terms import FirmDetail
from app.sealed import UNREADABLE, whole_marks
from app.sealed import seal as seal_text


async def ask(conn: Conn, said: Application, *, origin: Origin, at: datetime) -> bool:
    """False when this address has asked too often. The same request again is taken and changes nothing.

    Whether the registry has the code is not looked at: so neither the answer nor the time it takes can tell.
    """
    since = at - timedelta(hours=1)
    query = select(func.count()).where(ClerkRequest.ip == origin.ip, ClerkRequest.created_at > since)
    if (await conn.execute(query)).scalar_one() >= ASKED_AN_HOUR:
        return False
    made, vault = new_id(), conn.vault
    row = {"id": made, "ip": origin.ip, "created_at": at, "uscc": said.uscc, "name": said.name}
    row |= {"email": seal_text(vault, "clerk_requests.email", made, said.email), "words": said.words}
    row |= {"phone": seal_text(vault, "clerk_requests.phone", made, said.phone)}
    # While another key takes over, the index tells the same address under the two apart.
    mark: Any = literal_column(WHOLE_MARK.format("email"))
    same = (ClerkRequest.uscc == said.uscc, ClerkRequest.state == AskedState.WAITING.value)
    held = select(ClerkRequest.id).where(*same, mark.in_(whole_marks(vault, said.email)))
    if (await conn.execute(held)).first() is not None:
        return True
    written = insert(ClerkRequest).values(row).on_conflict_do_nothing().returning(ClerkRequest.id)
    request_id = (await conn.execute(written)).scalar_one_or_none()
    if request_id is not None:
        stranger = Actor(Viewer(uuid.UUID(int=0), "", said.name, Role.FIRM), origin)
        asked = event_row(
            "clerk:request:received",
            by=stranger,
            at=at,
            object_type="clerk_request",
            object_id=request_id,
            object_label=said.uscc,
        )
        await record(conn, {**asked, "actor_role": ""})  # who it was is not known, so neither is the role
    return True


async def approve(
    conn: Conn, request_id: uuid.UUID, *, seal: Callable[[uuid.UUID], str], by: Actor, at: datetime
) -> FirmDetail:
    """The answer is an invitation to the address that asked. Raises NotFound, Conflict, Refused."""
    request = await _waiting(conn, request_id, by=by)
    if request.email == UNREADABLE:
        raise Refused("申请人的邮箱用现在的密钥打不开，邀请没有地方可发；请告诉系统管理员。")
    firm = await firm_by_uscc(conn, request.uscc, viewer=by.viewer)
    if firm is None:
        raise Refused(f"企业库里没有 {request.uscc}；核对后先在企业库新增这家企业，再同意。")
    await invite(conn, firm, Asked(request.name, request.email), seal=seal, by=by, at=at)
    await _decide(conn, request, AskedState.APPROVED, "", by=by, at=at)
    return firm


async def refuse(conn: Conn, request_id: uuid.UUID, *, reason: str, by: Actor, at: datetime) -> None:
    """Nobody is written to: an address that was typed by a stranger may be somebody else's."""
    request = await _waiting(conn, request_id, by=by)
    await _decide(conn, request, AskedState.REFUSED, reason, by=by, at=at)


async def _waiting(conn: Conn, request_id: uuid.UUID, *, by: Actor) -> Request:
    request = await request_by_id(conn, request_id, viewer=by.viewer)
    if request is None:
        raise NotFound
    if request.state is not AskedState.WAITING:
        raise Conflict("这个申请已经有人办了，请刷新后再看。")
    return request


async def _decide(conn: Conn, request: Request, state: AskedState, refusal: str, *, by: Actor, at: datetime) -> None:
    decided = {"state": state.value, "decided_at": at, "decided_by": by.viewer.id, "decider_name": by.viewer.name}
    await conn.execute(update(ClerkRequest).where(ClerkRequest.id == request.id).values(**decided, refusal=refusal))
    done = event_row(
        f"clerk:request:{state.value}",
        by=by,
        at=at,
        object_type="clerk_request",
        object_id=request.id,
        object_label=request.uscc,
        after={"name": request.name, "email": request.email, **({"reason": refusal} if refusal else {})},
    )
    await record(conn, done)
