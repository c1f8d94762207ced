"""Same-hand prompts: shown to the reviewer, looked into with a word, and never in the way of a decision."""

import re

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.firms.terms import ContactDetails
from app.reports.models import Submission, SubmissionRound, YearlyReport
from tests import factories
from tests.rules.test_sniffing import PDF
from tests.web.test_reports import HERE, PAGES, clerk, fill, submit

# Four that tell something.
TOLD = {"total_assets": "5123.4", "cost_and_expense": "3612.5", "net_assets": "2345.6", "net_profit": "-12.57"}


def pages():
    return PAGES | {"operations": PAGES["operations"] | {code: (text, "wan_yuan") for code, text in TOLD.items()}}


async def handed_in(conn, client_as, name, login, **more):
    uscc = await factories.firm(conn, name, contacts=[ContactDetails("代账", "139-0000-0001")], **more)
    client = await client_as(await clerk(conn, uscc, login))
    await client.post(f"{HERE}/begin")
    await fill(client, pages())
    firm_id = await factories.id_of(conn, uscc)
    filing_id = (await conn.execute(select(Submission.id).where(Submission.firm_id == firm_id))).scalar_one()
    form = {"kind": "report", "object_id": str(filing_id), "place": "rd"}
    await client.post("/files", data=form, files={"file": ("辅助账.pdf", PDF)})
    assert (await submit(client)).status_code == 303
    return client, filing_id


@pytest.fixture
async def three(conn, client_as):
    address = {"address": "开平市长沙街道 1 号"}
    firms = (("甲", "firm", "440783117"), ("乙", "firm-2", "440783115"), ("丙", "firm-3", "440783115"))
    return [
        await handed_in(conn, client_as, f"开平市{name}有限公司", login, region=region, **address)
        for name, login, region in firms
    ]


def prompts(page):
    return dict(re.findall(r'name="kind" value="(\w+)"><input type="hidden" name="key" value="([^"]+)"', page))


async def test_what_is_alike_is_shown_with_the_others_and_looked_into_with_a_word(three, conn, client_as):
    officer = await client_as("officer")
    first = three[0][1]
    page = (await officer.get(f"/reviews/{first}")).text
    found = prompts(page)
    assert set(found) == {"document", "copied", "phone", "address"}
    assert page.count("开平市乙有限公司") >= 4
    assert "有 4 个数与这家企业同一年的一样" in page
    # Not accepted together with the clean ones; accepted one by one as ever.
    together = await officer.post("/reviews/accept", data={"ids": [str(first)]})
    assert together.status_code == 303
    assert (await conn.execute(select(YearlyReport.id))).first() is None
    here = f"/reviews/{first}/prompts"
    for wrong in ({"outcome": "guilty", "words": "x"}, {"outcome": "explained", "words": " "}, {"key": "elsewhere"}):
        asked = {"kind": "phone", "key": found["phone"], **wrong}
        assert (await officer.post(here, data=asked)).status_code == 422
    said = {"kind": "phone", "key": found["phone"], "outcome": "explained", "words": "三家同一家代账公司"}
    assert (await officer.post(here, data=said)).status_code == 303
    page = (await officer.get(f"/reviews/{first}")).text
    assert "phone" not in prompts(page)
    assert "三家同一家代账公司" in page
    trail = select(AuditEvent.after).where(AuditEvent.action == "firm:likeness:verified")
    after = (await conn.execute(trail)).scalar_one()
    assert (after["likeness"], after["outcome"], "开平市丙有限公司" in after["others"]) == ("phone", "explained", True)
    assert (await officer.post(f"/reviews/{first}/accept")).status_code == 303


async def test_what_is_out_of_sight_is_not_compared_and_firms_hear_nothing(three, client_as):
    boss, filing_id = three[0]
    assert (await boss.post(f"/reviews/{filing_id}/prompts")).status_code == 403
    near = await client_as("officer-2", scope="440783117")
    page = (await near.get(f"/reviews/{filing_id}")).text
    assert "开平市甲有限公司" in page
    assert prompts(page) == {}
    assert "开平市乙有限公司" not in page


async def test_last_years_copy_is_said_from_the_fourth_figure_on(conn, client_as, clock):
    _, filing_id = await handed_in(conn, client_as, "开平市甲有限公司", "firm")
    signed = (await conn.execute(select(SubmissionRound.figures))).scalar_one()
    firm_id = (await conn.execute(select(Submission.firm_id))).scalar_one()
    row = {"id": filing_id, "firm_id": firm_id, "year": 2024, "version": 1, "state": "accepted"}
    told = {code: signed[code] for code in list(TOLD)[:3]}
    made = YearlyReport.__table__.insert().values(**row, figures=told, created_at=clock.now())
    await conn.execute(made)
    officer = await client_as("officer")
    assert "last_year" not in prompts((await officer.get(f"/reviews/{filing_id}")).text)
    whole = {code: signed[code] for code in TOLD}
    await conn.execute(YearlyReport.__table__.update().values(figures=whole))
    assert "last_year" in prompts((await officer.get(f"/reviews/{filing_id}")).text)
