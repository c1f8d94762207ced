"""Floor A: bare asyncpg. The same statements with the same parameters, and nothing around them."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from tests.bench.capture import Captured
from tests.bench.measure import Call


def connect_options(url: str) -> dict[str, Any]:
    """The house's own settings of a connection, for a driver that does not know SQLAlchemy's addresses."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    return {
        "host": host,
        "port": parts.port or int(parse_qs(parts.query).get("port", ["5432"])[0]),
        "user": parts.username,
        "password": parts.password,
        "database": parts.path.strip("/"),
        "server_settings": {
            "jit": "off",
            "synchronize_seqscans": "off",
            "timezone": "Asia/Shanghai",
            "application_name": "floor",
        },
    }


@asynccontextmanager
async def connections(url: str, count: int) -> AsyncIterator[list[asyncpg.Connection]]:
    opened = [await asyncpg.connect(**connect_options(url)) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            await connection.close()


def reading(connection: asyncpg.Connection, pages: Sequence[Captured]) -> Call:
    async def call(number: int) -> None:
        for statement, parameters in pages[number % len(pages)].statements:
            await connection.fetch(statement, *parameters)

    return call


def moving(connection: asyncpg.Connection, moves: Sequence[Captured]) -> Call:
    """Each captured move once: BEGIN, its statements one after the other, COMMIT."""

    async def call(number: int) -> None:
        async with connection.transaction():
            for statement, parameters in moves[number].statements:
                await connection.fetch(statement, *parameters)

    return call


async def plan_of(connection: asyncpg.Connection, statement: str, parameters: Sequence[Any]) -> list[str]:
    """The plan's steps from the top, each with the index or table it reads."""
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
    steps: list[str] = []

    def walk(node: dict[str, Any], above: str) -> None:
        where = node.get("Index Name") or node.get("Relation Name") or node.get("CTE Name") or ""
        # Under a limit and without a sort between, it stops at the first few hits.
        ends = " until the limit" if above == "Limit" else ""
        steps.append(f"{node['Node Type']} {where}".strip() + ends)
        for below in node.get("Plans", ()):
            walk(below, node["Node Type"])

    walk(json.loads(found)[0]["Plan"], "")
    return steps
