"""One room that stands in two rows is made one: nothing that was ever asked of a day is answered otherwise."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from app.audit.models import AuditEvent
from app.carriers import letting, proposing
from app.carriers.joining import join
from app.carriers.models import CarrierSpace, TenancyProposal, TenancyRow
from app.carriers.occupancy import fills
from app.carriers.recording import span
from app.carriers.stay_terms import Ending, EndReason
from app.carriers.taking_back import remove_space
from app.carriers.tenancies import events_of, tenancies_of_space
from app.db import new_id
from app.errors import Conflict, NotFound, Refused, Stale
from tests import factories, houses
from tests.harness import NOON

TODAY, JUNE = NOON.date(), date(2026, 6, 30)


async def twin(conn, house, **more):
    made = {"id": new_id(), "carrier_id": house.id, "building": "A座", "floor": "3层", "room": "301室"}
    made |= {"area": 100, "exclusive": True, "created_at": NOON + timedelta(minutes=1), **more}
    await conn.execute(insert(CarrierSpace).values(made))
    return made["id"]


async def rows(conn, house, by):
    """The room and its other row, with somebody in one until the last of June and in the other from the day after."""
    first, second = await houses.space(conn, house), await twin(conn, house)
    before = await houses.tenancy(conn, house, second, "上半年的团队", until=JUNE)
    await letting.end(conn, before, Ending(JUNE, EndReason.MOVED_OUT), version=None, by=by, at=NOON)
    after = await houses.tenancy(conn, house, first, "下半年的团队", date(2026, 7, 1), None)
    return first, second, before, after


async def test_leases_and_history_go_to_the_row_that_came_first_and_no_past_day_changes(conn, house, by):
    first, second, before, after = await rows(conn, house, by)
    struck = await houses.tenancy(conn, house, second, "误登的团队", date(2025, 1, 1), date(2025, 2, 1))
    await letting.end(
        conn,
        struck,
        Ending(TODAY, EndReason.STRUCK, "登记有误", late="重登过"),
        version=None,
        by=by,
        at=NOON + timedelta(minutes=2),
    )
    uscc = await factories.firm(conn)
    operator = (await houses.operator(conn, house)).actor
    asked = houses.lease(second, uscc)
    await conn.execute(update(TenancyRow).where(TenancyRow.id == after).values(during=span(date(2026, 7, 1), TODAY)))
    await proposing.propose(conn, house, asked, by=operator, at=NOON)
    days = [date(2025, 1, 15), date(2026, 1, 1), JUNE, date(2026, 7, 1), TODAY - timedelta(days=1)]

    async def answers():
        return [
            (await fills(conn, [house.id], on=day, today=TODAY, known_on=known)).get(house.id)
            for day in days
            for known in (None, day, TODAY)
        ]

    told = await answers()
    later = NOON + timedelta(hours=1)
    with pytest.raises(Stale):
        await join(conn, house, second, first, version=2, by=by, at=later)
    kept = await join(conn, house, second, first, version=1, by=by, at=later)
    assert kept.id == first, "whichever is named first"
    assert await answers() == told
    assert (await fills(conn, [house.id], on=TODAY, today=TODAY))[house.id].rooms == 1
    assert [t.id for t in await tenancies_of_space(conn, first)] == [after, before]
    assert (await events_of(conn, before))[0].label == "房间合并"
    assert (await conn.execute(select(TenancyRow.space_id).where(TenancyRow.id == struck))).scalar_one() == second
    assert (await conn.execute(select(TenancyProposal.space_id))).scalar_one() == first
    trail = select(AuditEvent.after).where(AuditEvent.action == "carrier:space:joined")
    assert (await conn.execute(trail)).scalar_one()["count"] == 1
    with pytest.raises(Conflict, match="停用"):
        await join(conn, house, second, first, version=2, by=by, at=later)
    # A list that brought the kept row is taken back no more: with the other closed there would be no room left.
    for row in (first, second):
        with pytest.raises(Stale):
            await remove_space(conn, house, row, version=1, by=by, at=later)


async def test_days_on_which_both_rows_had_somebody_are_named_and_nothing_is_joined(conn, house, by):
    first, second, before, after = await rows(conn, house, by)
    for since, said in ((JUNE, "2026-06-30 起至 2026-06-30"), (date(2026, 6, 1), "2026-06-01 起至 2026-06-30")):
        await conn.execute(update(TenancyRow).where(TenancyRow.id == after).values(during=span(since, None)))
        with pytest.raises(Refused, match=said):
            await join(conn, house, first, second, version=1, by=by, at=NOON)
    await conn.execute(update(TenancyRow).where(TenancyRow.id == after).values(during=span(date(2026, 7, 1), None)))
    whose = update(TenancyRow).where(TenancyRow.id == before)
    await conn.execute(whose.values(ended_on=None, end_reason=None))
    with pytest.raises(Refused, match="2026-07-01 起至 2026-11-23"):
        await join(conn, house, first, second, version=1, by=by, at=NOON)
    assert (await conn.execute(select(TenancyRow.space_id).where(TenancyRow.id == before))).scalar_one() == second


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"area": 99}, "面积不一样"),
        ({"exclusive": False, "capacity": 5}, "用法、工位数不一样"),
        ({"room": "302室"}, "不是同一间房"),
        ({"building": "B座"}, "不是同一间房"),
    ],
)
async def test_what_is_not_the_same_room_or_not_as_large_stays_two(conn, house, by, more, why):
    first, second = await houses.space(conn, house), await twin(conn, house, **more)
    with pytest.raises(Refused, match=why):
        await join(conn, house, first, second, version=1, by=by, at=NOON)
    with pytest.raises(NotFound):
        await join(conn, house, first, first, version=1, by=by, at=NOON)


async def test_an_operator_joins_them_on_the_page_a_program_by_the_api_and_a_rival_finds_neither(
    conn, house, client_as, api_as
):
    first, second = await houses.space(conn, house), await twin(conn, house)
    operator = await client_as(await houses.operator(conn, house))
    other = await houses.operator(conn, await houses.carrier(conn, "别处孵化器"), "carrier-2")
    rival, here = await client_as(other), f"/carriers/{house.id}/spaces"
    page = (await operator.get(f"{here}/{second}")).text
    assert ("同一间房登记了两次" in page, str(first) in page) == (True, True)
    assert "同一间房登记了两次" in (await operator.get("/carrier")).text
    sent = {"other": str(first), "version": "1", "other_version": "1"}
    assert (await rival.post(f"{here}/{second}/join", data=sent)).status_code == 404
    assert (await operator.post(f"{here}/{second}/join", data=sent | {"version": "3"})).status_code == 412
    program, way = await api_as("officer"), f"/api/v1{here}"
    stranger = await api_as(other)
    for client, status in ((stranger, 404), (program, 428)):
        assert (await client.post(f"{way}/{second}/join", json={"other": str(first)})).status_code == status
    done = await operator.post(f"{here}/{second}/join", data=sent)
    assert (done.status_code, done.headers["location"]) == (303, f"{here}/{first}")
    assert "同一间房登记了两次" not in (await operator.get("/carrier")).text
    east = await houses.space(conn, house, "301东")
    asked = {"building": "A座", "floor": "3", "room": "301室", "area": "100", "version": "1"}
    refused = await operator.post(f"{here}/{east}", data=asked)
    form = refused.text.split('aria-labelledby="h-there"')[1].split("</section>")[0]
    assert (refused.status_code, "合并以后不能撤销" in form, str(first) in form) == (409, True, True)
    assert 'name="same" value="1"' in form
    named = {"other": str(first), "version": "1", "other_version": "2"}
    assert (await operator.post(f"{here}/{east}/join", data=named)).status_code == 409
    assert (await operator.post(f"{here}/{east}/join", data=named | {"same": "1"})).status_code == 303
    third = await twin(conn, house, room="３０１")
    joined = await program.post(f"{way}/{third}/join", json={"other": str(first)}, headers={"If-Match": '"1"'})
    assert (joined.status_code, joined.json()["id"]) == (200, str(first))
    space = {"building": "A 座", "floor": "3", "room": "303", "area": "100"}
    amended = await program.put(f"{way}/{first}", json=space, headers={"If-Match": joined.headers["etag"]})
    assert (amended.json()["room"], amended.json()["version"]) == ("303", 5)
    assert (await stranger.put(f"{way}/{first}", json=space, headers={"If-Match": '"5"'})).status_code == 404
    assert (await program.post(f"{way}/{first}/close", json={})).json()["closed_on"] == "2026-11-23"
    assert (await stranger.post(f"{way}/{first}/close", json={})).status_code == 404


@pytest.mark.db_commit
async def test_two_who_let_the_room_at_once_under_its_two_spellings_do_not_both_have_it(fresh_database):
    async with fresh_database.transaction() as conn:
        held = await houses.carrier(conn)
        first, second = await houses.space(conn, held), await twin(conn, held)
        await factories.person(conn, "officer")

    async def let_the_other() -> None:
        async with fresh_database.transaction() as conn:
            await houses.tenancy(conn, held, second, "后来的团队")

    async with fresh_database.transaction() as conn:
        await houses.tenancy(conn, held, first, "先来的团队")
        later = asyncio.create_task(let_the_other())
        await asyncio.wait([later], timeout=0.5)
    with pytest.raises(Conflict, match="先来的团队"):
        await later
