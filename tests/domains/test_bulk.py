"""Bulk acts: what a preview holds on to, what is done to thousands at once, and what is taken back."""

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.access.models import User
from app.audit.models import AuditEvent
from app.bulk import doing, jobs, service
from app.bulk.doing import Kit
from app.bulk.models import BulkAct, BulkLine
from app.bulk.queries import act_by_id, counts_of
from app.bulk.service import Choice
from app.bulk.terms import ActState, BulkKind, Change, LineOutcome, Person
from app.db import new_id
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.firms.models import Firm, FirmTag
from app.firms.queries import firm_by_uscc
from app.firms.service import FirmEntry, edit
from app.firms.terms import FirmFilter
from app.outbox.models import OutboxMessage
from app.pipeline.models import Move, MoveRequest, Placement
from app.pipeline.recording import stale_on
from app.work.models import FirmTask
from tests import factories
from tests.factories import COUNTY, OTHER_TOWN, POLICIES, TOWN
from tests.harness import NOON

TODAY = date(2026, 11, 23)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
async def kit(conn):
    ladder, calendar = await factories.main_ladder(conn)
    return Kit(ladder, POLICIES, calendar)


@pytest.fixture
async def me(conn):
    return await factories.person(conn, "officer")


@pytest.fixture
async def other(conn):
    return await factories.person(conn, "officer-2", name="李专员")


def to(person) -> Person:
    return Person(person.id, person.name, person.viewer.scope)


async def prepared(conn, change, kit, who, *, codes=(), at=NOON, **filters):
    choice = Choice(codes=codes) if codes else Choice(FirmFilter(**filters), "status=active")
    return await service.prepare(conn, choice, change, kit=kit, by=who.actor, today=TODAY, at=at)


async def done(conn, change, kit, who, *, at=NOON, **choice):
    act_id = await prepared(conn, change, kit, who, at=at, **choice)
    act = await service.confirm(conn, act_id, kit=kit, by=who.actor, at=at)
    assert act.state is ActState.DONE
    return act_id


async def counts(conn, act_id):
    return {outcome.value: n for outcome, n in (await counts_of(conn, act_id)).items()}


async def reasons(conn, act_id, outcome):
    query = select(BulkLine.reason).where(BulkLine.act_id == act_id, BulkLine.outcome == outcome)
    return list((await conn.execute(query)).scalars())


THOUSANDS = """
INSERT INTO firms (id, uscc, name, name_key, name_pinyin, name_initials, region_code, park, search_text, search_grams,
                   created_at, updated_at)
SELECT gen_random_uuid(), 'B' || lpad(n::text, 17, '0'), '企业' || n, n, n, n, '440783117', '批量园', '', '{}',
       :at, :at FROM generate_series(1, 10000) n
"""


async def test_ten_thousand_are_done_while_another_edits_one_which_is_named_and_not_overwritten(
    conn, database, kit, me, other
):
    await conn.execute(text(THOUSANDS), {"at": NOON})
    act_id = await prepared(conn, Change(BulkKind.OFFICER, to(other)), kit, me, park="批量园")
    assert (await act_by_id(conn, act_id, viewer=me.viewer)).state is ActState.CHECKING  # the worker's
    assert await jobs.run_waiting_acts(database, at=NOON) == 1
    assert await counts(conn, act_id) == {"changes": 10_000}
    act = await service.confirm(conn, act_id, kit=kit, by=me.actor, at=NOON)
    assert act.state is ActState.APPLYING
    touched = await firm_by_uscc(conn, "B" + "5000".rjust(17, "0"), viewer=other.viewer)
    await edit(conn, touched, FirmEntry({"officer_id": me.id}), version=touched.version, by=other.actor, at=NOON)
    assert await jobs.run_waiting_acts(database, at=NOON) == 1
    assert await counts(conn, act_id) == {"done": 9_999, "left": 1}
    assert await reasons(conn, act_id, "left") == ["预览之后有人改过这家企业的资料。"]
    owners = dict((await conn.execute(select(Firm.officer_id, func.count()).group_by(Firm.officer_id))).all())
    assert (owners[other.id], owners[me.id]) == (9_999, 1)
    events = select(AuditEvent.action, func.count()).where(AuditEvent.actor_id == me.id).group_by(AuditEvent.action)
    trail = dict((await conn.execute(events)).all())
    assert trail["firm:record:edited"] == 9_999
    assert trail["bulk:act:done"] == 1
    told = select(OutboxMessage.payload).where(OutboxMessage.user_id == other.id)
    assert [p["subject"].split(" 把 ")[1] for p in (await conn.execute(told)).scalars()] == ["9999 家企业交给您负责"]


