from datetime import date

import pytest

from tests import factories

BODY = {"firm_due": "2027-06-25", "city_due": "2027/7/25", "document": "粤科函产字〔2027〕1号"}
ADDRESS = {"address": "https://gdstc.gd.gov.cn/a.html"}
READ = {"if-match": '"1"'}


async def test_a_window_is_confirmed_and_extended_over_json(conn, api_as):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    client = await api_as("officer")
    read = await client.get(f"/api/v1/windows/{found}")
    assert (read.json()["state"], read.json()["phase"], read.headers["etag"]) == ("reference", "planned", '"1"')
    answer = await client.post(
        f"/api/v1/windows/{found}/confirm", json=BODY | ADDRESS, headers={"if-match": read.headers["etag"]}
    )
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    said = answer.json()
    assert (said["state"], said["phase"], said["firm_due"], said["city_due"]) == (
        "confirmed",
        "open",
        "2027-06-25",
        "2027-07-25",
    )
    later = {"change": "extended", **BODY, **ADDRESS, "firm_due": "2027-07-05", "firm_until": "17:00"}
    answer = await client.post(f"/api/v1/windows/{found}/changes", json=later, headers={"if-match": '"2"'})
    assert (answer.json()["state"], answer.json()["firm_until"], answer.json()["version"]) == ("extended", "17:00", 3)


async def test_a_stale_tag_is_412_and_a_second_confirmation_409(conn, api_as):
    found = await factories.window(conn, "hnte", 2027, 1, firm_due=date(2027, 6, 25))
    client = await api_as("officer")
    for tag in ('"1"', '"x"', "W/"):
        answer = await client.post(f"/api/v1/windows/{found}/confirm", json=BODY | ADDRESS, headers={"if-match": tag})
        assert answer.status_code == 412, tag
    for asked in ({}, {"if-match": "*"}):
        answer = await client.post(f"/api/v1/windows/{found}/confirm", json=BODY | ADDRESS, headers=asked)
        assert answer.status_code == 428, asked
    read = {"if-match": '"2"'}
    answer = await client.post(f"/api/v1/windows/{found}/confirm", json=BODY | ADDRESS, headers=read)
    assert answer.status_code == 409
    assert "不用再确认" in answer.json()["detail"]


async def test_the_same_key_twice_is_one_version(conn, api_as):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    client, key = await api_as("officer"), {"idempotency-key": "once"}
    answers = [
        await client.post(f"/api/v1/windows/{found}/confirm", json=BODY | ADDRESS, headers=READ | key) for _ in range(2)
    ]
    assert [a.json()["version"] for a in answers] == [2, 2]
    assert answers[1].headers["idempotent-replay"] == "true"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"document", "address"}),
        ({**BODY, "city_due": "2027-06-01", **ADDRESS}, {"city_due"}),
        ({**BODY, "firm_due": "2029-06-25", **ADDRESS}, {"firm_due", "city_due"}),
        ({**BODY, **ADDRESS, "firm_due": "soon", "firm_until": "5pm"}, {"firm_due", "firm_until"}),
        ({**BODY, "address": "javascript:alert(1)"}, {"address"}),
        ({**BODY, **ADDRESS, "remark": "\u0000"}, {"remark"}),
    ],
)
async def test_what_cannot_be_taken_is_said_by_field(conn, api_as, body, fields):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    answer = await (await api_as("officer")).post(f"/api/v1/windows/{found}/confirm", json=body, headers=READ)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, fields)


async def test_a_window_is_added_and_found_in_the_list_page_by_page(conn, api_as):
    client = await api_as("officer")
    new = {"programme": "hnte", "year": 2027, "batch": 4, "region": "440783", **BODY, **ADDRESS}
    made = await client.post("/api/v1/windows", json=new)
    assert made.status_code == 201
    assert made.json()["label"] == "第4批"
    assert (await client.get(made.headers["location"])).json() == made.json()
    assert (await client.post("/api/v1/windows", json=new)).status_code == 409
    found, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"/api/v1/windows?year=2027&programme=hnte&limit=3&cursor={cursor}")).json()
        found += page["items"]
        cursor = page["next"]
    assert [w["batch"] for w in found] == [1, 2, 3, 4]
    live = (await client.get("/api/v1/windows?state=confirmed")).json()["items"]
    assert [w["id"] for w in live] == [made.json()["id"]]
    assert (await client.get("/api/v1/windows?cursor=nope")).status_code == 422


async def test_a_window_of_another_county_is_404_whatever_is_wrong_with_the_body(conn, api_as):
    from sqlalchemy import text

    found = await factories.window_id(conn, "hnte", 2027, 1)
    await conn.execute(text("UPDATE filing_windows SET region = '440784' WHERE id = :id"), {"id": found})
    client = await api_as("officer")
    for path, body in (("confirm", {}), ("changes", {"change": "nonsense"})):
        assert (await client.post(f"/api/v1/windows/{found}/{path}", json=body)).status_code == 404
    assert (await client.get(f"/api/v1/windows/{found}")).status_code == 404
