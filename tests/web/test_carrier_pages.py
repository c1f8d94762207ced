"""The carriers' pages: looked at by whom they concern, filled in without JavaScript, and never letting a room twice."""

import io
import re
from datetime import date, timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, select

from app.carriers.models import CarrierDuty, CarrierTeam, TenancyRow
from app.outbox.models import OutboxMessage
from app.web.carrier import list_file
from tests import factories, houses
from tests.harness import NOON

TODAY = NOON.date()
# Statements of a carrier's page for an officer: session, carrier, rooms, tenants, how full, titles, what is to be done,
# changes. One more is a decision.
CARRIER_PAGE = 8


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn, "示例孵化器")


async def let(conn, held, **more):
    space = await houses.space(conn, held, **more)
    return space, await houses.tenancy(conn, held, space, await factories.firm(conn, name="开平市先到机械有限公司"))


async def test_an_officer_sees_the_carriers_of_the_division_and_how_full_they_are_on_a_day(
    conn, client_as, held, monkeypatch
):
    await let(conn, held)
    officer = await client_as("officer")
    page = await officer.get("/carriers")
    assert page.status_code == 200
    assert "示例孵化器" in page.text
    assert "100.0%" in page.text or "100%" in page.text
    assert "<meter" in (await officer.get(f"/carriers/{held.id}")).text
    before = await officer.get(f"/carriers/{held.id}?on=2025-06-01")
    assert before.status_code == 200
    assert "开平市先到机械有限公司" not in before.text
    assert "按现在登记的内容" not in (await officer.get(f"/carriers/{held.id}")).text
    await houses.carrier(conn, "=1+1众创空间", kind="makerspace")
    link = re.search(r'action="(/carriers/export[^"]+)"', (await officer.get("/carriers?kind=incubator")).text)[1]
    sheet = load_workbook(io.BytesIO((await officer.post(link.replace("&amp;", "&"))).content)).active
    (head, *rows) = sheet.iter_rows(values_only=True)
    told = dict(zip(head, rows[0], strict=True))
    assert (len(rows), told["载体"], told["使用率（%）"], told["企业"]) == (1, "示例孵化器", 100, 1)
    other = (await officer.post("/carriers/export.csv?state=all&on=2025-06-01")).content.decode("utf-8-sig")
    assert "'=1+1众创空间" in other
    assert ",0,0," in other.split("示例孵化器")[1].split("\n")[0], "of that day"
    monkeypatch.setattr(list_file, "_MOST", 1)
    assert "请先筛选" in (await officer.post("/carriers/export.csv?state=all")).text, "never a part taken for the whole"
    assert (await (await client_as("town")).post("/carriers/export.csv")).status_code == 403


async def test_a_past_day_is_as_full_as_it_was_known_that_evening_whatever_is_recorded_later(
    conn, client_as, clock, held
):
    space = await houses.space(conn, held, at=NOON - timedelta(days=40))
    made = await houses.tenancy(conn, held, space, "早走团队", date(2026, 10, 1), None, at=NOON - timedelta(days=39))
    here = f"/carriers/{held.id}?on=2026-11-01"
    officer = await client_as("officer")

    async def rate(address):
        return re.search(r"使用率</span> <b>([^<]+)</b>", (await officer.get(address)).text)[1]

    assert [await rate(here), await rate(f"{here}&known=1")] == ["100%", "100%"]
    left = {"on": "2026-10-15", "reason": "moved_out", "version": "1"}
    asked = await officer.post(f"/tenancies/{made}/end", data=left)
    assert (asked.status_code, "会改变 2026-10-16 至 2026-11-22 的使用率" in asked.text) == (422, True)
    (form,) = re.findall(r'<details class="confirm" open>.*?</details>', asked.text, re.S)
    assert 'name="late"' in form
    left["late"] = "钥匙今天才交回"
    assert (await officer.post(f"/tenancies/{made}/end", data=left)).status_code == 303
    assert "现在才登记：钥匙今天才交回" in (await officer.get(f"/tenancies/{made}")).text
    assert [await rate(here), await rate(f"{here}&known=1")] == ["0%", "100%"]
    clock.at = NOON + timedelta(days=365)
    officer = await client_as("officer")
    assert await rate(f"{here}&known=1") == "100%", "the same next year"


