"""Mail through a real SMTP server on this machine: sent once, retried, given up, taken over from a killed worker."""

import asyncio
import socket
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string
from email.policy import default
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import insert, select, text

from app.db import new_id
from app.errors import Conflict
from app.outbox import arriving
from app.outbox import deliver as delivery
from app.outbox.channels import Channels
from app.outbox.claiming import LEASE
from app.outbox.deliver import AT_ONCE, LAST_ATTEMPT, TOGETHER, PermanentFailure, deliver
from app.outbox.links import link_address
from app.outbox.models import OutboxMessage
from app.outbox.service import retry
from app.outbox.terms import ADDRESS
from app.outbox.writing import letter
from app.outbox.writing import post as send_out
from app.personal.masking import mask
from app.personal.terms import Kind
from app.reminders.undelivered import tell_undelivered
from app.sealed import seal
from tests import factories
from tests.harness import NOON, settings_for


class Post:
    """A mail server that keeps what it takes and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.answers: list[str] = []
        self.seconds = 0.0

    async def handle_DATA(self, _server, _session, envelope):
        await asyncio.sleep(self.seconds)
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250"):
            self.taken.append(envelope.content.decode())
        return answer


@contextmanager
def post_office(post):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def post():
    return Post()


@pytest.fixture
def mail(post, tmp_path):
    with post_office(post) as url:
        yield Channels(settings_for("", data=tmp_path, smtp_url=url))


async def enqueue(conn, *, at=NOON, channel="email", email="wang@example.invalid", **payload):
    person = await factories.person(conn, "officer", email=email)
    message_id = new_id()
    to = {"to": seal(conn.vault, ADDRESS, message_id, payload["to"])} if "to" in payload else {}
    said = {"subject": "梯队移动", "body": "某企业已移到雏鹰"} | payload | to
    kept = {"id": message_id, "dedup_key": f"test:{message_id}", "kind": "tier_moved", "channel": channel}
    kept |= {"user_id": person.id, "payload": said, "next_attempt_at": at, "created_at": at}
    await conn.execute(insert(OutboxMessage).values(kept))
    return message_id


async def row(conn, message_id):
    return (await conn.execute(select(OutboxMessage.__table__).where(OutboxMessage.id == message_id))).one()


async def test_a_message_is_sent_once_with_its_own_id(conn, database, mail, post):
    message_id = await enqueue(conn)
    report = await deliver(database, at=NOON, mail=mail)
    assert (report.planned, report.sent, report.failed) == (1, 1, 0)
    (letter,) = post.taken
    assert f"<{message_id}@tidu>" in letter
    assert "wang@example.invalid" in letter
    done = await row(conn, message_id)
    assert (done.state, done.sent_at, done.attempts, done.lease_token) == ("sent", NOON, 1, None)
    assert "taken" in done.answer
    assert (await deliver(database, at=NOON + timedelta(days=1), mail=mail)).planned == 0


async def test_a_letter_to_somebody_without_an_account_carries_its_secret_link_which_the_log_does_not(
    conn, database, mail, post, tmp_path
):
    invitation = new_id()
    told = {"to": "zhou@example.com", "to_name": "周会计", "subject": "请开通账号", "body": "点开：{link}"}
    message = letter("clerk_invitation", "x", **told, use="join", link_id=invitation, at=NOON)
    await send_out(conn, message)
    await send_out(conn, message | {"id": new_id()})
    assert (await deliver(database, at=NOON, mail=mail)).sent == 1
    address = link_address(settings_for("", data=tmp_path), "join", invitation)
    (taken,) = post.taken
    sent = message_from_string(taken, policy=default)
    assert (sent["To"], sent.get_content().strip()) == ("zhou@example.com", f"点开：{address}")
    assert address.rsplit("/", 1)[1] not in str(await row(conn, message["id"]))


async def test_a_busy_server_is_tried_again_after_a_growing_wait_with_the_same_id(conn, database, mail, post):
    message_id = await enqueue(conn)
    post.answers = ["451 busy", "451 busy"]
    at, waits = NOON, []
    for _ in range(2):
        await deliver(database, at=at, mail=mail)
        pending = await row(conn, message_id)
        assert pending.state == "pending"
        assert "451" in pending.answer
        waits.append((pending.next_attempt_at - at).total_seconds())
        assert (await deliver(database, at=pending.next_attempt_at - timedelta(seconds=1), mail=mail)).planned == 0
        at = pending.next_attempt_at
    assert 24 <= waits[0] <= 36
    assert 48 <= waits[1] <= 72
    assert (await deliver(database, at=at, mail=mail)).sent == 1
    assert len(post.taken) == 1
    assert f"<{message_id}@tidu>" in post.taken[0]


async def test_an_address_that_does_not_exist_is_given_up_at_once_and_seen(conn, database, mail, post):
    address = "zhou@example.invalid"
    message_id = await enqueue(conn, to=address)
    post.answers = [f"550 <{address}> no such user"]
    await deliver(database, at=NOON, mail=mail)
    dead = await row(conn, message_id)
    assert (dead.state, dead.attempts) == ("dead", 1)
    assert "550" in dead.answer
    # The log is for who runs the system, too: nowhere in it, nor in what they are told, stands whose address it was.
    assert (address in dead.answer, mask(Kind.EMAIL, address) in dead.answer) == (False, True)
    await factories.person(conn, "admin")
    assert await tell_undelivered(conn, at=NOON) == 1
    told = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.kind == "undelivered")
    said = (await conn.execute(told)).scalar_one()
    assert (address in said, mask(Kind.EMAIL, address) in said) == (False, True)


async def test_a_server_that_never_takes_it_is_given_up_in_the_end(conn, database, mail, post):
    message_id = await enqueue(conn)
    post.answers = ["451 busy"] * 50
    at = NOON
    for _ in range(LAST_ATTEMPT):
        await deliver(database, at=at, mail=mail)
        at = (await row(conn, message_id)).next_attempt_at
    done = await row(conn, message_id)
    assert (done.state, done.attempts) == ("dead", LAST_ATTEMPT)


async def test_a_dead_message_that_is_retried_begins_anew(conn, database, mail, post):
    message_id = await enqueue(conn)
    post.answers = ["550 no such user"]
    await deliver(database, at=NOON, mail=mail)
    later = NOON + timedelta(hours=3)
    assert (await retry(conn, message_id, at=later)).attempts == 0
    assert (await deliver(database, at=later, mail=mail)).sent == 1


async def test_nobody_listens(conn, database, tmp_path):
    message_id = await enqueue(conn)
    closed = Channels(settings_for("", data=tmp_path, smtp_url="smtp://127.0.0.1:9"))
    report = await deliver(database, at=NOON, mail=closed)
    assert report.failed == 1
    assert (await row(conn, message_id)).state == "pending"


@pytest.mark.parametrize("email", [None, ""])
async def test_somebody_without_an_address_is_said_and_not_tried_for_ever(conn, database, mail, email):
    message_id = await enqueue(conn, email=email)
    await deliver(database, at=NOON, mail=mail)
    done = await row(conn, message_id)
    assert done.state == "dead"
    assert "邮箱" in done.answer


async def test_what_stays_in_the_house_needs_no_mail(conn, database, mail, post):
    message_id = await enqueue(conn, channel="inbox", email=None)
    assert (await deliver(database, at=NOON, mail=mail)).sent == 1
    assert (await row(conn, message_id)).state == "sent"
    assert post.taken == []


async def test_all_that_stays_in_the_house_is_said_to_be_there_however_much_it_is(conn, database, mail, monkeypatch):
    monkeypatch.setattr(arriving, "_STRETCH", 3)
    for _ in range(7):
        await enqueue(conn, channel="inbox")
    assert (await deliver(database, at=NOON, mail=mail, limit=1)).sent == 7


@pytest.mark.parametrize("field", ["subject", "body"])
async def test_a_line_break_in_a_subject_adds_no_header(conn, database, mail, post, field):
    message_id = await enqueue(conn, **{field: "甲\r\nBcc: thief@example.invalid\r\n\r\n乙"})
    await deliver(database, at=NOON, mail=mail)
    assert not any("\nBcc:" in letter.split("\r\n\r\n")[0] for letter in post.taken)
    assert (await row(conn, message_id)).state == "sent"


async def test_one_bad_message_does_not_hold_up_the_others(conn, database, mail, post):
    for _ in range(3):
        await enqueue(conn)
    post.answers = ["250 taken", "550 no", "250 taken"]
    report = await deliver(database, at=NOON, mail=mail)
    assert (report.planned, report.sent, report.failed) == (3, 2, 1)


class Killed(BaseException):
    """What a worker meets when it is killed: nothing after it runs."""


@pytest.mark.db_commit
async def test_what_a_killed_worker_held_comes_back_when_its_lease_ends_and_not_before(fresh_database, mail, post):
    async with fresh_database.transaction() as conn:
        message_id = await enqueue(conn)

    class Dying:
        async def hand_over(self, _message):
            raise Killed

    with pytest.raises(BaseExceptionGroup) as met:
        await deliver(fresh_database, at=NOON, mail=Dying())
    assert met.group_contains(Killed)
    assert (await deliver(fresh_database, at=NOON + LEASE - timedelta(seconds=1), mail=mail)).planned == 0
    assert (await deliver(fresh_database, at=NOON + LEASE, mail=mail)).sent == 1
    async with fresh_database.reading() as conn:
        assert (await row(conn, message_id)).state == "sent"
    assert len(post.taken) == 1


@pytest.mark.db_commit
async def test_a_worker_that_overslept_its_lease_settles_nothing(fresh_database, mail, post):
    async with fresh_database.transaction() as conn:
        message_id = await enqueue(conn)

    class Sleepy:
        async def hand_over(self, _message):
            await deliver(fresh_database, at=NOON + LEASE, mail=mail)
            raise PermanentFailure("550 too late to say so")

    await deliver(fresh_database, at=NOON, mail=Sleepy())
    async with fresh_database.reading() as conn:
        done = await row(conn, message_id)
    assert (done.state, done.attempts) == ("sent", 1)


@pytest.mark.db_commit
async def test_what_is_being_sent_cannot_be_sent_again_by_hand(fresh_database, mail):
    async with fresh_database.transaction() as conn:
        message_id = await enqueue(conn)

    async def retry_now(sentence):
        async with fresh_database.transaction() as conn:
            with pytest.raises(Conflict, match=sentence):
                await retry(conn, message_id, at=NOON)

    class Curious:
        async def hand_over(self, _message):
            await retry_now("正在发送")
            return "250 ok"

    assert (await deliver(fresh_database, at=NOON, mail=Curious())).sent == 1
    await retry_now("已经发出")


@pytest.mark.db_commit
async def test_before_a_slow_server_nothing_is_held_that_is_not_being_sent_and_nothing_goes_twice(
    fresh_database, mail, post, monkeypatch
):
    """The second worker comes when the first one's leases have ended, with most of the queue still unsent."""
    async with fresh_database.transaction() as conn:
        for _ in range(30):
            await enqueue(conn)
    post.seconds = 0.3
    monkeypatch.setattr(delivery, "RUN_SECONDS", 0.2)
    held = []

    async def watch():
        while True:
            async with fresh_database.reading() as conn:
                leased = text("SELECT count(*) FROM outbox_messages WHERE lease_token IS NOT NULL")
                held.append((await conn.execute(leased)).scalar_one())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    first = await deliver(fresh_database, at=NOON, mail=mail)
    watching.cancel()
    assert 0 < max(held) <= AT_ONCE
    assert first.sent == first.planned == AT_ONCE
    monkeypatch.setattr(delivery, "RUN_SECONDS", 60)
    second = await deliver(fresh_database, at=NOON + LEASE, mail=mail)
    assert second.sent == 30 - AT_ONCE
    assert len(post.taken) == len({letter.split("Message-ID: ")[1][:60] for letter in post.taken}) == 30


