"""The list out and in again: what was exported says nothing new when it comes back, in either form."""

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from app.db import Conn, Database
from app.exchange.exporting import TITLES, csv_stream, statement, xlsx_stream
from app.files.store import FileStore
from app.firms.queries import list_firms
from app.firms.terms import ContactDetails, FirmFilter
from app.sealed import UNREADABLE
from tests import factories
from tests.factories import OTHER_TOWN, TOWN, Person
from tests.harness import NOON, keys_of_tests
from tests.rosters import checked, rows

TODAY = NOON.date()


@pytest.fixture
async def officer(conn: Conn) -> Person:
    return await factories.person(conn, "officer")


async def exported(
    database: Database, form: str, who: Person, filters: FirmFilter | None = None, sort: str = "-updated"
) -> bytes:
    query = statement(
        filters or FirmFilter(),
        viewer=who.viewer,
        vault=keys_of_tests(),
        today=TODAY,
        sort=sort,
        escaped=form == "csv",
    )
    stream = csv_stream(database, query) if form == "csv" else xlsx_stream(database, query)
    return b"".join([chunk async for chunk in stream])


def table(data: bytes, form: str) -> list[dict[str, Any]]:
    if form == "csv":
        assert data.startswith(b"\xef\xbb\xbf")
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    titles, *lines = [[c.value for c in row] for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows()]
    return [dict(zip(titles, line, strict=True)) for line in lines]


async def a_county(conn: Conn) -> None:
    """Firms with everything that is apt to be lost on the way."""
    people = [ContactDetails("=张三", "+86 13800000000"), ContactDetails("李四", "2")]
    await factories.firm(
        conn,
        "<b>甲</b>&“乙”公司",
        contacts=people,
        registered_on=date(2015, 3, 1),
        registered_capital=Decimal("1234567.89"),
        above_designated_size=True,
        remark='第一行，带逗号\n"第二行"\n-第三行',
        park="翠山湖",
        industry_code="C3360",
        high_tech_field="401",
        direction="new_materials",
    )
    await factories.firm(
        conn,
        "=1+1",
        region="440783",
        above_designated_size=False,
        registered_capital=Decimal("999999999999999.99"),
        remark="@SUM",
    )
    await factories.firm(conn, "_x0041_公司", registered_capital=Decimal("0.01"), remark="'单引号'")
    for tier in ("tech_micro", "eaglet", "gazelle", "hnte"):
        await factories.firm_on(conn, tier, name=f"开平市{tier}有限公司", on=date(2025, 3, 3))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_what_was_exported_changes_nothing_when_it_comes_back(
    conn: Conn, database: Database, officer: Person, tmp_path: Path, form: str
) -> None:
    await a_county(conn)
    data = await exported(database, form, officer)
    done = await checked(database, FileStore(tmp_path), data, by=officer.actor, name=f"企业.{form}")
    told = [(r.name, r.changes, r.messages) for r in await rows(database, done.id) if r.changes or r.messages]
    assert told == []
    assert (done.total, done.unchanged) == (7, 7)
    assert (done.sheet["unknown"], done.sheet["doubled"]) == ([], [])


async def test_a_csv_runs_nothing_and_a_workbook_holds_text(conn: Conn, database: Database, officer: Person) -> None:
    await a_county(conn)
    by_code = {line["统一社会信用代码"]: line for line in table(await exported(database, "csv", officer), "csv")}
    for line in by_code.values():
        for title, cell in line.items():
            assert title == "注册资本（万元）" or not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    page = load_workbook(io.BytesIO(await exported(database, "xlsx", officer))).worksheets[0]
    for row in page.iter_rows(min_row=2):
        for cell in row:
            assert cell.data_type in ("s", "n")
            assert cell.data_type == "s" or cell.value is None or cell.column == 9
    names = {row[0].value for row in page.iter_rows(min_row=2)}
    assert "=1+1" in names


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("sort", ["-updated", "name", "-name", "registered", "tier_since", "relevance"])
async def test_an_export_is_the_filtered_list_in_its_order(
    conn: Conn, database: Database, officer: Person, form: str, sort: str
) -> None:
    await a_county(conn)
    filters = FirmFilter(q="有限公司" if sort == "relevance" else "", region=TOWN)
    shown = await list_firms(conn, filters, viewer=officer.viewer, today=TODAY, sort=sort)
    data = table(await exported(database, form, officer, filters, sort), form)
    assert [line["统一社会信用代码"] for line in data] == [row.uscc for row in shown.items]


async def test_a_number_that_was_moved_to_another_firm_is_not_opened_for_it(
    conn: Conn, database: Database, officer: Person
) -> None:
    for name, phone in (("甲公司", "13800000001"), ("乙公司", "13800000002")):
        await factories.firm(conn, name, contacts=[ContactDetails("王", phone)])
    await conn.execute(text("UPDATE contacts SET phone = (SELECT max(phone) FROM contacts)"))
    for form in ("csv", "xlsx"):
        told = [line["联系电话"] for line in table(await exported(database, form, officer), form)]
        assert sorted(told)[0].startswith("138")
        assert told.count(UNREADABLE) == 1


async def test_an_export_ends_at_the_viewer_s_division(conn: Conn, database: Database) -> None:
    await factories.firm(conn, "看得见", region=TOWN)
    await factories.firm(conn, "看不见", region=OTHER_TOWN)
    local = await factories.person(conn, "officer-local", scope=TOWN)
    assert [line["企业名称"] for line in table(await exported(database, "csv", local), "csv")] == ["看得见"]


async def test_labels_are_written_as_the_screen_shows_them(conn: Conn, database: Database, officer: Person) -> None:
    uscc = await factories.firm_on(conn, "hnte", on=date(2025, 3, 3), name="开平市某某有限公司")
    (line,) = table(await exported(database, "csv", officer), "csv")
    assert tuple(line) == TITLES
    assert line["统一社会信用代码"] == uscc
    assert (line["当前梯队"], line["进入梯队日期"], line["所属镇街"], line["状态"]) == (
        "高新技术企业",
        "2025-03-03",
        "水口镇",
        "存续",
    )


async def test_of_two_divisions_with_one_name_the_code_is_written(
    conn: Conn, database: Database, tmp_path: Path
) -> None:
    from sqlalchemy import insert

    from app.firms.models import Region

    for code, name, kind, parent in (
        ("440784", "鹤山市", "county", "440700"),
        ("440784001", "水口镇", "town", "440784"),
    ):
        await conn.execute(insert(Region).values(code=code, name=name, kind=kind, parent=parent, source="测试"))
    wide = await factories.person(conn, "officer-wide", scope="4407")
    await factories.firm(conn, "开平市某某有限公司", region="440784001")
    data = await exported(database, "csv", wide)
    assert table(data, "csv")[0]["所属镇街"] == "440784001"
    done = await checked(database, FileStore(tmp_path), data, by=wide.actor, name="a.csv")
    assert done.unchanged == 1