@pytest.fixture
async def firms(conn, other):
    """Four of a town; the second is another's, the third bears a tag."""
    codes = [await factories.firm(conn, f"开平市批量{n}号有限公司") for n in range(4)]
    await conn.execute(update(Firm).where(Firm.uscc == codes[1]).values(officer_id=other.id))
    await conn.execute(text("INSERT INTO firm_tags SELECT id, '重点' FROM firms WHERE uscc = :u"), {"u": codes[2]})
    return codes


async def column(conn, name, codes):
    found = {uscc: value for uscc, value in await conn.execute(select(Firm.uscc, getattr(Firm, name)))}
    return [found[uscc] for uscc in codes]


async def tagged(conn):
    return (await conn.execute(select(func.count()).select_from(FirmTag))).scalar_one()


async def test_an_officer_is_put_and_taken_back_where_nobody_has_put_another_since(conn, kit, me, other, firms):
    act_id = await done(conn, Change(BulkKind.OFFICER, to(me)), kit, me, codes=firms)
    assert await counts(conn, act_id) == {"done": 4}
    third = await firm_by_uscc(conn, firms[3], viewer=me.viewer)
    await edit(conn, third, FirmEntry({"officer_id": other.id}), version=third.version, by=other.actor, at=NOON)
    second = await firm_by_uscc(conn, firms[2], viewer=me.viewer)
    await edit(conn, second, FirmEntry({"park": "翠山湖"}), version=second.version, by=other.actor, at=NOON)
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await counts(conn, act_id) == {"undone": 3, "kept": 1}
    assert await reasons(conn, act_id, "kept") == ["办理之后又有变动。"]
    assert await column(conn, "officer_id", firms) == [None, other.id, None, other.id]
    assert (await column(conn, "park", firms))[2] == "翠山湖"
    with pytest.raises(Conflict):
        await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)


async def test_nothing_goes_to_somebody_whose_account_was_closed_meanwhile(conn, kit, me, other, firms):
    away = update(User).where(User.id == other.id)
    put = await done(conn, Change(BulkKind.OFFICER, to(me)), kit, me, codes=firms[1:2])  # which was the other's
    change = Change(BulkKind.TASK, to(other), title="核对年报", on=date(2026, 12, 1))
    act_id = await prepared(conn, change, kit, me, codes=firms)
    assert await counts(conn, act_id) == {"changes": 4}
    await conn.execute(away.values(active=False))
    await service.confirm(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await counts(conn, act_id) == {"left": 4}
    await service.ask_undo(conn, put, kit=kit, by=me.actor, at=LATER)
    assert await reasons(conn, put, "kept") == ["原来的责任专员账号已停用，或已管不到这家企业。"]
    assert await column(conn, "officer_id", firms[1:2]) == [me.id]


async def test_a_tag_is_added_where_it_lacks_and_taken_off_again_only_there(conn, kit, me, firms):
    act_id = await done(conn, Change(BulkKind.TAG_ADD, tag="重点"), kit, me, codes=firms)
    assert await counts(conn, act_id) == {"same": 1, "done": 3}
    assert await tagged(conn) == 4
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await tagged(conn) == 1
    gone = await done(conn, Change(BulkKind.TAG_REMOVE, tag="重点"), kit, me, codes=firms)
    assert (await counts(conn, gone), await tagged(conn)) == ({"same": 3, "done": 1}, 0)
    await service.ask_undo(conn, gone, kit=kit, by=me.actor, at=LATER)
    assert await tagged(conn) == 1


async def test_the_next_touch_is_set_and_comes_back_as_it_was(conn, kit, me, firms):
    await conn.execute(update(Firm).where(Firm.uscc == firms[0]).values(next_touch_on=TODAY))
    act_id = await done(conn, Change(BulkKind.NEXT_TOUCH, on=date(2026, 12, 1)), kit, me, codes=firms)
    assert await column(conn, "next_touch_on", firms) == [date(2026, 12, 1)] * 4
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await column(conn, "next_touch_on", firms) == [TODAY, None, None, None]


async def test_a_task_goes_to_whoever_looks_after_the_firm_and_is_called_off_unless_somebody_took_it_up(
    conn, kit, me, other, firms
):
    change = Change(BulkKind.TASK, title="核对年报", on=date(2026, 12, 1))
    mine = await done(conn, change, kit, me, codes=firms)
    assert await counts(conn, mine) == {"refused": 3, "done": 1}  # three have nobody
    named = Change(BulkKind.TASK, to(other), title="核对年报", on=date(2026, 12, 1))
    act_id = await done(conn, named, kit, me, codes=firms)
    whose = select(FirmTask.officer_id).distinct()
    assert list((await conn.execute(whose)).scalars()) == [other.id]
    told = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.user_id == other.id)
    assert sorted(s.split("交给您 ")[1][0] for s in (await conn.execute(told)).scalars()) == ["1", "4"]
    taken_up = (await conn.execute(select(BulkLine.undo).where(BulkLine.act_id == act_id).limit(1))).scalar_one()
    await conn.execute(update(FirmTask).where(FirmTask.id == uuid.UUID(taken_up["task"])).values(row_version=2))
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await counts(conn, act_id) == {"undone": 3, "kept": 1}


