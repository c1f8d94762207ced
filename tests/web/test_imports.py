"""The import pages: an officer's way from a file to the registry and back, without a script."""

import io
import os
import re
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from app.db import Conn, Database
from app.exchange import service
from app.exchange.jobs import run_waiting_imports
from app.exchange.queries import PAGE
from app.sheets import MAX_FILE
from tests import factories
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON, SettableClock
from tests.rosters import CODE, DATA, NAME, imported, roster

ClientAs = Callable[..., Awaitable[httpx.AsyncClient]]
SAMPLE = (DATA / "roster-sample.xlsx").read_bytes()


@pytest.fixture
async def officer(client_as: ClientAs) -> httpx.AsyncClient:
    return await client_as("officer")


@pytest.fixture
def work(app: FastAPI, database: Database, clock: SettableClock) -> Callable[[], Awaitable[int]]:
    """What the worker does every second."""

    async def run() -> int:
        return await run_waiting_imports(database, app.state.files, at=clock.now())

    return run


async def send(client: httpx.AsyncClient, data: bytes, name: str = "名册.xlsx") -> httpx.Response:
    return await client.post("/imports", files={"file": (name, data)})


async def test_the_whole_way_from_a_file_to_the_registry_and_back(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    sent = await send(officer, SAMPLE, "台账 2026.xlsx")
    assert sent.status_code == 303
    here = sent.headers["location"]
    waiting = (await officer.get(here)).text
    assert "等待检查" in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert f'data-hx-get="{here}/progress"' in waiting

    await work()
    preview = (await officer.get(here)).text
    assert "待确认" in preview
    assert "导入 392 行" in preview
    assert "http-equiv" not in preview
    assert "开平市示例0001号卫浴有限公司" not in (await officer.get("/firms?q=开平市示例0001")).text

    confirmed = await officer.post(f"{here}/confirm")
    assert confirmed.headers["location"] == here
    await work()
    done = (await officer.get(here)).text
    assert "已导入" in done
    assert "开平市示例0001号卫浴有限公司" in (await officer.get("/firms?q=开平市示例0001")).text

    assert (await officer.post(f"{here}/undo")).status_code == 303
    asked = (await officer.get(here)).text
    assert "等待撤销" in asked
    assert f'data-hx-get="{here}/progress"' in asked
    assert (await officer.post(f"{here}/undo")).status_code == 409
    await work()
    gone = (await officer.get(here)).text
    assert "已撤销 392 行。" in gone
    assert "没有撤销 0" in gone
    assert '<span class="chip good">新增' not in gone, "what is not there any more is not shown as new"
    assert 'href="/firms/9144' not in gone
    assert "开平市示例0001号卫浴有限公司" not in (await officer.get("/firms?q=开平市示例0001")).text


async def test_the_preview_is_filtered_by_outcome_and_paged(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, SAMPLE)).headers["location"]
    await work()
    bad = (await officer.get(f"{here}?outcome=rejected")).text
    assert bad.count('class="fault"') == 8
    assert "雅瑶镇" in bad
    assert "示例0001号" not in bad
    first = (await officer.get(f"{here}?outcome=created")).text
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following is not None
    second = (await officer.get(following[1].replace("&amp;", "&"))).text
    assert "示例0001号" in first
    assert "示例0001号" not in second
    warned = (await officer.get(f"{here}?outcome=warned")).text
    assert "第 18 位（校验码）" in warned


async def test_every_batch_is_on_some_page_of_the_list_and_on_one_only(
    officer: httpx.AsyncClient, database: Database, conn: Conn
) -> None:
    person = await factories.person(conn, "officer")
    ids = [
        await service.upload(conn, sha256="0" * 64, size=1, filename=f"第{n}批.xlsx", by=person.actor, at=NOON)
        for n in range(PAGE * 2 + 3)
    ]
    here, seen = "/imports", []
    for _ in range(3):
        html = (await officer.get(here)).text
        seen += re.findall(r'href="/imports/([0-9a-f-]{36})"', html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        here = following[1].replace("&amp;", "&") if following else ""
    assert here == ""
    assert seen == [str(batch_id) for batch_id in reversed(ids)]
    assert (await officer.get("/imports?before=abc")).status_code == 422


async def test_differences_show_before_and_after(
    officer: httpx.AsyncClient, conn: Conn, work: Callable[[], Awaitable[int]]
) -> None:
    uscc = await factories.firm(conn, "<i>开平</i>有限公司", remark="旧备注")
    here = (
        await send(officer, roster({NAME: "<i>开平</i>有限公司", CODE: uscc, "备注": "<script>新</script>"}))
    ).headers["location"]
    await work()
    html = (await officer.get(here)).text
    assert "<del>旧备注</del>" in html
    assert "<ins>&lt;script&gt;新&lt;/script&gt;</ins>" in html
    assert "<i>开平" not in html
    assert f'href="/firms/{uscc}"' in html


async def test_progress_is_a_fragment_and_leads_to_the_page_when_it_is_done(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, SAMPLE)).headers["location"]
    asked = await officer.get(f"{here}/progress", headers={"hx-request": "true"})
    assert "<progress" in asked.text
    assert "<html" not in asked.text
    assert "hx-redirect" not in asked.headers
    await work()
    asked = await officer.get(f"{here}/progress", headers={"hx-request": "true"})
    assert asked.headers["hx-redirect"] == here


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("名册.pdf", b"%PDF-1.7", "只能读取"),
        ("名册.xlsx", b"MZ\x90", "程序"),
        ("名册.csv", b"", "空的"),
        ("名册.xlsx", b"PK\x03\x04" + bytes(MAX_FILE), "文件太大，最多 20 MB"),
    ],
)
async def test_a_file_that_is_no_roster_is_refused_at_the_door(
    officer: httpx.AsyncClient, tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    sent = await send(officer, data, name)
    assert sent.status_code == 422
    assert said in sent.text
    assert "files" not in os.listdir(tmp_path)


async def test_no_file_at_all_is_told(officer: httpx.AsyncClient) -> None:
    for answer in (await officer.post("/imports"), await officer.post("/imports", files={"file": ("", b"")})):
        assert answer.status_code == 422
        assert "请选择要上传的文件" in answer.text


async def test_an_unreadable_file_says_why_on_its_page(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, "今天,天气\n晴,好\n".encode(), "名册.csv")).headers["location"]
    await work()
    html = (await officer.get(here)).text
    assert "无法读取" in html
    assert "没有找到表头" in html
    assert (await officer.get(f"{here}/annotated.xlsx")).status_code == 409


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\台账\\名册.xlsx", "名册.xlsx"),
        ("../../etc/名册.xlsx", "名册.xlsx"),
        ("名\u202e册<b>.xlsx", "名册&lt;b&gt;.xlsx"),
        ("长" * 300 + ".xlsx", "长" * 116 + ".xlsx"),
    ],
)
async def test_a_file_s_name_is_only_a_name(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]], given: str, kept: str
) -> None:
    here = (await send(officer, roster({NAME: "甲", CODE: factories.code()}), given)).headers["location"]
    await work()
    assert f"<h1>{kept}</h1>" in (await officer.get(here)).text


