"""Where an account is signed in: seen and ended by its owner and by who keeps the accounts; a new device is told."""

import hashlib
import itertools
import re

import pytest
from sqlalchemy import select

from app.access import proof
from app.access.devices import device_words
from app.access.rules import ADDRESS_LIMIT, PAIR_LIMIT
from app.audit.models import AuditEvent
from app.outbox.models import OutboxMessage
from tests import factories
from tests.harness import NOON
from tests.web.test_account import WRONG, attempt, reference_of


@pytest.fixture
async def officer(conn):
    return await factories.person(conn, "officer")


async def told(conn, who):
    query = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.user_id == who.id)
    return [subject for subject in (await conn.execute(query)).scalars() if "新设备" in subject]


async def test_a_new_device_is_told_once_and_the_first_of_all_is_no_news(client_from, officer, conn, clock):
    desk, laptop = client_from("10.0.0.1"), client_from("10.0.0.2", headers={"user-agent": "Laptop/1"})
    await attempt(desk)
    assert await told(conn, officer) == []
    await attempt(laptop)
    (sentence,) = await told(conn, officer)
    assert "Laptop/1" in sentence
    assert "10.0.0.2" in sentence
    clock.advance(days=3)
    await attempt(laptop)
    await attempt(desk)
    assert len(await told(conn, officer)) == 1
    cookies = [c for c in laptop.cookies.jar if c.name == "tidu-device"]
    assert cookies[0].has_nonstandard_attr("HttpOnly")
    page = (await desk.get("/account/sessions")).text
    assert page.count("新设备</span>") == 1
    assert "就是这里" in page


async def test_who_comes_back_too_late_is_told_so_and_a_stranger_nothing(client_as, client_from, clock):
    late = await client_as("officer")
    clock.advance(hours=2)
    assert (await late.get("/firms")).status_code == 303
    assert "太久没有用" in (await late.get("/sign-in")).text
    for cookies in ({}, {"tidu": "x"}):
        page = (await client_from(cookies=cookies).get("/sign-in")).text
        assert "太久没有用" not in page
        assert "已被结束" not in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
            "Chrome（Windows）",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge（Windows）"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0", "微信（iPhone）"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari（苹果电脑）"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox（Linux）"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(said, words):
    assert device_words(said) == words


async def test_what_did_not_come_in_is_listed_for_its_owner_and_for_nobody_else(client_from, client_as, officer):
    stranger = client_from("203.0.113.9")
    for _ in range(6):
        await attempt(stranger, password=WRONG)
    page = (await (await client_as(officer)).get("/account/sessions")).text
    assert page.count("203.0.113.9") == 6
    assert "登录被拒（尝试过多）" in page
    assert "203.0.113.9" not in (await (await client_as("officer-2")).get("/account/sessions")).text


async def test_one_ends_all_ones_other_sessions_at_once(client_as, officer, conn):
    here, there, other = await client_as(officer), await client_as(officer), await client_as("officer-2")
    assert (await here.post("/account/sessions/revoke-others")).status_code == 303
    assert (await here.get("/account/sessions")).status_code == 200
    turned_away = await there.get("/account/sessions")
    assert turned_away.status_code == 303
    assert "原来的登录已被结束" in (await there.get(turned_away.headers["location"])).text
    assert (await other.get("/account/sessions")).status_code == 200
    assert "session:record:all_revoked" in (await conn.execute(select(AuditEvent.action))).scalars().all()


async def test_who_keeps_the_accounts_sees_and_ends_anybodys(client_as, officer, conn, clock):
    admin, one, two, idle = [await client_as(who) for who in ("admin", officer, officer, "manager")]
    place = f"/admin/users/{officer.id}/sessions"
    assert (await idle.get(place)).status_code == 403
    assert (await admin.get(place)).text.count("结束<span") == 2
    reference = await reference_of(conn, one)
    manager = await factories.person(conn, "manager")
    assert (await admin.post(f"/admin/users/{manager.id}/sessions/{reference}/revoke")).status_code == 404
    assert (await admin.post(f"{place}/{reference}/revoke")).status_code == 303
    assert (await one.get("/account/sessions")).status_code == 303
    assert (await admin.post(f"{place}/revoke-others")).status_code == 303
    assert (await two.get("/account/sessions")).status_code == 303
    assert (await admin.get("/account/sessions")).status_code == 200
    clock.advance(minutes=31)
    admin = await client_as("admin")
    assert "没有登录着" in (await admin.get(f"/admin/users/{manager.id}/sessions")).text


def answered(page, login):
    given = re.search(r'data-task="([^"]+)"', page)[1]
    bits = int(given.split(".")[1])
    right = (
        n
        for n in itertools.count()
        if int.from_bytes(hashlib.sha256(f"{given} {login} {n}".encode()).digest()) >> (256 - bits) == 0
    )
    return f"{given} {next(right)}"


async def test_work_lets_one_in_where_others_at_the_address_have_failed_and_no_further(
    client_from, officer, conn, clock, monkeypatch
):
    monkeypatch.setattr(proof, "_EASIEST", 8)
    await factories.person(conn, "town")
    office, elsewhere = client_from("10.0.0.1"), client_from("10.0.0.2")
    for n in range(ADDRESS_LIMIT):
        await attempt(office, f"guess{n}", WRONG)
    shut = await attempt(office)
    assert (shut.status_code, "gate.js" in shut.text) == (429, True)
    done = answered(shut.text, "officer")
    for bad in ("x", "9" * 300, done[:-1] + "x", done.replace(".8.", ".0."), f"{done.split()[0]} ²", "..", "1.1.x 1"):
        assert (await attempt(office, proof=bad)).status_code == 429
    assert (await attempt(office, "town", proof=done)).status_code == 429
    for n in range(ADDRESS_LIMIT):
        await attempt(elsewhere, f"guess{n}", WRONG)
    assert (await attempt(elsewhere, proof=done)).status_code == 429
    for _ in range(PAIR_LIMIT):
        assert (await attempt(office, password=WRONG, proof=done)).status_code == 401
    closed = await attempt(office, proof=done)
    assert (closed.status_code, "gate.js" in closed.text) == (429, False)
    other = await attempt(office, "town")
    assert (await attempt(office, "town", proof=answered(other.text, "town"))).status_code == 303
    clock.advance(minutes=10, seconds=1)
    # Not from where town has just come in: that browser is known by now, and needs none.
    unknown = client_from("10.0.0.1")
    assert (await attempt(unknown, "town", proof=answered(other.text, "town"))).status_code == 429


@pytest.mark.parametrize(("failures", "bits"), [(20, 17), (39, 17), (40, 18), (199, 21), (10_000, 22)])
def test_the_work_grows_with_the_failures_of_the_address_up_to_a_bound(failures, bits):
    assert proof.task(b"k", "10.0.0.1", failures=failures, at=NOON).split(".")[1] == str(bits)
