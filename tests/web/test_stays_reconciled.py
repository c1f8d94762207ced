"""List, firm and register differ: both sides have it to do until they agree; graduates are followed for three years."""

import csv
import io
import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from app.audit.models import AuditEvent
from app.carriers.letting import end
from app.carriers.stay_terms import Ending, EndReason
from app.db import new_id
from app.firms.models import Firm
from app.incubation.jobs import reconcile
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


async def table_of(browser, address):
    """A file's rows by their titles, and that the trail has it."""
    answer = await browser.post(f"{address}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    workbook = await browser.post(f"{address}.xlsx")
    assert workbook.content[:2] == b"PK"
    assert (await browser.post(f"{address}.pdf")).status_code == 404
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def stamped(conn, which, words):
    """As a form that is read now sends it."""
    query = select(StayDisagreement.version).where(StayDisagreement.id == which)
    return {"words": words, "version": (await conn.execute(query)).scalar_one()}


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
    assert "1 条入驻核对" in (await hearer.get("/carriers")).text
    day = (await hearer.get("/")).text
    assert "1 条待核对" in day
    assert f'href="/carriers/{held.id}/disagreements">去核对' in day
    mine = (await firm.get("/portal/entries")).text
    assert "登记的房间：A 座 3层 301" in mine
    assert "已说不在这里，正在核对" in mine
    assert "/portal/stays/deny/" not in mine
    here = f"/carriers/{held.id}/disagreements"
    page = (await operator.get(here)).text
    assert "已经搬走" in page
    (which,) = {part.split("/")[0] for part in page.split(f"{here}/")[1:] if part[8:9] == "-"}
    assert (await operator.post(f"{here}/{which}/whatever", data={"words": "在"})).status_code == 404
    seen = await stamped(conn, which, "正在办退出")
    assert (await operator.post(f"{here}/{which}/answer", data=seen | {"words": ""})).status_code == 422
    assert (await operator.post(f"{here}/{which}/answer", data=seen)).status_code == 303
    assert "载体已说明" in (await firm.get("/inbox")).text
    late = await hearer.post(f"{here}/{which}/answer", data=seen | {"words": "局里看过"})
    assert late.status_code == 412, "the operator has spoken since"
    assert "局里看过" in late.text
    said = await stamped(conn, which, "局里看过")
    assert (await hearer.post(f"{here}/{which}/answer", data=said)).status_code == 303
    page = (await operator.get(here)).text
    assert "载体一方：正在办退出" in page
    assert "主管部门：局里看过" in page, "nobody's word stands as another's"
    assert (await operator.post(f"{here}/{which}/settle", data=await stamped(conn, which, "没事"))).status_code == 403
    for taker in (operator, hearer):
        (row,) = await table_of(taker, f"{here}/export")
        assert (row["状态"], row["统一社会信用代码"], row["载体一方"], row["主管部门"]) == (
            "待核对",
            uscc,
            "正在办退出",
            "局里看过",
        )
    assert (await firm.post(f"{here}/export.csv")).status_code == 403
    home = (await firm.get("/portal")).text
    assert "载体一方：正在办退出" in home
    assert "主管部门：局里看过" in home
    assert f'action="/portal/stays/answer/{which}"' in home, "it is answered where it is read"
    await operator.post(f"{here}/check")
    assert "待核对" in (await operator.get(here)).text, "nothing has changed yet"
    gone = Ending(date(2026, 3, 31), EndReason.MOVED_OUT, late="补登记")
    officer = await factories.person(conn, "officer")
    await end(conn, tenancy, gone, version=None, by=officer.actor, at=NOON)
    await operator.post(f"{here}/check")
    page = (await operator.get(here)).text
    assert "载体已登记退出" in page
    assert "待核对" not in page
    assert "待核对" not in (await hearer.get("/")).text
    assert "入驻情况要核对" not in (await firm.get("/portal/entries")).text


async def test_a_firm_that_is_missing_and_an_address_elsewhere_are_settled_by_admission_or_an_officer(
    conn, client_as, held
):
    missing, clerk = await firm_with_clerk(conn, name="开平市漏登机械有限公司", region=factories.OTHER_TOWN)
    elsewhere, _ = await firm_with_clerk(conn, "firm-3", name="开平市别处机械有限公司", address="长沙街道另一路9号")
    inside, _ = await firm_with_clerk(conn, "firm-4", address="开平市水口镇示例路1号301")
    plain = await factories.firm(conn, name="开平市普通机械有限公司", address="长沙街道另一路9号")
    for n, (who, incubates) in enumerate(((elsewhere, True), (inside, True), (plain, False))):
        room = await houses.space(conn, held, f"60{n}")
        await houses.tenancy(conn, held, room, who, incubates=incubates)
    firm, officer = await client_as(clerk), await client_as("officer")
    assert (await firm.post(f"/portal/stays/claim/{held.id}", data={"words": "在 605，3 月起"})).status_code == 303
    here = f"/carriers/{held.id}/disagreements"
    operator, town = await client_as("carrier"), await client_as("town")
    for reader in (operator, town):
        assert "开平市漏登机械有限公司" in (await reader.get(here)).text, "whom neither has on a list"
    ids = {part.split("/")[0] for part in (await operator.get(here)).text.split(f"{here}/")[1:] if part[8:9] == "-"}
    told = await stamped(conn, uuid.UUID(next(iter(ids))), "在办入驻")
    assert (await operator.post(f"{here}/{next(iter(ids))}/answer", data=told)).status_code == 303
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
    theirs = await client_as("firm-3")
    mine = await stamped(conn, left, "集群注册，人在里面")
    assert (await theirs.post(f"/portal/stays/answer/{left}", data=mine)).status_code == 303
    settled = await stamped(conn, left, "集群注册，已核实在内办公")
    assert (await theirs.post(f"/portal/stays/settle/{left}", data=settled)).status_code == 403, "not its own word"
    assert (await officer.post(f"{here}/{left}/settle", data=settled)).status_code == 303
    await officer.post(f"{here}/check")
    assert "待核对" not in (await officer.get(here)).text, (
        "the same address is not asked again, whatever the firm said of it"
    )
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
    told = {"where": "away", "revenue": "320.5", "staff": "18", "note": "迁到鹤山", "version": "0"}
    asked = told | {"where": "near", "revenue": "555", "note": "局里问到"}
    assert (await bureau.post(year, data=asked)).status_code == 303
    theirs = (await operator.get(here)).text
    assert "555" not in theirs, "nor what it told an officer"
    assert "局里问到" not in theirs
    assert "还没有数" in theirs
    assert (await operator.post(year, data=told)).status_code == 303
    assert (await operator.post(f"/tenancies/{tenancy}/years/3", data=told)).status_code == 409, "not yet over"
    assert (await operator.post(f"/tenancies/{tenancy}/years/4", data=told)).status_code == 422
    page = (await operator.get(here)).text
    assert "320.5 万元" in page
    assert "已迁出本县（市）" in page
    assert "迁到鹤山" in page
    assert page.count("载体（") == 2, "its own word, as its own, and what the year rests on"
    mine, bureaus = [await table_of(who, f"{here}/export") for who in (operator, bureau)]
    assert len(mine) == 6, "three years each"
    assert next(row for row in bureaus if row["统一社会信用代码"] == known)["营业收入（万元）"] == "4000"
    assert "4000" not in str(mine), "masked as the page is"
    assert "局里问到" not in str(mine)
    (noted,) = [row for row in mine if row["去向"] == "已迁出本县（市）"]
    assert (noted["营业收入（万元）"], noted["职工人数"], noted["主管部门说"]) == ("320.5", "18", "")
    assert "迁到鹤山" in noted["载体说"]
    taken = select(AuditEvent.object_label).where(AuditEvent.action == "file:document:taken")
    assert (await conn.execute(taken)).scalars().all().count("示例孵化器-毕业企业-2026-11-23.csv") == 2
    assert (await operator.post(year, data=told)).status_code == 412, "it was written since that form was made"
    assert (await operator.post(year, data=told | {"version": "1", "note": "又迁回"})).status_code == 303
    page = (await bureau.get(here)).text
    assert "主管部门（" in page
    assert "又迁回" in page
    itself = await client_as(await factories.person(conn, "firm-9", firm_id=await factories.id_of(conn, silent)))
    assert "毕业后第 1 年" in (await itself.get("/portal/entries")).text
    own = f"/portal/graduations/{tenancy}/1"
    assert (await itself.post(own, data=asked | {"revenue": "多"})).status_code == 422
    assert (await itself.post(own, data=asked | {"note": "我们自己说"})).status_code == 303
    assert "我们自己说" in (await operator.get(here)).text
    stranger = await client_as(await factories.person(conn, "firm-8", firm_id=await factories.id_of(conn, known)))
    assert (await stranger.post(own, data=asked)).status_code == 404, "it was in the same carrier, and is another firm"
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


async def test_the_night_opens_once_what_facts_show_tells_both_sides_and_closes_what_agrees_again(
    conn, client_as, held, database
):
    uscc, clerk = await firm_with_clerk(conn, name="开平市别处机械有限公司", address="长沙街道另一路9号")
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held), uscc, incubates=True)
    plain = await factories.firm(conn, name="开平市普通机械有限公司", address="长沙街道另一路9号")
    await houses.tenancy(conn, held, await houses.space(conn, held, "302"), plain, incubates=False)
    assert await reconcile(database, at=NOON) == {"planned": 1, "created": 1, "failed": 0}
    assert await reconcile(database, at=NOON + timedelta(days=1)) == {"planned": 0, "created": 0, "failed": 0}
    firm, operator, officer = await client_as(clerk), await client_as("carrier"), await client_as("officer")
    assert "登记地址：长沙街道另一路9号" in (await firm.get("/portal")).text
    assert "名单、企业自己说的、登记地址不一致的有 1 条" in (await operator.get("/carrier")).text
    assert "新发现 1 条不一致" in (await officer.get("/inbox")).text
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(address="水口镇示例路1号3楼"))
    await conn.execute(update(Firm).where(Firm.uscc == plain).values(status="deregistered"))
    assert await reconcile(database, at=NOON + timedelta(days=2)) == {"planned": 2, "created": 1, "failed": 0}
    page = (await operator.get(f"/carriers/{held.id}/disagreements")).text
    assert "登记地址已在载体" in page
    assert "登记状态：注销" in page, "whoever is no more is in no room"
    assert "登记地址已在载体" in (await firm.get("/inbox")).text
    assert "入驻情况要核对" not in (await firm.get("/portal")).text
    assert tenancy


