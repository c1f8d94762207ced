"""Mail through a real SMTP server on this machine: sent once, retried, given up, taken over from a killed worker."""

import asyncio
import socket
from contextlib import contextmanager
from datetime import timedelta

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import insert, select, text

from app.db import new_id
from app.outbox.channels import Channels
from app.outbox.deliver import LAST_ATTEMPT, LEASE, PermanentFailure, deliver
from app.outbox.models import OutboxMessage
from app.outbox.service import retry
from tests import factories
from tests.harness import NOON, settings_for


class Post:
    """A mail server that keeps what it takes and answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server, _session, envelope):
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
def mail(post, database, tmp_path):
    with post_office(post) as url:
        yield Channels(settings_for("", data=tmp_path, smtp_url=url), database)


async def enqueue(conn, *, at=NOON, channel="email", email="wang@example.invalid", **payload):
    person = await factories.person(conn, "officer", email=email)
    message_id = new_id()
    await conn.execute(
        insert(OutboxMessage).values(
            id=message_id,
            dedup_key=f"test:{message_id}",
            kind="tier_moved",
            channel=channel,
            user_id=person.id,
            payload={"subject": "梯队移动", "body": "某企业已移到雏鹰"} | payload,
            next_attempt_at=at,
            created_at=at,
        )
    )
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
    message_id = await enqueue(conn)
    post.answers = ["550 no such user"]
    await deliver(database, at=NOON, mail=mail)
    dead = await row(conn, message_id)
    assert (dead.state, dead.attempts) == ("dead", 1)
    assert "550" in dead.answer


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
    closed = Channels(settings_for("", data=tmp_path, smtp_url="smtp://127.0.0.1:9"), database)
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
    assert (report.sent, report.failed) == (2, 1)


class Killed(BaseException):
    """What a worker meets when it is killed: nothing after it runs."""


async def test_what_a_killed_worker_held_comes_back_when_its_lease_ends_and_not_before(conn, database, mail, post):
    message_id = await enqueue(conn)

    class Dying:
        async def hand_over(self, _message):
            raise Killed

    with pytest.raises(Killed):
        await deliver(database, at=NOON, mail=Dying())
    assert (await deliver(database, at=NOON + LEASE - timedelta(seconds=1), mail=mail)).planned == 0
    assert (await deliver(database, at=NOON + LEASE, mail=mail)).sent == 1
    assert (await row(conn, message_id)).state == "sent"
    assert len(post.taken) == 1


async def test_a_worker_that_overslept_its_lease_settles_nothing(conn, database, mail, post):
    message_id = await enqueue(conn)

    class Sleepy:
        async def hand_over(self, _message):
            await deliver(database, at=NOON + LEASE, mail=mail)
            raise PermanentFailure("550 too late to say so")

    await deliver(database, at=NOON, mail=Sleepy())
    done = await row(conn, message_id)
    assert (done.state, done.attempts) == ("sent", 1)


async def test_what_is_being_sent_cannot_be_sent_again_by_hand(conn, database, mail):
    from app.errors import Conflict

    message_id = await enqueue(conn)

    class Curious:
        async def hand_over(self, _message):
            with pytest.raises(Conflict, match="正在发送"):
                await retry(conn, message_id, at=NOON)
            return "250 ok"

    assert (await deliver(database, at=NOON, mail=Curious())).sent == 1
    with pytest.raises(Conflict, match="已经发出"):
        await retry(conn, message_id, at=NOON)


@pytest.mark.db_commit
async def test_two_workers_at_once_send_each_message_once(fresh_database, post, tmp_path):
    async with fresh_database.transaction() as conn:
        sent = {await enqueue(conn) for _ in range(60)}
    with post_office(post) as url:
        mail = Channels(settings_for("", data=tmp_path, smtp_url=url), fresh_database)
        reports = await asyncio.gather(*(deliver(fresh_database, at=NOON, mail=mail, limit=20) for _ in range(4)))
    assert sum(r.sent for r in reports) == 60
    assert len(post.taken) == 60
    assert all(any(str(message_id) in letter for letter in post.taken) for message_id in sent)
    async with fresh_database.transaction() as conn:
        states = await conn.execute(text("SELECT DISTINCT state, attempts, lease_token IS NULL FROM outbox_messages"))
        assert [tuple(r) for r in states] == [("sent", 1, True)]
