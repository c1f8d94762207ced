"""The incubation clock: whoever runs a carrier hears of each step once, and of nobody who has renewed or left."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.carriers.letting import end, renew
from app.carriers.queries import carrier_by_id
from app.carriers.service import add_title, edit, settle_duty
from app.carriers.stay_terms import Ending, EndReason
from app.carriers.terms import CarrierEntry, CarrierLevel, Title
from app.clock import BUSINESS_ZONE
from app.collecting.service import close_round, held_open, open_round
from app.collecting.terms import Period
from app.db import new_id
from app.incubation.disagreeing import to_do
from app.outbox.models import OutboxMessage
from app.reminders.jobs import plan_reminders
from app.reminders.ledger import ledger
from app.reminders.models import Reminder
from tests import factories, houses

SINCE, UNTIL = date(2024, 3, 1), date(2027, 6, 30)  # the limit of 48 months is 2028-03-01


def day(on, hour=9):
    return datetime(on.year, on.month, on.day, hour, tzinfo=BUSINESS_ZONE)


async def told(conn, who):
    m = OutboxMessage
    query = select(m.payload).where(m.kind == "reminder", m.user_id == who.id).order_by(m.created_at)
    return [row.payload for row in await conn.execute(query)]


async def steps(conn):
    r = Reminder
    query = select(r.step, r.anchor_on, r.due_on).order_by(r.due_on, r.step)
    return [tuple(row) for row in await conn.execute(query)]


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn)


@pytest.fixture
async def operator(conn, held):
    return await houses.operator(conn, held)


async def let(conn, held, room, who, **more):
    return await houses.tenancy(conn, held, await houses.space(conn, held, room), who, **{"since": SINCE, **more})


async def test_months_of_the_limit_are_said_once_each_to_the_operator_and_the_last_to_the_bureau(
    conn, database, held, operator
):
    officer = await factories.person(conn, "officer")
    await let(conn, held, "301", "示例团队", until=None)
    await let(conn, held, "302", await factories.firm(conn, "开平市时钟机械有限公司"), until=None)
    await let(conn, held, "303", "普通租户", until=None, incubates=False)
    await factories.active_rule(conn, "stay_limit")
    on = date(2027, 2, 24)
    while on < date(2027, 3, 4):
        await plan_reminders(database, at=day(on))
        await plan_reminders(database, at=day(on, 15))
        on += timedelta(days=1)
    for late in (date(2027, 9, 6), date(2027, 12, 2), date(2027, 12, 3), date(2028, 2, 29)):
        await plan_reminders(database, at=day(late))
    limit = date(2028, 3, 1)
    assert await steps(conn) == [
        *[("carrier:12m", limit, date(2027, 3, 1))] * 2,
        *[("carrier:6m", limit, date(2027, 9, 1))] * 2,
        *[("carrier:3m", limit, date(2027, 12, 1))] * 2,
        *[("officer:3m", limit, date(2027, 12, 1))] * 2,
    ]
    heard = await told(conn, operator)
    assert heard[0]["subject"].startswith("2 份租约的孵化期限 2028-03-01 届满，还有 366 天（")
    assert (
        "开平市时钟机械有限公司（A 座 3层 302，2028-03-01）、示例团队（A 座 3层 301，2028-03-01）" in heard[0]["body"]
    )
    assert "普通租户" not in heard[0]["body"]
    assert "{" not in heard[0]["body"]
    assert "待核实" in heard[0]["body"]
    assert len(heard) == 3
    assert "（示例孵化器 A 座 3层 301，" in (await told(conn, officer))[0]["body"]
    lines = await ledger(conn, viewer=officer.viewer)
    assert len(lines) == 8
    assert {line.firm_name for line in lines} == {"开平市时钟机械有限公司", None}


async def test_a_lease_renewed_and_a_stay_that_ended_are_not_spoken_of_again(conn, database, held, operator):
    officer = await factories.person(conn, "officer")
    renewed = await let(conn, held, "301", "续租团队", until=UNTIL)
    left = await let(conn, held, "302", "退出团队", until=UNTIL)
    await let(conn, held, "303", "没动的团队", until=UNTIL)
    for code in ("lease_end", "lease_over"):
        await factories.active_rule(conn, code)
    first = day(date(2027, 4, 1))
    assert (await plan_reminders(database, at=first))["created"] == 3
    await renew(conn, renewed, until=date(2028, 6, 30), version=1, by=officer.actor, at=first)
    out = Ending(date(2027, 4, 1), EndReason.MOVED_OUT, late="补登记")
    await end(conn, left, out, version=1, by=officer.actor, at=first)
    assert (await plan_reminders(database, at=day(date(2027, 5, 31))))["created"] == 1
    assert (await plan_reminders(database, at=day(UNTIL)))["created"] == 0
    assert (await plan_reminders(database, at=day(date(2027, 7, 1))))["created"] == 1
    assert [one["body"].split("（")[0] for one in (await told(conn, operator))[1:]] == ["没动的团队"] * 2
    said = (await told(conn, operator))[-1]["subject"]
    assert said.startswith("1 份租约 2027-06-30 已到期，还没有登记续租或退出：没动的团队（")


async def test_an_overstay_is_the_bureaus_where_nobody_runs_the_carrier_and_another_operator_hears_nothing(
    conn, database, held
):
    officer = await factories.person(conn, "officer")
    other = await houses.operator(conn, await houses.carrier(conn, "另一家孵化器"))
    await let(conn, held, "301", "超期团队", until=None)
    await factories.active_rule(conn, "stay_over")
    assert (await plan_reminders(database, at=day(date(2028, 2, 29))))["created"] == 0
    await plan_reminders(database, at=day(date(2028, 3, 1)))
    assert [one["subject"].split("（")[0] for one in await told(conn, officer)] == [
        "1 份租约的孵化期限 2028-03-01 已满，还没有登记毕业或退出：超期团队"
    ]
    assert await told(conn, other) == []


async def test_a_month_is_told_to_operators_then_to_the_bureau_until_it_is_closed_and_only_once_switched_on(
    conn, database, operator
):
    officer = await factories.person(conn, "officer")
    city = await houses.carrier(conn, "市级孵化器", level=CarrierLevel.MUNICIPAL)
    other = await houses.carrier(conn, "另一家市级孵化器", level=CarrierLevel.MUNICIPAL)
    runs, idles = await houses.operator(conn, city, "carrier-2"), await houses.operator(conn, other, "carrier-3")
    await plan_reminders(database, at=day(date(2026, 12, 2)))
    assert await told(conn, idles) == [], "off until somebody switches it on"
    for code in ("carrier_month", "carrier_month_review"):
        await factories.active_rule(conn, code, at=day(date(2026, 12, 1)))
    made = await open_round(
        conn, city, Period(2026, 0, 11), due_on=date(2026, 12, 4), by=runs.actor, at=day(date(2026, 12, 1))
    )
    held = await held_open(conn, made, by=runs.actor)
    await close_round(conn, held, {}, problems=(), despite="", version=1, by=runs.actor, at=day(date(2026, 12, 1)))
    for on in (1, 2, 3, 4, 5, 6, 7):
        await plan_reminders(database, at=day(date(2026, 12, on)))
    assert [one["subject"] for one in await told(conn, idles)] == [
        "载体月报 2026-12-04 前报送，还有 2 天（2 个工作日）",
        "载体月报 2026-12-04 前报送，就在今天",
    ]
    assert await told(conn, runs) == [], "who has closed the month hears nothing"
    assert await told(conn, operator) == [], "a county's carrier reports no months"
    (late,) = await told(conn, officer)
    assert "另一家市级孵化器。县级 6 日前审核" in late["body"]
    await plan_reminders(database, at=day(date(2027, 1, 4)))
    assert "2027-01-04" in (await told(conn, runs))[-1]["subject"], "the next month is another one"


async def test_a_change_is_to_be_reported_within_three_months_and_said_until_it_is_done(conn, database, held, operator):
    """国科发区〔2018〕300号 第十五条."""
    officer = await factories.person(conn, "officer")
    await factories.active_rule(conn, "carrier_duty")
    entry = CarrierEntry(**{name: getattr(held, name) for name in CarrierEntry.__dataclass_fields__})
    entry, on = replace(entry, name="改名孵化器"), date(2026, 11, 30)
    assert await edit(conn, held.id, entry, version=1, changed_on=on, by=officer.actor, at=day(on))
    (duty,), *_ = await to_do(conn, held.id, viewer=officer.viewer, today=on)
    assert (duty.due_on, duty.done_on) == (date(2027, 2, 28), None)
    for passed in (date(2027, 1, 28), date(2027, 1, 29), date(2027, 1, 30), date(2027, 2, 28)):
        await plan_reminders(database, at=day(passed))
    said = [one["subject"].partition("（")[0] for one in await told(conn, operator)]
    assert said == ["1 项载体义务 2027-02-28 到期，还有 30 天", "1 项载体义务 2027-02-28 到期，就在今天：报告名称变更"]
    assert "报告名称变更（2026-11-30）（2027-02-28）" in (await told(conn, operator))[0]["body"]
    assert await told(conn, officer) == []
    await plan_reminders(database, at=day(date(2027, 3, 1)))
    (late,) = await told(conn, officer)
    assert "改名孵化器 报告名称变更" in late["body"]
    carrier = await carrier_by_id(conn, held.id, viewer=operator.viewer)
    assert await settle_duty(conn, carrier, duty.id, on=date(2027, 3, 2), by=operator.actor, at=day(date(2027, 3, 2)))
    title = Title(new_id(), CarrierLevel.MUNICIPAL, "市级孵化器", "示例文号", date(2024, 4, 1), date(2027, 4, 1))
    await add_title(conn, carrier, title, by=officer.actor, at=day(date(2027, 3, 2)))
    ended = replace(title, name="县级孵化器", valid_until=date(2027, 3, 1))
    await add_title(conn, carrier, ended, by=officer.actor, at=day(date(2027, 3, 2)))
    (review, _), *_ = await to_do(conn, held.id, viewer=officer.viewer, today=on)
    assert (review.what, review.due_on) == ("市级孵化器有效期到，办理复核", date(2027, 4, 1))
    await settle_duty(conn, carrier, review.id, on=on, by=operator.actor, at=day(on))
    for passed in (date(2027, 3, 3), date(2027, 4, 2)):
        await plan_reminders(database, at=day(passed))
    assert len(await told(conn, operator)) == 2, "what is done is not spoken of again"
