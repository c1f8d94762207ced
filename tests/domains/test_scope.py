"""Out of sight is 404 everywhere; one canary firm per town, looked for in every answer."""

from datetime import date

import pytest

from app.access.terms import Role
from tests import factories
from tests.factories import COUNTY, OTHER_TOWN, TOWN


@pytest.fixture
async def two_towns(conn):
    """A firm here and a firm there, both on the ladder, with canaries in every field that people fill."""
    made = {}
    for region, canary in ((TOWN, "此处金丝雀"), (OTHER_TOWN, "彼处金丝雀")):
        from app.firms.terms import ContactDetails

        made[canary] = await factories.firm_on(
            conn,
            "eaglet",
            name=f"开平市{canary}有限公司",
            region=region,
            address=f"{canary}路",
            remark=f"{canary}备注",
            contacts=[ContactDetails(f"{canary}人", "13800000001")],
            tags=[f"{canary}标签"],
            former_names=[f"{canary}旧厂"],
        )
    return made


PLACES = [
    "/",
    "/firms",
    "/firms?q=金丝雀",
    "/firms?status=all&sort=name",
    f"/firms?region={COUNTY}",
    f"/firms?region={OTHER_TOWN}",
    "/board",
    "/board/eaglet",
    f"/board?region={OTHER_TOWN}",
    "/search?q=金丝雀",
    "/api/v1/firms",
    "/api/v1/firms?q=金丝雀&sort=relevance",
    f"/api/v1/firms?region={OTHER_TOWN}",
    "/api/v1/board",
    f"/api/v1/board?region={OTHER_TOWN}",
]


@pytest.mark.parametrize("place", PLACES)
async def test_a_town_sees_its_own_firms_and_no_trace_of_its_neighbours(two_towns, client_as, place):
    client = await client_as("town")
    answer = await client.get(place)
    assert answer.status_code == 200
    assert "彼处" not in answer.text
    if OTHER_TOWN not in place and place != "/":
        assert "此处" in answer.text


@pytest.mark.parametrize("place", [p for p in PLACES if OTHER_TOWN not in p and p != "/"])
async def test_the_county_sees_both(two_towns, client_as, place):
    text = (await (await client_as("officer")).get(place)).text
    assert "此处" in text
    assert "彼处" in text


async def test_counts_of_a_town_are_its_own(two_towns, client_as):
    town, county = await client_as("town"), await client_as("officer")
    for client, expected in ((town, 1), (county, 2)):
        board = (await client.get("/api/v1/board")).json()
        counts = {c["tier"]: c["count"] for c in board["columns"]}
        assert counts["eaglet"] == expected


async def test_another_towns_firm_is_not_found_by_code_in_any_way(two_towns, client_as):
    client = await client_as("town")
    uscc = two_towns["彼处金丝雀"]
    answers = [
        await client.get(f"/firms/{uscc}"),
        await client.get(f"/firms/{uscc}/edit"),
        await client.get(f"/firms/{uscc}/move"),
        await client.post(f"/firms/{uscc}/edit", data={"name": "改名", "version": "1"}),
        await client.post(f"/firms/{uscc}/move", data={"to": "gazelle", "reason": "越权", "expected": "eaglet"}),
        await client.post(f"/firms/{uscc}/notes", data={"text": "越权"}),
        await client.get(f"/api/v1/firms/{uscc}"),
        await client.get(f"/api/v1/firms/{uscc}/moves"),
        await client.patch(f"/api/v1/firms/{uscc}", json={"park": "x"}, headers={"if-match": '"1"'}),
        await client.post(f"/api/v1/firms/{uscc}/moves", json={"to": "gazelle", "expected": "eaglet", "reason": "x"}),
    ]
    assert {a.status_code for a in answers} == {404}
    assert not any("彼处" in a.text for a in answers)


async def test_a_town_cannot_register_a_firm_elsewhere_nor_move_one_there(two_towns, client_as):
    client = await client_as("town")
    new = {"name": "开平市越界有限公司", "uscc": factories.code(), "region_code": OTHER_TOWN}
    answer = await client.post("/api/v1/firms", json=new)
    assert answer.status_code == 422
    assert "管辖" in answer.json()["errors"]["region_code"]
    uscc = two_towns["此处金丝雀"]
    there = {"region_code": OTHER_TOWN}
    assert (await client.patch(f"/api/v1/firms/{uscc}", json=there, headers={"if-match": '"1"'})).status_code == 422


