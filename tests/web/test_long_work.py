"""Files are read in processes of their own: meanwhile no request keeps a connection, and no more than two run."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.db import Conn
from app.exchange.jobs import run_waiting_imports
from app.sheets.isolated import in_turn
from tests.harness import BoundDatabase, SettableClock
from tests.rosters import DATA

ClientAs = Callable[..., Awaitable[httpx.AsyncClient]]


class Counting(BoundDatabase):
    """Counts the connections that are out at this moment."""

    out = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        self.out += 1
        try:
            async with super().transaction() as conn:
                yield conn
        finally:
            self.out -= 1

    reading = transaction


@pytest.fixture
def counting(app: FastAPI, conn: Conn) -> Counting:
    app.state.database = Counting(conn)
    database: Counting = app.state.database
    return database


def watched(monkeypatch: pytest.MonkeyPatch, module: str, name: str, counting: Counting) -> list[int]:
    """How many connections were out each time the child process was started."""
    import importlib

    home = importlib.import_module(module)
    real, seen = getattr(home, name), []

    def watch(*given: Any) -> Any:
        seen.append(counting.out)
        return real(*given)

    monkeypatch.setattr(home, name, watch)
    return seen


async def test_annotating_a_workbook_holds_no_connection(
    client_as: ClientAs, counting: Counting, app: FastAPI, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await client_as("officer")
    sample = (DATA / "roster-sample.xlsx").read_bytes()
    here = (await officer.post("/imports", files={"file": ("名册.xlsx", sample)})).headers["location"]
    await run_waiting_imports(counting, app.state.files, at=clock.now())
    seen = watched(monkeypatch, "app.web.annotated", "annotate_isolated", counting)
    assert (await officer.get(f"{here}/annotated.xlsx")).content.startswith(b"PK")
    assert seen == [0]


async def test_a_workbook_that_has_gone_is_told_in_a_sentence(
    client_as: ClientAs, counting: Counting, app: FastAPI, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer = await client_as("officer")
    sample = (DATA / "roster-sample.xlsx").read_bytes()
    here = (await officer.post("/imports", files={"file": ("名册.xlsx", sample)})).headers["location"]
    await run_waiting_imports(counting, app.state.files, at=clock.now())
    for kept in app.state.files.root.rglob("*"):
        if kept.is_file():
            kept.write_bytes(b"PK\x03\x04")
    answer = await officer.get(f"{here}/annotated.xlsx")
    assert answer.status_code == 409
    assert "损坏" in answer.text


async def test_looking_at_a_year_s_schedule_holds_no_connection(
    client_as: ClientAs, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await client_as("admin")
    seen = watched(monkeypatch, "app.web.admin.calendar_file", "read_isolated", counting)
    data = "日期,类型,名称\n2027-01-01,放假,元旦\n".encode()
    answer = await admin.post("/admin/calendar/preview", files={"file": ("2027.csv", data, "text/csv")})
    assert answer.status_code == 200
    assert seen == [0]


async def test_only_two_children_run_at_once_and_the_others_wait() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(answer: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return answer

    async with asyncio.timeout(20):
        assert await asyncio.gather(*(in_turn(work, n) for n in range(8))) == list(range(8))
    assert most == 2
