"""The week on a page: every number opens a list as long, what was sent stays, and one may have it sent to oneself."""

import re
from datetime import timedelta

from bs4 import BeautifulSoup
from sqlalchemy import select

from app.digests.composing import lists_in
from app.digests.models import DigestSubscription
from app.digests.service import keep
from app.outbox.models import OutboxMessage
from tests import factories
from tests.domains.test_digests import COUNTY, MONDAY, OTHER, TOWN, WEEK, county


def soup(response):
    return BeautifulSoup(response.text, "html5lib")


async def test_every_number_on_the_page_opens_a_list_of_just_as_many(conn, clock, client_as):
    await county(conn)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    clock.at = MONDAY + timedelta(hours=3)
    client = await client_as("manager")
    seen = {}
    found = soup(await client.get("/digests/2026-W47"))
    for link in found.select('a[href^="/digests/2026-W47/lists/"]'):
        number = int(link.b.text.replace(",", ""))
        listed = soup(await client.get(link["href"]))
        assert len(listed.select("table.ledger tbody tr")) == number, link["href"]
        assert int(listed.select_one("h1 small").text) == number
        seen[re.search(r"/lists/([\w-]+)", link["href"])[1]] = number
    assert seen == {one["key"]: one["value"] for one in lists_in(digest.document)}


async def test_what_was_recorded_later_stands_apart_and_the_switch_counts_it(conn, clock, client_as):
    await county(conn)
    await keep(conn, WEEK, COUNTY, at=MONDAY)
    clock.at = MONDAY + timedelta(days=2)
    late = await factories.firm(conn, "开平市补记机械有限公司")
    await factories.move(conn, late, "tech_micro", at=clock.at, on=WEEK.sunday)
    client = await client_as("manager")
    then = soup(await client.get("/digests/2026-W47"))
    assert "开平市补记机械有限公司" in then.select_one(".later").text
    assert "开平市补记机械有限公司" not in then.select_one("[aria-labelledby=h-moved]").text
    now = soup(await client.get("/digests/2026-W47?known=now"))
    assert now.select_one(".later") is None
    assert "开平市补记机械有限公司" in now.select_one("[aria-labelledby=h-moved]").text


async def test_a_week_that_was_not_composed_says_what_it_cannot_tell(clock, client_as):
    clock.at = MONDAY + timedelta(days=30)
    found = (await (await client_as("officer")).get("/digests/2026-W47")).text
    assert "当时没有编制" in found
    assert "只有到期当时编制的周报才有这一部分" in found


async def test_a_town_sees_its_own_week_and_no_other(conn, client_as):
    client = await client_as("town")
    assert "水口镇" in (await client.get("/digests/2026-W47")).text
    for path in ("/digests/2026-W47", "/digests/2026-W47/lists/moved-up", "/digests/2026-W47/digest.pdf"):
        for scope in (COUNTY, OTHER):
            assert (await client.get(f"{path}?scope={scope}")).status_code == 404
    assert (await client.get("/digests/2026-W47/lists/nothing")).status_code == 404


async def test_the_sheet_is_a_file_with_a_name_of_the_week(conn, clock, client_as):
    await county(conn)
    clock.at = MONDAY
    found = await (await client_as("manager")).get("/digests/2026-W47/digest.pdf")
    assert found.content.startswith(b"%PDF")
    assert "2026-W47" in found.headers["content-disposition"]


async def test_the_archive_is_searched_and_says_when_nothing_is_found(conn, client_as):
    await county(conn)
    await keep(conn, WEEK, COUNTY, at=MONDAY)
    client = await client_as("manager")
    assert "2026年第47周" in (await client.get("/digests?q=下移五金")).text
    assert "没有找到周报" in (await client.get("/digests?q=没有的字")).text


async def test_a_subscription_is_kept_and_a_wrong_one_comes_back_as_it_was_typed(conn, client_as):
    client = await client_as("town")
    page = soup(await client.get("/digests/subscription"))
    form = {"csrf_token": page.select_one("[name=csrf_token]")["value"], "scope": TOWN, "active": "1", "by_mail": "1"}
    wrong = await client.post("/digests/subscription", data=form)
    assert (wrong.status_code, "请至少选一部分" in wrong.text) == (422, True)
    assert (await client.post("/digests/subscription", data={**form, "scope": COUNTY})).status_code == 422
    kept = await client.post("/digests/subscription", data={**form, "section": ["moved", "due"]})
    assert kept.status_code == 303
    s = DigestSubscription
    row = (await conn.execute(select(s.scope, s.sections, s.by_mail, s.active))).one()
    assert tuple(row) == (TOWN, ["moved", "due"], True, True)


async def test_a_test_goes_to_oneself_once_a_key_and_the_fourth_is_refused_on_the_page(conn, clock, client_as):
    clock.at = MONDAY
    client = await client_as("manager")
    token = soup(await client.get("/digests/2026-W47")).select_one("[name=csrf_token]")["value"]
    form = {"csrf_token": token, "scope": COUNTY}
    for key in ("a", "a", "b", "c"):
        sent = await client.post("/digests/2026-W47/test", data={**form, "idempotency_key": key})
        assert sent.status_code == 303
    refused = await client.post("/digests/2026-W47/test", data={**form, "idempotency_key": "d"})
    assert (refused.status_code, "最多试发 3 次" in refused.text) == (409, True)
    query = select(OutboxMessage.id).where(OutboxMessage.kind == "digest_test")
    assert len((await conn.execute(query)).all()) == 3
