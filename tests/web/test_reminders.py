"""提醒 as people use it: look whom a rule reaches, put it to work, pause, edit, and read the ledger."""

import re
from datetime import date

import pytest
from sqlalchemy import select, text

from app.access.terms import Role
from app.audit.models import AuditEvent
from app.firms.terms import ContactDetails
from app.reminders.jobs import plan_reminders
from app.reminders.models import ReminderRule, ReminderTemplate
from tests import factories, houses
from tests.factories import OTHER_TOWN
from tests.harness import NOON

MAIL = [ContactDetails("王五", "13800000001", "财务", "wang@example.invalid")]


async def rule_id(conn, code):
    return (await conn.execute(select(ReminderRule.id).where(ReminderRule.code == code))).scalar_one()


async def state_of(conn, code):
    return (await conn.execute(select(ReminderRule.state).where(ReminderRule.code == code))).scalar_one()


@pytest.fixture
async def firms(conn):
    """One that is met and has an address, one just below, one far off, one that has handed in."""
    await factories.window(conn, "hnte", 2027, 1, firm_due=date(2026, 12, 11))
    names = {}
    answers = {
        "met": {"outcome": "met"},
        "near": {"outcome": "not_met", "missed": 1, "shortfall": "0.05"},
        "far": {"outcome": "not_met", "missed": 4, "shortfall": "0.9"},
        "unknown": {"outcome": "unknown", "lacking": 3},
    }
    for which, said in answers.items():
        contacts = MAIL if which == "met" else None
        uscc = await factories.firm(conn, f"开平市{which}机械有限公司", contacts=contacts)
        await factories.answer(conn, uscc, **said)
        names[which] = uscc
    return names


async def test_a_preview_names_who_gets_what_on_which_day_and_who_does_not_and_why(conn, client_as, firms):
    officer = await client_as("officer")
    page = await officer.get(f"/reminders/{await rule_id(conn, 'hnte_due')}")
    assert page.status_code == 200
    for said in (
        "2026-11-27",
        "2026-12-08",
        "会提醒 2 家",
        "开平市met机械有限公司",
        "差一点达标 · 差 1 项",
        "系统发不到",
    ):
        assert said in page.text, said
    assert "差距超出范围 1 家" in page.text
    assert "缺数据，判断不了 1 家" in page.text
    assert "2027 年高新技术企业认定第一批" in page.text


async def test_a_town_sees_its_own_firms_in_a_preview(conn, client_as, firms):
    uscc = await factories.firm(conn, "开平市邻镇机械有限公司", region=OTHER_TOWN)
    await factories.answer(conn, uscc, "met")
    town = await client_as("town")
    page = await town.get(f"/reminders/{await rule_id(conn, 'hnte_due')}")
    assert "邻镇" not in page.text
    assert "会提醒 2 家" in page.text
    assert "看过了，启用" not in page.text


async def test_a_rule_is_put_to_work_as_it_was_shown_paused_and_not_twice(conn, client_as, firms):
    officer, which = await client_as("officer"), await rule_id(conn, "hnte_due")
    stale = await officer.post(f"/reminders/{which}/activate", data={"expected": "7"})
    assert stale.status_code == 412
    assert await state_of(conn, "hnte_due") == "draft"
    done = await officer.post(f"/reminders/{which}/activate", data={"expected": "1"})
    assert done.status_code == 303
    again = await officer.post(f"/reminders/{which}/activate", data={"expected": "2"})
    assert again.status_code == 409
    assert "已经启用" in again.text
    assert (await officer.post(f"/reminders/{which}/pause")).status_code == 303
    assert await state_of(conn, "hnte_due") == "paused"
    acts = (
        select(AuditEvent.action)
        .where(AuditEvent.object_type == "reminder_rule")
        .order_by(AuditEvent.at, AuditEvent.id)
    )
    assert (await conn.execute(acts)).scalars().all() == ["reminder:rule:activated", "reminder:rule:paused"]


