"""Who waits for a connection waits as long as others are answered, and no longer than that behind a silent database."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from app.turns import Turns

PATIENCE = 0.1


class Connection:
    """Comes when it is `free`; `stubborn` ones come all the same when nobody waits any more."""

    def __init__(self, *, free=False, stubborn=False):
        self.free, self.stubborn, self.open = asyncio.Event(), stubborn, False
        if free:
            self.free.set()

    async def start(self):
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            if not self.stubborn:
                raise
        self.open = True

    async def close(self):
        self.open = False


async def held(line, connection):
    async with line.connected(connection):
        return connection.open


async def answered(line):
    await held(line, Connection(free=True))


def turns(taken):
    return Turns(SimpleNamespace(pool=SimpleNamespace(checkedout=lambda: taken)), 4, patience=PATIENCE)


async def test_while_one_is_left_nobody_is_in_line():
    connection = Connection(free=True)
    async with turns(3).connected(connection):
        assert connection.open
    assert not connection.open


async def test_while_others_are_answered_ones_turn_comes_however_long_it_takes():
    line, connection, began = turns(4), Connection(), time.monotonic()
    waiting = asyncio.create_task(held(line, connection))
    while time.monotonic() - began < 4 * PATIENCE:
        await answered(line)
        await asyncio.sleep(PATIENCE / 4)
    assert not waiting.done()
    connection.free.set()
    assert await waiting


@pytest.mark.parametrize("stubborn", [False, True])
async def test_behind_a_silent_database_one_is_told_so_and_holds_nothing(stubborn):
    line, connection, began = turns(4), Connection(stubborn=stubborn), time.monotonic()
    with pytest.raises(TimeoutError):
        await held(line, connection)
    assert PATIENCE <= time.monotonic() - began < 10 * PATIENCE
    assert not connection.open


async def test_who_leaves_the_line_holds_nothing_either():
    line, connection = turns(4), Connection(stubborn=True)
    waiting = asyncio.create_task(held(line, connection))
    await asyncio.sleep(PATIENCE / 4)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not connection.open
