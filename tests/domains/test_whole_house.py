"""What concerns the whole house does so whoever does it: the site's role without a division misses no firm."""

import uuid
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.access.sight import look_for
from app.access.terms import SYSTEM, Role, Viewer
from app.assessments.publishing import judge_everybody
from app.firms.erasing import erase
from app.firms.holding import holdings
from app.firms.queries import firm_id_by_uscc
from app.firms.terms import ContactDetails
from app.pipeline.calendars import recount
from tests import factories
from tests.harness import NOON

PHONE = "13900001234"


@pytest.fixture
async def placeless(conn, cluster):
    """The site's role, looking for an administrator who has no division."""

    async def become() -> None:
        await conn.execute(text(f"SET LOCAL ROLE {cluster.name('web')}"))
        await look_for(conn, Viewer(uuid.uuid4(), "admin", "admin", Role.ADMIN))
        assert (await conn.execute(text("SELECT count(*) FROM firms"))).scalar_one() == 0

    yield become
    await conn.execute(text("SET LOCAL ROLE NONE"))


async def _asked(conn, query):
    await conn.execute(text("SET LOCAL ROLE NONE"))
    return (await conn.execute(text(query))).scalar_one()


async def test_a_policy_that_counts_is_judged_of_every_firm(conn, placeless):
    await factories.firm(conn)
    await conn.execute(text("DELETE FROM changed_firms"))
    await placeless()
    await judge_everybody(conn)
    missed = "SELECT count(*) FROM firms WHERE id NOT IN (SELECT firm_id FROM changed_firms)"
    assert await _asked(conn, missed) == 0


async def test_an_account_is_bound_to_a_firm_by_its_code(conn, placeless):
    uscc = await factories.firm_on(conn, "eaglet")
    await placeless()
    assert await firm_id_by_uscc(conn, uscc)


async def test_a_tiers_new_limit_moves_the_day_of_every_firm_on_it(conn, placeless):
    ladder, calendar = await factories.main_ladder(conn)
    uscc = await factories.firm_on(conn, "eaglet", on=NOON.date())
    due = f"SELECT stale_on FROM firms WHERE uscc = '{uscc}'"
    before = await _asked(conn, due)
    tiers = tuple(replace(t, stale_working_days=5) if t.code == "eaglet" else t for t in ladder.tiers)
    now = replace(ladder, tiers=tiers)
    await placeless()
    assert await recount(conn, was=ladder, now=now, before=calendar, after=calendar) == 1
    assert await _asked(conn, due) == calendar.add_working_days(NOON.date(), 5) < before


async def test_a_person_who_asks_is_forgotten_in_every_division(conn, placeless):
    await factories.firm(conn, contacts=[ContactDetails("李", PHONE)])
    await placeless()
    assert await holdings(conn, PHONE, by=SYSTEM, at=NOON)
    assert await erase(conn, PHONE, reason="本人要求", by=SYSTEM, at=NOON)
    assert await _asked(conn, f"SELECT count(*) FROM contacts WHERE phone = '{PHONE}'") == 0
