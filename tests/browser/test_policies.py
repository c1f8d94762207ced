"""A policy changed in a browser: by keyboard, without JavaScript, and on every page as anybody needs it."""

import re
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import People, Site
from tests.browser.judging import COLOURS, overflow, violations
from tests.harness import check_html

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


def drafted(people: People, policy: str = "高新技术企业认定", **options: Any) -> tuple[Page, str]:
    page = people.signed_in("admin", **options)
    page.goto("/admin/policies")
    page.get_by_role("link", name=re.compile(policy)).first.click()
    page.get_by_role("button", name="复制为草稿").click()
    expect(page.get_by_role("link", name="编辑文件和来源")).to_be_visible()
    return page, page.url.split("?")[0].split("#")[0]


def test_the_forms_and_the_count_have_no_violations_and_stay_in_their_frame(people: People, site: Site) -> None:
    async def fill(conn: Any) -> None:
        for n in range(3):
            await factories.firm(conn, registered_on=date(2025, n + 1, 1))

    site.do(fill)
    page, here = drafted(people)
    page.get_by_role("button", name="计算影响").click()
    expect(page.get_by_role("heading", name="3 家企业中有")).to_be_visible()
    for path in (
        "",
        "/head",
        "/criteria/4",
        "/criteria/7",
        "/criteria/new",
        "/criteria/new?kind=flags",
        "/examples/new",
    ):
        page.goto(here + path)
        check_html(page.context.request.get(page.url, max_retries=2).text())
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) <= 0, (path, width)
        assert violations(page) == [], path
    page.emulate_media(color_scheme="dark")
    page.goto(f"{here}/criteria/4")
    assert violations(page, COLOURS) == []


def test_enter_saves_and_a_row_added_comes_into_view(people: People) -> None:
    page, here = drafted(people)
    page.goto(f"{here}/criteria/4")
    page.get_by_role("button", name=re.compile("添加一行.*分档")).click()
    expect(page).to_have_url(re.compile(r"#f\.brackets$"))
    assert page.locator("[id='f.brackets']").evaluate("e => e.getBoundingClientRect().top < innerHeight")
    page.get_by_role("button", name=re.compile("删去.*第 4 行")).click()
    page.get_by_label("不低于").nth(1).fill("3.9%")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已保存")).to_be_visible()
    expect(page.locator("#c-4 .asks")).to_contain_text("不低于 3.9%")


def test_leaving_an_edited_condition_asks_first(people: People) -> None:
    page, here = drafted(people)
    page.goto(f"{here}/criteria/3")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.get_by_label("不低于").fill("9%")
    page.get_by_role("link", name="返回").first.click()
    expect(page).to_have_url(re.compile("#c-3$"))
    assert asked == ["beforeunload"]


def test_two_people_bring_a_version_into_force_without_javascript(people: People) -> None:
    manager = people.signed_in("manager", java_script_enabled=False)
    page, here = drafted(people, "高新技术企业证书", java_script_enabled=False)
    examples = page.locator("[aria-labelledby=h-examples]")
    while examples.locator("form").count():
        examples.locator("summary").first.click()
        examples.locator("details[open] form button").click()
    page.goto(f"{here}/head")
    page.get_by_label("版本号").fill("2027")
    page.get_by_label("有效期自").fill("2027年1月1日")
    page.get_by_role("button", name="保存").first.click()
    page.goto(f"{here}/examples/new")
    page.get_by_label("名称").fill("没有证书")
    page.get_by_label("在哪一天判断").fill("2027-01-05")
    page.get_by_label("企业的情况").fill('{"certificates": []}')
    page.get_by_label("应得的总结论").select_option("not_met")
    page.get_by_role("button", name="保存").first.click()
    page.get_by_role("button", name="提交发布").click()
    manager.goto("/inbox")
    manager.get_by_role("button", name=re.compile("查看政策")).click()
    manager.locator("summary", has_text="发布").first.click()
    manager.locator("details[open] form button").click()
    expect(manager.get_by_text("尚未生效")).to_be_visible()
    expect(manager.get_by_text("取代：2016")).to_be_visible()
