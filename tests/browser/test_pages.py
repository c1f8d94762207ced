"""Every page, looked at as a stranger would: no violation, no complaint, nothing out of the frame."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People
from tests.browser.judging import (
    ALL_BUT_COLOURS,
    COLOURS,
    RULES,
    at_width,
    out_of_frame,
    overflow,
    thin_out,
    violations,
)
from tests.browser.listed import PAGES, opened
from tests.harness import check_html

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


@pytest.mark.parametrize(("who", "address"), PAGES)
def test_a_page_is_valid_stays_in_its_frame_and_has_no_violations(visitors: People, who: str, address: str) -> None:
    """One visit for all of it: coming to the page takes as long as looking at it."""
    page, source = opened(visitors, who, address)
    check_html(source)
    for width in (320, 360, 768, 820, 1024, 1440):
        at_width(page, width)
        assert overflow(page) <= 0, width
        assert out_of_frame(page) == [], width
    thin_out(page)
    page.emulate_media(color_scheme="light")
    for width, rules in ((320, ALL_BUT_COLOURS), (1280, RULES)):
        at_width(page, width, 900)
        assert violations(page, rules) == [], width
    at_width(page, 320, 900)  # what a phone folds has colours of its own, too
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == [], "dark"
    at_width(page, 360)
    page.evaluate("document.documentElement.dataset.size = 'large'")  # as its button does, which has a test of its own
    assert overflow(page) <= 0


def test_every_control_of_the_dialog_is_named_and_none_violates(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/board")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.locator("a.move").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.get_by_role("button", name="取消").click()
        expect(page.get_by_role("dialog")).to_be_hidden()


def test_large_type_and_dark_ground_stay_chosen_without_javascript(visitors: People) -> None:
    page = visitors.signed_in("officer", java_script_enabled=False)
    page.goto("/firms?tier=eaglet")
    page.get_by_role("button", name="大字版").click()
    expect(page).to_have_url(re.compile("tier=eaglet"))
    expect(page.locator("html")).to_have_css("font-size", "20px")
    page.locator("summary", has_text="账号菜单").click()
    page.get_by_role("button", name="深色").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-size", "large")
    page.goto("/board")
    expect(page.locator("html")).to_have_css("font-size", "20px")
    page.get_by_role("button", name="标准版").click()
    expect(page.locator("html")).to_have_css("font-size", "14px")


def test_the_skip_link_comes_first_and_leads_past_the_frame(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_print_shows_the_ledger_and_none_of_the_tools(visitors: People) -> None:
    page = visitors.signed_in("officer")
    page.goto("/firms")
    page.emulate_media(media="print", color_scheme="dark")
    page.set_viewport_size({"width": 688, "height": 970})  # what A4 leaves between its margins
    expect(page.locator("thead")).to_have_css("display", "table-header-group")  # a ledger, not a stack of cards
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    for tool in (".rail", ".search", ".filters", ".acts", ".menu"):
        expect(page.locator(tool).first).to_be_hidden()
    expect(page.locator("tbody tr").first).to_be_visible()
    expect(page.locator("body")).to_have_css("font-family", re.compile("SimSun"))
    expect(page.locator("h1")).to_have_css("color", "rgb(0, 0, 0)")


def test_a_sixty_character_name_wraps_inside_its_card_and_its_row(visitors: People) -> None:
    page = visitors.signed_in("officer")
    for address, name in (("/board", ".card > a"), ("/firms", "tbody .name")):
        page.goto(address)
        page.locator(name).first.evaluate("e => { e.textContent = '开平市翠山湖新区示范高端水暖卫浴五金'.repeat(4) }")
        for width in (320, 768, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) <= 0
            inside = "e => e.scrollWidth <= e.clientWidth + 1"
            assert page.locator(name).first.locator("xpath=..").evaluate(inside), (address, width)


def test_the_frame_keeps_strict_rules_and_nothing_inline(visitors: People) -> None:
    page = visitors.signed_in("officer")
    answer = page.goto("/board")
    assert answer
    assert "unsafe" not in answer.headers["content-security-policy"]
    html = answer.text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", html)


def test_the_wall_is_legible_from_afar_and_has_nothing_beside_it(visitors: People) -> None:
    page = visitors.signed_in("manager")
    page.goto("/dashboard/wall")
    for width in (768, 1440, 1920):
        page.set_viewport_size({"width": width, "height": 1080})
        assert overflow(page) <= 0, width
    expect(page.locator(".figures b").first).to_have_css("font-size", "64px")
    expect(page.locator("td").first).to_have_css("font-size", "24px")
    for beside in (".rail", ".top"):
        expect(page.locator(beside)).to_be_hidden()
    assert violations(page) == []
