"""What an officer does with lists, on a phone's width and by keyboard alone: views, lists in, work handed over."""

import re
from datetime import date
from functools import partial

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from app.db import Conn
from app.exchange.jobs import run_waiting_imports
from app.files.store import FileStore
from tests import factories
from tests.browser.conftest import People, Site
from tests.rosters import CODE, NAME, roster

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
PHONE = {"viewport": {"width": 360, "height": 640}}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def press(what: Locator, key: str = "Enter") -> None:
    """Reached by Tab as everything else is, and nothing lies beside the screen."""
    what.focus()
    expect(what).to_be_focused()
    assert what.page.evaluate("document.documentElement.scrollWidth") <= 360
    what.press(key)


async def _firms(conn: Conn) -> str:
    await factories.person(conn, "manager", name="陈局")
    await factories.firm_on(conn, "eaglet", name="开平市雏鹰一号有限公司")
    return await factories.firm_on(conn, "tech_micro", name="开平市小微一号有限公司")


def test_a_filter_is_unfolded_kept_as_a_view_and_a_colleague_is_named_from_the_list(site: Site, people: People) -> None:
    uscc = site.do(_firms)
    page = people.signed_in("officer", **PHONE)
    page.goto("/firms")
    tier = page.get_by_role("search", name="筛选企业").get_by_label("梯队", exact=True)
    expect(tier).to_be_hidden()
    expect(page.get_by_role("link", name="开平市小微一号有限公司")).to_be_visible()
    press(page.locator(".fold > summary"))
    tier.select_option("雏鹰企业")
    press(page.get_by_role("button", name="筛选", exact=True))
    expect(page.locator(".fold > summary")).to_have_text(re.compile("筛选 1"))
    expect(page.get_by_text("开平市小微一号有限公司")).to_have_count(0)
    press(page.locator("summary", has_text="保存视图"))
    page.get_by_label(re.compile("^视图名称")).focus()
    page.keyboard.type("雏鹰们")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="雏鹰们", exact=True)).to_have_attribute("aria-current", "page")
    press(page.locator("summary", has_text="显示方式"))
    press(page.get_by_role("checkbox", name="镇街"), "Space")
    press(page.get_by_role("button", name="保存显示方式"))
    expect(page.locator("tbody td", has_text="水口镇")).to_have_count(0)
    press(page.get_by_role("link", name="全部企业"))
    late: list[Route] = []

    def hold(script: Route) -> None:
        late.append(script)

    page.route("**/mention.js*", hold)
    press(page.get_by_role("link", name="开平市小微一号有限公司"))
    expect(page).to_have_url(re.compile(uscc))
    page.locator("#note").focus()
    page.keyboard.type("电费减免材料请 @")
    [script] = late
    script.continue_()
    _call_a_colleague(page)


