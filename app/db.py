"""The session, the base of every table, and the only commit."""

import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import datetime
from typing import Any, TypeVarTuple, overload

import asyncpg
import orjson
from sqlalchemy import CursorResult, DateTime, Executable, MetaData, Text
from sqlalchemy import Engine as SyncEngine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.sql.selectable import TypedReturnsRows
from sqlalchemy.types import Uuid

from app.looking import Looking
from app.outages import is_closed
from app.statements import Kept, Row, Rows
from app.turns import Turns
from app.vault import Vault

Ts = TypeVarTuple("Ts")
Keys = Callable[[], Vault]

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

    The twelve bits after the millisecond are its fraction (§6.2, method 3), so that of two ids of one
    process the later one is the greater. PostgreSQL has `uuidv7()` only from 18 on and we run on 15 too,
    so it is made here. The time in it only orders rows; no rule reads it, so it does not pass through the clock.
    """
    ms, rest = divmod(time.time_ns(), 1_000_000)
    rand = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return uuid.UUID(int=(ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (rest << 12) // 1_000_000 << 64 | 0b10 << 62 | rand)


def make_engine(
    url: str, *, pool_size: int = 16, path: str = "", patience: float = 60, keys: Keys | None = None, **options: Any
) -> "Engine":
    """`url` may be a plain postgresql:// address; the driver is always asyncpg. `path`: the schemas it looks in.

    `keys`: of what is kept sealed.
    """
    made = create_async_engine(
        normalise_url(url),
        pool_size=pool_size,
        max_overflow=0,
        # On a form's last day a thousand save at once: the last of them waits for all the others, and is not sent away.
        pool_timeout=30,
        pool_recycle=1800,
        pool_use_lifo=True,  # the one used last is the warm one: its plans, its caches; the others may rest
        hide_parameters=True,  # phones, remarks and hashes stay out of the log
        json_serializer=lambda v: orjson.dumps(v, default=str).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": 5,
            "command_timeout": patience,
            "server_settings": {
                "application_name": "tidu",
                "timezone": "Asia/Shanghai",
                "lock_timeout": "5s",
                "idle_in_transaction_session_timeout": "60s",
                "jit": "off",
                # The first hits of a search are the same ones each time, whoever else reads the table.
                "synchronize_seqscans": "off",
                **({"search_path": path} if path else {}),
            },
        },
        **options,
    )
    return Engine(made.sync_engine, keys)


def normalise_url(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url[len(prefix) :]
    return url


class Conn(Looking):
    """What every query and service takes. Tables are declared with the ORM's classes, but statements are Core on a
    connection: no identity map, no lazy loading, and half the cost per statement. One that is `Kept` costs half again.
    """

    _listeners: tuple[Any, ...] | None = None
    _reads: Any = None  # once seen to be in autocommit, which a connection stays in until it is given back

    @property
    def vault(self) -> Vault:
        """With the keys of whoever opened the database."""
        engine = self.engine
        if not isinstance(engine, Engine) or engine.keys is None:
            raise RuntimeError("this connection was given no keys")
        return engine.keys()

    @overload  # type: ignore[override]
    async def execute(self, statement: Kept, parameters: Any = None) -> Rows: ...
    @overload
    async def execute(self, statement: TypedReturnsRows[*Ts], parameters: Any = None) -> CursorResult[*Ts]: ...
    @overload
    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]: ...

    async def execute(self, statement: Any, parameters: Any = None, **more: Any) -> Any:
        if not isinstance(statement, Kept):
            if not self.settled:
                await self.settle()
            return await super().execute(statement, parameters, **more)
        if not statement.looks:
            if not self.settled:
                await self.settle()
            return await self._execute_kept(statement, parameters or {})
        rows = await self._execute_kept(statement, parameters or {})
        if rows.all():
            self.looks()
        return rows

    def stream(self, *given: Any, **more: Any) -> Any:
        assert self.settled, "a stream is not the first statement of a connection"
        return super().stream(*given, **more)

    async def _execute_kept(self, kept: Kept, values: Mapping[str, Any]) -> Rows:
        written = kept.ready or kept.written(self.dialect)
        adapter = self._adapter()
        filled = written.filled(values) if adapter is not None and written.fixed else None
        if filled is None:
            result = await super().execute(kept.statement, values)
            return Rows(result.all() if result.returns_rows else ())
        driver = adapter.driver_connection
        try:
            if not (adapter.autocommit or driver.is_in_transaction()):
                await _begin(adapter)
            self._tell(written.text, filled)
            return Rows(await driver.fetch(written.text, *filled, record_class=Row))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
            # From one that did not answer in time an answer may still come, to whoever asks it next.
            lost = driver.is_closed() or is_closed(error) or isinstance(error, TimeoutError)
            if lost:
                await self.invalidate(error)
            kind = IntegrityError if isinstance(error, asyncpg.IntegrityConstraintViolationError) else DBAPIError
            raise kind(written.text, None, error, hide_parameters=True, connection_invalidated=lost) from error
        except BaseException as error:  # broken off: what the connection is in the middle of, nobody else may find
            await self.invalidate(error)
            raise

    def _adapter(self) -> Any:
        """SQLAlchemy's wrapping of the driver, when both stand at the same place: in one transaction, or in none."""
        sync = self.sync_connection
        if sync is None or sync.closed or sync.invalidated:
            return None
        known = self._reads
        if known is not None and not known.driver_connection.is_closed():
            return known
        transaction = sync.get_nested_transaction() or sync.get_transaction()
        if transaction is not None and not transaction.is_active:
            return None
        adapter: Any = sync.connection.dbapi_connection
        driver = adapter.driver_connection
        if driver.is_closed():  # the server went away meanwhile: SQLAlchemy then gives up the pool's others, too
            return None
        if adapter.autocommit:
            self._reads = adapter
        begun = driver.is_in_transaction() or adapter.autocommit
        return adapter if begun or (transaction is not None and adapter._transaction is None) else None

    def _tell(self, text: str, filled: Sequence[Any]) -> None:
        """Whoever listens to statements hears of a kept one too."""
        sync: Any = self.sync_connection
        if self._listeners is None:
            self._listeners = tuple(sync.dispatch.before_cursor_execute)
        for listener in self._listeners:
            listener(sync, None, text, tuple(filled), None, False)