async def test_an_operator_has_its_own_carrier_and_no_other(conn, client_as, held):
    other = await houses.carrier(conn, "另一家众创空间", kind="makerspace")
    await houses.operator(conn, held)
    operator = await client_as("carrier")
    assert (await operator.get("/")).headers["location"] == "/carrier"
    assert "示例孵化器" in (await operator.get("/carrier")).text
    assert (await operator.get(f"/carriers/{other.id}")).status_code == 404
    assert (await operator.get(f"/carriers/{other.id}/tenancies/new")).status_code == 404
    assert (await operator.get("/carriers/new")).status_code == 403


async def test_an_operator_without_a_carrier_is_told_to_wait(client_as):
    page = await (await client_as("carrier")).get("/carrier")
    assert page.status_code == 200


async def test_a_room_is_let_by_a_form_and_the_second_reads_until_when_it_is_taken(conn, client_as, held):
    await houses.operator(conn, held)
    space = await houses.space(conn, held)
    operator = await client_as("carrier")
    form = {
        "space": str(space),
        "team": "先到团队",
        "since": "2026-01-01",
        "until": "2026-12-31",
        "incubates": "1",
        "idempotency_key": "first",
    }
    first = await operator.post(f"/carriers/{held.id}/tenancies/new", data=form)
    assert first.status_code == 303
    again = await operator.post(f"/carriers/{held.id}/tenancies/new", data=form)
    assert again.headers["location"] == first.headers["location"], "a double click lets it once"
    late = {**form, "team": "后来团队", "since": "2026年6月1日", "idempotency_key": "second"}
    refused = await operator.post(f"/carriers/{held.id}/tenancies/new", data=late)
    assert refused.status_code == 409
    assert "2026-12-31" in refused.text
    assert "2026年6月1日" in refused.text, "what was typed is kept"
    kept = [(await conn.execute(select(func.count()).select_from(t))).scalar_one() for t in (TenancyRow, CarrierTeam)]
    assert kept == [1, 1], "who was refused left nothing behind"


async def test_a_tenancy_is_renewed_and_ended_on_its_page_and_the_past_stays(conn, client_as, held):
    _, tenancy = await let(conn, held)
    officer = await client_as("officer")
    page = await officer.get(f"/tenancies/{tenancy}")
    assert "续租" in page.text
    renewed = await officer.post(f"/tenancies/{tenancy}/renew", data={"until": "2027-12-31", "version": "1"})
    assert renewed.status_code == 303
    stale = await officer.post(f"/tenancies/{tenancy}/renew", data={"until": "2028-12-31", "version": "1"})
    assert stale.status_code in (409, 412)
    typed = {"reason": "early", "on": "2026-11-20", "version": "2"}
    nothing = await officer.post(f"/tenancies/{tenancy}/end", data=typed)
    assert nothing.status_code == 422
    assert "请写明原因" in nothing.text
    (open_form,) = re.findall(r'<details class="confirm" open>.*?</details>', nothing.text, re.S)
    assert f"/tenancies/{tenancy}/end" in open_form
    assert all(kept in open_form for kept in ('value="2026-11-20"', '<option value="early" selected', "请写明原因"))
    ended = await officer.post(
        f"/tenancies/{tenancy}/end",
        data={"reason": "moved_out", "on": str(TODAY), "version": "2"},
    )
    assert ended.status_code == 303
    past = await officer.get(f"/carriers/{held.id}?on={date(2026, 3, 1)}")
    assert "开平市先到机械有限公司" in past.text


