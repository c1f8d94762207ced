"""年度填报: typed as one likes, saved as it is, kept from being overwritten, signed by one, numbered once."""

import asyncio
import re

import pypdfium2
import pytest
from sqlalchemy import func, select, text, update

from app.access.models import User
from app.reports.drafting import explain
from app.reports.models import SubmissionRound, SubmissionSection, YearlyReport
from app.reports.queries import own_filing
from tests import factories
from tests.web.test_account import attempt, kept_in

OPERATIONS = {
    "sales_revenue": ("4000", "wan_yuan"),
    "main_business_revenue": ("38,000", "thousand_yuan"),
    "total_income": ("40000000", "yuan"),
    "high_tech_income": ("３０００万元", "yuan"),
    "cost_and_expense": ("3600", "wan_yuan"),
    "net_profit": ("-12.5", "wan_yuan"),
    "total_assets": ("5000", "wan_yuan"),
    "net_assets": ("2000", "wan_yuan"),
    "equity_raised": ("0", "wan_yuan"),
}
PEOPLE = {"headcount": ("120 人", ""), "rd_staff": ("15", ""), "rd_staff_full_time": ("12", "")}
RD = {
    f"rd.{line}": ("0", "wan_yuan")
    for line in (
        *("direct_input", "depreciation", "intangible_amortisation", "design", "commissioning_testing"),
        *("outsourced_domestic", "outsourced_overseas", "other"),
    )
} | {"rd.personnel": ("250", "wan_yuan")}
PAGES = {"operations": OPERATIONS, "people": PEOPLE, "rd": RD, "output": {"conversions": ("5", "")}}
HERE = "/portal/report/2025"


def typed(page, version=0, act="save", **more):
    data = {code: text for code, (text, _) in page.items()}
    return data | {f"u.{code}": unit for code, (_, unit) in page.items()} | {"version": str(version), "act": act} | more


async def clerk(conn, uscc, login="firm", *, signatory=True):
    person = await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))
    if signatory:
        await conn.execute(update(User).where(User.id == person.id).values(signatory=True))
    return person


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


@pytest.fixture
async def boss(conn, client_as, uscc):
    client = await client_as(await clerk(conn, uscc))
    assert (await client.post(f"{HERE}/begin")).status_code == 303
    return client


async def fill(client, pages=PAGES):
    for section, page in pages.items():
        assert (await client.post(f"{HERE}/{section}", data=typed(page))).status_code == 303


async def submit(client, **words):
    return await client.post(f"{HERE}/submit", data={"declared": "1"} | words)


async def kept(conn, section):
    query = select(SubmissionSection.answers, SubmissionSection.version).where(SubmissionSection.section == section)
    return (await conn.execute(query)).one()


async def test_a_form_is_begun_once_however_often_the_button_is_pressed(boss, conn):
    await boss.post(f"{HERE}/begin")
    query = text("SELECT count(*) FROM submissions")
    assert (await conn.execute(query)).scalar_one() == 1
    assert "还缺" in (await boss.get(HERE)).text


@pytest.mark.parametrize("year", [2022, 2026, 1990])
async def test_a_year_that_nobody_asks_for_cannot_be_begun(boss, year):
    assert (await boss.post(f"/portal/report/{year}/begin")).status_code == 422


async def test_units_are_typed_beside_the_figure_and_never_confused(boss, conn):
    await fill(boss)
    assert (await submit(boss)).headers["location"] == f"{HERE}/receipt"
    figures = (await conn.execute(select(SubmissionRound.figures))).scalar_one()
    expected = {"sales_revenue": "40000000", "main_business_revenue": "38000000", "total_income": "40000000"}
    expected |= {"high_tech_income": "30000000", "net_profit": "-125000", "headcount": "120", "rd.total": "2500000"}
    assert {code: figures[code] for code in expected} == expected
    page = (await boss.get(f"{HERE}/operations")).text
    assert 'value="38,000"' in page
    assert "38,000,000 元" in page


async def test_a_draft_is_saved_whatever_is_in_it_and_says_what_cannot_be_read(boss, conn):
    page = {"sales_revenue": ("四千万", "wan_yuan"), "net_assets": ("", "wan_yuan")}
    saved = await boss.post(f"{HERE}/operations", data=typed(page))
    assert saved.headers["location"] == f"{HERE}/operations?faults=1"
    shown = (await boss.get(saved.headers["location"])).text
    assert 'value="四千万"' in shown
    assert "看不懂这个金额" in shown
    assert "还没有填" in shown
    assert (await kept(conn, "operations")).answers == {"sales_revenue": ["四千万", "wan_yuan"]}


