"""The morning's look: a silence is told to the bureau's head once, a lapse to whoever follows the firm."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.access.models import User
from app.firms.models import Firm, FirmFollow
from app.outbox.models import OutboxMessage
from app.recognitions.models import Certificate
from app.work import lapses
from app.work.jobs import watch
from app.work.models import StaleEscalation
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON

MONDAY = NOON.date()  # 2026-11-23


async def heard(conn: Any, kind: str) -> dict[str, list[str]]:
    query = (
        select(User.login, OutboxMessage.payload)
        .join(User, User.id == OutboxMessage.user_id)
        .where(OutboxMessage.kind == kind)
        .order_by(OutboxMessage.created_at, User.login)
    )
    found: dict[str, list[str]] = {}
    for login, payload in await conn.execute(query):
        found.setdefault(login, []).append(payload["subject"])
    return found


@pytest.fixture
async def silences(conn):
    """Two firms whose silence is one working day apart from the tenth; the officer looks after the longer silent."""
    officer = await factories.person(conn, "officer")
    await factories.person(conn, "manager")
    await factories.person(conn, "manager-2", scope="4407")
    _, calendar = await factories.main_ladder(conn)
    found = {}
    for name, days in (("开平市久静有限公司", 10), ("开平市稍静有限公司", 9)):
        uscc = await factories.firm_on(conn, "tech_micro", name=name)
        stale_on = calendar.add_working_days(MONDAY, -days)
        values = {"stale_on": stale_on, "officer_id": officer.id if days == 10 else None}
        await conn.execute(update(Firm).where(Firm.uscc == uscc).values(values))
        found[days] = uscc
    return found


async def test_a_silence_is_told_on_its_tenth_working_day_once_and_again_only_after_a_contact(
    conn, silences, client_as, clock
):
    # One that was spoken with, and then moved as of a day of years ago, is not silent.
    heard_of = await factories.firm_on(conn, "tech_micro", name="开平市有声有限公司")
    await factories.visit(conn, heard_of, at=NOON - timedelta(days=95))
    await conn.execute(update(Firm).where(Firm.uscc == heard_of).values(stale_on=MONDAY - timedelta(days=400)))
    assert (await watch(conn, NOON))["created"] == 1
    told = await heard(conn, "stale_long")
    assert told == {
        "manager": [
            "1 家企业停滞已久仍没有联系：开平市久静有限公司（局专员officer，停滞 10 个工作日）。"
            "记一次走访或往来记录，或移动梯队，就重新计时。"
        ],
        "officer": [
            "您负责的 1 家企业停滞已久仍没有联系：开平市久静有限公司（停滞 10 个工作日）；已告诉局领导。"
            "记一次走访或往来记录，或移动梯队，就重新计时。"
        ],
    }
    assert (await watch(conn, NOON))["created"] == 0
    assert (await watch(conn, NOON + timedelta(days=1)))["created"] == 1, "the other one's tenth day"
    assert (await watch(conn, NOON + timedelta(days=5))) == {"skipped": 1}, "a Saturday"
    boss = await client_as("manager")
    page = (await boss.get("/stale")).text
    assert "停滞 10 个工作日" in page
    assert "开平市稍静有限公司" not in page, "which is nine days silent today"
    assert "开平市久静有限公司" not in (await boss.get("/stale?whose=mine")).text
    officer = await client_as("officer")
    await officer.post(f"/firms/{silences[10]}/notes", data={"text": "电话联系"})
    assert "没有长期停滞的企业" in (await boss.get("/stale")).text
    moment = NOON + timedelta(days=110)
    while "skipped" in (await watch(conn, moment)):
        moment += timedelta(days=1)
    assert len((await heard(conn, "stale_long"))["officer"]) == 2, "another silence"


async def test_a_program_reads_who_is_silent_and_what_ends_it(conn, silences, api_as):
    api = await api_as("manager")
    answer = (await api.get("/api/v1/stale?limit=1")).json()
    assert [(f["uscc"], f["working_days"], f["officer"]) for f in answer["items"]] == [
        (silences[10], 10, "局专员officer")
    ]
    assert "走访" in answer["resets"]
    other = await factories.person(conn, "town-2", scope=OTHER_TOWN)
    assert (await (await api_as(other)).get("/api/v1/stale")).json()["items"] == []


async def test_a_followed_firms_certificate_is_told_when_it_is_about_to_lapse_and_when_it_has(conn):
    follower = await factories.person(conn, "officer-2")
    stranger = await factories.person(conn, "town-2", scope=OTHER_TOWN)
    uscc = await factories.firm(conn, "开平市到期有限公司")
    firm_id = (await conn.execute(select(Firm.id).where(Firm.uscc == uscc))).scalar_one()
    for who in (follower, stranger):
        await conn.execute(insert(FirmFollow).values(firm_id=firm_id, user_id=who.id, since=NOON))
    await factories.certificate(conn, uscc, number="GR202344000001")
    for ends, told in (
        (MONDAY + timedelta(days=91), 0),
        (MONDAY + timedelta(days=90), 1),
        (MONDAY, 1),
        (MONDAY - timedelta(days=1), 1),
        (MONDAY - timedelta(days=31), 0),
    ):
        await conn.execute(update(Certificate).values(expires_on=ends, issued_on=date(2023, 1, 1)))
        before = await heard(conn, "followed")
        await watch(conn, NOON)
        await watch(conn, NOON)
        after = await heard(conn, "followed")
        assert len(after.get("officer-2", [])) - len(before.get("officer-2", [])) == told, ends
    assert set(after) == {"officer-2"}
    assert after["officer-2"][0].endswith(f"{MONDAY + timedelta(days=90)} 到期，还有 90 天")
    assert (await conn.execute(select(StaleEscalation.firm_id))).all() == []


async def test_a_lapse_is_told_to_everybody_however_many_are_told_before(conn, monkeypatch):
    monkeypatch.setattr(lapses, "_MOST", 2)
    followers = [await factories.person(conn, f"officer-{n}") for n in range(2, 7)]
    uscc = await factories.firm(conn, "开平市到期有限公司")
    firm_id = await factories.id_of(conn, uscc)
    for who in followers:
        await conn.execute(insert(FirmFollow).values(firm_id=firm_id, user_id=who.id, since=NOON))
    await factories.certificate(conn, uscc, number="GR202344000001")
    await conn.execute(update(Certificate).values(expires_on=MONDAY, issued_on=date(2023, 1, 1)))
    for _ in "ab":
        await watch(conn, NOON)
        assert {who: len(told) for who, told in (await heard(conn, "followed")).items()} == {
            f"officer-{n}": 1 for n in range(2, 7)
        }
