"""Many firms at once, on a phone's width and by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from app.db import Conn
from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


async def _firms(conn: Conn) -> list[str]:
    return [await factories.firm(conn, f"开平市水口{n}号水暖有限公司") for n in range(52)]


def test_ticks_stay_over_pages_and_a_command_of_the_palette_is_about_them(site: Site, people: People) -> None:
    site.do(_firms)
    page = people.signed_in("officer", viewport={"width": 360, "height": 640})
    page.goto("/firms")
    page.locator("tbody input").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_have_text("已选 1 家")
    page.get_by_role("link", name="下一页").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("cursor="))
    page.locator("tbody input").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#picked")).to_have_text("已选 2 家（本页 1，其他页 1）")
    page.keyboard.press("Control+k")
    page.keyboard.type("批量加标签")
    page.keyboard.press("Enter")
    expect(page.locator("#pick")).to_have_text("已选 2 家")
    page.get_by_role("textbox", name="标签").focus()
    page.keyboard.type("重点培育")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="办理这 2 家").press("Enter")
    expect(page.get_by_role("link", name="已办理 2")).to_be_visible()
    page.locator("summary", has_text="整批撤销").press("Enter")
    page.get_by_role("button", name="确认撤销").press("Enter")
    expect(page.get_by_role("link", name="已撤销 2")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.goto("/firms?tier=none")
    expect(page.locator("#picked")).to_have_text("")  # another filter, another choice
