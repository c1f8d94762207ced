"""The gap page, trying figures out, and the same over JSON: what is missed, by how much, and who may see it."""

import pytest
from sqlalchemy import select

from app.audit.models import AuditEvent
from tests import factories


@pytest.fixture
async def uscc(conn):
    """A firm that would be a 高企 but for its R&D: 4.75 % where 5 % is asked."""
    return await factories.reporting_firm(conn)


async def test_the_page_says_which_condition_is_missed_by_how_much_and_under_which_article(client_as, uscc):
    page = (await (await client_as("officer")).get(f"/firms/{uscc}/gap?policy=hnte")).text
    assert "近三年研发费用占比" in page
    assert "4.75%" in page
    assert "不低于 5%" in page
    assert "增加 2025 年研发费用 30 万元" in page
    assert "该年度已结束" in page
    assert "32号 第十一条(五)" in page
    assert "企业填报，已通过，2026-05-07" in page
    assert "信用中国" in page


async def test_the_next_years_filing_is_planned_with_figures_that_are_said_to_be_assumed(client_as, uscc):
    page = (await (await client_as("officer")).get(f"/firms/{uscc}/gap?policy=hnte")).text
    assert "任做一件即可" in page
    assert "增加 2026 年研发费用 30 万元" in page
    ahead = (await (await client_as("officer")).get(f"/firms/{uscc}/gap?policy=hnte&as_of=2027-06-01")).text
    assert "假设与上一年相同" in ahead


async def test_the_three_bases_of_rd_expense_stand_side_by_side(client_as, conn, uscc):
    page = (await (await client_as("officer")).get(f"/firms/{uscc}/gap")).text
    assert "高企口径" in page
    assert "加计扣除口径" in page
    assert "统计口径" in page


async def test_a_local_tier_is_labelled_as_a_default_of_the_system(client_as, conn, uscc):
    client = await client_as("officer")
    for policy in ("tech_micro", "eaglet", "gazelle_seed", "gazelle", "leader_seed", "leader"):
        assert "系统默认参考规则" in (await client.get(f"/firms/{uscc}/gap?policy={policy}")).text, policy


async def test_a_condition_of_our_own_among_a_documents_says_that_it_is_none_of_them(client_as, uscc):
    page = (await (await client_as("officer")).get(f"/firms/{uscc}/gap?policy=incubation_entry")).text
    assert page.count("本局或系统的建议，非官方条件") == 1


async def test_trying_a_figure_shows_every_title_before_and_after_and_writes_nothing(client_as, conn, uscc):
    client = await client_as("officer")
    trail = len((await conn.execute(select(AuditEvent.id))).all())
    answer = await client.get(f"/firms/{uscc}/gap/try?d.rd=30")
    assert answer.status_code == 200
    assert "试算之后" in answer.text
    assert "有变化" in answer.text
    assert len((await conn.execute(select(AuditEvent.id))).all()) == trail
    assert "4.75%" in (await client.get(f"/firms/{uscc}/gap?policy=hnte")).text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("d.rd=三十", "看不懂这个金额"),
        ("d.headcount=1.5", "请填整数"),
        ("d.headcount=三十", "请填整数"),
        ("d.sales_revenue=-5000", "减得太多"),
        ("d.rd=-9999", "研发费用里的人员人工费用，它现在是"),
    ],
)
async def test_what_cannot_be_tried_is_said_at_its_field_and_kept(client_as, uscc, typed, says):
    answer = await (await client_as("officer")).get(f"/firms/{uscc}/gap/try?{typed}")
    assert answer.status_code == 422
    assert says in answer.text
    assert typed.split("=")[1] in answer.text


@pytest.mark.parametrize("day", ["1990-01-01", "2099-01-01"])
async def test_a_day_of_which_nobody_can_speak_is_refused(client_as, uscc, day):
    answer = await (await client_as("officer")).get(f"/firms/{uscc}/gap?as_of={day}")
    assert answer.status_code == 422
    assert "评估日期应在" in answer.text


