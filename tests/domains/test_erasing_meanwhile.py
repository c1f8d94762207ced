"""A person's number goes while others write about the firms it stands at: none is missed, and nobody waits for ever."""

import asyncio

import pytest
from sqlalchemy import select, text

from app.access.terms import SYSTEM
from app.errors import Waiting
from app.firms.correcting import correct
from app.firms.erasing import erase
from app.firms.erasures import agree_to_erase, ask_to_erase, waiting_erasures
from app.firms.locking import known_by_code
from app.firms.models import Firm
from app.firms.queries import firm_by_uscc
from app.firms.service import edit
from app.firms.terms import ContactDetails, FirmEntry
from tests import factories
from tests.harness import NOON

PHONE, NEW = "13987654321", "13700001111"
BY = {"by": SYSTEM, "at": NOON}

pytestmark = pytest.mark.db_commit


@pytest.fixture
async def two_firms(fresh_database):
    """The number stands at the one with the higher code."""
    async with fresh_database.transaction() as conn:
        await factories.firm(conn, uscc=factories.code(5), contacts=[ContactDetails("李", "13900000000")])
        await factories.firm(conn, uscc=factories.code(7), contacts=[ContactDetails("金", PHONE)])
    return factories.code(5), factories.code(7)


async def seer(conn):
    return (await factories.person(conn, "officer")).viewer


async def held(conn, uscc):
    """As a list that names the firm holds it."""
    assert (await known_by_code(conn, [uscc], viewer=await seer(conn), lock=True)).firms


async def called(conn, uscc, phone):
    firm = await firm_by_uscc(conn, uscc, viewer=await seer(conn))
    await edit(conn, firm, FirmEntry({}, contacts=[ContactDetails("金", phone)]), version=firm.version, **BY)
    return firm.version + 1


async def erased(conn):
    return sum(one.count for one in await erase(conn, PHONE, reason="x", **BY))


async def corrected(conn):
    return await correct(conn, PHONE, NEW, reason="x", **BY)


@pytest.fixture
def begun(fresh_database):
    async def begin(act):
        async def run():
            async with fresh_database.transaction() as conn:
                return await act(conn)

        task = asyncio.create_task(run())
        await asyncio.sleep(0.4)
        assert not task.done(), "it waits"
        return task

    return begin


async def version_of(database, uscc):
    async with database.reading() as conn:
        return (await conn.execute(select(Firm.version).where(Firm.uscc == uscc))).scalar_one()


@pytest.mark.parametrize("act", [erased, corrected])
async def test_the_firm_that_is_given_the_number_instead_is_the_one_whose_old_form_is_old(
    fresh_database, two_firms, begun, act
):
    lower, higher = two_firms
    async with fresh_database.transaction() as conn:
        before = await called(conn, higher, "13911111111")
        coming = await begun(act)
        async with fresh_database.transaction() as other:
            given = await called(other, lower, PHONE)
    assert await coming == 1
    assert await version_of(fresh_database, lower) == given + 1
    assert await version_of(fresh_database, higher) == before, "nothing was taken from it"


async def test_a_firm_of_a_lower_code_found_late_is_locked_first_all_the_same(fresh_database, two_firms, begun):
    lower, higher = two_firms
    async with fresh_database.transaction() as conn:
        await held(conn, higher)
        coming = await begun(erased)
        async with fresh_database.transaction() as other:
            await called(other, lower, PHONE)
        async with fresh_database.transaction() as roster:
            await held(roster, lower)
            await conn.commit()
            await asyncio.sleep(0.4)
            # Were it held meanwhile by whoever waits for the lower one, this would be a deadlock.
            await held(roster, higher)
    assert await coming == 2


async def test_who_agrees_and_who_erases_at_the_terminal_go_one_after_the_other(fresh_database, two_firms, begun):
    async with fresh_database.transaction() as conn:
        officer, manager = await factories.person(conn, "officer"), await factories.person(conn, "manager")
        await ask_to_erase(conn, PHONE, reason="x", by=officer.actor, at=NOON)
        (asked,) = await waiting_erasures(conn)
    async with fresh_database.transaction() as conn:
        await held(conn, two_firms[1])
        terminal = await begun(erased)
        agreed = await begun(lambda other: agree_to_erase(other, asked.id, by=manager.actor, at=NOON))
    # The contact and the request for it: to the second there is nothing left to do.
    assert (await terminal, await agreed) == (2, 0)


async def test_a_correction_waits_for_the_answer_to_who_asked_that_it_go(fresh_database, two_firms):
    async with fresh_database.transaction() as conn:
        await ask_to_erase(conn, PHONE, reason="x", **BY)
    async with fresh_database.transaction() as conn:
        with pytest.raises(Waiting, match="答复之后再更正"):
            await corrected(conn)
        assert (await conn.execute(text("SELECT state FROM erasure_requests"))).scalar_one() == "waiting"
