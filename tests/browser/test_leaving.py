"""Going back and going away: controls agree with the address, and nothing typed is lost without a question."""

import re

import pytest
from playwright.sync_api import Dialog, Page, expect

from app.db import Conn
from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


async def _firm(conn: Conn) -> str:
    return await factories.firm(conn, "开平市水口红旗水暖有限公司")


def asked(page: Page, *, leave: bool) -> list[str]:
    """Answers every question the browser asks, and keeps which kinds there were."""
    kinds: list[str] = []

    def answer(dialog: Dialog) -> None:
        kinds.append(dialog.type)
        if leave:
            dialog.accept()
        else:
            dialog.dismiss()

    page.on("dialog", answer)
    return kinds


def test_after_back_the_controls_of_a_filter_agree_with_the_address(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.get_by_role("search", name="筛选企业").get_by_label("梯队", exact=True).select_option("雏鹰企业")
    page.get_by_label("只看停滞").check()
    page.get_by_label("名称、代码、联系人").fill("没有送出的词")
    page.get_by_role("link", name="看板", exact=True).click()
    expect(page).to_have_url(re.compile("/board"))
    page.go_back()
    expect(page).to_have_url(re.compile("/firms$"))
    expect(page.get_by_role("search", name="筛选企业").get_by_label("梯队", exact=True)).to_have_value("")
    expect(page.get_by_label("只看停滞")).not_to_be_checked()
    expect(page.get_by_label("名称、代码、联系人")).to_have_value("")


def test_leaving_an_edited_form_asks_and_staying_keeps_what_was_typed(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer")
    kinds = asked(page, leave=False)
    page.goto(f"/firms/{uscc}/edit")
    page.get_by_label("地址").fill("水口镇新市路8号")
    page.get_by_role("link", name="取消").click()
    expect(page.get_by_label("地址")).to_have_value("水口镇新市路8号")
    assert kinds == ["beforeunload"]
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".facts")).to_contain_text("新市路8号")
    assert kinds == ["beforeunload"]


def test_a_form_that_was_not_changed_or_was_changed_back_lets_go_without_a_word(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer")
    kinds = asked(page, leave=True)
    page.goto(f"/firms/{uscc}/edit")
    page.get_by_label("地址").fill("水口镇")
    page.get_by_label("地址").fill("")
    page.get_by_role("link", name="取消").click()
    expect(page.locator(".facts")).to_be_visible()
    assert kinds == []


def test_a_form_that_came_back_with_faults_asks_even_when_nothing_was_touched_since(people: People) -> None:
    page = people.signed_in("officer")
    kinds = asked(page, leave=True)
    page.goto("/firms/new")
    page.get_by_label(re.compile("^企业名称")).fill("开平市新办有限公司")
    page.get_by_role("button", name="新增").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label(re.compile("^企业名称")).click()
    page.get_by_role("link", name="取消").click()
    expect(page).to_have_url(re.compile("/firms$"))
    assert kinds == ["beforeunload"]


def test_a_note_half_written_is_not_lost_to_a_click_beside_it(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer")
    kinds = asked(page, leave=False)
    page.goto(f"/firms/{uscc}")
    page.get_by_label(re.compile("^记一笔")).fill("上门走访")
    page.get_by_role("link", name="编辑", exact=True).click()
    expect(page.get_by_label(re.compile("^记一笔"))).to_have_value("上门走访")
    assert kinds == ["beforeunload"]


def test_the_way_to_the_note_leads_into_it(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer")
    page.goto(f"/firms/{uscc}")
    page.get_by_role("link", name="记一笔").click()
    expect(page.get_by_label(re.compile("^记一笔"))).to_be_focused()
    page.goto("/board")
    page.goto(f"/firms/{uscc}#note")
    expect(page.get_by_label(re.compile("^记一笔"))).to_be_focused()
