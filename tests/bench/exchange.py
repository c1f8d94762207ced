"""A roster of ten thousand rows in, the whole county out: seconds, memory, and the bare writer for the same cells."""

import asyncio
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import xlsxwriter
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from app.access.terms import Role
from app.clock import SystemClock, business_day
from app.exchange.exporting import statement
from app.firms.terms import FirmFilter
from app.seeding.invented import MARK, TOWNS, person, phone
from app.seeding.synth_names import name_and_trade
from app.text.uscc import make_code
from tests.bench.bare import connections
from tests.bench.ground import County, Site, keys
from tests.bench.memory import Peak, watching
from tests.factories import Viewer, new_id

ROWS = 10_000
ROUNDS = 3
_MOST_SECONDS, _MOST_MB, _MOST_TIMES = 20, 300, 1.5
_HEADERS = [
    "企业名称",
    "统一社会信用代码",
    "成立日期",
    "所属镇街",
    "行业代码",
    "注册资本（万元）",
    "是否规上",
    "联系人",
    "联系电话",
]
_TOWN_NAMES = {"440783117": "水口镇", "440783400": "翠山湖新区", "440783002": "长沙街道", "440783001": "三埠街道"}


@dataclass
class Taken:
    seconds: list[float] = field(default_factory=list)
    megabytes: float = 0.0

    def note(self, seconds: float, peak: Peak) -> None:
        self.seconds.append(seconds)
        self.megabytes = max(self.megabytes, peak.mb)


async def measure_exchange(
    county: County, site: Site, cookie: str, directory: Path, env: Mapping[str, str]
) -> list[dict[str, Any]]:
    rows = [await asyncio.to_thread(_import, directory, env)]
    for form in ("xlsx", "csv"):
        rows += await _export(form, county, site, cookie, directory)
    return rows


def roster(path: Path) -> None:
    """New firms with invented codes that no synthetic county uses."""
    rng = random.Random(1)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("企业名册")
        sheet.write_row(0, 0, _HEADERS)
        for number in range(1, ROWS + 1):
            name, _ = name_and_trade(rng)
            code = make_code(MARK + "9", f"MB{number:06d}")
            town = _TOWN_NAMES[rng.choice([t for t in TOWNS if t in _TOWN_NAMES])]
            day = f"{rng.randrange(1995, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}"
            cells = (name, code, day, town, "C33", rng.randrange(50, 5000), rng.choice("是否"), person(rng), phone(rng))
            sheet.write_row(number, 0, cells)


def _import(directory: Path, env: Mapping[str, str]) -> dict[str, Any]:
    path = directory / "roster.xlsx"
    roster(path)
    began = time.perf_counter()
    command = [sys.executable, "-m", "app.cli", "import", "firms", str(path)]
    process = subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, text=True)
    with watching(process.pid) as peak:
        told, _ = process.communicate(timeout=600)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, told
    return {
        "what": f"导入 {ROWS:,} 行 xlsx：{seconds:.1f} 秒，{peak.mb:.0f} MB",
        "clients": 1,
        "ours_ms": seconds * 1000,
        "memory_mb": peak.mb,
        "target": f"< {_MOST_SECONDS} 秒，< {_MOST_MB} MB",
        "met": seconds < _MOST_SECONDS and peak.mb < _MOST_MB,
    }


async def _export(form: str, county: County, site: Site, cookie: str, directory: Path) -> list[dict[str, Any]]:
    """By turns: the site's download, the bare writer, and for CSV PostgreSQL's own bare COPY of the same statement."""
    ours, bare, copied = Taken(), Taken(), Taken()
    cells = directory / "cells.csv"
    await _download("csv", site, cookie, cells)
    for _ in range(ROUNDS):
        with watching(site.process.pid) as peak:
            ours.note(await _download(form, site, cookie, directory / f"ours.{form}"), peak)
        bare.note(await asyncio.to_thread(_bare, form, cells, directory / f"bare.{form}"), Peak())
        if form == "csv":
            copied.note(await _copy(county, directory / "copy.csv"), Peak())
    rows = [_row(form, "内存中的单元格直接写", ours, bare)]
    return [*rows, _row(form, "PostgreSQL 直接 COPY", ours, copied)] if copied.seconds else rows


async def _download(form: str, site: Site, cookie: str, path: Path) -> float:
    address = f"http://127.0.0.1:{site.port}/firms/export.{form}"
    began = time.perf_counter()
    async with (
        httpx.AsyncClient(cookies={"tidu": cookie}, timeout=600) as client,
        client.stream("GET", address) as answer,
    ):
        assert answer.status_code == 200, answer.status_code
        with path.open("wb") as out:
            async for chunk in answer.aiter_raw():
                out.write(chunk)
    return time.perf_counter() - began


def _bare(form: str, cells: Path, target: Path) -> float:
    command = [sys.executable, "-m", "tests.bench.writer", form, str(cells), str(target)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    return float(done.stdout)


async def _copy(county: County, path: Path) -> float:
    viewer = Viewer(new_id(), "bench", "bench", Role.OFFICER, "440783")
    today = business_day(SystemClock().now())
    query = statement(FirmFilter(), viewer=viewer, vault=keys(), today=today, sort="-updated", escaped=True)
    written = query.compile(dialect=dialect()).construct_expanded_state()
    async with connections(county.url, 1) as (connection,):
        began = time.perf_counter()
        await connection.copy_from_query(
            written.statement, *written.positional_parameters, output=path, format="csv", encoding="utf-8"
        )
        return time.perf_counter() - began


def _row(form: str, floor: str, ours: Taken, bare: Taken) -> dict[str, Any]:
    times = median(a / b for a, b in zip(ours.seconds, bare.seconds, strict=True))
    return {
        "what": f"导出 {form.upper()}，{ours.megabytes:.0f} MB；基线：{floor}",
        "clients": 1,
        "ours_ms": median(ours.seconds) * 1000,
        "A_ms": median(bare.seconds) * 1000,
        "memory_mb": ours.megabytes,
        "ratio": times,
        "target": f"≤ {_MOST_TIMES} × 基线，< {_MOST_MB} MB",
        "met": times <= _MOST_TIMES and ours.megabytes < _MOST_MB,
    }
