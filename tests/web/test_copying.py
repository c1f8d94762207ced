"""誊抄单 on the screen: the firm's own, to copy, to print and as a workbook."""

import io

import openpyxl
import pytest

from tests import factories
from tests.web.test_reports import HERE, clerk, fill


@pytest.fixture
async def boss(conn, client_as):
    client = await client_as(await clerk(conn, await factories.firm(conn, "开平市金丝雀有限公司")))
    await client.post(f"{HERE}/begin")
    await fill(client)
    return client


async def test_figures_stand_in_the_screens_units_with_a_button_each(boss):
    page = (await boss.get(f"{HERE}/copy")).text
    assert "107-2 企业研究开发活动及相关情况" in page
    assert 'data-copy="2500"' in page
    assert "还是草稿" in page
    assert "没有查到" in page  # what could not be verified is said
    assert "80%" in (await boss.get(f"{HERE}/copy?sheet=hnte")).text


async def test_the_workbook_says_the_same(boss):
    answer = await boss.get(f"{HERE}/copy.xlsx?sheet=107-2")
    assert "attachment" in answer.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [[c.value for c in row] for row in book.worksheets[1].iter_rows()]
    assert ["研究开发费用合计", "千元", 2500] in cells
    assert "草稿，未签字" in cells[0][0]


async def test_a_sheet_that_is_none_and_a_form_of_another_firm_are_404(boss, conn, client_as):
    assert (await boss.get(f"{HERE}/copy?sheet=x")).status_code == 404
    stranger = await client_as(await clerk(conn, await factories.firm(conn), "firm-other"))
    for address in (f"{HERE}/copy", f"{HERE}/copy.xlsx"):
        assert (await stranger.get(address)).status_code == 404
