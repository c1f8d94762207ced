"""What a program does to the house: done once for its key, and answered the same when it asks again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from typing import Annotated, ParamSpec

from fastapi import Depends, Request, Response

from app.access.terms import Actor, Permission, Viewer
from app.clock import business_day
from app.db import Conn
from app.web.deps import ConnDep, acting
from app.web.idempotency import RequestKey, key_of, once

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Deed:
    conn: Conn
    by: Actor
    at: datetime
    key: RequestKey

    @property
    def viewer(self) -> Viewer:
        return self.by.viewer

    @property
    def today(self) -> date:
        return business_day(self.at)


def doing(permission: Permission) -> Callable[..., Awaitable[Deed]]:
    async def deed(request: Request, conn: ConnDep, by: Annotated[Actor, Depends(acting(permission))]) -> Deed:
        return Deed(conn, by, request.app.state.clock.now(), await key_of(request))

    return deed


def once_only(act: Callable[P, Awaitable[Response]]) -> Callable[P, Awaitable[Response]]:
    """For a route that is given a `deed`. What comes again gets the first answer before anything else is looked at: an
    If-Match, above all, is an old one because of that first time."""

    @wraps(act)
    async def asked(*args: P.args, **given: P.kwargs) -> Response:
        deed = given["deed"]
        assert isinstance(deed, Deed)
        async with once(deed.conn, deed.key, viewer=deed.viewer, at=deed.at) as slot:
            if slot.replayed is not None:
                return slot.replayed
            return slot.keep(await act(*args, **given))

    return asked
