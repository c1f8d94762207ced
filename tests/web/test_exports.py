"""Exports over HTTP: the filtered view, who took it in the trail, nothing left running when the reader leaves."""

import asyncio
import csv
import io
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text

from app.audit.models import AuditEvent
from app.db import Conn, Database
from app.exchange.exporting import csv_stream, statement, write_xlsx
from app.exchange.jobs import command_actor
from app.firms.terms import FirmFilter
from tests import factories
from tests.cluster import Cluster
from tests.conftest import in_thread
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON, keys_of_tests

ClientAs = Callable[..., Awaitable[httpx.AsyncClient]]


def codes(answer: httpx.Response, form: str) -> list[str]:
    if form == "csv":
        lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    else:
        lines = [[c.value for c in row] for row in load_workbook(io.BytesIO(answer.content)).worksheets[0].iter_rows()]
    return [line[1] for line in lines[1:]]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_an_export_is_the_filter_in_the_address_and_its_order(client_as: ClientAs, conn: Conn, form: str) -> None:
    officer = await client_as("officer")
    b = await factories.firm_on(conn, "eaglet", name="乙公司", on=date(2026, 1, 1))
    a = await factories.firm_on(conn, "eaglet", name="甲公司", on=date(2026, 2, 1))
    await factories.firm(conn, "丙公司")
    answer = await officer.get(f"/firms/export.{form}?tier=eaglet&sort=tier_since")
    assert answer.status_code == 200
    assert codes(answer, form) == [b, a]
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert f"officer-2026-11-23.{form}" in answer.headers["content-disposition"]
    if form == "xlsx":  # whose it is stands on every printed page
        sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
        assert sheet.oddFooter.left.text == "局专员officer officer 2026-11-23 12:00 导出"
    assert answer.headers["cache-control"] == "no-store"


async def test_the_list_s_own_link_leads_to_what_the_list_shows(client_as: ClientAs, conn: Conn) -> None:
    officer = await client_as("officer")
    for name in ("开平水暖甲有限公司", "水暖有限公司", "开平食品有限公司"):
        await factories.firm(conn, name)
    answer = await officer.get("/firms/export.csv?q=水暖")
    shown = (await officer.get("/firms?q=水暖")).text
    names = [line[0] for line in list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]]
    assert sorted(names, key=shown.index) == names
    assert len(names) == 2


async def test_a_search_shows_the_closest_and_says_that_its_export_has_every_hit(
    client_as: ClientAs, conn: Conn
) -> None:
    officer = await client_as("officer")
    for n in range(60):
        await factories.firm(conn, f"开平水暖{'甲' * (n % 7)}{n:02d}有限公司")
    answer = await officer.get("/firms/export.csv?q=水暖")
    names = [line[0] for line in list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]]
    page = (await officer.get("/firms?q=水暖")).text
    assert "导出的是全部结果，最相近的在前。" in page
    assert len(names) == 60
    shown = [name for name in names if f">{name}<" in page]
    assert shown == names[:50]
    assert sorted(shown, key=page.index) == shown
    few = (await officer.get("/firms?q=水暖甲甲甲甲甲")).text
    assert "导出的是全部结果" not in few


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_an_export_says_in_the_trail_who_took_what(client_as: ClientAs, conn: Conn, form: str) -> None:
    officer = await client_as("officer")
    await factories.firm_on(conn, "eaglet")
    await officer.get(f"/firms/export.{form}?tier=eaglet&region={TOWN}")
    query = select(AuditEvent.actor_name, AuditEvent.after).where(AuditEvent.action == "firm:list:exported")
    (event,) = (await conn.execute(query)).all()
    assert event.actor_name == "局专员officer"
    assert event.after["count"] == 1
    assert event.after["form"] == form
    assert {"tier": "eaglet", "region": TOWN}.items() <= event.after["filter"].items()
    await officer.get(f"/firms/export.{form}?q=139-8765-4321")
    (event,) = (await conn.execute(query.where(AuditEvent.after["filter"]["q"].astext != ""))).all()
    assert event.after["filter"]["q"] == "***", "that somebody was looked for, not who"


@pytest.mark.parametrize("who", ["town", "auditor", "admin", "firm", "carrier"])
async def test_exporting_is_a_right_of_its_own(client_as: ClientAs, who: str) -> None:
    client = await client_as(who)
    for form in ("csv", "xlsx"):
        assert (await client.get(f"/firms/export.{form}")).status_code == 403


async def test_an_export_ends_at_the_officer_s_division_whatever_the_address_says(
    client_as: ClientAs, conn: Conn
) -> None:
    own = await factories.firm(conn, region=TOWN)
    await factories.firm(conn, region=OTHER_TOWN)
    local = await client_as("officer-local", scope=TOWN)
    assert codes(await local.get("/firms/export.csv"), "csv") == [own]
    assert codes(await local.get(f"/firms/export.csv?region={OTHER_TOWN}"), "csv") == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_a_hostile_address_exports_nothing_more(client_as: ClientAs, conn: Conn, form: str) -> None:
    officer = await client_as("officer")
    await factories.firm(conn)
    for query in ("tier=' OR 1=1 --", "q=%25$1", "officer=x", "sort=nothing", "region=1e9", "status=' OR ''='"):
        answer = await officer.get(f"/firms/export.{form}?{query}")
        assert answer.status_code == 200
        assert len(codes(answer, form)) <= 1
    assert codes(await officer.get(f"/firms/export.{form}?tier=' OR 1=1 --"), form) == []


