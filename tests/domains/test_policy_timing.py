"""What is published or ended while something else is under way: nobody is judged by what no longer counts."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.assessments import jobs, retiring
from app.assessments.impacts import impact_of
from app.assessments.models import ChangedFirm, FirmAssessment
from app.assessments.policies import load_policies
from app.assessments.refreshing import refresh_changed
from app.assessments.versions import version_by_id
from app.errors import Conflict
from app.outbox.models import OutboxMessage
from tests import factories
from tests.domains.test_policy_versions import NEXT_YEAR, TODAY, edition, publish, submitted
from tests.harness import NOON

SINCE = date(2026, 11, 1)


@pytest.fixture
async def admin(conn):
    return (await factories.person(conn, "admin")).actor


@pytest.fixture
async def manager(conn):
    return (await factories.person(conn, "manager")).actor


async def judged_by(conn: Any) -> list[str]:
    query = select(FirmAssessment.version).where(FirmAssessment.policy == "hnte").order_by(FirmAssessment.version)
    return list((await conn.execute(query)).scalars())


async def two_people(database: Any) -> tuple[Any, Any]:
    async with database.transaction() as conn:
        return (await factories.person(conn, "admin")).actor, (await factories.person(conn, "manager")).actor


async def test_a_retirement_that_a_new_version_has_overtaken_is_asked_for_no_more(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    await retiring.ask_retirement(conn, old.id, on=date(2027, 6, 1), reason="文件废止", by=admin, at=NOON, today=TODAY)
    await publish(conn, (await submitted(conn, admin)).id, manager)
    assert (await version_by_id(conn, old.id)).retirement is None
    with pytest.raises(Conflict):
        await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)
    assert (await load_policies(conn)).packs["hnte"].version_on(NEXT_YEAR, "new").version == "2027"


async def test_a_retirement_before_the_new_version_begins_is_still_to_be_decided(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    await retiring.ask_retirement(conn, old.id, on=date(2026, 12, 1), reason="文件废止", by=admin, at=NOON, today=TODAY)
    await publish(conn, (await submitted(conn, admin)).id, manager)
    await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)
    pack = (await load_policies(conn)).packs["hnte"]
    assert pack.version_on(date(2026, 11, 30), "new").version == "2016"
    assert pack.version_on(date(2026, 12, 1), "new") is None
    assert pack.version_on(NEXT_YEAR, "new").version == "2027"


async def test_retiring_a_version_makes_the_counts_of_the_others_stale(conn, admin, manager):
    old, waiting = await edition(conn, "hnte", "2016"), await submitted(conn, admin)
    assert await impact_of(conn, waiting.id) is not None
    await retiring.ask_retirement(conn, old.id, on=date(2026, 12, 1), reason="文件废止", by=admin, at=NOON, today=TODAY)
    await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)
    assert await impact_of(conn, waiting.id) is None


async def test_a_version_that_will_be_retired_is_in_force_until_then(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    await retiring.ask_retirement(conn, old.id, on=date(2026, 12, 1), reason="文件废止", by=admin, at=NOON, today=TODAY)
    await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)
    now = await version_by_id(conn, old.id)
    assert [now.status(day) for day in (TODAY, date(2026, 11, 30), date(2026, 12, 1))] == ["现行有效"] * 2 + ["已停用"]


@pytest.mark.parametrize(("agreed", "said"), [(True, "同意自 2026-12-01 起停用"), (False, "不同意停用")])
async def test_whoever_asked_for_a_retirement_is_told_of_the_answer(conn, admin, manager, agreed, said):
    old = await edition(conn, "hnte", "2016")
    await retiring.ask_retirement(conn, old.id, on=date(2026, 12, 1), reason="文件废止", by=admin, at=NOON, today=TODAY)
    await retiring.retire(conn, old.id, agreed=agreed, by=manager, at=NOON, today=TODAY)
    told = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.user_id == admin.viewer.id)
    assert said in (await conn.execute(told)).scalar_one()


async def test_firms_that_wait_are_judged_by_what_counts_when_they_are_taken(conn, admin, manager):
    known = await load_policies(conn)
    await factories.firm(conn)
    await publish(conn, (await submitted(conn, admin, begins=SINCE)).id, manager)
    assert await refresh_changed(conn, policies=known, as_of=TODAY, at=NOON) == 1
    assert await judged_by(conn) == ["2027"]


@pytest.mark.db_commit
async def test_a_firm_that_waits_already_is_not_taken_while_a_version_is_being_published(fresh_database):
    admin, manager = await two_people(fresh_database)
    async with fresh_database.transaction() as conn:
        await factories.firm(conn)
        waiting = await submitted(conn, admin, begins=SINCE)
        known = await load_policies(conn)
    async with fresh_database.transaction() as conn:
        await publish(conn, waiting.id, manager)
        async with fresh_database.transaction() as worker:
            assert await refresh_changed(worker, policies=known, as_of=TODAY, at=NOON) == 0
    async with fresh_database.transaction() as worker:
        assert await refresh_changed(worker, policies=known, as_of=TODAY, at=NOON) == 1
        assert await judged_by(worker) == ["2027"]


@pytest.mark.db_commit
async def test_what_is_published_in_the_middle_of_the_night_counts_from_the_next_batch_on(fresh_database, monkeypatch):
    admin, manager = await two_people(fresh_database)
    async with fresh_database.transaction() as conn:
        for _ in range(2):
            await factories.firm(conn)
        waiting = await submitted(conn, admin, begins=SINCE)
    judge, left = jobs.refresh, [waiting.id]

    async def then_publish(conn: Any, *batch: Any, **more: Any) -> int:
        changed = await judge(conn, *batch, **more)
        while left:
            async with fresh_database.transaction() as other:
                await publish(other, left.pop(), manager)
        return changed

    monkeypatch.setattr(jobs, "BATCH", 1)
    monkeypatch.setattr(jobs, "refresh", then_publish)
    assert (await jobs.reassess(fresh_database, at=NOON))["planned"] == 2
    async with fresh_database.reading() as conn:
        assert await judged_by(conn) == ["2016", "2027"]
        assert len((await conn.execute(select(ChangedFirm.firm_id))).all()) == 2
