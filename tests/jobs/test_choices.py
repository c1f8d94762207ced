"""Notices go the way that their reader chose; what must be heard always goes some way."""

import os
import re
import socket
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from app.access.models import User
from app.config import ROOT
from app.db import new_id
from app.firms.terms import ContactDetails
from app.outbox.arriving import arrive
from app.outbox.channels import Channels
from app.outbox.deliver import deliver
from app.outbox.models import ChannelChoice, OutboxMessage
from app.outbox.queries import inbox
from app.outbox.writing import notice, post
from app.reminders.jobs import plan_reminders
from app.reminders.models import Reminder, ReminderRule
from app.sealed import seal
from tests import factories
from tests.harness import NOON, opened, settings_for

PHONE = "13800000009"


async def chose(conn, *, user=None, firm=None, phone="", **choices):
    sealed = seal(conn.vault, "channel_choices.phone", user, phone)
    row = {"id": new_id(), "user_id": user, "firm_id": firm, "choices": choices, "phone": sealed}
    await conn.execute(insert(ChannelChoice).values(**row, changed_at=NOON, changer_name="王"))


async def told(conn, kind="report_returned", **more):
    """What became of a notice to somebody who has an address."""
    clerk = await factories.person(conn, "officer-7", email="clerk@example.invalid")
    await post(conn, notice(kind, str(new_id()), to=clerk.id, subject="年度数据退回补正", at=NOON, **more))
    return clerk


async def messages(conn):
    m = OutboxMessage
    rows = await conn.execute(select(m.channel, m.state, m.payload["to"].astext).order_by(m.created_at, m.id))
    return sorted((channel, state, opened(to)) for channel, state, to in rows)


HERE, BY_MAIL, BY_TEXT = ("inbox", "sent", None), ("email", "pending", None), ("sms", "pending", PHONE)
NOT_HERE = ("inbox", "withdrawn", None)


@pytest.mark.parametrize(
    ("kind", "choices", "arrived"),
    [
        ("report_returned", {}, [HERE]),
        ("report_returned", {"move": []}, [HERE]),
        ("report_returned", {"report": ["inbox", "email"]}, [BY_MAIL, HERE]),
        ("report_returned", {"report": ["email", "sms"]}, [BY_MAIL, NOT_HERE, BY_TEXT]),
        ("report_returned", {"report": []}, [NOT_HERE]),
        ("account_handled", {"account": []}, [HERE]),
        ("account_handled", {"account": ["sms"]}, [NOT_HERE, BY_TEXT]),
        ("undelivered", {"account": ["sms"]}, [HERE]),
    ],
)
async def test_a_notice_arrives_by_the_ways_that_were_chosen_and_once(conn, database, kind, choices, arrived):
    clerk = await told(conn, kind)
    await chose(conn, user=clerk.id, phone=PHONE, **choices)
    for _ in range(2):
        await arrive(database, at=NOON)
    assert await messages(conn) == sorted(arrived)
    assert [m.read_at for m in await inbox(conn, clerk.id)] == ([None] if HERE in arrived else [])


async def test_a_message_that_says_it_is_a_duty_is_chosen_as_one(conn, database):
    clerk = await told(conn, "reminder", topic="duty")
    await chose(conn, user=clerk.id, reminder=[], duty=["inbox", "email"])
    await arrive(database, at=NOON)
    assert await messages(conn) == sorted([BY_MAIL, HERE])


async def test_a_way_that_leads_nowhere_leaves_the_notice_in_the_house(conn, database):
    clerk = await told(conn)
    await conn.execute(update(User).where(User.id == clerk.id).values(email=None))
    await chose(conn, user=clerk.id, report=["email", "sms"])
    await arrive(database, at=NOON)
    assert await messages(conn) == [HERE]


