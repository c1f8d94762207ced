"""Rooms on their pages and in lists, where two rows of one have been joined or one is closed."""

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from app.carriers.joining import join
from app.carriers.letting import end
from app.carriers.models import CarrierSpace, TenancyRow
from app.carriers.occupancy import fills
from app.carriers.spaces import close_space
from app.carriers.stay_terms import Ending, EndReason
from tests import factories, houses
from tests.harness import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FORM = {"building": "A 座", "floor": "3", "area": "100", "exclusive": "1"}


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn)


@pytest.fixture
async def by(conn):
    return (await factories.person(conn, "officer")).actor


@pytest.fixture
async def joined(conn, held, by):
    """Two names of one room: the second one's tenant is in the first by now."""
    first = await houses.space(conn, held)
    second = await houses.space(conn, held, "东侧大间", at=NOON + MINUTE)
    await houses.tenancy(conn, held, second, "某团队", date(2026, 1, 1), date(2026, 12, 31))
    await join(conn, held, first, second, version=1, same=True, by=by, at=NOON + HOUR)
    return first, second


async def test_a_closed_room_answers_a_name_that_another_has_and_offers_no_merge(conn, client_as, held, by):
    closed, _ = await houses.space(conn, held), await houses.space(conn, held, "302")
    await close_space(conn, held, closed, on=NOON.date(), by=by, at=NOON)
    officer = await client_as("officer")
    for area, status in (("100", 409), ("x", 422)):
        sent = await officer.post(
            f"/carriers/{held.id}/spaces/{closed}", data=FORM | {"room": "302", "area": area, "version": "2"}
        )
        assert (sent.status_code, "合并" in sent.text) == (status, False)


async def test_a_row_that_was_joined_away_keeps_its_size_and_says_where_its_leases_are(
    conn, client_as, api_as, held, joined
):
    first, second = joined
    day, page = date(2026, 6, 1), f"/carriers/{held.id}/spaces/{second}"
    told = await fills(conn, [held.id], on=day, today=NOON.date())
    officer, program = await client_as("officer"), await api_as("officer")
    sent = await officer.post(page, data=FORM | {"room": "东侧大间", "area": "1", "version": "2"})
    assert sent.status_code == 409
    body = {"building": "A 座", "floor": "3", "room": "东侧大间", "area": "1"}
    sent = await program.put(f"/api/v1{page}", json=body, headers={"if-match": '"2"'})
    assert sent.status_code == 409
    assert await fills(conn, [held.id], on=day, today=NOON.date()) == told
    shown = (await officer.get(page)).text
    assert f'<a href="/carriers/{held.id}/spaces/{first}">A 座 3层 301</a>' in shown
    assert ("还没有人租过" in shown, "/reopen" in shown) == (False, False)
    listed = (await program.get(f"/api/v1/carriers/{held.id}/spaces?closed=true")).json()["items"]
    assert {s["id"]: s["joined_into"] for s in listed} == {f"{first}": None, f"{second}": f"{first}"}


async def test_the_next_list_and_the_next_form_find_a_joined_room_by_its_other_name(conn, client_as, held, joined):
    officer, here = await client_as("officer"), f"/carriers/{held.id}/rooms"
    head = "楼栋,楼层,房间,面积,企业或团队,租期起,租期止\n"
    line = "A座,3层,东侧大间,100,某团队,2026-01-01,2026-12-31"
    looked = await houses.bring_list(officer, here, "房间.csv", head + line, act="import")
    assert "不变 1" in looked.text
    longer = await houses.bring_list(officer, here, "房间.csv", head + line.replace("12-31", "12-30"))
    assert "提前结束的请办退出" in longer.text, "it is the same lease"
    assert (await conn.execute(select(func.count()).select_from(TenancyRow))).scalar_one() == 1
    area = select(func.sum(CarrierSpace.area)).where(CarrierSpace.closed_on.is_(None))
    assert (await conn.execute(area)).scalar_one() == Decimal(100)
    again = await officer.post(f"/carriers/{held.id}/spaces/new", data=FORM | {"room": "东侧大间"})
    assert (again.status_code, "已经和“A 座 3层 301”合并" in again.text) == (409, True)
    renamed = FORM | {"room": "东侧大间", "version": "2"}
    assert (await officer.post(f"/carriers/{held.id}/spaces/{joined[0]}", data=renamed)).status_code == 303, "its own"