async def test_what_cannot_be_is_said_as_it_is_saved_and_one_may_go_on_all_the_same(boss):
    wrong = PEOPLE | {"rd_staff": ("150", "")}
    by_itself = await boss.post(f"{HERE}/people", data=typed(wrong, act="auto"))
    assert '<a href="#rd_staff">科技人员：科技人员不能多于职工总数。</a>' in by_itself.text
    assert "<data" not in by_itself.text, "people are not money"
    onward = await boss.post(f"{HERE}/people", data=typed(wrong, version=1, act="next"))
    assert onward.headers["location"] == f"{HERE}/people?faults=1"
    page = (await boss.get(onward.headers["location"])).text
    assert 'id="rd_staff-error"' in page
    assert f'href="{HERE}/rd">先填下一节' in page
    mended = await boss.post(f"{HERE}/people", data=typed(PEOPLE, version=2, act="next"))
    assert mended.headers["location"] == f"{HERE}/rd"
    await boss.post(f"{HERE}/operations", data=typed(OPERATIONS))
    more = {"output.new_product_sales": ("4000.01", "wan_yuan")}
    across = await boss.post(f"{HERE}/output", data=typed(PAGES["output"] | more, act="auto"))
    assert "新产品销售收入不能大于销售收入" in across.text
    again = typed(PAGES["output"] | {"output.new_product_sales": ("4000", "wan_yuan")}, version=1, act="auto")
    assert "不对" not in (await boss.post(f"{HERE}/output", data=again)).text


async def test_what_is_missing_or_cannot_be_is_refused_with_all_of_it_and_nothing_is_handed_in(boss, conn):
    wrong = PAGES | {"people": PEOPLE | {"rd_staff": ("150", "")}}
    await fill(boss, {k: v for k, v in wrong.items() if k != "output"})
    answer = await submit(boss)
    assert answer.status_code == 409
    assert "科技人员不能多于职工总数" in answer.text
    assert "科技成果转化：还没有填；没有请填 0。" in answer.text
    assert (await conn.execute(select(func.count()).select_from(SubmissionRound))).scalar_one() == 0


async def test_a_leap_wants_a_sentence_and_no_more(conn, client_as):
    uscc = await factories.reporting_firm(conn)
    boss = await client_as(await clerk(conn, uscc))
    await conn.execute(text("UPDATE yearly_reports SET state = 'draft' WHERE year = 2025"))
    await boss.post(f"{HERE}/begin")
    assert "4,000 万元" in (await boss.get(f"{HERE}/operations")).text
    right = {
        "kind": "invention_patent",
        "name": "阀芯",
        "number": "ZL1",
        "granted": "2023-05-01",
        "way": "self_developed",
    }
    rights = {f"ip.{name}.0": (word, "") for name, word in right.items()}
    await fill(boss, PAGES | {"operations": OPERATIONS | {"sales_revenue": ("7000", "wan_yuan")}, "ip": rights})
    silent = await submit(boss)
    assert silent.status_code == 409
    assert "比上年多 75%" in silent.text
    assert "销售收入大于总收入" in silent.text
    income = {"x.sales_revenue.at_most": "退货在次年冲回"}
    assert (await submit(boss, **{"x.sales_revenue.change": "新厂投产"})).status_code == 409
    assert (await submit(boss, **{"x.sales_revenue.change": "新厂投产"}, **income)).status_code == 303
    said = (await conn.execute(select(SubmissionRound.explanations))).scalar_one()
    assert said == {"sales_revenue.change": "新厂投产", "sales_revenue.at_most": "退货在次年冲回"}


async def test_the_ledgers_figures_and_rights_are_there_already(conn, client_as):
    uscc = await factories.reporting_firm(conn)
    boss = await client_as(await clerk(conn, uscc))
    await boss.post(f"{HERE}/begin")
    assert 'value="4000"' in (await boss.get(f"{HERE}/operations")).text
    assert 'value="ZL1"' in (await boss.get(f"{HERE}/ip")).text


