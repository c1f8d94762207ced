"""For whom a connection looks: the policies on the tables show a role that does not own them nothing else.

A forgotten `visible_to` so shows nothing it should not. Migration 0250 has the policies; where nobody is told, nothing
that belongs to a firm is seen.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import Uuid

from app.access.terms import Viewer
from app.db import Conn, Database
from app.statements import Kept


def look_as(role: Any, scope: Any, firm: Any, carrier: Any) -> Any:
    return func.look_as(role, scope, firm, carrier, bindparam("lasting")).label("looks")


_HIDDEN = text(
    "SELECT relname FROM pg_class c WHERE relrowsecurity AND relnamespace = 'public'::regnamespace "
    "AND row_security_active(c.oid) AND NOT EXISTS (SELECT FROM pg_policy p, unnest(polroles) role "
    "WHERE polrelid = c.oid AND polname = 'worker' AND pg_has_role(role, 'USAGE')) ORDER BY relname"
)
_LOOK = Kept(
    select(
        look_as(
            bindparam("role", type_=Text()),
            bindparam("scope", type_=Text()),
            bindparam("firm", type_=Uuid()),
            bindparam("carrier", type_=Uuid()),
        )
    ),
    looks=True,
)
_EVERYTHING = "tidu.everything"
_BEFORE = Kept(select(func.coalesce(func.current_setting(_EVERYTHING, True), "")))
_SET = Kept(
    select(func.set_config(_EVERYTHING, bindparam("value", type_=Text()), bindparam("local"))),
    looks=True,
)


async def look_for(conn: Conn, viewer: Viewer) -> None:
    """For what is done for somebody on a connection that they did not come in by."""
    given = {"role": viewer.role.value, "scope": viewer.scope, "firm": viewer.firm_id, "carrier": viewer.carrier_id}
    await conn.execute(_LOOK, {**given, "lasting": conn.lasting})


class SeenBy(Database):
    """The same house for somebody's work after their request has given its connection back."""

    def __init__(self, house: Database, viewer: Viewer) -> None:
        self._house, self._viewer = house, viewer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        async with self._house.transaction() as conn:
            await look_for(conn, self._viewer)
            yield conn

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conn]:
        async with self._house.reading() as conn:
            await look_for(conn, self._viewer)
            yield conn


@asynccontextmanager
async def beyond_sight(conn: Conn) -> AsyncIterator[None]:
    """For the few acts that must know more than whoever acts may be shown, and tell them nothing of it: whether a room
    is free, whom to write to, whose an invitation is. The only way past the policies.
    """
    before = (await conn.execute(_BEFORE)).scalar_one()
    await conn.execute(_SET, {"value": "t", "local": not conn.lasting})
    back = {"value": before, "local": not conn.lasting}
    try:
        yield
    except BaseException:
        # Of a transaction that is broken already nothing will stay, and a session that is lost cannot be told: neither
        # is what went wrong.
        with suppress(SQLAlchemyError):
            await conn.execute(_SET, back)
        raise
    await conn.execute(_SET, back)


async def hidden_tables(conn: Conn) -> Sequence[str]:
    """Tables whose firms this role is shown only as somebody's: none for the owner, nor for a worker that has been
    granted what it needs."""
    return (await conn.execute(_HIDDEN)).scalars().all()
