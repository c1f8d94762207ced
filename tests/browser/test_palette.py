"""The palette and the list of keys, by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from app.db import Conn
from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
# The browser tells of the closing only after the keys that opened it again.
CLOSED_AND_OPENED = """() => {
  const press = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }));
  press();
  document.querySelector("#palette").close();
  press();
  return new Promise((done) => setTimeout(done, 50));
}"""


async def _firm(conn: Conn) -> str:
    return await factories.firm_on(conn, "eaglet", name="开平市水口红旗水暖有限公司")


def test_ctrl_k_finds_a_page_a_firm_and_what_to_do_with_it_without_a_mouse(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer", viewport={"width": 360, "height": 640})
    page.goto("/board")
    page.locator("h1").wait_for()
    page.locator(".brand").focus()
    page.keyboard.press("Control+k")
    palette, box = page.get_by_role("dialog", name="快速跳转"), page.get_by_role("combobox", name="企业、页面、操作")
    chosen = palette.locator("[aria-selected=true]")
    expect(box).to_be_focused()
    expect(chosen).to_have_text("记走访…")
    expect(box).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.keyboard.press("ArrowUp")
    expect(chosen).to_have_text("修改口令")
    page.keyboard.press("ArrowDown")
    expect(chosen).to_have_text("记走访…")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator(".brand")).to_be_focused()

    page.evaluate(CLOSED_AND_OPENED)
    expect(box).to_be_focused()
    page.keyboard.type("hqsn")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/firms/{uscc}$"))
    page.wait_for_load_state()  # the keys are heard by a script

    page.keyboard.press("Control+k")
    page.keyboard.type("走访")
    page.keyboard.press("Enter")
    expect(palette.get_by_text("记走访：")).to_be_visible()
    expect(chosen).to_contain_text("当前企业")
    page.keyboard.press("Backspace")
    expect(chosen).to_have_text("记走访…")
    page.keyboard.press("Enter")
    expect(chosen).to_contain_text("当前企业")
    page.keyboard.type("水暖")
    expect(chosen).not_to_contain_text("当前企业")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/firms/{uscc}/visits/new"))


def test_a_question_mark_lists_the_keys_and_may_be_switched_off(people: People) -> None:
    page = people.signed_in("officer")
    page.goto("/work")
    keys = page.get_by_role("dialog", name="快捷键")
    page.keyboard.press("/")
    page.keyboard.press("?")
    expect(keys).to_be_hidden()
    expect(page.locator("#q")).to_have_value("?")
    page.reload()
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(keys).to_contain_text("Ctrl K")
    page.keyboard.press("Escape")
    page.locator(".brand").focus()
    page.keyboard.press("?")
    keys.get_by_role("checkbox").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.locator(".brand")).to_be_focused()
    page.reload()
    page.locator(".brand").focus()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(keys).to_be_hidden()
    expect(page.locator("#q")).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="企业、页面、操作")).to_be_focused()
    with page.expect_download() as book:
        page.keyboard.type("导出")
        page.keyboard.press("Enter")
    assert book.value.url.endswith("/firms/export.xlsx")
    expect(page.get_by_role("dialog", name="快速跳转")).to_be_hidden()