async def everything_of_the_ladder(conn):
    places = select(Placement.firm_id, Placement.tier, Placement.period).order_by(Placement.firm_id, Placement.period)
    firms = select(Firm.id, Firm.tier, Firm.tier_since, Firm.stale_on).order_by(Firm.id)
    return [list((await conn.execute(q)).all()) for q in (places, firms)]


async def test_each_firm_meets_the_gate_by_itself_and_stands_again_where_it_stood(conn, kit, me):
    new = await factories.firm(conn, registered_on=date(2015, 3, 1))
    micro = await factories.firm_on(conn, "tech_micro", on=date(2026, 1, 5))
    here = await factories.firm_on(conn, "eaglet", on=date(2026, 1, 5))
    gazelle = await factories.firm_on(conn, "gazelle", on=TODAY)
    left = await factories.firm(conn, status="deregistered")
    before = await everything_of_the_ladder(conn)
    down = Change(BulkKind.TIER, tier="tech_micro", on=TODAY, reason="年度核对")
    act_id = await done(conn, down, kit, me, codes=[new, micro, here, gazelle, left])
    assert await counts(conn, act_id) == {"same": 1, "refused": 1, "done": 2, "asked": 1}
    assert await reasons(conn, act_id, "refused") == ["企业已不在存续状态，不能在梯队上移动。"]
    assert any("缺" in reason for reason in await reasons(conn, act_id, "done"))  # let in on a rule of our own
    assert await reasons(conn, act_id, "asked") == ["越级移动须第二人复核。"]
    assert (await column(conn, "tier", [here]))[0] == "tech_micro"
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await everything_of_the_ladder(conn) == before
    states = select(MoveRequest.state).where(MoveRequest.reason == "年度核对")
    assert list((await conn.execute(states)).scalars()) == ["rejected"]
    refused = select(AuditEvent.object_id, AuditEvent.after).where(AuditEvent.action == "firm:tier:refused")
    said = {"to": "tech_micro", "reason": "撤销批量办理"}
    assert [(o, a) for o, a in await conn.execute(refused)] == [(str(await factories.id_of(conn, gazelle)), said)]
    last = select(Move.from_tier, Move.to_tier, Move.kind).where(
        Move.reason == "撤销批量办理", Move.to_tier.is_not(None)
    )
    assert (await conn.execute(last)).all() == [("tech_micro", "eaglet", "correction")]


async def test_a_stay_of_the_same_day_comes_back_and_a_firm_moved_on_since_is_left(conn, kit, me):
    today = await factories.firm_on(conn, "eaglet", on=TODAY)
    moved = await factories.firm_on(conn, "eaglet", on=date(2026, 1, 5))
    before = await everything_of_the_ladder(conn)
    change = Change(BulkKind.TIER, tier=None, on=TODAY, reason="核对后退出")
    act_id = await done(conn, change, kit, me, codes=[today, moved])
    assert await column(conn, "tier", [today, moved]) == [None, None]
    firm = await factories.id_of(conn, moved)
    await conn.execute(
        text(
            "INSERT INTO moves (id, firm_id, ladder, to_tier, kind, effective_on, recorded_at, actor_name, reason, "
            "assessment) VALUES (:i, :f, 'main', 'eaglet', 'entry', :d, :at, 'x', 'x', '{}')"
        ),
        {"i": new_id(), "f": firm, "d": TODAY, "at": LATER},
    )
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER + timedelta(hours=1))
    assert await counts(conn, act_id) == {"undone": 1, "kept": 1}
    after = await everything_of_the_ladder(conn)
    id_ = await factories.id_of(conn, today)
    assert [row for row in after[0] if row[0] == id_] == [row for row in before[0] if row[0] == id_]
    assert (await column(conn, "tier", [today, moved])) == ["eaglet", None]


