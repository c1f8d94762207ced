"""填报审核: a reviewer asks back, question by question, or accepts as signed; no figure is ever theirs to change."""

import re

import pytest
from sqlalchemy import func, select, text

from app.assessments.gathering import gather
from app.audit.models import AuditEvent
from app.outbox.models import OutboxMessage
from app.reports.models import Submission, SubmissionRound, YearlyReport
from tests import factories
from tests.web.test_reports import HERE, OPERATIONS, PAGES, PEOPLE, RD, clerk, fill, submit, typed


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司", industry_code="C3360")


@pytest.fixture
async def boss(conn, client_as, uscc):
    """The signatory of a firm that has handed in."""
    client = await client_as(await clerk(conn, uscc))
    await client.post(f"{HERE}/begin")
    await fill(client)
    assert (await submit(client)).status_code == 303
    return client


async def filing(conn):
    return (await conn.execute(select(Submission.id))).scalar_one()


async def back(conn, officer, **comments):
    data = {f"c.{code.replace('__', '.')}": words for code, words in comments.items()}
    return await officer.post(f"/reviews/{await filing(conn)}/return", data=data)


async def test_accepted_figures_are_the_signed_ones_and_policies_read_them(boss, conn, client_as, uscc):
    officer, firm_id = await client_as("officer"), await factories.id_of(conn, uscc)
    path = "years.2025.rd.personnel"
    assert path not in (await gather(conn, [firm_id]))[firm_id].facts.values
    assert "开平市金丝雀有限公司" in (await officer.get("/reviews")).text
    assert "250 万元" in (await officer.get(f"/reviews/{await filing(conn)}")).text
    assert (await officer.post(f"/reviews/{await filing(conn)}/accept")).status_code == 303
    found = (await gather(conn, [firm_id]))[firm_id]
    assert found.facts.values[path] == 2_500_000
    assert f"回执 2025-{uscc}-01" in found.source_of(path).source
    assert "已审核通过" in (await boss.get(HERE)).text
    waiting = text("SELECT count(*) FROM changed_firms WHERE firm_id = :firm")
    assert (await conn.execute(waiting, {"firm": firm_id})).scalar_one() == 1


async def test_the_gap_page_changes_because_of_it(conn, client_as):
    uscc = await factories.reporting_firm(conn)
    boss, officer = await client_as(await clerk(conn, uscc)), await client_as("officer")
    await boss.post(f"{HERE}/begin")
    gap = f"/firms/{uscc}/gap?policy=hnte"
    assert "近三年研发费用占比" in (await boss.get(gap)).text
    before = (await officer.get(f"/api/v1/firms/{uscc}/assessments?policy=hnte")).json()
    right = {
        "kind": "invention_patent",
        "name": "阀芯",
        "number": "ZL1",
        "granted": "2023-05-01",
        "way": "self_developed",
    }
    rights = {f"ip.{name}.0": (word, "") for name, word in right.items()}
    pages = {**PAGES, "rd": RD | {"rd.personnel": ("280", "wan_yuan")}, "ip": rights}
    await fill(boss, pages)
    explained = {"x.rd.personnel.change": "增加了研发人员", "x.total_income.change": "x", "x.net_assets.change": "x"}
    assert (await submit(boss, **explained)).status_code == 303
    await officer.post(f"/reviews/{await filing(conn)}/accept")
    after = (await officer.get(f"/api/v1/firms/{uscc}/assessments?policy=hnte")).json()

    def intensity(answer):
        (one,) = answer.get("items", [answer])
        return next(c["outcome"] for c in one["criteria"] if c["code"] == "rd_intensity")

    assert (intensity(before), intensity(after)) == ("not_met", "met")


async def test_a_return_opens_what_was_asked_and_locks_the_rest_and_the_difference_is_shown(boss, conn, client_as):
    officer = await client_as("officer")
    assert (await back(conn, officer, headcount="请附工资册人数", rd__personnel="与辅助账不符")).status_code == 303
    page = (await boss.get(f"{HERE}/people")).text
    assert "请附工资册人数" in page
    assert page.count("（锁定）") == 6
    changed = typed(PEOPLE | {"headcount": ("118", ""), "rd_staff": ("99", "")}, version=1)
    assert (await boss.post(f"{HERE}/people", data=changed)).status_code == 303
    locked = typed(OPERATIONS | {"sales_revenue": ("1", "yuan")}, version=1)
    assert (await boss.post(f"{HERE}/operations", data=locked)).status_code == 303
    assert (await submit(boss)).status_code == 303
    figures = select(SubmissionRound.figures).order_by(SubmissionRound.round.desc()).limit(1)
    signed = (await conn.execute(figures)).scalar_one()
    assert (signed["headcount"], signed["rd_staff"], signed["sales_revenue"]) == ("118", "15", "40000000")
    shown = (await officer.get(f"/reviews/{await filing(conn)}")).text
    assert "与上次提交的不同" in shown
    assert "<del>120 人</del>" in shown
    assert "<ins>118 人</ins>" in shown
    assert "<ins>15 人</ins>" not in shown


async def test_a_return_without_a_word_is_no_return(boss, conn, client_as):
    officer = await client_as("officer")
    empty = await back(conn, officer, headcount="  ")
    assert empty.status_code == 422
    assert "请至少在一项下面写明" in empty.text
    assert (await back(conn, officer, nowhere="x")).status_code == 422
    long = await back(conn, officer, headcount="字" * 301)
    assert (long.status_code, "字" * 301 in long.text) == (422, True)


