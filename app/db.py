"""The session, the base of every table, and the only commit."""

import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

import asyncpg
import orjson
from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import Uuid

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    registry = registry(
        type_annotation_map={
            uuid.UUID: Uuid(as_uuid=True),
            datetime: DateTime(timezone=True),
            str: Text(),
            dict[str, Any]: JSONB(),
            dict[str, str]: JSONB(),
            list[dict[str, Any]]: JSONB(),
            list[str]: JSONB(),
        }
    )


def new_id() -> uuid.UUID:
    """An opaque, time-ordered id (UUID version 7, RFC 9562 §5.7): new rows land at the end of an index.

    PostgreSQL has `uuidv7()` only from 18 on and we run on 15 too, so it is made here. The time in it
    only orders rows; no rule reads it, so it does not pass through the clock.
    """
    ms = time.time_ns() // 1_000_000 & 0xFFFFFFFFFFFF
    rand = int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=ms << 80 | 0x7 << 76 | (rand >> 68) << 64 | 0b10 << 62 | rand & (1 << 62) - 1)


def make_engine(url: str, *, pool_size: int = 16, **options: Any) -> AsyncEngine:
    """`url` may be a plain postgresql:// address; the driver is always asyncpg."""
    return create_async_engine(
        normalise_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_recycle=1800,
        hide_parameters=True,  # phones, remarks and hashes stay out of the log
        json_serializer=lambda v: orjson.dumps(v, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "command_timeout": 60,
            "server_settings": {
                "application_name": "tidu",
                "timezone": "Asia/Shanghai",
                "lock_timeout": "5s",
                "idle_in_transaction_session_timeout": "60s",
                "jit": "off",
                # The first hits of a search are the same ones each time, whoever else reads the table.
                "synchronize_seqscans": "off",
            },
        },
        **options,
    )


def normalise_url(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url[len(prefix) :]
    return url


# What every query and service takes. Tables are declared with the ORM's classes, but statements are Core on a
# connection: no identity map, no lazy loading, and half the cost per statement.
Conn = AsyncConnection


class _Undone(Exception):
    """Ends a rehearsal."""


class Database:
    """One pool, two ways in: `transaction()` for anything that writes, `reading()` for pages.

    Reading runs in autocommit: no BEGIN and no ROLLBACK round trips.
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        self.engine: AsyncEngine = make_engine(url, pool_size=pool_size)
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """Commits when the block ends well, rolls back otherwise. The only commit in the house."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Conn]:
        """A transaction that is undone at its end: for saying what would happen."""
        with suppress(_Undone):
            async with self.transaction() as connection:
                yield connection
                raise _Undone

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Conn]:
        async with self._reading.connect() as connection:
            yield connection

    async def dispose(self) -> None:
        await self.engine.dispose()


def constraint_of(error: BaseException) -> str | None:
    """The name of the constraint that a statement broke, if it broke one."""
    seen: BaseException | None = error
    while seen is not None:
        name = getattr(seen, "constraint_name", None)
        if isinstance(name, str):
            return name
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return None


def is_bad_input(error: BaseException) -> bool:
    """True when a value cannot be stored at all: a NUL in a text, a number or a moment beyond the type."""
    seen: BaseException | None = error
    while seen is not None:
        # The driver's own refusals are ValueErrors, the server's are of class 22.
        if isinstance(seen, asyncpg.DataError) or (isinstance(seen, asyncpg.InterfaceError) and _is_value_error(seen)):
            return True
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return False


def _is_value_error(error: BaseException) -> bool:
    return isinstance(error, ValueError)


def _is_closed(error: BaseException) -> bool:
    """The driver has one class for a connection that is gone and for one used wrongly; the second is our fault."""
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)


def is_outage(error: BaseException) -> bool:
    """True for errors that mean the database is away, full or busy: the person should retry, nothing is wrong."""
    if is_bad_input(error):
        return False
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(
            seen,
            (
                asyncpg.PostgresConnectionError,
                asyncpg.CannotConnectNowError,
                asyncpg.AdminShutdownError,
                asyncpg.CrashShutdownError,
                asyncpg.TooManyConnectionsError,
                asyncpg.LockNotAvailableError,
                asyncpg.DiskFullError,
                ConnectionError,
                TimeoutError,
                OSError,
            ),
        ) or _is_closed(seen):
            return True
        seen = seen.__cause__ or getattr(seen, "orig", None)
    return False
