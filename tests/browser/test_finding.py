"""Finding firms and writing about them: search, filters, pages, forms that keep what was typed."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.db import Conn
from app.firms.models import Firm
from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


async def _firm(conn: Conn) -> str:
    return await factories.firm(conn, "开平市水口红旗水暖有限公司")


def test_slash_opens_the_search_arrows_walk_the_answers_and_enter_opens_the_firm(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer")
    page.goto("/board")
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="搜索企业")
    expect(box).to_be_focused()
    page.keyboard.type("水暖")
    hit = page.locator("#hits").get_by_role("link", name=re.compile("红旗水暖"))
    expect(hit).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(hit).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(hit).to_be_hidden()
    page.locator(".brand").focus()
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/firms/{uscc}$"))


def test_the_search_box_is_a_plain_form_without_javascript(site: Site, people: People) -> None:
    site.do(_firm)
    page = people.signed_in("officer", java_script_enabled=False)
    page.goto("/board")
    page.get_by_role("searchbox", name="搜索企业").fill("hqsn")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=re.compile("红旗水暖"))).to_be_visible()


def test_the_filter_lives_in_the_address_and_chips_take_it_back(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.get_by_role("search", name="筛选企业").get_by_label("梯队", exact=True).select_option("雏鹰企业")
    page.get_by_label("只看停滞").check()
    page.get_by_role("button", name="筛选").click()
    expect(page).to_have_url(re.compile(r"tier=eaglet.*stale=1"))
    chips = page.get_by_role("list", name="已选的筛选条件")
    expect(chips).to_contain_text("梯队：雏鹰企业")
    expect(page.get_by_role("search", name="筛选企业").get_by_label("梯队", exact=True)).to_have_value("eaglet")
    page.get_by_role("link", name="看板", exact=True).click()
    expect(page).to_have_url(re.compile(r"/board\?tier=eaglet&stale=1"))
    expect(page.locator(".col")).to_have_count(1)
    page.go_back()
    expect(page.get_by_label("只看停滞")).to_be_checked()
    chips.get_by_role("link", name=re.compile("停滞")).click()
    expect(page).to_have_url(re.compile(r"/firms\?(?!.*stale)"))


def test_pages_follow_one_another_in_the_order_of_the_column_clicked(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms?status=all")
    page.get_by_role("link", name=re.compile("企业名称")).click()
    expect(page.locator("th[aria-sort]")).to_contain_text("企业名称")
    first = page.locator("tbody .name").all_inner_texts()
    page.get_by_role("link", name="下一页").click()
    expect(page.get_by_role("link", name="回到第一页")).to_be_visible()
    second = page.locator("tbody .name").all_inner_texts()
    assert len(first) == 50
    assert second
    assert not set(first) & set(second)


def test_an_empty_list_says_why_and_shows_the_way_out(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms?q=没有这样的企业&tier=leader")
    expect(page.get_by_text("没有符合全部条件的企业")).to_be_visible()
    page.get_by_role("link", name="清除全部条件").click()
    expect(page.locator("tbody tr").first).to_be_visible()


def test_a_faulty_form_names_each_fault_beside_its_field_and_keeps_what_was_typed(people: People) -> None:
    page = people.signed_in("officer")
    page.goto("/firms/new")
    page.get_by_label(re.compile("^企业名称")).fill("开平市新办有限公司")
    page.get_by_label(re.compile("^统一社会信用代码")).fill("91440783")
    page.get_by_label("成立日期").fill("去年")
    page.get_by_role("button", name="新增").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name=re.compile("成立日期")).click()
    expect(page.get_by_label("成立日期")).to_be_focused()
    expect(page.get_by_label("成立日期")).to_have_value("去年")
    expect(page.get_by_label("成立日期")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label(re.compile("^企业名称"))).to_have_value("开平市新办有限公司")


def test_two_tabs_editing_one_firm_the_slower_sees_both_versions_and_loses_nothing(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    mine, theirs = people.signed_in("officer"), people.signed_in("officer-other")
    for page in (mine, theirs):
        page.goto(f"/firms/{uscc}/edit")
    theirs.get_by_label("地址").fill("水口镇新市路8号")
    theirs.get_by_role("button", name="保存").click()
    expect(theirs.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    mine.get_by_label("地址").fill("水口镇旧市路1号")
    mine.get_by_role("button", name="保存").click()
    table = mine.get_by_role("alert").get_by_role("row", name=re.compile("地址"))
    expect(table).to_contain_text("新市路8号")
    expect(table).to_contain_text("旧市路1号")
    expect(mine.get_by_label("地址")).to_have_value("水口镇旧市路1号")
    mine.get_by_role("button", name="保存").click()
    expect(mine.locator(".facts")).to_contain_text("旧市路1号")


def test_a_note_sent_after_the_session_ended_is_kept_through_the_sign_in(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer", java_script_enabled=False)
    page.goto(f"/firms/{uscc}")
    page.get_by_label(re.compile("^记一笔")).fill("上门走访，设备已到货，<b>下月</b>验收。")
    site.clock.advance(hours=2)
    page.get_by_role("button", name="保存记录").click()
    expect(page.get_by_text("登录已过期")).to_be_visible()
    page.get_by_label("账号").fill("officer")
    page.get_by_label("口令").fill("不对的口令")
    page.get_by_role("button", name="登录").click()
    page.get_by_label("口令").fill(factories.PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("button", name="继续提交").click()
    expect(page.locator(".timeline").first).to_contain_text("设备已到货，<b>下月</b>验收")


def test_a_double_click_registers_a_firm_once_and_shows_it(site: Site, people: People) -> None:
    page = people.signed_in("officer")
    page.goto("/firms/new")
    page.get_by_label(re.compile("^企业名称")).fill("开平市双击科技有限公司")
    page.get_by_label(re.compile("^统一社会信用代码")).fill(factories.code(7777))
    page.get_by_role("button", name="新增").dblclick()
    expect(page.get_by_role("heading", name="开平市双击科技有限公司")).to_be_visible()

    async def count(conn: Conn) -> int:
        found = await conn.execute(select(Firm.id).where(Firm.name == "开平市双击科技有限公司"))
        return len(found.all())

    assert site.do(count) == 1


def test_what_the_search_box_asks_for_ends_before_the_key_that_leads_there(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.set_viewport_size({"width": 768, "height": 600})
    page.goto("/firms")
    room = "e => parseFloat(getComputedStyle(e).paddingRight) - e.parentElement.querySelector('kbd').offsetWidth"
    assert page.locator(".search input").evaluate(room) >= 8
