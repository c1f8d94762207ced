"""An officer's morning on a narrow screen and by keyboard alone: the queue says whom to see about first and why, the
visit leaves a need and promises behind, and what is answered and done leaves the queue."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app.db import Conn
from tests import factories
from tests.browser.conftest import People, Site
from tests.browser.test_by_keyboard import PHONE, press
from tests.harness import NOON

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
FIRM = "开平市长沙卫浴有限公司"
TODAY = NOON.date()


async def _silent(conn: Conn) -> str:
    """Two of the officer's own, of equal weight: by name."""
    officer = await factories.person(conn, "officer")
    await factories.firm_on(conn, "eaglet", name="开平市靠后有限公司", officer_id=officer.id, next_touch_on=TODAY)
    ago = TODAY - timedelta(days=9)
    return await factories.firm_on(conn, "eaglet", name=FIRM, officer_id=officer.id, next_touch_on=ago)


def test_the_queue_leads_to_a_visit_and_what_it_leaves_behind_is_followed_answered_and_done(
    site: Site, people: People
) -> None:
    uscc = site.do(_silent)
    page = people.signed_in("officer", **PHONE)
    page.goto("/")
    first = page.locator("[aria-labelledby=h-queue] .lines li").first
    expect(first).to_contain_text(FIRM)
    expect(first).to_contain_text("已过 9 天")
    press(first.get_by_role("link", name=re.compile("^记走访")))
    _visit(page)
    expect(page).to_have_url(re.compile(f"/firms/{uscc}/work"))
    press(page.get_by_role("link", name=re.compile("^融资.*：八百万元")))
    _answer(page)
    page.goto(f"/firms/{uscc}/work")
    press(page.get_by_role("button", name=re.compile("^完成.*送去贴息办法")))
    expect(page.locator("#toasts")).to_contain_text(re.compile("完成"))
    press(page.locator(".rail").get_by_role("link", name="待办与诉求"))
    expect(page.get_by_text("送去贴息办法")).to_have_count(0)
    expect(page.get_by_text("补齐辅助账")).not_to_have_count(0)
    press(page.locator(".rail").get_by_role("link", name="今日"))
    expect(page.locator("[aria-labelledby=h-queue] .lines li").first).to_contain_text("开平市靠后有限公司")
    _on_the_board(page, uscc)


def _visit(page: Page) -> None:
    """Nothing is asked twice: what was promised without a day comes back in its place."""
    said = page.get_by_label(re.compile("^谈了什么"))
    expect(said).to_be_focused()
    page.keyboard.type("新厂房要贷款")
    page.get_by_label(re.compile("^我方答应的事")).focus()
    page.keyboard.type("送去贴息办法")
    page.get_by_label(re.compile("^企业答应的事")).focus()
    page.keyboard.type("补齐辅助账")
    press(page.locator("summary", has_text="企业提了诉求"))
    page.get_by_label("诉求类别").select_option("融资")
    page.get_by_label(re.compile("^企业诉求")).fill("八百万元技改贷款贴息")
    press(page.get_by_role("button", name="保存走访"))
    day = page.get_by_label(re.compile("^下次联系"))
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(said).to_have_value("新厂房要贷款")
    day.fill(f"{TODAY + timedelta(days=14)}")
    press(page.get_by_role("button", name="保存走访"))


def _answer(page: Page) -> None:
    step = page.get_by_label(re.compile("^办到了哪一步"))
    step.focus()
    page.keyboard.type("已转市科技金融中心")
    press(page.get_by_role("button", name="记录办理"))
    expect(page.locator("#main")).to_contain_text("已转市科技金融中心")
    press(page.get_by_role("button", name="办结这条诉求"))
    expect(page.get_by_label(re.compile("^怎样答复企业的"))).to_have_attribute("aria-invalid", "true")
    page.get_by_label(re.compile("^结果")).select_option("已解决")
    page.get_by_label(re.compile("^怎样答复企业的")).fill("贴息两成，三季度拨付")
    press(page.get_by_role("button", name="办结这条诉求"))
    expect(page.locator("#main")).to_contain_text("贴息两成，三季度拨付")


def _on_the_board(page: Page, uscc: str) -> None:
    """The card says what comes next, and the list shows as much of it as is asked for."""
    page.goto("/board?tier=eaglet")
    expect(page.locator(f"[data-uscc='{uscc}']")).to_contain_text(re.compile("(待办|约定联系) 还有 14 天"))
    page.goto("/firms")
    press(page.locator("summary", has_text="显示方式"))
    press(page.get_by_role("checkbox", name="最近联系"), "Space")
    press(page.get_by_role("button", name="保存显示方式"))
    expect(page.locator("tr", has_text=FIRM).locator("[data-label='最近联系']")).to_have_text(f"{TODAY}")
