"""创新平台: the register by hand and by list, on the firm's page, and the coverage that it makes."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select, update

from app.audit.models import AuditEvent
from app.db import new_id
from app.firms.models import Firm
from app.platforms.models import PlatformRow
from app.reports.models import FirmStatement, YearlyReport
from tests import factories
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON

FORM = {
    "name": "广东省示例卫浴工程技术研究中心",
    "kind": "engineering_centre",
    "level": "provincial",
    "number": "GD-001",
    "recognised_on": "2024年1月5日",
    "duties": "2027-06-30 提交年度报告",
    "source": "认定名单",
}
INDUSTRIAL = {"above_designated_size": True, "industry_code": "C3360"}


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市平台测试有限公司", **INDUSTRIAL)


async def rows(conn: Any) -> list[Any]:
    return list(await conn.execute(select(PlatformRow.__table__).order_by(PlatformRow.name)))


async def test_a_platform_is_registered_once_and_shows_in_the_list_and_on_the_firms_page(conn, client_as, uscc):
    officer = await client_as("officer")
    for _ in "ab":
        answer = await officer.post("/platforms/new", data=FORM | {"uscc": uscc, "idempotency_key": "p-1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/platforms")
    (row,) = await rows(conn)
    assert (row.recognised_on, row.duties) == (
        date(2024, 1, 5),
        [{"title": "提交年度报告", "due_on": "2027-06-30"}],
    )
    for address in ("/platforms", f"/firms/{uscc}", "/platforms?q=卫浴&kind=engineering_centre&level=provincial"):
        page = (await officer.get(address)).text
        assert FORM["name"] in page
    assert FORM["name"] not in (await officer.get("/platforms?level=national")).text
    again = await officer.post("/platforms/new", data=FORM | {"uscc": uscc})
    assert (again.status_code, "登记过同名" in again.text) == (409, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "长" * 101}, "name"),
        ({"kind": "梦"}, "kind"),
        ({"level": ""}, "level"),
        ({"level": "enterprise"}, "level"),
        ({"kind": "own_institution"}, "level"),
        ({"recognised_on": ""}, "recognised_on"),
        ({"recognised_on": "2026-11-24"}, "recognised_on"),
        ({"valid_to": "2024-01-05"}, "valid_to"),
        ({"ended_on": "2024-01-04"}, "ended_on"),
        ({"ended_on": "2026-11-24"}, "ended_on"),
        ({"uscc": "91440783M159083022"}, "uscc"),
        ({"uscc": ""}, "host"),
        ({"uscc": "", "host": "开平市示例医院"}, "region_code"),
        ({"duties": "年底 交报告"}, "duties"),
        ({"duties": "2027-06-30"}, "duties"),
    ],
    ids=str,
)
async def test_a_fault_stands_beside_its_field_and_what_was_typed_is_kept(
    conn, client_as, uscc, rendered, changes, field
):
    officer = await client_as("officer")
    answer = await officer.post("/platforms/new", data=FORM | {"uscc": uscc} | changes)
    assert answer.status_code == 422
    context = rendered[-1][1]
    assert list(context["faults"]) == [field]
    assert context["values"]["number"] == "GD-001"
    assert await rows(conn) == []


async def test_a_record_that_was_merged_is_given_no_platform(conn, client_as, uscc, rendered):
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(status="merged"))
    officer = await client_as("officer")
    assert (await officer.post("/platforms/new", data=FORM | {"uscc": uscc})).status_code == 422
    assert "已并入别的企业" in rendered[-1][1]["faults"]["uscc"]
    assert await rows(conn) == []


async def test_two_who_change_one_entry_are_told_and_a_struck_one_leaves_its_words_in_the_trail(conn, client_as, uscc):
    officer, other = await client_as("officer"), await client_as("officer-2")
    await officer.post("/platforms/new", data=FORM | {"uscc": uscc})
    here = f"/platforms/{(await rows(conn))[0].id}"
    assert FORM["name"] in (await officer.get(here)).text
    changed = FORM | {"uscc": uscc, "ended_on": "2026-03-01", "version": "1"}
    assert (await officer.post(here, data=changed)).status_code == 303
    late = await other.post(here, data=changed | {"ended_on": "2026-04-01"})
    assert (late.status_code, "officer 刚改过" in late.text) == (412, True)
    assert "<del>2026-03-01</del></td><td><ins>2026-04-01</ins>" in late.text, "what would be written over is shown"
    for reason, version, status in (("", "2", 422), ("录错", "", 412), ("录错", "1", 412), ("录错", "2", 303)):
        answer = await officer.post(f"{here}/strike", data={"reason": reason, "version": version})
        assert answer.status_code == status, (reason, version)
        assert (status != 412) or "officer 刚改过" in answer.text
    trail = select(AuditEvent.action).where(AuditEvent.action.like("platform:%")).order_by(AuditEvent.id)
    told = list((await conn.execute(trail)).scalars())
    assert told == [f"platform:record:{verb}" for verb in ("added", "changed", "struck")]
    assert await rows(conn) == []


async def test_a_town_sees_the_platforms_of_its_own_firms_and_hosts_only(conn, client_as, uscc):
    officer, town = await client_as("officer"), await client_as("town")
    await officer.post("/platforms/new", data=FORM | {"uscc": uscc})
    away = {"name": "别镇中心", "host": "别镇医院", "region_code": OTHER_TOWN}
    home = {"name": "本镇站", "kind": "doctoral_station", "host": "本镇医院", "region_code": TOWN}
    for more in (away, home):
        assert (await officer.post("/platforms/new", data=FORM | more)).status_code == 303
    seen = (await town.get("/platforms")).text
    assert [name in seen for name in (FORM["name"], "别镇中心", "本镇站")] == [True, False, True]
    whole = (await officer.get("/platforms")).text
    assert all(name in whole for name in (FORM["name"], "别镇中心", "本镇站"))
    assert (await town.get("/platforms/new")).status_code == 403


CSV = (
    "创新平台名单\n平台名称,平台类型,级别,统一社会信用代码,依托单位,所属镇街,认定日期\n"
    "甲中心,工程技术研究中心,省级,{uscc},,,2024-01-05\n"
    "乙站,博士工作站,省级,,示例医院,水口镇,2023/6/1\n"
    "丙中心,梦工厂,省级,{uscc},,,2024-01-05\n"
    ",,,,,,\n"
)


async def test_a_list_is_checked_first_then_brought_in_and_twice_changes_nothing(conn, client_as, uscc, rendered):
    officer = await client_as("officer")

    async def send(act: str, text: str) -> dict[str, int]:
        file = {"file": ("名单.csv", text.format(uscc=uscc).encode(), "text/csv")}
        answer = await officer.post("/platforms/import", data={"act": act}, files=file)
        assert answer.status_code == 200
        return rendered[-1][1]["counts"]

    assert await send("check", CSV) == {"新增": 2, "更新": 0, "不变": 0, "错误": 1}
    assert await rows(conn) == []
    assert await send("import", CSV) == {"新增": 2, "更新": 0, "不变": 0, "错误": 1}
    assert [r.name for r in await rows(conn)] == ["乙站", "甲中心"]
    assert "没有这种平台类型：梦工厂。" in [r.fault for r in rendered[-1][1]["results"]]
    later = CSV.replace("2023/6/1", "2023/6/2")
    assert await send("import", later) == {"新增": 0, "更新": 1, "不变": 1, "错误": 1}


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", "名称\n甲".encode()])
async def test_a_file_that_is_no_list_is_refused_in_a_sentence(client_as, data):
    officer = await client_as("officer")
    answer = await officer.post("/platforms/import", data={"act": "import"}, files={"file": ("x.xlsx", data)})
    assert answer.status_code == 422


async def test_the_register_leaves_as_a_workbook_and_a_trace_stays(conn, client_as, uscc):
    officer = await client_as("officer")
    await officer.post("/platforms/new", data=FORM | {"uscc": uscc, "name": "=1+1中心"})
    answer = await officer.post("/platforms/export.xlsx")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert [sheet["A1"].value, sheet["A2"].value, sheet["E2"].value] == ["平台名称", "=1+1中心", uscc]
    assert sheet["A2"].data_type == "s"
    assert "'=1+1中心" in (await officer.post("/platforms/export.csv")).content.decode("utf-8-sig")
    trail = select(AuditEvent.after).where(AuditEvent.action == "platform:list:exported")
    assert [after["count"] for after in (await conn.execute(trail)).scalars()] == [1, 1]


async def test_coverage_lists_who_would_raise_it_and_who_is_large_without_one(conn, client_as, uscc, rendered):
    officer = await client_as("officer")
    reported, large, smaller = [await factories.firm(conn, **INDUSTRIAL) for _ in "abc"]
    await factories.firm(conn, above_designated_size=True)
    stated = {"kind": "rd_institutions", "body": [{"level": "municipal"}], "true_on": date(2026, 1, 1)}
    await conn.execute(
        insert(FirmStatement).values(firm_id=await factories.id_of(conn, reported), recorded_at=NOON, **stated)
    )
    for code, revenue in ((large, "500000000.00"), (smaller, "499999999.99"), (reported, "900000000")):
        row = {"id": new_id(), "firm_id": await factories.id_of(conn, code), "year": 2025, "version": 1}
        figures = {"state": "accepted", "figures": {"main_business_revenue": revenue}, "created_at": NOON}
        await conn.execute(insert(YearlyReport).values(**row, **figures))
    await officer.post("/platforms/new", data=FORM | {"uscc": uscc})
    wanted = {"rest": {large, smaller}, "part": {uscc, reported}, "large": {large}}
    for show, codes in wanted.items():
        assert (await officer.get(f"/platforms/coverage?show={show}")).status_code == 200
        found = rendered[-1][1]["found"]
        assert ({m.uscc for m in found.firms}, found.total) == (codes, len(codes))
    numbers = {word: n for word, n, _, _ in rendered[-1][1]["tabs"]}
    assert numbers["全部规上工业"] == 4
    assert numbers["行业未填"] == 1
    assert (await conn.execute(select(Firm.id).where(Firm.above_designated_size))).all()
