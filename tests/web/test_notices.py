"""通知方式: each chooses for themselves, a firm's clerk for the firm's contact too."""

import re

from sqlalchemy import select

from app.audit.models import AuditEvent
from app.outbox.models import ChannelChoice
from tests import factories


def forms(html):
    """What each form of the page would send, as it stands."""
    found = []
    for form in re.findall(r'<form class="panel".*?</form>', html, re.DOTALL):
        sent = {m[1]: m[2] for m in re.finditer(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)}
        for name, value in re.findall(r'name="([a-z]+)" value="([a-z]+)" checked', form):
            sent.setdefault(name, []).append(value)
        found.append(sent)
    return found


async def test_an_officer_chooses_and_what_must_be_heard_cannot_be_switched_off(conn, client_as):
    client = await client_as(await factories.person(conn, "officer", email="wang@example.invalid"))
    page = (await client.get("/account/notices")).text
    (own,) = forms(page)
    assert own["move"] == ["inbox"]
    assert 'value="sms"' not in page  # there is no gateway
    refused = await client.post("/account/notices", data=own | {"account": [], "move": ["email"]})
    assert refused.status_code == 422
    assert "“账号与安全”不能关闭" in refused.text
    assert forms(refused.text)[0]["move"] == ["email"]
    assert (await client.post("/account/notices", data=own | {"move": ["email"], "work": []})).status_code == 303
    stale = await client.post("/account/notices", data=own | {"move": []})
    assert stale.status_code == 412
    (kept,) = (await conn.execute(select(ChannelChoice.choices))).scalars()
    assert (kept["move"], kept["work"], kept["duty"]) == (["email"], [], ["inbox"])
    now = forms((await client.get("/account/notices")).text)[0]
    assert "work" not in now
    acts = (await conn.execute(select(AuditEvent.after).where(AuditEvent.action == "notice:channels:chosen"))).scalars()
    assert [act["move"] for act in acts] == [["email"]]


async def test_somebody_without_an_address_is_told_so(conn, client_as):
    client = await client_as("manager")
    (own,) = forms((await client.get("/account/notices")).text)
    refused = await client.post("/account/notices", data=own | {"move": ["email"]})
    assert refused.status_code == 422
    assert "还没有登记邮箱" in refused.text


async def test_a_clerk_chooses_for_the_firms_contact_and_for_no_other_firm(conn, client_as):
    firm = await factories.id_of(conn, await factories.firm(conn))
    client = await client_as(await factories.person(conn, "firm", firm_id=firm, email="z@example.invalid"))
    _, contact = forms((await client.get("/account/notices")).text)
    assert contact["reminder"] == ["email"]
    assert (await client.post("/account/notices", data=contact | {"reminder": []})).status_code == 303
    rows = (await conn.execute(select(ChannelChoice.firm_id, ChannelChoice.choices))).all()
    assert [(r.firm_id, r.choices) for r in rows] == [(firm, {"duty": ["email"], "reminder": []})]
    carrier = await client_as("carrier")
    (own,) = forms((await carrier.get("/account/notices")).text)
    forged = await carrier.post("/account/notices", data=own | {"whose": "firm", "reminder": ["email"]})
    assert forged.status_code == 422
    assert len((await conn.execute(select(ChannelChoice.id))).all()) == 1


async def test_a_program_chooses_too_and_what_it_does_not_name_stays(conn, api_as):
    officer = await factories.person(conn, "officer", email="wang@example.invalid")
    api, here = await api_as(officer), "/api/v1/account/notices"
    first = await api.get(here)
    assert (first.json()["version"], first.json()["fixed"]) == (0, ["account", "duty"])
    tag = {"If-Match": first.headers["etag"]}
    chosen = await api.put(here, json={"choices": {"move": ["email", "inbox"]}}, headers=tag)
    assert (chosen.json()["choices"]["move"], chosen.json()["choices"]["work"]) == (["email", "inbox"], ["inbox"])
    assert (await api.put(here, json={"choices": {"move": []}}, headers=tag)).status_code == 412
    for wrong in ({"duty": []}, {"move": ["pigeon"]}, {"gossip": ["inbox"]}, {"move": ["sms"]}):
        assert (await api.put(here, json={"choices": wrong})).status_code == 422, wrong
    assert (await api.get(f"{here}?whose=firm")).status_code == 404
