"""A version's life: drafted by one, published by another with its examples kept and its effect counted, and ended."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text

from app.assessments import drafting, publishing, retiring
from app.assessments.impacts import ask_impact, count_some, firms_changed, impact_of
from app.assessments.models import ChangedFirm, FirmAssessment
from app.assessments.policies import load_packs, load_policies
from app.assessments.refreshing import refresh_changed
from app.assessments.terms import VersionOrigin, VersionState
from app.assessments.versions import Edition, list_versions, version_by_id
from app.audit.models import AuditEvent
from app.config import SEEDS
from app.errors import Conflict, Forbidden, Invalid, Refused, Stale
from app.outbox.models import OutboxMessage
from app.policy import places
from app.policy.facts import Facts
from app.policy.packs import Example, Pack, Version, read_packs
from app.policy.terms import Outcome
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()
NEXT_YEAR = date(2027, 1, 1)
SEED = read_packs(SEEDS / "policies")


@pytest.fixture
async def admin(conn):
    return (await factories.person(conn, "admin")).actor


@pytest.fixture
async def manager(conn):
    return (await factories.person(conn, "manager")).actor


async def edition(conn: Any, policy: str, name: str) -> Edition:
    return next(e for e in await list_versions(conn, policy=policy) if e.version.version == name)


def days_old(version: Version, days: int) -> Version:
    """The certificate's policy would not do: 高企 asks for an age in days, which is easily made otherwise."""
    criterion = version.criteria[0].model_copy(update={"at_least": Decimal(days)})
    return places.with_changed(version, "0", criterion)


def example(day: date, registered_on: date, outcome: Outcome) -> Example:
    return Example(
        name=f"{registered_on} 成立",
        as_of=day,
        facts={"registered_on": registered_on.isoformat()},
        criteria={"registered_days": outcome},
    )


async def drafted(conn: Any, by: Any, *, days: int = 730, begins: date = NEXT_YEAR, **changes: Any) -> Edition:
    """A draft of 高企 that asks for two years, with an example that keeps."""
    source = (await list_versions(conn, policy="hnte"))[0]
    draft = await drafting.copy(conn, source.id, by=by, at=NOON)
    now = await version_by_id(conn, draft)
    kept = example(begins, begins - timedelta(days=days), Outcome.MET)
    head = {"version": "2027", "effective_from": begins, "examples": (kept,)} | changes
    version = places.rebuilt(days_old(now.version, days), **head)
    await drafting.save(conn, draft, version, row_version=now.row_version, by=by, at=NOON)
    return await version_by_id(conn, draft)


async def submitted(conn: Any, by: Any, **more: Any) -> Edition:
    draft = await drafted(conn, by, **more)
    await publishing.submit(conn, draft.id, row_version=draft.row_version, by=by, at=NOON, today=TODAY)
    return await version_by_id(conn, draft.id)


async def publish(conn: Any, version_id: uuid.UUID, by: Any) -> Edition:
    return await publishing.publish(conn, version_id, by=by, at=NOON, today=TODAY)


async def actions(conn: Any, version_id: uuid.UUID) -> list[str]:
    query = select(AuditEvent.action).where(AuditEvent.object_id == str(version_id)).order_by(AuditEvent.id)
    return [action.removeprefix("policy:") for action in (await conn.execute(query)).scalars()]


async def test_a_draft_counts_for_nobody_and_every_change_of_it_is_in_the_trail(conn, admin):
    before = await load_policies(conn)
    draft = await drafted(conn, admin)
    assert (await load_policies(conn)).revision == before.revision
    assert draft.version.source.confirmed_by == ""
    assert await actions(conn, draft.id) == ["version:drafted", "version:edited"]
    query = select(AuditEvent.before, AuditEvent.after).where(AuditEvent.action == "policy:version:edited")
    was, now = (await conn.execute(query)).one()
    assert (was["注册成立一年以上 · 不低于"], now["注册成立一年以上 · 不低于"]) == ("365 天", "730 天")