async def test_what_a_graduation_rests_on_and_ends_is_read_before_it_and_an_officer_takes_a_wrong_one_back(
    conn, client_as, held
):
    uscc = await factories.firm(conn, name="开平市毕业机械有限公司")
    rooms = [await houses.space(conn, held, room) for room in ("301", "302", "303")]
    until = date(2027, 3, 31)
    first = await houses.tenancy(conn, held, rooms[0], uscc, date(2026, 10, 2), until)
    second = await houses.tenancy(conn, held, rooms[1], uscc, date(2026, 11, 1), None)
    await houses.operator(conn, held)
    officer, operator = await client_as("officer"), await client_as("carrier")
    here = f"/tenancies/{first}"
    page = (await officer.get(here)).text
    assert "约定到 2027-03-31" in page
    assert "A 座 3层 302（没有约定期满日）" in page
    assert "按今天的数据" in page
    asked = {"on": "", "ground": "已被上市公司收购，见公告", "version": "1"}
    late = await officer.post(f"{here}/graduate", data=asked | {"on": "2026-11-01"})
    assert (late.status_code, late.text.count('name="late"')) == (422, 1), "days that are over change with it"
    blank = await officer.post(f"{here}/graduate", data=asked)
    assert (blank.status_code, "请写明在里面的最后一天" in blank.text) == (422, True)
    form = blank.text.split('aria-labelledby="h-graduate"')[1].split("</section>")[0]
    assert ("<details open" in form, f'action="{here}/graduate"' in form, "confirm" in form) == (True, True, False)
    assert re.search(r'for="ground">依据 <span class="must"', blank.text), "what decides alone is no choice"
    assert (await operator.post(f"{here}/graduate", data=asked | {"on": str(TODAY)})).status_code == 303
    told = select(OutboxMessage.payload).where(OutboxMessage.kind == "stay_on_ground")
    (said,) = (await conn.execute(told)).scalars()
    assert (said["page"], "凭依据登记开平市毕业机械有限公司毕业，毕业条件" in said["subject"]) == (here, True)
    back = {"reason": "点错了企业", "version": "2"}
    assert "撤销毕业" in (await officer.get(here)).text
    assert "撤销毕业" not in (await operator.get(here)).text
    assert (await operator.post(f"{here}/reopen", data=back)).status_code == 403
    assert (await officer.post(f"{here}/reopen", data=back | {"reason": ""})).status_code == 422
    assert (await officer.post(f"{here}/reopen", data=back | {"version": "1"})).status_code == 412
    after = await houses.tenancy(conn, held, rooms[1], "后来团队", date(2027, 1, 1), None)
    taken = await officer.post(f"{here}/reopen", data=back)
    assert (taken.status_code, "后来团队" in taken.text) == (409, True), "somebody has built on it"
    ending = {"reason": "struck", "note": "不租了", "version": "1"}
    assert (await officer.post(f"/tenancies/{after}/end", data=ending)).status_code == 303
    assert (await officer.post(f"{here}/reopen", data=back)).status_code == 303
    t = TenancyRow
    rows = await conn.execute(select(t.ended_on, t.ground, func.upper(t.during)).where(t.id.in_([first, second])))
    assert {tuple(row) for row in rows} == {(None, None, date(2027, 4, 1)), (None, None, None)}
    assert "撤销毕业</b>" in (await officer.get(here)).text
    assert (await officer.post(f"{here}/reopen", data=back | {"version": "3"})).status_code == 409


async def test_a_room_that_is_let_from_a_later_day_says_from_when_and_to_whom(conn, client_as, held):
    room = await houses.space(conn, held)
    uscc = await factories.firm(conn, name="开平市后到机械有限公司")
    await houses.tenancy(conn, held, room, uscc, date(2026, 12, 21), None)
    second, elsewhere = await let(conn, held, room="302")
    officer = await client_as("officer")
    said = "开平市后到机械有限公司 2026-12-21 起租用，没有约定期满日"
    page = (await officer.get(f"/carriers/{held.id}")).text
    assert "空，2026-12-21 起" in page
    assert "空，" not in (await officer.get(f"/carriers/{held.id}?on=2026-12-21")).text
    assert "空，" not in (await officer.get(f"/carriers/{held.id}?on=2025-12-21")).text
    assert said in (await officer.get(f"/carriers/{held.id}/tenancies/new")).text
    here = f"/tenancies/{elsewhere}"
    assert said in (await officer.get(f"{here}/transfer")).text
    assert (await officer.post(f"{here}/end", data={"reason": "moved_out", "version": "1"})).status_code == 303
    page = (await officer.get(f"/carriers/{held.id}/tenancies/new?space={second}")).text
    assert ("今天还有人，2026-11-24 起空" in page, 'value="2026-11-24"' in page) == (True, True)