async def test_what_a_run_has_taken_ahead_and_not_begun_when_its_time_is_up_is_due_at_once_for_the_next(
    conn, database, monkeypatch
):
    for _ in range(80):
        await enqueue(conn)
    monkeypatch.setattr(delivery, "RUN_SECONDS", 0.3)

    class SlowsDown:
        sent: ClassVar[list[Any]] = []

        async def hand_over(self, message):
            await asyncio.sleep(0 if len(self.sent) < 2 * TOGETHER else 0.4)
            self.sent.append(message.id)
            return "250 ok"

    first = await deliver(database, at=NOON, mail=SlowsDown())
    assert first.sent == first.planned == len(SlowsDown.sent) < 80
    left = await conn.execute(
        text("SELECT attempts, lease_token, next_attempt_at FROM outbox_messages WHERE state = 'pending'")
    )
    assert {tuple(r) for r in left} == {(0, None, NOON)}
    assert (await deliver(database, at=NOON, mail=SlowsDown())).sent == 80 - first.sent
    assert len(set(SlowsDown.sent)) == len(SlowsDown.sent) == 80


def test_a_lease_outlasts_a_run_and_its_last_send():
    assert LEASE.total_seconds() > delivery.RUN_SECONDS + delivery.SEND_SECONDS


async def test_a_server_that_hangs_holds_up_nobody_else_and_is_let_go_in_the_end(conn, database, monkeypatch):
    stuck = await enqueue(conn)
    others = [await enqueue(conn, at=NOON - timedelta(seconds=1)) for _ in range(20)]
    others += [await enqueue(conn) for _ in range(20)]
    sent = []
    monkeypatch.setattr(delivery, "SEND_SECONDS", 0.5)

    class OneHangs:
        async def hand_over(self, message):
            if message.id == stuck:
                await asyncio.Event().wait()
            sent.append(message.id)
            return "250 ok"

    report = await deliver(database, at=NOON, mail=OneHangs())
    assert (report.sent, report.failed) == (40, 1)
    assert set(sent) == set(others)
    left = await row(conn, stuck)
    assert (left.state, left.attempts, left.lease_token) == ("pending", 1, None)