async def test_two_windows_on_one_draft_do_not_overwrite_each_other(conn, admin):
    draft = await drafted(conn, admin)
    once = replace(draft, version=days_old(draft.version, 100)).version
    assert await drafting.save(conn, draft.id, once, row_version=draft.row_version, by=admin, at=NOON)
    with pytest.raises(Stale):
        await drafting.save(conn, draft.id, once, row_version=draft.row_version, by=admin, at=NOON)


async def test_a_second_version_of_a_name_is_refused_at_its_field(conn, admin):
    draft = await drafted(conn, admin)
    same = places.rebuilt(draft.version, version="2016")
    with pytest.raises(Invalid) as refused:
        async with conn.begin_nested():
            await drafting.save(conn, draft.id, same, row_version=draft.row_version, by=admin, at=NOON)
    assert "version" in refused.value.fields


async def test_numbers_that_no_policy_has_are_refused(conn, admin):
    draft = await drafted(conn, admin)
    for number in ("1E+400000", "1E-400000"):
        absurd = draft.version.criteria[0].model_copy(update={"at_least": Decimal(number)})
        with pytest.raises(Invalid):
            drafting.check(draft.version.model_copy(update={"criteria": (absurd,)}))


async def test_more_examples_or_conditions_than_any_policy_has_are_refused(conn, admin):
    draft = await drafted(conn, admin)
    (kept,), first = draft.version.examples, draft.version.criteria[0]
    many = tuple(kept.model_copy(update={"name": f"算例 {n}"}) for n in range(drafting.MOST_EXAMPLES + 1))
    long = tuple(first.model_copy(update={"code": f"c{n}"}) for n in range(drafting.MOST_CONDITIONS + 1))
    for field, parts in (("examples", many), ("criteria", long)):
        drafting.check(draft.version.model_copy(update={field: parts[1:]}))
        with pytest.raises(Invalid) as refused:
            drafting.check(draft.version.model_copy(update={field: parts}))
        assert set(refused.value.fields) == {field}


@pytest.mark.parametrize("days", [{"effective_to": date.max}, {"effective_from": date.min}])
async def test_days_before_and_after_which_there_is_none_are_refused_at_their_field(conn, admin, days):
    draft = await drafted(conn, admin)
    endless = places.rebuilt(draft.version, **days)
    with pytest.raises(Invalid) as refused:
        await drafting.save(conn, draft.id, endless, row_version=draft.row_version, by=admin, at=NOON)
    assert set(refused.value.fields) == set(days)


async def test_without_an_example_or_with_one_that_fails_nothing_is_submitted(conn, admin):
    without = await drafted(conn, admin, examples=())
    with pytest.raises(Refused) as refused:
        await publishing.submit(conn, without.id, row_version=without.row_version, by=admin, at=NOON, today=TODAY)
    assert refused.value.reasons == ["还没有算例：至少写一个能按文件核对的例子。"]
    fails = example(NEXT_YEAR, NEXT_YEAR - timedelta(days=729), Outcome.MET)
    broken = places.rebuilt(without.version, examples=(fails,))
    await drafting.save(conn, without.id, broken, row_version=without.row_version, by=admin, at=NOON)
    with pytest.raises(Refused) as refused:
        await publishing.submit(conn, without.id, row_version=without.row_version + 1, by=admin, at=NOON, today=TODAY)
    (only,) = refused.value.reasons
    assert only.endswith("注册成立一年以上应为“达标”，得到“未达标”。")


async def test_a_default_of_the_system_is_not_published_without_saying_so(conn, admin):
    (source,) = await list_versions(conn, policy="eaglet")
    draft = await version_by_id(conn, await drafting.copy(conn, source.id, by=admin, at=NOON))
    assert publishing.hindrances(draft, []) == []
    bare = replace(draft, version=places.rebuilt(draft.version, label=""))
    (only,) = publishing.hindrances(bare, [])
    assert only.startswith("来源等级是系统默认，标注要写")


