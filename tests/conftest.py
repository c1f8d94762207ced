"""One server per run, one template of the seeded house, one database per worker, one transaction per test."""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.access.terms import Role
from app.db import Conn, Database, make_engine
from app.files.store import FileStore
from app.main import create_app
from app.web.denials import Tally
from app.web.lookups import Lookups
from tests import factories
from tests.cluster import Cluster, leave_nothing, open_cluster
from tests.factories import Person
from tests.harness import (
    BoundDatabase,
    HtmlChecker,
    LiveServer,
    SettableClock,
    SiteDatabase,
    Statements,
    keys_of_tests,
    settings_for,
)

T = TypeVar("T")
RUN_DIRECTORY = "TIDU_TEST_RUN_DIRECTORY"
ENOUGH = 1 << 30


def pytest_configure(config: pytest.Config) -> None:
    """The first process makes the run's directory; xdist's workers inherit it and so share one server."""
    if RUN_DIRECTORY not in os.environ:
        config.stash[_OWNED] = directory = tempfile.mkdtemp(prefix="tidu-tests-", dir=_room())
        os.environ[RUN_DIRECTORY] = directory


_OWNED = pytest.StashKey[str]()


def _room() -> str | None:
    """Memory where there is enough of it: nothing of a test run is meant to last."""
    shared = Path("/dev/shm")
    roomy = shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ENOUGH
    return str(shared) if roomy else None


def pytest_unconfigure(config: pytest.Config) -> None:
    if directory := config.stash.get(_OWNED, None):
        leave_nothing(Path(directory), in_thread)
        shutil.rmtree(directory, ignore_errors=True)
        os.environ.pop(RUN_DIRECTORY, None)


@pytest.fixture(scope="session", autouse=True)
def bytecode() -> None:
    """Where this process may write none, every program that a test starts would compile the whole house."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(os.environ[RUN_DIRECTORY]) / "bytecode")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A browser's driver keeps an event loop running in this thread, so nothing asynchronous may come after it.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def in_thread(work: Callable[[], Awaitable[T]]) -> T:
    """Runs `work` to its end on a loop of its own, whatever this thread's loop is doing."""
    results: list[T] = []
    faults: list[BaseException] = []

    async def run() -> T:
        return await work()

    def target() -> None:
        try:
            results.append(asyncio.run(run()))
        except BaseException as error:
            faults.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return results[0]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The run's PostgreSQL with the template in it, whoever comes first builds it."""
    with open_cluster(Path(os.environ[RUN_DIRECTORY])) as opened:
        opened.build_template_once(in_thread)
        yield opened


@pytest.fixture(scope="session")
def worker_url(cluster: Cluster) -> Iterator[str]:
    name = cluster.name(os.environ.get("PYTEST_XDIST_WORKER", "main"))
    in_thread(lambda: cluster.create(name))
    yield cluster.url(name)
    in_thread(lambda: cluster.drop(name))


@pytest.fixture(scope="session")
async def engine(worker_url: str, statements_log: Statements) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(worker_url, pool_size=4, keys=keys_of_tests)
    event.listen(engine.sync_engine, "before_cursor_execute", statements_log.note)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def statements_log() -> Statements:
    return Statements()


@pytest.fixture
def statements(statements_log: Statements) -> Statements:
    """What the test's connection was asked: `len(statements)` after `statements.clear()`."""
    statements_log.clear()
    return statements_log


@pytest.fixture
async def conn(engine: AsyncEngine) -> AsyncIterator[Conn]:
    """A transaction over the seeded house, rolled back after the test."""
    async with engine.connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


@pytest.fixture
def database(conn: Conn) -> Database:
    """The house's database over the test's own transaction: what is committed there ends as a savepoint here."""
    return BoundDatabase(conn)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def rendered() -> list[tuple[str, dict[str, Any]]]:
    """Every template that was rendered, with its context, in order."""
    return []


