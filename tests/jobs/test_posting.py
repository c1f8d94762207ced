"""What leaves the house: in office hours, over few connections, and when it comes back somebody is told."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.clock import BUSINESS_ZONE
from app.files.store import FileStore
from app.firms.models import Contact
from app.firms.terms import ContactDetails
from app.outbox.channels import Channels
from app.outbox.deliver import AT_ONCE, deliver
from app.outbox.models import OutboxMessage
from app.outbox.terms import ADDRESS
from app.reminders.jobs import plan_reminders
from app.reminders.models import Reminder
from app.reminders.undelivered import tell_undelivered
from app.sealed import seal
from app.worker import House, run_job
from tests import factories
from tests.harness import NOON, opened, settings_for
from tests.jobs.test_delivery import Post, enqueue, post_office, row

SATURDAY, EVENING = NOON + timedelta(days=5), NOON + timedelta(hours=7)


class Counting(Post):
    """Counts who comes in, and hangs up on them after so many letters."""

    def __init__(self, patience=10_000):
        super().__init__()
        self.visitors, self.patience, self.served = 0, patience, {}

    async def handle_EHLO(self, _server, session, _envelope, hostname, responses):
        self.visitors += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, _options):
        envelope.mail_from = address
        self.served[session.peer] = self.served.get(session.peer, 0) + 1
        if self.served[session.peer] > self.patience:
            server.transport.close()
        return "250 OK"


@pytest.fixture
def counting():
    return Counting()


async def test_a_server_is_greeted_by_few_and_not_for_each_letter(conn, database, counting, tmp_path):
    for _ in range(60):
        await enqueue(conn)
    with post_office(counting) as url:
        async with Channels(settings_for("", data=tmp_path, smtp_url=url)) as mail:
            report = await deliver(database, at=NOON, mail=mail)
    assert report.sent == len(counting.taken) == 60
    assert 0 < counting.visitors <= AT_ONCE


async def test_a_server_that_hangs_up_between_two_letters_is_greeted_again_and_no_letter_suffers(
    conn, database, tmp_path
):
    impatient = Counting(patience=3)
    for _ in range(40):
        await enqueue(conn)
    with post_office(impatient) as url:
        async with Channels(settings_for("", data=tmp_path, smtp_url=url)) as mail:
            report = await deliver(database, at=NOON, mail=mail)
    assert (report.sent, report.failed) == (40, 0)
    assert len(impatient.taken) == len({letter.split("Message-ID: ")[1][:60] for letter in impatient.taken}) == 40


@pytest.mark.parametrize(
    "address", ["王@example.invalid", "wang @example.invalid", "a@b.invalid\r\nRCPT TO:<c@d.invalid>"]
)
async def test_an_address_that_is_none_is_given_up_and_never_reaches_the_server(
    conn, database, counting, tmp_path, address
):
    message = await enqueue(conn)
    to = {"to": seal(conn.vault, ADDRESS, message, address)}
    await conn.execute(update(OutboxMessage).values(payload=OutboxMessage.payload.op("||")(to)))
    with post_office(counting) as url:
        await deliver(database, at=NOON, mail=Channels(settings_for("", data=tmp_path, smtp_url=url)))
    assert (await row(conn, message)).state == "dead"
    assert counting.visitors == 0


@pytest.fixture
def house(database, clock, tmp_path, counting):
    with post_office(counting) as url:
        yield House(settings_for("", data=tmp_path, smtp_url=url), database, clock, FileStore(tmp_path))


async def letters(conn):
    m = OutboxMessage
    query = select(m.state, m.payload["to"].astext).where(m.channel == "email").order_by(m.created_at, m.id)
    return [(state, opened(to)) for state, to in await conn.execute(query)]


async def reminded(conn, database, *, at=NOON, email="wang@example.invalid", **more):
    officer = await factories.person(conn, "officer")
    contacts = [ContactDetails("王五", "13800000001", "财务", email)]
    uscc = await factories.firm(conn, contacts=contacts, officer_id=officer.id, **more)
    await factories.answer(conn, uscc, "met")
    await factories.window(conn, "hnte", 2027, 1, firm_due=date(2026, 12, 11))
    await factories.active_rule(conn, "hnte_due")
    await plan_reminders(database, at=at)
    return uscc


@pytest.mark.parametrize("at", [EVENING, SATURDAY, NOON.replace(hour=8, minute=29)])
async def test_a_reminder_waits_out_the_night_and_days_off_and_then_leaves(conn, database, house, counting, at):
    await reminded(conn, database, at=at)
    for passing in (at, at + timedelta(seconds=40)):
        assert (await run_job(house, "deliver", at=passing))["sent"] == 0
    (opens,) = (await conn.execute(select(OutboxMessage.next_attempt_at).where(OutboxMessage.holds))).scalars()
    assert (await run_job(house, "deliver", at=opens))["sent"] == 1
    assert len(counting.taken) == 1


async def test_a_second_try_that_falls_into_the_night_waits_for_the_morning_too(conn, database, house, counting):
    await reminded(conn, database)
    late = datetime(2026, 11, 23, 17, 59, 50, tzinfo=BUSINESS_ZONE)
    counting.answers = ["451 busy"]
    assert (await run_job(house, "deliver", at=late))["failed"] == 1
    for minutes in (1, 10, 600):
        assert (await run_job(house, "deliver", at=late + timedelta(minutes=minutes)))["planned"] == 0
    assert (await run_job(house, "deliver", at=datetime(2026, 11, 24, 8, 30, tzinfo=BUSINESS_ZONE)))["sent"] == 1


async def test_what_a_person_has_just_asked_for_leaves_at_night_too(conn, house, counting):
    await enqueue(conn, at=EVENING)
    assert (await run_job(house, "deliver", at=EVENING))["sent"] == 1


async def test_a_letter_that_came_back_is_told_once_to_the_officer_who_mends_the_address_and_sends_it_again(
    conn, database, house, counting, client_as
):
    uscc = await reminded(conn, database, email="wrong@example.invalid")
    counting.answers = ["550 no such user"]
    for minutes in range(3):
        await run_job(house, "deliver", at=NOON + timedelta(minutes=minutes))
    m = OutboxMessage
    told = (await conn.execute(select(m.user_id, m.payload).where(m.kind == "undelivered"))).all()
    officer = await factories.person(conn, "officer")
    assert [r.user_id for r in told] == [officer.id]
    assert "550 no such user" in told[0].payload["subject"]
    client = await client_as(officer)
    page = await client.get("/reminders/sent?message=dead")
    assert "no such user" in page.text
    assert "重发" in page.text
    (contact,) = (await conn.execute(select(Contact.id))).scalars()
    await conn.execute(
        update(Contact).values(email=seal(conn.vault, "contacts.email", contact, "right@example.invalid"))
    )
    (reminder,) = (await conn.execute(select(Reminder.id))).scalars()
    done = await client.post(f"/reminders/sent/{reminder}/resend")
    assert done.status_code == 303
    assert (await run_job(house, "deliver", at=NOON + timedelta(minutes=5)))["sent"] >= 1
    assert await letters(conn) == [("sent", "right@example.invalid")]
    assert f"<{reminder}@tidu>" in counting.taken[0]
    assert "To: right@example.invalid" in counting.taken[0]
    again = await client.post(f"/reminders/sent/{reminder}/resend")
    assert again.status_code == 409
    stranger = await client_as("officer-elsewhere", scope="440784")
    assert (await stranger.post(f"/reminders/sent/{reminder}/resend")).status_code == 404
    assert uscc


async def test_five_hundred_letters_that_came_back_are_one_message_to_an_officer(conn, database):
    officer = await factories.person(conn, "officer")
    for _ in range(5):
        uscc = await factories.firm(conn, officer_id=officer.id)
        message = await enqueue(conn)
        dead = {"state": "dead", "answer": "550 no", "payload": {"uscc": uscc, "subject": "x"}}
        await conn.execute(update(OutboxMessage).where(OutboxMessage.id == message).values(dead))
    assert await tell_undelivered(conn, at=NOON) == 1
    assert await tell_undelivered(conn, at=NOON) == 0
    query = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.kind == "undelivered")
    said = (await conn.execute(query)).scalar_one()
    assert said.startswith("5 封邮件没有送到：")
    assert "等。" in said


async def test_all_that_is_dead_is_sent_again_with_one_button_and_the_page_says_what_is_stuck(
    conn, client_as, clock, house
):
    for _ in range(3):
        message = await enqueue(conn, at=NOON - timedelta(hours=1))
        await conn.execute(update(OutboxMessage).where(OutboxMessage.id == message).values(state="dead"))
    stuck = await enqueue(conn, at=NOON - timedelta(hours=1))
    answer = {"answer": "SMTPConnectError: name not known", "next_attempt_at": NOON + timedelta(minutes=9)}
    await conn.execute(update(OutboxMessage).where(OutboxMessage.id == stuck).values(answer))
    admin = await client_as("admin")
    page = await admin.get("/admin/outbox")
    assert "有 1 条消息发不出去" in page.text
    assert "name not known" in page.text
    assert (await admin.post("/admin/outbox/retry-dead")).status_code == 303
    assert (await conn.execute(text("SELECT count(*) FROM outbox_messages WHERE state = 'dead'"))).scalar_one() == 0