async def test_publishing_ends_what_it_replaces_the_day_before_and_is_told_with_before_and_after(conn, admin, manager):
    waiting = await submitted(conn, admin)
    done = await publish(conn, waiting.id, manager)
    assert (await version_by_id(conn, done.id)).state is VersionState.PUBLISHED
    old = await edition(conn, "hnte", "2016")
    assert old.version.effective_to == date(2026, 12, 31)
    pack = (await load_policies(conn)).packs["hnte"]
    assert [v.version for v in pack.versions if v.in_force(date(2026, 12, 31), "new")] == ["2016"]
    assert [v.version for v in pack.versions if v.in_force(NEXT_YEAR, "new")] == ["2027"]
    assert "version:published" in await actions(conn, done.id)
    query = select(AuditEvent.before, AuditEvent.after).where(AuditEvent.action == "policy:version:replaced")
    assert (await conn.execute(query)).one() == (
        {"effective_to": None},
        {"effective_to": "2026-12-31", "by": "2027"},
    )


async def test_nobody_publishes_or_sends_back_what_they_had_a_hand_in(conn, admin):
    waiting = await submitted(conn, admin)
    # The same person with another role: the account counts, not the hat.
    same = replace(admin, viewer=replace(admin.viewer, role=factories.Role.MANAGER, scope=factories.COUNTY))
    for step in (
        publish(conn, waiting.id, same),
        publishing.send_back(conn, waiting.id, reason="x", by=same, at=NOON),
    ):
        with pytest.raises(Forbidden):
            await step


async def test_whoever_only_edited_it_may_not_publish_it_either(conn, admin):
    other = (await factories.person(conn, "admin-2")).actor
    draft = await drafted(conn, admin)
    edited = days_old(draft.version, 600)
    await drafting.save(conn, draft.id, edited, row_version=draft.row_version, by=other, at=NOON)
    assert other.viewer.id in (await version_by_id(conn, draft.id)).drafters


async def test_a_head_of_one_town_does_not_decide_for_the_county(conn, admin):
    waiting = await submitted(conn, admin)
    local = (await factories.person(conn, "manager-town", scope=factories.TOWN)).actor
    with pytest.raises(Forbidden):
        await publish(conn, waiting.id, local)


async def test_what_comes_back_is_a_draft_again_with_the_reason(conn, admin, manager):
    waiting = await submitted(conn, admin)
    with pytest.raises(Invalid):
        await publishing.send_back(conn, waiting.id, reason="", by=manager, at=NOON)
    await publishing.send_back(conn, waiting.id, reason="文号写错了", by=manager, at=NOON)
    back = await version_by_id(conn, waiting.id)
    assert back.state is VersionState.DRAFT
    assert back.returned is not None
    assert back.returned.reason == "文号写错了"
    with pytest.raises(Conflict):
        await publish(conn, waiting.id, manager)


async def test_a_published_text_is_never_changed(conn, admin, manager):
    done = await publish(conn, (await submitted(conn, admin)).id, manager)
    now = await version_by_id(conn, done.id)
    with pytest.raises(Conflict):
        await drafting.save(conn, done.id, days_old(now.version, 1), row_version=now.row_version, by=admin, at=NOON)


async def test_a_text_for_the_same_days_corrects_the_old_one_which_never_was(conn, admin, manager):
    begins = date(2016, 1, 1)
    done = await publish(conn, (await submitted(conn, admin, begins=begins)).id, manager)
    old = await edition(conn, "hnte", "2016")
    assert (old.state, old.counts) == (VersionState.RETIRED, False)
    pack = (await load_policies(conn)).packs["hnte"]
    assert [v.version for v in pack.versions] == [done.version.version]


async def test_a_text_that_reaches_into_a_later_one_is_refused_with_the_day_it_may_reach_to(conn, admin, manager):
    await publish(conn, (await submitted(conn, admin)).id, manager)
    early = date(2026, 12, 1)
    draft = await drafted(conn, admin, begins=early, version="2026-12")
    wrong = publishing.hindrances(draft, await list_versions(conn, policy="hnte"))
    assert wrong == ["2027（2027-01-01 至 今） 在本版本之后生效；请把本版本的有效期写到 2026-12-31。"]


async def test_another_region_or_case_for_the_same_days_is_refused(conn, admin):
    for change in ({"region": "440783"}, {"cases": ("recheck",)}):
        draft = await drafted(conn, admin, version=f"v{len(change)}{next(iter(change))}", **change)
        assert "与本版本不同" in publishing.hindrances(draft, await list_versions(conn, policy="hnte"))[0]