async def test_an_edit_stops_a_rule_until_somebody_has_looked_again(conn, client_as, firms):
    officer, which = await client_as("officer"), await rule_id(conn, "hnte_due")
    await officer.post(f"/reminders/{which}/activate", data={"expected": "1"})
    form = {
        "title": "高企：提交截止", "audience": ["met", "near"], "near_missed": "2", "near_percent": "２０",
        "party_0": "firm", "count_0": "7", "unit_0": "days", "party_1": "officer", "count_1": "", "unit_1": "days",
        "template": "filing", "expected": "2",
    }  # fmt: skip
    done = await officer.post(f"/reminders/{which}/edit", data=form)
    assert done.status_code == 303
    row = (await conn.execute(select(ReminderRule.__table__).where(ReminderRule.id == which))).one()
    assert (row.state, row.version, row.near_percent) == ("paused", 3, 20)
    assert row.steps == [{"count": 7, "unit": "days", "party": "firm"}]
    late = await officer.post(f"/reminders/{which}/edit", data=form)
    assert late.status_code == 412
    assert "刚被别人改过" in late.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"title": ""}, "请填写"),
        ({"audience": []}, "至少选一类"),
        ({"near_missed": "0"}, "1 到 9"),
        ({"near_percent": "101"}, "1 到 100"),
        ({"count_0": "十"}, "请填整数"),
        ({"count_0": "9999"}, "400 以内"),
        ({"party_0": "everybody"}, "从下拉里选"),
        ({"count_0": ""}, "1 到 10 步"),
        ({"template": "nothing"}, "没有这份文字"),
    ],
)
async def test_what_cannot_be_a_rule_is_said_by_field_and_nothing_typed_is_lost(conn, client_as, change, said):
    officer, which = await client_as("officer"), await rule_id(conn, "hnte_due")
    form = {
        "title": "留下的名称", "audience": ["met"], "near_missed": "1", "near_percent": "10",
        "party_0": "firm", "count_0": "7", "unit_0": "days", "template": "filing", "expected": "1", **change,
    }  # fmt: skip
    answer = await officer.post(f"/reminders/{which}/edit", data=form)
    assert answer.status_code == 422
    assert said in answer.text
    if "title" not in change:
        assert "留下的名称" in answer.text
    assert (await conn.execute(select(ReminderRule.version).where(ReminderRule.id == which))).scalar_one() == 1


async def test_a_text_is_shown_filled_in_before_it_is_kept_as_a_new_version(conn, client_as):
    officer = await client_as("officer")
    form = {"subject": "请看 {事项}", "body": "{企业}，{日期}", "staff_subject": "{家数} 家", "staff_body": "{名单}"}

    async def post(act, expected="1", **change):
        asked = {**form, "expected": expected, "act": act, **change}
        return await officer.post("/reminders/texts/filing", data=asked)

    shown = await post("show")
    assert "请看 2027 年高新技术企业认定第一批" in shown.text
    assert "还没有保存" in shown.text
    t = ReminderTemplate
    versions = select(t.version).where(t.code == "filing").order_by(t.version)
    assert (await conn.execute(versions)).scalars().all() == [1]
    assert (await post("save")).status_code == 303
    assert (await conn.execute(versions)).scalars().all() == [1, 2]
    stale = await post("save")
    assert stale.status_code == 412
    wrong = await officer.post(
        "/reminders/texts/filing", data={**form, "body": "{口令}", "expected": "2", "act": "save"}
    )
    assert wrong.status_code == 422
    assert "没有“{口令}”这一项" in wrong.text


async def test_the_weekly_limit_is_a_number_that_makes_sense(conn, client_as):
    officer = await client_as("officer")
    assert (await officer.post("/reminders/cap", data={"weekly_cap": "5"})).status_code == 303
    for wrong in ("0", "51", "三", ""):
        assert (await officer.post("/reminders/cap", data={"weekly_cap": wrong})).status_code == 422
    assert (await conn.execute(text("SELECT weekly_cap FROM reminder_settings"))).scalar_one() == 5


