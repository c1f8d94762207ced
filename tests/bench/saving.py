"""A thousand clerks who save a page of their form at the same moment, against one server process.

Beside floor B: without sign-in or ORM, the very statements of such a save in one transaction through asyncpg, and the
same fragment rendered. Every save is a real write under a version of its own, on a server that really syncs to disk;
afterwards every page stands at the version that its clerk was told.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from app.access.models import User, UserSession
from app.access.rules import new_token, token_hash
from app.access.terms import Role
from app.clock import SystemClock, business_day
from app.db import Database, new_id
from app.firms.models import Firm
from app.reports.forms import load_forms, newest
from app.reports.models import Submission, SubmissionSection
from tests.bench.capture import Captured, Shadow, packed
from tests.bench.client import Client
from tests.bench.ground import County, Site, clients, environment, free_port, keys, serving
from tests.bench.measure import Call, Series, ratio

CLERKS = 1_000
SECTION = "rd"
TARGET = 5.0
_LINES = ("personnel", "direct_input", "depreciation", "design", "other")


@dataclass(frozen=True)
class Clerk:
    cookie: str
    filing: str


async def seat_clerks(url: str, count: int) -> list[Clerk]:
    """Firms' accounts that are signed in, each with a form begun."""
    database, at = Database(url, pool_size=1, keys=keys), SystemClock().now()
    year = business_day(at).year - 1
    clerks, rows = [], _Rows([], [], [], [])
    try:
        async with database.transaction() as conn:
            form = newest(await load_forms(conn))
            assert form is not None
            firms = (await conn.execute(select(Firm.id).order_by(func.md5(Firm.uscc)).limit(count))).scalars().all()
            assert len(firms) == count, "the county is too small for this many clerks"
            for n, firm_id in enumerate(firms):
                user, filing, token = new_id(), new_id(), new_token()
                rows.users.append(
                    {"id": user, "login": f"firm-bench-{n}", "name": f"填报员{n}", "role": Role.FIRM.value}
                    | {"scope": "440783", "firm_id": firm_id, "password_hash": "", "created_at": at}
                )
                rows.sessions.append(
                    {"token_hash": token_hash(token), "user_id": user, "user_agent": "bench", "ip": "127.0.0.1"}
                    | {"created_at": at, "seen_at": at, "expires_at": at.replace(year=at.year + 1)}
                )
                rows.filings.append(
                    {"id": filing, "firm_id": firm_id, "year": year, "form": form.code, "created_at": at}
                    | {"form_version": form.version, "created_by": user}
                )
                rows.pages += [{"submission_id": filing, "section": s.code} for s in form.sections]
                clerks.append(Clerk(token, str(filing)))
            for model, several in zip((User, UserSession, Submission, SubmissionSection), rows.all, strict=True):
                await conn.execute(insert(model), several)
        async with database.reading() as conn:
            await conn.exec_driver_sql("ANALYZE users, user_sessions, submissions, submission_sections")
    finally:
        await database.dispose()
    return clerks


@dataclass
class _Rows:
    users: list[dict[str, Any]]
    sessions: list[dict[str, Any]]
    filings: list[dict[str, Any]]
    pages: list[dict[str, Any]]

    @property
    def all(self) -> tuple[list[dict[str, Any]], ...]:
        return self.users, self.sessions, self.filings, self.pages


def path() -> str:
    return f"/portal/report/{business_day(SystemClock().now()).year - 1}/{SECTION}"


def page(version: int) -> dict[str, str]:
    typed = {f"rd.{line}": str(100 + version) for line in _LINES}
    return typed | {f"u.{code}": "wan_yuan" for code in typed} | {"act": "auto", "version": str(version)}


async def capture_saves(shadow: Shadow, clerks: Sequence[Clerk]) -> list[Captured]:
    await shadow.save(path(), page(0), cookie=clerks[0].cookie)  # what is kept in memory for a minute is there
    return [await shadow.save(path(), page(0), cookie=clerk.cookie) for clerk in clerks]


