"""A backup as `docs/deploy.md` makes it, brought back: every table is what it was."""

import subprocess
from pathlib import Path

from sqlalchemy import text

from app.db import Database
from app.embedded import Server
from app.embedded.binaries import find_binaries
from app.embedded.cluster import major_of

_TABLES = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
_SUM = "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM {} t"
_COPY = "restored"


async def differences(server: Server, directory: Path) -> list[str]:
    binaries, file = find_binaries(major_of(server.places)), directory / "backup.dump"
    database = Database(server.url(), pool_size=1)
    try:
        async with database.reading() as conn:
            await conn.execute(text(f"CREATE DATABASE {_COPY} TEMPLATE template0"))
        _run([binaries.path("pg_dump"), "--format=custom", f"--file={file}", _libpq(server.url())])
        _run([binaries.path("pg_restore"), "--no-owner", f"--dbname={_libpq(server.url(_COPY))}", str(file)])
    finally:
        await database.dispose()
    before, after = await _sums(server.url()), await _sums(server.url(_COPY))
    assert len(before) > 50
    return [f"after a restore {table} differs" for table in before if after.get(table) != before[table]]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name}: {done.stderr[-500:]}")


def _libpq(url: str) -> str:
    return url.replace("+asyncpg", "")


async def _sums(url: str) -> dict[str, str]:
    database = Database(url, pool_size=1)
    try:
        async with database.reading() as conn:
            tables = [str(name) for name in (await conn.execute(text(_TABLES))).scalars()]
            return {table: (await conn.execute(text(_SUM.format(table)))).scalar_one() for table in tables}
    finally:
        await database.dispose()
