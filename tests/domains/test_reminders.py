"""Planning: each step to each firm once, whenever and however often a run comes; nobody who has done it, nobody far."""

import asyncio
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.clock import BUSINESS_ZONE
from app.filings.applying import Step as AdvanceStep
from app.filings.applying import advance, list_firms
from app.filings.service import Revision, revise
from app.filings.stages import Stage
from app.filings.terms import Dates, WindowChange
from app.firms.terms import ContactDetails
from app.outbox.models import OutboxMessage
from app.reminders.jobs import plan_reminders
from app.reminders.models import Reminder, ReminderSkip
from tests import factories
from tests.harness import NOON, opened

DUE = date(2026, 12, 31)
MAIL = [ContactDetails("王五", "13800000001", "财务", "wang@example.invalid")]


def day(on: date, hour: int = 9) -> datetime:
    return datetime(on.year, on.month, on.day, hour, tzinfo=BUSINESS_ZONE)


async def ledger(conn, party="firm"):
    r = Reminder
    query = select(r.step, r.anchor_on, r.due_on, r.reason, r.state, r.firms).where(r.party == party)
    return [tuple(row) for row in await conn.execute(query.order_by(r.created_at, r.step, r.id))]


async def letters(conn):
    m = OutboxMessage
    address = m.payload["to"].astext
    query = select(address.label("address"), m.state, m.payload).where(m.kind == "reminder", m.channel == "email")
    return (await conn.execute(query.order_by(m.created_at, address))).all()


@pytest.fixture
async def window(conn):
    return await factories.window(conn, "hnte", 2027, 1, firm_due=DUE)


async def met_firm(conn, name=None, *, email="wang@example.invalid", **more):
    contacts = [ContactDetails("王五", "13800000001", "财务", email)] if email else None
    uscc = await factories.firm(conn, name, contacts=contacts, **more)
    await factories.answer(conn, uscc, "met")
    return uscc


async def test_a_year_of_days_says_each_step_once_on_its_day(conn, database, window):
    await met_firm(conn, "开平市达标机械有限公司")
    await factories.active_rule(conn, "hnte_due")
    on = date(2026, 11, 25)
    while on <= DUE + timedelta(days=5):
        await plan_reminders(database, at=day(on))
        await plan_reminders(database, at=day(on, 15))
        on += timedelta(days=1)
    assert await ledger(conn) == [
        ("firm:20w", DUE, date(2026, 12, 3), "met", "queued", 1),
        ("firm:10w", DUE, date(2026, 12, 17), "met", "queued", 1),
        ("firm:3w", DUE, date(2026, 12, 28), "met", "queued", 1),
    ]
    first, *_ = await letters(conn)
    assert opened(first.address) == "wang@example.invalid"
    assert first.payload["subject"] == (
        "【2027 年高新技术企业认定第一批】企业提交截止 2026-12-31，还有 28 天（20 个工作日）"
    )
    assert "开平市达标机械有限公司：" in first.payload["body"]
    assert "已达标" in first.payload["body"]
    assert "{" not in first.payload["body"]


async def test_a_rule_that_nobody_put_to_work_and_a_window_that_nobody_confirmed_remind_nobody(conn, database, window):
    await met_firm(conn)
    assert (await plan_reminders(database, at=day(date(2026, 12, 4))))["created"] == 0
    await factories.active_rule(conn, "tech_sme_due")
    assert (await plan_reminders(database, at=day(date(2026, 12, 4))))["created"] == 0
    assert await ledger(conn) == []


async def test_after_a_week_without_a_planner_only_the_most_urgent_step_is_said_and_the_others_are_noted(
    conn, database, window
):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due", planned_on=date(2026, 12, 2))
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    assert [row[0] for row in await ledger(conn)] == ["firm:3w"]
    skips = select(ReminderSkip.step, ReminderSkip.due_on, ReminderSkip.why).order_by(ReminderSkip.due_on)
    assert [tuple(r) for r in await conn.execute(skips)] == [
        ("firm:20w", date(2026, 12, 3), "后台停运期间"),
        ("firm:10w", date(2026, 12, 17), "后台停运期间"),
    ]