async def test_two_officers_decide_once(boss, conn, client_as):
    one, other = await client_as("officer"), await client_as("officer-2")
    assert (await one.post(f"/reviews/{await filing(conn)}/accept")).status_code == 303
    assert (await other.post(f"/reviews/{await filing(conn)}/accept")).status_code == 409
    assert (await back(conn, other, headcount="x")).status_code == 409
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 1


async def test_the_firm_and_its_officer_hear_of_each_step_and_the_trail_has_them(boss, conn, client_as):
    officer = await client_as("officer")
    await back(conn, officer, headcount="x")
    await submit(boss)
    await officer.post(f"/reviews/{await filing(conn)}/accept")
    kinds = (await conn.execute(select(OutboxMessage.kind).order_by(OutboxMessage.id))).scalars()
    assert [k for k in kinds if k.startswith("report_")] == ["report_returned", "report_accepted"]
    page = (await boss.get("/inbox")).text
    assert "退回补正 1 处" in page
    assert "去填报" in page
    acts = (await conn.execute(select(AuditEvent.action).order_by(AuditEvent.id))).scalars()
    steps = [a.rsplit(":", 1)[1] for a in acts if a.startswith("firm:report:")]
    assert steps == ["begun", "submitted", "returned", "submitted", "accepted"]


@pytest.mark.parametrize("role", ["town", "manager", "admin", "auditor", "carrier", "firm-other"])
async def test_nobody_but_an_officer_decides(boss, conn, client_as, role):
    client = await client_as(role)
    assert (await client.post(f"/reviews/{await filing(conn)}/accept")).status_code == 403
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 0


async def test_a_draft_is_nobody_elses_to_read(conn, client_as, uscc):
    client = await client_as(await clerk(conn, uscc))
    await client.post(f"{HERE}/begin")
    await fill(client)
    officer = await client_as("officer")
    assert (await officer.get(f"/reviews/{await filing(conn)}")).status_code == 404
    assert (await officer.post(f"/reviews/{await filing(conn)}/accept")).status_code == 409


async def test_an_officer_of_another_county_sees_none_of_it(boss, conn, client_as):
    away = await client_as(await factories.person(conn, "officer-away", scope="440784"))
    assert "金丝雀" not in (await away.get("/reviews")).text
    assert (await away.get(f"/reviews/{await filing(conn)}")).status_code == 404
    assert (await away.post(f"/reviews/{await filing(conn)}/accept")).status_code == 404


async def test_only_clean_ones_are_accepted_together(boss, conn, client_as):
    officer = await client_as("officer")
    await conn.execute(text("ALTER TABLE submission_rounds DISABLE TRIGGER signed_stays"))
    await conn.execute(text("""UPDATE submission_rounds SET explanations = '{"headcount.change": "新厂"}'"""))
    chosen = {"ids": [str(await filing(conn))]}
    assert (await officer.post("/reviews/accept", data=chosen)).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 0
    await conn.execute(text("UPDATE submission_rounds SET explanations = '{}'"))
    await officer.post("/reviews/accept", data=chosen)
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 1


async def test_who_has_not_filed_is_listed_and_chased_once_a_day(conn, client_as, uscc, clock):
    late = await client_as(await clerk(conn, uscc))
    await factories.firm(conn, "开平市没有账号有限公司")
    officer = await client_as("officer")
    page = (await officer.get("/reviews")).text
    assert "开平市金丝雀有限公司" in page
    assert "没有账号有限公司" not in page
    for _ in range(2):
        await officer.post("/reviews/chase")
    assert (await late.get("/inbox")).text.count("请填报并提交 2025 年度数据</b>") == 1
    clock.advance(days=1)
    await (await client_as("officer")).post("/reviews/chase")
    chased = select(func.count()).where(OutboxMessage.kind == "report_chased")
    assert (await conn.execute(chased)).scalar_one() == 2


async def test_beside_a_figure_stands_the_middle_of_its_industry_when_there_are_five(boss, conn, client_as, uscc):
    officer = await client_as("officer")
    for n in range(5):
        assert "3,900 万元" not in (await officer.get(f"/reviews/{await filing(conn)}")).text
        other = await factories.reporting_firm(conn, f"开平市同行{n}有限公司", industry_code="C3351")
        await conn.execute(
            text(
                'UPDATE yearly_reports SET figures = figures || \'{"sales_revenue": "39000000"}\' WHERE firm_id = :id'
            ),
            {"id": await factories.id_of(conn, other)},
        )
    before = text("UPDATE yearly_reports SET firm_id = :mine WHERE firm_id = :other AND year = 2024")
    firms = [await factories.id_of(conn, one) for one in (uscc, other)]
    await conn.execute(before, dict(zip(("mine", "other"), firms, strict=True)))
    page = (await officer.get(f"/reviews/{await filing(conn)}")).text
    # The sum is as old and as usual as what it is the sum of.
    total = page[page.index("研究开发费用合计</th>") :]
    assert re.findall(r"<td[^>]*>(?:<b>)?([^<]+?)\s*<", total)[:4] == ["250 万元", "190 万元", "+32%", "190 万元"]
    assert "3,900 万元" in page
    assert "高于多数同行" in page