async def test_an_accelerator_has_no_limit_and_asks_nobody_for_an_incubators_conditions(conn, client_as):
    held = await houses.carrier(conn, "示例加速器", kind="accelerator")
    room = await houses.space(conn, held)
    officer = await client_as("officer")
    form = (await officer.get(f"/carriers/{held.id}/tenancies/new")).text
    assert "这类载体没有期限" in form
    assert not re.search(r'name="incubates"[^>]*checked', form)
    old = await factories.firm(conn, registered_on=date(2010, 1, 1))
    asked = {"space": str(room), "uscc": old, "since": "2026-11-01", "incubates": "1", "idempotency_key": "a"}
    made = await officer.post(f"/carriers/{held.id}/tenancies/new", data=asked)
    assert made.status_code == 303
    assert "加速器没有期限" in (await officer.get(made.headers["location"])).text


async def test_a_carrier_is_registered_and_its_rooms_added_without_javascript(conn, client_as):
    officer = await client_as("officer")
    wrong = await officer.post("/carriers/new", data={"name": "", "kind": "incubator", "area_total": "很大"})
    assert wrong.status_code == 422
    assert "很大" in wrong.text
    made = await officer.post(
        "/carriers/new",
        data={"name": "演示加速器", "kind": "accelerator", "level": "county", "region": factories.TOWN},
    )
    assert made.status_code == 303
    where = made.headers["location"]
    room = await officer.post(f"{where}/spaces/new", data={"room": "501", "area": "80.5", "exclusive": "1"})
    assert room.status_code == 303
    page = await officer.get(where)
    assert "501" in page.text
    for step in ("titles", "duties"):
        wrong = await officer.post(f"{where}/{step}", data={"document": "开科〔2026〕1号", "basis": "孵化协议"})
        assert wrong.status_code == 422
        assert '<details class="confirm" open>' in wrong.text
        assert ("开科〔2026〕1号" if step == "titles" else "孵化协议") in wrong.text, "what was typed is kept"
    owed = {"what": "报送年度总结", "due_on": "2027-03-31", "idempotency_key": "twice"}
    titled = {"name": "县级加速器", "level": "county", "issued_on": "2026-05-01", "idempotency_key": "again"}
    for step, sent in (("duties", owed), ("titles", titled)):
        assert {(await officer.post(f"{where}/{step}", data=sent)).status_code for _ in "12"} == {303}
    listed = (await officer.get(where)).text
    assert (listed.count("<b>报送年度总结"), listed.count("<b>县级加速器")) == (1, 1)
    for issued, until in (("2026-06-01", "2027-06-01"), ("2024-06-01", "2026-12-31"), ("2026-11-23", "2029-06-01")):
        dated = titled | {"issued_on": issued, "valid_until": until, "idempotency_key": until}
        assert (await officer.post(f"{where}/titles", data=dated)).status_code == 303
    reviews = select(CarrierDuty.due_on, CarrierDuty.done_on).where(CarrierDuty.kind == "review").order_by("due_on")
    assert (await conn.execute(reviews)).all() == [
        (date(2027, 6, 1), date(2026, 11, 23)),
        (date(2029, 6, 1), None),
    ], "what a title owed is done once it is renewed; an older one that is written down later owes nothing"
    taken = (await officer.post("/carriers/export.csv")).content.decode("utf-8-sig").splitlines()[1]
    assert "县级加速器 2026-11-23 至 2029-06-01；县级加速器 2026-06-01" in taken
    assert "2027-03-31 报送年度总结；2029-06-01 " in taken, "what is owed still, and nothing that is done"
    endless = titled | {"issued_on": "2020-06-01", "valid_until": "", "idempotency_key": "endless"}
    assert (await officer.post(f"{where}/titles", data=endless)).status_code == 303
    (last,) = (await conn.execute(reviews)).all()[1:]
    assert last == (date(2029, 6, 1), None), "one from before it that had no end renews nothing"
    town = await client_as("town")
    assert (await town.get(where)).status_code == 200
    assert (await town.post(f"{where}/spaces/new", data={"room": "502", "area": "1"})).status_code == 403


