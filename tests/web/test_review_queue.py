"""填报审核 at the end of a season: what wants looking into on top, the rest together, and who is missing is told."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from app.audit.models import AuditEvent
from app.db import new_id
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from app.owing.missing import missing, tally
from app.owing.queries import owed_of, owes
from app.reports.forms import current, load_forms, newest
from app.reports.handing import accept_all
from app.reports.models import Submission, SubmissionRound, YearlyReport
from app.reports.terms import ReportState
from app.verifying.models import VerifiedLikeness
from tests import factories, houses
from tests.harness import NOON

SAME = {"sales_revenue": "41230000", "net_assets": "23456000", "total_assets": "51234000", "net_profit": "-125700"}


async def filed(conn, name, figures, **more: Any):
    """A firm that has handed in, with a clerk; its form's id."""
    uscc = await factories.firm(conn, name)
    firm_id, filing_id = await factories.id_of(conn, uscc), new_id()
    await factories.person(conn, f"firm-{filing_id}", firm_id=firm_id)
    form = newest(await load_forms(conn))
    row = {"id": filing_id, "firm_id": firm_id, "year": 2025, "form": form.code, "form_version": form.version}
    row |= {"state": "submitted", "round": 1, "created_at": NOON, "submitted_at": NOON}
    await conn.execute(insert(Submission).values(**row))
    signed = {"submission_id": filing_id, "round": 1, "number": f"2025-{uscc}-01", "answers": {}, "figures": figures}
    signed |= {"explanations": {}, "submitted_at": NOON, "submitter_name": "周会计", **more}
    await conn.execute(insert(SubmissionRound).values(**signed))
    return filing_id


def order(page):
    return re.findall(r'class="name" href="/reviews/[^"]+">开平市(\w)有限公司', page)


async def test_what_is_to_be_looked_into_is_on_top_then_what_was_explained_and_the_rest_goes_together(conn, client_as):
    plain = [await filed(conn, f"开平市{name}有限公司", {"headcount": str(n)}) for n, name in enumerate("甲乙")]
    said = await filed(conn, "开平市丙有限公司", {"headcount": "7"}, explanations={"headcount.change": "新厂"})
    alike = [await filed(conn, f"开平市{name}有限公司", SAME) for name in "丁戊"]
    officer = await client_as("officer")
    page = (await officer.get("/reviews")).text
    assert order(page) == ["丁", "戊", "丙", "甲", "乙"]
    assert page.count("要核实 1") == 2
    assert "checked" not in page
    ticked = (await officer.get("/reviews?select=clean")).text
    assert set(re.findall(r'value="([0-9a-f-]{36})" checked', ticked)) == {str(one) for one in plain}
    together = await officer.post("/reviews/accept", data={"ids": [str(one) for one in (*plain, said, *alike)]})
    assert together.status_code == 303
    assert "已通过 2 份；3 份有说明、有要核实的提示或已有人处理" in (await officer.get("/reviews")).text
    # What was looked into goes with the rest from then on.
    known = {"id": new_id(), "kind": "copied", "weight": 4, "outcome": "explained", "words": "同一集团", "at": NOON}
    firms = (await conn.execute(select(Submission.id, Submission.firm_id))).all()
    firm_of = {filing_id: firm_id for filing_id, firm_id in firms}
    known |= {"firm_id": firm_of[alike[0]], "key": f"2025:{firm_of[alike[1]]}", "name": "李"}
    await conn.execute(insert(VerifiedLikeness).values(**known))
    await officer.post("/reviews/accept", data={"ids": [str(one) for one in alike]})
    accepted = select(Submission.id).where(Submission.state == "accepted")
    assert set((await conn.execute(accepted)).scalars()) == {*plain, alike[0]}


async def test_a_form_that_was_handed_in_anew_after_it_was_looked_at_is_not_let_through_with_the_rest(conn):
    same, anew = [await filed(conn, f"开平市{name}有限公司", {"headcount": "5"}) for name in "己庚"]
    by = (await factories.person(conn, "officer")).actor
    accepted = await accept_all(conn, {same: 1, anew: 0}, by=by, at=NOON)
    assert [filing.id for filing in accepted] == [same]


async def test_many_are_accepted_in_as_many_statements_as_two_each_with_its_version_trail_and_word(
    conn, client_as, statements
):
    officer, counts = await client_as("officer"), []
    for lot in ("ab", "cdefghijklmnop"):
        ids = [await filed(conn, f"{name}有限公司", {"headcount": "12", "odd": "1"}) for name in lot]
        await officer.get("/reviews")
        statements.clear()
        assert (await officer.post("/reviews/accept", data={"ids": [str(one) for one in ids]})).status_code == 303
        counts.append(len(statements))
    assert counts[0] == counts[1]
    made = (await conn.execute(select(YearlyReport.version, YearlyReport.figures, YearlyReport.source))).all()
    assert [(v, f) for v, f, _ in made] == [(1, {"headcount": "12"})] * 16
    assert len({source for *_, source in made}) == 16
    for table, kind in ((AuditEvent.action, "firm:report:accepted"), (OutboxMessage.kind, "report_accepted")):
        assert (await conn.execute(select(func.count()).where(table == kind))).scalar_one() == 16


