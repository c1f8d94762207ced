from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text, update

from app.assessments.proposing import Ground, proposals
from app.audit.models import AuditEvent
from app.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Stale
from app.filings import applications, checking
from app.filings.applying import Step, advance, list_firms
from app.filings.queries import programme_by_code, window_by_id
from app.filings.stages import FieldCheck, Happening, Stage
from app.recognitions.models import Certificate
from app.recognitions.queries import held_by
from app.recognitions.registering import NewCertificate
from app.recognitions.terms import CertificateKind
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()
DAY = timedelta(days=1)


async def listed(conn, window, uscc=None, *, who="officer"):
    uscc = uscc or await factories.firm(conn)
    person = await factories.person(conn, who)
    (made,) = await list_firms(conn, window, [uscc], by=person.actor, at=NOON)
    return made


async def step(conn, application, to, *, who="officer", on=TODAY, expected=None, **more):
    person = await factories.person(conn, who)
    await advance(conn, application, Step(to, expected, on, **more), by=person.actor, at=NOON)


async def seen(conn, application, who="officer"):
    person = await factories.person(conn, who)
    return await applications.application_by_id(conn, application, viewer=person.viewer)


@pytest.fixture
async def window(conn):
    return await factories.window(conn, "hnte", 2027, 1, opens_on=TODAY - DAY, firm_due=TODAY + DAY)


@pytest.fixture
async def sme(conn):
    return await factories.window(conn, "tech_sme", 2027, 1, firm_due=TODAY + DAY)


async def test_a_firm_walks_from_target_to_recognition_and_gets_its_certificate(conn, window):
    uscc = await factories.firm(conn, "开平市甲阀门有限公司")
    one = await listed(conn, window, uscc)
    await step(conn, one, Stage.PREPARING)
    await step(conn, one, Stage.SUBMITTED, reason="材料在阳光政务平台交齐")
    await step(conn, one, Stage.RECOMMENDED, reason="条件齐备")
    certificate = NewCertificate(CertificateKind.HNTE, "GR202644009999", TODAY, date(2029, 11, 23))
    await step(conn, one, Stage.RECOGNISED, certificate=certificate)
    now = await seen(conn, one)
    assert (now.stage, now.version, now.submitted_on) == (Stage.RECOGNISED, 5, TODAY)
    held = await held_by(conn, await factories.id_of(conn, uscc), today=TODAY)
    assert [c.number for c in held] == ["GR202644009999"]
    events = await applications.events_of(conn, one)
    assert [(e.kind, e.to_stage) for e in reversed(events)] == [
        (Happening.LISTED, Stage.TARGET),
        *((Happening.MOVED, s) for s in (Stage.PREPARING, Stage.SUBMITTED, Stage.RECOMMENDED, Stage.RECOGNISED)),
    ]
    assert events[0].detail == {"on": "2026-11-23", "number": "GR202644009999"}
    trail = select(AuditEvent.action).where(AuditEvent.action.like("firm:application:%"))
    assert len(list((await conn.execute(trail)).scalars())) == 5


async def test_a_step_that_is_none_is_refused_by_field(conn, window):
    one = await listed(conn, window)
    for to in (Stage.RECOMMENDED, Stage.RECOGNISED, Stage.REJECTED, Stage.TARGET):
        with pytest.raises(Invalid, match="改正") as refused:
            await step(conn, one, to, reason="x")
        assert set(refused.value.fields) == {"to"}
    with pytest.raises(Invalid) as refused:
        await step(conn, one, Stage.WITHDRAWN, on=TODAY + DAY)
    assert set(refused.value.fields) == {"on", "reason"}


@pytest.mark.parametrize(("on", "taken"), [(TODAY - DAY, True), (TODAY, False)])
async def test_nobody_hands_in_after_the_firms_last_day(conn, on, taken):
    window = await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY - DAY, city_due=TODAY + DAY)
    one = await listed(conn, window)
    if taken:
        await step(conn, one, Stage.SUBMITTED, on=on, reason="材料齐")
    else:
        with pytest.raises(Invalid) as refused:
            await step(conn, one, Stage.SUBMITTED, on=on, reason="材料齐")
        assert "登记延期" in refused.value.fields["on"]


async def test_nobody_hands_in_before_the_window_is_confirmed(conn):
    one = await listed(conn, await factories.window_id(conn, "hnte", 2027, 1))
    await step(conn, one, Stage.PREPARING)
    with pytest.raises(Refused) as refused:
        await step(conn, one, Stage.SUBMITTED, reason="材料齐")
    assert "先确认窗口" in refused.value.reasons[0]


async def test_what_is_lacking_is_named_until_it_is_there_or_explained(conn, sme):
    one = await listed(conn, sme)
    officer = (await factories.person(conn, "officer")).actor
    with pytest.raises(Refused) as refused:
        await step(conn, one, Stage.SUBMITTED)
    assert "科技型中小企业信息表、盖章的信息表封面" in refused.value.reasons[0]
    await checking.tick_materials(conn, one, ["cover", "form"], expected=1, by=officer, at=NOON)
    await step(conn, one, Stage.SUBMITTED)
    with pytest.raises(Invalid, match="改正"):
        await checking.tick_materials(conn, one, ["nonsense"], expected=None, by=officer, at=NOON)


