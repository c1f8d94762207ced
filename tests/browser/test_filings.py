"""A window from its notice into everybody's calendar, and a firm through it."""

import re
from datetime import date

import pytest
from icalendar import Calendar
from playwright.sync_api import Page, expect

from app.db import Conn
from app.reminders.jobs import plan_reminders
from tests import factories
from tests.browser.conftest import People, Site
from tests.calendars import read

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


def confirm(page: Page, window: object, due: str = "2027年6月25日") -> None:
    page.goto(f"/filings/{window}")
    page.get_by_role("link", name="按通知确认").click()
    page.get_by_label("企业提交截止").fill(due)
    page.get_by_label("文号").fill("粤科函产字〔2027〕1号")
    page.get_by_label("网址").fill("https://gdstc.gd.gov.cn/notice.html")
    page.get_by_label("读自").select_option("official")
    page.get_by_role("button", name="按通知确认").click()
    expect(page.locator("h1 + .chip")).to_have_text("已确认")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_confirmed_window_counts_down_and_comes_into_a_subscribed_calendar(
    people: People, site: Site, scripts: bool
) -> None:
    window = site.do(lambda conn: factories.window_id(conn, "hnte", 2027, 1))
    page = people.signed_in("officer", java_script_enabled=scripts)
    page.goto("/account/calendar")
    page.get_by_role("button", name="生成订阅地址").click()
    address = page.locator("#secret").inner_text()
    before = read(page.context.request.get(address).body())
    confirm(page, window)
    page.goto("/filings?year=2027")
    expect(page.get_by_role("heading", name="接下来")).to_be_visible()
    expect(page.locator(".lines .chip").first).to_have_text("214 天（154 个工作日）")
    new = {e.value("UID") for e in read(page.context.request.get(address).body()).parts}
    assert new - {e.value("UID") for e in before.parts} == {f"{window}-firm-due@tidu"}


def test_the_month_turns_by_keyboard_alone(people: People) -> None:
    page = people.signed_in("officer")
    page.goto("/filings?year=2026&view=month&month=12")
    following = page.get_by_role("link", name="2027年1月 ›")
    following.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("year=2027.*month=1"))
    expect(page.get_by_role("heading", name="2027 年申报日历")).to_be_visible()


def test_a_firm_walks_through_a_window_and_what_is_lacking_is_named(people: People, site: Site) -> None:
    window = site.do(lambda conn: factories.window_id(conn, "tech_sme", 2027, 1))
    code = site.do(lambda conn: factories.firm(conn, "开平市甲阀门有限公司"))
    page = people.signed_in("officer")
    confirm(page, window)
    page.get_by_role("link", name="申报企业").click()
    page.get_by_label("统一社会信用代码").fill(code)
    page.get_by_role("button", name="列入", exact=True).click()
    page.get_by_role("link", name="开平市甲阀门有限公司").click()
    page.get_by_label("已提交").check()
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".bullets")).to_contain_text("还缺材料")
    for material in ("科技型中小企业信息表", "盖章的信息表封面"):
        page.get_by_label(material).check()
    page.get_by_role("button", name="保存清单").click()
    page.get_by_label("已提交").check()
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".steps [aria-current]")).to_have_text("已提交")


def test_a_rule_is_previewed_put_to_work_and_its_reminder_received_acknowledged_and_in_the_calendar(
    people: People, site: Site
) -> None:
    async def concerned(conn: Conn) -> None:
        uscc = await factories.firm(conn, "开平市甲阀门有限公司")
        await factories.answer(conn, uscc, "met")
        await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))

    site.do(concerned)
    window = site.do(lambda conn: factories.window_id(conn, "hnte", 2027, 1))
    officer = people.signed_in("officer")
    confirm(officer, window, due="2026年12月11日")
    officer.goto("/reminders")
    officer.get_by_role("link", name="高企认定：企业提交截止").click()
    expect(officer.get_by_role("heading", name="会提醒 1 家")).to_be_visible()
    expect(officer.locator("main")).to_contain_text("开平市甲阀门有限公司")
    officer.get_by_role("button", name="看过了，启用").click()
    expect(officer.locator("h1 + .chip")).to_have_text("启用中")
    site.work(plan_reminders)
    clerk = people.signed_in("firm")
    clerk.goto("/inbox")
    expect(clerk.locator("tbody tr")).to_have_count(1)
    expect(clerk.locator("tbody b")).to_contain_text("企业提交截止")
    clerk.get_by_role("button", name="查看企业").click()
    clerk.goto("/inbox")
    expect(clerk.locator("tbody .chip")).to_have_text("已读")
    clerk.goto("/account/calendar")
    clerk.get_by_role("button", name="生成订阅地址").click()
    feed = Calendar.from_ical(clerk.context.request.get(clerk.locator("#secret").inner_text()).body())
    (event,) = [e for e in feed.events if e["UID"] == f"{window}-firm-due@tidu"]
    assert event.decoded("DTSTART") == date(2026, 12, 11)
    assert "高新技术企业认定" in event["SUMMARY"] or "高企认定" in event["SUMMARY"]
