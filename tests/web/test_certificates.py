"""Certificates by hand: registered, revoked, struck out; over pages and over JSON."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import insert, select

from app.audit.models import AuditEvent
from app.firms.models import Region
from app.recognitions.models import Certificate
from tests import factories
from tests.harness import NOON

NEW = {"kind": "hnte", "number": "GR202444001234", "issued_on": "2024-11-28"}
TODAY = NOON.date()


@pytest.fixture
async def uscc(conn):
    return await factories.firm(conn, "开平市持证卫浴有限公司")


async def held(conn, uscc):
    firm_id = await factories.id_of(conn, uscc)
    query = select(Certificate.number, Certificate.expires_on, Certificate.revoked_on)
    return [tuple(row) for row in await conn.execute(query.where(Certificate.firm_id == firm_id))]


async def trail(conn, verb):
    query = select(AuditEvent.before, AuditEvent.after).where(AuditEvent.action == f"firm:certificate:{verb}")
    return [tuple(row) for row in await conn.execute(query)]


async def test_a_certificate_is_registered_found_by_its_number_and_told_on_the_firms_page(client_as, conn, uscc):
    client = await client_as("officer")
    typed = NEW | {"number": " ＧＲ2024 44001234 ", "issued_on": "2024年11月28日"}
    done = await client.post(f"/firms/{uscc}/certificates/new", data=typed)
    assert (done.status_code, done.headers["location"]) == (303, f"/firms/{uscc}#h-certificates")
    assert await held(conn, uscc) == [("GR202444001234", date(2027, 11, 28), None)]
    page = (await client.get(f"/firms/{uscc}")).text
    assert "高新技术企业 GR202444001234，2024-11-28 至 2027-11-28。" in page
    assert uscc in (await client.get("/search?q=GR202444001234")).text
    assert [after["number"] for _, after in await trail(conn, "registered")] == ["GR202444001234"]


async def test_it_opens_the_gate_that_was_shut_without_it(conn, api_as, uscc):
    api = await api_as("officer")
    step = {"to": "hnte", "expected": None, "reason": "持证"}
    assert (await api.post(f"/api/v1/firms/{uscc}/moves", json=step)).status_code == 409
    made = await api.post(f"/api/v1/firms/{uscc}/certificates", json=NEW)
    assert made.status_code == 201
    assert made.json() | {"id": ""} == {
        **NEW,
        "id": "",
        "expires_on": "2027-11-28",
        "revoked_on": None,
        "state": "in_force",
    }
    assert (await api.post(f"/api/v1/firms/{uscc}/moves", json=step)).status_code in (201, 202)


async def test_every_fault_is_shown_at_its_field_and_nothing_typed_is_lost(client_as, conn, uscc, rendered):
    client = await client_as("officer")
    wrong = {
        "kind": "medal",
        "number": "编号",
        "issued_on": (TODAY + timedelta(days=1)).isoformat(),
        "expires_on": "很久",
        "revoked_on": "2026-13-01",
    }
    answer = await client.post(f"/firms/{uscc}/certificates/new", data=wrong)
    assert answer.status_code == 422
    assert {name for name, _, _ in rendered[-1][1]["errors"]} == {"kind", "expires_on", "revoked_on"}
    assert "很久" in answer.text
    for field, typed in {
        "number": {"number": "编号"},
        "issued_on": {"issued_on": (TODAY + timedelta(days=1)).isoformat()},
        "expires_on": {"expires_on": "2027-11-29"},
        "revoked_on": {"revoked_on": "2024-11-27"},
    }.items():
        answer = await client.post(f"/firms/{uscc}/certificates/new", data=NEW | typed)
        assert (field, answer.status_code) == (field, 422)
        assert [name for name, _, _ in rendered[-1][1]["errors"]] == [field]
    lacking = await client.post(f"/firms/{uscc}/certificates/new", data=NEW | {"kind": "srdi"})
    assert "请填写有效期止" in lacking.text
    assert await held(conn, uscc) == []


async def test_a_number_that_is_taken_names_its_holder_to_those_who_can_see_it(client_as, conn, uscc):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    here = await factories.firm(conn, "开平市先得卫浴有限公司")
    away = await factories.firm(conn, "鹤山市金丝雀有限公司", region="440784")
    await factories.certificate(conn, here, number="GR202444000001")
    await factories.certificate(conn, away, number="GR202444000002")
    await factories.certificate(conn, uscc, number="GR202444000003")
    client = await client_as("officer")

    async def refused(number):
        answer = await client.post(f"/firms/{uscc}/certificates/new", data=NEW | {"number": number})
        assert answer.status_code == 409
        return answer.text

    assert "已登记在 开平市先得卫浴有限公司 名下" in await refused("GR202444000001")
    assert "金丝雀" not in await refused("GR202444000002")
    assert "已登记过这个编号" in await refused("GR202444000003")


async def test_the_same_key_registers_once_and_a_mended_form_may_keep_its_key(client_as, conn, uscc):
    client = await client_as("officer")
    path, key = f"/firms/{uscc}/certificates/new", {"idempotency_key": "k1"}
    assert (await client.post(path, data=NEW | key | {"issued_on": ""})).status_code == 422
    first = await client.post(path, data=NEW | key)
    again = await client.post(path, data=NEW | key)
    assert (first.status_code, again.status_code) == (303, 303)
    assert again.headers["idempotent-replay"] == "true"
    assert len(await held(conn, uscc)) == 1
    other = await client.post(path, data=NEW | key | {"number": "GR202444009999"})
    assert other.status_code == 422


async def test_a_revoked_certificate_no_longer_opens_the_gate_and_says_why(client_as, api_as, conn):
    uscc = await factories.firm_on(conn, "hnte")
    api, client = await api_as("officer"), await client_as("officer")
    (one,) = (await api.get(f"/api/v1/firms/{uscc}/certificates")).json()["items"]
    path = f"/firms/{uscc}/certificates/{one['id']}"
    assert one["number"] in (await client.get(path)).text
    unread = await client.post(f"{path}/revoke", data={"revoked_on": "", "reason": ""})
    assert unread.status_code == 422
    assert "请填写撤销日期" in unread.text
    assert "请写明依据" in unread.text
    done = await client.post(f"{path}/revoke", data={"revoked_on": "2025-06-01", "reason": "取消资格公告"})
    assert done.status_code == 303
    page = (await client.get(f"/firms/{uscc}")).text
    assert "2025-06-01 撤销。取消资格公告" in page
    assert "请核对是否要移动" in page
    assert (await api.get(f"/api/v1/firms/{uscc}/certificates")).json()["items"][0]["state"] == "revoked"
    twice = await client.post(f"{path}/revoke", data={"revoked_on": "2025-07-01", "reason": "再来一次"})
    assert twice.status_code == 409
    assert [after["revoked_on"] for _, after in await trail(conn, "revoked")] == ["2025-06-01"]


async def test_a_mistaken_certificate_goes_and_the_trail_keeps_what_it_said(api_as, conn, uscc):
    api = await api_as("officer")
    made = (await api.post(f"/api/v1/firms/{uscc}/certificates", json=NEW)).json()
    left = await api.post(f"/api/v1/firms/{uscc}/certificates/{made['id']}/strike", json={"reason": "录到别家"})
    assert (left.status_code, left.json()) == (200, {"items": [], "next": None})
    assert await held(conn, uscc) == []
    ((before, after),) = await trail(conn, "struck")
    assert (before["issued_on"], after["reason"]) == ("2024-11-28", "录到别家")
    assert (await api.get("/api/v1/firms?q=GR202444001234")).json()["items"] == []
    other = await factories.firm(conn)
    assert (await api.post(f"/api/v1/firms/{other}/certificates", json=NEW)).status_code == 201


async def test_one_firms_certificate_cannot_be_reached_through_another(api_as, conn, uscc):
    api = await api_as("officer")
    made = (await api.post(f"/api/v1/firms/{uscc}/certificates", json=NEW)).json()
    other = await factories.firm(conn)
    answer = await api.post(f"/api/v1/firms/{other}/certificates/{made['id']}/strike", json={"reason": "x"})
    assert answer.status_code == 404
    assert len(await held(conn, uscc)) == 1


async def test_a_step_that_lacks_its_certificate_asks_for_it_in_the_moves_own_form(conn, client_as, rendered):
    """Both are done or neither; a fault stands at its field and what was typed comes back."""
    uscc = await factories.firm_on(conn, "gazelle")
    client = await client_as("officer")
    page = BeautifulSoup((await client.get(f"/firms/{uscc}/move")).text, "html.parser")
    form = rendered[-1][1]["form"]
    assert page.find(id="m-certificate_number").find_parent("form")["action"] == f"/firms/{uscc}/move"
    assert page.find("a", href=f"/firms/{uscc}/gap?policy=hnte")
    asked = {"to": "hnte", "effective_on": form.effective_on, "reason": "拿到证书", "expected": "gazelle"}
    number = {"certificate_number": "GR202444001234"}
    undated = await client.post(f"/firms/{uscc}/move", data=asked | number | {"idempotency_key": "c"})
    assert (undated.status_code, rendered[-1][1]["fields"]) == (422, {"certificate_issued_on": "请填写发证日期。"})
    assert 'value="GR202444001234"' in undated.text
    lapsed = asked | number | {"certificate_issued_on": "2020-01-02"}
    assert (await client.post(f"/firms/{uscc}/move", data=lapsed)).status_code == 409
    assert await held(conn, uscc) == []  # a refused move leaves no certificate behind
    elsewhere = asked | number | {"to": "eaglet", "certificate_issued_on": "2024-11-28"}
    assert (await client.post(f"/firms/{uscc}/move", data=elsewhere)).status_code == 422
    good = asked | number | {"certificate_issued_on": "2024-11-28", "idempotency_key": "c"}
    assert [(await client.post(f"/firms/{uscc}/move", data=good)).status_code for _ in range(2)] == [303, 303]
    assert await held(conn, uscc) == [("GR202444001234", date(2027, 11, 28), None)]
    story = (await client.get(f"/firms/{uscc}")).text
    assert "已登记高新技术企业证书 GR202444001234；" in story
    assert "等待第二人复核" in story


async def test_a_number_that_another_firm_holds_is_said_at_its_field_in_the_moves_form(conn, client_as, uscc, rendered):
    await factories.certificate(conn, await factories.firm(conn, "开平市先到有限公司"), number="GR202444001234")
    client = await client_as("officer")
    sent = {"to": "hnte", "reason": "持证", "certificate_number": "GR202444001234"}
    answer = await client.post(f"/firms/{uscc}/move", data=sent | {"certificate_issued_on": "2024-11-28"})
    assert (answer.status_code, list(rendered[-1][1]["fields"])) == (422, ["certificate_number"])
    assert await held(conn, uscc) == []
