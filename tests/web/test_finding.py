"""Finding firms over HTTP: what a search and a list say of how much they show."""

import re

import pytest

from app.firms.queries import SEARCH_CANDIDATES
from app.web.officer.firms import shown_of
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON
from tests.houses import carrier


@pytest.mark.parametrize("headers", [{}, {"hx-request": "true"}])
async def test_a_search_that_shows_the_first_twelve_says_of_how_many(client_as, conn, headers):
    for n in range(14):
        await factories.firm(conn, f"开平市水泵{n:02}号有限公司")
    client = await client_as("officer")
    page = (await client.get("/search?q=水泵", headers=headers)).text
    assert "显示最相近的 12 家，共 14 家" in page
    assert "在企业库里看全部结果" in page
    few = (await client.get("/search?q=水泵01", headers=headers)).text
    assert "1 家</small>" in few
    assert "显示" not in few


async def test_a_list_of_the_closest_says_of_how_many_and_leads_to_all(client_as, conn, rendered):
    for n in range(52):
        await factories.firm(conn, f"开平市水泵{n:02}号有限公司")
    client = await client_as("officer")
    assert "显示最相近的 50 家，共 52 家" in (await client.get("/firms?q=水泵")).text
    whole = rendered[-1][1]["all_href"]
    assert whole.endswith("sort=-updated")
    assert ">52 家<" in (await client.get(whole)).text


@pytest.mark.parametrize(
    "typed",
    [
        "长星卫浴",  # sounds the same
        "开平市长兴卫浴有限责任公司",  # the legal form is another
        "长兴卫谷",
        "长信卫浴",
        "常兴",
    ],
)
async def test_a_misspelt_name_leads_to_the_firm_that_was_meant(client_as, conn, typed):
    uscc = await factories.firm(conn, "开平市长兴卫浴有限公司")
    await factories.firm(conn, "开平市金源食品有限公司")
    far = await factories.firm(conn, "开平市长兴卫浴配件有限公司", region=OTHER_TOWN)
    client = await client_as("town")
    for address in (f"/search?q={typed}", f"/firms?q={typed}"):
        page = (await client.get(address)).text
        assert "读音或写法相近的" in page, address
        assert f"/firms/{uscc}" in page
        assert "金源" not in page
        assert far not in page  # out of sight
    live = await client.get(f"/search?q={typed}&palette=1", headers={"hx-request": "true"})
    assert "读音或写法相近的企业" in live.text
    for nothing in ("沧海桑田", "zzqq", "91440783000000000X"):
        assert "相近" not in (await client.get(f"/search?q={nothing}")).text


def test_what_was_not_counted_to_its_end_is_said_to_be_no_fewer():
    assert shown_of(50, SEARCH_CANDIDATES - 1).endswith("共 299 家")
    assert shown_of(50, SEARCH_CANDIDATES).endswith("不少于 300 家")


INTERNAL = [
    *(f"{path}?tag=重点" for path in ("/firms", "/board", "/board/eaglet", "/api/v1/firms", "/api/v1/board")),
    *(f"{path}?touch_by={NOON.date()}" for path in ("/firms", "/board/eaglet", "/api/v1/firms", "/api/v1/board")),
    *(f"{path}?sort={sort}" for path in ("/firms", "/api/v1/firms") for sort in ("next_touch", "-next_touch")),
]


@pytest.mark.parametrize("address", INTERNAL)
async def test_the_bureaus_own_words_are_found_by_only_by_those_who_may_read_them(client_as, conn, address):
    uscc = await factories.firm_on(
        conn, "eaglet", name="开平市金丝雀有限公司", tags=["重点"], next_touch_on=NOON.date()
    )
    own = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    for who in (own, "admin"):
        answer = await (await client_as(who)).get(address)
        assert (who, answer.status_code) == (who, 403)
        assert "内部记录" in answer.text or (who is own and "/api/" not in address)
        assert "金丝雀" not in answer.text
    for who in ("town", "officer", "manager", "auditor"):
        answer = await (await client_as(who)).get(address)
        assert (who, answer.status_code) == (who, 200)
        assert "金丝雀" in answer.text


@pytest.mark.parametrize("who", ["officer", "auditor"])
async def test_the_palette_and_the_search_page_offer_the_same(client_as, who):
    client = await client_as(who)
    whole = (await client.get("/search")).text
    short = (await client.get("/search?palette=1", headers={"hx-request": "true"})).text
    offered = re.findall(r'role="option"[^>]* href="([^"]+)"', short)
    assert "/search?act=gap" in offered
    assert offered == re.findall(r'<li><a href="([^"]+)"', whole.split('class="palette-page"', 1)[1])
    assert "<html" not in short


async def test_what_wants_a_firm_leads_from_each_firm_found_to_where_it_is_done(client_as, conn):
    uscc = await factories.firm_on(conn, "eaglet", name="开平市水泵有限公司")
    officer = await client_as("officer")
    for act, end in (("move", "/move"), ("visit", "/visits/new")):
        page = (await officer.get(f"/search?act={act}&q=水泵")).text
        assert f'href="/firms/{uscc}{end}"' in page
        assert f'name="act" value="{act}"' in page
        assert (await officer.get(f"/firms/{uscc}{end}")).status_code == 200
    plain = (await (await client_as("manager")).get("/search?act=move&q=水泵")).text
    assert f'href="/firms/{uscc}"' in plain
    assert "/move" not in plain


async def test_an_act_begun_on_a_firms_page_offers_that_firm_first_and_only_one_that_may_be_seen(client_as, conn):
    seen = await factories.firm(conn, "开平市水泵有限公司", region="440783117")
    elsewhere = await factories.firm(conn, "开平市别镇有限公司", region="440783115")
    gone = await factories.firm(conn, "开平市迁走有限公司", region="440783117", status="moved_out")
    client = await client_as("town")
    for uscc, offered in ((seen, True), (elsewhere, False), (gone, False), ("NOPE", False)):
        answer = await client.get(f"/search?palette=1&act=visit&at={uscc}", headers={"hx-request": "true"})
        assert (uscc, f'href="/firms/{uscc}/visits/new"' in answer.text) == (uscc, offered)
    found = (await client.get("/search?palette=1&act=visit&q=开平市", headers={"hx-request": "true"})).text
    assert "水泵" in found
    assert "迁走" not in found
    assert "别镇" not in found
    assert "迁走" in (await client.get("/search?palette=1&q=迁走", headers={"hx-request": "true"})).text


async def test_a_carrier_in_sight_is_found_by_its_name_and_by_its_initials(client_as, conn):
    near = (await carrier(conn, "苍江孵化器")).id
    far = (await carrier(conn, "苍江众创空间", region_code=OTHER_TOWN)).id
    for who, found in (("officer", (True, True)), ("town", (True, False))):
        page = (await (await client_as(who)).get("/search?q=苍江")).text
        assert (who, *(f'href="/carriers/{i}"' in page for i in (near, far))) == (who, *found)
    typed = (await (await client_as("officer")).get("/search?palette=1&q=cjf", headers={"hx-request": "true"})).text
    assert (f"/carriers/{near}" in typed, f"/carriers/{far}" in typed, "1 项" in typed) == (True, False, True)
