"""Another person publishes, not only another account; and on a count that is of these days."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from app.access.second_person import IN_HAND
from app.access.service import Account, add_user, reset_password
from app.access.terms import Actor, Role
from app.assessments import drafting, publishing, retiring
from app.assessments.impacts import answers_of, ask_impact, impact_of
from app.assessments.jobs import count_impacts
from app.assessments.models import FirmAssessment, PolicyImpact
from app.assessments.terms import VersionState
from app.assessments.versions import list_versions, version_by_id
from app.errors import Conflict, Forbidden, Invalid, Refused
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from tests import factories
from tests.domains.test_policy_versions import edition, publish, submitted
from tests.harness import NOON

TODAY = NOON.date()
PASSWORD = "correct-horse-battery-9"


@pytest.fixture
async def admin(conn: Any) -> Actor:
    return (await factories.person(conn, "admin")).actor


@pytest.fixture
async def manager(conn: Any) -> Actor:
    return (await factories.person(conn, "manager")).actor


async def opened(conn: Any, by: Actor, *, at: Any) -> Actor:
    """A head's account that `by` opens, and whose one-time password only `by` has seen."""
    account = Account("wang.ju", "王局", Role.MANAGER, factories.COUNTY)
    user_id = await add_user(conn, account, password=PASSWORD, by=by, at=at, cheap=True)
    viewer = replace(by.viewer, id=user_id, login=account.login, name=account.name, role=Role.MANAGER)
    return replace(by, viewer=replace(viewer, scope=factories.COUNTY))


async def test_nobody_publishes_through_an_account_they_have_just_opened(conn, admin):
    head = await opened(conn, admin, at=NOON)
    draft = await submitted(conn, admin)
    with pytest.raises(Forbidden, match=admin.viewer.name):
        await publish(conn, draft.id, head)
    assert (await version_by_id(conn, draft.id)).state is VersionState.SUBMITTED


async def test_an_account_is_its_owners_again_after_thirty_days(conn, admin):
    head = await opened(conn, admin, at=NOON - IN_HAND - timedelta(seconds=1))
    draft = await submitted(conn, admin)
    await publish(conn, draft.id, head)
    assert (await version_by_id(conn, draft.id)).state is VersionState.PUBLISHED


async def test_resetting_a_heads_password_takes_the_account_in_hand_again(conn, admin, manager):
    await reset_password(conn, manager.viewer.id, PASSWORD, by=admin, at=NOON, cheap=True)
    draft = await submitted(conn, admin)
    with pytest.raises(Forbidden):
        await publish(conn, draft.id, manager)


async def test_another_administrators_hand_does_not_matter(conn, admin, manager):
    other = (await factories.person(conn, "admin-2")).actor
    await reset_password(conn, manager.viewer.id, PASSWORD, by=other, at=NOON, cheap=True)
    draft = await submitted(conn, admin)
    await publish(conn, draft.id, manager)


@pytest.mark.parametrize("drafts_as", ["themselves", "the account they opened"])
async def test_a_chain_of_accounts_that_each_opened_the_next_is_one_hand(conn, admin, drafts_as):
    """The administrator opens a second administrator's account, and one of the two opens a head's."""
    account = Account("guan.li", "管理二", Role.ADMIN, factories.COUNTY)
    second = await add_user(conn, account, password=PASSWORD, by=admin, at=NOON, cheap=True)
    other = replace(admin, viewer=replace(admin.viewer, id=second, login=account.login, name=account.name))
    mine = drafts_as == "themselves"
    head = await opened(conn, other if mine else admin, at=NOON)
    draft = await submitted(conn, admin if mine else other)
    with pytest.raises(Forbidden, match="都经过"):
        await publish(conn, draft.id, head)


