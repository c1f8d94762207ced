"""工作移交: all of a person's open work to another at once, as it was looked at; what is over stays whose it was."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from app.access.models import User
from app.assessments.models import FirmPlan
from app.audit.models import AuditEvent
from app.db import new_id
from app.filings.applying import list_firms
from app.filings.models import ApplicationRow
from app.firms.models import Firm, Region
from app.outbox.models import OutboxMessage
from app.work.models import FirmNeed, FirmTask, Handover
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON


@pytest.fixture
async def giver(conn):
    return await factories.person(conn, "officer")


@pytest.fixture
async def taker(conn):
    return await factories.person(conn, "officer-2")


@pytest.fixture
async def busy(conn, giver):
    """A firm with something open of every kind, and something of every kind that is over."""
    uscc = await factories.firm(conn, "开平市移交有限公司", officer_id=giver.id)
    await factories.visit(conn, uscc)
    await factories.plan(conn, uscc)
    window = await factories.window(conn, "hnte", 2027, 1, firm_due=NOON.date() + timedelta(days=30))
    await list_firms(conn, window, [uscc], by=giver.actor, at=NOON)
    await conn.execute(update(ApplicationRow).values(officer_id=giver.id))
    done = {"state": "done", "closed_at": NOON, "closer_name": giver.name}
    await conn.execute(update(FirmTask).where(FirmTask.owner == "firm").values(**done))
    return uscc


async def preview(client: Any, giver: Any, taker: Any) -> dict[str, str]:
    page = await client.get(f"/handover?giver={giver.id}&taker={taker.id}")
    assert page.status_code == 200
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)) | {"reason": "岗位调整"}


async def owners(conn: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table, column in ((Firm, Firm.uscc), (FirmTask, FirmTask.title), (FirmNeed, FirmNeed.kind)):
        for name, officer in await conn.execute(select(column, table.officer_id)):
            found[name] = officer
    found["plan"] = (await conn.execute(select(FirmPlan.officer_id))).scalar_one()
    found["application"] = (await conn.execute(select(ApplicationRow.officer_id))).scalar_one()
    return found


async def test_everything_open_goes_over_in_one_act_and_what_is_over_stays(conn, client_as, busy, giver, taker):
    client = await client_as(giver)
    sent = await preview(client, giver, taker)
    assert sent["seen"] == "1.1.1.1.1"
    kept = select(Firm.updated_at, Firm.version).where(Firm.uscc == busy)
    before = (await conn.execute(kept)).one()
    for _ in "12":
        assert (await client.post("/handover", data=sent)).status_code == 303
    after = (await conn.execute(kept)).one()
    assert (after.updated_at, after.version) == (before.updated_at, before.version + 1), "changed, but no news"
    found = await owners(conn)
    assert found.pop("补齐第三季度辅助账") == giver.id
    assert set(found.values()) == {taker.id}
    events = select(AuditEvent.action, AuditEvent.object_label, AuditEvent.after)
    (event,) = (await conn.execute(events.where(AuditEvent.action == "work:handover:done"))).all()
    assert event.object_label == giver.name
    assert event.after["to"] == taker.name
    assert event.after["reason"] == "岗位调整"
    told = select(OutboxMessage.payload).where(OutboxMessage.kind == "work_given", OutboxMessage.user_id == taker.id)
    assert "负责的企业 1、未完成的待办 1" in (await conn.execute(told)).scalar_one()["subject"]
    assert "修改资料" in (await client.get(f"/firms/{busy}")).text


async def test_whose_work_another_hands_over_hears_of_it_and_who_does_it_alone_does_not(
    conn, client_as, busy, giver, taker
):
    manager = await client_as("manager")
    here = f"/handover?giver={giver.id}&taker={taker.id}"
    assert "还没有登录过" in (await manager.get(here)).text
    await conn.execute(update(User).where(User.id == taker.id).values(password_expires_at=NOON))
    said = re.search(r"现在登录不了：一次性口令已过期[^<]*", (await manager.get(here)).text)[0]
    assert said.endswith("小时内有效）。"), "whom to ask is for who stands at the door"
    await conn.execute(update(User).values(password_expires_at=None, last_sign_in_at=NOON))
    sent = await preview(manager, giver, taker)
    assert "登录" not in re.findall(r'<p class="note">([^<]*)', (await manager.get(here)).text)
    assert (await manager.post("/handover", data=sent)).status_code == 303
    told = select(OutboxMessage.user_id, OutboxMessage.payload["subject"].astext)
    said = dict((await conn.execute(told.where(OutboxMessage.kind == "work_given"))).all())
    assert set(said) == {giver.id, taker.id}
    assert f"把您的工作移交给 {taker.name}：负责的企业 1" in said[giver.id]
    assert "移交给您" in said[taker.id]


async def test_what_has_changed_since_the_preview_is_looked_at_anew(conn, client_as, busy, giver, taker):
    client = await client_as(giver)
    sent = await preview(client, giver, taker)
    await factories.firm(conn, officer_id=giver.id)
    refused = await client.post("/handover", data=sent)
    assert refused.status_code == 412
    assert "2.1.1.1.1" in refused.text
    assert (await owners(conn))[busy] == giver.id


async def test_a_firm_that_the_taker_cannot_open_stays_and_is_counted(conn, client_as, busy, giver):
    far = await factories.person(conn, "town-2", scope=OTHER_TOWN)
    near = await factories.firm(conn, region=OTHER_TOWN, officer_id=giver.id)
    client = await client_as(giver)
    page = (await client.get(f"/handover?giver={giver.id}&taker={far.id}")).text
    assert "另有 1 项不在接手人的管辖范围内" in page
    stays = re.findall(r'href="([^"]+)">看留下的', page)
    assert len(stays) == 5
    assert "开平市移交有限公司" in (await client.get(stays[0].replace("&amp;", "&"))).text
    assert (await client.post("/handover", data=await preview(client, giver, far))).status_code == 303
    found = await owners(conn)
    assert (found[near], found[busy]) == (far.id, giver.id)


async def test_only_a_manager_hands_over_what_is_somebody_elses_also_of_one_who_has_left(
    conn, client_as, busy, giver, taker
):
    other = await client_as("officer-3")
    sent = {"giver": str(giver.id), "taker": str(taker.id), "seen": "1.1.1.1.1", "reason": "抢过来"}
    assert (await other.post("/handover", data=sent)).status_code == 422
    for page in ("/handover?", "/handover/list?kind=firms&"):
        assert (await other.get(f"{page}giver={giver.id}&taker={taker.id}")).status_code == 422
    assert (await owners(conn))[busy] == giver.id
    await conn.execute(update(User).where(User.id == giver.id).values(active=False))
    manager = await client_as("manager")
    assert "已停用" in (await manager.get("/handover")).text
    assert (await manager.post("/handover", data=await preview(manager, giver, taker))).status_code == 303
    assert (await owners(conn))[busy] == taker.id


@pytest.mark.parametrize("changes", [{"taker": ""}, {"taker": "谁"}, {"reason": ""}, {"giver": ""}])
async def test_a_handover_lacking_something_is_refused_and_changes_nothing(
    conn, client_as, busy, giver, taker, changes
):
    client = await client_as(giver)
    sent = await preview(client, giver, taker)
    assert (await client.post("/handover", data=sent | changes)).status_code == 422
    assert (await client.post("/handover", data=sent | {"taker": str(giver.id)})).status_code == 422
    assert (await owners(conn))[busy] == giver.id


async def test_nobody_of_another_county_is_offered_or_taken(conn, client_as, giver):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    far = await factories.person(conn, "officer-9", scope="440784", name="鹤山金丝雀")
    manager = await client_as("manager")
    assert "金丝雀" not in (await manager.get("/handover")).text
    sent = {"giver": str(far.id), "taker": str(giver.id), "seen": "0.0.0.0.0", "reason": "x"}
    refused = await manager.post("/handover", data=sent)
    assert refused.status_code == 422
    assert "金丝雀" not in refused.text


async def test_programs_preview_and_hand_over(conn, api_as, busy, giver, taker):
    api = await api_as(giver)
    named = {"giver": str(giver.id), "taker": str(taker.id)}
    seen = (await api.post("/api/v1/handovers", json={**named, "dry_run": True})).json()
    assert seen["goes"] == {"firms": 1, "tasks": 1, "needs": 1, "plans": 1, "applications": 1}
    (need,) = (await api.get("/api/v1/handovers/items", params={**named, "kind": "needs"})).json()["items"]
    assert need["uscc"] == busy
    assert (await api.get("/api/v1/handovers/items", params={**named, "kind": "firms", "left": "1"})).json()[
        "items"
    ] == []
    assert (await api.get("/api/v1/handovers/items", params={**named, "kind": "all"})).status_code == 422
    body = {**named, "seen": "9.9.9.9.9", "reason": "岗位调整"}
    assert (await api.post("/api/v1/handovers", json=body)).status_code == 412
    done = await api.post("/api/v1/handovers", json={**body, "seen": seen["seen"]})
    assert (done.status_code, done.json()["goes"]) == (200, seen["goes"])
    assert (await owners(conn))[busy] == taker.id


async def test_each_count_leads_to_its_list_and_says_what_no_days_list_counts(conn, client_as, rendered, busy, giver):
    manager = await factories.person(conn, "manager")
    client = await client_as(manager)
    taker = await factories.person(conn, "officer-2")
    gone = await factories.firm(conn, "开平市注销有限公司", officer_id=giver.id)
    await conn.execute(update(Firm).where(Firm.uscc == gone).values(status="deregistered"))
    page = (await client.get(f"/handover?giver={giver.id}&taker={taker.id}")).text
    assert "负责的企业：2<small>（其中 1 家已不在存续状态" in page
    lists = [href.replace("&amp;", "&") for href in re.findall(r'href="([^"]+)">看清单', page)]
    listed = {}
    for href in lists:
        shown = await client.get(href)
        listed[rendered[-1][1]["kind"]] = len(rendered[-1][1]["pieces"])
        assert "开平市移交有限公司" in shown.text
    assert listed == {"firms": 2, "tasks": 1, "needs": 1, "plans": 1, "applications": 1}
    assert "2027 年" in (await client.get(lists[-1])).text
    await client.get(f"/work?whose={manager.id}")
    assert rendered[-1][1]["rows"] == []


async def handed_over(client: Any, giver: Any, taker: Any) -> str:
    """The page that a handover leads to."""
    answer = await client.post("/handover", data=await preview(client, giver, taker))
    assert answer.status_code == 303
    found: str = answer.headers["location"]
    return found.partition("?")[0]


async def test_the_page_after_a_handover_takes_it_back_and_leaves_the_takers_own(conn, client_as, busy, giver, taker):
    before = await owners(conn)
    own = await factories.firm(conn, "开平市原有有限公司", officer_id=taker.id)
    client = await client_as(giver)
    made = await handed_over(client, giver, taker)
    page = (await client.get(made)).text
    assert "撤销这次移交" in page
    assert "开平市移交有限公司" in (await client.get(f"{made}/list?kind=tasks")).text
    assert f'href="{made}"' in (await client.get("/handover")).text
    assert (await client.post(f"{made}/undo")).status_code == 303
    assert await owners(conn) == before | {own: taker.id}
    page = (await client.get(made)).text
    assert ("撤销这次移交" in page, "已撤销 1" in page) == (False, True)
    assert (await client.post(f"{made}/undo")).status_code == 409
    events = select(AuditEvent.after).where(AuditEvent.action == "work:handover:undone")
    assert (await conn.execute(events)).scalar_one()["负责的企业"] == {"已撤销": 1}
    told = select(OutboxMessage.payload).where(OutboxMessage.user_id == taker.id).order_by(OutboxMessage.created_at)
    subjects = [payload["subject"] for payload in (await conn.execute(told)).scalars()]
    assert sum("不再由您负责：负责的企业 1" in subject for subject in subjects) == 1


async def test_what_has_changed_since_the_handover_is_named_and_the_rest_goes_back(conn, client_as, busy, giver, taker):
    third = await factories.person(conn, "officer-3")
    lost = await factories.firm(conn, "开平市另交有限公司", officer_id=giver.id)
    merged = await factories.firm(conn, "开平市并走有限公司", officer_id=giver.id)
    client = await client_as(giver)
    made = await handed_over(client, giver, taker)
    await conn.execute(update(Firm).where(Firm.uscc == lost).values(officer_id=third.id))
    await conn.execute(update(Firm).where(Firm.uscc == merged).values(status="merged"))
    done = {"state": "done", "closed_at": NOON, "closer_name": taker.name}
    await conn.execute(update(FirmTask).where(FirmTask.state == "open").values(**done))
    undone = await client.post(f"{made}/undo")
    assert undone.status_code == 303
    page = (await client.get(made)).text
    assert "已撤销 1" in page
    assert "没有撤销 2" in page
    kept = (await client.get(f"{made}/list?kind=firms&outcome=kept")).text
    assert "开平市另交有限公司" in kept
    assert "移交之后又换了人。" in kept
    assert "移交之后已经办完" in (await client.get(f"{made}/list?kind=tasks&outcome=kept")).text
    found = await owners(conn)
    assert (found[busy], found[lost], found[merged]) == (giver.id, third.id, taker.id)
    assert (found["plan"], found["application"]) == (giver.id, giver.id)


async def test_only_whoever_handed_over_and_the_head_take_it_back_also_for_one_who_has_left(
    conn, client_as, busy, giver, taker
):
    made = await handed_over(await client_as("manager"), giver, taker)
    await conn.execute(update(User).where(User.id == giver.id).values(active=False))
    receiver = await client_as(taker)
    assert "撤销这次移交" not in (await receiver.get(made)).text
    assert (await receiver.post(f"{made}/undo")).status_code == 403
    for page in (made, f"{made}/list"):
        assert (await (await client_as("officer-3")).get(page)).status_code == 404
    assert (await (await client_as("officer-3")).post(f"{made}/undo")).status_code == 404
    assert (await owners(conn))[busy] == taker.id
    assert (await (await client_as("manager")).post(f"{made}/undo")).status_code == 303
    found = await owners(conn)
    assert {found[busy], found["plan"], found["application"]} == {giver.id}


async def test_programs_see_handovers_and_take_them_back_once(conn, api_as, busy, giver, taker, statements):
    api = await api_as(giver)
    named = {"giver": str(giver.id), "taker": str(taker.id), "reason": "岗位调整"}
    made = (await api.post("/api/v1/handovers", json={**named, "seen": "1.1.1.1.1"})).json()["id"]

    async def listed():
        statements.clear()
        return [(h["id"], h["counts"]) for h in (await api.get("/api/v1/handovers")).json()["items"]], len(statements)

    found, asked = await listed()
    assert [(i, of["firms"]) for i, of in found] == [(made, {"given": 1})]
    names = dict.fromkeys(("giver_name", "taker_name", "creator_name", "reason", "scope"), "甲")
    earlier = {"id": new_id(), "created_by": giver.id, "created_at": NOON - timedelta(days=1)}
    await conn.execute(insert(Handover).values(names | earlier))
    found, more = await listed()
    assert ([of for _, of in found][1:], more) == ([{}], asked), "however many there are on the page"
    await conn.execute(update(User).where(User.id == giver.id).values(scope=OTHER_TOWN))
    await conn.execute(update(FirmNeed).values(officer_id=giver.id))
    for _ in "12":
        sent = {"headers": {"idempotency-key": "undo-1"}}
        undone = await api.post(f"/api/v1/handovers/{made}/undo", **sent)
        assert undone.status_code == 200
    assert undone.json()["counts"]["firms"] == {"kept": 1}
    kept = (await api.get(f"/api/v1/handovers/{made}/items", params={"kind": "needs", "outcome": "kept"})).json()
    assert undone.json()["counts"]["needs"] == {"kept": 1}, kept
    assert (await api.get(f"/api/v1/handovers/{giver.id}")).status_code == 404
