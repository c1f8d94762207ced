"""Typing a name that the registry has already, and making one of two by keyboard."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
NAME = "开平市长兴卫浴有限公司"


@pytest.mark.parametrize("width", [360, 1280])
def test_a_known_name_is_told_while_it_is_typed_and_two_records_become_one_by_keyboard(
    site: Site, people: People, width: int
) -> None:
    kept = site.do(lambda conn: factories.firm(conn, NAME))
    gone = site.do(lambda conn: factories.firm(conn, "开平市长星卫浴有限公司", address="水口镇"))
    page = people.signed_in("officer")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/firms/new")
    page.locator("#name").press_sequentially("长兴卫浴")
    expect(page.locator("#similar")).to_contain_text(NAME)
    page.locator("#name").fill("")
    page.goto(f"/firms/{kept}/merge")
    page.get_by_role("link", name="对照").first.press("Enter")
    expect(page.get_by_role("radio", name="水口镇")).to_be_checked()
    page.get_by_role("button", name="合并").press("Enter")
    expect(page.locator("#toasts")).to_contain_text(f"已把 开平市长星卫浴有限公司（{gone}）并入 {kept}")
    expect(page.locator("#main")).to_contain_text("水口镇")
    page.goto(f"/firms/{gone}")
    expect(page.locator("#main")).to_contain_text("这条记录已并入")
    page.goto("/firms/duplicates")
    page.get_by_role("button", name="撤销合并").press("Enter")
    expect(page.locator("#main")).to_contain_text("已撤销")
