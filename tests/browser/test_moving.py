"""Moving a firm up the ladder, as a person at a screen does it."""

import re
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import func, select

from app.db import Conn
from app.pipeline.models import Move
from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
LONG = "开平市翠山湖新区示范性高端水暖卫浴五金新材料智能制造研究开发与进出口贸易综合服务产业集团股份有限公司开平分公司"


def firm_on(tier: str | None, name: str, *, on: date = date(2026, 3, 2)) -> Callable[[Conn], Awaitable[str]]:
    async def make(conn: Conn) -> str:
        return await factories.firm_on(conn, tier, name=name, on=on)

    return make


def moves_made(site: Site) -> int:
    async def count(conn: Conn) -> int:
        return int((await conn.execute(select(func.count()).select_from(Move))).scalar_one())

    return site.do(count)


def card(page: Page, name: str) -> Locator:
    return page.locator(".card", has_text=name)


def column(page: Page, tier: str) -> Locator:
    return page.locator(f"#col-{tier}")


def count_of(page: Page, tier: str) -> Locator:
    return column(page, tier).locator(".col-head h2 span")


def drag(page: Page, what: Locator, to: Locator) -> None:
    start, end = what.bounding_box(), to.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 60, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 80, start["y"] + 30, steps=4)
    page.mouse.move(end["x"] + 80, end["y"] + 40, steps=10)
    page.mouse.move(end["x"] + 84, end["y"] + 44, steps=3)
    page.mouse.up()


def test_a_dropped_card_asks_first_goes_home_when_declined_and_moves_when_agreed(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", "开平市甲科技有限公司"))
    site.do(firm_on("tech_micro", "开平市乙科技有限公司"))
    page = people.signed_in("officer")
    page.goto("/board")
    before = moves_made(site)
    drag(page, card(page, "甲科技"), column(page, "eaglet").locator(".cards"))
    dialog = page.get_by_role("dialog", name=re.compile("甲科技"))
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("radio", name="雏鹰企业")).to_be_checked()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(column(page, "tech_micro").locator(".card")).to_have_count(2)
    assert moves_made(site) == before

    drag(page, card(page, "甲科技"), column(page, "eaglet").locator(".cards"))
    dialog.get_by_role("textbox", name="理由 必填").fill("营收同比增长三成")
    dialog.get_by_role("button", name="提交").click()
    expect(page.get_by_role("status").filter(has_text="已移到“雏鹰企业”")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(column(page, "eaglet").locator(".card")).to_have_count(1)
    expect(count_of(page, "eaglet")).to_have_text("1")
    expect(count_of(page, "tech_micro")).to_have_text("1")
    assert moves_made(site) == before + 1


def test_a_firm_is_moved_with_the_keyboard_alone_and_the_focus_stays_with_it(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", LONG))
    page = people.signed_in("officer")
    page.goto("/board")
    page.locator(".card a.move").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="雏鹰企业")).to_be_focused()
    page.keyboard.press("Tab")  # one stop per group; the date has one per part, each tier out of reach a way to its gap
    for _ in range(16):
        if page.evaluate("document.activeElement.id") == "m-reason":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("走访核实")
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "提交":
            break
    page.keyboard.press("Enter")
    expect(column(page, "eaglet").locator(".card")).to_have_count(1)
    expect(column(page, "eaglet").locator(".card > a")).to_be_focused()


def test_a_refused_move_stays_open_says_which_condition_and_keeps_what_was_typed(site: Site, people: People) -> None:
    site.do(firm_on("gazelle", "开平市丙材料有限公司"))
    page = people.signed_in("officer")
    page.goto("/board")
    card(page, "丙材料").get_by_role("link", name=re.compile("移动到")).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("label", has_text="高新技术企业").click()
    dialog.get_by_role("textbox", name="理由 必填").fill("专利已经授权")
    dialog.get_by_role("button", name="提交").click()
    alert = dialog.get_by_role("alert")
    expect(alert).to_contain_text("没有登记过高企证书")
    expect(alert).to_be_focused()
    expect(dialog.get_by_label(re.compile("^理由"))).to_have_value("专利已经授权")
    expect(dialog.get_by_label("越过条件的理由")).to_be_visible()
    page.keyboard.press("Escape")
    expect(card(page, "丙材料").get_by_role("link", name=re.compile("移动到"))).to_be_focused()


