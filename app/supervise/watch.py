import asyncio
import errno
import json
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from sqlalchemy import text

from app.config import Settings
from app.db import Database
from app.embedded import EmbeddedError, Server, start
from app.embedded.locks import FileLock
from app.embedded.processes import alive
from app.supervise.children import Child, end_leftovers, stop_all, write_record

log = logging.getLogger("tidu.up")
Prepare = Callable[[str], Coroutine[Any, Any, None]]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TICK_SECONDS = 0.2
_PULSE_SECONDS = 2.0
_HOST = "127.0.0.1"


def run(
    data: Path,
    port: int,
    *,
    commands: dict[str, list[str]],
    environment: dict[str, str],
    prepare: Prepare,
    roles: Mapping[str, str] | None = None,
) -> int:
    """Returns when told to stop (Ctrl-C, SIGTERM, a closed terminal), with everything it started ended.

    `roles`: as whom each program signs in, where the database is our own; else as its owner.
    """
    data = data.expanduser().resolve()
    address = f"http://{_HOST}:{port}"
    with _told_to_stop():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _only_one(data):
            record = data / "up.json"
            end_leftovers(record)
            _check_port(port)
            write_record(record, address, [])
            with _database(data) as (url, server):
                asyncio.run(prepare(url))
                given = os.environ | environment
                urls = {name: _url_as((roles or {}).get(name), url, server) for name in commands}
                children = [
                    Child(name, command, given | {"TIDU_DATABASE_URL": urls[name]})
                    for name, command in commands.items()
                ]
                _watch(children, server, lambda: write_record(record, address, children))
    return 0


def _url_as(role: str | None, url: str, server: Server | None) -> str:
    return server.url(role=role) if server and role else url


@contextmanager
def _told_to_stop() -> Iterator[None]:
    """The first signal ends the block in good order; those after it do not disturb that."""
    before = {each: signal.getsignal(each) for each in _SIGNALS}

    def stop(_: int, __: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    try:
        # Even where they were ignored, as for a program started in a script's background.
        for each in _SIGNALS:
            signal.signal(each, stop)
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    lock = FileLock(data / "up.lock")
    try:
        if not lock.take():
            raise EmbeddedError(_already_running(data))
        yield
    finally:
        lock.close()


def _already_running(data: Path) -> str:
    try:
        first = json.loads((data / "up.json").read_text(encoding="utf-8"))
        who = f"进程 {first['pid']}，{first['address']}" if alive(int(first["pid"])) else "正在启动"
    except (OSError, ValueError, KeyError, TypeError):
        who = "正在启动"
    return f"数据目录 {data} 已有一个 tidu up 在运行（{who}）：直接打开它，或先停掉它，或用 --data 另选目录。"


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise EmbeddedError(f"端口 {port} 不存在，请选 1 到 65535 之间的数。")
    with socket.socket() as endpoint:
        endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            endpoint.bind((_HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise EmbeddedError(f"没有权限使用端口 {port}，请用 --port 选一个 1024 以上的端口。") from error
            raise EmbeddedError(f"端口 {port} 已被别的程序占用，请停掉它，或用 --port 换一个端口。") from error


@contextmanager
def _database(data: Path) -> Iterator[tuple[str, Server | None]]:
    if given := Settings().database_url:
        asyncio.run(_check_reachable(given))
        yield given, None
        return
    with start(data) as server:
        yield server.url(), server


async def _check_reachable(url: str) -> None:
    try:
        database = Database(url, pool_size=1)
        try:
            async with database.reading() as conn:
                await conn.execute(text("SELECT 1"))
        finally:
            await database.dispose()
    except Exception as error:  # whatever the driver says about hosts, names and passwords, the person must look there
        raise EmbeddedError(
            "连不上 TIDU_DATABASE_URL 指定的数据库，请检查地址、口令和服务是否启动；运行 tidu check 看详情。"
        ) from error


def _watch(children: Sequence[Child], server: Server | None, note: Callable[[], None]) -> None:
    next_pulse = time.monotonic() + _PULSE_SECONDS
    try:
        while True:
            # Every child is tended, whatever the others needed.
            if any([child.tend() for child in children]):
                note()
            if server is not None and time.monotonic() >= next_pulse:
                _revive(server)
                next_pulse = time.monotonic() + _PULSE_SECONDS
            time.sleep(_TICK_SECONDS)
    finally:
        stop_all(children)


def _revive(server: Server) -> None:
    try:
        if server.ensure():
            log.warning("数据库曾被外部中止，已重新启动；已提交的数据都在。")
    except (EmbeddedError, OSError) as error:
        log.error("数据库没有恢复，稍后再试：%s", error)