async def reminded(conn, database, *, mandatory=False, contact=("", ""), **choices):
    phone, email = contact
    uscc = await factories.firm(conn, contacts=[ContactDetails("王五", phone, "财务", email)])
    await factories.answer(conn, uscc, "met")
    await factories.window(conn, "hnte", 2027, 1, firm_due=date(2026, 12, 11))
    await factories.active_rule(conn, "hnte_due", mandatory=mandatory)
    await chose(conn, firm=await factories.id_of(conn, uscc), **choices)
    for minutes in (0, 60):
        await plan_reminders(database, at=NOON + timedelta(minutes=minutes))
    m = OutboxMessage
    rows = await conn.execute(select(m.channel, m.payload["to"].astext, m.id).where(m.payload["to"].is_not(None)))
    ledger = (await conn.execute(select(Reminder.id, Reminder.state).where(Reminder.party == "firm"))).all()
    return sorted((row[0], opened(row[1])) for row in rows), [state for _, state in ledger], {r.id for r in ledger}


@pytest.mark.parametrize(
    ("choices", "mandatory", "sent", "ledger"),
    [
        ({}, False, [("email", "w@example.invalid")], ["queued"]),
        ({"reminder": ["sms"]}, False, [("sms", PHONE)], ["queued"]),
        ({"reminder": ["email", "sms"]}, False, [("email", "w@example.invalid"), ("sms", PHONE)], ["queued"]),
        ({"reminder": []}, False, [], []),
        ({"reminder": []}, True, [("email", "w@example.invalid")], ["queued"]),
        ({"duty": ["sms"]}, True, [("sms", PHONE)], ["queued"]),
        ({"duty": []}, True, [], ["unreachable"]),
    ],
)
async def test_a_firms_contact_is_reminded_as_the_firm_chose(conn, database, choices, mandatory, sent, ledger):
    found = await reminded(conn, database, mandatory=mandatory, contact=(PHONE, "w@example.invalid"), **choices)
    assert found[:2] == (sent, ledger)


async def test_a_firm_that_chose_text_messages_and_has_no_number_is_a_call_for_its_officer(conn, database):
    sent, ledger, _ = await reminded(conn, database, contact=("", "w@example.invalid"), reminder=["sms"])
    assert (sent, ledger) == ([], ["unreachable"])


async def test_the_preview_names_the_firms_that_chose_not_to_hear(conn, database, client_as):
    await reminded(conn, database, contact=(PHONE, "w@example.invalid"), reminder=[])
    query = select(ReminderRule.id).where(ReminderRule.code == "hnte_due")
    rule = (await conn.execute(query)).scalar_one()
    page = await (await client_as("officer")).get(f"/reminders/{rule}")
    assert "企业选择不收这类提醒" in page.text


@pytest.fixture
def gateway(tmp_path):
    """The program that docs/sms.md gives to whoever connects a provider."""
    program = re.search(r"```python\n(.*?)```", (ROOT / "docs/sms.md").read_text(), re.DOTALL)[1]
    place = tmp_path / "gateway.py"
    place.write_text(program)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (tmp_path / "sent.txt").open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(place), str(port)], stdout=out, env=os.environ | {"SECRET": "s3"}
        )
    for _ in range(100):
        with socket.socket() as knock:
            if knock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/", tmp_path / "sent.txt"
    process.terminate()
    process.wait(timeout=10)


async def test_a_text_message_goes_through_the_gateway_of_the_documentation_and_a_forged_one_does_not(
    conn, database, gateway, tmp_path
):
    url, sent = gateway
    clerk = await told(conn)
    await chose(conn, user=clerk.id, phone=PHONE, report=["sms"])
    ways = {
        secret: Channels(settings_for("", data=tmp_path, sms_url=url, sms_secret=SecretStr(secret)))
        for secret in ("s3", "x")
    }
    nowhere = Channels(settings_for("", data=tmp_path))
    assert (await deliver(database, at=NOON, mail=nowhere)).failed == 1
    m = OutboxMessage
    text = select(m.state, m.attempts, m.answer, m.next_attempt_at).where(m.channel == "sms")
    waiting = (await conn.execute(text)).one()
    assert (waiting.state, waiting.attempts) == ("pending", 0)
    assert "TIDU_SMS_URL" in waiting.answer
    await deliver(database, at=waiting.next_attempt_at, mail=ways["x"])
    assert (await conn.execute(text)).one()[:3] == ("dead", 1, "HTTP 403")
    await conn.execute(update(m).where(m.channel == "sms").values(state="pending"))
    assert (await deliver(database, at=NOON + timedelta(hours=1), mail=ways["s3"])).sent == 1
    assert sent.read_text() == f"{PHONE} 年度数据退回补正\n"
