"""Accounts, calendar, outbox and trail, as those who run the system use them."""

import io
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import insert, select, text

from app.access.queries import user_by_login
from app.audit.models import AuditEvent
from app.db import new_id
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from app.pipeline.calendars import Schedule, load_schedules
from app.workdays.queries import load_calendar
from app.workdays.rules import CalendarEntry, DayKind
from tests import factories, houses
from tests.harness import NOON

NEWCOMER = {"login": "wang.wu", "name": "王五", "role": "officer", "scope": "440783", "unit": "科技股"}


async def actions(conn):
    return list((await conn.execute(select(AuditEvent.action).order_by(AuditEvent.at, AuditEvent.id))).scalars())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"login": "王五"}, "login"),
        ({"login": "a"}, "login"),
        ({"login": "admin"}, "login"),
        ({"name": " "}, "name"),
        ({"role": "emperor"}, "role"),
        ({"scope": ""}, "scope"),
        ({"scope": "44x"}, "scope"),
        ({"role": "firm", "scope": "", "uscc": "91440783M159083022"}, "uscc"),
        ({"role": "firm", "scope": "", "uscc": ""}, "uscc"),
    ],
)
async def test_an_account_that_makes_no_sense_is_refused_at_its_field(client_as, rendered, change, field):
    admin = await client_as("admin")
    answer = await admin.post("/admin/users/new", data=NEWCOMER | change)
    assert answer.status_code == 422
    assert field in rendered[-1][1]["errors"]
    assert rendered[-1][1]["values"]["unit"] == "科技股"


async def test_a_clerks_account_is_bound_to_its_firm(client_as, conn, rendered):
    uscc = await factories.firm(conn)
    admin = await client_as("admin")
    await admin.post("/admin/users/new", data=NEWCOMER | {"role": "firm", "scope": "", "uscc": uscc.lower()})
    bound = text("SELECT firm_id FROM users WHERE login = 'wang.wu'")
    assert (await conn.execute(bound)).scalar_one() == await factories.id_of(conn, uscc)


async def test_an_operators_account_is_bound_to_its_carrier_and_to_another_later(client_as, conn):
    first, second = await houses.carrier(conn), await houses.carrier(conn, "另一家众创空间", kind="makerspace")
    admin = await client_as("admin")
    account = NEWCOMER | {"role": "carrier", "scope": "", "carrier": str(first.id)}
    assert (await admin.post("/admin/users/new", data=account | {"carrier": str(new_id())})).status_code == 422
    assert (await admin.post("/admin/users/new", data=account | {"role": "officer"})).status_code == 422
    assert (await admin.post("/admin/users/new", data=account)).status_code == 303
    user = await user_by_login(conn, "wang.wu")
    assert user["carrier_id"] == first.id
    assert "示例孵化器" in (await admin.get("/admin/users")).text
    here = f"/admin/users/{user['id']}/carrier"
    assert (await admin.get(here)).status_code == 200
    assert (await admin.post(here, data={"carrier": str(second.id)})).status_code == 303
    assert (await user_by_login(conn, "wang.wu"))["carrier_id"] == second.id
    assert (await actions(conn))[-1] == "user:carrier:bound"
    assert (await admin.post(f"/admin/users/{(await factories.person(conn, 'officer')).id}/carrier")).status_code == 404


async def test_a_disabled_account_is_out_at_once_on_every_way_in(client_as, api_as, conn):
    admin, officer, program = await client_as("admin"), await client_as("officer"), await api_as("officer")
    person = await factories.person(conn, "officer")
    assert (await officer.get("/firms")).status_code == 200
    assert (await admin.post(f"/admin/users/{person.id}/disable")).status_code == 303
    assert (await officer.get("/firms")).status_code == 303
    assert (await program.get("/api/v1/firms")).status_code == 401
    await admin.post(f"/admin/users/{person.id}/enable")
    assert (await officer.get("/firms")).status_code == 303
    assert (await actions(conn))[-2:] == ["user:record:disabled", "user:record:enabled"]


