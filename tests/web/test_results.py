"""The pages of a published list, and the same over JSON."""

import re
from datetime import timedelta

import pytest

from app.sheets.tables import Table, write_tables
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()
FIELDS = {"kind": "announcement", "document": "国科火字〔2027〕1号", "announced_on": "2026年11月20日"}
SURE, LIKE = "开平市长兴卫浴有限公司", "开平市水口镇永盛阀门有限公司"


@pytest.fixture
async def window(conn):
    return await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=3))


def hidden(html):
    fields = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', html)[1]}
    for name in ("expected", "idempotency_key"):
        if found := re.search(rf'name="{name}" value="([^"]+)"', html):
            fields[name] = found[1]
    return fields


async def test_a_workbook_is_read_settled_entered_and_taken_back_over_the_pages(conn, client_as, window):
    sure, like = await factories.firm(conn, SURE), await factories.firm(conn, "开平市水口永盛阀门有限公司")
    client = await client_as("officer")
    lists = f"/filings/{window}/results"
    rows = [(SURE, "GR202744000001"), (LIKE, "GR202744000002"), ("广州某某公司", "")]
    file = {"file": ("公告.xlsx", write_tables([Table("名单", (), ("企业名称", "证书编号"), rows)]))}
    first = hidden((await client.get(lists)).text) | FIELDS | {"issued_on": "2026-11-20"}
    answers = [await client.post(lists, data=first, files=file) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    here = answers[0].headers["location"].split("?")[0]
    assert answers[1].headers["location"].startswith(here)
    page = (await client.get(here)).text
    assert re.findall(r'class="chip[^"]*">(准确|相似|未找到)<', page) == ["准确", "相似", "未找到"]
    assert "还有 1 行没有核对" in page
    assert "登记结果</button>" not in page
    wrong = await client.post(f"{here}/settle", data=hidden(page) | {"row-3": "?", "code-3": "91440783M159083022"})
    assert wrong.status_code == 422
    assert "没有这家企业" in wrong.text
    settled = await client.post(f"{here}/settle", data=hidden(page) | {"row-3": like, "row-4": "-"})
    assert settled.status_code == 303
    page = (await client.get(here)).text
    done = await client.post(f"{here}/apply", data=hidden(page))
    assert done.status_code == 303
    page = (await client.get(here)).text
    assert page.count("待第二人复核") == 2
    assert "GR202744000001" in (await client.get(f"/firms/{sure}")).text
    empty = await client.post(f"{here}/undo", data=hidden(page) | {"reason": " "})
    assert empty.status_code == 422
    assert "请写明依据" in empty.text
    assert (await client.post(f"{here}/undo", data=hidden(page) | {"reason": "录错批次"})).status_code == 303
    page = (await client.get(f"{here}?only=taken_back")).text
    assert page.count("证书已删去") == 2
    assert "已撤销" in (await client.get(lists)).text


async def test_what_is_wrong_with_a_list_comes_back_in_its_field_and_nothing_is_kept(client_as, window):
    client = await client_as("officer")
    lists = f"/filings/{window}/results"
    sent = hidden((await client.get(lists)).text) | FIELDS
    for more, sentence in (
        ({}, "请选择名单文件"),
        ({"text": "甲公司", "document": ""}, "请填写公示或公告的文号"),
        ({"text": "甲公司", "announced_on": "2026-11-24"}, "公布日期不能晚于今天"),
        ({"text": "甲公司", "announced_on": "去年"}, "看不懂这个日期"),
        ({"text": "甲公司", "address": "javascript:1"}, "完整网址"),
        ({"text": "甲公司", "kind": "rumour"}, "公示名单还是公告名单"),
        ({"text": "1\n2\n"}, "没有读到企业名称"),
    ):
        refused = await client.post(lists, data=sent | more)
        assert refused.status_code == 422, sentence
        assert sentence in refused.text
    broken = await client.post(lists, data=sent, files={"file": ("公告.pdf", b"%PDF-1.4")})
    assert broken.status_code == 422
    assert "还没有录入名单" in (await client.get(lists)).text


async def test_a_program_brings_a_list_settles_and_enters_it_once(conn, api_as, window):
    like = await factories.firm(conn, "开平市水口永盛阀门有限公司")
    api = await api_as("officer")
    body = {**FIELDS, "issued_on": "2026-11-20", "lines": [{"name": LIKE, "number": "GR202744000002"}]}
    made = await api.post(f"/api/v1/windows/{window}/results", json=body, headers={"Idempotency-Key": "list"})
    assert made.status_code == 201
    here, found = made.headers["location"], made.json()
    assert (found["open"], found["lines"][0]["match"], found["lines"][0]["candidates"][0]["uscc"]) == (
        1,
        "similar",
        like,
    )
    again = await api.post(f"/api/v1/windows/{window}/results", json=body, headers={"Idempotency-Key": "list"})
    assert again.json()["id"] == found["id"]
    tag = {"If-Match": made.headers["etag"]}
    assert (await api.post(f"{here}/apply")).status_code == 428
    early = await api.post(f"{here}/apply", headers=tag)
    assert (early.status_code, "没有核对" in early.json()["detail"]) == (409, True)
    assert (await api.post(f"{here}/settle", json={"lines": {"x": ""}}, headers=tag)).status_code == 422
    settled = await api.post(f"{here}/settle", json={"lines": {"1": like}}, headers=tag)
    assert settled.json()["open"] == 0
    assert (await api.post(f"{here}/apply", headers=tag)).status_code == 412
    entered = await api.post(f"{here}/apply", headers={"If-Match": settled.headers["etag"]})
    done, tag = entered.json(), {"If-Match": entered.headers["etag"]}
    assert (done["state"], done["lines"][0]["outcome"]) == ("applied", "done")
    assert (await api.post(f"{here}/undo", json={"reason": ""}, headers=tag)).status_code == 422
    undone = await api.post(f"{here}/undo", json={"reason": "录错"}, headers=tag)
    assert undone.json()["lines"][0]["outcome"] == "taken_back"
    assert (await api.post(f"{here}/discard", headers={"If-Match": undone.headers["etag"]})).status_code == 409
    assert (await api.get(here)).json()["state"] == "undone"
