"""List, firm and register differ: both sides have it to do until they agree; graduates are followed for three years."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from app.carriers.letting import end
from app.carriers.stay_terms import Ending, EndReason
from app.db import new_id
from app.firms.models import Firm
from app.incubation.models import StayDisagreement
from app.outbox.models import OutboxMessage
from tests import factories, houses
from tests.harness import NOON


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn, "示例孵化器", address="水口镇示例路1号")
    await houses.operator(conn, found)
    return found


async def firm_with_clerk(conn, login="firm", **more):
    uscc = await factories.firm(conn, **more)
    return uscc, await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))


async def test_a_firm_that_is_not_there_says_so_and_it_stands_open_until_the_lease_is_ended(conn, client_as, held):
    uscc, clerk = await firm_with_clerk(conn, name="开平市早搬机械有限公司")
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held), uscc)
    firm, operator = await client_as(clerk), await client_as("carrier")
    stranger = await client_as((await firm_with_clerk(conn, "firm-2"))[1])
    assert (await stranger.post(f"/portal/stays/deny/{tenancy}", data={"words": "不是"})).status_code == 404
    empty = await firm.post(f"/portal/stays/deny/{tenancy}", data={"words": ""})
    assert empty.status_code == 422
    assert '<details class="confirm" open>' in empty.text
    said = {"words": "2026 年 3 月已经搬走"}
    assert (await firm.post(f"/portal/stays/deny/{tenancy}", data=said)).status_code == 303
    assert (await firm.post(f"/portal/stays/deny/{tenancy}", data=said)).status_code == 409, "once is enough"
    told = (await conn.execute(select(OutboxMessage.payload).where(OutboxMessage.kind == "stay_disagreed"))).scalars()
    assert {row["page"] for row in told} == {"/portal/entries", f"/carriers/{held.id}/disagreements"}
    assert "入驻核对 1" in (await operator.get("/carrier")).text
    assert "名单、企业自己说的、登记地址不一致的有 1 条" in (await operator.get("/carrier")).text
    hearer = await client_as("officer")
    assert "企业说不在这里" in (await hearer.get("/inbox")).text, "an officer of the division hears of it"
    assert "入驻核对 1" in (await hearer.get(f"/carriers/{held.id}")).text
    here = f"/carriers/{held.id}/disagreements"
    page = (await operator.get(here)).text
    assert "已经搬走" in page
    (which,) = {part.split("/")[0] for part in page.split(f"{here}/")[1:] if part[8:9] == "-"}
    assert (await operator.post(f"{here}/{which}/whatever", data={"words": "在"})).status_code == 404
    assert (await operator.post(f"{here}/{which}/answer", data={"words": ""})).status_code == 422
    assert (await operator.post(f"{here}/{which}/answer", data={"words": "正在办退出"})).status_code == 303
    assert (await operator.post(f"{here}/{which}/settle", data={"words": "没事"})).status_code == 403
    assert "正在办退出" in (await firm.get("/portal/entries")).text
    await operator.post(f"{here}/check")
    assert "待核对" in (await operator.get(here)).text, "nothing has changed yet"
    gone = Ending(date(2026, 3, 31), EndReason.MOVED_OUT)
    officer = await factories.person(conn, "officer")
    await end(conn, tenancy, gone, version=None, by=officer.actor, at=NOON)
    await operator.post(f"{here}/check")
    page = (await operator.get(here)).text
    assert "载体已登记退出" in page
    assert "待核对" not in page
    assert "入驻情况要核对" not in (await firm.get("/portal/entries")).text


async def test_a_firm_that_is_missing_and_an_address_elsewhere_are_settled_by_admission_or_an_officer(
    conn, client_as, held
):
    missing, clerk = await firm_with_clerk(conn, name="开平市漏登机械有限公司")
    elsewhere, _ = await firm_with_clerk(conn, "firm-3", name="开平市别处机械有限公司", address="长沙街道另一路9号")
    inside, _ = await firm_with_clerk(conn, "firm-4", address="开平市水口镇示例路1号301")
    plain = await factories.firm(conn, name="开平市普通机械有限公司", address="长沙街道另一路9号")
    for n, (who, incubates) in enumerate(((elsewhere, True), (inside, True), (plain, False))):
        room = await houses.space(conn, held, f"60{n}")
        await houses.tenancy(conn, held, room, who, incubates=incubates)
    firm, officer = await client_as(clerk), await client_as("officer")
    assert (await firm.post(f"/portal/stays/claim/{held.id}", data={"words": "在 605，3 月起"})).status_code == 303
    here = f"/carriers/{held.id}/disagreements"
    await officer.post(f"{here}/check")
    await officer.post(f"{here}/check")
    page = (await officer.get(here)).text
    assert page.count("<b>开平市") == 2, "the plain tenant and the one registered inside are no disagreement"
    assert "登记地址：长沙街道另一路9号" in page
    ids = {part.split("/")[0] for part in page.split(f"{here}/")[1:] if part[8:9] == "-"}
    assert len(ids) == 2
    await houses.tenancy(conn, held, await houses.space(conn, held, "605"), missing)
    await officer.post(f"{here}/check")
    page = (await officer.get(here)).text
    assert "已登记入驻" in page
    (left,) = {part.split("/")[0] for part in page.split(f"{here}/")[1:] if part[8:9] == "-"}
    assert (await officer.post(f"{here}/{left}/settle", data={"words": "集群注册，已核实在内办公"})).status_code == 303
    await officer.post(f"{here}/check")
    assert "待核对" not in (await officer.get(here)).text, "the same address is not asked again"
    await conn.execute(update(Firm).where(Firm.uscc == elsewhere).values(address="三埠街道又一路2号"))
    await officer.post(f"{here}/check")
    assert "三埠街道又一路2号" in (await officer.get(here)).text
    town = await client_as("town")
    assert (await town.get(here)).status_code == 200
    assert (await town.post(f"{here}/check")).status_code == 403


async def test_graduates_are_followed_by_their_own_figures_and_else_by_what_somebody_was_told(
    conn, client_as, clock, held
):
    known = await factories.reporting_firm(conn, "开平市高成长机械有限公司")
    silent = await factories.firm(conn, name="开平市静默机械有限公司")
    officer = await factories.person(conn, "officer")
    for n, who in enumerate((known, silent)):
        room = await houses.space(conn, held, f"70{n}")
        tenancy = await houses.tenancy(conn, held, room, who, date(2023, 1, 1), date(2024, 11, 23))
        left = Ending(date(2024, 11, 23), EndReason.GRADUATED, ground={"document": "国科发区〔2018〕300号"})
        await end(conn, tenancy, left, version=None, by=officer.actor, at=NOON)
    here = f"/carriers/{held.id}/graduates"
    bureau, operator = await client_as("officer"), await client_as("carrier")
    page = (await bureau.get(here)).text
    assert "4,000 万元" in page, "of 2025, by its own report"
    assert page.count("还没有数") == 2, "of one firm two years are over"
    assert page.count("2027-11-23 满") == 2
    theirs = (await operator.get(here)).text
    assert "4,000 万元" not in theirs, "what it told the bureau is not for its former landlord"
    assert "企业 2025 年度填报" in theirs
    year = f"/tenancies/{tenancy}/years/1"
    wrong = await operator.post(year, data={"where": "near", "revenue": "很多"})
    assert wrong.status_code == 422
    assert "很多" in wrong.text
    told = {"where": "away", "revenue": "320.5", "staff": "18", "note": "迁到鹤山"}
    assert (await operator.post(year, data=told)).status_code == 303
    assert (await operator.post(f"/tenancies/{tenancy}/years/3", data=told)).status_code == 409, "not yet over"
    assert (await operator.post(f"/tenancies/{tenancy}/years/4", data=told)).status_code == 422
    page = (await operator.get(here)).text
    assert "320.5 万元" in page
    assert "已迁出本县（市）" in page
    assert "迁到鹤山" in page
    clock.at = NOON.replace(year=2027) - timedelta(days=1)
    bureau = await client_as("officer")
    assert (await bureau.get(here)).text.count("2027-11-23 满") == 2
    clock.at = NOON.replace(year=2027)
    bureau = await client_as("officer")
    assert "2027-11-23 满" not in (await bureau.get(here)).text


async def test_a_hundred_open_ones_stand_in_nobodys_way_and_what_is_settled_meanwhile_is_not_settled_over(
    conn, client_as, held, statements
):
    elsewhere = await factories.firm(conn, name="开平市别处机械有限公司", address="长沙街道另一路9号")
    await houses.tenancy(conn, held, await houses.space(conn, held), elsewhere, incubates=True)
    officer = await client_as("officer")
    here = f"/carriers/{held.id}/disagreements"
    await officer.post(f"{here}/check")
    one = {"carrier_id": held.id, "kind": "not_there", "opener_name": "某", "opened_at": NOON - timedelta(days=1)}
    firms = [await factories.id_of(conn, await factories.firm(conn)) for _ in range(100)]
    await conn.execute(insert(StayDisagreement), [{**one, "id": new_id(), "firm_id": firm_id} for firm_id in firms])
    statements.clear()
    assert (await officer.post(f"{here}/check")).status_code == 303, "the address is among the open ones already"
    assert [s for s in statements if s.endswith("FOR UPDATE OF stay_disagreements")]
    open_ones = select(StayDisagreement.id).where(StayDisagreement.settled_at.is_(None))
    assert len((await conn.execute(open_ones)).all()) == 1, "the hundred are not inside, as they said"