async def test_nobody_disables_themselves(client_as, conn):
    admin = await client_as("admin")
    me = await factories.person(conn, "admin")
    assert (await admin.post(f"/admin/users/{me.id}/disable")).status_code == 422
    assert (await admin.get("/admin/users")).status_code == 200


YEAR = [
    ("日期", "类型", "名称"),
    (date(2027, 1, 1), "放假", "元旦"),
    ("2027/2/5", "放假", "春节"),
    ("2027年2月14日", "调休上班", "春节"),
]


def workbook(rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return {"file": ("2027年放假安排.xlsx", out.getvalue(), "application/vnd.ms-excel")}


def csv(rows, encoding="utf-8"):
    lines = "\r\n".join(",".join(str(cell) for cell in row) for row in rows)
    return {"file": ("2027.csv", lines.encode(encoding), "text/csv")}


async def test_next_year_is_asked_for_until_it_is_there(client_as, rendered):
    admin = await client_as("admin")
    await admin.get("/admin/calendar")
    assert [n[:4] for n in rendered[-1][1]["notices"]] == ["2027"]
    assert {y.year for y in rendered[-1][1]["years"]} == {2024, 2025, 2026}
    assert rendered[-1][1]["shown_year"] == 2026


@pytest.mark.parametrize("files", [workbook(YEAR), csv(YEAR), csv(YEAR, "gb18030"), csv(YEAR, "utf-8-sig")])
async def test_a_year_is_looked_at_and_then_loaded(client_as, conn, rendered, files):
    admin = await client_as("admin")
    looked = await admin.post("/admin/calendar/preview", files=files)
    assert looked.status_code == 200
    shown = rendered[-1][1]
    assert (shown["year"], len(shown["entries"]), len(shown["differences"])) == (2027, 3, 3)
    assert 2027 not in (await load_calendar(conn)).years_loaded
    source = "国办发明电〔2026〕7号"
    done = await admin.post("/admin/calendar", data={"rows": shown["rows"], "source": source, "confirmed": "true"})
    assert done.headers["location"] == "/admin/calendar?year=2027"
    calendar = await load_calendar(conn)
    assert 2027 in calendar.years_loaded
    assert not calendar.is_working_day(date(2027, 1, 1))
    assert calendar.is_working_day(date(2027, 2, 14))
    await admin.get("/admin/calendar?year=2027")
    year = next(y for y in rendered[-1][1]["years"] if y.year == 2027)
    assert (year.source, year.confirmed, year.holidays, year.make_ups) == (source, True, 2, 1)
    assert rendered[-1][1]["notices"] == []
    assert "calendar:year:loaded" in await actions(conn)


async def test_the_template_has_the_columns_that_an_upload_needs(client_as, rendered):
    admin = await client_as("admin")
    given = await admin.get("/admin/calendar/template.xlsx")
    assert "attachment" in given.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(given.content))
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["日期", "类型", "名称"]
    sheet.append((date(2027, 1, 1), "放假", "元旦"))
    out = io.BytesIO()
    book.save(out)
    filled = {"file": ("模板.xlsx", out.getvalue(), "application/vnd.ms-excel")}
    assert (await admin.post("/admin/calendar/preview", files=filled)).status_code == 200
    assert rendered[-1][1]["entries"][0].day == date(2027, 1, 1)