async def test_programs_read_answer_and_settle_what_is_theirs_and_note_a_graduates_year(conn, api_as, held):
    uscc, clerk = await firm_with_clerk(conn, name="开平市早搬机械有限公司")
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held), uscc)
    other = await houses.carrier(conn, "别处孵化器")
    elsewhere = await houses.operator(conn, other, "carrier-2")
    firm, operator, officer = await api_as(clerk), await api_as("carrier"), await api_as("officer")
    stranger, rival = await api_as((await firm_with_clerk(conn, "firm-2"))[1]), await api_as(elsewhere)
    here = "/api/v1/disagreements"
    assert (await firm.post(here, json={"words": "都不是"})).status_code == 422
    (own,) = (await firm.get("/api/v1/own-tenancies")).json()["items"]
    assert (own["id"], own["place"], own["months_used"], own["limit_months"]) == (str(tenancy), "A 座 3层 301", 10, 48)
    assert "end_note" not in own, "what its operator notes is the operator's"
    assert (await stranger.get("/api/v1/own-tenancies")).json()["items"] == []
    said = {"tenancy": str(tenancy), "words": "3 月已经搬走"}
    assert (await stranger.post(here, json=said)).status_code == 404
    made = await firm.post(here, json=said)
    assert (made.status_code, made.json()["firm_word"], made.headers["etag"]) == (201, "3 月已经搬走", '"1"')
    one = made.headers["location"]
    for client, count in ((firm, 1), (operator, 1), (officer, 1), (stranger, 0), (rival, 0)):
        items = (await client.get(f"{here}?state=open&carrier={held.id}")).json()["items"]
        assert len(items) == count
        assert (await client.get(one)).status_code == (200 if count else 404)
    words = {"words": "正在办退出"}
    assert (await operator.post(f"{one}/answer", json=words)).status_code == 428
    (waits,) = (await officer.get("/api/v1/today")).json()["stays"]
    assert (waits["carrier"], waits["open"]) == (str(held.id), 1)
    assert (await (await api_as("manager")).get("/api/v1/today")).json()["stays"] == [], "who may not settle them"
    assert (await rival.post(f"{one}/answer", json=words, headers={"if-match": '"1"'})).status_code == 404
    keyed = {"if-match": '"1"', "idempotency-key": "answer-1"}
    first, again = [await operator.post(f"{one}/answer", json=words, headers=keyed) for _ in "12"]
    assert first.json() == again.json()
    assert (first.json()["carrier_word"], first.json()["bureau_word"], first.json()["version"]) == ("正在办退出", "", 2)
    assert (await officer.post(f"{one}/answer", json=words, headers={"if-match": '"1"'})).status_code == 412
    assert (await operator.post(f"{one}/settle", json=words, headers={"if-match": '"2"'})).status_code == 403
    done = await officer.post(f"{one}/settle", json={"words": "已搬走"}, headers={"if-match": '"2"'})
    assert (done.json()["state"], done.json()["result"]) == ("settled", "已搬走")
    assert (await operator.post(f"/api/v1/carriers/{held.id}/disagreements/check")).json() == {
        "opened": 0,
        "settled": 0,
    }
    assert (await rival.post(f"/api/v1/carriers/{held.id}/disagreements/check")).status_code == 404
    left = Ending(date(2025, 11, 22), EndReason.GRADUATED, ground={"document": "国科发区〔2018〕300号"})
    went = await houses.tenancy(
        conn, held, await houses.space(conn, held, "302"), uscc, date(2024, 1, 1), date(2025, 11, 22)
    )
    await end(conn, went, left, version=None, by=(await factories.person(conn, "officer")).actor, at=NOON)
    year, body = f"/api/v1/tenancies/{went}/years/1", {"where": "near", "revenue": "3205000", "staff": 18}
    assert (await stranger.put(year, json=body)).status_code == 404
    assert (await officer.put(year, json=body)).status_code == 200
    noted = await firm.put(year, json=body | {"where": "here"})
    assert [w["speaker"] for w in noted.json()["years"][0]["words"]] == ["firm", "bureau"]
    assert (await firm.put(year, json=body)).status_code == 412
    assert (await firm.put(year, json=body, headers={"if-match": noted.headers["etag"]})).status_code == 200
    assert len((await firm.get("/api/v1/graduations")).json()["items"]) == 1
    assert (await stranger.get("/api/v1/graduations")).json()["items"] == []
    (seen,) = (await operator.get(f"/api/v1/carriers/{held.id}/graduates")).json()["items"]
    assert [w["speaker"] for w in seen["years"][0]["words"]] == ["firm"], "what it told an officer is the bureau's"
    assert seen["years"][0]["revenue"] == "3205000.00"
    assert (await rival.get(f"/api/v1/carriers/{held.id}/graduates")).status_code == 404