async def test_a_floor_takes_the_same_statements_however_many_tenants(conn, client_as, held, statements):
    officer = await client_as("officer")
    await let(conn, held)
    await officer.get(f"/carriers/{held.id}")
    statements.clear()
    await officer.get(f"/carriers/{held.id}")
    few = len(statements)
    assert len([s for s in statements if "SAVEPOINT" not in s]) <= CARRIER_PAGE, statements
    for n in range(12):
        await let(conn, held, room=f"4{n:02}")
    statements.clear()
    await officer.get(f"/carriers/{held.id}")
    assert len(statements) == few


async def test_a_tenant_goes_up_the_chain_gets_more_months_and_has_its_agreement_set_right(conn, client_as, held):
    _, tenancy = await let(conn, held)
    target = await houses.carrier(conn, "示例加速器", kind="accelerator")
    room = await houses.space(conn, target, "801")
    officer = await client_as("officer")
    here = f"/tenancies/{tenancy}"
    wrong = await officer.post(f"{here}/extend", data={"months": "48", "reason": "", "version": "1"})
    assert wrong.status_code == 422
    assert "请写明延长的理由" in wrong.text
    more = {"months": "60", "reason": "临床阶段", "version": "1"}
    assert (await officer.post(f"{here}/extend", data=more)).status_code == 303
    assert (await officer.get(f"{here}/agreement")).status_code == 200
    terms = {"agreement_no": "FH-77", "agreement_on": "2026年1月5日", "rent_reduced": "1", "version": "2"}
    assert (await officer.post(f"{here}/agreement", data=terms | {"agreement_on": "那天"})).status_code == 422
    assert (await officer.post(f"{here}/agreement", data=terms)).status_code == 303
    stale = await officer.post(f"{here}/agreement", data=terms | {"agreement_no": "FH-78"})
    assert stale.status_code == 412
    assert "FH-78" in stale.text
    assert (await officer.get(f"{here}/transfer")).status_code == 200
    form = await officer.get(f"{here}/transfer?carrier={target.id}")
    assert "801" in form.text
    onward = {"carrier": str(target.id), "space": str(room), "on": str(TODAY), "version": "3"}
    refused = await officer.post(f"{here}/transfer", data=onward | {"space": "", "idempotency_key": "t0"})
    assert refused.status_code == 422
    moved = [await officer.post(f"{here}/transfer", data=onward | {"idempotency_key": "t1"}) for _ in "ab"]
    assert [m.status_code for m in moved] == [303, 303]
    assert moved[0].headers["location"] == moved[1].headers["location"]
    chain = (await officer.get(moved[0].headers["location"])).text
    assert "示例孵化器" in chain
    operator = await client_as(await houses.operator(conn, held))
    assert (await operator.get(moved[0].headers["location"])).status_code == 404


async def test_the_firms_own_page_says_where_it_is_and_was_to_those_who_see_the_carrier(conn, client_as, held):
    uscc = await factories.firm(conn)
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held), uscc)
    page = (await (await client_as("officer")).get(f"/firms/{uscc}")).text
    assert f"/tenancies/{tenancy}" in page
    own = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    page = (await (await client_as(own)).get(f"/firms/{uscc}")).text
    assert "示例孵化器" in page
    assert f"/tenancies/{tenancy}" not in page
    assert "示例孵化器" not in (await (await client_as("admin")).get(f"/firms/{uscc}")).text