async def test_without_a_mail_server_letters_wait_and_say_what_for_and_use_up_no_tries(conn, database, mail, tmp_path):
    message_id = await enqueue(conn)
    nowhere = Channels(settings_for("", data=tmp_path))
    at = NOON
    for _ in range(LAST_ATTEMPT + 1):
        assert (await deliver(database, at=at, mail=nowhere)).sent == 0
        waiting = await row(conn, message_id)
        assert (waiting.state, waiting.attempts, waiting.sent_at) == ("pending", 0, None)
        assert "TIDU_SMTP_URL" in waiting.answer
        assert waiting.next_attempt_at > at
        at = waiting.next_attempt_at
    assert (await deliver(database, at=at, mail=mail)).sent == 1


async def test_a_letter_to_somebody_who_has_left_is_not_sent(conn, database, mail, post):
    message_id = await enqueue(conn)
    await conn.execute(text("UPDATE users SET active = false"))
    await deliver(database, at=NOON, mail=mail)
    assert (await row(conn, message_id)).state == "dead"
    assert post.taken == []


@pytest.mark.db_commit
async def test_two_workers_at_once_send_each_message_once(fresh_database, post, tmp_path):
    async with fresh_database.transaction() as conn:
        sent = {await enqueue(conn) for _ in range(60)}
    with post_office(post) as url:
        mail = Channels(settings_for("", data=tmp_path, smtp_url=url))
        reports = await asyncio.gather(*(deliver(fresh_database, at=NOON, mail=mail, limit=20) for _ in range(4)))
    assert sum(r.sent for r in reports) == 60
    assert len(post.taken) == 60
    assert all(any(str(message_id) in letter for letter in post.taken) for message_id in sent)
    async with fresh_database.transaction() as conn:
        states = await conn.execute(text("SELECT DISTINCT state, attempts, lease_token IS NULL FROM outbox_messages"))
        assert [tuple(r) for r in states] == [("sent", 1, True)]
