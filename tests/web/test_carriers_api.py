from datetime import date

import pytest
from sqlalchemy import text

from tests import factories, houses

CARRIER = {"name": "水口孵化器", "kind": "incubator", "level": "municipal", "region_code": "440783117"}
SPACE = {"building": "A 座", "floor": "3", "room": "301", "area": "120.5", "exclusive": True}


async def opened(client, **more):
    carrier = (await client.post("/api/v1/carriers", json=CARRIER | more)).json()
    space = (await client.post(f"/api/v1/carriers/{carrier['id']}/spaces", json=SPACE)).json()
    return carrier, space


async def test_a_carrier_its_room_and_its_tenant_over_json_and_the_second_tenant_is_409(conn, api_as):
    client = await api_as("officer")
    answer = await client.post("/api/v1/carriers", json=CARRIER)
    assert (answer.status_code, answer.json()["occupancy"]["rate"]) == (201, None)
    here = f"/api/v1/carriers/{answer.json()['id']}"
    answer = await client.post(f"{here}/spaces", json=SPACE)
    assert (answer.status_code, answer.json()["area"]) == (201, "120.50")
    lease = {"uscc": await factories.firm(conn, "开平市甲有限公司"), "space": answer.json()["id"]}
    lease |= {"from": "2026-01-01", "to": "2026-12-31"}
    answer = await client.post(f"{here}/tenancies", json=lease)
    assert answer.status_code == 201
    assert (answer.json()["from"], answer.json()["to"], answer.json()["limit_months"]) == (
        "2026-01-01",
        "2026-12-31",
        48,
    )
    second = await client.post(
        f"{here}/tenancies", json=lease | {"uscc": "", "team": "乙队", "from": "2026-12-31", "to": None}
    )
    assert second.status_code == 409
    assert "开平市甲有限公司" in second.json()["detail"]
    assert "2026-12-31" in second.json()["detail"]
    third = await client.post(
        f"{here}/tenancies", json=lease | {"uscc": "", "team": "乙队", "from": "2027-01-01", "to": None}
    )
    assert third.status_code == 201
    listed = (await client.get(f"{here}/tenancies")).json()["items"]
    assert [t["tenant"] for t in listed] == ["乙队", "开平市甲有限公司"]
    (shown,) = (await client.get("/api/v1/carriers?kind=incubator")).json()["items"]
    assert (shown["occupancy"]["rate"], shown["occupancy"]["firms"]) == ("1.000000", 1)


async def test_the_same_key_twice_is_one_tenancy(conn, api_as):
    client = await api_as("officer")
    carrier, space = await opened(client)
    lease = {"team": "甲队", "space": space["id"], "from": "2026-01-01"}
    headers = {"idempotency-key": "let-1"}
    first, second = [
        await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease, headers=headers) for _ in "12"
    ]
    assert (first.status_code, second.status_code, second.headers["idempotent-replay"]) == (201, 201, "true")
    assert first.json() == second.json()


async def test_an_end_frees_the_room_and_a_stale_tag_is_412(conn, api_as):
    client = await api_as("officer")
    carrier, space = await opened(client)
    lease = {"team": "甲队", "space": space["id"], "from": "2026-01-01"}
    made = (await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease)).json()
    here = f"/api/v1/tenancies/{made['id']}"
    assert (await client.get(here)).headers["etag"] == '"1"'
    end = {"on": "2026-11-22", "reason": "moved_out"}
    assert (await client.post(f"{here}/end", json=end, headers={"if-match": '"9"'})).status_code == 412
    assert (await client.post(f"{here}/end", json=end)).status_code == 428
    answer = await client.post(f"{here}/end", json=end, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["ended_on"], answer.json()["to"]) == (200, "2026-11-22", "2026-11-22")
    again = await client.post(f"{here}/end", json=end, headers={"if-match": answer.headers["etag"]})
    assert again.status_code == 409
    again = await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease | {"from": "2026-11-23"})
    assert again.status_code == 201
    for day, rate in (("2026-06-01", "1.000000"), ("2025-12-31", "0.000000")):
        assert (await client.get(f"/api/v1/carriers/{carrier['id']}/occupancy?on={day}")).json()["rate"] == rate