def at_version(captured: Captured, version: int) -> Captured:
    """The same save, by somebody who has seen that version."""
    statements = [
        (sql, (version + 1, *given[1:-1], version)) if sql.startswith("UPDATE submission_sections") else (sql, given)
        for sql, given in captured.statements
    ]
    assert statements != captured.statements or version == 0
    return Captured(statements, captured.template, captured.context)


def saving(client: Client, where: str, versions: bool) -> Call:
    """`versions`: the house answers with the version that was saved."""

    async def call(round_: int) -> None:
        answer = await client.post(where.format(round=round_), page(round_))
        assert answer.status == 200, (answer.status, answer.body[:200])
        assert not versions or answer.header("x-version") == str(round_ + 1), answer.head

    return call


async def storm(calls: Sequence[Call], round_: int, series: Series) -> int:
    """All at once, each once; how many got no good answer."""
    latencies: list[float] = []

    async def one(call: Call) -> None:
        began = time.perf_counter()
        await call(round_)
        latencies.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    done = await asyncio.gather(*(one(call) for call in calls), return_exceptions=True)
    series.rates.append(len(latencies) / (time.perf_counter() - began))
    series.latencies.append(latencies)
    faults = [fault for fault in done if fault is not None]
    for fault in faults[:3]:
        print(f"没有保存：{fault!r:.100}")
    return len(faults)


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


async def measure_saving(
    county: County, site: Site, shadow: Shadow, directory: Path, *, rounds: int
) -> list[dict[str, Any]]:
    seated = await seat_clerks(county.url, 2 * CLERKS)
    mine, theirs = seated[:CLERKS], seated[CLERKS:]
    captured = await capture_saves(shadow, theirs)
    file, port = directory / "saving.pickle", free_port()
    file.write_bytes(packed({f"save{n}": [at_version(one, n) for one in captured] for n in range(rounds + 1)}))
    env = environment(county.url, directory, port)
    ours, floor, faults = Series(), Series(), 0
    async with AsyncExitStack() as stack:
        stack.enter_context(serving(["tests.bench.floor_server", str(port), str(file)], port, env))
        house = await stack.enter_async_context(clients(site.port, CLERKS))
        bare = await stack.enter_async_context(clients(port, CLERKS))
        for client, clerk in zip(house, mine, strict=True):
            client.sign_in(clerk.cookie)
        sides = {
            "ours": ([saving(client, path(), True) for client in house], ours),
            "B": ([saving(client, f"/save{{round}}/{n}", False) for n, client in enumerate(bare)], floor),
        }
        for calls, _ in sides.values():
            faults += await storm(calls, 0, Series())  # warms what there is to warm
        for round_ in range(1, rounds + 1):
            for side in (("ours", "B"), ("B", "ours"))[round_ % 2]:
                faults += await storm(*_given(sides[side], round_))
    await _must_stand(county.url, seated, rounds + 1)
    times = ratio([_p95(values) for values in ours.latencies], [_p95(values) for values in floor.latencies])
    return [
        {
            "what": f"{CLERKS:,} 人同时保存（{faults} 次出错）",
            "clients": CLERKS,
            "ours_ms": ours.median,
            "ours_p95": ours.p95,
            "B_ms": floor.median,
            "B_p95": floor.p95,
            "ours_per_s": ours.rate,
            "floor_per_s": floor.rate,
            "ratio": times,
            "target": f"p95 < {TARGET:g} × B，无错误",
            "met": times < TARGET and not faults,
        }
    ]


def _given(side: tuple[Sequence[Call], Series], round_: int) -> tuple[Sequence[Call], int, Series]:
    return side[0], round_, side[1]


async def _must_stand(url: str, clerks: Sequence[Clerk], version: int) -> None:
    """Nothing lost: every page is at the version that was answered."""
    database = Database(url, pool_size=1, keys=keys)
    p = SubmissionSection
    try:
        async with database.reading() as conn:
            query = select(func.count()).where(p.section == SECTION, p.version == version)
            standing = (await conn.execute(query)).scalar_one()
    finally:
        await database.dispose()
    assert standing == len(clerks), f"{standing} of {len(clerks)} pages are at version {version}"
