"""Needs: raised, given to somebody, followed step by step, closed with what came of them."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select, update

from app.access.terms import Actor
from app.db import Conn, new_id
from app.errors import Conflict, NotFound, Stale
from app.firms.locking import as_it_stands
from app.firms.service import refuse_merged
from app.firms.terms import FirmDetail
from app.work.mentions import mention
from app.work.models import FirmNeed, NeedFollowUp
from app.work.recording import tell, tell_followers, trace
from app.work.terms import NeedKind, NeedState, Raised, Told, Written


async def raise_need(
    conn: Conn,
    firm: FirmDetail,
    raised: Raised,
    *,
    raised_on: date,
    by: Actor,
    at: datetime,
    visit_id: uuid.UUID | None = None,
) -> Written:
    """Without an officer it is with whoever writes it down. Whoever follows the firm hears of it."""
    refuse_merged(firm if visit_id else await as_it_stands(conn, firm))  # a visit holds the firm already
    need_id, officer_id = new_id(), raised.officer_id or by.viewer.id
    row = {
        "id": need_id,
        "firm_id": firm.id,
        "visit_id": visit_id,
        "kind": raised.kind.value,
        "body": raised.body,
        "raised_on": raised_on,
        "due_on": raised.due_on,
        "officer_id": officer_id,
        "author_id": by.viewer.id,
        "author_name": by.viewer.name,
        "logged_at": at,
    }
    await conn.execute(insert(FirmNeed).values(row))
    await trace(conn, firm, "need:raised", {"need": raised.kind.label, "said": raised.body}, by=by, at=at)
    await tell(conn, firm, [(officer_id, f"{need_id}:1", f"{raised.kind.label}诉求")], by=by, at=at)
    page, said = f"/firms/{firm.uscc}/needs/{need_id}", f"提了{raised.kind.label}诉求"
    know = (by.viewer.id, officer_id)
    await tell_followers(conn, firm, said, key=str(need_id), page=page, know=know, at=at)
    return Written(need_id, await mention(conn, firm, raised.body, what="诉求", key=need_id, page=page, by=by, at=at))


async def follow_need(
    conn: Conn,
    firm: FirmDetail,
    need_id: uuid.UUID,
    *,
    body: str,
    officer_id: uuid.UUID | None,
    due_on: date | None,
    by: Actor,
    at: datetime,
) -> Told:
    """What was done for it; perhaps it goes on with somebody else, or until another day."""
    need = await _open(conn, firm, need_id)
    step_id, page = new_id(), f"/firms/{firm.uscc}/needs/{need_id}"
    row = {"id": step_id, "need_id": need_id, "at": at, "author_id": by.viewer.id, "author_name": by.viewer.name}
    await conn.execute(insert(NeedFollowUp).values(**row, body=body))
    await _write(conn, need_id, {"officer_id": officer_id or need["officer_id"], "due_on": due_on})
    await trace(conn, firm, "need:followed", {"need": need["label"], "said": body}, by=by, at=at)
    if officer_id and officer_id != need["officer_id"]:
        given = (officer_id, f"{need_id}:{need['row_version'] + 1}", f"{need['label']}诉求")
        await tell(conn, firm, [given], by=by, at=at)
    return await mention(conn, firm, body, what="诉求", key=step_id, page=page, by=by, at=at)


async def close_need(
    conn: Conn,
    firm: FirmDetail,
    need_id: uuid.UUID,
    *,
    state: NeedState,
    answer: str,
    version: int,
    by: Actor,
    at: datetime,
) -> None:
    """Raises Stale when somebody has followed it since it was read: there may be news in it."""
    need = await _open(conn, firm, need_id)
    if need["row_version"] != version:
        raise Stale("这条诉求刚有新的办理记录，请看过再结。")
    closing = {"state": state.value, "answer": answer, "closed_at": at, "closer_name": by.viewer.name}
    await _write(conn, need_id, closing)
    said = {"need": need["label"], "state": state.label, "said": answer}
    await trace(conn, firm, "need:closed", said, by=by, at=at)


async def _open(conn: Conn, firm: FirmDetail, need_id: uuid.UUID) -> dict[str, Any]:
    query = select(FirmNeed.__table__).where(FirmNeed.id == need_id, FirmNeed.firm_id == firm.id).with_for_update()
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFound
    if row["state"] != NeedState.OPEN:
        raise Conflict(f"这条诉求{NeedState(row['state']).label}，不能再办；企业再提时另记一条。")
    return {**row, "label": NeedKind(row["kind"]).label}


async def _write(conn: Conn, need_id: uuid.UUID, values: dict[str, Any]) -> None:
    done = {**values, "row_version": FirmNeed.row_version + 1}
    await conn.execute(update(FirmNeed).where(FirmNeed.id == need_id).values(done))