def _call_a_colleague(page: Page) -> None:
    note, names = page.locator("#note"), page.get_by_role("listbox", name="同事")
    expect(names.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(names).to_be_hidden()
    page.keyboard.type("cj")
    expect(names.get_by_role("option", name=re.compile("陈局"))).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(note).to_have_value("电费减免材料请 @陈局 ")
    page.keyboard.type("协调")
    press(page.get_by_role("button", name="保存记录"))
    expect(page.locator("#toasts")).to_contain_text("已告诉 陈局")


def test_a_list_with_a_faulty_row_goes_in_its_mended_row_follows_and_both_are_taken_back(
    site: Site, people: People
) -> None:
    known = site.do(partial(factories.firm, name="开平市已有有限公司"))
    page = people.signed_in("officer", **PHONE)
    good = {NAME: "开平市新来有限公司", CODE: factories.code(7100), "成立日期": "2020-05-01"}
    bad = {NAME: "开平市写错有限公司", CODE: factories.code(7200), "成立日期": "去年"}
    _send(site, page, roster(good, bad, {NAME: "开平市已有有限公司", CODE: known}))
    expect(page.locator("#main")).to_contain_text(re.compile("去年"))
    press(page.get_by_role("button", name="导入 1 行"))
    _worker(site)
    page.reload()
    with page.expect_download() as marked:
        press(page.get_by_role("link", name="下载标注的工作簿"))
    assert marked.value.suggested_filename.endswith(".xlsx")
    _send(site, page, roster(good, bad | {"成立日期": "2021-06-01"}, {NAME: "开平市已有有限公司", CODE: known}))
    expect(page.locator("#main")).to_contain_text("不变 2")
    press(page.get_by_role("button", name="导入 1 行"))
    _worker(site)
    page.reload()
    press(page.locator("summary", has_text="撤销导入"))
    press(page.get_by_role("button", name="确认撤销"))
    _worker(site)
    page.reload()
    expect(page.locator("#main")).to_contain_text("已撤销")
    page.goto("/firms?q=开平市")
    expect(page.get_by_role("link", name="开平市新来有限公司")).to_be_visible()
    expect(page.get_by_text("开平市写错有限公司")).to_have_count(0)
    _people_go_in_and_are_taken_back(site, page, known)


def _people_go_in_and_are_taken_back(site: Site, page: Page, known: str) -> None:
    found = {CODE: known, "姓名": "何婉", "联系电话": "13800001234"}
    nobody = {CODE: factories.code(7900), "姓名": "周会计", "联系电话": "13900001234"}
    _goes_in_and_is_taken_back(site, page, "联系人", (found, nobody), part="联系人", shows="何婉")


def test_certificates_and_moves_of_years_ago_go_in_by_list_and_are_taken_back(site: Site, people: People) -> None:
    known = site.do(partial(factories.firm, name="开平市老企业有限公司", registered_on=date(2012, 5, 1)))
    page = people.signed_in("officer", **PHONE)
    held = {CODE: known, "证书类型": "高企", "证书编号": "GR202444000009", "发证日期": "2024-11-28"}
    refused = held | {"证书类型": "专精特新"}
    _goes_in_and_is_taken_back(site, page, "证书", (held, refused), part="证书", shows="GR202444000009")
    moved = {CODE: known, "梯队": "科技型小微", "生效日期": "2020-03-01", "理由": "往年名册"}
    refused = {CODE: factories.code(7900), "梯队": "雏鹰", "生效日期": "2021-03-01"}
    _goes_in_and_is_taken_back(site, page, "梯队移动", (moved, refused), part="梯队", shows="2020-03")


def _goes_in_and_is_taken_back(
    site: Site, page: Page, kind: str, rows: tuple[dict[str, str], dict[str, str]], *, part: str, shows: str
) -> None:
    """The first row is taken, the second refused and handed back marked; what happened stays in the firm's history."""
    there = page.get_by_label(part, exact=True)
    _send(site, page, roster(*rows), kind)
    press(page.get_by_role("button", name="导入 1 行"))
    _worker(site)
    page.reload()
    with page.expect_download():
        press(page.get_by_role("link", name="下载标注的工作簿"))
    page.goto(f"/firms/{rows[0][CODE]}")
    expect(there).to_contain_text(shows)
    page.go_back()
    press(page.locator("summary", has_text="撤销导入"))
    press(page.get_by_role("button", name="确认撤销"))
    _worker(site)
    page.reload()
    expect(page.locator("#main")).to_contain_text("已撤销")
    page.goto(f"/firms/{rows[0][CODE]}")
    expect(there).not_to_contain_text(shows)


def _send(site: Site, page: Page, book: bytes, kind: str = "") -> None:
    page.goto("/imports")
    if kind:
        press(page.get_by_role("radio", name=kind), "Space")
    page.locator("#file").set_input_files({"name": "名册.xlsx", "mimeType": XLSX, "buffer": book})
    press(page.get_by_role("button", name="上传并检查"))
    expect(page.get_by_role("heading", name="名册.xlsx")).to_be_visible()
    _worker(site)
    page.reload()


def _worker(site: Site) -> None:
    files: FileStore = site.server.app.state.files
    site.clock.advance(minutes=1)  # a job says how long it has run already, and what follows comes after it
    site.work(lambda database, *, at: run_waiting_imports(database, files, at=at))


def test_work_is_planned_done_and_handed_over(site: Site, people: People) -> None:
    async def work(conn: Conn) -> str:
        officer = await factories.person(conn, "officer")
        await factories.person(conn, "officer-2", name="李接手")
        await factories.firm(conn, "开平市移交一号有限公司", officer_id=officer.id)
        await factories.visit(conn, await factories.firm(conn, "开平市移交二号有限公司", officer_id=officer.id))
        return await factories.reporting_firm(conn, officer_id=officer.id)

    uscc = site.do(work)
    page = people.signed_in("officer", **PHONE)
    page.goto(f"/firms/{uscc}")
    _plan(page)
    press(page.get_by_role("link", name="待办与诉求"))
    press(page.get_by_role("button", name=re.compile("^完成")).first)
    expect(page.locator(".note")).to_contain_text("已完成：")
    press(page.locator(".note").get_by_role("button", name=re.compile("^改回未完成")))
    expect(page.locator("#toasts")).to_contain_text("已改回未完成")
    press(page.locator("#main").get_by_role("link", name="工作移交"))
    page.locator("#taker").select_option(label="李接手")
    press(page.get_by_role("button", name="看看要移交什么"))
    expect(page.locator("#main")).to_contain_text("负责的企业：3")
    press(page.get_by_role("button", name=re.compile("^移交这 ")))
    reason = page.get_by_label(re.compile("^原因"))
    expect(reason).to_have_attribute("aria-invalid", "true")
    reason.fill("岗位调整")
    press(page.get_by_role("button", name=re.compile("^移交这 ")))
    expect(page.locator("#toasts")).to_contain_text("李接手")


def _plan(page: Page) -> None:
    """From the gap to a plan, a step of it done, and its end."""
    press(page.get_by_role("link", name="差距", exact=True))
    press(page.locator(".titles").get_by_role("link", name=re.compile("^高新技术企业")))
    press(page.get_by_role("link", name=re.compile("存为一企一策")))
    page.get_by_label("第 1 步").fill("请财务补齐研发辅助账")
    page.get_by_label("期限").first.fill("")
    press(page.get_by_role("button", name="保存", exact=True))
    expect(page.get_by_label("第 1 步")).to_have_value("请财务补齐研发辅助账")
    page.get_by_label("期限").first.fill("2027-03-31")
    press(page.get_by_role("button", name="保存", exact=True))
    expect(page.locator("#main")).to_contain_text("2027-03-31")
    press(page.get_by_role("button", name=re.compile("^标为完成.*补齐研发辅助账")))
    expect(page.locator("#main")).to_contain_text("1／")
    press(page.locator("summary", has_text="结束"))
    page.get_by_label(re.compile("^原因")).fill("已经申报")
    press(page.get_by_role("button", name="结束这份一企一策"))
    expect(page.locator("#main")).to_contain_text("没有进行中的一企一策")
