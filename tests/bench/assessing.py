"""Everybody against all policies: the first night, which writes every answer, and one that finds nothing new."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import orjson

from tests.bench.bare import connections
from tests.bench.ground import County
from tests.bench.memory import watching

_MOST_SECONDS, _MOST_MB = 60, 600


async def measure_assessing(county: County, env: Mapping[str, str]) -> list[dict[str, Any]]:
    async with connections(county.url, 1) as (connection,):
        await connection.execute("TRUNCATE assessments")
    first = await asyncio.to_thread(_night, env)
    again = await asyncio.to_thread(_night, env)
    return [
        _row(f"重新评估 {first[1]['planned']:,} 家，写入 {first[1]['created']:,} 项", first),
        _row(f"再评估一遍，改变 {again[1]['created']:,} 项", again),
    ]


def _night(env: Mapping[str, str]) -> tuple[float, dict[str, Any], float]:
    began = time.perf_counter()
    command = [sys.executable, "-m", "app.cli", "run-job", "reassess"]
    process = subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE)
    with watching(process.pid) as peak:
        told, _ = process.communicate(timeout=900)
    assert process.returncode == 0, told
    return time.perf_counter() - began, orjson.loads(told), peak.mb


def _row(what: str, night: tuple[float, dict[str, Any], float]) -> dict[str, Any]:
    seconds, _, mb = night
    return {
        "what": f"{what}：{seconds:.1f} 秒，{mb:.0f} MB（全部进程）",
        "clients": 1,
        "ours_ms": seconds * 1000,
        "memory_mb": mb,
        "target": f"< {_MOST_SECONDS} 秒",
        "met": seconds < _MOST_SECONDS and mb < _MOST_MB,
    }
