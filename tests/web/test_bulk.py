"""批量办理 over HTTP: chosen in the list, looked at, confirmed, taken back; by form and by programs."""

import importlib
import re

import pytest
from sqlalchemy import func, select, update

from app.bulk import jobs, service
from app.bulk.models import BulkAct, BulkLine
from app.bulk.terms import BulkKind
from app.firms.models import Firm, FirmTag
from app.firms.terms import ContactDetails
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON
from tests.migrating import within


@pytest.fixture
async def firms(conn):
    return [await factories.firm(conn, f"开平市批量{n}号有限公司") for n in range(3)]


def fields(html: str, action: str) -> dict[str, str]:
    form = html[html.index(f'method="post" action="{action}"') :]
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")]))


async def tagged(conn) -> int:
    return (await conn.execute(select(func.count()).select_from(FirmTag))).scalar_one()


async def looked_at(client, query: str, typed: dict[str, str]):
    """Through the form to the preview."""
    form = fields((await client.get(f"/bulk/new?{query}")).text, "/bulk")
    answer = await client.post("/bulk", data=form | typed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def press(client, href: str, act: str):
    form = fields((await client.get(href)).text, f"{href}/{act}")
    answer = await client.post(f"{href}/{act}", data=form)
    assert answer.status_code == 303
    return (await client.get(href)).text


async def test_ticked_firms_get_a_tag_and_lose_it_again(conn, client_as, firms):
    client = await client_as("officer")
    listed = (await client.get("/firms")).text
    assert all(f'name="pick" value="{uscc}"' in listed for uscc in firms)
    query = f"kind=tag_add&query=status%3Dactive&pick={firms[0]}&pick={firms[1]}"
    assert "已选 2 家" in (await client.get(f"/bulk/new?{query}")).text
    href = await looked_at(client, query, {"tag": "重点培育"})
    preview = (await client.get(href)).text
    assert "加标签“重点培育”" in preview
    assert "办理这 2 家" in preview
    assert await tagged(conn) == 0
    assert "已办理 <b>2</b>" in await press(client, href, "confirm")
    assert await tagged(conn) == 2
    assert "加标签“重点培育”" in (await client.get("/bulk")).text
    undone = await press(client, href, "undo")
    assert 'outcome=undone">已撤销 2' in undone
    assert await tagged(conn) == 0


async def test_all_that_the_filter_finds_is_what_was_counted_and_each_number_leads_to_its_firms(conn, client_as, firms):
    await factories.firm(conn, "开平市别的有限公司", region=OTHER_TOWN)
    client = await client_as("officer")
    page = (await client.get("/firms?region=440783117")).text
    assert "办理全部 3 家" in page
    chosen = (await client.get("/bulk/new?query=region%3D440783117&all=1")).text
    assert "筛选出的全部 3 家" in chosen
    assert "镇街：" in chosen
    me = await factories.person(conn, "officer")
    href = await looked_at(client, "kind=officer&all=1&query=region%3D440783117", {"officer": str(me.id)})
    await conn.execute(update(Firm).where(Firm.uscc == firms[0]).values(version=Firm.version + 1))
    done = await press(client, href, "confirm")
    assert ("已办理 <b>2</b>" in done, "没有办 <b>1</b>" in done) == (True, True)
    assert "已办理 2 家，没有办 1 家" in done
    left = (await client.get(f"{href}?outcome=left")).text
    assert "批量0号" in left
    assert "预览之后有人改过这家企业的资料" in left
    assert "批量1号" not in left


async def test_nothing_chosen_and_something_typed_wrongly_come_back_with_what_was_typed(client_as, firms):
    client = await client_as("officer")
    assert "还没有选企业" in (await client.get("/bulk/new?kind=tag_add&query=status%3Dactive")).text
    form = fields((await client.get(f"/bulk/new?kind=task&pick={firms[0]}")).text, "/bulk")
    refused = await client.post("/bulk", data=form | {"title": "核对年报", "due_on": "2020-01-01"})
    assert refused.status_code == 422
    assert 'value="核对年报"' in refused.text
    assert "期限不能早于今天" in refused.text
    assert fields(refused.text, "/bulk")["pick"] == firms[0]
    for kind, typed in (("tag_add", {"tag": "甲、乙"}), ("officer", {}), ("tier", {"to": "没有"}), ("谁", {})):
        answer = await client.post("/bulk", data=form | {"kind": kind, **typed})
        assert answer.status_code == 422, kind


async def test_each_role_is_offered_what_it_may_do_with_one_firm_and_is_refused_the_rest(conn, client_as, firms):
    offered = {}
    for who in ("town", "officer", "manager"):
        page = (await (await client_as(who)).get("/firms")).text
        bar = page[page.index('id="bulk"') :]
        offered[who] = re.findall(r'<option value="(\w+)">', bar[: bar.index("</form>")])
    every = [kind.value for kind in BulkKind]
    assert offered == {"town": every, "officer": [*every, "export"], "manager": ["task", "export"]}
    for who in ("admin", "auditor"):
        assert 'id="bulk"' not in (await (await client_as(who)).get("/firms")).text
    manager = await client_as("manager")
    form = fields((await manager.get(f"/bulk/new?kind=task&pick={firms[0]}")).text, "/bulk")
    assert (await manager.post("/bulk", data=form | {"kind": "tag_add", "tag": "x"})).status_code == 403
    assert "导出这些企业" not in (await (await client_as("town")).get(f"/bulk/new?kind=export&pick={firms[0]}")).text


async def test_what_was_ticked_is_taken_out_and_nothing_else(client_as, firms):
    client = await client_as("officer")
    page = (await client.get(f"/bulk/new?kind=export&query=status%3Dactive&pick={firms[0]}")).text
    href = next(h for h in re.findall(r'href="([^"]+)" download', page) if "csv" in h)
    csv = (await client.get(href.replace("&amp;", "&"))).text
    assert "批量0号" in csv
    assert "批量1号" not in csv


async def test_many_are_left_to_the_worker_and_the_page_says_how_far_it_is(
    conn, database, client_as, firms, monkeypatch
):
    monkeypatch.setattr(service, "INLINE", 2)
    client = await client_as("officer")
    href = await looked_at(client, "kind=tag_add&all=1&query=status%3Dactive", {"tag": "重点"})
    page = (await client.get(href)).text
    assert "正在核对" in page
    assert f'data-hx-get="{href}/progress"' in page
    assert "0 / 3" in (await client.get(f"{href}/progress")).text
    token = {"csrf_token": fields(page, "/sign-out")["csrf_token"]}
    for act in ("confirm", "discard", "undo"):
        assert (await client.post(f"{href}/{act}", data=token)).status_code == 409
    await jobs.run_waiting_acts(database, at=NOON)
    assert (await client.get(f"{href}/progress")).headers["hx-redirect"] == href
    assert "办理这 3 家" in (await client.get(href)).text
    stranger = await client_as("officer-2")
    assert "discard" not in (await stranger.get(href)).text
    refused = await stranger.post(f"{href}/discard")
    assert (refused.status_code, "只有本人或局领导可以放弃" in refused.text) == (403, True)
    assert "discard" in (await (await client_as("manager")).get(href)).text
    gone = await client.post(f"{href}/discard", data=token)
    assert gone.headers["location"] == "/firms?status=active"
    assert (await conn.execute(select(func.count()).select_from(BulkLine))).scalar_one() == 0


async def test_programs_do_the_same_and_are_told_apart_by_a_key(conn, api_as, firms):
    api = await api_as("officer")
    body = {"kind": "tag_add", "tag": "重点", "filter": {"region": "440783117"}}
    key = {"idempotency-key": "bulk-1"}
    made = await api.post("/api/v1/bulk", json=body, headers=key)
    again = await api.post("/api/v1/bulk", json=body, headers=key)
    assert (made.status_code, made.json()["counts"], again.json()["id"]) == (201, {"changes": 3}, made.json()["id"])
    assert (await conn.execute(select(func.count()).select_from(BulkAct))).scalar_one() == 1
    href = made.headers["location"]
    await conn.execute(update(Firm).where(Firm.uscc == firms[0]).values(version=Firm.version + 1))
    assert (await api.post(f"{href}/confirm")).json()["counts"] == {"done": 2, "left": 1}
    assert (await api.post(f"{href}/confirm")).status_code == 409
    first = (await api.get(f"{href}/firms?limit=1")).json()
    rest = (await api.get(f"{href}/firms?limit=200&cursor={first['next']}")).json()
    assert len(first["items"] + rest["items"]) == 3
    assert (await api.post(f"{href}/undo")).json()["counts"] == {"left": 1, "undone": 2}
    assert (await api.get("/api/v1/bulk")).json()["items"][0]["state"] == "undone"
    for wrong in ({}, {"usccs": firms, "filter": {}}, {"usccs": ["0" * 18]}):
        assert (await api.post("/api/v1/bulk", json={"kind": "tag_add", "tag": "x", **wrong})).status_code == 422
    other = await api_as("town", scope=OTHER_TOWN)
    assert (await other.get(href)).status_code == 404
    assert (await other.post(f"{href}/undo")).status_code == 404


async def test_a_number_that_firms_were_found_by_is_not_kept_with_what_was_done_with_them(conn, client_as):
    phone = "13987654321"
    await factories.firm(conn, contacts=[ContactDetails("金", phone)])
    client = await client_as("officer")
    href = await looked_at(client, f"kind=tag_add&query=q%3D{phone}%26tier%3D&all=1", {"tag": "重点培育"})
    query = select(BulkAct.query)
    assert "q=***" in (await conn.execute(query)).scalar_one()
    preview = (await client.get(href)).text
    assert ("办理这 1 家" in preview, phone in preview) == (True, False)
    gone = await client.post(f"{href}/discard", data=fields(preview, f"{href}/discard"))
    assert gone.headers["location"].split("?")[0] == "/firms"
    assert "q=" not in gone.headers["location"], "it finds them no more"
    made = importlib.import_module("migrations.versions.20270302_numbers_searched_for")
    await conn.execute(update(BulkAct).values(query=f"q={phone}&sort=name"))
    await conn.run_sync(lambda c: within(c, made, None, made.upgrade))
    assert (await conn.execute(query)).scalar_one() == "q=***&sort=name"
