"""What somebody was not allowed is counted, shown to who watches, and told of when there is a lot of it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.access.denials import ALARM, LOCKOUTS, Denied, add
from app.access.models import AccessDenial
from app.access.rules import PAIR_LIMIT
from app.outbox.models import OutboxMessage
from app.web.denials import EVERY, Tally, write_down
from tests import factories
from tests.harness import NOON


async def alarms(conn):
    query = select(OutboxMessage.user_id, OutboxMessage.payload).where(OutboxMessage.kind == "access_alarm")
    return (await conn.execute(query)).all()


def test_the_first_is_written_at_once_and_the_next_ones_together():
    tally, me = Tally(), factories.new_id()
    tally.count(me, "GET /a", NOON)
    assert tally.due(NOON) == {me: Denied(1, NOON, "GET /a")}
    for n in range(1, 500):
        tally.count(me, "GET /b", NOON + timedelta(milliseconds=n))
    assert tally.due(NOON + EVERY - timedelta(microseconds=1)) == {}
    together = tally.due(NOON + EVERY)
    assert together[me].times == 499
    tally.count(me, "GET /c", NOON + EVERY)
    tally.put_back(together)
    assert tally.due(NOON + 2 * EVERY)[me] == Denied(500, NOON + EVERY, "GET /c")


async def test_refusals_are_one_row_an_hour_and_the_watchers_read_them(app, conn, clock, client_as, database):
    clerk = await factories.person(conn, "firm")
    firm = await client_as(clerk)
    for _ in range(3):
        assert (await firm.get("/board?q=秘密")).status_code == 403
    clock.advance(seconds=11)
    assert (await firm.post("/api/v1/firms", json={"name": "x"})).status_code == 403
    await write_down(app.state.denials, database, clock.now())
    (row,) = (await conn.execute(select(AccessDenial.times, AccessDenial.last_place))).all()
    assert row == (4, "POST /api/v1/firms"), "the place and nothing of what was typed"
    clock.advance(hours=1)
    assert (await (await client_as(clerk)).get("/board")).status_code == 403
    assert (await conn.execute(select(func.count()).select_from(AccessDenial))).scalar_one() == 2
    for role in ("auditor", "admin"):
        page = (await (await client_as(role)).get("/audit/denials")).text
        assert ">5<" in page
        assert "GET /board" in page
    assert (await (await client_as("officer")).get("/audit/denials")).status_code == 403


async def test_a_token_that_only_reads_is_counted_where_it_tries_to_write(conn, client_from, database, app, clock):
    await factories.person(conn, "auditor")
    token = await factories.token_of(conn, await factories.person(conn, "officer"), read_only=True)
    program = client_from(headers={"authorization": f"Bearer {token}"})
    for _ in range(ALARM):
        assert (await program.post("/api/v1/firms", json={})).status_code == 403
    await write_down(app.state.denials, database, clock.now() + EVERY)
    (row,) = (await conn.execute(select(AccessDenial.times, AccessDenial.last_place))).all()
    assert row == (ALARM, "POST /api/v1/firms（访问令牌）")
    ((_, payload),) = await alarms(conn)
    assert "最近一次 POST /api/v1/firms（访问令牌）" in payload["subject"]


async def test_what_is_absent_or_not_signed_in_is_no_refusal(conn, anonymous, client_as):
    firm = await client_as("firm")
    assert (await firm.get("/firms/91440783MA00000000")).status_code == 404
    assert (await anonymous.get("/api/v1/firms")).status_code == 401
    forged = await firm.post("/look", data={"size": "large"}, headers={"sec-fetch-site": "cross-site"})
    assert forged.status_code in (303, 403)
    assert not (await conn.execute(select(AccessDenial))).all()


@pytest.mark.parametrize(("times", "told"), [(ALARM - 1, 0), (ALARM, 2)])
async def test_many_within_an_hour_are_told_to_who_secures_and_who_audits_once_a_day(conn, times, told):
    clerk = await factories.person(conn, "firm")
    await factories.person(conn, "auditor")
    await factories.person(conn, "admin")
    await factories.person(conn, "officer")
    await add(conn, {clerk.id: Denied(times, NOON, "GET /board")})
    assert len(await alarms(conn)) == told
    await add(conn, {clerk.id: Denied(ALARM, NOON, "GET /board")})
    await add(conn, {clerk.id: Denied(ALARM, NOON + timedelta(hours=2), "GET /board")})
    found = await alarms(conn)
    assert len(found) == 2
    assert "firm" in found[0].payload["subject"]
    assert found[0].payload["page"] == "/audit/denials"
    await add(conn, {clerk.id: Denied(ALARM, NOON + timedelta(days=1), "GET /board")})
    assert len(await alarms(conn)) == 4


async def test_an_account_that_is_locked_again_and_again_is_told_of_once_an_hour(conn, client_from):
    await factories.person(conn, "auditor")
    await factories.person(conn, "officer")
    wrong = {"login": "officer", "password": "wrong"}
    for n in range(LOCKOUTS + 1):
        there = client_from(f"10.0.0.{n}")
        for _ in range(PAIR_LIMIT + 1):
            answer = await there.post("/sign-in", data=wrong)
        assert answer.status_code == 429
        assert len(await alarms(conn)) == (n + 1 >= LOCKOUTS)
    ((_, payload),) = await alarms(conn)
    assert "账号 officer，来自 10.0.0.2" in payload["subject"]