async def test_the_ledger_on_the_page_and_over_json_says_who_was_reminded_and_what_became_of_it(
    conn, database, client_as, api_as, firms
):
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=NOON)
    officer, api = await client_as("officer"), await api_as("officer")
    page = await officer.get("/reminders/sent")
    assert "开平市met机械有限公司" in page.text
    assert "待发" in page.text
    assert "系统发不到" in page.text
    items = (await api.get("/api/v1/reminders", params={"firm": firms["met"]})).json()["items"]
    (item,) = items
    assert (item["party"], item["step"], item["state"], item["message"]) == ("firm", "firm:20w", "queued", "pending")
    window = await factories.window_id(conn, "hnte", 2027, 1)
    everything = (await api.get("/api/v1/reminders", params={"window": str(window), "limit": 1})).json()
    assert everything["next"]
    following = {"window": str(window), "cursor": everything["next"]}
    assert (await api.get("/api/v1/reminders", params=following)).json()["items"][0]["id"] != everything["items"][0][
        "id"
    ]


async def test_a_town_reads_the_ledger_of_its_own_firms_only(conn, database, client_as, api_as, firms):
    uscc = await factories.firm(conn, "开平市邻镇机械有限公司", region=OTHER_TOWN, contacts=MAIL)
    await factories.answer(conn, uscc, "met")
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=NOON)
    town, api = await client_as(Role.TOWN), await api_as("town")
    assert "邻镇" not in (await town.get("/reminders/sent")).text
    assert (await api.get("/api/v1/reminders", params={"firm": uscc})).json()["items"] == []


async def test_an_officer_opens_the_list_from_the_message_in_the_house(conn, database, client_as, firms):
    officer = await factories.person(conn, "officer")
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=NOON)
    client = await client_as(officer)
    inbox = await client.get("/inbox")
    assert "1 家企业系统发不到，请电话提醒" in inbox.text
    assert "查看名单" in inbox.text
    (which,) = re.findall(r'action="(/inbox/[^"]+/open)"', inbox.text)
    listed = await client.post(which)
    there = listed.headers["location"]
    assert re.fullmatch(r"/reminders/[0-9a-f-]{36}\?on=[0-9-]{10}", there)
    page = (await client.get(there)).text
    assert "只列" in page
    assert page.count('class="panel near stack"') == 1
    assert (await client.get(there.replace("on=", "on=x"))).status_code == 422


async def test_the_incubation_clocks_preview_names_who_is_where_and_its_steps_never_speak_to_firms(conn, client_as):
    held = await houses.carrier(conn)
    stay = {"since": date(2023, 3, 1), "until": None}
    await houses.tenancy(conn, held, await houses.space(conn, held), "示例团队", **stay)
    officer, which = await client_as("officer"), await rule_id(conn, "stay_limit")
    page = await officer.get(f"/reminders/{which}")
    for said in ("孵化期限 <small>", "2027-03-01", "前 3 个月", "载体运营人员", "示例团队", "示例孵化器 A 座 3层 301"):
        assert said in page.text, said
    other = await client_as("town-2", scope=OTHER_TOWN)
    assert "示例团队" not in (await other.get(f"/reminders/{which}")).text
    form = await officer.get(f"/reminders/{which}/edit")
    assert ">企业</option>" not in form.text
    assert "个月</option>" in form.text
    typed = {"title": "孵化期限", "near_missed": "1", "near_percent": "10", "template": "stay", "expected": "1"}
    firm = {**typed, "party_0": "firm", "count_0": "3", "unit_0": "months"}
    wrong = await officer.post(f"/reminders/{which}/edit", data=firm)
    assert (wrong.status_code, "有一步的对象不适用于这种日期" in wrong.text) == (422, True)
    kept = {**typed, "party_0": "carrier", "count_0": "5", "unit_0": "months"}
    assert (await officer.post(f"/reminders/{which}/edit", data=kept)).status_code == 303
    assert "前 5 个月" in (await officer.get(f"/reminders/{which}")).text
