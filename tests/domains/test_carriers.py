"""Who is where and until when, in a real database: nothing let twice, nothing past that changes."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from app.assessments.gathering import gather
from app.carriers import extending, letting, moving, proposing, service, spaces
from app.carriers.models import CarrierDuty, TenancyRow
from app.carriers.occupancy import fills
from app.carriers.queries import carrier_by_id, spaces_of
from app.carriers.recording import span
from app.carriers.stay_terms import Ending, EndReason, Lease, SpecialField
from app.carriers.tenancies import chain_of, events_of, tenancies_of_firm, tenancy_by_id
from app.carriers.terms import SpaceEntry
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.incubation.disagreeing import to_do
from app.incubation.graduating import Graduation, graduate
from tests import factories, houses
from tests.harness import NOON

TODAY = NOON.date()


@pytest.fixture
async def officer(conn):
    return await factories.person(conn, "officer")


async def shown(conn, tenancy_id, who):
    found = await tenancy_by_id(conn, tenancy_id, viewer=who.viewer)
    assert found
    return found


async def filled(conn, house, on=TODAY, **more):
    return (await fills(conn, [house.id], on=on, today=TODAY, **more))[house.id]


async def test_a_room_is_let_once_for_a_day_and_the_second_hears_who_has_it_and_until_when(conn, house):
    room, uscc = await houses.space(conn, house), await factories.firm(conn, "开平市先到有限公司")
    await houses.tenancy(conn, house, room, uscc)
    with pytest.raises(Conflict, match="开平市先到有限公司 租用：2026-01-01 起至 2026-12-31"):
        await houses.tenancy(conn, house, room, await factories.firm(conn), date(2026, 12, 31), date(2027, 6, 1))
    # The day after the last day is free.
    await houses.tenancy(conn, house, room, await factories.firm(conn), date(2027, 1, 1), date(2027, 6, 1))


async def test_a_firm_of_another_town_is_to_a_towns_person_as_one_that_nobody_knows(conn, house):
    town = await factories.person(conn, "town")
    elsewhere = await factories.firm(conn, "开平市别镇有限公司", region=factories.OTHER_TOWN)
    told = []
    for code in (elsewhere, "91440783MA4W0A1B2X"):
        lease = Lease(await houses.space(conn, house, code[-3:]), TODAY, None, uscc=code)
        with pytest.raises(Invalid) as refused:
            await letting.admit(conn, house, lease, by=town.actor, at=NOON)
        told.append(refused.value.fields)
    assert told[0] == told[1]
    assert "别镇" not in told[0]["uscc"]


async def test_the_database_itself_refuses_what_a_program_would_write_past_the_service(conn, house):
    room = await houses.space(conn, house)
    await houses.tenancy(conn, house, room, "先到团队")
    row = (await conn.execute(select(TenancyRow.__table__))).mappings().one()
    with pytest.raises(IntegrityError, match="ex_tenancies_overlap"):
        async with conn.begin_nested():
            await conn.execute(insert(TenancyRow).values({**row, "id": house.id, "during": span(TODAY, None)}))
    # Nor can an exclusive room be told to be a shared one.
    with pytest.raises(IntegrityError, match="space_id"):
        async with conn.begin_nested():
            await conn.execute(text("UPDATE tenancies SET exclusive = false"))


@pytest.mark.db_commit
async def test_of_two_who_let_one_room_at_once_one_wins_and_the_other_is_told(fresh_database):
    async with fresh_database.transaction() as conn:
        house, officer = await houses.carrier(conn), await factories.person(conn, "officer")
        room = await houses.space(conn, house)

    async def let(team):
        async with fresh_database.transaction() as conn:
            await houses.tenancy(conn, house, room, team)

    results = await asyncio.gather(*(let(team) for team in ("甲队", "乙队", "丙队")), return_exceptions=True)
    assert sorted((r and "已由" in r.sentence for r in results), key=str) == [None, True, True], results

    async with fresh_database.transaction() as conn:
        other, operator = await houses.space(conn, house, "302"), await houses.operator(conn, house)
        leases = [houses.lease(other, await factories.firm(conn)) for _ in range(3)]
        asked = [await proposing.propose(conn, house, one, by=operator.actor, at=NOON) for one in leases]

    async def confirm(one):
        async with fresh_database.transaction() as conn:
            suits = {"suited": lambda _, lease: asyncio.sleep(0, lease)}
            await proposing.confirm(conn, one, **suits, by=officer.actor, at=NOON)

    results = await asyncio.gather(*map(confirm, asked), return_exceptions=True)
    assert sorted((r and "提议已失效" in r.sentence for r in results), key=str) == [None, True, True], results


@pytest.mark.db_commit
async def test_who_comes_while_another_is_at_it_waits_and_then_sees_what_was_done(fresh_database):
    """A carrier that is being closed takes nobody in, and a team becomes one firm."""
    async with fresh_database.transaction() as conn:
        house, officer = await houses.carrier(conn), await factories.person(conn, "officer")
        room, hall = await houses.space(conn, house), await houses.space(conn, house, "302")
        made = await shown(conn, await houses.tenancy(conn, house, room, "甲队"), officer)
        firms = [await factories.firm(conn), await factories.firm(conn)]

    async def link(uscc):
        async with fresh_database.transaction() as conn:
            await moving.link_team(conn, house, made.team_id, uscc=uscc, on=TODAY, by=officer.actor, at=NOON)

    async def let(team):
        async with fresh_database.transaction() as conn:
            await houses.tenancy(conn, house, hall, team)

    done = await asyncio.gather(*map(link, firms), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Conflict", "NoneType"], done
    async with fresh_database.transaction() as conn:
        await letting.end(conn, made.id, Ending(TODAY, EndReason.MOVED_OUT), version=None, by=officer.actor, at=NOON)
        await service.close(conn, house.id, on=TODAY, version=house.version, by=officer.actor, at=NOON)
        late = asyncio.create_task(let("乙队"))
        await asyncio.sleep(0.3)
        assert not late.done()
    with pytest.raises(Conflict, match="停止运营"):
        await late


async def test_seats_are_let_until_there_are_none_left(conn, house):
    hall = await houses.space(conn, house, "创客空间", exclusive=False, capacity=5)
    await houses.tenancy(conn, house, hall, "一队", seats=3)
    await houses.tenancy(conn, house, hall, "二队", seats=2)
    with pytest.raises(Conflict, match="还剩 0 个"):
        await houses.tenancy(conn, house, hall, "三队")
    await houses.tenancy(conn, house, hall, "三队", date(2027, 1, 1), None, seats=5)
    fill = await filled(conn, house)
    assert (fill.seats, fill.seats_let, fill.teams, fill.area_let) == (5, 5, 2, 100)


async def test_occupancy_of_any_day_comes_from_the_intervals(conn, house):
    first, second = await houses.space(conn, house), await houses.space(conn, house, "302", area="300")
    uscc = await factories.firm(conn)
    await houses.tenancy(conn, house, first, uscc, date(2025, 1, 1), date(2025, 12, 31))
    await houses.tenancy(conn, house, second, uscc, date(2025, 6, 1), date(2027, 5, 31))
    rates = {day: (await filled(conn, house, day)).rate for day in (date(2024, 12, 31), date(2025, 3, 1), TODAY)}
    assert list(rates.values()) == [0, Decimal("0.25"), 1]
    assert (await filled(conn, house)).firms == 1
    # The first lease is over, and nobody has said that they left: they count until somebody does.
    officer = await factories.person(conn, "officer")
    lapsed = (await tenancies_of_firm(conn, await factories.id_of(conn, uscc), viewer=officer.viewer))[-1]
    ending = Ending(date(2025, 12, 31), EndReason.MOVED_OUT)
    await letting.end(conn, lapsed.id, ending, version=lapsed.version, by=officer.actor, at=NOON)
    assert (await filled(conn, house)).rate == 0.75


async def test_what_is_recorded_later_leaves_the_answer_of_an_earlier_evening_as_it_was(conn, house, officer):
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "甲队")
    later = NOON + timedelta(days=10)
    ending = Ending(date(2026, 9, 30), EndReason.EARLY, "项目停了", late="现在才知道")
    await letting.end(conn, made, ending, version=1, by=officer.actor, at=later)
    october = date(2026, 10, 15)
    now = (await fills(conn, [house.id], on=october, today=later.date()))[house.id]
    assert now.rooms_let == 0
    for known, rooms in ((TODAY, 1), (later.date() - timedelta(days=1), 1), (later.date(), 0)):
        then = (await fills(conn, [house.id], on=october, today=later.date(), known_on=known))[house.id]
        assert then.rooms_let == rooms, known
    assert [e.kind.value for e in await events_of(conn, made)] == ["ended", "admitted"]
    # Nor does a room that is closed afterwards, or a team that turns out to have been a firm.
    team = await houses.tenancy(conn, house, await houses.space(conn, house, "302"), "乙队")
    beside = await shown(conn, team, officer)
    assert beside.team_id
    uscc = await factories.firm(conn)
    await moving.link_team(conn, house, beside.team_id, uscc=uscc, on=date(2026, 10, 1), by=officer.actor, at=later)
    await spaces.close_space(conn, house, room, on=date(2026, 10, 1), by=officer.actor, at=later)
    for known, counts in ((TODAY, (2, 0, 2)), (later.date(), (1, 1, 0)), (date.max, (1, 1, 0))):
        then = (await fills(conn, [house.id], on=october, today=later.date(), known_on=known))[house.id]
        assert (then.rooms, then.firms, then.teams) == counts, known


async def test_ending_today_changes_no_day_before(conn, house, officer):
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "甲队")
    days = [date(2026, 1, 1), date(2026, 6, 1), TODAY]
    before = [await filled(conn, house, day) for day in days]
    await letting.end(conn, made, Ending(TODAY, EndReason.MOVED_OUT), version=1, by=officer.actor, at=NOON)
    assert [await filled(conn, house, day) for day in days] == before
    assert (await filled(conn, house, TODAY + timedelta(days=1))).rooms_let == 0


async def test_who_stayed_beyond_the_lease_stands_in_the_way_until_it_is_recorded(conn, house, officer):
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "老队", date(2025, 1, 1), date(2025, 12, 31))
    with pytest.raises(Refused, match="老队 在 A 座 3层 301 的租期 2025-12-31 已到"):
        await houses.tenancy(conn, house, room, "新队", TODAY, None)
    ending = Ending(TODAY - timedelta(days=1), EndReason.OVERSTAY, "多次催促后迁出")
    await letting.end(conn, made, ending, version=1, by=officer.actor, at=NOON)
    found = await shown(conn, made, officer)
    assert (found.until, found.end_reason) == (TODAY - timedelta(days=1), EndReason.OVERSTAY)
    await houses.tenancy(conn, house, room, "新队", TODAY, None)


async def test_a_struck_tenancy_frees_its_days_and_stays_to_be_read(conn, house, officer):
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "甲队")
    ending = Ending(TODAY, EndReason.STRUCK, "选错了房间", late="才发现")
    await letting.end(conn, made, ending, version=1, by=officer.actor, at=NOON)
    assert (await filled(conn, house)).rooms_let == 0
    await houses.tenancy(conn, house, room, "乙队")
    assert len(await events_of(conn, made)) == 2


async def test_a_renewal_reaches_until_the_next_tenant_and_no_further(conn, house, officer):
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "甲队")
    await houses.tenancy(conn, house, room, "乙队", date(2027, 7, 1), None)
    with pytest.raises(Conflict, match="乙队"):
        await letting.renew(conn, made, until=date(2027, 7, 1), version=1, by=officer.actor, at=NOON)
    await letting.renew(conn, made, until=date(2027, 6, 30), version=1, by=officer.actor, at=NOON)
    assert (await shown(conn, made, officer)).until == date(2027, 6, 30)
    with pytest.raises(Stale):
        await letting.renew(conn, made, until=date(2027, 6, 30), version=1, by=officer.actor, at=NOON)
    with pytest.raises(Invalid, match="改正"):
        await letting.renew(conn, made, until=date(2027, 6, 30), version=2, by=officer.actor, at=NOON)


async def test_each_tenancy_keeps_the_limit_it_was_admitted_under(conn, house, officer):
    plain = await houses.tenancy(conn, house, await houses.space(conn, house), "甲队")
    special = await houses.tenancy(
        conn, house, await houses.space(conn, house, "302"), "药队", special_field=SpecialField.BIOMEDICINE
    )
    await conn.execute(text("UPDATE carrier_stays SET months = 36"))
    assert (await shown(conn, plain, officer)).limit_months == 48
    found = await shown(conn, special, officer)
    assert (found.limit_months, "待核实" in found.limit_basis) == (60, True)
    with pytest.raises(Invalid):
        await extending.extend(conn, plain, months=48, reason="长一点", version=1, by=officer.actor, at=NOON)
    await extending.extend(conn, plain, months=54, reason="临床未完", version=1, by=officer.actor, at=NOON)
    assert (await shown(conn, plain, officer)).limit_months == 54


async def test_a_second_room_goes_on_with_the_clock_of_the_first_and_one_recorded_late_sets_it_back(
    conn, house, officer
):
    uscc, began = await factories.firm(conn), date(2026, 10, 2)
    rooms = [await houses.space(conn, house, f"40{n}") for n in range(4)]
    first = await houses.tenancy(conn, house, rooms[0], uscc, began, None)
    await extending.extend(conn, first, months=60, reason="临床未完", version=1, by=officer.actor, at=NOON)
    second = await houses.tenancy(conn, house, rooms[1], uscc, date(2026, 12, 11), None)
    found = await shown(conn, second, officer)
    assert (found.clock_since, found.incubating_since, found.limit_months) == (began, began, 60)
    plain = await houses.tenancy(conn, house, rooms[2], uscc, date(2026, 12, 11), None, incubates=False)
    assert (await shown(conn, plain, officer)).clock_since is None
    earlier = date(2026, 9, 1)
    await houses.tenancy(conn, house, rooms[3], uscc, earlier, date(2026, 10, 1))
    assert [(await shown(conn, one, officer)).clock_since for one in (first, second)] == [earlier] * 2
    other = await houses.carrier(conn, "另一家孵化器")
    there = await houses.tenancy(conn, other, await houses.space(conn, other), uscc, TODAY, None)
    assert (await shown(conn, there, officer)).clock_since == TODAY, "each carrier has its own"


async def test_a_team_goes_along_the_chain_becomes_a_firm_and_keeps_its_history(conn, house, officer):
    maker = await houses.carrier(conn, "示例众创空间", kind="makerspace")
    seat = await houses.space(conn, maker, "工位区", exclusive=False, capacity=10)
    room = await houses.space(conn, house)
    made = await houses.tenancy(conn, maker, seat, "起步队", date(2025, 3, 1), date(2027, 2, 28))
    onward = moving.Onward(house.id, room, date(2026, 6, 1), date(2028, 5, 31), late="补登记")
    moved = await moving.transfer(conn, made, onward, version=1, by=officer.actor, at=NOON)
    old, new = await shown(conn, made, officer), await shown(conn, moved, officer)
    assert (old.ended_on, old.end_reason) == (date(2026, 5, 31), EndReason.TRANSFERRED)
    assert (new.incubating_since, new.clock_since, new.limit_months) == (date(2025, 3, 1), date(2026, 6, 1), 48)
    # Where its tenant was before is no operator's to know.
    keeper = await houses.operator(conn, house)
    for one, who, seen in ((old, officer, [made, moved]), (new, officer, [made, moved]), (new, keeper, [moved])):
        assert [t.id for t in await chain_of(conn, one, viewer=who.viewer)] == seen
    uscc = await factories.firm(conn, "开平市起步科技有限公司")
    firm_id = await factories.id_of(conn, uscc)
    assert new.team_id
    await moving.link_team(conn, house, new.team_id, uscc=uscc, on=date(2026, 9, 1), by=officer.actor, at=NOON)
    counts = [(await filled(conn, house, day)) for day in (date(2026, 8, 31), date(2026, 9, 1))]
    assert [(f.firms, f.teams) for f in counts] == [(0, 1), (1, 0)]
    facts = (await gather(conn, [firm_id]))[firm_id]
    assert facts.facts.values["carrier_tenant_since"] == date(2025, 3, 1)
    assert facts.source_of("carrier_tenant_since").source == "载体租约台账"
    theirs = await tenancies_of_firm(conn, firm_id, viewer=officer.viewer)
    assert [t.carrier_name for t in theirs] == ["示例孵化器", "示例众创空间"]


async def test_going_back_down_the_chain_wants_a_reason(conn, house, officer):
    maker = await houses.carrier(conn, "示例众创空间", kind="makerspace")
    seat, room = await houses.space(conn, maker, "工位区", exclusive=False), await houses.space(conn, house)
    made = await houses.tenancy(conn, house, room, "甲队")
    onward = moving.Onward(maker.id, seat, TODAY, None)
    with pytest.raises(Invalid):
        await moving.transfer(conn, made, onward, version=1, by=officer.actor, at=NOON)


async def test_an_entry_puts_the_firm_in_line_to_be_judged_anew(conn, house, officer):
    uscc = await factories.firm(conn)
    await conn.execute(text("DELETE FROM changed_firms"))
    await houses.tenancy(conn, house, await houses.space(conn, house), uscc)
    waiting = (await conn.execute(text("SELECT firm_id FROM changed_firms"))).scalars().all()
    assert waiting == [await factories.id_of(conn, uscc)]


async def test_what_was_let_keeps_its_size(conn, house, officer):
    room = await houses.space(conn, house)
    (held,) = await spaces_of(conn, house.id)
    bigger = SpaceEntry("A 座", "3", "301", held.area + 1, True)
    assert await spaces.amend_space(conn, house, room, bigger, version=1, by=officer.actor, at=NOON)
    await houses.tenancy(conn, house, room, "甲队")
    entry = SpaceEntry("A 座", "3", "301", held.area, True)
    with pytest.raises(Refused, match="过去的使用率"):
        await spaces.amend_space(conn, house, room, entry, version=2, by=officer.actor, at=NOON)
    renamed = SpaceEntry("A 座", "3", "301 室", held.area + 1, True)
    assert await spaces.amend_space(conn, house, room, renamed, version=2, by=officer.actor, at=NOON)
    with pytest.raises(Refused, match="还有租约"):
        await spaces.close_space(conn, house, room, on=TODAY, by=officer.actor, at=NOON)


async def test_a_change_that_must_be_reported_is_owed_three_months_later(conn, house, officer):
    entry = service.CarrierEntry(house.name, house.kind, house.level, house.region_code, operator="新的运营有限公司")
    changed = date(2026, 11, 30)
    done = await service.edit(conn, house.id, entry, version=1, changed_on=changed, by=officer.actor, at=NOON)
    assert done
    (duty,), *_ = await to_do(conn, house.id, viewer=officer.viewer, today=TODAY)
    assert (duty.due_on, "300号 第十五条" in duty.basis) == (date(2027, 2, 28), True)
    assert await service.settle_duty(conn, house, duty.id, on=TODAY, by=officer.actor, at=NOON)
    assert not await service.settle_duty(conn, house, duty.id, on=TODAY, by=officer.actor, at=NOON)
    assert len((await conn.execute(select(CarrierDuty.id))).all()) == 1


async def test_an_operator_sees_its_own_carrier_and_nobody_elses(conn, house):
    other = await houses.carrier(conn, "别家孵化器")
    operator = await houses.operator(conn, house)
    assert await carrier_by_id(conn, house.id, viewer=operator.viewer)
    assert await carrier_by_id(conn, other.id, viewer=operator.viewer) is None
    nobody = await factories.person(conn, "carrier-2")
    assert await carrier_by_id(conn, house.id, viewer=nobody.viewer) is None
    made = await houses.tenancy(conn, other, await houses.space(conn, other), "甲队")
    ending = Ending(TODAY, EndReason.MOVED_OUT)
    with pytest.raises(NotFound):
        await letting.end(conn, made, ending, version=1, by=operator.actor, at=NOON)


async def test_graduation_is_checked_by_the_policy_and_kept_with_its_ground(conn, house, officer):
    uscc = await factories.reporting_firm(conn)
    firm_id = await factories.id_of(conn, uscc)
    made = await houses.tenancy(conn, house, await houses.space(conn, house), uscc, date(2024, 1, 1), None)
    second = await houses.tenancy(conn, house, await houses.space(conn, house, "302"), uscc, TODAY, None)
    asked = Graduation(TODAY)
    await graduate(conn, made, asked, policies=factories.POLICIES, version=1, by=officer.actor, at=NOON)
    found = await shown(conn, made, officer)
    assert (found.end_reason, found.ended_on) == (EndReason.GRADUATED, TODAY)
    assert found.ground
    assert found.ground["document"] == "国科发区〔2018〕300号"
    assert found.ground["met"] == ["连续两年营业收入累计超过 1000 万元"]
    assert (await shown(conn, second, officer)).end_reason is EndReason.GRADUATED
    assert (await gather(conn, [firm_id]))[firm_id].facts.values.get("carrier_tenant_since") is None


async def test_without_data_graduation_wants_a_ground_and_a_team_cannot_graduate(conn, house, officer):
    made = await houses.tenancy(conn, house, await houses.space(conn, house), await factories.firm(conn))
    team = await houses.tenancy(conn, house, await houses.space(conn, house, "302"), "甲队")
    by = {"policies": factories.POLICIES, "by": officer.actor, "at": NOON}
    with pytest.raises(Refused, match="不足以判断") as refused:
        await graduate(conn, made, Graduation(TODAY), version=1, **by)
    assert refused.value.reasons
    with pytest.raises(Refused, match="还没有注册"):
        await graduate(conn, team, Graduation(TODAY, "有"), version=1, **by)
    await graduate(conn, made, Graduation(TODAY, "已被上市公司收购，见公告"), version=1, **by)
    assert (await shown(conn, made, officer)).ground["stated"] == "已被上市公司收购，见公告"  # type: ignore[index]


async def test_a_lease_needs_one_tenant_that_is_known_and_a_room_that_is_there(conn, house, officer):
    room = await houses.space(conn, house, opened_on=date(2026, 5, 1))
    gone = await factories.firm(conn, status="deregistered")
    for lease, field in (
        (Lease(room, TODAY, None), "uscc"),
        (Lease(room, TODAY, None, uscc=factories.code()), "uscc"),
        (Lease(room, TODAY, None, uscc=gone), "uscc"),
        (Lease(house.id, TODAY, None, uscc=await factories.firm(conn)), "space"),
        (Lease(room, date(2026, 4, 30), None, uscc=await factories.firm(conn)), "since"),
        (Lease(room, TODAY, TODAY - timedelta(days=1), uscc=await factories.firm(conn)), "until"),
        (Lease(room, TODAY, None, uscc=await factories.firm(conn), seats=2), "seats"),
    ):
        with pytest.raises(Invalid) as refused:
            await letting.admit(conn, house, lease, by=officer.actor, at=NOON)
        assert set(refused.value.fields) == {field}
