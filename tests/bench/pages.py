"""Board, list, search and firm page: ours beside floor B (a page) and floor A (its SQL alone)."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.bench.bare import connections, plan_of, reading
from tests.bench.capture import Captured, Shadow, packed
from tests.bench.client import Client
from tests.bench.ground import County, Site, clients, environment, free_port, serving
from tests.bench.measure import Call, Side, by_turns, ratio

CROWD = 8
# Common, middling and rare words of a synthetic county, and one that nobody carries.
WORDS = ("卫浴", "水暖", "华兴", "金源", "长达", "宏盛", "恒泰", "鑫发", "食品", "碧波", "石磊", "沧海")
# The same by their initials, and as somebody writes them who has only heard them.
INITIALS = ("wy", "sn", "hxwy", "jysn", "cdsp", "hssn")
MISSPELT = ("华星卫雨", "金元水暖", "昌达食品", "红盛水暖", "恒太卫浴", "欣发食品")
TOWNS = ("440783117", "440783400", "440783002", "440783115", "440783116")
TIERS = ("", "tech_micro", "eaglet", "gazelle", "hnte")
TITLES = {
    "board": "看板首屏",
    "list": "列表（镇街×梯队）",
    "search": "两字搜索",
    "initials": "拼音首字母搜索",
    "misspelt": "写错一个字的搜索",
    "firm": "企业页",
    "gap": "差距页",
    "dashboard": "总览（县、镇、园区）",
    "plan": "规划指标",
    "cliff": "证书到期",
    "carrier": "载体页（今天和以往的一天）",
    "occupancy": "载体列表（任一天的使用率）",
    "carrier_logs": "载体的服务、活动、导师、投资",
    "collections": "载体的数据收集",
    "collection": "一期收集（年报、季报）",
    "statistics": "统计报表（年报、季报）",
    "readiness": "认定准备",
}
# What a manager looks at on Monday; a part of its own, since it reads the whole county.
DASHBOARDS = {
    "dashboard": ["/dashboard", *(f"/dashboard?region={town}" for town in TOWNS), "/dashboard?park=翠山湖"],
    "plan": ["/plans/plan-14"],
    "cliff": ["/plans/plan-14/cliff"],
}


async def paths_of(url: str) -> dict[str, list[str]]:
    async with connections(url, 1) as (connection,):
        codes = [
            r["uscc"]
            for r in await connection.fetch(
                "SELECT uscc FROM firms WHERE status = 'active' AND tier IS NOT NULL ORDER BY reverse(uscc) LIMIT 40"
            )
        ]
    return {
        "board": ["/board"],
        "list": [f"/firms?region={town}" + (f"&tier={tier}" if tier else "") for town in TOWNS for tier in TIERS],
        "search": [f"/firms?q={word}" for word in WORDS],
        "initials": [f"/firms?q={word}" for word in INITIALS],
        "misspelt": [f"/firms?q={word}" for word in MISSPELT],
        "firm": [f"/firms/{code}" for code in codes],
        "gap": [f"/firms/{code}/gap" for code in codes],
    }


async def capture_pages(shadow: Shadow, paths: Mapping[str, Sequence[str]]) -> dict[str, list[Captured]]:
    return {name: [await shadow.page(path) for path in several] for name, several in paths.items()}


def getting(client: Client, paths: Sequence[str]) -> Call:
    async def call(number: int) -> None:
        answer = await client.get(paths[number % len(paths)])
        assert answer.status == 200, (answer.status, answer.body[:200])

    return call


@dataclass(frozen=True)
class Pages:
    """What the pages' part needs: the county, the site over it, who is signed in, and what was captured."""

    county: County
    site: Site
    cookie: str
    paths: Mapping[str, Sequence[str]]
    captured: Mapping[str, Sequence[Captured]]
    directory: Path


async def measure_pages(work: Pages, *, rounds: int, alone: int, crowd: int) -> list[dict[str, Any]]:
    capture = work.directory / "pages.pickle"
    capture.write_bytes(packed(work.captured))
    port = free_port()
    env = environment(work.county.url, work.directory, port)
    results = []
    async with AsyncExitStack() as stack:
        stack.enter_context(serving(["tests.bench.floor_server", str(port), str(capture)], port, env))
        ours = await stack.enter_async_context(clients(work.site.port, CROWD, cookie=work.cookie))
        floor = await stack.enter_async_context(clients(port, CROWD))
        bare = await stack.enter_async_context(connections(work.county.url, CROWD))
        for name, paths in work.paths.items():
            numbered = [f"/{name}/{number}" for number in range(len(paths))]
            sides = [
                Side("ours", [getting(client, paths) for client in ours]),
                Side("B", [getting(client, numbered) for client in floor]),
                Side("A", [reading(connection, work.captured[name]) for connection in bare]),
            ]
            await _warm(sides, len(paths))
            await by_turns(sides, rounds=rounds, alone=alone, crowd=crowd)
            results += [_alone(name, sides), _crowd(name, sides)]
    return results


async def _warm(sides: Sequence[Side], paths: int) -> None:
    """Every path on every connection, so that plans, templates and prepared statements are there."""
    for side in sides:
        for call in side.calls:
            for number in range(min(paths, 12)):
                await call(number)


def _alone(name: str, sides: Sequence[Side]) -> dict[str, Any]:
    ours, b, a = (side.alone for side in sides)
    times = ratio(ours.medians, b.medians)
    return {
        "what": TITLES[name],
        "clients": 1,
        "ours_ms": ours.median,
        "ours_p95": ours.p95,
        "B_ms": b.median,
        "B_p95": b.p95,
        "A_ms": a.median,
        "ours_per_s": ours.rate,
        "ratio": times,
        "target": "中位数 ≤ 2.0 × B",
        "met": times <= 2.0,
    }


def _crowd(name: str, sides: Sequence[Side]) -> dict[str, Any]:
    ours, b, a = (side.crowd for side in sides)
    share = ratio(ours.rates, b.rates)
    return {
        "what": TITLES[name],
        "clients": CROWD,
        "ours_ms": ours.median,
        "ours_p95": ours.p95,
        "B_ms": b.median,
        "B_p95": b.p95,
        "A_ms": a.median,
        "ours_per_s": ours.rate,
        "floor_per_s": b.rate,
        "ratio": share,
        "target": "每秒 ≥ 0.5 × B",
        "met": share >= 0.5,
    }


async def plans(url: str, captured: Mapping[str, Sequence[Captured]]) -> dict[str, list[Any]]:
    """The plan of every statement of every page, in its most and least selective form."""
    async with connections(url, 1) as (connection,):
        await connection.execute("ANALYZE")
        return {
            name: [await _plans_of(connection, page) for page in (several[0], several[-1])]
            for name, several in captured.items()
        }


async def _plans_of(connection: asyncpg.Connection, page: Captured) -> list[dict[str, Any]]:
    return [
        {"sql": " ".join(statement.split())[:90], "steps": await plan_of(connection, statement, parameters)}
        for statement, parameters in page.statements
    ]


# What grows with firms and years, and is never read whole for one page.
_LARGE = ("firms", "moves", "audit_events", "placements", "tenancies", "tenancy_events", "carrier_logs")
_LARGE += ("collection_answers", "yearly_reports")


def full_scans(planned: Mapping[str, list[Any]]) -> list[str]:
    """Pages whose plans read the whole registry, which no index of ours should leave necessary."""
    return sorted(
        {
            f"{name}: {step}"
            for name, pages in planned.items()
            for page in pages
            for statement in page
            for step in statement["steps"]
            if step.removeprefix("Seq Scan ") in _LARGE
        }
    )
