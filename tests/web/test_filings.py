import re
from datetime import date

import pytest
from sqlalchemy import select, text

from app.filings.models import FilingWindow, WindowVersionRow
from tests import factories
from tests.harness import NOON

FIRM = {"firm_due": "2027-06-25", "firm_until": "17：00"}
NOTICE = {"document": "粤科函产字〔2027〕1号", "address": "https://gdstc.gd.gov.cn/a.html", "grade": "official"}


async def form_of(client, path):
    page = await client.get(path)
    assert page.status_code == 200
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return dict(fields[-4:] if path.endswith("new") else fields)


async def send(client, window_id, kind, **values):
    hidden = await form_of(client, f"/filings/{window_id}/change?kind={kind}")
    return await client.post(f"/filings/{window_id}/change", data=hidden | {"kind": kind} | values)


def shown(rendered, name):
    return next(context for template, context in reversed(rendered) if template == name)


async def test_an_officer_confirms_a_window_and_it_counts_down(conn, client_as, rendered):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    client = await client_as("officer")
    before = await client.get(f"/filings/{found}")
    assert "不提醒任何人" in before.text
    answer = await send(client, found, "confirmed", **FIRM, **NOTICE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/filings/{found}")
    page = await client.get(f"/filings/{found}")
    assert "2027-06-25 17:00" in page.text
    assert "214 天（154 个工作日）" in page.text
    assert "放假安排尚未载入" in page.text, "2027 is only assumed to be Monday to Friday"
    await client.get("/filings?year=2027")
    soon = shown(rendered, "officer/filings/calendar.html")["soon"]
    assert [(c.window.id, c.day, c.days) for c in soon] == [(found, date(2027, 6, 25), 214)]


async def test_a_form_that_cannot_be_taken_comes_back_as_it_was_typed_with_a_sentence_per_field(conn, client_as):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    client = await client_as("officer")
    answer = await send(client, found, "confirmed", firm_due="六月底", firm_until="25:00", document="某通知", grade="x")
    assert answer.status_code == 422
    for said in ('value="六月底"', 'value="25:00"', "看不懂这个日期", "请写成 17:00", "请选择通知是从哪里读到的"):
        assert said in answer.text
    answer = await send(client, found, "confirmed", firm_due="2027-06-25", document="某通知", address="gdstc.gd.gov.cn")
    assert answer.status_code == 422
    assert "http://" in answer.text
    assert (await conn.execute(select(FilingWindow.version).where(FilingWindow.id == found))).scalar_one() == 1


async def test_the_same_form_sent_twice_is_one_version(conn, client_as):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    client = await client_as("officer")
    hidden = await form_of(client, f"/filings/{found}/change?kind=confirmed")
    answers = [
        await client.post(f"/filings/{found}/change", data=hidden | {"kind": "confirmed"} | FIRM | NOTICE)
        for _ in range(2)
    ]
    assert [a.status_code for a in answers] == [303, 303]
    versions = select(WindowVersionRow.version).where(WindowVersionRow.window_id == found)
    assert sorted((await conn.execute(versions)).scalars()) == [1, 2]


async def test_whoever_saw_an_older_version_gets_the_form_back_with_who_was_faster(conn, client_as):
    found = await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25))
    client = await client_as("officer")
    hidden = await form_of(client, f"/filings/{found}/change?kind=extended")
    other = await client_as("officer-2")
    later = {"firm_due": "2027-07-05", **NOTICE}
    assert (await send(other, found, "extended", **later)).status_code == 303
    mine = hidden | {"kind": "extended"} | later
    answer = await client.post(f"/filings/{found}/change", data=mine)
    assert answer.status_code == 412
    assert "局专员officer-2 已把" in answer.text
    assert 'name="expected" value="3"' in answer.text
    assert 'value="2027-07-05"' in answer.text


async def test_closing_and_withdrawing_want_a_reason(conn, client_as):
    found = await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25))
    client = await client_as("officer")
    for kind, state in (("withdrawn", "reference"), ("closed", "closed")):
        page = (await client.get(f"/filings/{found}")).text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        expected = re.search(r'name="expected" value="(\d+)"', page)[1]
        asked = {"csrf_token": token, "kind": kind, "expected": expected}
        refused = await client.post(f"/filings/{found}/change", data=asked)
        assert refused.status_code == 422
        assert "请写明原因" in refused.text
        assert (await client.post(f"/filings/{found}/change", data=asked | {"reason": "取消"})).status_code == 303
        now = (await conn.execute(select(FilingWindow.state).where(FilingWindow.id == found))).scalar_one()
        assert now == state


@pytest.mark.parametrize("kind", ["", "laid_out", "nonsense"])
async def test_a_change_that_is_none_is_refused(conn, client_as, kind):
    found = await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25))
    client = await client_as("officer")
    hidden = await form_of(client, f"/filings/{found}/change?kind=extended")
    assert (await client.post(f"/filings/{found}/change", data=hidden | {"kind": kind})).status_code == 422


