"""The run's PostgreSQL: an ordinary server that TIDU_TEST_DATABASE_URL names, else the embedded one."""

import fcntl
import itertools
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from app.commands.grants import grants
from app.commands.migrate import migrate
from app.config import SEEDS
from app.db import Database, make_engine, normalise_url
from app.embedded import start
from app.seeding.load import load_seeds
from tests.harness import NOON, keys_of_tests

ADDRESS = "TIDU_TEST_DATABASE_URL"


class Cluster:
    """Databases of this run, all under one prefix, on a server that several workers share."""

    def __init__(self, directory: Path, url: Callable[[str], str], home: str) -> None:
        self._directory, self._url, self._home = directory, url, home
        self._prefix = "tidu_test_" + "".join(c for c in directory.name[-8:].lower() if c.isalnum())
        self._counter = itertools.count(1)

    def url(self, name: str) -> str:
        return self._url(name)

    def url_as(self, role: str, url: str) -> str:
        """As the site or the worker signs in: `role` is "web" or "worker"."""
        return make_url(url).set(username=self.name(role)).render_as_string(hide_password=False)

    def name(self, part: str) -> str:
        return f"{self._prefix}_{part}"

    @property
    def template(self) -> str:
        return self.name("template")

    def fresh_name(self) -> str:
        return self.name(f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(self._counter)}")

    def build_template_once(self, run: Callable[[Callable[[], Awaitable[None]]], None]) -> None:
        self._once("template", lambda: run(self._build))

    def copy_of(
        self,
        part: str,
        run: Callable[[Callable[[], Awaitable[None]]], None],
        fill: Callable[[str], Awaitable[None]],
    ) -> str:
        """A database of the caller's own, like one that the first who asked has filled: inventing a county takes every
        worker many times as long as copying it."""
        filled, name = self.name(part), self.fresh_name()

        async def make() -> None:
            await self.create(filled)
            await fill(self.url(filled))

        self._once(part, lambda: run(make))
        run(lambda: self.create(name, like=filled))
        return name

    def _once(self, part: str, make: Callable[[], None]) -> None:
        done = self._directory / f"{part}.done"
        with (self._directory / f"{part}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                make()
                done.touch()

    async def _build(self) -> None:
        await self.create(self.template, empty=True)
        database = Database(self.url(self.template), pool_size=2, keys=keys_of_tests)
        try:
            await migrate(database)
            await load_seeds(database, SEEDS / "kaiping", at=NOON - timedelta(days=300))
            await self._give_roles(database)
        finally:
            await database.dispose()
        await self._command(f"ALTER DATABASE {self.template} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true")

    async def _give_roles(self, database: Database) -> None:
        web, worker = self.name("web"), self.name("worker")
        password = make_url(self._url(self._home)).password
        said = f" PASSWORD '{password}'" if password else ""
        async with database.transaction() as conn:
            for role in (web, worker):
                await conn.execute(text(f"CREATE ROLE {role} LOGIN{said}"))
            for statement in await grants(conn, web=web, worker=worker):
                await conn.execute(text(statement))

    async def create(self, name: str, *, empty: bool = False, like: str = "") -> None:
        await self._command(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else like or self.template}")

    async def drop(self, name: str) -> None:
        await self._command(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def drop_all(self) -> None:
        await self._command(f"ALTER DATABASE {self.template} IS_TEMPLATE false")
        for name in await self._command(f"SELECT datname FROM pg_database WHERE datname LIKE '{self._prefix}%'"):
            await self.drop(name)
        await self._command(f"DROP ROLE IF EXISTS {self.name('web')}, {self.name('worker')}")

    async def _command(self, statement: str) -> list[Any]:
        engine = make_engine(self._url(self._home), pool_size=1, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                result = await connection.execute(text(statement))
                return list(result.scalars()) if result.returns_rows else []
        finally:
            await engine.dispose()


@contextmanager
def open_cluster(directory: Path) -> Iterator[Cluster]:
    if given := os.environ.get(ADDRESS):
        address = make_url(normalise_url(given))

        def url(name: str) -> str:
            return address.set(database=name).render_as_string(hide_password=False)

        yield Cluster(directory, url, address.database or "postgres")
        return
    with start(directory / "server", ephemeral=True) as server:
        yield Cluster(directory, server.url, "tidu")


def leave_nothing(directory: Path, run: Callable[[Callable[[], Awaitable[None]]], None]) -> None:
    """On a server that outlives the run, its databases go; an embedded one goes with its directory."""
    if os.environ.get(ADDRESS) and (directory / "template.done").exists():
        with open_cluster(directory) as cluster:
            run(cluster.drop_all)