async def test_a_team_is_made_a_firm_on_its_page_at_once_by_an_officer_and_by_asking_from_an_operator(
    conn, client_as, held
):
    tenancy = await houses.tenancy(conn, held, await houses.space(conn, held), "甲队", until=None)
    uscc = await factories.firm(conn)
    operator = await client_as(await houses.operator(conn, held))
    asked = await operator.post(f"/tenancies/{tenancy}/link", data={"uscc": uscc, "version": "1"})
    assert asked.headers["location"] == "/carrier#h-proposals"
    assert uscc not in (await operator.get(f"/tenancies/{tenancy}")).text
    officer = await client_as("officer")
    assert (await officer.post(f"/tenancies/{tenancy}/link", data={"uscc": "123", "version": "1"})).status_code == 422
    old = await factories.firm(conn, name="开平市早有机械有限公司", registered_on=date(2014, 1, 9))
    wrong = await officer.post(f"/tenancies/{tenancy}/link", data={"uscc": old, "on": "2026-11-01", "version": "1"})
    assert (wrong.status_code, "成立于 2014-01-09，与填的 2026-11-01 不同" in wrong.text) == (422, True)
    await operator.post(f"/tenancies/{tenancy}/link", data={"uscc": old, "on": "2026-11-01", "version": "1"})
    queue = (await officer.get("/carriers/proposals")).text.partition("开平市早有机械有限公司")[2]
    asked = re.search(r"(/proposals/[0-9a-f-]{36})/refuse", queue)[1]
    assert f"{asked}/confirm" not in queue, "what cannot be is not offered"
    said = await officer.post(f"{asked}/confirm")
    assert (said.status_code, "成立于 2014-01-09" in said.text) == (422, True), "nor by saying yes to it"
    done = await officer.post(f"/tenancies/{tenancy}/link", data={"uscc": uscc, "version": "1"})
    assert done.status_code == 303
    assert uscc in (await officer.get(f"/tenancies/{tenancy}")).text


async def test_an_officer_writes_the_tenants_name_and_an_operator_learns_of_no_firm_by_writing_one(
    conn, client_as, held
):
    space, here = await houses.space(conn, held), f"/carriers/{held.id}/tenancies/new"
    uscc = await factories.firm(conn, name="开平市同名精密机械有限公司")
    await factories.firm(conn, name="开平市同名精密模具有限公司")
    officer, operator = await client_as("officer"), await client_as(await houses.operator(conn, held))
    form = {"space": str(space), "since": "2026-06-01", "incubates": "0"}
    several = await officer.post(here, data=form | {"uscc": "同名精密"})
    assert (several.status_code, "不止一家" in several.text, uscc in several.text) == (422, True, True)
    nobody = await officer.post(here, data=form | {"uscc": "没有这家"})
    assert (nobody.status_code, "没有找到叫“没有这家”的企业" in nobody.text) == (422, True)
    blind = await operator.post(here, data=form | {"uscc": "开平市同名精密机械有限公司"})
    assert (blind.status_code, uscc in blind.text) == (422, False)
    let = await officer.post(here, data=form | {"uscc": " 开平市同名精密机械有限公司"})
    assert let.status_code == 303
    assert uscc in (await officer.get(let.headers["location"])).text
    await houses.space(conn, held, "302")
    rooms = re.findall(r"A 座 3层 (\d+)", (await officer.get(here)).text)
    assert rooms == ["302", "301"], "the free one first"


async def test_a_tenancys_page_says_what_is_wrong_with_it_and_who_leads_the_team(conn, client_as, held):
    officer = await client_as("officer")
    space = await houses.space(conn, held)
    sent = {"space": str(space), "team": "老团队", "team_leader": "李示例", "team_members": "4", "since": "2022-01-01"}
    let = await officer.post(
        f"/carriers/{held.id}/tenancies/new", data=sent | {"until": "2026-11-22", "incubates": "1"}
    )
    page = (await officer.get(let.headers["location"])).text
    assert "李示例 · 4 人" in page
    assert "在租<" not in page, "nothing is well with it"
    for word in ("租期已过，还在里面", "租期已过，未登记退出", "孵化期限已满"):
        assert f'<span class="chip bad">{word}' in page
    home = (await officer.get(f"/carriers/{held.id}")).text
    for word in ("租期已过，未登记退出", "孵化期限已满"):
        assert home.count(f'<span class="chip bad">{word}') == 2, "on the floor and among what is to be done"
