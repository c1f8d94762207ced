"""What tests of the domains begin with: a carrier, an officer; and a demo county that they look at and leave as it is,
made once a worker, since inventing one takes seconds."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.access.terms import Actor
from app.carriers.terms import Carrier
from app.db import Conn, Database, make_engine
from app.seeding.demo import DEMO_LOGINS, load_demo
from tests import factories, houses
from tests.cluster import Cluster
from tests.conftest import in_thread
from tests.factories import PASSWORD
from tests.harness import NOON, keys_of_tests


@pytest.fixture(scope="session")
async def demo_engine(cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    name = cluster.copy_of("demo", in_thread, _fill)
    engine = make_engine(cluster.url(name), pool_size=1, keys=keys_of_tests)
    yield engine
    await engine.dispose()
    in_thread(lambda: cluster.drop(name))


async def _fill(url: str) -> None:
    database = Database(url, pool_size=2, keys=keys_of_tests)
    assert await load_demo(database, dict.fromkeys(DEMO_LOGINS, PASSWORD), at=NOON, firms=200, cheap=True) is True
    await database.dispose()


@pytest.fixture
async def county(demo_engine: AsyncEngine) -> AsyncIterator[Conn]:
    """A transaction over the demo county, rolled back after the test."""
    async with demo_engine.connect() as connection:
        outer = await connection.begin()
        yield connection
        await outer.rollback()


@pytest.fixture
async def house(conn: Conn) -> Carrier:
    return await houses.carrier(conn)


@pytest.fixture
async def by(conn: Conn) -> Actor:
    return (await factories.person(conn, "officer")).actor