async def test_rows_are_added_one_by_one_and_taken_out_again(boss, conn):
    one = {"project.name.0": "节水阀芯", "version": "0", "act": "add"}
    added = await boss.post(f"{HERE}/projects", data=one)
    assert added.headers["location"] == f"{HERE}/projects?add=1#more"
    assert "RD02" in (await boss.get(f"{HERE}/projects?add=1")).text
    two = {"project.name.0": "节水阀芯", "project.name.1": "恒温龙头", "version": "1", "act": "save"}
    await boss.post(f"{HERE}/projects", data=two)
    await boss.post(f"{HERE}/projects", data=two | {"version": "2", "act": "remove.0"})
    assert (await kept(conn, "projects")).answers == {"rows": [{"project.name": ["恒温龙头", ""]}]}


async def test_the_second_of_two_clerks_sees_both_and_decides_and_nothing_typed_is_lost(boss, conn, client_as, uscc):
    junior = await client_as(await clerk(conn, uscc, "firm-lin", signatory=False))
    await boss.post(f"{HERE}/people", data=typed(PEOPLE))
    assert "也开着这一节" in (await junior.get(f"{HERE}/people")).text
    late = await junior.post(f"{HERE}/people", data=typed({"headcount": ("130", "")}))
    assert late.status_code == 412
    assert 'value="130"' in late.text
    assert "同事填的：" in late.text
    assert "120 人" in late.text
    assert (await kept(conn, "people")).answers["headcount"] == ["120 人", ""]
    decided = typed({"headcount": ("130", "")}, version=1)
    assert (await junior.post(f"{HERE}/people", data=decided)).status_code == 303
    assert (await kept(conn, "people")).answers == {"headcount": ["130", ""]}


async def test_typing_saves_itself_and_stops_when_a_colleague_was_faster(boss, conn, client_as, uscc):
    saved = await boss.post(f"{HERE}/people", data=typed(PEOPLE, act="auto"))
    assert (saved.status_code, saved.headers["x-version"]) == (200, "1")
    assert "已于 12:00 保存" in saved.text
    late = await boss.post(f"{HERE}/people", data=typed({"headcount": ("130", "")}, act="auto"))
    assert late.status_code == 412
    assert "没有丢" in late.text
    # What was sent twice, as by a second click or after an answer that never came, was saved once and is no conflict.
    for act, status in (("auto", 200), ("save", 303)):
        assert (await boss.post(f"{HERE}/people", data=typed(PEOPLE, act=act))).status_code == status
    assert (await kept(conn, "people")).version == 1


async def test_what_the_figures_come_to_is_said_as_they_are_saved(boss):
    lines = RD | {"rd.design": ("50", "wan_yuan"), "rd.other": ("", "wan_yuan")}
    fen = RD | {"rd.design": ("1.004998", "wan_yuan")}
    saved = (await boss.post(f"{HERE}/rd", data=typed(fen, act="auto"))).text
    assert ">251 万元（2,510,049.98 元）</data>" in saved, "two decimals, and all of it"
    saved = (await boss.post(f"{HERE}/rd", data=typed(lines, 1, act="auto"))).text
    said = dict(re.findall('<data value="([^"]+)">([^<]*)</data>', saved))
    assert (said["rd.design"], said["rd.other"], said["rd.total"]) == ("500,000 元", "", "300 万元")
    page = (await boss.get(f"{HERE}/rd")).text
    for code, words in said.items():
        assert f'id="{code}-said">{words}</' in page, code


async def test_only_the_signatory_hands_in_and_only_with_the_declaration(boss, conn, client_as, uscc):
    await fill(boss)
    junior = await client_as(await clerk(conn, uscc, "firm-lin", signatory=False))
    assert (await submit(junior)).status_code == 409
    assert (await boss.post(f"{HERE}/submit")).status_code == 409
    assert (await conn.execute(select(func.count()).select_from(SubmissionRound))).scalar_one() == 0


async def test_handed_in_twice_is_handed_in_once_and_then_nothing_changes(boss, conn):
    await fill(boss)
    answers = [await submit(boss), await submit(boss)]
    assert [a.headers["location"] for a in answers] == [f"{HERE}/receipt"] * 2
    assert (await conn.execute(select(func.count()).select_from(SubmissionRound))).scalar_one() == 1
    assert (await boss.post(f"{HERE}/people", data=typed(PEOPLE, version=1))).status_code == 409
    assert (await boss.post(f"{HERE}/people", data=typed(PEOPLE, version=1, act="auto"))).status_code == 409
    assert "周" not in (await kept(conn, "people")).answers
    home = (await boss.get("/portal")).text
    assert "2025 年度填报已提交，等待审核" in home
    assert f'href="{HERE}/receipt"' in home
    assert "填报后才知道" not in home