async def test_a_transfer_answers_with_the_new_tenancy(conn, api_as):
    client = await api_as("officer")
    carrier, space = await opened(client)
    onward, room = await opened(client, name="示例加速器", kind="accelerator")
    lease = {"team": "甲队", "space": space["id"], "from": "2026-01-01"}
    made = (await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease)).json()
    body = {"carrier": onward["id"], "space": room["id"], "on": "2026-11-01"}
    here, tag = f"/api/v1/tenancies/{made['id']}/transfer", {"headers": {"if-match": '"1"'}}
    assert (await client.post(here, json=body)).status_code == 428
    late, ahead = [(await client.post(here, json=body | more, **tag)).json() for more in ({}, {"on": "2026-11-24"})]
    assert ("late" in late["errors"], "那天起才能登记" in ahead["errors"]["on"]) == (True, True)
    answer = await client.post(here, json=body | {"late": "钥匙今天才交回"}, **tag)
    assert (answer.status_code, answer.json()["previous_id"]) == (201, made["id"])
    assert answer.json()["limit_months"] is None
    old = (await client.get(f"/api/v1/tenancies/{made['id']}")).json()
    assert (old["to"], old["end_reason"]) == ("2026-10-31", "transferred")


async def test_graduation_is_409_with_what_is_missed_and_its_ground_is_read_wherever_it_is_told(
    conn, api_as, client_as
):
    client = await api_as("officer")
    carrier, space = await opened(client)
    lease = {"uscc": await factories.firm(conn), "space": space["id"], "from": "2026-01-01"}
    made = (await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease)).json()
    here, read = f"/api/v1/tenancies/{made['id']}/graduate", {"if-match": '"1"'}
    assert (await client.post(here, json={})).status_code == 428
    answer = await client.post(here, json={}, headers=read)
    assert answer.status_code == 409
    assert answer.json()["reasons"]
    answer = await client.post(here, json={"ground": "新三板挂牌，见公告"}, headers=read)
    assert (answer.status_code, answer.json()["end_reason"]) == (200, "graduated")
    page = (await (await client_as("officer")).get(f"/tenancies/{made['id']}")).text
    assert page.count("新三板挂牌，见公告") == 1
    assert "<b>毕业</b>" in page
    assert "新三板挂牌" in (await (await client_as("officer")).get(f"/firms/{lease['uscc']}")).text
    for role, told in (("auditor", ["新三板挂牌，见公告"]), ("admin", [])):
        trail = await (await api_as(role)).get("/api/v1/audit", params={"object": lease["uscc"]})
        said = [e["after"]["ground"] for e in trail.json()["items"] if e["action"] == "carrier:tenancy:graduated"]
        assert said == told
    seen = (await (await client_as("auditor")).get("/audit", params={"object": lease["uscc"]})).text
    assert all(f'row">{word}</th>' in seen for word in ("租户", "房间", "日期", "依据"))


async def test_a_program_of_the_bureau_takes_a_wrong_graduation_back_once_and_nobody_has_built_on_it(conn, api_as):
    client, elsewhere = await api_as("officer"), await api_as("officer-2", scope="440784")
    held = await houses.carrier(conn)
    carrier, space = {"id": held.id}, {"id": str(await houses.space(conn, held))}
    operator = await api_as(await houses.operator(conn, held))
    lease = {"uscc": await factories.firm(conn), "space": space["id"], "from": "2025-01-01", "to": "2027-06-30"}
    made = (await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=lease)).json()
    here, back = f"/api/v1/tenancies/{made['id']}", {"reason": "点错了企业"}
    graduate = {"on": "2025-11-22", "ground": "新三板挂牌，见公告", "late": "公告今天才看到"}
    tag = {"if-match": (await client.get(here)).headers["etag"]}
    assert (await client.post(f"{here}/reopen", json=back, headers=tag)).status_code == 409, "it has not graduated"
    tag = {"if-match": (await client.post(f"{here}/graduate", json=graduate, headers=tag)).headers["etag"]}
    assert (await operator.post(f"{here}/reopen", json=back, headers=tag)).status_code == 403
    absent = await elsewhere.post(f"/api/v1/tenancies/{carrier['id']}/reopen", json=back, headers=tag)
    foreign = await elsewhere.post(f"{here}/reopen", json=back, headers=tag)
    assert (foreign.status_code, foreign.json()) == (404, absent.json())
    assert (await client.post(f"{here}/reopen", json=back)).status_code == 428
    assert (await client.post(f"{here}/reopen", json=back, headers={"if-match": '"1"'})).status_code == 412
    assert (await client.post(f"{here}/reopen", json={"reason": " "}, headers=tag)).status_code == 422
    told = await client.put(f"{here}/years/1", json={"where": "near"})
    assert told.status_code == 200
    built = await client.post(f"{here}/reopen", json=back, headers=tag)
    assert (built.status_code, "毕业以后的情况" in built.text) == (409, True)
    await conn.execute(text("DELETE FROM graduate_words"))
    other = lease | {"uscc": await factories.firm(conn), "from": "2027-01-01", "to": None}
    after = (await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=other)).json()
    assert (await client.post(f"{here}/reopen", json=back, headers=tag)).status_code == 409, "the room is promised"
    struck = {"reason": "struck", "note": "不租了"}
    assert (
        await client.post(f"/api/v1/tenancies/{after['id']}/end", json=struck, headers={"if-match": '"1"'})
    ).status_code == 200
    keyed = tag | {"idempotency-key": "back-1"}
    first, again = [await client.post(f"{here}/reopen", json=back, headers=keyed) for _ in "12"]
    assert (first.status_code, first.json()) == (200, again.json())
    assert (first.json()["ended_on"], first.json()["end_reason"], first.json()["to"]) == (None, None, "2027-06-30")
    assert first.json()["incubating_since"] == "2025-01-01"
    late = await client.post(f"{here}/reopen", json=back, headers={"if-match": first.headers["etag"]})
    assert late.status_code == 409


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"kind": "车库"}, {"kind"}),
        ({"region_code": "440784"}, {"region_code"}),
        ({"area_total": "很大"}, {"area_total"}),
        ({"area_total": "100", "area_office": "60", "area_public": 41}, {"area_total"}),
        ({"opened_on": "2027-01-01"}, {"opened_on"}),
    ],
)
async def test_what_cannot_be_is_told_by_field(api_as, body, fields):
    answer = await (await api_as("officer")).post("/api/v1/carriers", json=CARRIER | body)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, fields)


