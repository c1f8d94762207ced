"""Two things done to one account at the same moment: neither undoes the other, neither tangles with the other."""

import asyncio

import pytest
from sqlalchemy import func, insert, select, update

from app.access.factors import drop
from app.access.identities import link, unlink
from app.access.models import RecoveryCode, SecondFactor, SignInRules, User, UserSession
from app.access.queries import user_by_id
from app.access.service import reset_password
from app.errors import Conflict
from tests import factories
from tests.domains.test_access import STRONG, entered
from tests.harness import NOON


async def live(conn):
    return (await conn.execute(select(func.count()).where(UserSession.revoked_at.is_(None)))).scalar_one()


async def late(database, act):
    async def run():
        async with database.transaction() as conn:
            return await act(conn)

    task = asyncio.create_task(run())
    await asyncio.sleep(0.3)
    return task


@pytest.mark.db_commit
async def test_a_password_that_is_reset_while_somebody_comes_in_with_it_lets_nobody_in(fresh_database):
    async with fresh_database.transaction() as conn:
        person, admin = await factories.person(conn, "officer"), await factories.person(conn, "admin")
    async with fresh_database.transaction() as conn:
        await reset_password(conn, person.id, STRONG, by=admin.actor, at=NOON, cheap=True)
        coming = await late(fresh_database, entered)
    with pytest.raises(Conflict):
        await coming
    async with fresh_database.reading() as conn:
        assert await live(conn) == 0
        assert (await user_by_id(conn, person.id))["must_change_password"]


@pytest.mark.db_commit
async def test_of_two_who_come_in_at_once_one_stays_and_a_lost_authenticator_waits_for_a_code(fresh_database):
    async with fresh_database.transaction() as conn:
        person = await factories.person(conn, "officer")
        rules = {"id": 1, "factor_roles": [], "one_session": True, "profile": "dengbao", "version": 1}
        await conn.execute(insert(SignInRules).values(**rules, changed_at=NOON, changer_name="x"))
    async with fresh_database.transaction() as conn:
        assert (await entered(conn)).token
        second = await late(fresh_database, entered)
    assert (await second).token
    async with fresh_database.transaction() as conn:
        assert await live(conn) == 1
        await conn.execute(insert(SecondFactor).values(user_id=person.id, secret=b"x", confirmed_at=NOON))
        await conn.execute(insert(RecoveryCode).values(user_id=person.id, code_hash=b"x", created_at=NOON))
    async with fresh_database.transaction() as conn:  # as a recovery code is used
        await conn.execute(select(SecondFactor.user_id).with_for_update())
        gone = await late(fresh_database, lambda other: drop(other, person.id))
        await conn.execute(update(RecoveryCode).values(used_at=NOON))
    await gone


async def test_whoever_came_by_an_identity_is_out_when_it_is_another_or_none(conn):
    person, admin = await factories.person(conn, "officer"), await factories.person(conn, "admin")
    await link(conn, person.id, "https://id", "wrong", by=admin.actor, at=NOON, cheap=True)
    for undo in (
        lambda: link(conn, person.id, "https://id", "right", by=admin.actor, at=NOON, cheap=True),
        lambda: unlink(conn, person.id, by=admin.actor, at=NOON),
    ):
        assert (await entered(conn)).token
        assert await live(conn) == 1
        await undo()
        assert await live(conn) == 0
    assert (await conn.execute(select(User.active).where(User.id == person.id))).scalar_one()
