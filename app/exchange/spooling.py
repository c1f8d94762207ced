"""A file that is written at the database's pace and read at the reader's: the slow hold nobody up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakKeyDictionary

PIECE = 1 << 16


class Spool:
    """One task puts bytes in and ends it; another takes them out, also while they are still coming."""

    def __init__(self, path: Path) -> None:
        self._into, self._out = path.open("wb"), path.open("rb")
        self._held, self._written, self._ended = bytearray(), 0, False
        self._news = asyncio.Event()

    async def put(self, data: bytes) -> None:
        self._held += data
        if len(self._held) >= PIECE:
            await self.flush()

    async def flush(self) -> None:
        data, self._held = self._held, bytearray()
        await asyncio.to_thread(self._write, data)
        self._written += len(data)
        self._news.set()

    def _write(self, data: bytearray) -> None:
        self._into.write(data)
        self._into.flush()

    def end(self) -> None:
        self._ended = True
        self._news.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        taken = 0
        while True:
            self._news.clear()
            if taken < self._written:
                chunk = await asyncio.to_thread(self._out.read, PIECE)
                taken += len(chunk)
                yield chunk
            elif self._ended:
                return
            else:
                await self._news.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._into.close()
        self._out.close()


class Turns:
    """At most so many at once; whoever comes later waits. Every event loop counts for itself."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._of: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    def turn(self) -> asyncio.Semaphore:
        return self._of.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._most))