async def test_a_lease_is_told_what_is_wrong_in_the_words_of_the_api(conn, api_as):
    client = await api_as("officer")
    carrier, space = await opened(client)
    body = {"team": "甲队", "space": space["id"], "from": "2026-02-30", "to": "2025-01-01"}
    answer = await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=body)
    assert set(answer.json()["errors"]) == {"from"}
    answer = await client.post(f"/api/v1/carriers/{carrier['id']}/tenancies", json=body | {"from": "2026-01-01"})
    assert set(answer.json()["errors"]) == {"to"}


async def test_a_lease_of_more_than_twenty_years_is_refused_with_the_article_wherever_it_comes_from(
    conn, api_as, client_as
):
    held = await houses.carrier(conn)
    room, next_door = await houses.space(conn, held), await houses.space(conn, held, "302")
    program, page = await api_as(await houses.operator(conn, held)), await client_as("carrier")
    here, twenty = f"/api/v1/carriers/{held.id}", "2046-12-01"
    lease = {"space": str(room), "from": "2026-12-01"}
    for who in ({"team": "甲队"}, {"uscc": factories.code()}):
        too_long = await program.post(f"{here}/tenancies", json={**lease, **who, "to": "2046-12-02"})
        assert (too_long.status_code, set(too_long.json()["errors"])) == (422, {"to"})
        assert "民法典第七百零五条" in too_long.text
    made = await program.post(f"{here}/tenancies", json={**lease, "team": "甲队", "to": twenty})
    assert made.status_code == 201
    form = {
        "space": str(next_door),
        "team": "乙队",
        "since": "2026-12-01",
        "until": "2099-12-31",
        "idempotency_key": "k",
    }
    typed = await page.post(f"/carriers/{held.id}/tenancies/new", data=form)
    assert (typed.status_code, "民法典第七百零五条" in typed.text) == (422, True)
    text = "楼栋,楼层,房间,面积,企业或团队,租期起,租期止\nA 座,3,302,100,乙队,2026-12-01,2099-12-31"
    listed = await houses.bring_list(page, f"/carriers/{held.id}/rooms", "房间.csv", text)
    assert ("错误 1" in listed.text, "民法典第七百零五条" in listed.text) == (True, True)
    inside = await houses.tenancy(conn, held, next_door, "丙队")
    tag = {"if-match": '"1"'}
    longer = [
        await program.post(f"/api/v1/tenancies/{inside}/renew", json={"to": to}, headers=tag)
        for to in ("2046-11-24", "2046-11-23")  # twenty years from the day on which it is renewed
    ]
    assert [a.status_code for a in longer] == [422, 200]
    assert "自续租这天起" in longer[0].text


async def test_an_operator_lets_its_own_rooms_and_finds_nobody_elses(conn, api_as):
    mine, other = await houses.carrier(conn), await houses.carrier(conn, "别家孵化器")
    room = await houses.space(conn, mine)
    client = await api_as(await houses.operator(conn, mine))
    assert [c["name"] for c in (await client.get("/api/v1/carriers")).json()["items"]] == [mine.name]
    assert (await client.get(f"/api/v1/carriers/{other.id}/spaces")).status_code == 404
    assert (await client.post("/api/v1/carriers", json=CARRIER)).status_code == 403
    lease = {"team": "甲队", "space": str(room), "from": "2026-01-01"}
    assert (await client.post(f"/api/v1/carriers/{other.id}/tenancies", json=lease)).status_code == 404
    assert (await client.post(f"/api/v1/carriers/{mine.id}/tenancies", json=lease)).status_code == 201