async def test_a_town_that_tries_a_code_registered_elsewhere_learns_nothing_but_that_it_is_taken(two_towns, client_as):
    client = await client_as("town")
    new = {"name": "开平市试探有限公司", "uscc": two_towns["彼处金丝雀"]}
    answer = await client.post("/api/v1/firms", json=new)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "这个代码不能由您登记，请与上级部门核对。"
    assert "彼处" not in answer.text
    typed = await client.post("/firms/new", data=new)
    assert typed.status_code == 409
    assert "登记过" not in typed.text
    mine = {"uscc": two_towns["此处金丝雀"], "name": "开平市重复有限公司"}
    told = await client.post("/api/v1/firms", json=mine)
    assert (told.status_code, "此处金丝雀有限公司" in told.json()["detail"]) == (409, True)


async def test_drop_downs_name_only_officers_who_share_firms_with_the_viewer(two_towns, client_as, conn, rendered):
    await factories.person(conn, "town-here", scope=TOWN, name="此处专员")
    there = await factories.person(conn, "town-there", scope=OTHER_TOWN, name="彼处专员")
    await factories.person(conn, "officer-far", scope="440784", name="邻县专员")
    town = await factories.person(conn, "town-viewer", scope=TOWN, name="看的人")
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, two_towns["此处金丝雀"]))
    officer = await factories.person(conn, "officer")
    county = {officer.name, (await factories.person(conn, "officer-second")).name}
    expected = {
        town: {*county, "此处专员", "看的人"},
        officer: {*county, "此处专员", "看的人", "彼处专员"},
    }
    for who, names in expected.items():
        client = await client_as(who)
        for place in ("/firms", "/board"):
            answer = await client.get(place, params={"officer": str(there.id)})
            shown = {name for _, name in rendered[-1][1]["options"]["officers"][1:-1]}
            assert shown == names
            assert ("彼处专员" in answer.text) is ("彼处专员" in names)
    for place in ("/firms", "/board"):
        answer = await (await client_as(clerk)).get(place, params={"officer": str(there.id)})
        assert answer.status_code == 403
        assert "专员" not in answer.text


async def test_a_firm_is_given_to_nobody_who_cannot_open_it(two_towns, client_as, conn):
    here = two_towns["此处金丝雀"]
    there = await factories.person(conn, "town-there", scope=OTHER_TOWN)
    far = await factories.person(conn, "officer-far", scope="440784")
    mine = await factories.person(conn, "town-here", scope=TOWN)
    client = await client_as("officer")
    path, latest = f"/api/v1/firms/{here}", {"if-match": '"1"'}
    for who in (there, far):
        answer = await client.patch(path, json={"officer_id": str(who.id)}, headers=latest)
        assert (answer.status_code, set(answer.json()["errors"])) == (422, {"officer_id"})
    given = await client.patch(path, json={"officer_id": str(mine.id)}, headers=latest)
    assert given.status_code == 200
    moved = await client.patch(path, json={"region_code": OTHER_TOWN}, headers={"if-match": given.headers["etag"]})
    assert (moved.status_code, set(moved.json()["errors"])) == (422, {"officer_id"})
    both = {"region_code": OTHER_TOWN, "officer_id": str(there.id)}
    assert (await client.patch(path, json=both, headers={"if-match": given.headers["etag"]})).status_code == 200


async def test_page_and_json_keep_the_same_words_from_whoever_only_runs_the_system(conn, client_as):
    canaries = {"remark": "备注金丝雀", "uscc_override": "校验金丝雀", "next_touch_on": date(2031, 7, 9)}
    uscc = await factories.firm(conn, tags=["标签金丝雀"], **canaries)
    words = ["备注金丝雀", "标签金丝雀", "2031-07-09"]
    for role, expected in (("auditor", words), ("admin", [])):
        client = await client_as(role)
        for place in (f"/firms/{uscc}", f"/api/v1/firms/{uscc}"):
            answer = await client.get(place)
            assert [w for w in words if w in answer.text] == expected
            assert "校验金丝雀" not in answer.text or expected