async def test_a_new_window_of_the_countys_own(conn, client_as):
    client = await client_as("officer")
    hidden = await form_of(client, "/filings/new")
    fields = {"programme": "srdi", "year": "2027", "batch": "2", "label": "补报", "region": "440783"}
    answer = await client.post("/filings/new", data=hidden | fields | FIRM)
    assert answer.status_code == 422
    assert "请填写通知的文号" in answer.text
    answer = await client.post("/filings/new", data=hidden | fields | FIRM | NOTICE)
    assert answer.status_code == 303
    assert "2027 年专精特新中小企业认定补报" in (await client.get(answer.headers["location"])).text
    hidden = await form_of(client, "/filings/new")
    again = await client.post("/filings/new", data=hidden | fields | FIRM | NOTICE)
    assert again.status_code == 409
    assert "已经在日历上" in again.text


@pytest.mark.parametrize("view", ["year", "month", "list", "nonsense"])
async def test_an_earlier_years_dates_are_marked_as_such_and_never_count_down(client_as, rendered, view):
    client = await client_as("officer")
    page = await client.get(f"/filings?year=2027&view={view}&month=9")
    assert page.status_code == 200
    context = shown(rendered, "officer/filings/calendar.html")
    assert context["soon"] == []
    assert context["waiting"] > 20
    assert "天（" not in page.text
    if view == "month":
        assert [e.day for e in context["planned"] if e.window.programme == "rd_center"] == [
            date(2025, 9, 5),
            date(2025, 9, 17),
        ]
        assert not any(d.entries for week in context["weeks"] for d in week)


async def test_the_month_shows_holidays_make_up_days_and_what_falls_into_its_edges(conn, client_as, rendered):
    await factories.window(conn, "hnte", 2027, 1, opens_on=date(2026, 12, 31), firm_due=date(2027, 1, 1))
    client = await client_as("officer")
    await client.get("/filings?year=2026&view=month&month=2")
    days = {d.day: d for week in shown(rendered, "officer/filings/calendar.html")["weeks"] for d in week}
    assert [(days[date(2026, 2, n)].working, days[date(2026, 2, n)].mark) for n in (13, 14, 16)] == [
        (True, ""),
        (True, "班"),
        (False, "休"),
    ]
    for year, month in ((2026, 12), (2027, 1)):
        await client.get(f"/filings?year={year}&view=month&month={month}")
        days = {d.day: d for week in shown(rendered, "officer/filings/calendar.html")["weeks"] for d in week}
        found = [(day, e.milestone.value) for day, d in days.items() for e in d.entries if e.window.year == 2027]
        assert found == [(date(2026, 12, 31), "opens_on"), (date(2027, 1, 1), "firm_due")]


async def test_a_missing_schedule_is_said_aloud_and_a_loaded_one_is_not(client_as):
    client = await client_as("officer")
    assert "2027 年放假安排尚未载入" in (await client.get("/filings?year=2027")).text
    assert "放假安排尚未载入" not in (await client.get("/filings?year=2026")).text


async def test_the_calendar_costs_the_same_however_many_windows_there_are(conn, client_as, statements):
    client = await client_as("officer")
    await client.get("/filings?year=2027")
    statements.clear()
    await client.get("/filings?year=2027")
    few = len(statements)
    await conn.execute(
        text(
            "INSERT INTO filing_windows (id, programme, year, batch, region, state, grade, created_at, firm_due) "
            "SELECT gen_random_uuid(), 'hnte', 2027, n, '440000', 'confirmed', 'official', now(), '2027-06-25' "
            "FROM generate_series(10, 60) n"
        )
    )
    statements.clear()
    await client.get("/filings?year=2027")
    assert len(statements) == few <= 12


async def test_only_the_bureaus_officers_are_offered_the_forms(conn, client_as):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    for role, offered in (("officer", True), ("town", False), ("manager", False), ("auditor", False)):
        client = await client_as(role)
        assert ("按通知确认" in (await client.get(f"/filings/{found}")).text) is offered
        assert ("新增窗口" in (await client.get("/filings")).text) is offered


async def test_a_firms_clerk_reads_the_calendar_as_a_list(conn, client_as):
    uscc = await factories.firm(conn)
    await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25), at=NOON)
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    page = await (await client_as(clerk)).get("/filings?year=2027")
    assert "高新技术企业认定 第一批" in page.text
    assert "214 天" in page.text


async def test_today_counts_down_to_the_next_dates_of_confirmed_windows_only(conn, client_as, rendered):
    client = await client_as("officer")
    await client.get("/")
    assert shown(rendered, "officer/today.html")["soon"] == []
    for batch, due in ((1, date(2026, 11, 23)), (2, date(2026, 11, 22)), (3, date(2027, 1, 15))):
        await factories.window(conn, "hnte", 2027, batch, firm_due=due)
    page = await client.get("/")
    assert [c.day for c in shown(rendered, "officer/today.html")["soon"]] == [date(2026, 11, 23), date(2027, 1, 15)]
    assert "工作日为暂估" in page.text, "2027 has no schedule yet"
