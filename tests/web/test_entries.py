"""A firm asks a carrier for a room: the policy says how it stands, the carrier answers, nobody sees too much."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from app.audit.models import AuditEvent
from app.carriers.models import CarrierRecord, TenancyRow
from app.firms.models import Firm, Region
from app.incubation.models import EntryApplication
from app.incubation.terms import ASKED_A_DAY, OPEN_DAYS
from app.outbox.models import OutboxMessage
from app.reports.models import FirmStatement
from tests import factories, houses
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON
from tests.sealing import lies_open

ASKED = {"since": "2026-12-01", "area": "80", "business": "智能温控阀", "contact": "黄工 13800000000"}
YOUNG = date(2025, 3, 1)


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn, "示例孵化器")
    await houses.operator(conn, found)
    return found


async def firm_with_clerk(conn, login="firm", **more):
    uscc = await factories.firm(conn, **more)
    return uscc, await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))


async def only(conn):
    return (await conn.execute(select(EntryApplication.id))).scalar_one()


async def test_a_firm_asks_and_is_inside_once_the_carrier_gives_it_a_room(conn, client_as, held):
    uscc, clerk = await firm_with_clerk(conn, name="开平市求租机械有限公司", registered_on=YOUNG, region=OTHER_TOWN)
    outside = {"kind": "standing", "body": {"registered_in_carrier": False}, "true_on": NOON.date(), "source": "企业"}
    row = {"firm_id": await factories.id_of(conn, uscc), "recorded_at": NOON}
    await conn.execute(insert(FirmStatement).values(**row, **outside))
    room = await houses.space(conn, held)
    await houses.space(conn, held, "302", area="60")
    firm, operator = await client_as(clerk), await client_as("carrier")
    listed = (await firm.get("/portal/entries")).text
    assert "示例孵化器" in listed
    form = await firm.get(f"/portal/entries/to/{held.id}")
    assert "300号 第八条" in form.text
    sent = {**ASKED, "idempotency_key": "a"}
    wrong = await firm.post(f"/portal/entries/to/{held.id}", data=sent | {"area": "", "business": ""})
    assert wrong.status_code == 422
    assert "请写明主要做什么" in wrong.text
    assert "黄工" in wrong.text, "what was typed is kept"
    assert {(await firm.post(f"/portal/entries/to/{held.id}", data=sent)).status_code for _ in "ab"} == {303}, (
        "a double click"
    )
    again = await firm.post(f"/portal/entries/to/{held.id}", data=sent | {"idempotency_key": "b"})
    assert again.status_code == 409
    entry = await only(conn)
    desk = (await operator.get("/carrier")).text
    assert f"/entries/{entry}" in desk
    town = await client_as(await factories.person(conn, "officer-7", scope=TOWN))
    for seen in (f"/entries/{entry}", "/carriers/proposals"):
        assert "求租机械" in (await town.get(seen)).text, "a firm of another town, in a carrier of its own"
    page = (await operator.get(f"/entries/{entry}")).text
    assert "智能温控阀" in page
    assert "黄工 13800000000" in page
    assert await lies_open(conn, "13800000000") == []
    assert page.count("合乎要求") == 1, "one is free and large enough, the other too small"
    assert "2026-12-01" in page
    (told,) = (await conn.execute(select(OutboxMessage.payload).where(OutboxMessage.kind == "entry_asked"))).scalars()
    assert told["page"] == f"/entries/{entry}"
    assert (await operator.post(f"/entries/{entry}/accept", data={"since": "2026-12-01"})).status_code == 422
    lease = {"space": str(room), "since": "2026-12-01", "until": "2028-11-30", "incubates": "1"}
    done = await operator.post(f"/entries/{entry}/accept", data=lease)
    assert done.status_code == 303
    assert (await operator.post(f"/entries/{entry}/accept", data=lease)).status_code == 409, "answered once"
    tenancy = (await operator.get(done.headers["location"])).text
    assert "求租机械" in tenancy
    assert "入孵条件" in tenancy
    assert "需人工判断" in tenancy, "who is outside yet cannot be registered inside"
    home = (await firm.get("/portal/entries")).text
    assert "已入驻" in home
    home = (await firm.get("/portal")).text
    assert ("入驻载体" in home, "由示例运营有限公司运营" in home) == (True, True)
    actions = set((await conn.execute(select(AuditEvent.action).where(AuditEvent.object_type == "carrier"))).scalars())
    assert {"carrier:entry:asked", "carrier:entry:admitted", "carrier:tenancy:admitted"} <= actions


async def test_a_firm_that_is_too_old_comes_in_as_a_plain_tenant_or_on_a_persons_ground(conn, api_as, client_as, held):
    uscc = await factories.reporting_firm(conn, "开平市老厂机械有限公司")
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    firm, operator, officer = await api_as(clerk), await api_as("carrier"), await api_as("officer")
    room, other = await houses.space(conn, held), await houses.space(conn, held, "302")
    ask = {"from": "2026-12-01", "seats": 3, "business": "数控机床", "contact": "黄工"}
    made = await firm.post(f"/api/v1/carriers/{held.id}/entries", json=ask)
    assert (made.status_code, made.json()["found"]["outcome"]) == (201, "not_met")
    entry = f"/api/v1/entries/{made.json()['id']}"
    lease = {"space": str(room), "from": "2026-12-01"}
    refused = await operator.post(f"{entry}/accept", json=lease)
    assert refused.status_code == 409
    assert any("24 个月" in reason for reason in refused.json()["reasons"])
    assert "46000000" not in refused.text, "what it reported is not for its landlord"
    (item,) = (await operator.get(f"/api/v1/carriers/{held.id}/entries")).json()["items"]
    assert item["state"] == "waiting", "a refusal leaves it waiting"
    plain = await operator.post(f"{entry}/accept", json=lease | {"incubates": False})
    assert (plain.status_code, plain.json()["entry"], plain.json()["limit_months"]) == (201, None, None)
    # The same of an officer who lets it in at once.
    here = f"/api/v1/carriers/{held.id}/tenancies"
    direct = {"space": str(other), "from": "2026-11-23", "uscc": uscc}
    assert (await officer.post(here, json=direct)).status_code == 409
    page = await client_as("officer")
    form = {"space": str(other), "since": "2026-11-23", "uscc": uscc, "incubates": "1", "idempotency_key": "k"}
    asked = await page.post(f"/carriers/{held.id}/tenancies/new", data=form)
    assert asked.status_code == 409
    assert "请写明依据" in asked.text
    assert 'href="#ground"' in asked.text, "where it can be written"
    inside = await officer.post(here, json=direct | {"ground": "县政府专题会议同意"})
    assert (inside.status_code, inside.json()["entry"]["stated"]) == (201, "县政府专题会议同意")


async def test_who_has_no_part_in_it_neither_sees_nor_answers_it(conn, api_as, clock, held):
    _, clerk = await firm_with_clerk(conn)
    _, stranger = await firm_with_clerk(conn, "firm-2")
    firm, other = await api_as(clerk), await api_as(stranger)
    ask = {"from": "2026-12-01", "seats": 3, "business": "数控机床", "contact": "黄工"}
    far = await houses.carrier(conn, "外县孵化器")
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county"))
    await conn.execute(update(CarrierRecord).where(CarrierRecord.id == far.id).values(region_code="440784"))
    assert (await firm.post(f"/api/v1/carriers/{far.id}/entries", json=ask)).status_code == 404
    late = await firm.post(f"/api/v1/carriers/{held.id}/entries", json=ask | {"from": "2026-11-22"})
    assert late.status_code == 422
    made = (await firm.post(f"/api/v1/carriers/{held.id}/entries", json=ask)).json()
    entry = f"/api/v1/entries/{made['id']}"
    assert (await other.post(f"{entry}/withdraw")).status_code == 404
    assert (await other.get("/api/v1/entries")).json()["items"] == []
    neighbour = await api_as(await houses.operator(conn, far, "carrier-2"))
    assert (await neighbour.post(f"{entry}/decline", json={"reason": "不是我的"})).status_code == 404
    operator = await api_as("carrier")
    assert (await operator.post(f"{entry}/decline", json={"reason": ""})).status_code == 422
    assert (await operator.post(f"{entry}/decline", json={"reason": "暂时没有房间"})).json()["state"] == "declined"
    assert (await firm.post(f"{entry}/withdraw")).status_code == 409
    assert (await firm.get("/api/v1/entries")).json()["items"][0]["answer"] == "暂时没有房间"
    again = (await firm.post(f"/api/v1/carriers/{held.id}/entries", json=ask)).json()
    clock.at = NOON + timedelta(days=OPEN_DAYS + 1)
    operator, firm = await api_as("carrier"), await api_as(clerk)
    gone = await operator.post(f"/api/v1/entries/{again['id']}/decline", json={"reason": "晚了"})
    assert gone.status_code == 409
    later = ask | {"from": "2027-03-01"}
    assert (await firm.post(f"/api/v1/carriers/{held.id}/entries", json=later)).status_code == 201, "it was over"
    assert not (await conn.execute(select(TenancyRow.id))).all()


async def test_a_firm_that_has_gone_since_it_asked_is_not_let_in(conn, api_as, held):
    uscc, clerk = await firm_with_clerk(conn, registered_on=YOUNG)
    firm, operator = await api_as(clerk), await api_as("carrier")
    ask = {"from": "2026-12-01", "seats": 3, "business": "数控机床", "contact": "黄工"}
    made = (await firm.post(f"/api/v1/carriers/{held.id}/entries", json=ask)).json()
    lease = {"space": str(await houses.space(conn, held)), "from": "2026-12-01", "incubates": False}
    for status, answer in (("deregistered", 409), ("active", 201)):
        await conn.execute(update(Firm).where(Firm.uscc == uscc).values(status=status))
        done = await operator.post(f"/api/v1/entries/{made['id']}/accept", json=lease)
        assert done.status_code == answer, done.text


async def test_asking_and_taking_back_comes_to_an_end_and_begins_again_the_next_day(conn, api_as, clock, held):
    _, clerk = await firm_with_clerk(conn, registered_on=YOUNG)
    firm, here = await api_as(clerk), f"/api/v1/carriers/{held.id}/entries"
    ask = {"from": "2026-12-01", "seats": 3, "business": "数控机床", "contact": "黄工"}
    for _ in range(ASKED_A_DAY):
        made = await firm.post(here, json=ask)
        assert made.status_code == 201
        assert (await firm.post(f"/api/v1/entries/{made.json()['id']}/withdraw")).status_code == 200
    flood = await firm.post(here, json=ask)
    assert (flood.status_code, flood.headers["content-type"]) == (429, "application/problem+json")
    assert "明天再提" in flood.json()["detail"]
    clock.advance(days=1, seconds=1)
    assert (await (await api_as(clerk)).post(here, json=ask)).status_code == 201
