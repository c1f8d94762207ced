"""Kept statements: the rows, the transaction and the errors of ordinary ones, and no connection left in a state."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, func, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, MultipleResultsFound, NoResultFound, StatementError

from app.audit.queries import events_of
from app.db import Conn, Database
from app.firms.models import Firm, FirmTag
from app.firms.queries import count_firms, firm_by_id, firm_by_uscc, list_firms
from app.firms.service import add_note
from app.firms.terms import ContactDetails, FirmFilter
from app.outages import constraint_of, is_outage
from app.pipeline.board import board_cards, column_cards, tier_counts
from app.pipeline.queries import history, pending_moves
from app.recognitions.queries import held_by
from app.statements import Kept, Row
from app.work.queries import remarks_of
from tests import factories
from tests.harness import NOON, keys_of_tests

pytestmark = pytest.mark.db_commit
TODAY = NOON.date()
COUNT = Kept(select(func.count()).select_from(Firm))
RENAME = Kept(update(Firm.__table__).where(Firm.uscc == bindparam("code")).values(address=bindparam("where")))
NUMBER = Kept(select(bindparam("n", type_=Integer()).label("n")))
NOBODY = Kept(select(Firm.id, Firm.name).where(Firm.uscc == bindparam("code")))


async def filled(database: Database) -> tuple[factories.Person, str]:
    async with database.transaction() as conn:
        officer = await factories.person(conn, "officer")
        code = await factories.firm_on(
            conn,
            "hnte",
            name="开平市长兴卫浴有限公司",
            contacts=[ContactDetails("李敏", "10000000001", "财务")],
            tags=["重点跟进"],
            former_names=["开平市长兴五金厂"],
            registered_capital=1234567,
        )
        await factories.firm_on(conn, "eaglet")
        firm = await firm_by_uscc(conn, code, viewer=officer.viewer)
        assert firm is not None
        await add_note(conn, firm, "来访。", by=officer.actor, at=NOON)
    return officer, code


async def seen(conn: Conn, officer: factories.Person, code: str) -> list[Any]:
    """Every read that pages make with a kept statement."""
    viewer = officer.viewer
    firm = await firm_by_uscc(conn, code, viewer=viewer)
    assert firm is not None
    ladder, _ = await factories.main_ladder(conn)
    filters = (
        FirmFilter(),
        FirmFilter(q="卫浴"),
        FirmFilter(q="长兴卫浴"),
        FirmFilter(q="kpscx"),
        FirmFilter(region="440783117", tier="hnte", officer="none", stale=True, tag="重点跟进", status="all"),
    )
    return [
        firm,
        await firm_by_id(conn, firm.id, viewer=viewer),
        await history(conn, firm.id),
        await pending_moves(conn, viewer=viewer),
        await held_by(conn, firm.id, today=TODAY),
        await remarks_of(conn, firm.id),
        await events_of(conn, "firm", str(firm.id), limit=50),
        *[await list_firms(conn, f, viewer=viewer, today=TODAY, sort="relevance") for f in filters],
        *[await count_firms(conn, f, viewer=viewer, today=TODAY) for f in filters],
        *[await tier_counts(conn, f, viewer=viewer, today=TODAY) for f in filters],
        *[await board_cards(conn, ladder, ladder.tiers, f, viewer=viewer, today=TODAY) for f in filters],
        await column_cards(conn, ladder, "hnte", FirmFilter(), viewer=viewer, today=TODAY),
    ]


async def address_of(database: Database, code: str) -> str | None:
    async with database.reading() as conn:
        address: str | None = (await conn.execute(select(Firm.address).where(Firm.uscc == code))).scalar_one()
    return address


async def test_a_page_is_the_same_whether_its_statements_are_kept_or_not(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    officer, code = await filled(fresh_database)
    async with fresh_database.reading() as conn:
        outside = await seen(conn, officer, code)
    async with fresh_database.transaction() as conn:
        inside = await seen(conn, officer, code)
    monkeypatch.setattr(Conn, "_adapter", lambda _: None)  # all of it through SQLAlchemy
    async with fresh_database.reading() as conn:
        ordinary = await seen(conn, officer, code)
    assert outside == ordinary
    assert inside == ordinary


async def test_a_kept_statement_begins_the_transaction_that_it_is_the_first_of(fresh_database: Database) -> None:
    _, code = await filled(fresh_database)
    for _ in range(2):
        async with fresh_database.rehearsal() as conn:
            await conn.execute(RENAME, {"code": code, "where": "新址"})
            raw: Any = (await conn.get_raw_connection()).driver_connection
            assert raw.is_in_transaction()
    assert await address_of(fresh_database, code) is None
    async with fresh_database.transaction() as conn:
        await conn.execute(RENAME, {"code": code, "where": "新址"})
    assert await address_of(fresh_database, code) == "新址"


async def test_a_session_lost_before_its_first_statement_is_an_outage_and_the_next_one_works(
    fresh_database: Database,
) -> None:
    one = Database(
        str(fresh_database.engine.url.render_as_string(hide_password=False)), pool_size=1, keys=keys_of_tests
    )
    try:
        async with one.reading() as conn:
            pid = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with fresh_database.reading() as conn:
            await conn.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(Exception, match=r".") as raised:
            async with one.transaction() as conn:
                await conn.execute(NUMBER, {"n": 7})
        assert is_outage(raised.value)
        async with one.transaction() as conn:
            assert (await conn.execute(NUMBER, {"n": 7})).scalar_one() == 7
    finally:
        await one.dispose()


async def test_kept_and_ordinary_statements_are_one_transaction(fresh_database: Database) -> None:
    _, code = await filled(fresh_database)
    remark = update(Firm).where(Firm.uscc == code).values(remark="新备注")
    both = select(Firm.address, Firm.remark).where(Firm.uscc == code)
    for first_kept in (True, False):
        async with fresh_database.rehearsal() as conn:
            for kept in (first_kept, not first_kept):
                await (conn.execute(RENAME, {"code": code, "where": "新址"}) if kept else conn.execute(remark))
            assert tuple((await conn.execute(both)).one()) == ("新址", "新备注")
        async with fresh_database.reading() as conn:
            assert tuple((await conn.execute(both)).one()) == (None, None)
    async with fresh_database.transaction() as conn:
        await conn.execute(remark)
        await conn.execute(RENAME, {"code": code, "where": "新址"})
    async with fresh_database.reading() as conn:
        assert tuple((await conn.execute(both)).one()) == ("新址", "新备注")


async def test_a_savepoint_takes_back_kept_statements_alone(fresh_database: Database) -> None:
    _, code = await filled(fresh_database)
    async with fresh_database.transaction() as conn:
        await conn.execute(RENAME, {"code": code, "where": "留下"})
        savepoint = await conn.begin_nested()
        await conn.execute(RENAME, {"code": code, "where": "收回"})
        await savepoint.rollback()
    assert await address_of(fresh_database, code) == "留下"


async def test_a_kept_statement_goes_past_sqlalchemy_in_a_page_and_in_a_transaction(
    fresh_database: Database,
) -> None:
    async with fresh_database.reading() as conn:
        outside = [isinstance((await conn.execute(COUNT)).one(), Row) for _ in range(2)]
    async with fresh_database.transaction() as conn:
        inside = [isinstance((await conn.execute(COUNT)).one(), Row) for _ in range(3)]
    assert outside == [True, True]
    assert inside == [True, True, True]


@pytest.mark.parametrize("way", ["kept", "ordinary"])
async def test_rows_are_read_the_same_way_whoever_ran_the_statement(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    if way == "ordinary":
        monkeypatch.setattr(Conn, "_adapter", lambda _: None)
    two = Kept(select(literal("a").label("x")).union_all(select(literal("b"))).order_by("x"))
    async with fresh_database.reading() as conn:
        nobody = await conn.execute(NOBODY, {"code": "-"})
        both = await conn.execute(two)
        one = (await conn.execute(NUMBER, {"n": 7})).one()
    assert list(nobody) == []
    assert nobody.one_or_none() is None
    with pytest.raises(NoResultFound):
        nobody.scalar_one()
    assert [row.x for row in both] == ["a", "b"]
    with pytest.raises(MultipleResultsFound):
        both.one()
    (n,) = one
    assert (n, one[0], one.n) == (7, 7, 7)
    with pytest.raises(AttributeError):
        _ = one.m


async def test_a_broken_constraint_is_named_and_the_transaction_goes(fresh_database: Database) -> None:
    _, code = await filled(fresh_database)
    tag = Kept(insert(FirmTag.__table__).values(firm_id=bindparam("firm"), tag=bindparam("word")))

    async def twice() -> None:
        async with fresh_database.transaction() as conn:
            firm = (await conn.execute(select(Firm.id).where(Firm.uscc == code))).scalar_one()
            await conn.execute(RENAME, {"code": code, "where": "新址"})
            for _ in range(2):
                await conn.execute(tag, {"firm": firm, "word": "两次"})

    with pytest.raises(IntegrityError) as raised:
        await twice()
    assert constraint_of(raised.value) == "pk_firm_tags"
    assert "两次" not in str(raised.value).splitlines()[-1]
    assert await address_of(fresh_database, code) is None


async def test_a_value_that_was_forgotten_is_not_taken_for_none(fresh_database: Database) -> None:
    async with fresh_database.reading() as conn:
        await conn.execute(COUNT)
        with pytest.raises(StatementError, match="where"):
            await conn.execute(RENAME, {"code": "91"})


async def test_a_connection_lost_in_the_middle_is_an_outage_and_no_one_is_given_it_again(fresh_url: str) -> None:
    database = Database(fresh_url, pool_size=1, keys=keys_of_tests)

    async def lose() -> None:
        async with database.transaction() as conn:
            await conn.execute(COUNT)
            raw = await conn.get_raw_connection()
            task = asyncio.create_task(conn.execute(Kept(text("SELECT pg_sleep(30)"))))
            await asyncio.sleep(0.1)
            driver: Any = raw.driver_connection
            driver.terminate()
            await task

    try:
        with pytest.raises(DBAPIError) as raised:
            await lose()
        assert is_outage(raised.value)
        async with database.transaction() as conn:
            assert (await conn.execute(COUNT)).scalar_one() == 0
    finally:
        await database.dispose()


async def test_a_session_ended_while_idle_costs_one_request_and_not_one_each(fresh_url: str) -> None:
    database = Database(fresh_url, pool_size=3, keys=keys_of_tests)
    other = Database(fresh_url, pool_size=1, keys=keys_of_tests)
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> :me"
    try:
        async with database.reading() as a, database.reading() as b, database.reading() as c:
            for conn in (a, b, c):
                await conn.execute(COUNT)
        async with other.reading() as conn:
            me = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await conn.execute(text(ended), {"me": me})
        await asyncio.sleep(0.2)
        outages: list[DBAPIError] = []
        for _ in range(6):
            try:
                async with database.reading() as conn:
                    await conn.execute(COUNT)
            except DBAPIError as error:
                outages.append(error)
        assert [is_outage(error) for error in outages] == [True]
    finally:
        await database.dispose()
        await other.dispose()


async def test_a_transaction_broken_off_is_open_for_nobody_else(fresh_url: str) -> None:
    database = Database(fresh_url, pool_size=1, keys=keys_of_tests)
    sleep = Kept(text("SELECT pg_sleep(5)"))

    async def slow() -> None:
        async with database.transaction() as conn:
            await conn.execute(COUNT)
            await conn.execute(sleep)

    try:
        for _ in range(3):
            task = asyncio.create_task(slow())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with database.reading() as conn:
                raw = await conn.get_raw_connection()
                driver: Any = raw.driver_connection
                assert not driver.is_in_transaction()
                assert (await conn.execute(NUMBER, {"n": 7})).scalar_one() == 7
    finally:
        await database.dispose()
