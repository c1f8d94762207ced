"""Answers made after the route has returned, when the request's connection has been given back."""

from collections.abc import Awaitable, Callable

from fastapi import Response
from starlette.types import Receive, Scope, Send


class Later(Response):
    """For work that takes seconds in another process: it must not keep a connection waiting meanwhile.

    What `make` raises is answered like what a route raises.
    """

    def __init__(self, make: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._make()
        await answer(scope, receive, send)
