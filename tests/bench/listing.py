"""Lists of contacts, certificates and moves: checked, written and taken back by the worker, and nothing is left."""

import asyncio
import csv
import io
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from app.access.queries import user_by_login
from app.access.terms import Actor, Role, Viewer
from app.clock import SystemClock
from app.config import Settings
from app.db import Conn, Database
from app.exchange import service
from app.exchange.queries import Batch, batch_by_id
from app.exchange.terms import BatchKind, BatchState
from app.files.opening import open_store
from app.seeding.invented import person, phone
from tests.bench.bare import connections
from tests.bench.ground import LOGIN, County, keys
from tests.bench.memory import Peak, watching

ROWS = 100_000
_MOST_SECONDS, _MOST_MB = 120, 300
_LONG_AGO = timedelta(days=200)
# What a list may have changed. Of a firm its version goes forward, never back.
_TABLES = ("firms", "contacts", "former_names", "certificates", "placements")
_STANDS = (
    "SELECT count(*), coalesce(sum(('x' || substr(md5((to_jsonb(t) - 'version')::text), 1, 15))::bit(60)::bigint), 0) "
    "FROM {} AS t"
)
# Each firm in business with the first stay that is recorded of it.
_FIRST = """
SELECT DISTINCT ON (f.uscc) f.uscc, f.registered_on, p.tier, lower(p.period) AS since
FROM firms f LEFT JOIN placements p ON p.firm_id = f.id AND p.ladder = 'main'
WHERE f.status = 'active' ORDER BY f.uscc, p.period
"""
Rows = Iterator[Sequence[str]]


def _contacts(firms: Sequence[Any]) -> Rows:
    """Two people of every second firm, one of the others."""
    yield "统一社会信用代码", "姓名", "职务", "联系电话", "邮箱", "主要联系人"
    rng = random.Random(1)
    for n, firm in enumerate(firms):
        for which in range(1 + n % 2):
            yield (
                firm["uscc"],
                person(rng),
                "财务负责人",
                phone(rng),
                f"p{n}.{which}@example.com",
                "否" if which else "是",
            )


def _certificates(firms: Sequence[Any]) -> Rows:
    yield "统一社会信用代码", "证书类型", "证书编号", "发证日期", "有效期至"
    for kind, year in (("创新型中小企业", 2024), ("科技型中小企业", 2025)):
        for n, firm in enumerate(firms):
            yield firm["uscc"], kind, f"BENCH{year}{n:07d}", f"{year}-06-28", f"{year + 1}-06-28"


def _moves(firms: Sequence[Any]) -> Rows:
    """Two stays before the first that is recorded."""
    yield "统一社会信用代码", "梯队", "生效日期", "理由"
    for firm in firms:
        if firm["tier"] is None or not firm["registered_on"]:
            continue
        later: date = firm["since"] - _LONG_AGO
        earlier = later - _LONG_AGO
        if earlier >= firm["registered_on"]:
            words = ("高企", "科技型小微企业") if firm["tier"] == "eaglet" else ("科技型小微企业", "雏鹰企业")
            if firm["tier"] == "tech_micro":
                words = "高企", "雏鹰企业"
            yield from ((firm["uscc"], word, f"{on}", "认定") for word, on in zip(words, (earlier, later), strict=True))


_KINDS: Mapping[BatchKind, Callable[[Sequence[Any]], Rows]] = {
    BatchKind.CONTACTS: _contacts,
    BatchKind.CERTIFICATES: _certificates,
    BatchKind.MOVES: _moves,
}


async def measure_lists(county: County, env: Mapping[str, str], *, rows: int = ROWS) -> list[dict[str, Any]]:
    found = []
    database = Database(county.worker_url, pool_size=2, keys=keys)
    try:
        async with connections(county.url, 1) as (connection,):
            firms = await connection.fetch(_FIRST)
            for kind in _KINDS:
                before = await _state(connection)
                found += await _measure(database, kind, _file(kind, firms, rows), env)
                assert await _state(connection) == before, f"{kind.label}: the undoing left something"
    finally:
        await database.dispose()
    return found


def _file(kind: BatchKind, firms: Sequence[Any], rows: int) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(islice(_KINDS[kind](firms), rows + 1))
    return out.getvalue().encode("utf-8-sig")


async def _state(connection: Any) -> list[tuple[int, int]]:
    return [tuple(await connection.fetchrow(_STANDS.format(table))) for table in _TABLES]


async def _measure(database: Database, kind: BatchKind, data: bytes, env: Mapping[str, str]) -> list[dict[str, Any]]:
    sha256 = await open_store(Settings(data=Path(env["TIDU_DATA"]))).put(data)

    async def uploaded(conn: Conn, by: Actor) -> uuid.UUID:
        given = {"sha256": sha256, "size": len(data), "filename": f"{kind.value}.csv", "kind": kind}
        return await service.upload(conn, **given, by=by, at=SystemClock().now())

    batch_id: uuid.UUID = await _asked(database, uploaded)
    rows = [await _worked(database, batch_id, BatchState.PREVIEW, "检查", env)]

    async def confirmed(conn: Conn, by: Actor) -> None:
        await service.confirm(conn, batch_id, by=by, at=SystemClock().now())

    await _asked(database, confirmed)
    rows.append(await _worked(database, batch_id, BatchState.APPLIED, "写入", env))

    async def taken_back(conn: Conn, by: Actor) -> None:
        await service.ask_undo(conn, batch_id, by=by, at=SystemClock().now())

    await _asked(database, taken_back)
    return [*rows, await _worked(database, batch_id, BatchState.UNDONE, "撤销", env)]


async def _asked(database: Database, step: Callable[[Conn, Actor], Awaitable[Any]]) -> Any:
    async with database.transaction() as conn:
        user = await user_by_login(conn, LOGIN)
        assert user is not None
        return await step(conn, Actor(Viewer(user["id"], LOGIN, user["name"], Role(user["role"]), user["scope"])))


async def _worked(
    database: Database, batch_id: uuid.UUID, becomes: BatchState, verb: str, env: Mapping[str, str]
) -> dict[str, Any]:
    seconds, peak = await asyncio.to_thread(_work, env)
    async with database.reading() as conn:
        batch = await batch_by_id(conn, batch_id, viewer=None)
    assert batch is not None
    assert batch.state is becomes, (batch.state, batch.sentence)
    return {
        "what": f"{verb} {batch.total:,} 行{batch.kind.label}（{_written(batch)}）：{seconds:.1f} 秒，{peak.mb:.0f} MB",
        "clients": 1,
        "ours_ms": seconds * 1000,
        "memory_mb": peak.mb,
        "target": f"< {_MOST_SECONDS} 秒，< {_MOST_MB} MB",
        "met": seconds < _MOST_SECONDS and peak.mb < _MOST_MB,
    }


def _work(env: Mapping[str, str]) -> tuple[float, Peak]:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.listing_work"], env=dict(env))
    with watching(process.pid) as peak:
        assert process.wait(1800) == 0
    return time.perf_counter() - began, peak


def _written(batch: Batch) -> str:
    return f"新增 {batch.created:,}，更新 {batch.updated:,}，错误 {batch.rejected:,}"