@pytest.fixture(scope="session")
def built_app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    settings = settings_for("", data=tmp_path_factory.mktemp("data"))
    return create_app(settings, database=BoundDatabase(None))


@pytest.fixture
def app(
    built_app: FastAPI,
    conn: Conn,
    cluster: Cluster,
    clock: SettableClock,
    rendered: list[Any],
    tmp_path: Path,
) -> FastAPI:
    """The site over the test's transaction. Everything it remembers between requests is new for each test."""
    state = built_app.state
    state.database, state.clock, state.rendered = SiteDatabase(conn, cluster.name("web")), clock, rendered
    state.lookups, state.denials, state.files = Lookups(), Tally(), FileStore(tmp_path / "files")
    return built_app


ClientAs = Callable[..., Awaitable[httpx.AsyncClient]]
Anonymous = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def client_from(app: FastAPI, statements_log: Statements) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Makes a browser nobody is signed in with: `client_from("10.0.0.7")`."""
    opened: list[httpx.AsyncClient] = []
    checker = HtmlChecker(statements_log)

    def make(ip: str = "127.0.0.1", **more: Any) -> httpx.AsyncClient:
        headers = {"sec-fetch-site": "same-origin", "user-agent": "tests"} | more.pop("headers", {})
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=(ip, 50000)),
            base_url="http://127.0.0.1:8000",
            headers=headers,
            event_hooks={"request": [checker.before], "response": [checker.after]},
            **more,
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
def anonymous(client_from: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    return client_from()


@pytest.fixture
async def client_as(
    conn: Conn, clock: SettableClock, client_from: Callable[..., httpx.AsyncClient]
) -> Callable[..., Awaitable[httpx.AsyncClient]]:
    """`await client_as("officer")`: a signed-in browser. Takes a role, a login such as "officer-2", or a Person."""

    async def make(who: str | Role | Person, **more: Any) -> httpx.AsyncClient:
        person = who if isinstance(who, Person) else await factories.person(conn, str(who), **more)
        token = await factories.session_of(conn, person, at=clock.now())
        return client_from(cookies={"tidu": token})

    return make


@pytest.fixture
async def api_as(
    conn: Conn, clock: SettableClock, client_from: Callable[..., httpx.AsyncClient]
) -> Callable[..., Awaitable[httpx.AsyncClient]]:
    """The same for the JSON API: a program with a bearer token."""

    async def make(who: str | Role | Person, **more: Any) -> httpx.AsyncClient:
        person = who if isinstance(who, Person) else await factories.person(conn, str(who), **more)
        token = await factories.token_of(conn, person, at=clock.now())
        return client_from(headers={"authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def fresh_url(cluster: Cluster) -> Iterator[str]:
    """The address of a database of the test's own, migrated and seeded, that really commits."""
    name = cluster.fresh_name()
    in_thread(lambda: cluster.create(name))
    yield cluster.url(name)
    in_thread(lambda: cluster.drop(name))


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """The address of a database with nothing in it."""
    name = cluster.fresh_name()
    in_thread(lambda: cluster.create(name, empty=True))
    yield cluster.url(name)
    in_thread(lambda: cluster.drop(name))


@pytest.fixture
async def fresh_database(fresh_url: str) -> AsyncIterator[Database]:
    database = Database(fresh_url, pool_size=16, keys=keys_of_tests)
    yield database
    await database.dispose()


@pytest.fixture
def live_server(cluster: Cluster, fresh_url: str, clock: SettableClock, tmp_path: Path) -> Iterator[LiveServer]:
    """The site on a free port of this machine, over a database of its own that really commits."""
    with LiveServer(fresh_url, site_url=cluster.url_as("web", fresh_url), clock=clock, data=tmp_path) as server:
        yield server


@pytest.fixture
def patient_sealer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal waits for whoever began to write earlier on the same server: here also for the suite's other workers."""
    monkeypatch.setattr("app.audit.jobs._LOOKS", 600)