_MANY = text(
    """
INSERT INTO firms (id, uscc, name, name_key, name_pinyin, name_initials, region_code, remark, search_text,
                   search_grams, created_at, updated_at)
SELECT gen_random_uuid(), 'X' || n, '企业' || n, '', '', '', '440783117', repeat('备注', 200), '', '{}', :at, :at
FROM generate_series(1, 20000) AS n
"""
)
_COPYING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'"
    " AND state <> 'idle'"
)


# All that read this one county, on one worker: filling it takes longer than reading it.
CROWD = pytest.mark.xdist_group("crowd")


@pytest.fixture(scope="module")
async def crowd(cluster: Cluster) -> AsyncIterator[Database]:
    """Twenty thousand firms that nobody changes."""
    name = cluster.fresh_name()
    in_thread(lambda: cluster.create(name))
    database = Database(cluster.url(name), pool_size=16, keys=keys_of_tests)
    async with database.transaction() as conn:
        await conn.execute(_MANY, {"at": NOON})
    yield database
    await database.dispose()
    in_thread(lambda: cluster.drop(name))


def _query(**more: Any) -> Any:
    viewer = command_actor("440783").viewer
    return statement(FirmFilter(), viewer=viewer, vault=keys_of_tests(), today=NOON.date(), sort="-updated", **more)


@CROWD
@pytest.mark.db_commit
async def test_when_the_reader_leaves_the_database_stops_and_the_connection_is_free(
    crowd: Database,
) -> None:
    for _ in range(20):  # more often than the pool has connections
        stream = csv_stream(crowd, _query(escaped=True))
        await anext(stream)
        assert len(await anext(stream)) > 0
        await stream.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        while True:
            async with crowd.reading() as conn:
                if not (await conn.execute(_COPYING)).scalar_one():
                    break
            await asyncio.sleep(0.05)


@CROWD
@pytest.mark.db_commit
async def test_a_workbook_s_temporary_files_go_when_the_reader_leaves(
    crowd: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.exchange.exporting import xlsx_stream

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = xlsx_stream(crowd, _query().limit(2_000))
    assert (await anext(stream)).startswith(b"PK")
    assert os.listdir(tmp_path)
    await stream.aclose()  # type: ignore[attr-defined]
    assert os.listdir(tmp_path) == []


@CROWD
@pytest.mark.db_commit
async def test_slow_readers_hold_no_connection(crowd: Database) -> None:
    """As many as the pool has connections begin to read, and stop; everybody else goes on."""
    streams = [csv_stream(crowd, _query(escaped=True).limit(4_000)) for _ in range(16)]
    for stream in streams:
        await anext(stream)
    begun = [await anext(stream) for stream in streams]
    assert all(begun)
    pool: Any = crowd.engine.pool
    async with asyncio.timeout(60):
        while pool.checkedout():  # noqa: ASYNC110  # the pool tells nobody
            await asyncio.sleep(0.05)
    async with crowd.reading() as conn:
        assert (await conn.execute(_COPYING)).scalar_one() == 0
    lines = begun[0].count(b"\n") + sum([chunk.count(b"\n") async for chunk in streams[0]])
    assert lines == 4_000
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]


@CROWD
@pytest.mark.db_commit
async def test_no_more_than_three_exports_run_at_once(crowd: Database) -> None:
    streams = [csv_stream(crowd, _query(escaped=True).limit(4_000)) for _ in range(10)]
    reading = [asyncio.create_task(_all_of(stream)) for stream in streams]
    pool: Any = crowd.engine.pool
    most = 0
    async with asyncio.timeout(60):
        while not all(task.done() for task in reading):
            most = max(most, pool.checkedout())
            await asyncio.sleep(0.002)
    assert 1 <= most <= 3
    assert {len(await task) for task in reading} == {len(await reading[0])}


async def _all_of(stream: Any) -> bytes:
    return b"".join([chunk async for chunk in stream])


@CROWD
@pytest.mark.db_commit
async def test_most_of_the_work_of_a_workbook_is_another_process_s(crowd: Database, tmp_path: Path) -> None:
    await write_xlsx(crowd, _query().limit(1), tmp_path / "warm.xlsx")
    mine, theirs = time.thread_time(), _of_children()
    async with asyncio.timeout(120):
        assert await write_xlsx(crowd, _query().limit(8_000), tmp_path / "a.xlsx") == 8_000
    # In seconds of work and not of the clock, so that it holds on a busy machine too.
    assert time.thread_time() - mine < _of_children() - theirs


def _of_children() -> float:
    """Those that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
