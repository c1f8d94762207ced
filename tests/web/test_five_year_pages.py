"""规划指标 as people use it: the page, an entry and its second person, what was frozen, the towns, the lists behind."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.db import new_id
from app.plans.models import PlanActualRow, PlanRow, PlanSnapshotRow, PlanTargetRow
from app.platforms.models import PlatformRow
from tests import factories
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON

ENTER = "/plans/plan-14/enter/hnte?year=2025"
FORM = {
    "value": "226",
    "state": "final",
    "as_of": "2025年12月31日",
    "origin": "authority",
    "source": "省科技厅名单",
    "version": "",
}
FINALS = {
    "rd_growth": ("871360000", None, None),
    "hnte": ("226", None, None),
    "tech_sme": ("171", None, None),
    "rd_coverage": (None, "66", "100"),
    "platforms": ("62", None, None),
    "carriers": ("7", None, None),
}


async def final(conn: Any, code: str, year: int = 2025) -> None:
    value, top, whole = FINALS[code]
    numbers = {"value": value, "numerator": top, "denominator": whole}
    row = {
        "id": new_id(),
        "plan": "plan-14",
        "indicator": code,
        "scope": "440783",
        "year": year,
        "version": 1,
        **{name: Decimal(n) if n else None for name, n in numbers.items()},
        "state": "final",
        "as_of": date(year, 12, 31),
        "origin": "authority",
        "source": "名单",
        "entered_at": NOON,
        "enterer_name": "王",
        "confirmed_at": NOON,
        "confirmer_name": "梁",
    }
    await conn.execute(insert(PlanActualRow).values(row))


async def test_the_page_says_in_words_where_each_indicator_stands(conn, client_as, rendered):
    await final(conn, "hnte")
    await final(conn, "rd_coverage")
    page = (await (await client_as("manager")).get("/plans")).text
    for said in (
        "2025 年 226家，已达到 2025 年目标 225家。",
        "2025 年 66%，已达到 2025 年目标 65%。",
        "目标还没有下达。",
        "还没有 2025 年的数。",
        "66 / 100",
        "4.79 个百分点",
        "保持型",
        "读法：比基期累计增长",
        "预期性指标",
    ):
        assert said in page
    assert page.count('<svg class="chart"') == 6  # the seventh has nothing to draw but its baseline
    states = {c.row.indicator.code: c.row.judged.standing.value for c in rendered[-1][1]["cards"]}
    assert states["hnte"] == "met"
    assert states["invention_patents"] == "not_issued"


async def test_a_value_is_entered_in_the_form_and_a_second_person_makes_it_final(conn, client_as):
    officer, manager = await client_as("officer"), await client_as("manager")
    assert "填报 高新技术企业数量" in (await officer.get(ENTER)).text
    for _ in "ab":
        answer = await officer.post(ENTER, data=FORM | {"idempotency_key": "e-1"})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("#i-hnte")
    (row,) = await conn.execute(select(PlanActualRow.__table__))
    assert (row.value, row.state, row.as_of) == (Decimal(226), "proposed", date(2025, 12, 31))
    assert "终值待第二人复核" in (await manager.get("/plans/plan-14")).text
    assert (await officer.post(f"/plans/plan-14/actuals/{row.id}/confirm")).status_code == 403
    assert (await manager.post(f"/plans/plan-14/actuals/{row.id}/confirm")).status_code == 303
    page = (await manager.get("/plans/plan-14")).text
    assert "终值待第二人复核" not in page
    assert "省科技厅名单" in page
    again = await officer.post(ENTER, data=FORM | {"version": "1", "value": "225"})
    assert again.status_code == 303
    late = await (await client_as("officer-2")).post(ENTER, data=FORM | {"version": "1"})
    assert (late.status_code, "第 2 版" in late.text, 'value="226"' in late.text) == (412, True, True)


async def test_what_is_sent_back_says_so_with_its_reason_and_who_entered_it_hears_of_it(conn, client_as):
    officer, manager = await client_as("officer"), await client_as("manager")
    await officer.post(ENTER, data=FORM)
    (row,) = await conn.execute(select(PlanActualRow.__table__))
    send_back = f"/plans/plan-14/actuals/{row.id}/return"
    assert (await manager.post(send_back, data={"reason": ""})).status_code == 422
    assert (await manager.post(send_back, data={"reason": "与名单不符"})).status_code == 303
    (row,) = await conn.execute(select(PlanActualRow.__table__))
    assert (row.state, row.note) == ("returned", "退回：与名单不符")
    assert "终值被退回" in (await officer.get("/plans/plan-14")).text
    assert "终值退回了：与名单不符" in (await officer.get("/inbox")).text
    again = await officer.post(ENTER, data=FORM | {"version": "1", "state": "returned"})
    assert (again.status_code, "请选初步数或终值" in again.text) == (422, True), "nobody enters one as returned"


async def test_money_is_typed_in_yi_and_a_fault_keeps_what_was_typed(conn, client_as, rendered):
    officer = await client_as("officer")
    here = "/plans/plan-14/enter/rd_growth?year=2025"
    spent = FORM | {"value": "8.7136", "denominator": "515.47", "origin": "statistics", "source": "公报"}
    wrong = await officer.post(here, data=spent | {"as_of": "去年底"})
    assert wrong.status_code == 422
    assert rendered[-1][1]["values"]["value"] == "8.7136"
    assert (await officer.post(here, data=spent)).status_code == 303
    (row,) = await conn.execute(select(PlanActualRow.__table__))
    assert (row.value, row.denominator) == (Decimal(871360000), Decimal(51547000000))
    page = (await officer.get("/plans/plan-14")).text
    assert "2025 年 12%，已达到 2025 年目标 12%。" in page
    assert "强度 1.69%" in page
    assert 'value="8.7136"' in (await officer.get(here)).text


async def test_every_counted_number_on_the_page_opens_a_list_with_as_many_rows(conn, client_as, rendered):
    for region in (TOWN, TOWN, OTHER_TOWN):
        uscc = await factories.firm_on(
            conn, "tech_micro", region=region, above_designated_size=True, industry_code="C33"
        )
        await factories.certificate(conn, uscc)
        row = {"id": new_id(), "kind": "engineering_centre", "level": "provincial", "name": f"中心{uscc}"}
        more = {"recognised_on": date(2022, 1, 1), "recorded_at": NOON, "author_name": "王"}
        await conn.execute(insert(PlatformRow).values(**row, **more, firm_id=await factories.id_of(conn, uscc)))
    manager = await client_as("manager")
    links: dict[str, int] = {}
    for address in ("/plans/plan-14?year=2025", "/plans/plan-14/towns?year=2025", f"/plans/plan-14?region={TOWN}"):
        page = (await manager.get(address)).text
        for to, said in re.findall(r'<a class="n-link" href="([^"]+)">([^<]+)</a>', page):
            links[to.replace("&amp;", "&")] = _counted(said)
    assert len(links) > 20
    for to, n in links.items():
        assert (await manager.get(to)).status_code == 200
        found = rendered[-1][1]["found"]
        assert (to, len(found.firms) + len(found.platforms), found.total) == (to, n, n)


def _counted(said: str) -> int:
    """A rate's number is its numerator."""
    rate = re.search(r"（([\d,]+) / ", said)
    return int((rate[1] if rate else said).replace(",", ""))