async def test_the_header_may_say_arrangement_and_a_year_with_too_few_days_is_doubted(client_as, rendered):
    admin = await client_as("admin")
    headed = csv([("日期", "安排", "名称"), *YEAR[1:]])
    looked = await admin.post("/admin/calendar/preview", files=headed)
    assert "表里 2027 年只有 2 天放假，少于法定的 13 天" in looked.text
    whole = [(date(2027, 10, n), "放假", "国庆节") for n in range(1, 14)]
    assert (await admin.post("/admin/calendar/preview", files=csv([YEAR[0], *whole]))).status_code == 200
    assert rendered[-1][1]["doubts"] == []


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (csv([*YEAR, ("2027-13-01", "放假", "")]), "第 5 行"),
        (csv([*YEAR, ("2027-03-01", "上学", "")]), "类型请填"),
        (csv([*YEAR, ("2027-01-01", "放假", "")]), "出现了两次"),
        (csv([*YEAR, ("2027-03-01", "调休上班", "")]), "本来就是工作日"),
        (csv([*YEAR, ("2028-01-01", "放假", "")]), "一次只能上传一年"),
        (csv(YEAR[:1]), "没有任何日期"),
        (csv([("a", "b"), (1, 2)]), "表头"),
        ({"file": ("x.pdf", b"%PDF-1.7", "application/pdf")}, "xls"),
        ({"file": ("x.xlsx", b"PK\x03\x04broken", "application/zip")}, "文件"),
        ({"file": ("x.csv", b"", "text/csv")}, "空"),
    ],
)
async def test_a_year_that_cannot_be_read_changes_nothing_and_says_why(client_as, conn, rendered, files, sentence):
    admin = await client_as("admin")
    answer = await admin.post("/admin/calendar/preview", files=files)
    assert answer.status_code == 422
    assert any(sentence in error for error in rendered[-1][1]["errors"])
    assert 2027 not in (await load_calendar(conn)).years_loaded


async def test_a_year_needs_its_notice_and_keeps_its_rows_until_it_has_one(client_as, conn, rendered):
    admin = await client_as("admin")
    answer = await admin.post("/admin/calendar", data={"rows": "2027-01-01\tholiday\t元旦", "source": " "})
    assert answer.status_code == 422
    assert rendered[-1][1]["rows"] == "2027-01-01\tholiday\t元旦"
    assert 2027 not in (await load_calendar(conn)).years_loaded


async def test_a_new_calendar_counts_stale_days_anew(client_as, conn):
    """A firm that came in on 4 December 2026 stands still after 60 working days, over the Spring Festival of 2027."""
    officer = await factories.person(conn, "officer")
    moved = NOON.replace(month=12, day=4)
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", by=officer, at=moved)
    stale = select(Firm.stale_on).where(Firm.uscc == uscc)
    assumed = (await conn.execute(stale)).scalar_one()
    days = [date(2027, 2, 5) + timedelta(days=n) for n in range(7)]
    rows = "\n".join(f"{day}\tholiday\t春节" for day in days)
    admin = await client_as("admin")
    await admin.post("/admin/calendar", data={"rows": rows, "source": "国办发明电〔2026〕7号"})
    now = (await conn.execute(stale)).scalar_one()
    calendar = await load_calendar(conn)
    assert calendar.working_days_between(moved.date(), now) == 60
    assert now - assumed == timedelta(days=7)


async def test_stale_days_are_counted_from_the_calendar_that_another_process_has_just_loaded(client_as, conn):
    """This process still remembers 2027 as Monday to Friday when the first notice comes in elsewhere."""
    moved = NOON.replace(month=12, day=4)
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", at=moved)
    admin = await client_as("admin")
    await admin.get("/board")
    festival = [date(2027, 2, 5) + timedelta(days=n) for n in range(7)]
    first = [CalendarEntry(day, DayKind.HOLIDAY, "春节") for day in festival]
    assert await load_schedules(conn, [Schedule(2027, first, "通知", True)]) == 1
    rows = "\n".join(f"{day}\tholiday\t春节" for day in [*festival, date(2027, 2, 12), date(2027, 2, 15)])
    await admin.post("/admin/calendar", data={"rows": rows, "source": "更正通知"})
    stale = (await conn.execute(select(Firm.stale_on).where(Firm.uscc == uscc))).scalar_one()
    assert (await load_calendar(conn)).working_days_between(moved.date(), stale) == 60