async def test_the_same_workbook_comes_back_with_red_cells_and_reasons(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, SAMPLE, "台账.xlsx")).headers["location"]
    await work()
    answer = await officer.get(f"{here}/annotated.xlsx")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "%E5%8F%B0%E8%B4%A6-%E5%8E%9F%E5%9B%A0.xlsx" in answer.headers["content-disposition"]
    page = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert (page["P2"].value, page["A1"].value[:4]) == ("原因", "开平市科")
    assert "雅瑶镇" in page["P34"].value
    assert page["E34"].fill.fgColor.rgb == "00F8C9C4"
    assert page["B94"].value == '=HYPERLINK("http://example.invalid","x")'
    assert page["P3"].value is None


async def test_the_template_is_one_that_the_import_understands(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    answer = await officer.get("/imports/template.xlsx")
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["名册", "填写说明", "选项"]
    assert book["选项"].sheet_state == "hidden"
    rules = book["名册"].data_validations.dataValidation
    assert {str(rule.sqref)[0] for rule in rules} == {"D", "H", "J", "M"}
    towns = [c.value for c in book["选项"]["A"][1:] if c.value]
    assert len(towns) == 16
    page = book["名册"]
    uscc = factories.code()
    for column, value in {"A": "开平市填表有限公司", "B": uscc, "D": "水口镇", "M": "雏鹰企业"}.items():
        page[f"{column}2"] = value
    out = io.BytesIO()
    book.save(out)
    here = (await send(officer, out.getvalue())).headers["location"]
    await work()
    html = (await officer.get(here)).text
    assert "导入 1 行" in html
    assert "不认识" not in html


async def test_a_double_confirmation_is_told_that_it_is_late(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, SAMPLE)).headers["location"]
    await work()
    assert (await officer.post(f"{here}/confirm")).status_code == 303
    late = await officer.post(f"{here}/confirm")
    assert late.status_code == 409
    assert "等待导入" in late.text


async def test_a_discarded_batch_is_listed_and_cannot_be_confirmed(
    officer: httpx.AsyncClient, work: Callable[[], Awaitable[int]]
) -> None:
    here = (await send(officer, SAMPLE)).headers["location"]
    await work()
    assert (await officer.post(f"{here}/discard")).headers["location"] == "/imports"
    assert "已放弃" in (await officer.get("/imports")).text
    assert (await officer.post(f"{here}/confirm")).status_code == 409


@pytest.mark.parametrize("who", ["town", "manager", "auditor", "admin", "firm", "carrier"])
async def test_only_officers_import(client_as: ClientAs, who: str) -> None:
    client = await client_as(who)
    assert (await client.get("/imports")).status_code == 403
    assert (await send(client, SAMPLE)).status_code == 403


async def test_a_batch_out_of_sight_is_not_found(
    client_as: ClientAs, app: FastAPI, conn: Conn, database: Database
) -> None:
    theirs = await factories.person(conn, "officer-there", scope=OTHER_TOWN)
    secret = roster({NAME: "秘密有限公司", CODE: factories.code()})
    done = await imported(database, app.state.files, secret, by=theirs.actor)
    here = await client_as("officer-here", scope=TOWN)
    assert "名册.xlsx" not in (await here.get("/imports")).text
    for way in ("", "/progress", "/annotated.xlsx"):
        answer = await here.get(f"/imports/{done.id}{way}")
        assert answer.status_code == 404
        assert "秘密" not in answer.text
    for step in ("confirm", "discard", "undo"):
        assert (await here.post(f"/imports/{done.id}/{step}")).status_code == 404
    assert (await here.get(f"/imports/{uuid.uuid4()}")).status_code == 404


async def test_another_site_cannot_send_a_file(officer: httpx.AsyncClient) -> None:
    forged = await officer.post(
        "/imports", files={"file": ("a.xlsx", SAMPLE)}, headers={"sec-fetch-site": "cross-site"}
    )
    assert forged.status_code == 403