async def test_a_firm_that_was_spoken_with_since_does_not_stand_still_again_when_the_move_is_taken_back(conn, kit, me):
    spoken, silent = [await factories.firm_on(conn, "eaglet", on=date(2026, 1, 5)) for _ in range(2)]
    before = await column(conn, "stale_on", [silent])
    down = Change(BulkKind.TIER, tier="tech_micro", on=TODAY, reason="年度核对")
    act_id = await done(conn, down, kit, me, codes=[spoken, silent])
    visited = NOON + timedelta(days=5)
    await factories.visit(conn, spoken, at=visited)
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=NOON + timedelta(days=10))
    assert await counts(conn, act_id) == {"undone": 2}
    anew = stale_on(kit.ladder.tier("eaglet"), visited.date(), kit.calendar)
    assert await column(conn, "stale_on", [spoken]) == [anew]
    assert await column(conn, "stale_on", [silent]) == before


async def test_a_firm_that_is_gone_since_does_not_come_back_on_its_tier(conn, kit, me):
    gone, here = [await factories.firm_on(conn, "eaglet", on=date(2026, 1, 5)) for _ in range(2)]
    new = await factories.firm(conn, registered_on=date(2015, 3, 1))
    change = Change(BulkKind.TIER, tier=None, on=TODAY, reason="核对后退出")
    out = await done(conn, change, kit, me, codes=[gone, here])
    into = await done(conn, Change(BulkKind.TIER, tier="tech_micro", on=TODAY, reason="入库"), kit, me, codes=[new])
    await conn.execute(update(Firm).where(Firm.uscc.in_([gone, new])).values(status="deregistered"))
    for act_id in (out, into):
        await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    assert await column(conn, "tier", [gone, here, new]) == [None, "eaglet", None], "off the ladder it may go"
    assert await reasons(conn, out, "kept") == ["已不在存续状态，不能再回到梯队上。"]


@pytest.mark.parametrize("over", [{"active": False}, {"valid_until": NOON}])
async def test_whose_account_is_closed_halfway_has_nothing_more_done_in_their_name(
    conn, database, kit, me, other, firms, monkeypatch, over
):
    monkeypatch.setattr(service, "INLINE", 1)
    act_id = await prepared(conn, Change(BulkKind.OFFICER, to(other)), kit, me, codes=firms)
    await jobs.run_waiting_acts(database, at=NOON)
    await service.confirm(conn, act_id, kit=kit, by=me.actor, at=NOON)
    await conn.execute(update(User).where(User.id == me.id).values(over))
    await jobs.run_waiting_acts(database, at=NOON)
    act = await act_by_id(conn, act_id, viewer=None)
    assert (act.state, act.sentence) == (ActState.DONE, "办理人的账号已停用，其余的没有办。")
    assert await counts(conn, act_id) == {"same": 1, "left": 3}