async def test_a_clock_that_goes_back_repeats_nothing(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    for back in (date(2026, 12, 23), date(2026, 12, 4), date(2026, 12, 29)):
        assert (await plan_reminders(database, at=day(back)))["created"] == 0


async def test_a_clock_that_jumps_a_year_says_nothing_stale(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due", planned_on=date(2026, 12, 2))
    assert (await plan_reminders(database, at=day(date(2028, 3, 1))))["created"] == 0


async def test_who_holds_the_title_beyond_the_windows_year_is_not_told_to_file(conn, database, window):
    """A certificate of 2024 is to be had anew in 2027, one of 2025 not before 2028."""
    for name, issued in (
        ("开平市续报机械有限公司", date(2024, 11, 28)),
        ("开平市持证机械有限公司", date(2025, 11, 28)),
    ):
        await factories.certificate(conn, await met_firm(conn, name), issued_on=issued)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 4)))
    (letter,) = await letters(conn)
    assert "开平市续报机械有限公司" in letter.payload["body"]


async def test_near_is_within_the_rules_limits_and_far_firms_hear_nothing(conn, database, window):
    for missed, shortfall in ((1, "0.10"), (1, "0.101"), (2, "0.01"), (1, None)):
        uscc = await factories.firm(conn, contacts=MAIL)
        await factories.answer(conn, uscc, "not_met", missed=missed, shortfall=shortfall)
    await factories.active_rule(conn, "hnte_due", near_missed=1, near_percent=10)
    await plan_reminders(database, at=day(date(2026, 12, 4)))
    assert [row[3] for row in await ledger(conn)] == ["near"]
    (letter,) = await letters(conn)
    assert "差 1 项" in letter.payload["body"]


async def test_who_has_handed_in_or_will_not_file_hears_no_more_and_what_waits_for_the_morning_is_taken_back(
    conn, database, window
):
    officer = await factories.person(conn, "officer")
    handed_in, unwilling, idle = [await met_firm(conn) for _ in range(3)]
    await factories.active_rule(conn, "hnte_due")
    evening = day(date(2026, 12, 3), 20)
    assert (await plan_reminders(database, at=evening))["created"] == 3
    made = await list_firms(conn, window, [handed_in, unwilling, idle], by=officer.actor, at=evening)
    for application, to in ((made[0], Stage.SUBMITTED), (made[1], Stage.WITHDRAWN)):
        asked = AdvanceStep(to, None, evening.date(), "材料齐全，已在省平台提交", None)
        await advance(conn, application, asked, by=officer.actor, at=evening)
    await plan_reminders(database, at=day(date(2026, 12, 4), 8))
    assert sorted(row.state for row in await letters(conn)) == ["pending", "withdrawn", "withdrawn"]
    await plan_reminders(database, at=day(date(2026, 12, 18)))
    later = select(Reminder.firm_id).where(Reminder.step == "firm:10w")
    assert (await conn.execute(later)).scalars().all() == [await factories.id_of(conn, idle)]


async def test_what_is_written_at_night_or_on_a_day_off_is_sent_when_the_office_opens(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 5), 10))
    m = OutboxMessage
    due, holds = (await conn.execute(select(m.next_attempt_at, m.holds).where(m.channel == "email"))).one()
    assert due == day(date(2026, 12, 7), 8) + timedelta(minutes=30)
    assert holds
    (letter,) = await letters(conn)
    assert "还有 24 天" in letter.payload["subject"]  # counted from the day on which it is read


async def test_what_is_read_in_the_house_at_once_counts_from_today_as_its_pages_do(conn, database, window):
    uscc = await met_firm(conn)
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 5), 10))
    m = OutboxMessage
    told = (await conn.execute(select(m.payload["subject"].astext).where(m.user_id == clerk.viewer.id))).scalars().all()
    assert told == ["【2027 年高新技术企业认定第一批】企业提交截止 2026-12-31，还有 26 天（19 个工作日）"]


async def extend(conn, window, to, kind=WindowChange.EXTENDED, **more):
    officer = await factories.person(conn, "officer")
    asked = Revision(kind, None, Dates(firm_due=to), factories.NOTICE, "按通知")
    await revise(conn, window, asked, by=officer.actor, at=more.pop("at", NOON))


