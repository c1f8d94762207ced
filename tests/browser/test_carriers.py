"""A firm's way through carriers: asked, let in, moved on, graduated; and what happens when a stay is in doubt."""

from datetime import date

import pytest
from playwright.sync_api import Page, expect

from app.db import Conn
from tests import factories, houses
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
NAME, LATE = "开平市求进机械有限公司", "开平市久留机械有限公司"


async def furnish(conn: Conn) -> None:
    """An incubator with its operator, an accelerator, a firm that is outside, and one that has stayed too long."""
    incubator = await houses.carrier(conn, "示例孵化器", opened_on=date(2022, 1, 1))
    await houses.operator(conn, incubator)
    await houses.space(conn, incubator, "301")
    accelerator = await houses.carrier(conn, "示例加速器", kind="accelerator")
    await houses.space(conn, accelerator, "801")
    outside = await factories.firm(conn, NAME, registered_on=date(2025, 6, 1))
    await factories.person(conn, "firm", firm_id=await factories.id_of(conn, outside))
    late = await factories.firm(conn, LATE)
    await factories.person(conn, "firm-late", firm_id=await factories.id_of(conn, late))
    room = await houses.space(conn, incubator, "302")
    await houses.tenancy(conn, incubator, room, late, date(2022, 9, 1), date(2026, 10, 31))


def open_form(page: Page, label: str) -> None:
    page.locator("summary", has_text=label).first.click()


def bring(page: Page, *lines: str) -> None:
    """A list of rooms from the desk's own menu, as far as what it would do."""
    text = "\n".join(("楼栋,楼层,房间,面积（㎡）,企业或团队,租期起", *lines))
    page.goto("/carrier")
    page.locator("summary", has_text="房间和资料").click()
    page.get_by_role("link", name="导入导出房间和入驻").click()
    page.locator("#file").set_input_files(
        {"name": "楼层表.csv", "mimeType": "text/csv", "buffer": text.encode("utf-8-sig")}
    )
    page.get_by_role("button", name="上传并检查").click()
    expect(page.locator("#h-confirm")).to_be_visible()


def test_a_firm_asks_is_let_in_goes_up_the_chain_and_graduates(people: People, site: Site) -> None:
    site.do(furnish)
    firm, operator = people.signed_in("firm"), people.signed_in("carrier")
    firm.goto("/portal/entries")
    firm.locator("li", has_text="示例孵化器").get_by_role("link", name="申请").click()
    expect(firm.get_by_role("heading", name="在孵企业的条件")).to_be_visible()
    firm.get_by_label("要多大的房间").fill("80")
    firm.get_by_label("主营产品和技术").fill("智能温控阀")
    firm.get_by_label("联系人和电话").fill("黄工 13800000000")
    firm.get_by_role("button", name="提交").click()
    expect(firm.locator(".lines .chip").first).to_have_text("等载体答复")
    operator.goto("/carrier")
    operator.get_by_role("link", name="去答复").click()
    expect(operator.locator("h1")).to_have_text(f"{NAME} 申请入驻")
    operator.locator("#space").select_option(label="A 座 3层 301（100.00 ㎡） · 合乎要求")
    operator.get_by_role("button", name="接收", exact=True).click()
    expect(operator.locator("h1")).to_have_text(NAME)
    firm.reload()
    expect(firm.locator(".lines .chip").first).to_have_text("已入驻")
    here = operator.url.removeprefix(site.url)
    site.clock.at = site.clock.at.replace(year=2027)
    officer = people.signed_in("officer")
    officer.goto(f"{here}/transfer")
    officer.locator("#f-carrier").select_option(label="示例加速器（加速器）")
    officer.get_by_role("button", name="看它的房间").click()
    officer.locator("#space").select_option(index=1)
    officer.get_by_role("button", name="转移", exact=True).click()
    expect(officer.locator("#h-chain ~ ul")).to_contain_text("示例孵化器")
    open_form(officer, "毕业")
    officer.locator("form[action$='/graduate'] button").click()
    expect(officer.locator("details[open] form[action$='/graduate']")).to_be_visible()  # the data do not say it
    officer.get_by_label("依据").fill("已被上市公司并购，见公告")
    officer.locator("form[action$='/graduate'] button").click()
    expect(officer.get_by_text("已被上市公司并购，见公告").first).to_be_visible()
    officer.goto("/carriers")
    officer.get_by_role("link", name="示例加速器").click()
    officer.get_by_role("link", name="毕业企业").click()
    expect(officer.get_by_role("heading", name=NAME)).to_be_visible()


