"""Whose turn it is when every connection is taken."""

import asyncio
import time
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.stopping import end

C = TypeVar("C", bound=AsyncConnection)


class Turns:
    """While others are answered one's own turn will come, and one waits for it. Behind those whom nobody answers it
    will not: after `patience` seconds without a word from the database, whoever waits is told so."""

    def __init__(self, engine: AsyncEngine, size: int, *, patience: float) -> None:
        self._engine, self._size, self._patience, self._heard = engine, size, patience, 0.0

    def heard(self) -> None:
        self._heard = time.monotonic()

    def connected(self, connection: C) -> "_Turn[C]":
        """Opens it in its turn and puts it back. Raises TimeoutError."""
        return _Turn(self, connection)

    async def take(self, connection: AsyncConnection) -> None:
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


class _Turn(Generic[C]):
    """Every page takes one: a class, which costs half of what a generator does."""

    __slots__ = ("_connection", "_turns")

    def __init__(self, turns: Turns, connection: C) -> None:
        self._turns, self._connection = turns, connection

    async def __aenter__(self) -> C:
        await self._turns.take(self._connection)
        return self._connection

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._turns.heard()
        # Straight back into the pool: no transaction is left to end, so nothing here can be interrupted.
        await self._connection.close()
