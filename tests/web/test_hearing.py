"""Whoever is named, and whoever follows a firm, hears of it, as far as it is theirs to see."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.access.models import User
from app.firms.models import FirmFollow
from app.outbox.models import OutboxMessage
from tests import factories
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON
from tests.rules.test_sniffing import PDF


@pytest.fixture
async def uscc(conn):
    return await factories.firm_on(conn, "tech_micro", name="开平市关注测试有限公司")


@pytest.fixture
async def people(conn):
    """Three who see the firm and one of another town."""
    named = {"officer-2": ("李芳", None), "manager": ("陈局", None)}
    named |= {"town": ("周镇", TOWN), "town-2": ("吴远", OTHER_TOWN)}
    return {
        login: await factories.person(conn, login, name=name, scope=scope) for login, (name, scope) in named.items()
    }


async def told(conn: Any, kind: str) -> dict[str, list[str]]:
    """Person → what they hear of that kind."""
    query = (
        select(User.name, OutboxMessage.payload)
        .join(User, User.id == OutboxMessage.user_id)
        .where(OutboxMessage.kind == kind)
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
    )
    found: dict[str, list[str]] = {}
    for name, payload in await conn.execute(query):
        found.setdefault(name, []).append(str(payload.get("subject") or payload.get("tier")))
    return found


async def test_who_is_named_in_a_note_a_visit_or_a_need_hears_of_it_and_the_writer_of_whom_it_told(
    conn, client_as, uscc, people
):
    client = await client_as("officer")
    await client.post(f"/firms/{uscc}/notes", data={"text": "辅助账请 @李芳 看；@吴远 @officer 也看"})
    assert await told(conn, "mentioned") == {
        "李芳": ["局专员officer 在 开平市关注测试有限公司 的记录里提到您：辅助账请 @李芳 看；@吴远 @officer 也看"]
    }
    page = (await client.get(f"/firms/{uscc}")).text
    assert "已告诉 李芳" in page
    assert "没有告诉 @吴远：没有这位同事，或这家企业不在其管辖范围内" in page
    visit = {"summary": "电话问进度，@周镇 请跟进", "kind": "phone", "visited_on": f"{NOON.date()}"}
    need = {"need": "要贷款 @陈局 @周镇", "need_kind": "finance"}
    await client.post(f"/firms/{uscc}/visits/new", data=visit | need)
    heard = await told(conn, "mentioned")
    assert {who: len(said) for who, said in heard.items()} == {"李芳": 1, "周镇": 2, "陈局": 1}
    assert "的电话里提到您" in heard["周镇"][0]
    ways = select(OutboxMessage.payload["page"].astext).where(OutboxMessage.user_id == people["town"].id)
    assert f"/firms/{uscc}/work#h-visits" in set((await conn.execute(ways)).scalars())


async def test_who_follows_a_firm_hears_of_its_moves_and_needs_and_whoever_knows_already_does_not(
    conn, client_as, uscc, people
):
    for who in (people["officer-2"], people["manager"], people["town-2"]):
        client = await client_as(who)
        answer = await client.post(f"/firms/{uscc}/follow", data={"on": "yes"})
        assert answer.status_code == (404 if who is people["town-2"] else 303)
    clerk = await client_as("officer")
    await clerk.post(f"/firms/{uscc}/follow", data={"on": "yes"})
    await clerk.post(f"/firms/{uscc}/follow", data={"on": "yes"})
    assert len((await conn.execute(select(FirmFollow.user_id))).all()) == 3
    # One who has gone to another town hears no more, without having done anything.
    await conn.execute(update(User).where(User.id == people["manager"].id).values(scope=OTHER_TOWN))
    given = {"kind": "land", "body": "要扩产用地", "officer_id": str((await factories.person(conn, "officer")).id)}
    assert (await clerk.post(f"/firms/{uscc}/needs/new", data=given)).status_code == 303
    assert await told(conn, "followed") == {"李芳": ["您关注的 开平市关注测试有限公司 提了用地用房诉求"]}
    await factories.move(conn, uscc, "eaglet", expected="tech_micro", on=NOON.date())
    heard = await told(conn, "tier_moved")
    assert heard["李芳"] == ["eaglet"]
    assert "陈局" not in heard
    follower = await client_as(people["officer-2"])
    listed = (await follower.get("/followed")).text
    assert "开平市关注测试有限公司" in listed
    assert "不再关注" in (await follower.get(f"/firms/{uscc}/work")).text
    await follower.post(f"/firms/{uscc}/follow", data={"on": "no"})
    assert "还没有关注的企业" in (await follower.get("/followed")).text


async def test_a_program_follows_notes_and_lists_what_it_follows(conn, api_as, uscc, people):
    api = await api_as("officer")
    at = f"/api/v1/firms/{uscc}"
    for _ in "12":
        answer = await api.put(f"{at}/follow", json={"following": True})
        assert answer.json() == {"uscc": uscc, "following": True}
    listed = (await api.get("/api/v1/followed?limit=1")).json()
    assert [(f["uscc"], f["tier"]) for f in listed["items"]] == [(uscc, "tech_micro")]
    said, keyed = {"text": "@李芳 @王无"}, {"idempotency-key": "n-1"}
    made = await api.post(f"{at}/notes", json=said, headers=keyed)
    assert (made.status_code, made.json()["told"], made.json()["unknown"]) == (201, ["李芳"], ["王无"])
    assert (await api.post(f"{at}/notes", json=said, headers=keyed)).json()["id"] == made.json()["id"]
    assert (await api.put(f"{at}/follow", json={"following": False})).json()["following"] is False
    assert (await api.get(f"{at}/follow")).json()["following"] is False
    (noted,) = (await api.get(f"{at}/notes")).json()["items"]
    assert (noted["text"], noted["visit"], noted["struck"]) == ("@李芳 @王无", None, "")
    visit = (await api.post(f"{at}/visits", json={"summary": "看了新车间", "visited_on": f"{NOON.date()}"})).json()[
        "id"
    ]
    struck = await api.post(f"{at}/visits/{visit}/strike", json={"reason": "记到了别的企业"})
    assert struck.status_code == 200, struck.text
    assert {r["struck"] for r in (await api.get(f"{at}/notes")).json()["items"]} == {"", "记到了别的企业"}
    stranger = await api_as(people["town-2"])
    for asked in ("follow", "notes", "colleagues"):
        assert (await stranger.get(f"{at}/{asked}")).status_code == 404
    assert (await stranger.put(f"{at}/follow", json={"following": True})).status_code == 404


async def test_whom_one_can_name_is_offered_by_name_or_where_two_share_it_by_account(
    conn, client_as, api_as, uscc, people
):
    await factories.person(conn, "officer-3", name="李芳")
    await factories.person(conn, "officer-4", name='<b>"周"</b>')
    client = await client_as("officer")
    offered = (await client.get(f"/firms/{uscc}/colleagues")).text
    for call, also in (("officer-2", "lf"), ("officer-3", "lf"), ("陈局", "cj"), ("周镇", "zz")):
        assert f'data-call="{call}" data-also="{also}"' in offered
    assert "吴远" not in offered, "who cannot open the firm"
    assert 'data-call="officer"' not in offered, "oneself"
    assert "<b>" not in offered
    listed = (await (await api_as("officer")).get(f"/api/v1/firms/{uscc}/colleagues")).json()["items"]
    assert {c["call"]: c["name"] for c in listed}["officer-3"] == "李芳"
    assert f'data-colleagues="/firms/{uscc}/colleagues"' in (await client.get(f"/firms/{uscc}")).text


async def test_after_a_visit_its_papers_are_photographed_one_handed(conn, client_as, uscc):
    client = await client_as("officer")
    visit = {"summary": "看了辅助账", "visited_on": f"{NOON.date()}", "then": "photo"}
    answer = await client.post(f"/firms/{uscc}/visits/new", data=visit)
    at = answer.headers["location"]
    assert at.startswith("/files/on/visit/")
    page = (await client.get(at)).text
    assert 'capture="environment"' in page
    sent = await client.post(
        "/files",
        data={"kind": "visit", "object_id": at.rpartition("/")[2]},
        files={"photo": ("image.pdf", PDF, "image/png"), "file": ("", b"", "application/octet-stream")},
    )
    assert (sent.status_code, sent.headers["location"]) == (303, at), sent.text[:500]
    assert "image.pdf" in (await client.get(at)).text
    nothing = await client.post("/files", data={"kind": "visit", "object_id": at.rpartition("/")[2]})
    assert nothing.status_code == 422


async def test_a_program_hangs_a_photograph_on_a_visit_of_that_firm_and_of_no_other(conn, api_as, uscc, people):
    visit = await factories.visit(conn, uscc)
    other = await factories.firm(conn)
    api, stranger = await api_as("officer"), await api_as(people["town-2"])
    sent = {"file": ("照片.pdf", PDF)}
    at = f"/api/v1/firms/{uscc}/visits/{visit}/files"
    for _ in "12":
        made = await api.post(at, files=sent, data={"note": "辅助账"}, headers={"idempotency-key": "p-1"})
        assert (made.status_code, [f["name"] for f in made.json()["items"]]) == (201, ["照片.pdf"])
    assert [f["note"] for f in (await api.get(at)).json()["items"]] == ["辅助账"]
    assert (await stranger.get(at)).status_code == 404
    assert (await stranger.post(at, files=sent)).status_code == 404
    for wrong in (f"{other}/visits", f"{uscc}/needs"):
        assert (await api.get(f"/api/v1/firms/{wrong}/{visit}/files")).status_code == 404
    assert (await api.get(f"/api/v1/firms/{uscc}/tasks/{visit}/files")).status_code == 404
    assert (await api.post(at, data={"note": "没有文件"})).json()["errors"].keys() == {"file"}
