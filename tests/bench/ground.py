"""What is measured: a durable server of its own, a synthetic county, the real web process, a signed-in officer."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from sqlalchemy import make_url, text

from app.access.service import Account, add_user
from app.access.terms import Role
from app.clock import SystemClock
from app.commands.grants import WEB, WORKER, give_roles
from app.commands.migrate import migrate
from app.config import SEEDS
from app.db import Database, make_engine
from app.embedded import Server
from app.seeding.load import load_seeds
from app.seeding.synth import load_county
from app.vault import Vault
from tests.bench.client import Client

LOGIN, PASSWORD = "bench", "Celiang-2026-zhunque"
SECRET = "for measuring only, and long enough to be a key"
_START_SECONDS = 60


def as_role(url: str, role: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


@dataclass(frozen=True)
class County:
    url: str
    firms: int
    seconds: float  # that synthesising took

    @property
    def site_url(self) -> str:
        """As the site signs in: it pays for the policies, and what it is measured beside does not."""
        return as_role(self.url, WEB)

    @property
    def worker_url(self) -> str:
        """As jobs and commands sign in, which the site's role may not do."""
        return as_role(self.url, WORKER)


async def build_county(server: Server, name: str, firms: int) -> County:
    engine = make_engine(server.url("postgres"), pool_size=1, isolation_level="AUTOCOMMIT")
    async with engine.connect() as conn:
        await conn.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    await engine.dispose()
    database = Database(server.url(name), pool_size=4, keys=keys)
    at = SystemClock().now()
    try:
        await migrate(database)
        await load_seeds(database, SEEDS / "kaiping", at=at)
        began = time.monotonic()
        await load_county(database, firms=firms, at=at, cheap=True)
        took = time.monotonic() - began
        async with database.transaction() as conn:
            account = Account(LOGIN, "测量专员", Role.OFFICER, "440783", "测量")
            await add_user(conn, account, password=PASSWORD, must_change=False, at=at)
            # The plans of a database that has been up for a while.
            await conn.execute(text("ANALYZE"))
            await give_roles(conn)
        async with database.reading() as conn:
            await conn.execute(text("CHECKPOINT"))
    finally:
        await database.dispose()
    return County(server.url(name), firms, took)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def keys() -> Vault:
    """What the site under measurement seals with."""
    return Vault([SECRET])


def environment(url: str, data: Path, port: int) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TIDU_")}
    if kept.pop("PYTHONDONTWRITEBYTECODE", ""):  # an installation has its bytecode, and starts in half the time
        kept["PYTHONPYCACHEPREFIX"] = str(data / "bytecode")
    return kept | {
        "TIDU_DATABASE_URL": url,
        "TIDU_DATA": str(data),
        "TIDU_SECRET_KEY": SECRET,
        "TIDU_BASE_URL": f"http://127.0.0.1:{port}",
        "TIDU_REQUESTS_A_MINUTE": "0",  # few accounts stand for a county here
    }


@dataclass(frozen=True)
class Site:
    port: int
    process: subprocess.Popen[bytes]

    def memory(self) -> int:
        """Bytes that the process and its children hold."""
        process = psutil.Process(self.process.pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))


@contextmanager
def serving(command: list[str], port: int, env: dict[str, str]) -> Iterator[Site]:
    process = subprocess.Popen([sys.executable, "-m", *command], env=env)
    try:
        _wait_for(port, process)
        yield Site(port, process)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"网站进程没有启动，退出码 {process.returncode}。")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("网站进程一分钟内没有启动。")


async def sign_in(port: int) -> str:
    """The session's cookie, from the real form."""
    async with Client(port) as client:
        answer = await client.post("/sign-in", {"login": LOGIN, "password": PASSWORD})
    assert answer.status == 303, answer
    return answer.header("set-cookie").removeprefix("tidu=").split(";")[0]


@asynccontextmanager
async def clients(port: int, count: int, *, cookie: str = "") -> AsyncIterator[list[Client]]:
    opened = [Client(port, cookie=cookie) for _ in range(count)]
    await asyncio.gather(*(client.__aenter__() for client in opened))
    try:
        yield opened
    finally:
        await asyncio.gather(*(client.__aexit__() for client in opened))