async def test_a_changed_date_is_told_once_to_those_who_were_told_the_old_one(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    await conn.execute(update(OutboxMessage).values(state="sent"))
    await met_firm(conn, email="late@example.invalid")
    await extend(conn, window, date(2027, 1, 29), at=day(date(2026, 12, 29), 10))
    for on in (date(2026, 12, 29), date(2026, 12, 30), date(2026, 12, 31)):
        await plan_reminders(database, at=day(on, 11))
    told = [
        (opened(row.address), row.payload["subject"]) for row in await letters(conn) if "变更" in row.payload["subject"]
    ]
    assert told == [("wang@example.invalid", "【日期变更】2027 年高新技术企业认定第一批企业提交截止改为 2027-01-29")]
    body = (await letters(conn))[-1].payload["body"]
    assert "2026-12-31" in next(r.payload["body"] for r in await letters(conn) if "变更" in r.payload["subject"])
    assert "{" not in body
    # A second extension is another change, and the steps begin anew before a date that lies a month on.
    await conn.execute(update(OutboxMessage).values(state="sent"))
    await extend(conn, window, date(2027, 2, 26), at=day(date(2027, 1, 4)))
    await plan_reminders(database, at=day(date(2027, 1, 4), 11))
    steps = [row[0] for row in await ledger(conn)]
    assert [s for s in steps if s.startswith("changed")] == ["changed:firm_due:v3", "changed:firm_due:v4"]


async def test_a_date_put_right_by_a_day_repeats_no_step(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    await conn.execute(update(OutboxMessage).values(state="sent"))
    await extend(conn, window, date(2026, 12, 30), WindowChange.CORRECTED, at=day(date(2026, 12, 29), 10))
    await plan_reminders(database, at=day(date(2026, 12, 29), 11))
    assert [row[0] for row in await ledger(conn)] == ["firm:3w", "changed:firm_due:v3"]


async def test_what_was_not_sent_yet_moves_with_its_date_and_nobody_is_told_of_a_change(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 28), 20))
    await extend(conn, window, date(2027, 1, 29), at=day(date(2026, 12, 28), 21))
    await plan_reminders(database, at=day(date(2026, 12, 29), 8))
    assert [row[0] for row in await ledger(conn) if row[4] != "withdrawn"] == []
    assert [row.state for row in await letters(conn)] == ["withdrawn"]
    await plan_reminders(database, at=day(date(2027, 1, 5)))
    assert [(row[0], row[1]) for row in await ledger(conn) if row[4] == "queued"] == [("firm:20w", date(2027, 1, 29))]


async def test_a_withdrawn_confirmation_is_told_once(conn, database, window):
    await met_firm(conn)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    await conn.execute(update(OutboxMessage).values(state="sent"))
    await extend(conn, window, None, WindowChange.WITHDRAWN, at=day(date(2026, 12, 29), 10))
    for hour in (11, 12, 13):
        await plan_reminders(database, at=day(date(2026, 12, 29), hour))
    assert [row[0] for row in await ledger(conn)] == ["firm:3w", "changed:firm_due:gone:v3"]
    assert "另行通知" in (await letters(conn))[-1].payload["subject"]


async def test_no_firm_hears_more_a_week_than_the_limit_but_for_duties_by_law(conn, database, window):
    uscc = await met_firm(conn)
    await factories.answer(conn, uscc, "met", policy="tech_sme")
    await factories.certificate(conn, uscc)
    await conn.execute(text("UPDATE reminder_settings SET weekly_cap = 1"))
    for programme, batch in (("tech_sme", 1), ("hnte_annual_report", 0)):
        await factories.window(conn, programme, 2027, batch, firm_due=DUE)
    for code in ("hnte_due", "tech_sme_due", "hnte_annual_report"):
        await factories.active_rule(conn, code)
    report = await plan_reminders(database, at=day(date(2026, 12, 28)))
    assert [row[3] for row in await ledger(conn)] == ["holders"]
    assert report["skipped"] >= 2


async def test_a_held_back_reminder_comes_when_the_week_is_over(conn, database):
    uscc = await met_firm(conn)
    await factories.answer(conn, uscc, "met", policy="tech_sme")
    await conn.execute(text("UPDATE reminder_settings SET weekly_cap = 1"))
    await factories.window(conn, "hnte", 2027, 1, firm_due=DUE)
    await factories.window(conn, "tech_sme", 2027, 1, firm_due=DUE)
    for code in ("hnte_due", "tech_sme_due"):
        await factories.active_rule(conn, code)
    await plan_reminders(database, at=day(date(2026, 12, 10)))
    assert len(await ledger(conn)) == 1
    await plan_reminders(database, at=day(date(2026, 12, 17), 10))
    assert len(await ledger(conn)) == 2


async def test_a_firm_that_no_message_reaches_is_a_call_for_whoever_looks_after_it(conn, database, window):
    officer = await factories.person(conn, "officer")
    await met_firm(conn, "开平市无邮箱有限公司", email=None, officer_id=officer.id)
    await factories.active_rule(conn, "hnte_due")
    for _ in range(2):
        await plan_reminders(database, at=day(date(2026, 12, 4)))
    assert [row[4] for row in await ledger(conn)] == ["unreachable"]
    m = OutboxMessage
    (told,) = (await conn.execute(select(m.user_id, m.payload).where(m.kind == "reminder"))).all()
    assert told.user_id == officer.id
    assert told.payload["subject"].startswith(
        "1 家企业系统发不到，请电话提醒：2027 年高新技术企业认定第一批企业提交截止"
    )