async def test_of_a_firm_that_graduated_twice_the_latest_is_followed_and_of_a_team_without_a_firm_none(
    conn, client_as, api_as, held
):
    uscc, clerk = await firm_with_clerk(conn, name="开平市再毕业机械有限公司")
    by, gone = (await factories.person(conn, "officer")).actor, []
    for room, who, last in (("801", uscc, 2023), ("802", uscc, 2024), ("803", "未注册团队", 2024)):
        until = date(last, 11, 22)
        which = await houses.tenancy(conn, held, await houses.space(conn, held, room), who, date(last, 1, 1), until)
        left = Ending(until, EndReason.GRADUATED, ground={"document": "国科发区〔2018〕300号"})
        await end(conn, which, left, version=None, by=by, at=NOON)
        gone.append(which)
    former, latest, team = gone
    operator, firm, body = await api_as("carrier"), await api_as(clerk), {"where": "near"}
    assert (await operator.put(f"/api/v1/tenancies/{latest}/years/1", json=body)).status_code == 200
    for client, which in ((operator, former), (firm, former), (operator, team)):
        refused = await client.put(f"/api/v1/tenancies/{which}/years/1", json=body)
        assert (refused.status_code, "最近的一次毕业" in refused.text) == (409, True)
    page = await client_as("carrier")
    assert (await page.post(f"/tenancies/{former}/years/1", data=body | {"version": "0"})).status_code == 409
