"""A county's week: composed and kept with everybody whom it counts, asked for, and printed."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from app.clock import SystemClock, business_day
from app.digests.rules import due_at
from app.digests.terms import Week
from app.workdays.rules import Calendar
from tests.bench.ground import County
from tests.bench.memory import watching

_SECONDS, _MB = 5, 300


async def measure_digests(county: County, env: Mapping[str, str]) -> list[dict[str, Any]]:
    # A Monday that has not come: the last one may have been composed with the county.
    week = Week.of(business_day(SystemClock().now()))
    monday = due_at(week, Calendar({}, frozenset())) + timedelta(days=1)
    composed = await asyncio.to_thread(_run, ["run-job", "digests", "--at", monday.isoformat()], env)
    told = orjson.loads(composed[1])
    assert told["planned"] >= 1, told
    running = await asyncio.to_thread(_run, ["digest", "--week", str(week), "--format", "json"], env)
    printed = await asyncio.to_thread(_run, ["digest", "--week", str(week), "--format", "pdf", "-o", "/dev/null"], env)
    return [
        _row(f"编制、保存并发出全县周报（{told['planned']} 份）", county, composed),
        _row("现算一份周报，JSON", county, running),
        _row("现算一份周报，PDF", county, printed),
    ]


def _run(command: list[str], env: Mapping[str, str]) -> tuple[float, bytes, float]:
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "app.cli", *command], env=dict(env), stdout=subprocess.PIPE)
    with watching(process.pid) as peak:
        told, _ = process.communicate(timeout=600)
    assert process.returncode == 0, told
    return time.perf_counter() - began, told, peak.mb


def _row(what: str, county: County, run: tuple[float, bytes, float]) -> dict[str, Any]:
    seconds, _, mb = run
    return {
        "what": f"{what}：{county.firms:,} 家，{seconds:.1f} 秒，{mb:.0f} MB",
        "clients": 1,
        "ours_ms": seconds * 1000,
        "target": f"< {_SECONDS} 秒、< {_MB} MB",
        "met": seconds < _SECONDS and mb < _MB,
    }
