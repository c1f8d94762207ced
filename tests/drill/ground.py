"""What every drill stands on: a server of its own, processes that are killed and come again, a database with faults.

Loopback only; ends only what it started, by its process id.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import text

from app.config import ROOT
from app.db import Database
from app.embedded import Server


def told(sentence: str) -> None:
    print(sentence, flush=True)


class Hired:
    """A process of the house that comes again after every kill."""

    def __init__(self, name: str, command: list[str], env: Mapping[str, str], directory: Path) -> None:
        self.name, self._command, self._env, self._directory = name, command, env, directory
        self._process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        with (self._directory / f"{self.name}-{self.starts}.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._command],
                env=dict(self._env),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def send(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def dismiss(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()


class Ground:
    """The drill's own PostgreSQL, and what can befall it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def postmaster(self) -> int:
        return int((self._server.places.cluster / "postmaster.pid").read_text().split()[0])

    def strike(self, sign: signal.Signals) -> None:
        """SIGQUIT: at once and without goodbyes, as when the machine is reset. SIGKILL: its children find out."""
        os.kill(self.postmaster, sign)

    def bring_back(self) -> None:
        for _ in range(300):
            with suppress(Exception):
                if self._server.ensure():
                    return
            time.sleep(0.1)
        raise RuntimeError("the database did not come back")

    def freeze(self, seconds: float) -> None:
        """Connected and silent, as behind a network that swallows everything."""
        master = psutil.Process(self.postmaster)
        family = [master, *master.children()]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        time.sleep(seconds)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    async def ask(self, statement: str, **values: Any) -> list[Any]:
        database = Database(self._server.url(), pool_size=1)
        try:
            async with database.reading() as conn:
                return list((await conn.execute(text(statement), values)).all())
        finally:
            await database.dispose()

    async def until_it_answers(self) -> None:
        async with asyncio.timeout(120):
            while True:
                with suppress(Exception):
                    await self.ask("SELECT 1")
                    return
                await asyncio.sleep(0.05)