async def firms(conn: Any, *registered: date) -> list[str]:
    return [await factories.firm(conn, registered_on=day) for day in registered]


async def test_the_effect_is_counted_firm_by_firm_before_anything_counts(conn, admin, manager):
    """On the day of asking: one firm is a year and a half old, one is ten."""
    young, _ = await firms(conn, TODAY - timedelta(days=500), TODAY - timedelta(days=3650))
    waiting = await submitted(conn, admin)
    impact = await impact_of(conn, waiting.id)
    assert impact is not None
    assert impact.finished_at == NOON
    assert (impact.done, impact.total) == (2, 2)
    assert impact.counts == {(Outcome.UNKNOWN, Outcome.NOT_MET): 1, (Outcome.UNKNOWN, Outcome.UNKNOWN): 1}
    assert [(one.uscc, one.after) for one in await firms_changed(conn, waiting.id, viewer=manager.viewer)] == [
        (young, Outcome.NOT_MET)
    ]
    away = (await factories.person(conn, "town", scope=factories.OTHER_TOWN)).viewer
    assert await firms_changed(conn, waiting.id, viewer=away) == []


async def test_a_large_county_is_counted_batch_by_batch_and_published_only_when_that_is_over(
    conn, admin, manager, monkeypatch
):
    monkeypatch.setattr("app.assessments.impacts.AT_ONCE", 0)
    monkeypatch.setattr("app.assessments.impacts.BATCH", 2)
    await firms(conn, *[TODAY - timedelta(days=500)] * 5)
    waiting = await submitted(conn, admin)
    with pytest.raises(Refused) as refused:
        await publish(conn, waiting.id, manager)
    assert refused.value.reasons == ["影响还没有算完，请等算完、看过之后再发布。"]
    told = []
    while counted := await count_some(conn, at=NOON):
        impact = await impact_of(conn, waiting.id)
        told.append((counted, impact.done, impact.finished_at is not None))
    assert told == [(2, 2, False), (2, 4, False), (1, 5, True)]
    assert (await impact_of(conn, waiting.id)).changed == 5
    await publish(conn, waiting.id, manager)


async def test_what_counts_today_is_judged_anew_for_everybody(conn, admin, manager):
    (young,) = await firms(conn, TODAY - timedelta(days=500))
    waiting = await submitted(conn, admin, begins=TODAY)
    await conn.execute(delete(ChangedFirm))
    await publish(conn, waiting.id, manager)
    assert (await conn.execute(select(func.count()).select_from(ChangedFirm))).scalar_one() == 1
    await refresh_changed(conn, policies=await load_policies(conn), as_of=TODAY, at=NOON)
    query = select(FirmAssessment.version, FirmAssessment.open_codes).where(FirmAssessment.policy == "hnte")
    version, missed = (await conn.execute(query)).one()
    assert (version, missed[0]) == ("2027", "registered_days")
    assert young


async def test_publishing_another_version_makes_a_count_stale(conn, admin, manager):
    first = await submitted(conn, admin)
    second = await submitted(conn, admin, begins=date(2028, 1, 1), version="2028")
    await publish(conn, first.id, manager)
    assert await impact_of(conn, second.id) is None
    await ask_impact(conn, await version_by_id(conn, second.id), at=NOON, today=TODAY)
    await publish(conn, second.id, manager)
    assert (await edition(conn, "hnte", "2027")).version.effective_to == date(2027, 12, 31)


