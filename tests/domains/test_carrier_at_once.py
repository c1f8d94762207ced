"""A list holds its carrier, then rooms and leases, row by row: whoever works beside it comes before or after it,
and nobody waits for whoever waits for him."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.carriers.joining import join
from app.carriers.letting import renew
from app.carriers.queries import lock_carrier
from app.carriers.spaces import amend_space
from app.carriers.terms import Space, SpaceEntry
from app.errors import AppError
from tests import factories, houses
from tests.harness import NOON


@pytest.mark.db_commit
async def test_a_list_and_a_renaming_do_not_wait_for_each_other(fresh_database):
    async with fresh_database.transaction() as conn:
        held = await houses.carrier(conn)
        room = await houses.space(conn, held, "301")
        by = (await factories.person(conn, "officer")).actor
    same, other = SpaceEntry("A 座", "3", "301", Decimal(100), True), SpaceEntry("A 座", "3", "305", Decimal(100), True)

    async def renamed():
        async with fresh_database.transaction() as conn:
            await amend_space(conn, held, room, other, version=1, by=by, at=NOON)

    async with fresh_database.transaction() as conn:  # as app.exchange.rooms.bring does
        await lock_carrier(conn, held.id, viewer=by.viewer)
        beside = asyncio.create_task(renamed())
        await asyncio.wait([beside], timeout=0.5)
        await amend_space(conn, held, room, same, version=1, by=by, at=NOON)
    [said] = await asyncio.gather(beside, return_exceptions=True)
    assert said is None or isinstance(said, AppError | Space), said


@pytest.mark.db_commit
async def test_a_list_and_a_joining_do_not_wait_for_each_other(fresh_database):
    async with fresh_database.transaction() as conn:
        held = await houses.carrier(conn)
        room, twin = (
            await houses.space(conn, held, "301"),
            await houses.space(conn, held, "东侧", at=NOON + timedelta(minutes=1)),
        )
        lease = await houses.tenancy(conn, held, room, "某团队", date(2026, 1, 1), date(2026, 12, 31))
        by = (await factories.person(conn, "officer")).actor
    same = SpaceEntry("A 座", "3", "301", Decimal(100), True)

    async def joined():
        async with fresh_database.transaction() as conn:
            await join(conn, held, room, twin, version=1, same=True, by=by, at=NOON + timedelta(hours=1))

    async with fresh_database.transaction() as conn:  # one row of a list: the room, then its lease, which goes on
        await lock_carrier(conn, held.id, viewer=by.viewer)
        await amend_space(conn, held, room, same, version=1, by=by, at=NOON)
        beside = asyncio.create_task(joined())
        await asyncio.wait([beside], timeout=0.5)
        await renew(conn, lease, until=date(2027, 12, 31), version=1, by=by, at=NOON)
    [said] = await asyncio.gather(beside, return_exceptions=True)
    assert said is None or isinstance(said, AppError | Space), said
