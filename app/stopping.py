"""Ending what runs beside us."""

import asyncio
from typing import Any


async def end(task: asyncio.Task[Any], *, patience: float = 1.0) -> None:
    """Cancels until it is done: whose answer comes at the very moment keeps the cancelling to itself (asyncpg does)."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=patience)