async def test_a_firm_that_has_reported_nothing_lacks_data_and_does_not_fail(client_as, conn):
    bare = await factories.firm(conn)
    page = (await (await client_as("officer")).get(f"/firms/{bare}/gap?policy=hnte")).text
    assert "项数据" in page
    assert "缺：" in page


async def test_a_firms_own_account_sees_its_own_gap_and_nobody_elses(client_as, conn, uscc):
    firm_id = await factories.id_of(conn, uscc)
    await factories.person(conn, "firm-own", firm_id=firm_id)
    client = await client_as("firm-own")
    assert (await client.get(f"/firms/{uscc}/gap")).status_code == 200
    other = await factories.firm(conn)
    assert (await client.get(f"/firms/{other}/gap")).status_code == 404
    assert (await client.get(f"/firms/{other}/gap/try?d.rd=1")).status_code == 404


async def test_another_town_finds_nothing_and_the_administrator_may_not_look(client_as, conn, uscc):
    elsewhere = await factories.firm(conn, region_code=factories.OTHER_TOWN)
    assert (await (await client_as("town")).get(f"/firms/{elsewhere}/gap")).status_code == 404
    assert (await (await client_as("admin")).get(f"/firms/{uscc}/gap")).status_code == 403


async def test_over_json_an_assessment_has_the_shape_that_integrators_rely_on(api_as, uscc):
    answer = await (await api_as("officer")).get(f"/api/v1/firms/{uscc}/assessments?policy=hnte&as_of=2026-06-01")
    (hnte,) = answer.json()["items"]
    assert hnte["outcome"] == "not_met"
    rd = next(c for c in hnte["criteria"] if c["code"] == "rd_intensity")
    assert (rd["required"], rd["actual"]) == (">= 0.05", "0.047500")
    gap = rd["gap"]
    assert (gap["figure"], gap["year"], gap["amount"], gap["unit"]) == ("rd", 2025, "300000.00", "元")
    assert hnte["score"]["pass"] == "> 70"


async def test_over_json_closing_exactly_the_gap_flips_exactly_that_condition(api_as, uscc):
    api = await api_as("officer")
    for amount, outcome in (("2200000.00", "met"), ("2199999.99", "not_met")):
        body = {"changes": {"years.2025.rd.personnel": amount}, "policy": "hnte", "as_of": "2026-06-01"}
        answer = await api.post(f"/api/v1/firms/{uscc}/assessments/what-if", json=body)
        (pair,) = answer.json()["items"]
        after = {c["code"]: c["outcome"] for c in pair["after"]["criteria"]}
        before = {c["code"]: c["outcome"] for c in pair["before"]["criteria"]}
        assert after["rd_intensity"] == outcome
        assert {k: v for k, v in after.items() if k != "rd_intensity"} == {
            k: v for k, v in before.items() if k != "rd_intensity"
        }


@pytest.mark.parametrize(
    "changes",
    [
        {"years.2025.headcount": -3},
        {"years.2025.sales_revenue": "NaN"},
        {"registered_on": "2099-01-01"},
        {"no.such.fact": 1},
        {"years.2025": 1, "years.2025.headcount": 2},
    ],
)
async def test_over_json_garbage_is_named_by_its_path(api_as, uscc, changes):
    answer = await (await api_as("officer")).post(
        f"/api/v1/firms/{uscc}/assessments/what-if", json={"changes": changes}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_an_unknown_policy_is_answered_with_those_there_are(api_as, uscc):
    answer = await (await api_as("officer")).get(f"/api/v1/firms/{uscc}/assessments?policy=nope")
    assert answer.status_code == 422
    assert "hnte" in answer.json()["errors"]["policy"]


async def test_the_page_reads_a_firm_in_three_statements(client_as, uscc, statements):
    client = await client_as("officer")
    await client.get(f"/firms/{uscc}/gap")
    statements.clear()
    await client.get(f"/firms/{uscc}/gap")
    assert len(statements) <= 5
