"""@姓名: a colleague who is named in what one writes about a firm hears of it, if the firm is theirs to see."""

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.access.models import User
from app.access.terms import Actor, Role, Viewer
from app.db import Conn
from app.firms.following import colleague_of_firm
from app.firms.models import Firm
from app.firms.terms import FirmDetail
from app.outbox.writing import notice, post
from app.work.rules import calls_somebody, named_in
from app.work.terms import NOBODY, Told

_SHOWN = 60
MOST = 300


@dataclass(frozen=True, slots=True)
class Colleague:
    call: str  # what is written behind the "@": the name, or the login where two have the same name
    name: str
    role: Role
    unit: str


async def mention(
    conn: Conn, firm: FirmDetail, words: str, *, what: str, key: uuid.UUID, page: str, by: Actor, at: datetime
) -> Told:
    """Whom it told, and who was named in vain: there is nobody of that name, or the firm is out of their sight."""
    if not calls_somebody(words):
        return NOBODY
    people: dict[str, set[uuid.UUID]] = {}
    for user_id, name, login, *_ in await _colleagues(conn, firm):
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
    people = select(User.id, User.name, User.login, User.role, User.unit).join(Firm, Firm.id == firm.id)
    return list((await conn.execute(people.where(colleague_of_firm()).order_by(User.name, User.login))).all())


async def colleagues(conn: Conn, firm: FirmDetail, *, viewer: Viewer) -> list[Colleague]:
    """Whom one can call on in what one writes about the firm; oneself is not among them."""
    people = await _colleagues(conn, firm)
    named = Counter(name for _, name, *_ in people)
    return [
        Colleague(name if named[name] == 1 else login, name, Role(role), unit)
        for user_id, name, login, role, unit in people
        if user_id != viewer.id
    ][:MOST]
