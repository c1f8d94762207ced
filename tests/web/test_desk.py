"""Small things of the desk: frames, forms and dialogs that fit who looks at them."""

from datetime import timedelta

import pytest

from app.firms.terms import ContactDetails
from tests import factories
from tests.factories import TOWN
from tests.harness import NOON

NEW = {"name": "开平市新光卫浴有限公司", "uscc": "91440783M159083022", "region_code": TOWN, "status": "active"}


@pytest.mark.parametrize(("method", "address", "status"), [("GET", "/nowhere", 404), ("PUT", "/firms", 405)])
async def test_an_address_that_leads_nowhere_keeps_the_frame_of_who_is_signed_in(
    client_as, anonymous, clock, method, address, status
):
    client = await client_as("officer")
    answer = await client.request(method, address)
    assert answer.status_code == status
    assert "主要页面" in answer.text
    assert "局专员officer" in answer.text
    stranger = await anonymous.request(method, address)
    assert stranger.status_code == status
    assert "主要页面" not in stranger.text
    clock.advance(hours=13)
    assert "主要页面" not in (await client.request(method, address)).text


async def test_an_address_of_the_api_that_leads_nowhere_asks_nobody_who_they_are(client_as, statements):
    client = await client_as("officer")
    statements.clear()
    assert (await client.get("/api/v1/nowhere")).status_code == 404
    assert list(statements) == []


async def test_the_form_of_a_town_offers_no_place_that_is_no_town(client_as, rendered):
    async def places(who):
        await (await client_as(who)).get("/firms/new")
        fields = {f.name: f for section in rendered[-1][1]["form"] for f in section.fields}
        return [code for code, _ in fields["region_code"].options]

    assert await places("town") == [TOWN]
    assert (await places("officer"))[0] == ""


async def test_a_step_that_its_gate_refuses_is_not_chosen_for_anybody(client_as, conn):
    gazelle = await factories.firm_on(conn, "gazelle", on=NOON.date() - timedelta(days=100))
    client = await client_as("officer")
    shut = (await client.get(f"/firms/{gazelle}/move")).text
    assert 'value="hnte" checked' not in shut
    assert " checked" not in shut
    unsaid = await client.post(f"/firms/{gazelle}/move", data={"reason": "条件具备", "expected": "gazelle"})
    assert "请选择要移动到的梯队" in unsaid.text
    await factories.certificate(conn, gazelle)
    assert 'value="hnte" checked' in (await client.get(f"/firms/{gazelle}/move")).text
    micro = await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=100))
    assert 'value="hnte" checked' in (await client.get(f"/firms/{micro}/move?to=hnte")).text


async def test_a_date_before_the_present_tier_shows_where_a_correction_is_ticked(client_as, conn):
    uscc = await factories.firm_on(conn, "tech_micro", on=NOON.date() - timedelta(days=10))
    client = await client_as("officer")
    early = (NOON.date() - timedelta(days=20)).isoformat()
    form = {"to": "eaglet", "effective_on": early, "reason": "营收增长", "expected": "tech_micro"}
    refused = await client.post(f"/firms/{uscc}/move", data=form)
    assert refused.status_code == 422
    assert "<details open>" in refused.text
    assert "<details>" in (await client.get(f"/firms/{uscc}/move")).text


async def test_a_phone_that_is_none_is_told_at_its_field_and_the_one_on_file_hinders_nothing(
    client_as, api_as, conn, rendered
):
    client, api = await client_as("officer"), await api_as("officer")
    contact = {"contact_name": "张三", "contact_phone": "12"}
    assert (await client.post("/firms/new", data=NEW | contact)).status_code == 422
    assert [field for field, _, _ in rendered[-1][1]["errors"]] == ["contact_phone"]
    over_json = {"name": NEW["name"], "uscc": NEW["uscc"], "contacts": [{"name": "张三", "phone": "12"}]}
    assert "不像电话号码" in (await api.post("/api/v1/firms", json=over_json)).json()["errors"]["contacts"]
    good = NEW | contact | {"contact_phone": "0750-2212345 转 801"}
    assert (await client.post("/firms/new", data=good)).status_code == 303
    old = await factories.firm(conn, contacts=[ContactDetails("李四", "12")])
    edit = {"contact_name": "李四", "contact_phone": "12", "address": "水口镇", "version": "1"}
    assert (await client.post(f"/firms/{old}/edit", data=edit)).status_code == 303


@pytest.mark.parametrize("address", ["/firms", "/board", "/board/eaglet", "/search?q=卫浴"])
async def test_a_clerk_has_no_desk_but_a_way_home(client_as, conn, address):
    uscc = await factories.firm_on(conn, "eaglet")
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    for who in (clerk, "carrier"):
        answer = await (await client_as(who)).get(address)
        assert answer.status_code == 403
        assert 'href="/">回到首页' in answer.text
    assert (await (await client_as(clerk)).get(f"/firms/{uscc}")).status_code == 200
