"""Whose turn it is when every connection is taken."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.stopping import end

C = TypeVar("C", bound=AsyncConnection)


class Turns:
    """While others are answered one's own turn will come, and one waits for it. Behind those whom nobody answers it
    will not: after `patience` seconds without a word from the database, whoever waits is told so."""

    def __init__(self, engine: AsyncEngine, size: int, *, patience: float) -> None:
        self._engine, self._size, self._patience, self._heard = engine, size, patience, 0.0

    @asynccontextmanager
    async def connected(self, connection: C) -> AsyncIterator[C]:
        """Opens it in its turn and puts it back. Raises TimeoutError."""
        await self._take(connection)
        try:
            yield connection
            self._heard = time.monotonic()
        finally:
            # Straight back into the pool: no transaction is left to end, so nothing here can be interrupted.
            await connection.close()

    async def _take(self, connection: AsyncConnection) -> None:
        pool: Any = self._engine.pool
        if pool.checkedout() < self._size:
            await connection.start()
            return
        starting, began = asyncio.ensure_future(connection.start()), time.monotonic()
        try:
            while not (await asyncio.wait([starting], timeout=min(1, self._patience)))[0]:
                if time.monotonic() - max(began, self._heard) > self._patience:
                    raise TimeoutError
            await starting
        except BaseException:
            await end(starting)
            if not starting.cancelled() and starting.exception() is None:
                await connection.close()
            raise
