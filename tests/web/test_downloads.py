import asyncio
import io

import asyncpg
import openpyxl
import pytest

from tests import factories
from tests.harness import NOON, keys_of_tests


async def test_the_filtered_list_leaves_as_csv_over_http_and_the_act_is_in_the_trail(client_as, api_as, conn):
    await factories.firm(conn, "开平市甲卫浴有限公司", park="翠山湖")
    await factories.firm(conn, "开平市乙卫浴有限公司")
    client = await client_as("officer")
    answer = await client.get("/firms/export.csv?park=翠山湖")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("开平市甲卫浴有限公司,")
    assert answer.headers["content-disposition"].startswith("attachment;")
    events = (await (await api_as("auditor")).get("/api/v1/audit?actor=局专员officer")).json()["items"]
    assert events[0]["action"] == "firm:list:exported"


async def test_the_same_leaves_as_a_workbook(client_as, conn):
    uscc = await factories.firm(conn, "开平市甲卫浴有限公司")
    answer = await (await client_as("officer")).get("/firms/export.xlsx")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    assert rows[1][:2] == ("开平市甲卫浴有限公司", uscc)


@pytest.mark.db_commit
async def test_a_slow_reader_gets_every_row_and_the_end(fresh_database, monkeypatch):
    from app.exchange import exporting, spooling
    from app.firms.terms import FirmFilter

    monkeypatch.setattr(spooling, "PIECE", 64)
    async with fresh_database.transaction() as conn:
        viewer = (await factories.person(conn, "officer")).viewer
        codes = [await factories.firm(conn) for _ in range(5)]
    query = exporting.statement(
        FirmFilter(), viewer=viewer, vault=keys_of_tests(), today=NOON.date(), sort="name", escaped=True
    )
    async with asyncio.timeout(20):
        received = await read_slowly(exporting.csv_stream(fresh_database, query))
    assert all(code.encode() in received for code in codes)


@pytest.mark.db_commit
async def test_a_copy_that_breaks_off_is_an_error_and_never_a_silence(fresh_database, monkeypatch):
    from sqlalchemy import func, literal_column, select
    from sqlalchemy.exc import DBAPIError

    from app.exchange import exporting, spooling

    monkeypatch.setattr(spooling, "PIECE", 64)
    broken = select(literal_column("1 / (100 - n)")).select_from(func.generate_series(1, 200).alias("n"))
    async with asyncio.timeout(20):
        with pytest.raises((DBAPIError, asyncpg.PostgresError)):
            await read_slowly(exporting.csv_stream(fresh_database, broken))


async def read_slowly(stream):
    received = b""
    async for chunk in stream:
        received += chunk
        await asyncio.sleep(0.05)
    return received
