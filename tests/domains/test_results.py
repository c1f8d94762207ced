"""A published list, from its lines to the ledgers and back."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.assessments.policies import load_policies
from app.audit.models import AuditEvent
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.filings import applications
from app.filings.applying import Step, advance, list_firms
from app.filings.stages import Happening, Stage
from app.firms.models import Firm
from app.pipeline.asking import waiting
from app.pipeline.models import TierRow
from app.pipeline.service import approve, reject
from app.recognitions.queries import held_by
from app.results.applying import Rules, apply
from app.results.queries import list_by_id, not_named, rows_of
from app.results.rules import lines_of_text
from app.results.service import bring, discard, settle
from app.results.terms import ListKind, ListState, Match, NewList, Outcome
from app.results.undoing import undo
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()
DOCUMENT = "国科火字〔2027〕1号"


@pytest.fixture
async def window(conn):
    return await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=1))


@pytest.fixture
async def by(conn):
    return (await factories.person(conn, "officer")).actor


async def brought(conn, window, text, by, kind=ListKind.ANNOUNCEMENT, issued_on=TODAY):
    new = NewList(kind, DOCUMENT, "", TODAY, issued_on, "粘贴")
    return await bring(conn, window, new, lines_of_text(text), by=by, at=NOON)


async def entered(conn, made, by, expected=None):
    ladder, calendar = await factories.main_ladder(conn)
    rules = Rules(ladder, await load_policies(conn), calendar)
    return await apply(conn, made, expected=expected, rules=rules, by=by, at=NOON)


async def stages(conn, window, by):
    return {a.uscc: a.stage for a in await applications.in_window(conn, window, viewer=by.viewer)}


async def pending(conn, uscc):
    firm_id = await factories.id_of(conn, uscc)
    return (await waiting(conn, [firm_id])).get(firm_id)


async def test_lines_are_matched_settled_and_entered_with_certificate_and_a_move_for_the_second_person(
    conn, window, by
):
    sure = await factories.firm_on(conn, "gazelle", name="开平市长兴卫浴有限公司")
    alike = await factories.firm(conn, "开平市水口永盛阀门有限公司")
    numbered = ("开平市长兴卫浴有限公司\tGR202744000001", "开平市水口镇永盛阀门有限公司\tGR202744000002")
    text = "\n".join(("长兴卫浴", *numbered, "广州市某某科技有限公司"))
    made = await brought(conn, window, text, by)
    rows = {r.line.row_no: r for r in await rows_of(conn, made, viewer=by.viewer)}
    assert [(r.match, r.chosen, r.settled) for r in list(rows.values())[1:]] == [
        (Match.EXACT, sure, True),
        (Match.SIMILAR, "", False),
        (Match.NONE, "", True),
    ]
    assert alike in {c.uscc for c in rows[3].candidates}
    with pytest.raises(Refused, match=r"还有 \d 行没有核对"):
        await entered(conn, made, by)
    with pytest.raises(Invalid) as wrong:
        await settle(conn, made, {1: sure, 3: alike}, expected=1, by=by, at=NOON)
    assert wrong.value.fields == {"row-2": "与第 1 行是同一家。"}
    await settle(conn, made, {1: "", 3: f" {alike.lower()} "}, expected=1, by=by, at=NOON)
    with pytest.raises(Stale):
        await entered(conn, made, by, expected=1)
    assert await entered(conn, made, by, expected=2) == {"done": 2, "failed": 0}
    assert await stages(conn, window, by) == {sure: Stage.RECOGNISED, alike: Stage.RECOGNISED}
    held = await held_by(conn, await factories.id_of(conn, sure), today=TODAY)
    assert [(c.number, c.issued_on, c.expires_on) for c in held] == [("GR202744000001", TODAY, date(2029, 11, 23))]
    assert await pending(conn, sure)
    assert await pending(conn, alike)
    said = {r.line.row_no: (r.outcome, r.said) for r in await rows_of(conn, made, viewer=by.viewer)}
    assert said[2] == (
        Outcome.DONE,
        "已列入并登记；已登记证书 GR202744000001；移到“高新技术企业”待第二人复核。",
    )
    assert said[4] == (None, "")
    with pytest.raises(Conflict, match="已登记"):
        await entered(conn, made, by)
    acts = (await conn.execute(select(AuditEvent.action).where(AuditEvent.action.like("results:%")))).scalars()
    assert sorted(acts) == ["results:list:applied", "results:list:brought", "results:list:settled"]


async def test_what_the_list_does_not_say_is_not_made_up(conn, by):
    window = await factories.window(conn, "tech_sme", 2027, 1, firm_due=TODAY + timedelta(days=1))
    names = ["开平市甲阀门有限公司", "开平市乙水暖有限公司", "开平市丙五金有限公司"]
    for name in names:
        await factories.firm(conn, name)
    tails = ["", "\t20274407830A000001", "\t20274407830A000002\t2027-01-01"]
    made = await brought(conn, window, "\n".join(n + t for n, t in zip(names, tails, strict=True)), by, issued_on=None)
    await entered(conn, made, by)
    said = [r.said for r in await rows_of(conn, made, viewer=by.viewer)]
    assert [s.split("；")[1] for s in said] == [
        "名单没有证书编号，没有登记证书。",
        "名单没有发证日期，没有登记证书。",
        "名单没有有效期，没有登记证书。",
    ]


async def test_one_firm_that_cannot_be_entered_does_not_hold_up_the_others_and_says_why(conn, window, by):
    elsewhere = await factories.window(conn, "hnte", 2027, 2, firm_due=TODAY + timedelta(days=1))
    busy, free = await factories.firm(conn, "开平市甲阀门有限公司"), await factories.firm(conn, "开平市乙水暖有限公司")
    await list_firms(conn, elsewhere, [busy], by=by, at=NOON)
    made = await brought(conn, window, "开平市甲阀门有限公司\n开平市乙水暖有限公司", by)
    assert await entered(conn, made, by) == {"done": 1, "failed": 1}
    rows = await rows_of(conn, made, viewer=by.viewer)
    assert [r.outcome for r in rows] == [Outcome.FAILED, Outcome.DONE]
    assert "已列入 2027 年" in rows[0].said
    assert await stages(conn, window, by) == {free: Stage.RECOGNISED}


async def test_a_publicity_only_says_that_a_firm_was_publicised(conn, window, by):
    uscc = await factories.firm(conn, "开平市甲阀门有限公司")
    (one,) = await list_firms(conn, window, [uscc], by=by, at=NOON)
    made = await brought(conn, window, "开平市甲阀门有限公司\tGR202744000001", by, ListKind.PUBLICITY)
    await entered(conn, made, by)
    assert await stages(conn, window, by) == {uscc: Stage.TARGET}
    assert [e.kind for e in await applications.events_of(conn, one)] == [Happening.PUBLICISED, Happening.LISTED]
    assert await held_by(conn, await factories.id_of(conn, uscc), today=TODAY) == []
    assert (await undo(conn, made, expected=None, reason="录错", by=by, at=NOON))["taken_back"] == 1
    assert await stages(conn, window, by) == {uscc: Stage.TARGET}


async def test_what_was_entered_is_taken_back_as_far_as_nobody_has_gone_on_from_it(conn, window, by):
    names = [f"开平市{name}有限公司" for name in ("甲阀门", "乙水暖", "丙五金", "丁模具", "戊电子")]
    listed, new, went_on, decided, refused = [await factories.firm_on(conn, "gazelle", name=name) for name in names]
    (one, other) = await list_firms(conn, window, [listed, went_on], by=by, at=NOON)
    text = "\n".join(f"{name}\tGR20274400000{n}" for n, name in enumerate(names))
    made = await brought(conn, window, text, by)
    await entered(conn, made, by)
    await advance(conn, other, Step(Stage.RECOMMENDED, None, TODAY, "登记早了"), by=by, at=NOON)
    manager = (await factories.person(conn, "manager")).actor
    ladder, calendar = await factories.main_ladder(conn)
    given = {"ladder": ladder, "policies": await load_policies(conn), "calendar": calendar}
    await approve(conn, await pending(conn, decided), **given, by=manager, at=NOON)
    await reject(conn, await pending(conn, refused), reason="与公告不符", by=manager, at=NOON)
    done = await undo(conn, made, expected=None, reason="名单录错了批次", by=by, at=NOON)
    assert done == {"taken_back": 3, "left": 2}
    assert await stages(conn, window, by) == {
        listed: Stage.TARGET,
        new: Stage.WITHDRAWN,
        went_on: Stage.RECOMMENDED,
        decided: Stage.RECOGNISED,
        refused: Stage.WITHDRAWN,
    }
    for uscc, certificates in ((listed, 0), (new, 0), (went_on, 1), (decided, 1), (refused, 0)):
        assert len(await held_by(conn, await factories.id_of(conn, uscc), today=TODAY)) == certificates
    assert [bool(await pending(conn, u)) for u in (listed, new, went_on)] == [False, False, True]
    said = [r.said for r in await rows_of(conn, made, viewer=by.viewer)]
    assert said[0] == "已撤销；移动已撤回；证书已删去。"
    assert "又有变动" in said[2]
    assert "企业已按它移动" in said[3]
    assert said[4] == "已撤销；证书已删去。"
    assert "名单录错了批次" in (await applications.events_of(conn, one))[0].reason
    with pytest.raises(Conflict):
        await undo(conn, made, expected=None, reason="再来", by=by, at=NOON)


async def test_a_move_that_needed_nobody_else_is_not_taken_back_silently(conn, window, by):
    uscc = await factories.firm_on(conn, "gazelle", name="开平市甲阀门有限公司")
    await conn.execute(update(TierRow).values(needs_approval=False))
    made = await brought(conn, window, "开平市甲阀门有限公司\tGR202744000001", by)
    await entered(conn, made, by)
    assert await undo(conn, made, expected=None, reason="录错", by=by, at=NOON) == {"taken_back": 0, "left": 1}
    assert len(await held_by(conn, await factories.id_of(conn, uscc), today=TODAY)) == 1


async def test_whom_the_bureau_recommended_and_the_list_does_not_name_is_shown(conn, window, by):
    names = ["开平市甲阀门有限公司", "开平市乙水暖有限公司", "开平市丙五金有限公司"]
    codes = [await factories.firm(conn, name) for name in names]
    made = await list_firms(conn, window, codes, by=by, at=NOON)
    for one in made[:2]:
        for stage in (Stage.SUBMITTED, Stage.RECOMMENDED):
            await advance(conn, one, Step(stage, None, TODAY, "条件齐备"), by=by, at=NOON)
    held = await list_by_id(conn, await brought(conn, window, names[0], by), viewer=by.viewer)
    assert [a.firm_name for a in await not_named(conn, held, viewer=by.viewer)] == [names[1]]


async def test_a_list_is_for_a_confirmed_window_of_firms_and_nobody_else_s_division(conn, window, by):
    await factories.firm(conn, "开平市甲阀门有限公司")
    for programme, year, batch, sentence in (
        ("hnte", 2027, 2, "还没有按当年的通知确认"),
        ("carrier_annual", 2027, 0, "孵化载体"),
    ):
        with pytest.raises(Refused, match=sentence):
            await brought(conn, await factories.window_id(conn, programme, year, batch), "开平市甲阀门有限公司", by)
    made = await brought(conn, window, "开平市甲阀门有限公司", by)
    neighbour = (await factories.person(conn, "officer-2", scope="440784")).actor
    assert await list_by_id(conn, made, viewer=neighbour.viewer) is None
    with pytest.raises(NotFound):
        await settle(conn, made, {1: ""}, expected=None, by=neighbour, at=NOON)
    await discard(conn, made, expected=1, by=by, at=NOON)
    assert (await list_by_id(conn, made, viewer=by.viewer)).state is ListState.DISCARDED
    with pytest.raises(Conflict):
        await entered(conn, made, by)


async def test_a_firm_that_left_meanwhile_is_named_and_not_entered(conn, window, by):
    uscc = await factories.firm(conn, "开平市甲阀门有限公司")
    made = await brought(conn, window, "开平市甲阀门有限公司", by)
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(region_code="440700"))
    assert await entered(conn, made, by) == {"done": 0, "failed": 1}
    (row,) = await rows_of(conn, made, viewer=by.viewer)
    assert "管辖范围" in row.said
