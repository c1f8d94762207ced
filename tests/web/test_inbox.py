"""消息: told in the house, counted in the head of every page, read by its recipient and by nobody else."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update

from app.db import new_id
from app.firms.models import Firm
from app.outbox.models import OutboxMessage
from tests import factories
from tests.harness import NOON

COUNTED = re.compile(r'href="/inbox">消息(?: <b>([0-9+]+)</b>)?')


async def told(conn, login="officer", *, at=NOON, channel="inbox", read_at=None, uscc="91440783M159083022", **payload):
    person = await factories.person(conn, login)
    message_id = new_id()
    moved = {"uscc": uscc, "name": "开平市金丝雀有限公司", "from": "tech_micro", "tier": "eaglet"}
    moved |= {"effective_on": "2026-06-01", "kind": "promotion", "by": "李专员"} | payload
    await conn.execute(
        insert(OutboxMessage).values(
            id=message_id,
            dedup_key=str(message_id),
            kind="tier_moved",
            channel=channel,
            user_id=person.id,
            payload=moved,
            next_attempt_at=at,
            created_at=at,
            read_at=read_at,
        )
    )
    return message_id


async def unread_in_head(client, path="/account/sessions"):
    return COUNTED.search((await client.get(path)).text)[1]


async def read_at(conn, message_id):
    return (await conn.execute(select(OutboxMessage.read_at).where(OutboxMessage.id == message_id))).scalar_one()


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市金丝雀有限公司")


async def test_a_move_of_ones_firm_by_somebody_else_is_told_in_words_and_one_button_leads_to_the_firm(
    client_as, conn, uscc, clock
):
    mine = await client_as("officer")
    owner = await factories.person(conn, "officer")
    await conn.execute(update(Firm).values(officer_id=owner.id))
    colleague = await client_as("officer-2")
    step = {"to": "tech_micro", "reason": "入库", "expected": ""}
    assert (await colleague.post(f"/firms/{uscc}/move", data=step)).status_code == 303
    assert await unread_in_head(mine) == "1"
    page = (await mine.get("/inbox")).text
    assert "开平市金丝雀有限公司进入“科技型小微企业”，2026-11-23 生效，局专员officer-2办理。" in page
    message_id = (await conn.execute(select(OutboxMessage.id))).scalar_one()
    clock.advance(seconds=5)
    opened = await mine.post(f"/inbox/{message_id}/open")
    assert (opened.status_code, opened.headers["location"]) == (303, f"/firms/{uscc}")
    assert await read_at(conn, message_id) == clock.now()
    assert await unread_in_head(mine) is None
    clock.advance(seconds=5)
    await mine.post(f"/inbox/{message_id}/open")
    assert await read_at(conn, message_id) == clock.now() - timedelta(seconds=5)


async def test_what_one_has_done_oneself_is_no_news(client_as, conn, uscc):
    mine = await client_as("officer")
    owner = await factories.person(conn, "officer")
    await conn.execute(update(Firm).values(officer_id=owner.id))
    await mine.post(f"/firms/{uscc}/move", data={"to": "tech_micro", "reason": "入库", "expected": ""})
    assert await unread_in_head(mine) is None
    assert "开平市金丝雀有限公司进入" in (await mine.get("/inbox")).text


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({}, "开平市金丝雀有限公司从“科技型小微企业”移到“雏鹰企业”，2026-06-01 生效，李专员办理。"),
        ({"from": None}, "开平市金丝雀有限公司进入“雏鹰企业”，2026-06-01 生效，李专员办理。"),
        ({"tier": None}, "开平市金丝雀有限公司退出梯队（原在“科技型小微企业”），2026-06-01 生效，李专员办理。"),
        ({"by": ""}, "开平市金丝雀有限公司从“科技型小微企业”移到“雏鹰企业”，2026-06-01 生效。"),
        ({"tier": "gone"}, "开平市金丝雀有限公司从“科技型小微企业”移到“gone”，2026-06-01 生效，李专员办理。"),
    ],
)
async def test_every_kind_of_move_has_its_sentence(client_as, conn, payload, sentence):
    await told(conn, **payload)
    assert sentence in (await (await client_as("officer")).get("/inbox")).text


async def test_nobody_reads_or_marks_what_was_told_to_another(client_as, conn):
    message_id = await told(conn)
    other = await client_as("officer-2")
    assert "金丝雀" not in (await other.get("/inbox")).text
    assert (await other.post(f"/inbox/{message_id}/open")).status_code == 404
    await other.post("/inbox/read", data={"until": await shown_until(await client_as("officer"))})
    assert await read_at(conn, message_id) is None


async def shown_until(client):
    return re.search(r'name="until" value="([^"]+)"', (await client.get("/inbox")).text)[1]


async def test_all_read_means_all_that_was_shown(client_as, conn):
    client = await client_as("officer")
    before = [await told(conn, at=NOON - timedelta(minutes=n)) for n in range(3)]
    until = await shown_until(client)
    since = await told(conn, at=NOON + timedelta(seconds=1))
    done = await client.post("/inbox/read", data={"until": until})
    assert (done.status_code, done.headers["location"]) == (303, "/inbox")
    assert [await read_at(conn, m) for m in before] == [NOON] * 3
    assert await read_at(conn, since) is None
    assert (await client.post("/inbox/read", data={"until": "x"})).status_code == 422


async def test_letters_and_what_was_read_are_not_counted_and_many_are_many(client_as, conn):
    client = await client_as("officer")
    await told(conn, channel="email")
    await told(conn, read_at=NOON)
    await told(conn, "officer-2")
    assert await unread_in_head(client) is None
    for _ in range(99):
        await told(conn)
    assert await unread_in_head(client) == "99"
    for _ in range(3):
        await told(conn)
    assert await unread_in_head(client) == "99+"


async def test_the_inbox_pages_through_everything_once_newest_first(client_as, conn, rendered):
    made = [await told(conn, at=NOON - timedelta(minutes=n)) for n in range(60)]
    client, path, seen = await client_as("officer"), "/inbox", []
    while path:
        await client.get(path)
        seen += [m.id for m, _, _ in rendered[-1][1]["messages"]]
        path = rendered[-1][1]["next_href"]
    assert seen == made


@pytest.mark.parametrize("role", ["firm", "carrier", "town", "manager", "admin", "auditor"])
async def test_everybody_has_an_inbox_and_an_empty_one_says_so(client_as, role):
    client = await client_as(role)
    assert "没有消息" in (await client.get("/inbox")).text
    assert await unread_in_head(client) is None


async def test_counting_the_unread_costs_a_page_no_statement_of_its_own(client_as, conn, statements):
    client = await client_as("officer")
    await told(conn)
    statements.clear()
    await client.get("/account/sessions")
    assert sum("outbox_messages" in s for s in statements) == 1
    assert "user_sessions" in next(s for s in statements if "outbox_messages" in s)


async def test_the_unread_are_counted_from_their_own_index_however_long_the_log(client_as, conn, statements):
    await client_as("officer")
    await conn.execute(text("SET LOCAL enable_seqscan = off"))
    plan = await conn.execute(
        text(
            "EXPLAIN SELECT 1 FROM outbox_messages WHERE user_id = '00000000-0000-0000-0000-000000000000' "
            "AND read_at IS NULL AND channel = 'inbox' LIMIT 100"
        )
    )
    assert "ix_outbox_messages_unread" in " ".join(plan.scalars())


async def test_over_json_only_the_recipient_is_told_what_a_message_says(api_as, conn):
    await told(conn)
    (mine,) = (await (await api_as("officer")).get("/api/v1/outbox")).json()["items"]
    assert mine["says"].startswith("开平市金丝雀有限公司从“科技型小微企业”移到“雏鹰企业”")
    (logged,) = (await (await api_as("admin")).get("/api/v1/outbox")).json()["items"]
    assert logged["says"] is None
    assert "金丝雀" not in str(logged)


async def test_ones_own_messages_over_json_come_by_state_and_page_by_page(api_as, conn):
    made = [str(await told(conn, at=NOON - timedelta(minutes=n))) for n in range(5)]
    await told(conn, "officer-2")
    api, seen, path = await api_as("officer"), [], "/api/v1/outbox?state=pending&limit=2"
    while path:
        body = (await api.get(path)).json()
        seen += [m["id"] for m in body["items"]]
        path = f"/api/v1/outbox?state=pending&limit=2&cursor={body['next']}" if body["next"] else None
    assert seen == made
    assert (await api.get("/api/v1/outbox?state=sent")).json()["items"] == []