async def test_a_room_left_tonight_is_free_from_tomorrow_only_where_nobody_comes_then(conn, client_as, held, by):
    today, tomorrow = NOON.date(), NOON.date() + timedelta(days=1)
    rooms = [await houses.space(conn, held, room) for room in ("301", "302")]
    for n, room in enumerate(rooms):
        gone = await houses.tenancy(conn, held, room, f"先走的{n}", date(2026, 1, 1), today)
        await end(conn, gone, Ending(today, EndReason.MOVED_OUT), version=None, by=by, at=NOON)
    await houses.tenancy(conn, held, rooms[0], "次日团队", tomorrow, None)
    page = (await (await client_as("officer")).get(f"/carriers/{held.id}/tenancies/new?space={rooms[0]}")).text
    assert "301（100.00 ㎡）· 今天还有人；次日团队 2026-11-24 起租用，没有约定期满日" in page
    assert "302（100.00 ㎡）· 今天还有人，2026-11-24 起空" in page
    (since,) = re.findall(r'<input[^>]*name="since"[^>]*>', page)
    assert 'value=""' in since, "no day on which it can be had is written into the form"


async def test_a_transfer_that_goes_back_in_time_wants_its_word_as_the_description_says(conn, api_as, held):
    first, second = await houses.space(conn, held), await houses.space(conn, held, "302")
    tenancy = await houses.tenancy(conn, held, first, "某团队", date(2026, 1, 1), date(2027, 12, 31))
    officer = await api_as("officer")
    answers = []
    for late in ("", "昨天搬的，今天补登记"):
        body = {"carrier": str(held.id), "space": str(second), "on": "2026-11-22", "late": late}
        answers.append(
            await officer.post(f"/api/v1/tenancies/{tenancy}/transfer", json=body, headers={"if-match": '"1"'})
        )
    assert [a.status_code for a in answers] == [422, 201]
    assert set(answers[0].json()["errors"]) == {"late"}
    schema = (await officer.get("/api/v1/openapi.json")).json()["components"]["schemas"]["TransferIn"]
    assert "转移日期早于今天" in schema["properties"]["late"]["description"]


async def test_both_rows_are_read_before_they_are_made_one_and_neither_was_changed_since(conn, client_as, api_as, held):
    first, second = await houses.space(conn, held), await houses.space(conn, held, "东侧大间", at=NOON + MINUTE)
    await houses.tenancy(conn, held, second, "某团队")
    officer, program = await client_as("officer"), await api_as("officer")
    here = f"/carriers/{held.id}/spaces/{first}"
    room = (await officer.get(here)).text
    assert ("看这两条" in room, 'name="same"' in room) == (True, False), "not by one choice in a list"
    nothing = await officer.get(f"{here}/join?other=")
    assert (nothing.status_code, "请选择另一条登记" in nothing.text) == (422, True)
    assert (await officer.get(f"{here}/join?other={held.id}")).status_code == 404
    both = (await officer.get(f"{here}/join?other={second}")).text
    assert all(words in both for words in ("某团队", "还没有人租过", "房间从 2 间变成 1 间", "从 50% 变成 100%"))
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', both.split("/join")[-1]))
    renamed = FORM | {"room": "东侧中间", "version": "1"}
    assert (await officer.post(f"/carriers/{held.id}/spaces/{second}", data=renamed)).status_code == 303
    assert (await officer.post(f"{here}/join", data=form)).status_code == 412, "it is not what was read"
    body = {"other": str(second), "same": True}
    for other_version, status in ((1, 412), (2, 200)):
        sent = await program.post(
            f"/api/v1{here}/join", json=body | {"other_version": other_version}, headers={"if-match": '"1"'}
        )
        assert sent.status_code == status


async def test_a_new_room_is_there_from_today_unless_somebody_says_that_it_always_was(conn, client_as, api_as, held):
    officer, program = await client_as("officer"), await api_as("officer")
    form = (await officer.get(f"/carriers/{held.id}/spaces/new")).text
    (opened,) = re.findall(r'<input[^>]*name="opened_on"[^>]*>', form)
    assert ('value="2026-11-23"' in opened, "留空＝一直就有，过去各天的使用率会随之改变" in form) == (True, True)
    head = "楼栋,楼层,房间,面积,启用日期\n"
    here, lines = f"/carriers/{held.id}/rooms", ("A 座,3,301,100,", "A 座,3,302,100,2026-11-23")
    listed = (await houses.bring_list(officer, here, "房间.csv", head + "\n".join(lines))).text
    assert listed.count("新增房间（一直就有）") == 1
    schema = (await program.get("/api/v1/openapi.json")).json()["components"]["schemas"]["SpaceIn"]
    assert "过去各天的使用率会随之改变" in schema["properties"]["opened_on"]["description"]
