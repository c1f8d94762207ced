"""A second person is another person, not only another account."""

import uuid
from datetime import datetime, timedelta

from app.access.queries import handled_by
from app.access.terms import Actor
from app.db import Conn
from app.errors import Forbidden

IN_HAND = timedelta(days=30)  # so long an account is no second person for whoever opened it or reset its password


async def must_be_in_other_hands(
    conn: Conn, people: frozenset[uuid.UUID], *, whose: str, by: Actor, at: datetime
) -> None:
    """Raises Forbidden while the account is still in the hand of one of `people`; that it is none of theirs is the
    caller's to see."""
    if name := await handled_by(conn, by.viewer.id, people, since=at - IN_HAND):
        raise Forbidden(
            f"您的账号和{whose}的账号，{IN_HAND.days} 天之内都经过{name}的手（开通或重设口令）；请另一个人来办。"
        )