async def test_a_request_of_another_town_can_neither_be_seen_nor_decided(two_towns, client_as, conn):
    officer = await client_as("officer")
    asked = await officer.post(
        f"/api/v1/firms/{two_towns['彼处金丝雀']}/moves",
        json={"to": "leader", "expected": "eaglet", "reason": "越级", "override": {"reason": "特批"}},
    )
    assert asked.status_code == 202
    town = await client_as("town")
    assert (await town.post(f"/api/v1/moves/{asked.json()['id']}/reject", json={"reason": "x"})).status_code == 404
    manager_there = await client_as(await factories.person(conn, "manager-town", scope=TOWN))
    assert (await manager_there.post(f"/api/v1/moves/{asked.json()['id']}/approve")).status_code == 404


async def test_a_clerk_sees_their_own_firm_and_none_of_the_bureaus_words(two_towns, client_as, conn):
    uscc = two_towns["此处金丝雀"]
    officer = await client_as("officer")
    await officer.post(f"/firms/{uscc}/notes", data={"text": "内部记录不外传"})
    person = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    clerk = await client_as(person)
    home = await clerk.get("/")
    assert home.headers["location"] == "/portal"
    own = await clerk.get(f"/firms/{uscc}")
    assert own.status_code == 200
    assert "内部记录不外传" not in own.text
    assert "此处金丝雀备注" not in own.text
    assert (await clerk.get(f"/api/v1/firms/{uscc}")).json()["remark"] is None
    for path in (f"/firms/{two_towns['彼处金丝雀']}", f"/api/v1/firms/{two_towns['彼处金丝雀']}"):
        assert (await clerk.get(path)).status_code == 404
    listed = (await clerk.get("/api/v1/firms")).json()["items"]
    assert [row["uscc"] for row in listed] == [uscc]
    board = (await clerk.get("/api/v1/board")).json()
    assert sum(c["count"] for c in board["columns"]) == 1
    assert "彼处" not in (await clerk.get("/board")).text


@pytest.mark.parametrize(
    ("role", "scope"), [(Role.OFFICER, ""), (Role.MANAGER, "x"), (Role.FIRM, ""), (Role.CARRIER, "")]
)
async def test_whoever_has_no_scope_sees_nothing(two_towns, client_as, conn, role, scope):
    client = await client_as(await factories.person(conn, f"{role.value}-blind", scope=scope))
    answer = await client.get("/api/v1/firms?status=all")
    assert answer.status_code == 403 or answer.json()["items"] == []
    board = await client.get("/api/v1/board")
    assert board.status_code == 403 or sum(c["count"] for c in board.json()["columns"]) == 0
    assert (await client.get(f"/api/v1/firms/{two_towns['此处金丝雀']}")).status_code in (403, 404)


@pytest.mark.parametrize("region", ["²", "abc", "４４０７８３", "44x", "-", "440783 "])
@pytest.mark.parametrize("place", ["/firms", "/board", "/firms/export.csv", "/api/v1/firms", "/api/v1/board"])
async def test_a_region_that_is_no_code_means_no_firm(two_towns, client_as, place, region):
    client = await client_as("officer")
    answer = await client.get(place, params={"region": region})
    assert answer.status_code == 200
    assert "金丝雀" not in answer.text


@pytest.mark.parametrize("scope", ["²", "４４０７８３", "440783x"])
async def test_a_scope_that_is_no_code_sees_nothing(two_towns, client_as, conn, scope):
    client = await client_as(await factories.person(conn, "officer-odd", scope=scope))
    for place in ("/", "/firms", "/board", "/api/v1/firms", "/api/v1/board"):
        answer = await client.get(place)
        assert answer.status_code == 200
        assert "金丝雀" not in answer.text


async def test_rights_that_change_act_on_the_next_request(two_towns, client_as, conn):
    from sqlalchemy import update

    from app.access.models import User

    client = await client_as("officer")
    uscc = two_towns["彼处金丝雀"]
    assert (await client.get(f"/api/v1/firms/{uscc}")).status_code == 200
    await conn.execute(update(User).where(User.login == "officer").values(scope=TOWN))
    assert (await client.get(f"/api/v1/firms/{uscc}")).status_code == 404
    await conn.execute(update(User).where(User.login == "officer").values(role="auditor"))
    assert (await client.get("/firms/new")).status_code == 403
    await conn.execute(update(User).where(User.login == "officer").values(active=False))
    assert (await client.get("/api/v1/firms")).status_code == 401
