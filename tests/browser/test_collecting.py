"""An operator's quarter from its opening to its close, with the firm's own yes in between."""

import re

import pytest
from playwright.sync_api import expect

from app.db import Conn
from tests import factories, houses
from tests.browser.conftest import People, Site

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]


async def _tenant(conn: Conn) -> None:
    held = await houses.carrier(conn)
    await houses.operator(conn, held)
    uscc = await factories.firm(conn, "开平市在孵机械有限公司")
    await houses.tenancy(conn, held, await houses.space(conn, held), uscc)
    await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))


def test_an_operator_collects_a_quarter_the_firm_confirms_it_and_it_is_closed(site: Site, people: People) -> None:
    site.do(_tenant)
    operator = people.signed_in("carrier", viewport={"width": 360, "height": 780})
    operator.goto("/carrier")
    operator.get_by_role("link", name="数据收集").click()
    operator.get_by_label("时期").select_option("2026 年四季度")
    operator.get_by_label("请企业哪天前确认").fill("2026-12-05")
    operator.get_by_role("button", name="发起并通知企业").click()
    expect(operator.get_by_role("heading", name="2026 年四季度")).to_be_visible()
    operator.get_by_role("button", name="催还没有报的").click()
    expect(operator.get_by_text("催过 1 次")).to_be_visible()

    firm = people.signed_in("firm", viewport={"width": 360, "height": 780})
    firm.goto("/portal")
    firm.get_by_role("link", name=re.compile("^核对并确认")).click()
    for label, figure in (("获天使", "0"), ("总收入", "1200.5"), ("净利润", "-30"), ("R&D", "80"), ("实际", "5")):
        firm.get_by_label(re.compile(f"^{re.escape(label)}")).fill(figure)
    firm.get_by_label(re.compile("^从业人员")).fill("20")
    firm.get_by_label(re.compile("^其中：吸纳应届毕业生")).fill("21")
    firm.get_by_role("button", name="确认，给载体").click()
    expect(firm.get_by_role("alert")).to_contain_text("不能多于“从业人员”")
    firm.get_by_label(re.compile("^其中：吸纳应届毕业生")).fill("3")
    firm.get_by_role("button", name="确认，给载体").click()
    expect(firm.get_by_role("link", name=re.compile("^查看或更正"))).to_be_visible()

    operator.reload()
    expect(operator.locator(".chip.good", has_text="已报")).to_be_visible()
    operator.get_by_role("link", name="统计报表").click()
    expect(operator.get_by_label("在孵企业总收入")).to_have_value("1200.5")
    operator.get_by_role("link", name="打印").click()
    expect(operator.get_by_role("row", name=re.compile("在孵企业总收入 .* 1,200.5"))).to_be_visible()
    operator.get_by_role("link", name="返回报表").click()
    operator.get_by_role("link", name=re.compile("2026 年四季度")).click()
    operator.get_by_text("关账", exact=True).first.click()
    operator.get_by_role("button", name="关账").click()
    expect(operator.get_by_text("已关账").first).to_be_visible()
    firm.reload()
    expect(firm.get_by_text("已关账")).to_be_visible()
