"""What is asked of a new password, what it must not be again, and when it is worn out."""

import pytest

from tests import factories
from tests.factories import PASSWORD
from tests.web.test_account import attempt, change

NAMES = ["Yi", "Er", "San", "Si", "Wu", "Liu", "Qi"]
CHAIN = [f"Kouling-di-{name}-26" for name in NAMES]


async def test_none_of_the_five_former_ones_is_taken_again_and_the_sixth_is(client_as):
    client, now = await client_as("officer"), PASSWORD
    for new in CHAIN[:5]:
        assert (await change(client, now, new)).status_code == 303
        now = new
    refused = await change(client, now, PASSWORD)
    assert refused.status_code == 422
    assert "最近用过的 5 个" in refused.text
    assert (await change(client, now, CHAIN[5])).status_code == 303
    assert (await change(client, CHAIN[5], PASSWORD)).status_code == 303


@pytest.mark.parametrize("new", ["Liverpool-2026!", "2026!Strawberry", "!!Manchester-99"])
async def test_what_everybody_knows_since_a_leak_is_refused_whatever_stands_around_it(client_as, new):
    answer = await change(await client_as("officer"), PASSWORD, new)
    assert answer.status_code == 422
    assert "公开泄露" in answer.text or "容易被猜到" in answer.text
    assert new not in answer.text


async def test_a_password_is_worn_out_after_ninety_days_unless_the_other_profile_holds(
    client_as, client_from, conn, clock
):
    officer = await factories.person(conn, "officer")
    clock.advance(days=90, seconds=-1)
    assert (await attempt(client_from("10.0.0.1"), next="/firms")).headers["location"] == "/firms"
    clock.advance(seconds=1)
    worn = client_from("10.0.0.2")
    assert (await attempt(worn, next="/firms")).headers["location"] == "/account/password"
    assert (await worn.get("/firms")).headers["location"] == "/account/password"
    assert "用满期限" in (await worn.get("/account/password")).text
    assert (await change(worn, PASSWORD, CHAIN[0])).status_code == 303
    assert (await worn.get("/firms")).status_code == 200

    admin = await client_as("admin")
    assert (await admin.post("/admin/security", data={"profile": "asvs"})).status_code == 303
    assert "至少 15 个字符" in (await worn.get("/account/password")).text
    clock.advance(days=900)
    assert (await attempt(client_from("10.0.0.3"), password=CHAIN[0], next="/firms")).headers["location"] == "/firms"
    client = await client_as(officer)
    assert "至少 15 个字符" in (await change(client, CHAIN[0], "一句话也可以当口令用呀好")).text
    assert (await change(client, CHAIN[0], "一句很长的话也可以当口令用呀好")).status_code == 303