def test_a_move_against_a_gate_waits_until_a_second_person_says_yes(site: Site, people: People) -> None:
    uscc = site.do(firm_on("gazelle", "开平市丁装备有限公司"))
    page = people.signed_in("officer")
    page.goto(f"/firms/{uscc}")
    page.get_by_role("link", name="移动到…").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("label", has_text="高新技术企业").click()
    dialog.get_by_role("textbox", name="理由 必填").fill("公示期已过")
    dialog.get_by_role("button", name="提交").click()
    dialog.get_by_label("越过条件的理由").fill("证书在寄送途中")
    dialog.get_by_role("button", name="提交").click()
    expect(page.get_by_role("status").filter(has_text="等待第二人复核")).to_be_visible()
    expect(page.get_by_role("heading", name="移动待第二人复核")).to_be_visible()
    expect(page.get_by_role("button", name="通过")).to_have_count(0)

    second = people.signed_in("manager")
    second.goto("/")
    row = second.locator("li", has_text="丁装备").filter(has_text="公示期已过")
    expect(row).to_contain_text("高企")
    row.get_by_role("button", name=re.compile("通过")).click()
    expect(second.get_by_role("status").filter(has_text="已通过")).to_be_visible()
    expect(second).to_have_url(re.compile("/$"))  # where the next one waits
    second.goto(f"/firms/{uscc}")
    expect(second.locator(".steps [aria-current=step]")).to_contain_text("高新技术企业")


def test_everything_of_a_move_works_without_javascript(site: Site, people: People) -> None:
    site.do(firm_on("gazelle", "开平市戊食品有限公司"))
    page = people.signed_in("officer", java_script_enabled=False)
    page.goto("/board")
    card(page, "戊食品").get_by_role("link", name=re.compile("移动到")).click()
    page.locator("label", has_text="高新技术企业").click()
    page.get_by_role("textbox", name="理由 必填").fill("专家推荐")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("alert")).to_contain_text("没有登记过高企证书")
    expect(page.get_by_label(re.compile("^理由"))).to_have_value("专家推荐")
    page.get_by_label("越过条件的理由").fill("证书在寄送途中")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("status")).to_contain_text("等待第二人复核")

    second = people.signed_in("manager", java_script_enabled=False)
    second.goto("/")
    second.locator("li", has_text="戊食品").get_by_role("button", name=re.compile("通过")).click()
    expect(second.get_by_role("status")).to_contain_text("已通过")


