"""One incubation clock for a tenant in a carrier, and one rule of who is inside on a day."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEvent
from app.carriers import extending, letting
from app.carriers.models import TenancyEventRow, TenancyRow
from app.carriers.occupancy import fills
from app.carriers.stay_terms import Ending, EndReason
from app.carriers.taking_back import remove_tenancy
from app.carriers.tenancies import tenancies_on, tenancy_by_id
from app.incubation.jobs import reconcile
from app.outbox.models import OutboxMessage
from app.plans.dashboard import Part, housed
from app.plans.terms import Scope
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


async def test_the_last_day_counts_and_the_day_after_does_not_on_every_page(conn, house, officer):
    last = TODAY - timedelta(days=1)
    for n, (until, left) in enumerate(((last, last), (TODAY, TODAY), (TODAY, None), (last, None), (None, None))):
        made = await houses.tenancy(
            conn, house, await houses.space(conn, house, f"50{n}"), await factories.firm(conn), date(2026, 1, 1), until
        )
        if left:
            ending = Ending(left, EndReason.MOVED_OUT, late="补登记")
            await letting.end(conn, made, ending, version=1, by=officer.actor, at=NOON)
    coming = await houses.space(conn, house, "509")
    await houses.tenancy(conn, house, coming, await factories.firm(conn), TODAY + timedelta(days=1), None)
    for on, count in ((last, 5), (TODAY, 4), (TODAY + timedelta(days=1), 4)):
        # The day after: one goes on, one has come, and the two leases that are over are open until somebody ends them.
        today = max(on, TODAY)
        full = (await fills(conn, [house.id], on=on, today=today))[house.id]
        assert (full.firms, len(await tenancies_on(conn, house.id, on=on, today=today))) == (count, count), on
        if on == today:
            part = Part(Scope(officer.viewer.scope, ""))
            found = await housed(conn, viewer=officer.viewer, part=part, today=today)
            assert (found.tenants, found.fill.firms) == (count, count), on


async def test_leases_stored_with_clocks_of_their_own_are_made_one_stay_once_and_everybody_reads_it(
    conn, database, house, officer
):
    operator = await houses.operator(conn, house)
    uscc, other = await factories.firm(conn), await factories.firm(conn)
    made = []
    for n, (who, since, until) in enumerate(
        (
            (uscc, date(2024, 3, 1), date(2025, 5, 31)),
            (uscc, date(2025, 6, 1), None),
            (other, date(2023, 1, 1), date(2023, 12, 31)),
            (other, date(2024, 1, 2), None),
        )
    ):
        made.append(await houses.tenancy(conn, house, await houses.space(conn, house, f"60{n}"), who, since, until))
        if until:
            left = Ending(until, EndReason.MOVED_OUT, late="补登记")
            await letting.end(conn, made[-1], left, version=1, by=officer.actor, at=NOON)
    _, second, _, theirs = made
    await extending.extend(conn, theirs, months=54, reason="临床未完", version=1, by=officer.actor, at=NOON)
    restarted = {"clock_since": date(2025, 6, 1), "incubating_since": date(2025, 6, 1)}
    await conn.execute(update(TenancyRow).where(TenancyRow.id == second).values(restarted))
    alone = (await shown(conn, theirs, officer)).clock_since
    assert await reconcile(database, at=NOON) == {"planned": 1, "created": 0, "failed": 0}
    found = await shown(conn, second, officer)
    assert (found.clock_since, found.incubating_since, found.version) == (date(2024, 3, 1), date(2024, 3, 1), 1)
    assert (await shown(conn, theirs, officer)).clock_since == alone == date(2024, 1, 2), "a day was between"
    e = TenancyEventRow
    said = (await conn.execute(select(e.reason, e.detail).where(e.tenancy_id == second, e.kind == "changed"))).one()
    assert said.detail == {"clock_since": "2024-03-01", "before": "2025-06-01"}
    assert "从 2024-03-01 计，48 个月" in said.reason
    trail = select(AuditEvent.before).where(AuditEvent.action == "carrier:tenancy:changed")
    assert (await conn.execute(trail)).scalar_one()["clock_since"] == "2025-06-01"
    m = OutboxMessage
    told = (await conn.execute(select(m.user_id, m.payload).where(m.kind == "stay_disagreed"))).all()
    assert {(row.user_id, row.payload["page"]) for row in told} == {
        (officer.id, f"/carriers/{house.id}"),
        (operator.id, "/carrier"),
    }
    assert await reconcile(database, at=NOON + timedelta(days=1)) == {"planned": 0, "created": 0, "failed": 0}


@pytest.mark.db_commit
async def test_more_months_that_are_given_while_the_night_sets_a_clock_right_are_not_written_over(fresh_database):
    async with fresh_database.transaction() as conn:
        house, uscc = await houses.carrier(conn), await factories.firm(conn)
        officer = await factories.person(conn, "officer")
        rooms = [await houses.space(conn, house, f"90{n}") for n in range(2)]
        made = [await houses.tenancy(conn, house, room, uscc, date(2026, 1, 1), None) for room in rooms]
        late = {"clock_since": date(2026, 6, 1), "incubating_since": date(2026, 6, 1)}
        await conn.execute(update(TenancyRow).where(TenancyRow.id == made[1]).values(late))
    async with fresh_database.transaction() as conn:
        await extending.extend(conn, made[1], months=60, reason="专家会同意", version=1, by=officer.actor, at=NOON)
        night = asyncio.create_task(reconcile(fresh_database, at=NOON))
        await asyncio.wait([night], timeout=1)
    await night
    async with fresh_database.reading() as conn:
        found = [await shown(conn, one, officer) for one in made]
    assert [(t.clock_since, t.limit_months) for t in found] == [(date(2026, 1, 1), 60)] * 2


async def test_more_months_are_given_to_all_rooms_of_a_stay_and_to_no_other(conn, house, officer):
    uscc = await factories.firm(conn)
    rooms = [await houses.space(conn, house, f"70{n}") for n in range(3)]
    gone = await houses.tenancy(conn, house, rooms[0], uscc, date(2024, 1, 1), date(2024, 12, 31))
    left = Ending(date(2024, 12, 31), EndReason.MOVED_OUT, late="补登记")
    await letting.end(conn, gone, left, version=1, by=officer.actor, at=NOON)
    first = await houses.tenancy(conn, house, rooms[1], uscc, date(2026, 1, 1), None)
    second = await houses.tenancy(conn, house, rooms[2], uscc, date(2026, 6, 1), None)
    await extending.extend(conn, second, months=60, reason="专家会同意", version=1, by=officer.actor, at=NOON)
    limits = [(await shown(conn, one, officer)).limit_months for one in (gone, first, second)]
    assert limits == [48, 60, 60]


@pytest.mark.parametrize("taken_back", [False, True])
async def test_what_was_counted_from_a_lease_that_never_was_is_counted_from_its_own_days_again(
    conn, house, officer, taken_back
):
    uscc = await factories.firm(conn)
    rooms = [await houses.space(conn, house, f"80{n}") for n in range(2)]
    real = await houses.tenancy(conn, house, rooms[0], uscc, date(2026, 6, 1), None)
    wrong = await houses.tenancy(conn, house, rooms[1], uscc, date(2021, 1, 1), None)
    assert (await shown(conn, real, officer)).clock_since == date(2021, 1, 1)
    if taken_back:
        await remove_tenancy(conn, wrong, version=1, by=officer.actor, at=NOON)
    else:
        ending = Ending(TODAY, EndReason.STRUCK, "年份写错了", late="才发现")
        await letting.end(conn, wrong, ending, version=1, by=officer.actor, at=NOON)
    found = await shown(conn, real, officer)
    assert (found.clock_since, found.incubating_since, found.version) == (date(2026, 6, 1), date(2026, 6, 1), 1)
