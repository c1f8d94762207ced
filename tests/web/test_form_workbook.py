"""用 Excel 填: taken home, brought back, shown beside the draft, and kept only when somebody says so."""

import io

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.reports.workbook import ONCE
from tests import factories
from tests.web.test_reports import HERE, PAGES, clerk, fill, kept, submit, typed
from tests.web.test_reviews import filing

BOOK = f"{HERE}/workbook"


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
async def boss(conn, client_as, uscc):
    client = await client_as(await clerk(conn, uscc))
    await client.post(f"{HERE}/begin")
    return client


async def taken_home(client, **figures):
    taken = await client.get(f"{BOOK}.xlsx")
    book = load_workbook(io.BytesIO(taken.content))
    page = book[ONCE]
    for row in range(2, page.max_row + 1):
        if (code := page.cell(row, 1).value) in figures:
            page.cell(row, 4).value = figures[code]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def brought(client, data, name="填好的.xlsx"):
    return await client.post(BOOK, files={"file": (name, data)})


def hidden(page):
    import html
    import re

    return {n: html.unescape(v) for n, v in re.findall(r'name="(held|seen)" value="([^"]*)"', page)}


async def test_a_workbook_comes_back_is_looked_at_and_becomes_the_draft(boss, conn):
    await fill(boss, {"people": PAGES["people"]})
    data = await taken_home(boss, headcount=125, total_income=4000)
    shown = await brought(boss, data)
    assert "要改的 2 处" in shown.text
    assert "<ins>4000 万元</ins>" in shown.text
    assert "headcount" in (await kept(conn, "people")).answers
    assert (await kept(conn, "people")).answers["headcount"] == ["120 人", ""]
    saved = await boss.post(f"{BOOK}/save", data=hidden(shown.text))
    assert saved.headers["location"] == HERE
    assert (await kept(conn, "people")).answers["headcount"] == ["125", ""]
    assert (await kept(conn, "people")).answers["rd_staff"] == ["15", ""]
    assert (await kept(conn, "operations")).answers == {"total_income": ["4000", "wan_yuan"]}
    trail = (await conn.execute(select(AuditEvent.after).where(AuditEvent.action == "firm:report:filled"))).scalar_one()
    assert (trail["way"], trail["questions"]) == ("Excel", "total_income、headcount")
    assert "没有别的不同" in (await brought(boss, data)).text


async def test_a_colleague_who_saved_meanwhile_is_told_of_at_every_step(boss, conn, uscc, client_as):
    await fill(boss, {"people": PAGES["people"]})
    data = await taken_home(boss, headcount=125, rd_staff=16)
    lin = await client_as(await clerk(conn, uscc, "firm-lin", signatory=False))
    await lin.post(f"{HERE}/people", data=typed(PAGES["people"] | {"headcount": ("130", "")}, 1))
    shown = await brought(boss, data)
    assert "您和同事都改过的 1 处" in shown.text
    assert "<b>130</b>" in shown.text
    # And while one looks at it, the other figure is saved too.
    await lin.post(f"{HERE}/people", data=typed({"headcount": ("130", ""), "rd_staff": ("17", "")}, 2))
    late = await boss.post(f"{BOOK}/save", data=hidden(shown.text) | {"mine": "headcount"})
    assert (late.status_code, "都改过的 2 处" in late.text) == (412, True)
    await boss.post(f"{BOOK}/save", data=hidden(late.text) | {"mine": "headcount"})
    answers = (await kept(conn, "people")).answers
    assert (answers["headcount"], answers["rd_staff"]) == (["125", ""], ["17", ""])


async def test_after_handing_in_nothing_is_taken_and_after_a_return_what_was_asked(boss, conn, client_as):
    await fill(boss)
    data = await taken_home(boss, headcount=121, rd_staff=16)
    await submit(boss)
    shut = await brought(boss, data)
    assert "要改的 0 处" in shut.text
    assert "职工总数、科技人员" in shut.text
    officer = await client_as("officer")
    await officer.post(f"/reviews/{await filing(conn)}/return", data={"c.headcount": "请核对"})
    shown = await brought(boss, data)
    await boss.post(f"{BOOK}/save", data=hidden(shown.text))
    answers = (await kept(conn, "people")).answers
    assert (answers["headcount"], answers["rd_staff"]) == (["121", ""], ["15", ""])


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "", "请选择"),
        (b"", "a.xlsx", "文件是空的"),
        (b"PK\x03\x04nothing", "a.xlsx", "损坏"),
        (b"a,b", "a.csv", "不是 CSV"),
        (b"MZ", "a.xlsx", "一个程序"),
    ],
)
async def test_what_is_no_workbook_is_refused_with_a_sentence(boss, data, name, words):
    answer = await brought(boss, data, name) if name else await boss.post(BOOK)
    assert (answer.status_code, words in answer.text) == (422, True)
    assert (await boss.post(f"{BOOK}/save", data={"held": "[1"})).status_code == 422


async def test_another_firm_has_no_part_in_it(boss, conn, client_as):
    data = await taken_home(boss, headcount=1)
    stranger = await client_as(await clerk(conn, await factories.firm(conn, "开平市别家有限公司"), "firm-other"))
    assert (await stranger.get(f"{BOOK}.xlsx")).status_code == 404
    assert (await brought(stranger, data)).status_code == 404
    await stranger.post(f"{HERE}/begin")
    answer = await brought(stranger, data)
    assert (answer.status_code, "金丝雀" in answer.text) == (422, False)
