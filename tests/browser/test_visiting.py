"""An officer on a visit, with a phone in one hand: looks the firm up, reads the brief, logs the visit, photographs."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from app.db import Conn
from tests import factories
from tests.browser.conftest import People, Site
from tests.rules.test_sniffing import PNG

pytestmark = [pytest.mark.browser, pytest.mark.db_commit]
PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}


async def _firm(conn: Conn) -> str:
    await factories.person(conn, "manager", name="陈局")
    return await factories.firm_on(conn, "eaglet", name="开平市水口红旗水暖有限公司")


def tap(page: Page, what: Locator) -> None:
    """With a thumb: nothing lies beside the screen, and what is touched is as high as a thumb needs."""
    expect(what).to_be_visible()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = what.bounding_box()
    assert box
    assert box["height"] >= 24
    what.tap()


def test_a_visit_is_prepared_logged_and_photographed_with_one_hand(site: Site, people: People) -> None:
    uscc = site.do(_firm)
    page = people.signed_in("officer", **PHONE)
    page.goto("/")
    page.get_by_role("searchbox").fill("hqsn")
    page.keyboard.press("Enter")
    tap(page, page.locator(f"main a[href='/firms/{uscc}']").first)
    tap(page, page.get_by_role("link", name="走访与任务"))
    tap(page, page.get_by_role("link", name="走访提纲"))
    expect(page.get_by_role("heading", name="走访提纲")).to_be_in_viewport()
    tap(page, page.get_by_role("link", name="记走访").first)
    page.get_by_label("谈了什么").fill("看了新车间，请 @陈局 协调用电")
    tap(page, page.get_by_role("button", name="保存并拍照"))
    expect(page).to_have_url(re.compile("/files/on/visit/"))
    expect(page.get_by_role("status").first).to_contain_text("已告诉 陈局")
    photo = page.get_by_label("拍照")
    expect(photo).to_have_attribute("capture", "environment")
    photo.set_input_files({"name": "image.png", "mimeType": "image/png", "buffer": PNG})
    tap(page, page.get_by_role("button", name="上传"))
    expect(page.get_by_role("link", name="image.png")).to_be_visible()
    tap(page, page.get_by_role("link", name="← 返回"))
    expect(page.get_by_text("看了新车间")).not_to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("附件 1"))).to_be_visible()
    # The same in large type: everything is still on the screen.
    tap(page, page.get_by_role("button", name="大字版"))
    tap(page, page.get_by_role("link", name=re.compile("附件 1")))
    expect(page.get_by_label("拍照")).to_be_visible()
    tap(page, page.get_by_role("button", name="上传"))
    expect(page.get_by_text("请选择要上传的文件。").first).to_be_visible()
    page.goto(f"/firms/{uscc}/visits/new")
    tap(page, page.get_by_role("button", name="保存并拍照"))
    expect(page.get_by_text("请写一两句谈了什么。").first).to_be_visible()