def test_a_stay_beyond_its_lease_is_doubted_looked_into_and_ended_with_its_reason(people: People, site: Site) -> None:
    site.do(furnish)
    firm, operator, officer = people.signed_in("firm-late"), people.signed_in("carrier"), people.signed_in("officer")
    firm.goto("/portal/entries")
    open_form(firm, "不在这里")
    firm.locator("details[open] textarea").fill("2026 年 9 月已经搬走")
    firm.locator("details[open] button").click()
    expect(firm.get_by_role("heading", name="入驻情况要核对")).to_be_visible()
    operator.goto("/carrier")
    expect(operator.locator("#h-due ~ ul")).to_contain_text("租期已过")
    operator.get_by_role("link", name="入驻核对 1").click()
    open_form(operator, "说明情况")
    operator.locator("details[open] textarea").fill("家具还在房间里，正在清理")
    operator.locator("details[open] button").click()
    expect(operator.get_by_text("家具还在房间里").first).to_be_visible()
    operator.goto("/carrier")
    operator.locator("#h-due ~ ul li", has_text="租期已过").get_by_role("link").first.click()
    open_form(operator, "登记退出")
    operator.locator("form[action$='/end'] select").select_option(label="超期退出")
    operator.locator("form[action$='/end'] button").click()
    form = operator.locator("details[open] form[action$='/end']")
    expect(form).to_contain_text("请写明原因")
    expect(form.locator("select")).to_have_value("overstay")
    form.get_by_label("说明").fill("租期到后没有续租，已清退")
    form.locator("button").click()
    expect(operator.locator("#h-lease ~ dl")).to_contain_text("超期退出")
    officer.goto("/carriers")
    officer.get_by_role("link", name="示例孵化器", exact=True).click()
    officer.get_by_role("link", name="入驻核对 1").click()
    officer.get_by_role("button", name="现在核对").click()
    expect(officer.locator("#h-settled ~ ul")).to_contain_text("载体已登记退出")
    firm.reload()
    expect(firm.get_by_role("heading", name="入驻情况要核对")).to_have_count(0)

    good, bad = "A 座,3,303,60,种子团队,2026-11-01", "A 座,3,304,,没写面积的团队,2026-11-01"
    bring(operator, good, bad)
    expect(operator.locator("#h-confirm")).to_have_text("有错的行，还不能导入")
    expect(operator.locator("tr", has_text="没写面积的团队")).to_contain_text("面积")
    expect(operator.get_by_role("button", name="导入 1 行")).to_have_count(0)
    with operator.expect_download() as marked:
        operator.get_by_role("link", name="下载标注的工作簿").click()
    assert marked.value.suggested_filename == "楼层表-原因.xlsx"
    bring(operator, good, bad.replace(",,", ",40,"))
    operator.get_by_role("button", name="导入 2 行").click()
    expect(operator.get_by_role("heading", name="撤销这次导入")).to_be_visible()
    batch = operator.url
    operator.goto("/carrier")
    expect(operator.locator("tr", has_text="304")).to_contain_text("没写面积的团队")
    operator.goto(batch)
    open_form(operator, "撤销导入")
    operator.get_by_role("button", name="确认撤销").click()
    expect(operator.locator(".toast").first).to_contain_text("已撤销 2 行")
    operator.goto("/carrier")
    expect(operator.get_by_text("种子团队")).to_have_count(0)
