"""A carrier's rooms and tenancies as a file: out as it stands, in after a look, all of it or nothing."""

import csv
import io
from datetime import date

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEvent
from app.carriers.models import CarrierSpace, TenancyProposal, TenancyRow
from tests import factories, houses

HEAD = "楼栋,楼层,房间,面积（㎡）,统一社会信用代码,企业或团队,租期起,租期止,协议编号"


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn)


async def send(browser, held, *lines, act="check", head=HEAD):
    data = "\n".join((head, *lines)).encode("utf-8-sig")
    files = {"file": ("房间.csv", data, "text/csv")}
    return await browser.post(f"/carriers/{held.id}/rooms/import", data={"act": act}, files=files)


async def rows(browser, held):
    answer = await browser.post(f"/carriers/{held.id}/rooms/export.csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def count(conn, table):
    return (await conn.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_list_is_looked_at_taken_whole_and_the_same_again_changes_nothing(conn, client_as, held):
    officer = await client_as("officer")
    uscc = await factories.firm(conn, "开平市表格机械有限公司")
    lines = [
        f"A 座,3,301,120.5,{uscc},,2026-01-01,2026-12-31,",
        "A 座,3,302,80,,@示例团队,2026-03-01,,协-1",
        "A 座,4,401,60,,,,,",
    ]
    looked = await send(officer, held, *lines)
    assert (looked.status_code, "新增 3 · 更新 0 · 不变 0 · 错误 0" in looked.text) == (200, True)
    assert "新增房间；办理入驻" in looked.text
    assert await count(conn, CarrierSpace) == 0
    assert "已导入" in (await send(officer, held, *lines, act="import")).text
    out = await rows(officer, held)
    assert [
        (r["房间"], r["面积（㎡）"], r["统一社会信用代码"], r["企业或团队"], r["租期止"], r["独用"]) for r in out
    ] == [
        ("301", "120.50", uscc, "开平市表格机械有限公司", "2026-12-31", "是"),
        ("302", "80.00", "", "'@示例团队", "", "是"),
        ("401", "60.00", "", "", "", "是"),
    ]
    assert "不变 3" in (await send(officer, held, *lines, act="import")).text
    longer = await send(officer, held, lines[0].replace("2026-12-31,", "2027-12-31,协-9"), act="import")
    assert "续租至 2027-12-31，改协议内容" in longer.text
    workbook = await officer.post(f"/carriers/{held.id}/rooms/export.xlsx")
    files = {"file": ("房间.xlsx", workbook.content, "application/octet-stream")}
    again = await officer.post(f"/carriers/{held.id}/rooms/import", data={"act": "check"}, files=files)
    assert "不变 3" in again.text
    text = (await officer.post(f"/carriers/{held.id}/rooms/export.csv")).text.lstrip("\ufeff").splitlines()
    assert "不变 3" in (await send(officer, held, *text[1:], head=text[0])).text
    actions = (await conn.execute(select(AuditEvent.action).where(AuditEvent.action.like("carrier:rooms:%")))).scalars()
    assert sorted(actions) == ["carrier:rooms:exported"] * 3 + ["carrier:rooms:imported"] * 3


async def test_a_room_let_twice_says_who_has_it_until_when_and_nothing_of_the_list_stays(conn, client_as, held):
    officer = await client_as("officer")
    await houses.tenancy(conn, held, await houses.space(conn, held), "已在的团队")
    lines = [
        "A 座,5,501,50,,新团队,2026-05-01,,",
        "A 座,3,301,,,后来的团队,2026-12-31,2027-06-30,",
        "A 座,3,301,,,次日的团队,2027-01-01,2027-06-30,",
        "A 座,6,601,,,没有面积,2026-05-01,,",
        "A 座,5,501,,,新团队,2026-05-01,,",
        "A 座,3,301,,,已在的团队,2026-01-01,2026-06-30,",
        "A 座,7,701,50,,=1+1,2026-05-01,,",
    ]
    for act, status in (("check", 200), ("import", 422)):
        answer = await send(officer, held, *lines, act=act)
        assert (answer.status_code, "新增 2 · 更新 0 · 不变 0 · 错误 5" in answer.text) == (status, True), act
        assert "A 座 3层 301 已由 已在的团队 租用：2026-01-01 起至 2026-12-31。" in answer.text
        assert "请填写面积。" in answer.text
        assert "“企业或团队”是公式或错误值" in answer.text
        assert "与第 2 行是同一份租约。" in answer.text
        assert "提前结束的请办退出" in answer.text
    assert (await count(conn, CarrierSpace), await count(conn, TenancyRow)) == (1, 1)
    unreadable = await send(officer, held, "甲,乙", head="名称,数量")
    assert (unreadable.status_code, "没有找到表头" in unreadable.text) == (422, True)


async def test_an_operator_brings_in_its_own_carrier_and_a_firm_only_as_a_proposal(conn, client_as, held):
    operator = await client_as(await houses.operator(conn, held))
    uscc = await factories.firm(conn, "开平市待确认机械有限公司")
    line = f"A 座,3,301,100,{uscc},,{date(2026, 12, 1)},,"
    said = await send(operator, held, line, "A 座,3,302,100,,自己的团队,2026-12-01,,", act="import")
    assert "提议入驻，企业或主管部门确认后生效" in said.text
    assert "开平市待确认机械有限公司" not in said.text
    assert (await count(conn, TenancyProposal), await count(conn, TenancyRow)) == (1, 1)
    assert "已提议入驻，等企业或主管部门确认" in (await send(operator, held, line)).text
    other = await houses.carrier(conn, "另一家孵化器")
    assert (await send(operator, other, line)).status_code == 404
    assert (await operator.post(f"/carriers/{other.id}/rooms/export.csv")).status_code == 404
    template = await operator.get(f"/carriers/{held.id}/rooms/template.xlsx")
    assert template.headers["content-type"].startswith("application/vnd.openxmlformats")
