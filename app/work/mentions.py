"""@姓名: a colleague who is named in what one writes about a firm hears of it, if the firm is theirs to see."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.access.models import User
from app.access.terms import Actor
from app.db import Conn
from app.firms.following import colleague_of_firm
from app.firms.models import Firm
from app.firms.terms import FirmDetail
from app.outbox.writing import notice, post
from app.work.rules import calls_somebody, named_in
from app.work.terms import NOBODY, Told

_SHOWN = 60


async def mention(
    conn: Conn, firm: FirmDetail, words: str, *, what: str, key: uuid.UUID, page: str, by: Actor, at: datetime
) -> Told:
    """Whom it told, and who was named in vain: there is nobody of that name, or the firm is out of their sight."""
    if not calls_somebody(words):
        return NOBODY
    people: dict[str, set[uuid.UUID]] = {}
    for user_id, name, login in await _colleagues(conn, firm):
        people.setdefault(name, set()).add(user_id)
        people.setdefault(login, set()).add(user_id)
    named = named_in(words, people)
    said = words if len(words) <= _SHOWN else words[:_SHOWN] + "…"
    subject = f"{by.viewer.name} 在 {firm.name} 的{what}里提到您：{said}"
    whom = {user_id for name in named.names for user_id in people[name]} - {by.viewer.id}
    rows = [notice("mentioned", str(key), to=i, subject=subject, at=at, page=page) for i in sorted(whom)]
    await post(conn, *rows)
    return Told(tuple(name for name in named.names if people[name] & whom), named.unknown)


async def _colleagues(conn: Conn, firm: FirmDetail) -> list[Any]:
    query = select(User.id, User.name, User.login).join(Firm, Firm.id == firm.id).where(colleague_of_firm())
    return list((await conn.execute(query)).all())
