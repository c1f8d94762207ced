"""Moves through the service: what they leave behind, what they refuse, and what can never be."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from app.audit.models import AuditEvent
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from app.pipeline.models import Move, MoveRequest, Placement
from app.pipeline.queries import history, pending_moves, placements_of
from app.pipeline.recording import MoveOrder
from app.pipeline.service import approve, move_firm, reject, touch
from app.pipeline.terms import MoveKind
from app.recognitions.models import Certificate
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


class Desk:
    """One officer and a colleague at work on firms of the test."""

    def __init__(self, conn, officer, colleague, ladder, calendar):
        self.conn, self.officer, self.colleague = conn, officer, colleague
        self.house = {"ladder": ladder, "calendar": calendar, "policies": factories.POLICIES}

    async def move(self, uscc, to, *, expected, by=None, on=TODAY, reason="条件具备", at=NOON, **more):
        order = MoveOrder(to=to, effective_on=on, reason=reason, expected=expected, **more)
        by = by or self.officer
        return await move_firm(self.conn, uscc, order, **self.house, by=by.actor, at=at)

    async def approve(self, request_id, *, by=None, at=NOON):
        by = by or self.colleague
        return await approve(self.conn, request_id, **self.house, by=by.actor, at=at)

    async def firm(self, uscc):
        query = select(Firm.id, Firm.tier, Firm.tier_since, Firm.stale_on, Firm.updated_at).where(Firm.uscc == uscc)
        return (await self.conn.execute(query)).one()

    async def placements(self, uscc):
        return await placements_of(self.conn, (await self.firm(uscc)).id)

    async def count(self, table):
        return (await self.conn.execute(select(func.count()).select_from(table))).scalar_one()


@pytest.fixture
async def desk(conn):
    officer, colleague = await factories.person(conn, "officer"), await factories.person(conn, "officer-2")
    return Desk(conn, officer, colleague, *await factories.main_ladder(conn))


async def test_a_move_leaves_its_event_its_interval_its_audit_row_and_its_message(desk, conn):
    uscc = await factories.firm(conn, officer_id=desk.officer.id)
    audits, messages = await desk.count(AuditEvent), await desk.count(OutboxMessage)
    done = await desk.move(uscc, "tech_micro", expected=None)
    firm = await desk.firm(uscc)
    assert (firm.tier, firm.tier_since, firm.updated_at) == ("tech_micro", TODAY, NOON)
    assert await desk.placements(uscc) == [("tech_micro", TODAY, None)]
    (event,) = await history(conn, firm.id)
    assert (event.id, event.kind, event.actor_name) == (done.id, MoveKind.ENTRY, desk.officer.name)
    assert await desk.count(AuditEvent) == audits + 1
    assert await desk.count(OutboxMessage) == messages + 1
    assert (await conn.execute(select(OutboxMessage.user_id))).scalar_one() == desk.officer.id


async def test_the_interval_ends_where_the_next_begins(desk, conn):
    uscc = await factories.firm(conn)
    first, second = TODAY - timedelta(days=300), TODAY - timedelta(days=40)
    await desk.move(uscc, "tech_micro", expected=None, on=first)
    await desk.move(uscc, "eaglet", expected="tech_micro", on=second)
    assert await desk.placements(uscc) == [("tech_micro", first, second), ("eaglet", second, None)]


async def test_two_moves_on_one_day_keep_both_events_and_one_interval(desk, conn):
    uscc = await factories.firm(conn)
    await desk.move(uscc, "tech_micro", expected=None)
    await desk.move(uscc, "eaglet", expected="tech_micro")
    assert await desk.placements(uscc) == [("eaglet", TODAY, None)]
    assert len(await history(conn, (await desk.firm(uscc)).id)) == 2


async def test_a_firm_that_leaves_stands_nowhere_and_may_come_back(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=30))
    await desk.move(uscc, None, expected="tech_micro", on=TODAY - timedelta(days=10))
    firm = await desk.firm(uscc)
    assert (firm.tier, firm.tier_since, firm.stale_on) == (None, None, None)
    await desk.move(uscc, "tech_micro", expected=None)
    spans = [(since, until) for _, since, until in await desk.placements(uscc)]
    assert spans == [(TODAY - timedelta(days=30), TODAY - timedelta(days=10)), (TODAY, None)]


async def test_a_firm_comes_back_no_earlier_than_it_left(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=30))
    left = TODAY - timedelta(days=10)
    await desk.move(uscc, None, expected="tech_micro", on=left)
    for day in (left - timedelta(days=1), TODAY - timedelta(days=40)):
        with pytest.raises(Invalid) as refused:
            await desk.move(uscc, "tech_micro", expected=None, on=day)
        assert refused.value.fields == {"effective_on": f"企业 {left} 才离开上一个梯队，生效日期不能更早。"}
    await desk.move(uscc, "tech_micro", expected=None, on=left)
    assert (await desk.firm(uscc)).tier_since == left


@pytest.mark.parametrize("status", ["deregistered", "moved_out"])
async def test_a_firm_that_is_gone_can_leave_the_ladder_and_nothing_else(desk, conn, status):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=30))
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(status=status))
    with pytest.raises(Refused):
        await desk.move(uscc, "eaglet", expected="tech_micro")
    await desk.move(uscc, None, expected="tech_micro", reason="已注销")
    assert (await desk.firm(uscc)).tier is None


async def test_whoever_saw_another_tier_is_told_who_moved_it_where(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro")
    await desk.move(uscc, "eaglet", expected="tech_micro", by=desk.colleague)
    with pytest.raises(Conflict) as caught:
        await desk.move(uscc, "eaglet", expected="tech_micro")
    assert desk.colleague.name in caught.value.sentence
    assert "雏鹰企业" in caught.value.sentence
    assert "没有执行" in caught.value.sentence


async def test_a_refused_gate_says_which_condition_and_writes_nothing(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro")
    await desk.move(uscc, "eaglet", expected="tech_micro")
    await desk.move(uscc, "gazelle", expected="eaglet")
    before = [await desk.count(t) for t in (Move, MoveRequest, AuditEvent, OutboxMessage)]
    with pytest.raises(Refused) as caught:
        await desk.move(uscc, "hnte", expected="gazelle")
    assert "没有登记过高企证书" in caught.value.reasons[0]
    assert [await desk.count(t) for t in (Move, MoveRequest, AuditEvent, OutboxMessage)] == before


async def on_gazelle(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=90))
    await desk.move(uscc, "eaglet", expected="tech_micro", on=TODAY - timedelta(days=60))
    await desk.move(uscc, "gazelle", expected="eaglet", on=TODAY - timedelta(days=30))
    return uscc


async def test_the_second_person_carries_out_what_the_first_asked_for(desk, conn):
    uscc = await on_gazelle(desk, conn)
    await factories.certificate(conn, uscc)
    asked = await desk.move(uscc, "hnte", expected="gazelle", on=TODAY - timedelta(days=3))
    assert asked.waits
    assert (await desk.firm(uscc)).tier == "gazelle"
    (waiting,) = await pending_moves(conn, viewer=desk.colleague.viewer)
    assert (waiting.id, waiting.requester_name) == (asked.id, desk.officer.name)
    await desk.approve(asked.id)
    firm = await desk.firm(uscc)
    assert (firm.tier, firm.tier_since) == ("hnte", TODAY - timedelta(days=3))
    event = (await history(conn, firm.id))[0]
    assert (event.id, event.actor_name, event.approver_name) == (asked.id, desk.officer.name, desk.colleague.name)
    assert await pending_moves(conn, viewer=desk.colleague.viewer) == []


async def test_nobody_is_their_own_second_person(desk, conn):
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过")
    with pytest.raises(Forbidden):
        await desk.approve(asked.id, by=desk.officer)
    assert (await desk.firm(uscc)).tier == "gazelle"


async def test_while_a_request_waits_nobody_moves_the_firm(desk, conn):
    uscc = await on_gazelle(desk, conn)
    await desk.move(uscc, "hnte", expected="gazelle", override="公示已过")
    for to in ("eaglet", "hnte", None):
        with pytest.raises(Conflict, match=desk.officer.name):
            await desk.move(uscc, to, expected="gazelle", by=desk.colleague, override="再来")


async def test_a_request_is_decided_once(desk, conn):
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过")
    await desk.approve(asked.id)
    with pytest.raises(Conflict, match=desk.colleague.name):
        await desk.approve(asked.id)
    with pytest.raises(Conflict):
        await reject(conn, asked.id, reason="晚了", by=desk.colleague.actor, at=NOON)
    assert len([m for m in await history(conn, (await desk.firm(uscc)).id) if m.to_tier == "hnte"]) == 1


async def test_a_refused_request_frees_the_firm_and_keeps_the_reason(desk, conn):
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过")
    with pytest.raises(Invalid):
        await reject(conn, asked.id, reason="  ", by=desk.colleague.actor, at=NOON)
    await reject(conn, asked.id, reason="材料不全", by=desk.colleague.actor, at=NOON)
    await desk.move(uscc, "eaglet", expected="gazelle")
    row = (await conn.execute(select(MoveRequest.state, MoveRequest.decision_reason))).one()
    assert row == ("rejected", "材料不全")


async def test_a_town_takes_back_its_own_request_and_no_other(desk, conn):
    town, other = await factories.person(conn, "town"), await factories.person(conn, "town-2")
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过", by=town)
    with pytest.raises(Forbidden):
        await reject(conn, asked.id, reason="替他撤", by=other.actor, at=NOON)
    await reject(conn, asked.id, reason="填错了", by=town.actor, at=NOON)


async def test_an_approval_that_comes_too_late_moves_nothing(desk, conn):
    """The firm died meanwhile: what was asked for is no longer possible."""
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过")
    await conn.execute(text("UPDATE firms SET status = 'deregistered' WHERE uscc = :u"), {"u": uscc})
    with pytest.raises((Conflict, Refused)):
        await desk.approve(asked.id)
    assert (await desk.firm(uscc)).tier == "gazelle"


async def test_a_request_whose_gate_has_closed_since_is_not_approved(desk, conn):
    """The certificate was struck between the asking and the yes: the second person reads why, and moves nobody."""
    uscc = await on_gazelle(desk, conn)
    await factories.certificate(conn, uscc)
    asked = await desk.move(uscc, "hnte", expected="gazelle")
    await conn.execute(delete(Certificate))
    with pytest.raises(Refused, match="现在不再符合") as refused:
        await desk.approve(asked.id)
    assert refused.value.reasons
    assert (await desk.firm(uscc)).tier == "gazelle"
    assert len(await pending_moves(conn, viewer=desk.colleague.viewer)) == 1


async def test_the_receipt_keeps_what_the_firm_is_judged_by_when_it_is_approved(desk, conn):
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过，证书在途")
    await factories.certificate(conn, uscc)
    await desk.approve(asked.id)
    kept = select(Move.assessment["outcome"].astext).where(Move.id == asked.id)
    assert (await conn.execute(kept)).scalar_one() == "met"


async def test_an_override_is_kept_with_its_reason(desk, conn):
    uscc = await on_gazelle(desk, conn)
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过，证书在途")
    await desk.approve(asked.id)
    event = (await history(conn, (await desk.firm(uscc)).id))[0]
    assert event.override_reason == "公示已过，证书在途"


async def test_a_correction_moves_the_boundary_and_leaves_no_gap(desk, conn):
    uscc = await factories.firm(conn)
    first, wrong, right = (TODAY - timedelta(days=n) for n in (300, 40, 60))
    await desk.move(uscc, "tech_micro", expected=None, on=first)
    await desk.move(uscc, "eaglet", expected="tech_micro", on=wrong)
    await desk.move(uscc, "eaglet", expected="eaglet", on=right, correction=True, reason="日期录错")
    assert await desk.placements(uscc) == [("tech_micro", first, right), ("eaglet", right, None)]
    assert (await desk.firm(uscc)).tier_since == right
    assert (await history(conn, (await desk.firm(uscc)).id))[0].kind is MoveKind.CORRECTION


async def test_a_correction_may_name_another_tier(desk, conn):
    uscc = await factories.firm(conn)
    await desk.move(uscc, "tech_micro", expected=None, on=TODAY - timedelta(days=300))
    await desk.move(uscc, "eaglet", expected="tech_micro", on=TODAY - timedelta(days=40))
    await desk.move(
        uscc, "tech_micro", expected="eaglet", on=TODAY - timedelta(days=40), correction=True, reason="录错企业"
    )
    assert (await desk.firm(uscc)).tier == "tech_micro"
    assert [p[0] for p in await desk.placements(uscc)] == ["tech_micro", "tech_micro"]


async def test_a_correction_reaches_back_to_the_beginning_of_the_tier_before_and_no_further(desk, conn):
    uscc = await factories.firm(conn)
    first = TODAY - timedelta(days=300)
    await desk.move(uscc, "tech_micro", expected=None, on=first)
    await desk.move(uscc, "eaglet", expected="tech_micro", on=TODAY - timedelta(days=40))
    for day in (first, first - timedelta(days=1)):
        with pytest.raises((Invalid, Conflict, Refused)):
            async with conn.begin_nested():
                await desk.move(uscc, "eaglet", expected="eaglet", on=day, correction=True, reason="更早")
    assert [p[0] for p in await desk.placements(uscc)] == ["tech_micro", "eaglet"]


async def test_a_correction_restores_the_stay_before_as_if_nothing_had_been(desk, conn):
    uscc = await factories.firm(conn)
    first = TODAY - timedelta(days=300)
    await desk.move(uscc, "tech_micro", expected=None, on=first)
    await desk.move(uscc, "eaglet", expected="tech_micro", on=TODAY)
    await desk.move(uscc, "tech_micro", expected="eaglet", on=first, correction=True, reason="移错了")
    firm = await desk.firm(uscc)
    assert await desk.placements(uscc) == [("tech_micro", first, None)]
    assert (firm.tier, firm.tier_since) == ("tech_micro", first)
    assert (await history(conn, firm.id))[0].kind is MoveKind.CORRECTION


async def test_a_correction_of_what_two_agreed_on_waits_for_a_second_person_too(desk, conn):
    uscc = await on_gazelle(desk, conn)
    since = (await desk.firm(uscc)).tier_since
    asked = await desk.move(uscc, "hnte", expected="gazelle", override="公示已过，证书在途")
    await desk.approve(asked.id)
    back = await desk.move(uscc, "gazelle", expected="hnte", on=since, correction=True, reason="移错了")
    assert back.waits
    assert (await desk.firm(uscc)).tier == "hnte"
    await desk.approve(back.id)
    assert (await desk.placements(uscc))[-1] == ("gazelle", since, None)


async def test_a_correction_may_end_a_placement(desk, conn):
    """It never was on the ladder: the correction takes it off, from the day it was put there or a later one."""
    uscc = await factories.firm(conn)
    await desk.move(uscc, "tech_micro", expected=None, on=TODAY - timedelta(days=300))
    await desk.move(uscc, None, expected="tech_micro", on=TODAY - timedelta(days=300), correction=True, reason="误入库")
    assert (await desk.firm(uscc)).tier is None
    assert await desk.placements(uscc) == []


async def test_the_database_itself_refuses_two_tiers_at_once(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro", on=date(2026, 1, 1))
    firm = await desk.firm(uscc)
    overlapping = text(
        "INSERT INTO placements (id, firm_id, ladder, tier, period) "
        "VALUES (gen_random_uuid(), :f, 'main', 'eaglet', daterange('2026-06-01', '2026-07-01'))"
    )
    with pytest.raises(DBAPIError, match="ex_placements_overlap"):
        await conn.execute(overlapping, {"f": firm.id})


async def test_a_firm_out_of_sight_is_not_found(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro", region=factories.OTHER_TOWN)
    with pytest.raises(NotFound):
        await desk.move(uscc, "eaglet", expected="tech_micro", by=await factories.person(conn, "town"))


@pytest.mark.db_commit
@pytest.mark.parametrize("to", [None, "eaglet"])
async def test_a_contact_that_races_a_move_leaves_the_moves_count(fresh_database, to):
    """The contact has read the old tier and waits for the row; the move ends meanwhile."""
    async with fresh_database.transaction() as conn:
        uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=90))
        firm_id = await factories.id_of(conn, uscc)
        ladder, calendar = await factories.main_ladder(conn)

    async def contact():
        async with fresh_database.transaction() as conn:
            await touch(conn, firm_id, ladder=ladder, calendar=calendar, at=NOON)

    async with fresh_database.transaction() as conn:
        await factories.move(conn, uscc, to, expected="tech_micro", on=TODAY - timedelta(days=3))
        stale = (await conn.execute(select(Firm.stale_on).where(Firm.id == firm_id))).scalar_one()
        waiting = asyncio.create_task(contact())
        await _until_somebody_waits(fresh_database)
    await waiting
    async with fresh_database.reading() as conn:
        assert (await conn.execute(select(Firm.tier, Firm.stale_on).where(Firm.id == firm_id))).one() == (to, stale)


async def _until_somebody_waits(database):
    blocked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with database.reading() as conn:
        for _ in range(500):
            if (await conn.execute(blocked)).scalar_one():
                return
            await asyncio.sleep(0.01)
    raise AssertionError("nobody waited for the row")


async def test_a_move_whose_audit_row_cannot_be_written_does_not_happen(desk, conn):
    uscc = await factories.firm_on(conn, "tech_micro")
    await conn.execute(text("ALTER TABLE audit_events ADD CONSTRAINT closed CHECK (false) NOT VALID"))
    with pytest.raises(DBAPIError):
        async with conn.begin_nested():
            await desk.move(uscc, "eaglet", expected="tech_micro")
    assert (await desk.firm(uscc)).tier == "tech_micro"
    assert len(await desk.placements(uscc)) == 1


async def test_a_placement_may_not_be_empty_or_without_beginning(desk, conn):
    firm = await desk.firm(await factories.firm(conn))
    for period in ("empty", "(,2026-01-01)"):
        with pytest.raises(DBAPIError, match="period"):
            async with conn.begin_nested():
                await conn.execute(
                    text(
                        "INSERT INTO placements (id, firm_id, ladder, tier, period) "
                        f"VALUES (gen_random_uuid(), :f, 'main', 'eaglet', '{period}'::daterange)"
                    ),
                    {"f": firm.id},
                )
    assert await desk.count(Placement) == 0