async def test_the_officer_then_the_manager_hears_of_those_who_have_not_filed_in_one_message(conn, database, window):
    officer, manager = await factories.person(conn, "officer"), await factories.person(conn, "manager")
    await factories.person(conn, "manager-elsewhere", scope="440784")
    for n in range(7):
        await met_firm(conn, f"开平市第{n}机械有限公司", officer_id=officer.id if n else None)
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 24)))
    assert [(row[0], row[5]) for row in await ledger(conn, "officer")] == [("officer:5w", 7)]
    assert await ledger(conn, "manager") == []
    await plan_reminders(database, at=day(date(2026, 12, 29)))
    assert [(row[0], row[5]) for row in await ledger(conn, "manager")] == [("manager:2w", 7)]
    m = OutboxMessage
    query = select(m.payload).where(m.user_id == manager.id)
    (payload,) = (await conn.execute(query)).scalars().all()
    assert payload["subject"].startswith("7 家企业还没有提交")
    assert payload["body"].startswith("开平市第0机械有限公司、")
    assert "等。" in payload["body"]


async def test_a_certificate_is_reminded_of_until_a_younger_one_is_there(conn, database):
    uscc = await factories.firm(conn, contacts=MAIL)
    await factories.certificate(conn, uscc, issued_on=date(2024, 2, 1))
    await factories.active_rule(conn, "hnte_expiry")
    await plan_reminders(database, at=NOON)
    assert await ledger(conn) == [("firm:90d", date(2027, 2, 1), date(2026, 11, 3), "holders", "queued", 1)]
    await factories.certificate(conn, uscc, issued_on=date(2026, 12, 20), at=NOON)
    await plan_reminders(database, at=day(date(2027, 1, 10)))
    assert len(await ledger(conn)) == 1


async def test_what_an_officer_hears_of_one_days_certificates_settles_nothing_of_the_next_days(conn, database):
    officer = await factories.person(conn, "officer")
    for issued in (date(2024, 1, 25), date(2024, 1, 27)):
        uscc = await factories.firm(conn, f"开平市{issued.day}日有限公司", officer_id=officer.id, contacts=MAIL)
        await factories.certificate(conn, uscc, issued_on=issued)
    await factories.active_rule(conn, "hnte_expiry", planned_on=date(2026, 11, 25))
    for on in (date(2026, 11, 26), date(2026, 11, 28), date(2026, 11, 28)):
        await plan_reminders(database, at=day(on))
    assert [row[:2] for row in await ledger(conn, "officer")] == [
        ("officer:60d", date(2027, 1, 25)),
        ("officer:60d", date(2027, 1, 27)),
    ]
    told = select(OutboxMessage.payload).where(OutboxMessage.user_id == officer.id).order_by(OutboxMessage.id)
    subjects = sorted(p["subject"].rsplit("：", 1)[1] for p in (await conn.execute(told)).scalars())
    assert subjects == ["开平市25日有限公司", "开平市27日有限公司"]


async def test_a_firm_of_another_province_or_no_longer_in_business_is_nobody_to_remind(conn, database, window):
    await met_firm(conn)
    gone = await met_firm(conn)
    await conn.execute(text("UPDATE firms SET status = 'deregistered' WHERE uscc = :c"), {"c": gone})
    await conn.execute(text("UPDATE filing_windows SET region = '450000' WHERE id = :w"), {"w": window})
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 4)))
    assert await ledger(conn) == []


async def test_a_name_that_looks_like_a_field_is_only_a_name(conn, database, window):
    await met_firm(conn, "开平市{差距}{日期}有限公司")
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=day(date(2026, 12, 4)))
    assert (await letters(conn))[0].payload["body"].startswith("开平市{差距}{日期}有限公司：")


@pytest.mark.db_commit
async def test_two_planners_at_once_write_each_reminder_once(fresh_database):
    async with fresh_database.transaction() as conn:
        await factories.window(conn, "hnte", 2027, 1, firm_due=DUE)
        for _ in range(40):
            await met_firm(conn)
        await factories.active_rule(conn, "hnte_due")
    at = day(date(2026, 12, 4))
    reports = await asyncio.gather(*(plan_reminders(fresh_database, at=at) for _ in range(4)))
    assert sum(r["created"] for r in reports) == 40
    async with fresh_database.transaction() as conn:
        assert len(await ledger(conn)) == len(await letters(conn)) == 40
        same = select(Reminder.id).join(OutboxMessage, OutboxMessage.id == Reminder.id)
        assert len((await conn.execute(same)).all()) == 40