async def test_the_receipt_has_a_number_of_its_own_and_is_still_there_later(boss, conn, uscc, clock):
    for end in ("", ".pdf"):
        assert (await boss.get(f"{HERE}/receipt{end}")).status_code == 404
    await fill(boss)
    await submit(boss)
    clock.advance(minutes=20)
    page = (await boss.get(f"{HERE}/receipt")).text
    assert f"2025-{uscc}-01" in page
    assert "250 万元" in page
    sheet = await boss.get(f"{HERE}/receipt.pdf")
    assert sheet.headers["content-disposition"].endswith(".pdf")
    printed = pypdfium2.PdfDocument(sheet.content)
    assert len(printed) == 1
    words = printed[0].get_textpage().get_text_range()
    code = re.search(r'<span class="code">([0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4})</span>', page).group(1)
    for said in (f"2025-{uscc}-01", code, "开平市金丝雀有限公司", "销售收入", "4,000 万元"):
        assert said in words


async def test_a_draft_counts_for_nothing_and_so_does_what_nobody_has_accepted(boss, conn):
    await fill(boss)
    await submit(boss)
    assert (await conn.execute(select(func.count()).select_from(YearlyReport))).scalar_one() == 0


async def test_another_firms_form_is_never_seen_whatever_the_address(boss, conn, client_as):
    await fill(boss)
    other = await factories.firm(conn, "开平市好奇有限公司")
    stranger = await client_as(await clerk(conn, other, "firm-other"))
    for path in (HERE, f"{HERE}/operations", f"{HERE}/check", f"{HERE}/receipt"):
        answer = await stranger.get(path)
        assert (path, answer.status_code) == (path, 404)
        assert "4000" not in answer.text
    await stranger.post(f"{HERE}/begin")
    assert 'value="4000"' not in (await stranger.get(f"{HERE}/operations")).text


async def test_what_was_signed_cannot_be_changed_by_anybody_who_has_the_database(boss, conn):
    await fill(boss)
    await submit(boss)
    from sqlalchemy.exc import DBAPIError

    with pytest.raises(DBAPIError, match="append-only"):
        await conn.execute(text("""UPDATE submission_rounds SET figures = '{"headcount": "1"}'"""))


async def test_an_expired_session_keeps_what_was_typed_until_one_is_back(boss, client_from):
    stranger = client_from()
    answer = await stranger.post(f"{HERE}/people", data=typed(PEOPLE))
    assert answer.status_code == 401
    resumed = await attempt(stranger, "firm", kept=kept_in(answer.text))
    assert resumed.status_code == 200
    assert f'action="{HERE}/people"' in resumed.text
    assert "120 人" in resumed.text


@pytest.mark.db_commit
async def test_two_saves_at_the_same_moment_leave_one_and_tell_the_other(fresh_database):
    from app.config import SEEDS
    from app.errors import Stale
    from app.firms.queries import firm_by_uscc
    from app.reports.catalogue import read_forms
    from app.reports.drafting import begin, save_page
    from app.reports.forms import load_forms, newest
    from tests.harness import NOON

    assert read_forms(SEEDS)
    async with fresh_database.transaction() as conn:
        uscc = await factories.firm(conn)
        officer = await factories.person(conn, "officer")
        firm = await firm_by_uscc(conn, uscc, viewer=officer.viewer)
        people = [await clerk(conn, uscc, login, signatory=False) for login in ("firm-a", "firm-b")]
        form = newest(await load_forms(conn))
        await begin(conn, firm, 2025, form, {}, by=people[0].actor, at=NOON)

    async def save(who, words):
        async with fresh_database.transaction() as conn:
            page, answers = form.section("people"), {"headcount": [words, ""]}
            return await save_page(conn, firm.id, 2025, page, answers, seen=0, by=who.actor, at=NOON)

    done = await asyncio.gather(save(people[0], "1"), save(people[1], "2"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Stale", "int"]
    assert any(isinstance(one, Stale) for one in done)


async def test_what_two_write_beside_the_figures_at_once_is_kept_of_both(conn, boss, uscc):
    filing = await own_filing(conn, await factories.id_of(conn, uscc), 2025)
    await explain(conn, filing, {"headcount.change": "新厂", "rd_staff.change": "误写"})
    await explain(conn, filing, {"net_profit.change": "投产", "rd_staff.change": ""})  # read before the first was kept
    held = await own_filing(conn, filing.firm_id, 2025)
    assert held.explanations == {"headcount.change": "新厂", "net_profit.change": "投产"}