async def test_a_worker_that_dies_leaves_the_rest_to_the_next_and_nothing_is_done_twice(
    conn, database, kit, me, firms, monkeypatch
):
    monkeypatch.setattr(service, "INLINE", 1)
    monkeypatch.setattr(doing, "_CHUNK", 3)
    act_id = await prepared(conn, Change(BulkKind.TASK, to(me), title="核对", on=TODAY), kit, me, codes=firms)
    await jobs.run_waiting_acts(database, at=NOON)
    await service.confirm(conn, act_id, kit=kit, by=me.actor, at=NOON)
    whole = jobs.step

    async def dies(*args, **more):
        monkeypatch.setattr(jobs, "step", fails)
        return await whole(*args, **more)

    async def fails(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(jobs, "step", dies)
    with pytest.raises(ConnectionError):
        await jobs.run_waiting_acts(database, at=NOON)
    assert await counts(conn, act_id) == {"changes": 1, "done": 3}
    monkeypatch.setattr(jobs, "step", whole)
    assert await jobs.run_waiting_acts(database, at=NOON) == 0  # its lease still runs
    assert await jobs.run_waiting_acts(database, at=NOON + 2 * jobs.LEASE) == 1
    assert await counts(conn, act_id) == {"done": 4}
    assert (await conn.execute(select(func.count()).select_from(FirmTask))).scalar_one() == 4


async def test_an_undoing_that_failed_halfway_is_asked_for_again_and_takes_back_the_rest(
    conn, database, kit, me, other, firms, monkeypatch
):
    change = Change(BulkKind.TASK, to(me), title="核对", on=TODAY)
    act_id = await done(conn, change, kit, me, codes=firms)
    monkeypatch.setattr(service, "INLINE", 1)
    monkeypatch.setattr(doing, "_CHUNK", 3)
    await service.ask_undo(conn, act_id, kit=kit, by=me.actor, at=LATER)
    whole = jobs.step

    async def breaks(*_, **__):
        raise RuntimeError

    async def once(*args, **more):
        monkeypatch.setattr(jobs, "step", breaks)
        return await whole(*args, **more)

    monkeypatch.setattr(jobs, "step", once)
    await jobs.run_waiting_acts(database, at=LATER)
    act = await act_by_id(conn, act_id, viewer=None)
    assert (act.state, "可以再撤销一次" in act.sentence) == (ActState.DONE, True)
    assert await counts(conn, act_id) == {"done": 1, "undone": 3}
    monkeypatch.setattr(jobs, "step", whole)
    await service.ask_undo(conn, act_id, kit=kit, by=other.actor, at=LATER)
    await jobs.run_waiting_acts(database, at=LATER)
    act = await act_by_id(conn, act_id, viewer=None)
    assert (act.state, act.sentence, act.undone_by) == (ActState.UNDONE, "", other.id)
    assert await counts(conn, act_id) == {"undone": 4}


async def test_what_is_out_of_sight_is_counted_like_what_is_not_there(conn, kit, me, other, firms):
    town = await factories.person(conn, "town")
    far = await factories.firm(conn, region=OTHER_TOWN)
    change = Change(BulkKind.OFFICER, to(town))
    act_id = await prepared(conn, change, kit, town, codes=[*firms, far, "0" * 18])
    act = await act_by_id(conn, act_id, viewer=town.viewer)
    assert (act.total, act.missing) == (4, 2)
    with pytest.raises(Invalid):
        await prepared(conn, change, kit, town, codes=[far])
    with pytest.raises(Forbidden):  # their own preview, and only theirs to confirm
        await service.confirm(conn, act_id, kit=kit, by=me.actor, at=NOON)
    wide = await prepared(conn, Change(BulkKind.OFFICER, to(town)), kit, me, codes=[*firms, far])
    assert await counts(conn, wide) == {"changes": 4, "refused": 1}  # the town's officer cannot open the far one
    with pytest.raises(NotFound):  # a county's act is not a town's to see
        await service.ask_undo(conn, wide, kit=kit, by=town.actor, at=NOON)
    manager = await factories.person(conn, "manager")
    with pytest.raises(Forbidden):
        await prepared(conn, change, kit, manager, codes=firms)
    assert (me.viewer.scope, town.viewer.scope) == (COUNTY, TOWN)


async def test_a_preview_that_nobody_confirms_is_forgotten_after_a_week(conn, kit, me, firms, statements):
    act_id = await prepared(conn, Change(BulkKind.TAG_ADD, tag="x"), kit, me, codes=firms)
    assert await jobs.forget_previews(conn, at=NOON + timedelta(days=7)) == 0
    statements.clear()
    assert await jobs.forget_previews(conn, at=NOON + timedelta(days=7, seconds=1)) == 1
    assert statements.writes() == ["bulk_acts", "bulk_lines"], "or one confirmed meanwhile lost its lines"
    assert (await conn.execute(select(BulkAct.state).where(BulkAct.id == act_id))).scalar_one() == "discarded"
    with pytest.raises(Conflict):
        await service.confirm(conn, act_id, kit=kit, by=me.actor, at=NOON)
    assert LineOutcome.CHANGES.value not in await counts(conn, act_id)