async def test_a_first_time_firm_is_looked_at_before_it_is_recommended(conn, sme):
    one = await listed(conn, sme)
    assert (await seen(conn, one)).check_reasons == {"first_time"}
    officer = (await factories.person(conn, "officer")).actor
    await step(conn, one, Stage.SUBMITTED, reason="材料齐")
    with pytest.raises(Refused) as refused:
        await step(conn, one, Stage.RECOMMENDED, reason="条件齐备")
    assert "首次申报" in refused.value.reasons[0]
    for passed in (False, True):
        check = FieldCheck(TODAY, "设备与人员在场", passed, "李某")
        await checking.record_check(conn, one, check, expected=None, by=officer, at=NOON)
        if not passed:
            with pytest.raises(Refused, match="还不能"):
                await step(conn, one, Stage.RECOMMENDED, reason="条件齐备")
    await step(conn, one, Stage.RECOMMENDED, reason="条件齐备")
    check = FieldCheck(TODAY + DAY, "", True, "李某")
    with pytest.raises(Invalid) as wrong:
        await checking.record_check(conn, one, check, expected=None, by=officer, at=NOON)
    assert set(wrong.value.fields) == {"check_on", "found"}


async def test_who_held_the_title_before_needs_no_look_unless_another_case_applies(conn, sme):
    uscc = await factories.firm(conn)
    await conn.execute(
        text(
            "INSERT INTO certificates (id, firm_id, kind, number, issued_on, expires_on, recorded_at) "
            "VALUES (gen_random_uuid(), :f, 'tech_sme', '202544078300000001', '2025-07-01', '2025-12-31', now())"
        ),
        {"f": await factories.id_of(conn, uscc)},
    )
    one = await listed(conn, sme, uscc)
    assert (await seen(conn, one)).check_reasons == frozenset()
    officer = (await factories.person(conn, "officer")).actor
    await checking.demand_check(conn, one, ["few_staff"], expected=1, by=officer, at=NOON)
    assert (await seen(conn, one)).check_reasons == {"few_staff"}


@pytest.mark.parametrize(("handed_in", "sample"), [(1, 1), (20, 1), (21, 2)])
async def test_a_twentieth_is_drawn_rounded_up_and_only_once(conn, sme, handed_in, sample):
    officer = (await factories.person(conn, "officer")).actor
    for _ in range(handed_in):
        one = await listed(conn, sme)
        await step(conn, one, Stage.SUBMITTED, reason="材料齐")
    assert await checking.draw(conn, sme, by=officer, at=NOON) == sample
    assert await checking.draw(conn, sme, by=officer, at=NOON) == 0
    found = await applications.in_window(conn, sme, viewer=officer.viewer)
    assert sum("random" in a.check_reasons for a in found) == sample


async def test_a_town_brings_its_firms_to_the_door_and_the_bureau_decides(conn, window):
    one = await listed(conn, window, who="town")
    await step(conn, one, Stage.SUBMITTED, who="town", reason="材料齐")
    for to in (Stage.RECOMMENDED, Stage.REJECTED):
        with pytest.raises(Forbidden):
            await step(conn, one, to, who="town", reason="x")
    elsewhere = await listed(conn, window, await factories.firm(conn, region=factories.OTHER_TOWN))
    assert await seen(conn, elsewhere, "town") is None
    with pytest.raises(NotFound):
        await step(conn, elsewhere, Stage.PREPARING, who="town")
    with pytest.raises(NotFound):
        await listed(conn, window, await factories.firm(conn, region=factories.OTHER_TOWN), who="town")


async def test_a_firm_is_in_one_batch_of_a_year_and_in_another_only_after_leaving_the_first(conn, window):
    second = await factories.window(conn, "hnte", 2027, 2, firm_due=TODAY + DAY)
    uscc = await factories.firm(conn)
    one = await listed(conn, window, uscc)
    with pytest.raises(Conflict, match="已经在这个窗口里"):
        await listed(conn, window, uscc)
    with pytest.raises(Conflict, match="已列入 2027 年第一批"):
        await listed(conn, second, uscc)
    await step(conn, one, Stage.WITHDRAWN, reason="改报第二批")
    await listed(conn, second, uscc)


async def test_carriers_programmes_and_firms_that_are_gone_take_nobody(conn, window):
    with pytest.raises(Refused, match="孵化载体"):
        await listed(conn, await factories.window_id(conn, "carrier_annual", 2027))
    uscc = await factories.firm(conn)
    await conn.execute(text("UPDATE firms SET status = 'deregistered' WHERE uscc = :u"), {"u": uscc})
    with pytest.raises(Refused, match="存续"):
        await listed(conn, window, uscc)


async def test_of_two_who_saw_the_same_stage_the_second_is_told_who_was_first(conn, window):
    one = await listed(conn, window)
    await step(conn, one, Stage.PREPARING, expected=1, who="officer-2")
    with pytest.raises(Stale, match=r"局专员officer-2 已改过.*准备中"):
        await step(conn, one, Stage.PREPARING, expected=1)