async def _begin(adapter: Any) -> None:
    """SQLAlchemy begins with a transaction's first statement; a kept one in that place begins as it would have."""
    async with adapter._execute_mutex:
        try:
            await adapter._start_transaction()
        except adapter.dbapi.Error as error:
            raise error.__cause__ or error from None


class Engine(AsyncEngine):
    """Hands out the house's connections."""

    def __init__(self, sync_engine: SyncEngine, keys: Keys | None = None) -> None:
        super().__init__(sync_engine)
        self.keys = keys

    def connect(self) -> Conn:
        return Conn(self)


class _Undone(Exception):
    """Ends a rehearsal."""


class Database:
    """One pool, two ways in: `transaction()` for anything that writes, `reading()` for pages.

    Reading runs in autocommit: no BEGIN and no ROLLBACK round trips.
    """

    def __init__(
        self, url: str, *, pool_size: int = 16, path: str = "", patience: float = 60, keys: Keys | None = None
    ) -> None:
        """`patience`: how many seconds the database may be silent. `keys`: of what is kept sealed."""
        self.engine = make_engine(url, pool_size=pool_size, path=path, patience=patience, keys=keys)
        self._turns = Turns(self.engine, pool_size, patience=patience)
        self._reading = Engine(self.engine.sync_engine.execution_options(isolation_level="AUTOCOMMIT"), keys)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        """Commits when the block ends well, rolls back otherwise. The only commit in the house."""
        async with self._turns.connected(self.engine.connect()) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Conn]:
        """A transaction that is undone at its end: for saying what would happen."""
        with suppress(_Undone):
            async with self.transaction() as connection:
                yield connection
                raise _Undone

    def reading(self) -> AbstractAsyncContextManager[Conn]:
        connection = self._reading.connect()
        connection.lasting = True
        return self._turns.connected(connection)

    async def dispose(self) -> None:
        await self.engine.dispose()