async def test_a_list_is_read_page_by_page(conn, client_as, rendered):
    for _ in range(52):
        await factories.certificate(conn, await factories.firm(conn))
    manager = await client_as("manager")
    here = "/plans/plan-14/behind/hnte?year=2025"
    seen: set[str] = set()
    while here:
        assert (await manager.get(here)).status_code == 200
        context = rendered[-1][1]
        seen |= {m.uscc for m in context["found"].firms}
        here = context["next_href"]
    assert (len(seen), context["found"].total) == (52, 52)


@pytest.mark.parametrize(
    "address",
    [
        "/plans/plan-14/behind/rd_growth",
        "/plans/plan-14/behind/nothing",
        "/plans/plan-14/enter/nothing",
        "/plans/plan-99",
        "/plans/plan-15/behind/hnte",
    ],
)
async def test_what_is_not_there_is_404(client_as, address):
    assert (await (await client_as("officer")).get(address)).status_code == 404


async def test_a_final_evaluation_waits_for_every_value_and_then_stays_as_it_was(conn, client_as, rendered):
    manager = await client_as("manager")
    freeze = {"kind": "final", "year": "2025", "remark": "完成情况良好。"}
    refused = await manager.post("/plans/plan-14/snapshots", data=freeze)
    assert refused.status_code == 409
    assert "高新技术企业数量还没有 2025 年的数。" in refused.text
    for code in FINALS:
        await final(conn, code)
    for _ in "ab":
        done = await manager.post("/plans/plan-14/snapshots", data=freeze | {"idempotency_key": "f-1"})
        assert done.status_code == 303
    (kept,) = await conn.execute(select(PlanSnapshotRow.__table__))
    assert (await conn.execute(select(PlanRow.state).where(PlanRow.code == "plan-14"))).scalar_one() == "evaluated"
    await conn.execute(update(PlanActualRow).where(PlanActualRow.indicator == "hnte").values(value=Decimal(200)))
    page = (await manager.get(done.headers["location"])).text
    assert "226" in page
    assert "完成情况良好。" in page
    standing = {one["code"]: one["standing"] for one in kept.body if not one["supporting"]}
    assert set(standing.values()) == {"met", "not_issued"}
    assert "200" in (await manager.get("/plans/plan-14/evaluation?year=2025")).text


async def test_a_yearly_evaluation_of_a_year_that_has_not_begun_is_refused(client_as):
    manager = await client_as("manager")
    for year in ("2020", "2030", "x"):
        answer = await manager.post("/plans/plan-14/snapshots", data={"kind": "yearly", "year": year})
        assert answer.status_code == 422
    assert (await manager.post("/plans/plan-15/snapshots", data={"kind": "yearly", "year": "2026"})).status_code == 303


async def test_a_town_is_scored_by_its_own_targets_and_what_has_none_costs_nothing(conn, client_as, rendered):
    target = {"plan": "plan-14", "indicator": "hnte", "scope": TOWN, "year": 2025, "value": Decimal(4)}
    await conn.execute(insert(PlanTargetRow).values(target))
    await factories.certificate(conn, await factories.firm(conn))
    assert (await (await client_as("manager")).get("/plans/plan-14/towns?year=2025")).status_code == 200
    rows = {row.region: row for _, row in rendered[-1][1]["rows"]}
    assert (rows[TOWN].score, rows[TOWN].scored) == (Decimal("0.25"), Decimal(1))
    assert rows[OTHER_TOWN].scored == 0
    assert rendered[-1][1]["rows"][0][1].region == TOWN


async def test_the_plan_leaves_as_a_file_with_every_year(conn, client_as):
    await final(conn, "hnte")
    manager = await client_as("manager")
    text = (await manager.get("/plans/plan-14/export.csv?year=2025")).content.decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 1 + 19 * 5
    assert any(line.startswith("高新技术企业数量,家,2025,164,225,226,") for line in lines)
    assert (await manager.get("/plans/plan-14/export.xlsx")).content[:2] == b"PK"