async def test_a_patch_is_taken_with_the_tag_that_was_read(conn, api_as):
    client = await api_as("officer")
    carrier, _ = await opened(client)
    here = f"/api/v1/carriers/{carrier['id']}"
    assert (await client.patch(here, json={"focus": "智能家居"})).status_code == 428
    answer = await client.patch(here, json={"focus": "智能家居"}, headers={"if-match": '"1"'})
    assert (answer.status_code, answer.json()["focus"], answer.headers["etag"]) == (200, "智能家居", '"2"')
    assert (await client.patch(here, json={"focus": "x"}, headers={"if-match": '"1"'})).status_code == 412


async def test_pages_of_carriers_follow_each_other_and_cost_the_same_however_many(conn, api_as, statements):
    client = await api_as("officer")
    for number in range(5):
        house = await houses.carrier(conn, f"示例孵化器{number}")
        await houses.tenancy(conn, house, await houses.space(conn, house), f"队{number}", date(2026, 1, 1))
    found, following = [], ""
    while True:
        statements.clear()
        page = (await client.get(f"/api/v1/carriers?limit=2&cursor={following}")).json()
        assert len([s for s in statements if "carriers" in s and s.lstrip().startswith(("SELECT", "WITH"))]) <= 3
        found += [c["name"] for c in page["items"]]
        if not (following := page["next"] or ""):
            break
    assert found == [f"示例孵化器{number}" for number in range(5)]


async def test_an_operator_hears_which_condition_is_missed_and_no_figure_of_the_firms(conn, api_as):
    mine = await houses.carrier(conn)
    uscc = await factories.reporting_firm(conn)
    await conn.execute(text('UPDATE yearly_reports SET figures = figures || \'{"sales_revenue": "1234567.00"}\''))
    made = await houses.tenancy(conn, mine, await houses.space(conn, mine), uscc)
    here, asked = f"/api/v1/tenancies/{made}/graduate", {"json": {}, "headers": {"if-match": '"1"'}}
    told = (await (await api_as(await houses.operator(conn, mine))).post(here, **asked)).json()
    assert "连续两年营业收入累计超过 1000 万元：未达标" in told["reasons"]
    assert "246.91" not in str(told)
    assert "246.91" in str((await (await api_as("officer")).post(here, **asked)).json())


async def test_titles_duties_changes_and_the_end_of_a_carrier_over_json_each_by_whom_the_page_lets(conn, api_as):
    officer, held = await api_as("officer"), await houses.carrier(conn)
    here = f"/api/v1/carriers/{held.id}"
    operator = await api_as(await houses.operator(conn, held))
    rival = await api_as(await houses.operator(conn, await houses.carrier(conn, "别处孵化器"), "carrier-2"))
    title = {"level": "county", "name": "县级孵化器", "issued_on": "2026-05-01", "valid_until": "2027-05-01"}
    wrong = await officer.post(f"{here}/titles", json=title | {"valid_until": "2026-04-30"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["valid_until"])
    first = await officer.post(f"{here}/titles", json=title)
    assert (first.status_code, first.json()["valid_until"]) == (201, "2027-05-01")
    (owed,) = (await operator.get(f"{here}/duties")).json()["items"]
    assert (owed["kind"], owed["due_on"], owed["done_on"]) == ("review", "2027-05-01", None)
    await officer.post(f"{here}/titles", json=title | {"issued_on": "2026-11-01", "valid_until": None})
    (owed,) = (await operator.get(f"{here}/duties")).json()["items"]
    assert owed["done_on"] == "2026-11-01", "done with the one that follows"
    made = await officer.post(f"{here}/duties", json={"what": "报送年度总结", "due_on": "2027-03-31"})
    settled = await operator.post(f"{here}/duties/{made.json()['id']}/settle")
    assert (settled.json()["done_on"], settled.json()["done_by"] != "") == ("2026-11-23", True)
    assert (
        await operator.post(f"{here}/duties", json={"what": "自己给自己", "due_on": "2027-03-31"})
    ).status_code == 403
    tag = {"If-Match": (await officer.get(here)).headers["etag"]}
    assert (await officer.patch(here, json={"operator": "另一家有限公司"}, headers=tag)).status_code == 200
    (change,) = (await operator.get(f"{here}/changes")).json()["items"]
    assert (change["what"], change["after"]) == ("运营机构", "另一家有限公司")
    for part in ("titles", "duties", "changes"):
        assert (await rival.get(f"{here}/{part}")).status_code == 404
    assert (await officer.post(f"{here}/close", headers=tag)).status_code == 412
    tag = {"If-Match": (await officer.get(here)).headers["etag"]}
    assert (await operator.post(f"{here}/close", headers=tag)).status_code == 403
    assert (await officer.post(f"{here}/close", headers=tag)).json()["closed_on"] == "2026-11-23"
