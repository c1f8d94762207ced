"""Word to those whom a bulk act has given something: one line each, however many firms."""

import uuid
from datetime import datetime

from sqlalchemy import func, select

from app.access.terms import Actor
from app.bulk.models import BulkLine
from app.bulk.queries import Act
from app.bulk.terms import BulkKind, LineOutcome
from app.db import Conn
from app.outbox.writing import notice, post


async def tell(conn: Conn, act: Act, *, by: Actor, at: datetime) -> None:
    given = await _given(conn, act)
    given.pop(by.viewer.id, None)  # what one gives oneself is no news
    rows = [
        notice("work_given", f"bulk:{act.id}", to=whom, subject=_said(act, by, n), at=at, page=_page(act, whom))
        for whom, n in given.items()
    ]
    await post(conn, *rows)


def _said(act: Act, by: Actor, n: int) -> str:
    if act.kind is BulkKind.TASK:
        return f"{by.viewer.name} 交给您 {n} 家企业的待办：{act.change.title}（{act.change.on} 前）"
    return f"{by.viewer.name} 把 {n} 家企业交给您负责"


def _page(act: Act, whom: uuid.UUID) -> str:
    return "/work" if act.kind is BulkKind.TASK else f"/firms?officer={whom}"


async def _given(conn: Conn, act: Act) -> dict[uuid.UUID, int]:
    """How many firms each of them was given."""
    if act.kind not in (BulkKind.TASK, BulkKind.OFFICER):
        return {}
    whom = BulkLine.undo["officer"].astext
    done = (BulkLine.act_id == act.id) & (BulkLine.outcome == LineOutcome.DONE.value)
    if act.kind is BulkKind.OFFICER:
        n = (await conn.execute(select(func.count()).where(done))).scalar_one()
        return {act.change.person.id: n} if act.change.person and n else {}
    query = select(whom, func.count()).where(done).group_by(whom)
    return {uuid.UUID(who): n for who, n in await conn.execute(query) if who}
