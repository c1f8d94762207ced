"""A window from its notice into everybody's calendar, and a firm through it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import People, Site
from tests.calendars import read

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


def confirm(page: Page, window: object) -> None:
    page.goto(f"/filings/{window}")
    page.get_by_role("link", name="按通知确认").click()
    page.get_by_label("企业提交截止").fill("2027年6月25日")
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