async def test_a_year_is_confirmed_by_hand(client_as, conn, rendered):
    admin = await client_as("admin")
    assert (await admin.post("/admin/calendar/2026/confirm")).status_code == 303
    await admin.get("/admin/calendar")
    assert next(y for y in rendered[-1][1]["years"] if y.year == 2026).confirmed
    assert (await admin.post("/admin/calendar/2030/confirm")).status_code == 404


async def a_message(conn, state="dead", *, login="officer", at=NOON):
    person = await factories.person(conn, login)
    message_id = new_id()
    values = {"kind": "tier_moved", "channel": "email", "payload": {}, "answer": "550 no such user", "attempts": 3}
    await conn.execute(
        insert(OutboxMessage).values(
            id=message_id,
            dedup_key=str(message_id),
            user_id=person.id,
            state=state,
            next_attempt_at=at,
            created_at=at,
            **values,
        )
    )
    return message_id


async def test_the_delivery_log_shows_what_failed_and_sends_it_again(client_as, conn, rendered):
    dead, _ = await a_message(conn), await a_message(conn, "sent")
    admin = await client_as("admin")
    page = await admin.get("/admin/outbox?state=dead")
    assert "550 no such user" in page.text
    assert [m.id for m in rendered[-1][1]["messages"]] == [dead]
    counts = {value: n for value, _, n, _, _ in rendered[-1][1]["states"]}
    assert counts == {"": 2, "pending": 0, "sent": 1, "dead": 1, "withdrawn": 0}
    assert (await admin.post(f"/admin/outbox/{dead}/retry")).status_code == 303
    state = select(OutboxMessage.state, OutboxMessage.attempts).where(OutboxMessage.id == dead)
    assert (await conn.execute(state)).one() == ("pending", 0)
    assert (await actions(conn))[-1] == "outbox:message:retried"


async def test_a_retry_sent_twice_with_one_key_is_one_retry(api_as, conn):
    api = await api_as("admin")
    path = f"/api/v1/outbox/{await a_message(conn)}/retry"
    first, again = [await api.post(path, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, first.json())
    assert (await actions(conn)).count("outbox:message:retried") == 1


async def test_what_was_sent_is_not_sent_again(client_as, api_as, conn):
    sent = await a_message(conn, "sent")
    answer = await (await client_as("admin")).post(f"/admin/outbox/{sent}/retry")
    assert answer.status_code == 409
    assert "已经发出" in answer.text
    assert (await (await api_as("admin")).post(f"/api/v1/outbox/{sent}/retry")).status_code == 409
    assert "outbox:message:retried" not in await actions(conn)


async def test_the_log_pages_through_every_message_once(client_as, api_as, conn, rendered):
    made = {await a_message(conn, at=NOON - timedelta(minutes=n % 7)) for n in range(60)}
    api = await api_as("admin")
    seen, path = [], "/api/v1/outbox?state=dead&limit=7"
    while path:
        body = (await api.get(path)).json()
        seen += [m["id"] for m in body["items"]]
        path = f"/api/v1/outbox?state=dead&limit=7&cursor={body['next']}" if body["next"] else None
    assert sorted(seen) == sorted(map(str, made))
    admin = await client_as("admin")
    await admin.get("/admin/outbox")
    assert len(rendered[-1][1]["messages"]) == 50
    await admin.get(rendered[-1][1]["next_href"])
    assert len(rendered[-1][1]["messages"]) == 10


async def test_an_officer_sees_their_own_messages_and_no_others(api_as, conn):
    mine = await a_message(conn)
    await a_message(conn, login="officer-2")
    items = (await (await api_as("officer")).get("/api/v1/outbox")).json()["items"]
    assert [m["id"] for m in items] == [str(mine)]
    assert (await (await api_as("officer")).get("/api/v1/outbox?state=nonsense")).status_code == 422