async def test_a_retired_version_answers_for_the_days_before_and_for_none_after(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    on = date(2026, 12, 1)
    await retiring.ask_retirement(conn, old.id, on=on, reason="文件废止", by=admin, at=NOON, today=TODAY)
    assert (await load_policies(conn)).packs["hnte"].version_on(on, "new") is not None
    await retiring.retire(conn, old.id, agreed=True, by=manager, at=NOON, today=TODAY)
    policies = await load_policies(conn)
    assert policies.packs["hnte"].version_on(on - timedelta(days=1), "new") is not None
    assert policies.assess("hnte", Facts(), as_of=on).outcome is Outcome.NOT_APPLICABLE


async def test_a_retirement_needs_another_person_a_reason_and_a_day_that_makes_sense(conn, admin, manager):
    old = await edition(conn, "hnte", "2016")
    with pytest.raises(Invalid) as refused:
        await retiring.ask_retirement(conn, old.id, on=date(2016, 1, 1), reason="", by=admin, at=NOON, today=TODAY)
    assert set(refused.value.fields) == {"on", "reason"}
    await retiring.ask_retirement(conn, old.id, on=NEXT_YEAR, reason="文件废止", by=admin, at=NOON, today=TODAY)
    same = replace(admin, viewer=replace(admin.viewer, scope=factories.COUNTY))
    with pytest.raises(Forbidden):
        await retiring.retire(conn, old.id, agreed=True, by=same, at=NOON, today=TODAY)
    await retiring.retire(conn, old.id, agreed=False, by=manager, at=NOON, today=TODAY)
    assert (await version_by_id(conn, old.id)).retirement is None


async def test_seeds_leave_a_policy_alone_once_the_bureau_has_published_a_version_of_it(conn, admin, manager):
    await publish(conn, (await submitted(conn, admin)).id, manager)
    before = (await load_policies(conn)).packs["hnte"]
    assert await load_packs(conn, list(SEED.values()), at=NOON) == 0
    assert (await load_policies(conn)).packs["hnte"] == before


async def test_a_draft_alone_does_not_keep_seeds_from_amending_their_own_versions(conn, admin):
    await drafted(conn, admin)
    note = SEED["hnte"].versions[0].model_copy(update={"note": "核对过"})
    amended = Pack.model_validate({**dict(SEED["hnte"]), "versions": (note, *SEED["hnte"].versions[1:])})
    assert await load_packs(conn, [amended], at=NOON) == 1
    assert (await edition(conn, "hnte", "2016")).version.note == "核对过"


async def test_a_files_versions_become_drafts_and_the_same_file_again_changes_nothing(conn, admin):
    draft = await drafted(conn, admin)
    assert await drafting.bring(conn, draft.pack, by=admin, at=NOON) == []
    new = days_old(places.rebuilt(draft.version, version="2030"), 99)
    pack = Pack.model_validate({**dict(draft.pack), "versions": (new,)})
    (brought,) = await drafting.bring(conn, pack, by=admin, at=NOON)
    assert (brought.state, brought.origin, brought.version) == (VersionState.DRAFT, VersionOrigin.BUREAU, new)


async def test_a_file_does_not_rewrite_what_has_been_published_nor_rename_a_policy(conn, admin):
    old = await edition(conn, "hnte", "2016")
    other = Pack.model_validate({**dict(old.pack), "versions": (days_old(old.version, 1),)})
    with pytest.raises(Refused) as refused:
        await drafting.bring(conn, other, by=admin, at=NOON)
    assert refused.value.reasons == ["2016 已发布，内容与文件里的不同。"]
    with pytest.raises(Refused):
        await drafting.bring(conn, other.model_copy(update={"title": "别的"}), by=admin, at=NOON)


async def test_a_discarded_draft_is_gone_and_its_text_is_in_the_trail(conn, admin):
    draft = await drafted(conn, admin)
    await drafting.discard(conn, draft.id, row_version=draft.row_version, by=admin, at=NOON)
    assert not [e for e in await list_versions(conn, policy="hnte") if e.id == draft.id]
    kept = text("SELECT before->'text'->>'version' FROM audit_events WHERE action = 'policy:version:discarded'")
    assert (await conn.execute(kept)).scalar_one() == "2027"


async def test_whoever_is_next_is_told_in_the_house(conn, admin, manager):
    town = (await factories.person(conn, "manager-town", scope=factories.TOWN)).actor
    waiting = await submitted(conn, admin)
    told = select(OutboxMessage.user_id, OutboxMessage.payload["subject"].astext).order_by(OutboxMessage.id)
    ((reader, subject),) = (await conn.execute(told)).all()
    assert reader == manager.viewer.id != town.viewer.id
    assert subject == "系统管理员admin提交了政策版本，等待发布：高新技术企业认定 2027"
    await publish(conn, waiting.id, manager)
    assert (await conn.execute(told)).all()[-1][0] == admin.viewer.id
