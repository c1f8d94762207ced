"""Moves: ours over HTTP beside the same statements through bare asyncpg.

Compared is a whole move: one POST of the form by a signed-in officer, answered after its commit, against BEGIN, the
statements that this very POST runs (lock, facts, idempotency key, placement, event with firm, audit and outbox; only
the look-up of who is signed in is left out), COMMIT, one after the other on one connection. Each move is made once,
on a firm of its own, on a server that really syncs to disk.
"""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from sqlalchemy import func, select

from app.assessments.answers import answers_for
from app.assessments.gathering import gather
from app.assessments.policies import load_policies
from app.clock import SystemClock, business_day
from app.db import Database
from app.firms.models import Firm
from app.policy.terms import Outcome
from tests.bench.bare import connections, moving
from tests.bench.capture import Captured, Shadow
from tests.bench.client import Client
from tests.bench.ground import County, Site, clients, keys
from tests.bench.measure import Call, Side, by_turns, ratio

CROWD = 8
_BATCH = 2000


async def firms_to_move(url: str, count: int, *, skip: int = 0) -> list[str]:
    """Firms whom the next tier's gate lets through: against it a move would be laid before a second person."""
    database = Database(url, pool_size=1, keys=keys)
    query = select(Firm.id, Firm.uscc).where(Firm.status == "active", Firm.tier == "tech_micro")
    today, found, seen = business_day(SystemClock().now()), [], skip
    try:
        async with database.reading() as conn:
            gate = (await load_policies(conn)).only("eaglet").for_firms()
            while len(found) < count:
                batch = query.order_by(func.md5(Firm.uscc)).offset(seen).limit(_BATCH)
                firms = {firm_id: uscc for firm_id, uscc in await conn.execute(batch)}
                assert firms, "the county is too small for this many moves"
                for firm_id, known in (await gather(conn, list(firms))).items():
                    answers = answers_for(firm_id, known.facts, gate, as_of=today)
                    found += [firms[firm_id] for answer in answers if answer.outcome != Outcome.NOT_MET]
                seen += _BATCH
    finally:
        await database.dispose()
    return found[:count]


_keys = itertools.count()


def form() -> dict[str, str]:
    return {
        "to": "eaglet",
        "expected": "tech_micro",
        "reason": "测量：研发投入达到培育要求。",
        "effective_on": "",
        "idempotency_key": f"bench-{next(_keys)}",
    }


def posting(client: Client, codes: Iterator[str]) -> Call:
    async def call(_: int) -> None:
        answer = await client.post(f"/firms/{next(codes)}/move", form())
        assert answer.status == 303, (answer.status, answer.body[:300])

    return call


async def capture_moves(shadow: Shadow, codes: Sequence[str]) -> list[Captured]:
    return [await shadow.move(f"/firms/{code}/move", form()) for code in codes]


async def measure_moves(
    county: County, site: Site, cookie: str, shadow: Shadow, *, rounds: int, alone: int, crowd: int
) -> list[dict[str, Any]]:
    warm = 4 * CROWD
    needed = rounds * (alone + crowd) + warm
    codes = await firms_to_move(county.url, 2 * needed + 1)
    # The first one also reads what the site keeps in memory for a minute.
    captured = (await capture_moves(shadow, codes[needed:]))[1:]
    mine = iter(codes[:needed])
    async with AsyncExitStack() as stack:
        ours = await stack.enter_async_context(clients(site.port, CROWD, cookie=cookie))
        bare = await stack.enter_async_context(connections(county.url, CROWD))
        sides = [
            Side("ours", [posting(client, mine) for client in ours]),
            Side("A", [moving(connection, captured) for connection in bare]),
        ]
        for side in sides:
            for _ in range(4):
                for call in side.calls:
                    await call(side.numbers.take())
        await by_turns(sides, rounds=rounds, alone=alone, crowd=crowd)
    return [_row(sides, 1, len(captured[0].statements)), _row(sides, CROWD, len(captured[0].statements))]


def _row(sides: Sequence[Side], count: int, statements: int) -> dict[str, Any]:
    ours, a = (side.alone if count == 1 else side.crowd for side in sides)
    share = ratio(ours.rates, a.rates)
    return {
        "what": f"移动（{statements} 条语句 + BEGIN/COMMIT）",
        "clients": count,
        "ours_ms": ours.median,
        "ours_p95": ours.p95,
        "A_ms": a.median,
        "A_p95": a.p95,
        "ours_per_s": ours.rate,
        "floor_per_s": a.rate,
        "ratio": share,
        "target": "每秒 ≥ 0.4 × A",
        "met": share >= 0.4,
    }