async def test_what_was_entered_wrongly_goes_back_with_a_reason_and_both_stay_in_the_log(conn, window):
    one = await listed(conn, window)
    await step(conn, one, Stage.SUBMITTED, reason="材料齐")
    await step(conn, one, Stage.REJECTED, reason="专家评审未通过")
    with pytest.raises(Invalid, match="改正"):
        await step(conn, one, Stage.SUBMITTED)
    await step(conn, one, Stage.SUBMITTED, reason="登记错企业")
    stages = [e.to_stage for e in await applications.events_of(conn, one)]
    assert stages == [Stage.SUBMITTED, Stage.REJECTED, Stage.SUBMITTED, Stage.TARGET]


async def test_certificates_of_three_years_ago_are_proposed_until_renewed_or_listed(conn, window):
    due, renewed, other, gone = [await factories.firm(conn) for _ in range(4)]
    for uscc in (due, renewed, gone):
        await factories.certificate(conn, uscc, issued_on=date(2024, 1, 1))
    await factories.certificate(conn, renewed, issued_on=date(2026, 1, 1))
    await factories.certificate(conn, other, issued_on=date(2023, 12, 31))
    await conn.execute(text("UPDATE firms SET status = 'moved_out' WHERE uscc = :u"), {"u": gone})
    viewer = (await factories.person(conn, "officer")).viewer
    found = await proposed(conn, window, viewer)
    assert [(p.uscc, p.ground) for p in found] == [(due, Ground.RENEWING)]
    await listed(conn, window, due)
    assert await proposed(conn, window, viewer) == []


async def proposed(conn, window, viewer):
    seen = await window_by_id(conn, window, viewer=viewer)
    return await proposals(conn, seen, await programme_by_code(conn, seen.programme), viewer=viewer)


async def test_whom_the_engine_finds_fit_or_nearly_is_proposed_unless_it_holds_the_title_beyond_the_year(conn, window):
    near = {"missed": 1, "shortfall": Decimal("0.10")}
    cases = {
        "met": ({}, Ground.MET),
        "a hair below": (near, Ground.NEAR),
        "two conditions": (near | {"missed": 2}, None),
        "too far": (near | {"shortfall": Decimal("0.100001")}, None),
        "no measure": (near | {"shortfall": None}, None),
    }
    firms = {case: await factories.firm(conn) for case in cases}
    for case, (gap, _) in cases.items():
        await factories.answer(conn, firms[case], "not_met" if gap else "met", **gap)
    holder, lapsing = [await factories.firm(conn) for _ in range(2)]
    for uscc, until in ((holder, date(2027, 12, 31)), (lapsing, date(2027, 12, 30))):
        number = await factories.certificate(conn, uscc, issued_on=date(2025, 1, 1))
        await conn.execute(update(Certificate).where(Certificate.number == number).values(expires_on=until))
        await factories.answer(conn, uscc, "met")
    elsewhere = await factories.firm(conn, region=factories.OTHER_TOWN)
    await factories.answer(conn, elsewhere, "met")
    officer, town = [(await factories.person(conn, role)).viewer for role in ("officer", "town")]
    expected = {firms[case]: ground for case, (_, ground) in cases.items() if ground}
    found = {p.uscc: p.ground for p in await proposed(conn, window, officer)}
    assert found == expected | {lapsing: Ground.MET, elsewhere: Ground.MET}
    assert {p.uscc for p in await proposed(conn, window, town)} == found.keys() - {elsewhere}
    assert [p.words for p in await proposed(conn, window, town) if p.ground is Ground.NEAR] == ["差 1 项"]


async def test_each_town_sees_who_has_not_begun(conn, window):
    ours = [await listed(conn, window) for _ in range(3)]
    await listed(conn, window, await factories.firm(conn, region=factories.OTHER_TOWN))
    await step(conn, ours[0], Stage.PREPARING)
    officer = (await factories.person(conn, "officer")).viewer
    found = {t.region_code: t.counts for t in await applications.by_town(conn, window, viewer=officer)}
    assert found == {
        factories.OTHER_TOWN: {Stage.TARGET: 1},
        factories.TOWN: {Stage.TARGET: 2, Stage.PREPARING: 1},
    }
    board = await applications.by_stage(conn, window, viewer=officer, limit=1)
    assert [len(board[s]) for s in (Stage.TARGET, Stage.PREPARING, Stage.SUBMITTED)] == [1, 1, 0]


async def test_an_officer_of_the_bureau_looks_after_it_and_nobody_else(conn, window):
    one = await listed(conn, window)
    officer, clerk = await factories.person(conn, "officer"), await factories.person(conn, "auditor")
    await checking.assign(conn, one, officer.id, expected=1, by=officer.actor, at=NOON)
    assert (await seen(conn, one)).officer_name == officer.name
    with pytest.raises(Invalid):
        await checking.assign(conn, one, clerk.id, expected=None, by=officer.actor, at=NOON)