async def test_who_is_missing_is_counted_by_form_and_town_and_all_of_them_are_chased_though_few_are_listed(
    conn, client_as
):
    towns = ("440783117", "440783117", "440783115")
    for n, town in enumerate(towns):
        uscc = await factories.firm(conn, f"开平市未报{n}有限公司", region=town)
        await factories.person(conn, f"firm-{n}", firm_id=await factories.id_of(conn, uscc))
        await factories.certificate(conn, uscc)
    await filed(conn, "开平市已报有限公司", {})
    gone = await factories.firm(conn, "开平市注销有限公司")
    await factories.person(conn, "firm-gone", firm_id=await factories.id_of(conn, gone))
    await conn.execute(Firm.__table__.update().where(Firm.uscc == gone).values(status="deregistered"))
    await factories.firm(conn, "开平市没有账号有限公司")
    form = newest(await load_forms(conn))
    viewer = (await factories.person(conn, "officer")).viewer
    count = await tally(conn, form, 2025, viewer=viewer)
    assert (count.able, count.unbegun, count.begun, count.without_account) == (4, 3, {ReportState.SUBMITTED: 1}, 1)
    assert (await tally(conn, form, 2025, viewer=viewer, region="440783115")).missing == 1
    assert len(await missing(conn, form, 2025, viewer=viewer, limit=2)) == 2
    officer = await client_as("officer")
    page = (await officer.get("/reviews")).text
    assert "一键催报 3 家" in page
    assert "没有账号有限公司" not in page
    assert "一键催报 1 家" in (await officer.get("/reviews?region=440783115")).text
    assert "一键催报 3 家" in (await officer.get("/reviews?form=hnte_annual")).text
    assert (await officer.get("/reviews?form=nowhere")).status_code == 404

    async def chased(**data):
        await officer.post("/reviews/chase", data=data)
        return (await officer.get("/reviews")).text

    assert "已提醒 1 家企业" in await chased(region="440783115")
    assert "已提醒 2 家企业的填报人；其余 1 家今天已经提醒过" in await chased()
    assert "今天都已经提醒过" in await chased()
    assert "已提醒 3 家企业" in await chased(form="hnte_annual")
    told = select(OutboxMessage.payload).where(OutboxMessage.kind == "report_chased")
    reports = sorted(payload["report"] for payload in (await conn.execute(told)).scalars())
    assert reports == ["2025"] * 3 + ["2025-hnte_annual"] * 3
    acts = select(AuditEvent.after).where(AuditEvent.action == "report:missing:chased").order_by(AuditEvent.number)
    assert [said["firms"] for said in (await conn.execute(acts)).scalars()] == [1, 2, 3]


@pytest.mark.parametrize(
    ("issued", "revoked", "since", "until", "kind"),
    [
        (date(2022, 12, 31), None, date(2024, 1, 1), date(2024, 12, 31), "incubator"),
        (date(2022, 12, 30), None, date(2024, 6, 1), date(2025, 1, 1), "incubator"),
        (date(2025, 12, 31), None, date(2025, 12, 31), None, "incubator"),
        (date(2026, 1, 1), None, date(2026, 1, 1), date(2027, 1, 1), "incubator"),
        (date(2024, 1, 1), date(2025, 12, 31), date(2025, 1, 1), date(2026, 1, 1), "makerspace"),
        (date(2024, 1, 1), date(2026, 1, 1), date(2024, 1, 1), date(2024, 2, 1), "accelerator"),
    ],
)
async def test_one_firm_and_the_list_of_all_agree_on_who_owes_what(conn, issued, revoked, since, until, kind):
    uscc = await factories.firm(conn)
    await factories.certificate(conn, uscc, issued_on=issued, number="GR202444009999")
    if revoked:
        await conn.exec_driver_sql(f"UPDATE certificates SET revoked_on = '{revoked}'")
    house = await houses.carrier(conn, kind=kind)
    await houses.tenancy(conn, house, await houses.space(conn, house), uscc, since, until)
    firm_id, viewer = await factories.id_of(conn, uscc), (await factories.person(conn, "officer")).viewer
    forms = [form for form in current(await load_forms(conn)) if form.code != "annual"]
    one = {owed.form.code for owed in await owed_of(conn, firm_id, forms, [2025], viewer=viewer, today=NOON.date())}
    every = {
        form.code
        for form in forms
        if (await conn.execute(select(Firm.id).where(Firm.id == firm_id, owes(form, 2025)))).first()
    }
    assert one == every
    holds = issued <= date(2025, 12, 31) <= date(issued.year + 3, issued.month, issued.day) and (
        revoked is None or revoked > date(2025, 12, 31)
    )
    assert ("hnte_annual" in one) == holds
    inside = kind == "incubator" and since <= date(2025, 12, 31)
    assert ("incubator_tenant" in one) == inside, "whose end nobody has recorded is inside still"
