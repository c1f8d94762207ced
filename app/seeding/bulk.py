"""Loading by the million: PostgreSQL's COPY in text form, with the slow indexes built once at the end."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from app.db import Conn

_HOURS = 4 * 3600.0  # an index over a million documents takes longer than any page may


def cell(value: Any) -> str:
    """A value as COPY's text form wants it. Lists hold grams: letters and digits only, which need no quotes."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        # Four searches that mostly find nothing: a table of characters is walked through letter by letter.
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | Decimal | UUID):
        return str(value)
    raise TypeError(f"no text form for {type(value).__name__}")


def lines(rows: Iterable[Iterable[Any]]) -> bytes:
    return "".join("\t".join(map(cell, row)) + "\n" for row in rows).encode()


class Driver(Protocol):
    """The part of asyncpg's connection that loading needs."""

    async def copy_to_table(self, table: str, **options: Any) -> str: ...
    async def execute(self, statement: str, *args: Any, **options: Any) -> str: ...
    async def fetch(self, statement: str, *args: Any) -> list[Any]: ...


async def driver_of(conn: Conn) -> Driver:
    raw = await conn.get_raw_connection()
    driver: Driver = raw.driver_connection  # type: ignore[assignment]
    return driver


async def copy(driver: Driver, table: str, columns: tuple[str, ...], data: bytes) -> None:
    if data:
        await driver.copy_to_table(table, source=_once(data), columns=columns, format="text", timeout=_HOURS)


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


@asynccontextmanager
async def indexes_built_last(driver: Driver, tables: tuple[str, ...]) -> AsyncIterator[None]:
    """Drops the plain indexes of `tables` and builds them again from their own definitions, in one transaction.

    A GIN index over names grows row by row in an hour and at once in a minute. Constraints stay, so that nothing
    wrong gets in; the tables are locked until the transaction ends.
    """
    definitions = await driver.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index "
        "WHERE indrelid = ANY($1::text[]::regclass[]) AND NOT indisunique AND NOT indisexclusion ORDER BY 1",
        list(tables),
    )
    for row in definitions:
        await driver.execute(f"DROP INDEX {row['name']}")
    yield
    await driver.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for row in definitions:
        await driver.execute(row["definition"], timeout=_HOURS)


async def tidy(driver: Driver, tables: tuple[str, ...]) -> None:
    """Statistics and visibility after a load, which the server would otherwise come to only later."""
    for table in tables:
        await driver.execute(f"VACUUM (ANALYZE) {table}", timeout=_HOURS)
