"""What counts as the database being away, and what as a fault of ours that must not be called so."""

import asyncio
from typing import Any

import asyncpg
import pytest
from sqlalchemy import bindparam, literal_column, select, text
from sqlalchemy.exc import DBAPIError

from app.access.sight import beyond_sight
from app.db import Conn, Database
from app.locks import Lock, held_for_long
from app.outages import is_outage
from app.recognitions.queries import held_numbers
from tests import factories

MANY = 40_000  # more than one statement takes parameters


async def test_a_roster_s_certificates_are_looked_up_however_many_they_are(conn: Conn) -> None:
    uscc = await factories.firm(conn)
    number = await factories.certificate(conn, uscc)
    found = await held_numbers(conn, [*(f"GR{n:012d}" for n in range(MANY)), number])
    assert {n: firm_id for n, (firm_id, _) in found.items()} == {number: await factories.id_of(conn, uscc)}


@pytest.mark.db_commit
async def test_too_many_parameters_are_our_fault_and_no_outage(fresh_database: Database) -> None:
    query = select(literal_column("1")).where(literal_column("1").in_(bindparam("values", expanding=True)))
    with pytest.raises(Exception, match="32767") as raised:
        async with fresh_database.reading() as conn:
            await conn.execute(query, {"values": list(range(MANY))})
    assert not is_outage(raised.value)


@pytest.mark.db_commit
async def test_two_statements_at_once_on_one_connection_are_our_fault_and_no_outage(fresh_database: Database) -> None:
    async with fresh_database.transaction() as conn:
        raw = await conn.get_raw_connection()
        driver: Any = raw.driver_connection
        results = await asyncio.gather(
            *(driver.fetch("SELECT pg_sleep(0.1)") for _ in range(2)), return_exceptions=True
        )
    (fault,) = [r for r in results if isinstance(r, Exception)]
    assert "in progress" in str(fault)
    assert not is_outage(fault)


@pytest.mark.db_commit
async def test_a_connection_that_is_gone_is_an_outage(fresh_database: Database) -> None:
    async with fresh_database.reading() as conn:
        raw = await conn.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.close()
        with pytest.raises(Exception, match="closed") as raised:
            await conn.execute(text("SELECT 1"))
    assert is_outage(raised.value)


@pytest.mark.db_commit
async def test_a_session_that_the_server_ended_is_an_outage(fresh_database: Database) -> None:
    with pytest.raises(Exception, match=r"terminat|closed") as raised:
        async with fresh_database.reading() as conn:
            await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_outage(raised.value)


@pytest.mark.db_commit
@pytest.mark.parametrize("way", ["reading", "transaction"])
async def test_a_session_that_was_ended_beyond_one_s_sight_is_an_outage_like_any_other(
    fresh_database: Database, way: str
) -> None:
    with pytest.raises(Exception, match=r"terminat|closed") as raised:
        async with getattr(fresh_database, way)() as conn, beyond_sight(conn):
            await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_outage(raised.value)


@pytest.mark.db_commit
async def test_a_lock_goes_with_its_session_and_what_is_said_is_that_the_database_was_away(
    fresh_database: Database,
) -> None:
    async def cut() -> None:
        async with fresh_database.reading() as conn, held_for_long(conn, Lock.LEADING) as got:
            assert got
            await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Exception, match=r"terminat|closed") as raised:
        await cut()
    assert is_outage(raised.value)
    async with fresh_database.reading() as conn, held_for_long(conn, Lock.LEADING) as got:
        assert got


def test_of_two_that_waited_for_each_other_the_one_that_gave_way_may_try_again() -> None:
    gave_way = DBAPIError("UPDATE", None, asyncpg.DeadlockDetectedError("deadlock detected"))
    assert is_outage(gave_way)


def test_of_several_that_failed_together_all_must_have_failed_so() -> None:
    full = DBAPIError("SELECT", None, asyncpg.TooManyConnectionsError("sorry, too many clients already"))
    assert is_outage(ExceptionGroup("letters", [full, ExceptionGroup("more", [ConnectionResetError()])]))
    assert not is_outage(ExceptionGroup("letters", [full, ValueError("ours")]))