async def test_the_other_heads_and_the_auditor_hear_of_a_hand_on_a_heads_account(conn, admin, manager):
    auditor = (await factories.person(conn, "auditor")).actor
    await opened(conn, admin, at=NOON)
    told = select(OutboxMessage.user_id).where(OutboxMessage.kind == "account_handled")
    assert {manager.viewer.id, auditor.viewer.id} <= set((await conn.execute(told)).scalars())


async def test_a_count_is_good_for_a_week(conn, admin, manager):
    draft = await submitted(conn, admin)
    for late, stands in ((publishing.COUNT_KEEPS + timedelta(seconds=1), True), (publishing.COUNT_KEEPS, False)):
        await conn.execute(update(PolicyImpact).values(finished_at=NOON - late))
        if stands:
            with pytest.raises(Refused) as refused:
                await publish(conn, draft.id, manager)
            assert "7 天前算的" in refused.value.reasons[0]
        else:
            await publish(conn, draft.id, manager)


async def test_a_count_leaves_out_firms_that_are_gone(conn, admin):
    draft = await submitted(conn, admin)
    here, gone = [await factories.firm(conn) for _ in range(2)]
    before = (await impact_of(conn, draft.id)).total
    await conn.execute(update(Firm).where(Firm.uscc == gone).values(status="moved_out"))
    await ask_impact(conn, draft, at=NOON, today=TODAY)
    assert (await impact_of(conn, draft.id)).total == before + 1, here


async def test_a_retirement_is_never_for_a_day_that_is_past(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    asked = {"reason": "文件废止", "by": admin, "at": NOON, "today": TODAY}
    with pytest.raises(Invalid) as refused:
        await retiring.ask_retirement(conn, old.id, on=TODAY - timedelta(days=1), **asked)
    assert "不能追溯" in refused.value.fields["on"]
    await retiring.ask_retirement(conn, old.id, on=TODAY, **asked)
    with pytest.raises(Conflict, match="已经过去"):
        await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY + timedelta(days=1))
    await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)


async def test_who_retires_a_version_sees_how_many_firms_it_leaves_without_an_answer(conn, manager):
    uscc = await factories.firm(conn)
    old = await edition(conn, "hnte", "2016")
    before = await answers_of(conn, old, viewer=manager.viewer)
    row = {"policy": "hnte", "version": "2016", "outcome": "not_met", "missed": 1, "lacking": 0, "open_codes": []}
    firm_id = await factories.id_of(conn, uscc)
    await conn.execute(insert(FirmAssessment).values(firm_id=firm_id, as_of=TODAY, assessed_at=NOON, **row))
    after = await answers_of(conn, old, viewer=manager.viewer)
    assert sum(after.values()) == sum(before.values()) + 1


@pytest.mark.db_commit
async def test_a_count_that_fails_holds_up_no_other(fresh_database):
    database = fresh_database
    async with database.transaction() as conn:
        admin = (await factories.person(conn, "admin")).actor
        await factories.firm(conn)
        bad = await submitted(conn, admin)
        other = (await list_versions(conn, policy="srdi"))[0]
        good = await version_by_id(conn, await drafting.copy(conn, other.id, by=admin, at=NOON))
        await ask_impact(conn, good, at=NOON, today=TODAY)
        for version, at in ((bad, NOON), (good, NOON + timedelta(minutes=1))):
            change = update(PolicyImpact).where(PolicyImpact.version_id == version.id)
            await conn.execute(change.values(finished_at=None, done=0, last_firm=None, total=1, asked_at=at))
        # A text that no longer reads, as after a release that has dropped a kind of condition.
        await conn.execute(
            text('UPDATE policy_versions SET body = body || \'{"criteria": [{"kind": "gone"}]}\' WHERE id = :id'),
            {"id": bad.id},
        )
    done = await count_impacts(database, at=NOON + timedelta(minutes=5))
    assert done["failed"] == 1
    async with database.reading() as conn:
        finished = select(PolicyImpact.version_id).where(PolicyImpact.finished_at.is_not(None))
        assert list((await conn.execute(finished)).scalars()) == [good.id]
