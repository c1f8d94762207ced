"""A carrier's lists over JSON: looked at, taken whole, taken back; to a stranger they are not there."""

import uuid

import pytest
from sqlalchemy import func, select

from app.carriers.models import TenancyProposal, TenancyRow
from tests import factories, houses

HEAD = "楼栋,楼层,房间,面积（㎡）,统一社会信用代码,企业或团队,租期起,租期止"
EVENTS = "活动日期,类别,活动名称,参加人次"


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn)


async def send(client, here, *lines, kind="rooms", head=HEAD, **headers):
    data = "\n".join((head, *lines)).encode("utf-8-sig")
    files = {"file": ("清单.csv", data, "text/csv")}
    return await client.post(here, files=files, data={"kind": kind}, headers=headers)


async def count(conn, table):
    return (await conn.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_list_of_rooms_is_looked_at_taken_once_read_row_by_row_and_taken_back(conn, api_as, held):
    uscc = await factories.firm(conn, "开平市先到有限公司")
    officer, here = await api_as("officer"), f"/api/v1/carriers/{held.id}/imports"
    rows = (f"A 座,3,301,120,{uscc},,2026-01-01,2026-12-31", "A 座,3,302,80,,后来团队,2026-03-01,")
    keyed = {"idempotency-key": "list-1"}
    made, again = [await send(officer, here, *rows, **keyed) for _ in "12"]
    assert (made.status_code, made.json()) == (201, again.json())
    assert (made.json()["state"], made.json()["created"], made.json()["rejected"]) == ("preview", 2, 0)
    assert await count(conn, TenancyRow) == 0, "nothing is written yet"
    one = made.headers["location"]
    seen = (await officer.get(f"{one}/rows?limit=1")).json()
    assert [(r["row"], r["who"], r["said"]) for r in seen["items"]] == [
        (2, "开平市先到有限公司", "新增房间（一直就有）；办理入驻")
    ]
    (second,) = (await officer.get(f"{one}/rows?cursor={seen['next']}")).json()["items"]
    assert second["who"] == "后来团队"
    taken = [await officer.post(f"{one}/confirm", headers={"idempotency-key": "take-1"}) for _ in "12"]
    assert [a.status_code for a in taken] == [200, 200]
    assert taken[0].json() == taken[1].json()
    assert taken[0].json()["state"] == "applied"
    assert await count(conn, TenancyRow) == 2
    assert (await officer.post(f"{one}/confirm")).status_code == 409
    twice = (await send(officer, here, f"A 座,3,301,120,{await factories.firm(conn)},,2026-12-31,")).headers["location"]
    (said,) = (await officer.get(f"{twice}/rows?outcome=rejected")).json()["items"]
    assert "已由 开平市先到有限公司 租用：2026-01-01 起至 2026-12-31" in said["said"]
    refused = await officer.post(f"{twice}/confirm")
    assert (refused.status_code, await count(conn, TenancyRow)) == (409, 2)
    assert (await officer.post(f"{twice}/discard")).json()["state"] == "discarded"
    listed = (await officer.get(here)).json()["items"]
    assert [b["state"] for b in listed] == ["discarded", "applied"]
    back = await officer.post(f"{one}/undo")
    assert (back.json()["state"], await count(conn, TenancyRow)) == ("undone", 0)
    assert (await officer.post(f"{one}/undo")).status_code == 409


async def test_an_operator_brings_its_own_lists_and_finds_nobody_elses(conn, api_as, held):
    operator = await api_as(await houses.operator(conn, held))
    rival = await api_as(await houses.operator(conn, await houses.carrier(conn, "别处孵化器"), "carrier-2"))
    officer, here = await api_as("officer"), f"/api/v1/carriers/{held.id}/imports"
    uscc = await factories.firm(conn)
    made = await send(operator, here, f"A 座,3,301,120,{uscc},,2026-01-01,")
    assert made.status_code == 201
    one = made.headers["location"]
    assert (await officer.post(f"{one}/confirm")).status_code == 403, "only who looked at it"
    assert (await operator.post(f"{one}/confirm")).json()["state"] == "applied"
    assert (await count(conn, TenancyProposal), await count(conn, TenancyRow)) == (1, 0), "the firm is asked first"
    absent = f"{here}/{uuid.uuid4()}"
    for step in ("", "/rows"):
        answers = [await rival.get(f"{which}{step}") for which in (one, absent)]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    for step in ("confirm", "discard", "undo"):
        assert (await rival.post(f"{one}/{step}")).status_code == 404
    assert (await send(rival, here, "A 座,3,301,120,,,,")).status_code == 404
    theirs = (await send(officer, here, "A 座,3,309,120,,,,")).headers["location"]
    assert (await operator.get(theirs)).status_code == 404, "what an officer has tried says which firms there are"
    wrong = [await send(operator, here, "1", kind=kind) for kind in ("firms", "nonsense")]
    assert [(a.status_code, list(a.json()["errors"])) for a in wrong] == [(422, ["kind"])] * 2
    broken = await send(operator, here, "x", head="没有,这样,的列")
    assert (broken.status_code, list(broken.json()["errors"])) == (422, ["file"])
    held_events = await send(operator, here, "2026-11-20,路演,秋季路演,35", kind="log_event", head=EVENTS)
    assert held_events.json()["created"] == 1
    assert (await operator.post(f"{held_events.headers['location']}/confirm")).json()["state"] == "applied"
    (line,) = (await operator.get(f"/api/v1/carriers/{held.id}/logs?kind=event")).json()["items"]
    assert (line["title"], line["people"]) == ("秋季路演", 35)
    assert (await operator.post(f"{held_events.headers['location']}/undo")).json()["state"] == "undone"
    assert (await operator.get(f"/api/v1/carriers/{held.id}/logs?kind=event")).json()["items"] == []