def test_a_stale_card_in_a_second_tab_is_refused_with_the_name_of_who_was_faster(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", "开平市己电气有限公司"))
    mine, theirs = people.signed_in("officer"), people.signed_in("officer-faster")
    for page in (mine, theirs):
        page.goto("/board")
        card(page, "己电气").get_by_role("link", name=re.compile("移动到")).click()
        page.get_by_role("dialog").get_by_role("textbox", name="理由 必填").fill("两个人同时在办")
    before = moves_made(site)
    theirs.get_by_role("button", name="提交").click()
    expect(count_of(theirs, "eaglet")).to_have_text("1")
    mine.get_by_role("button", name="提交").click()
    alert = mine.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("局专员officer-faster")
    expect(mine.get_by_label(re.compile("^理由"))).to_have_value("两个人同时在办")
    assert moves_made(site) == before + 1


def test_a_double_click_moves_once(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", "开平市庚软件有限公司"))
    page = people.signed_in("officer")
    page.goto("/board")
    before = moves_made(site)
    card(page, "庚软件").get_by_role("link", name=re.compile("移动到")).click()
    page.get_by_role("dialog").get_by_role("textbox", name="理由 必填").fill("手快了一点")
    page.get_by_role("button", name="提交").dblclick()
    expect(count_of(page, "eaglet")).to_have_text("1")
    assert moves_made(site) == before + 1


def test_a_session_that_ended_in_the_middle_loses_nothing_of_the_dialog(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", "开平市辛纺织有限公司"))
    page = people.signed_in("officer")
    page.goto("/board")
    card(page, "辛纺织").get_by_role("link", name=re.compile("移动到")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="理由 必填").fill("写了很久的理由")
    site.clock.advance(hours=2)
    dialog.get_by_role("button", name="提交").click()
    expect(dialog.get_by_role("alert")).to_contain_text("登录已过期")
    expect(dialog.get_by_role("textbox", name="理由 必填")).to_have_value("写了很久的理由")
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="在新标签页登录").click()
    tab = opened.value
    tab.get_by_label("账号").fill("officer")
    tab.get_by_label("口令").fill(factories.PASSWORD)
    tab.get_by_role("button", name="登录").click()
    expect(tab.get_by_role("heading", name="今日", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="提交").click()
    expect(count_of(page, "eaglet")).to_have_text("1")


def test_more_cards_come_beneath_and_stay_when_a_firm_is_moved(site: Site, people: People) -> None:
    async def many(conn: Conn) -> None:
        for n in range(64):
            await factories.firm_on(conn, "tech_micro", name=f"开平市第{n:03d}号有限公司", on=date(2026, 3, 2))

    site.do(many)
    page = people.signed_in("officer")
    page.goto("/board")
    cards = column(page, "tech_micro").locator(".card")
    expect(cards).to_have_count(30)
    column(page, "tech_micro").get_by_role("link", name=re.compile("加载更多")).click()
    expect(cards).to_have_count(60)
    expect(cards.nth(30).locator("a").first).to_be_focused()
    page.evaluate("scrollTo(0, 900)")
    cards.nth(12).get_by_role("link", name=re.compile("移动到")).click()
    page.get_by_role("dialog").get_by_role("textbox", name="理由 必填").fill("达到雏鹰条件")
    page.get_by_role("button", name="提交").click()
    expect(count_of(page, "tech_micro")).to_have_text("63")
    expect(cards).to_have_count(59)
    names = cards.locator("a:first-child").all_inner_texts()
    assert len(set(names)) == 59
    assert page.evaluate("scrollY") == 900


def test_without_a_network_the_dialog_says_so_and_keeps_what_was_typed(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", "开平市壬化工有限公司"))
    page = people.signed_in("officer")
    page.goto("/board")
    card(page, "壬化工").get_by_role("link", name=re.compile("移动到")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="理由 必填").fill("还在路上")
    page.context.set_offline(True)
    dialog.get_by_role("button", name="提交").click()
    expect(dialog.get_by_role("alert")).to_contain_text("没有连上服务器")
    expect(dialog.get_by_role("textbox", name="理由 必填")).to_have_value("还在路上")
    page.context.set_offline(False)
    dialog.get_by_role("button", name="提交").click()
    expect(count_of(page, "eaglet")).to_have_text("1")
    # The browser itself writes a line about the lost connection, and htmx another.
    people.complaints[:] = [
        c for c in people.complaints if "ERR_INTERNET_DISCONNECTED" not in c and "htmx:error" not in c
    ]


def test_after_back_the_form_stands_as_it_is_made_and_not_as_another_was_filled_in(site: Site, people: People) -> None:
    site.do(firm_on("tech_micro", LONG))
    page = people.signed_in("officer")
    page.goto("/firms")
    page.get_by_role("link", name=LONG).click()
    page.get_by_role("link", name="移动到…").click()
    page.goto(f"{page.url.removesuffix('/move')}/move")
    page.get_by_role("radio", name="雏鹰企业").check()
    page.locator("#m-reason").fill("走访核实")
    page.get_by_role("button", name="提交").click()
    expect(page.locator("#toasts")).to_contain_text("已移到")
    page.go_back()
    chosen = page.locator("input[name=to]:checked")
    after_back = [one.get_attribute("value") for one in chosen.all()]
    page.goto(page.url)
    assert after_back == [one.get_attribute("value") for one in chosen.all()]
