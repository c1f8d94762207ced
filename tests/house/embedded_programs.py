"""Programs that the tests of the embedded database run as processes of their own, to be killed or to be somebody else.

python -m tests.house.embedded_programs use|write DIRECTORY
"""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from app.embedded import start


async def connected(url: str) -> asyncpg.Connection:
    return await asyncpg.connect(url.replace("+asyncpg", ""), timeout=2)


async def answers(url: str, *statements: str) -> list[object]:
    connection = await connected(url)
    try:
        return [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()


def say(*words: object) -> None:
    """In one write: killed between a number and its newline, the next writer's number would be taken for its end."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def use(data: Path) -> None:
    """Joins the server, says who it is, and stays until its standard input ends."""
    with start(data) as server:
        identity, born, name = asyncio.run(
            answers(
                server.url(),
                "SELECT system_identifier FROM pg_control_system()",
                "SELECT pg_postmaster_start_time()",
                "SELECT current_database()",
            )
        )
        say("joined", identity, str(born).replace(" ", "T"), name, os.geteuid())
        sys.stdin.read()


def write(data: Path) -> None:
    """Commits number after number and says each one only when the server has acknowledged it."""

    async def work(url: str) -> None:
        connection = await connected(url)
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (n bigint PRIMARY KEY)")
        n = await connection.fetchval("SELECT coalesce(max(n), 0) FROM kept")
        while True:
            n += 1
            await connection.execute("INSERT INTO kept VALUES ($1)", n)
            say(n)

    with start(data) as server:
        asyncio.run(work(server.url()))


if __name__ == "__main__":
    {"use": use, "write": write}[sys.argv[1]](Path(sys.argv[2]))
