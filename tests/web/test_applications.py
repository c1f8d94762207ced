import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from app.filings.applying import list_firms
from app.filings.models import ApplicationRow
from app.firms.models import Firm
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


@pytest.fixture
async def window(conn):
    return await factories.window(conn, "tech_sme", 2027, 1, firm_due=TODAY + timedelta(days=3))


async def listed(conn, window, uscc=None):
    officer = await factories.person(conn, "officer")
    (made,) = await list_firms(conn, window, [uscc or await factories.firm(conn)], by=officer.actor, at=NOON)
    return made


async def post(client, page, path, **fields):
    html = (await client.get(page)).text
    hidden = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', html)[1]}
    if version := re.search(r'name="expected" value="(\d+)"', html):
        hidden["expected"] = version[1]
    return await client.post(path, data=hidden | fields)


async def stage_of(conn, application):
    return (await conn.execute(select(ApplicationRow.stage).where(ApplicationRow.id == application))).scalar_one()


async def test_a_firm_is_listed_by_its_code_and_walks_on_over_the_pages(conn, client_as, window):
    uscc = await factories.firm(conn, "开平市甲阀门有限公司")
    client = await client_as("officer")
    board = f"/filings/{window}/applications"
    assert (await post(client, board, board, uscc=f" {uscc.lower()} ")).status_code == 303
    page = (await client.get(board)).text
    assert "共 1 家" in page
    here = re.search(r'href="(/filings/applications/[0-9a-f-]+)"', page)[1]
    refused = await post(client, here, f"{here}/advance", to="submitted")
    assert refused.status_code == 409
    assert "还缺材料：科技型中小企业信息表、盖章的信息表封面" in refused.text
    assert (await post(client, here, f"{here}/materials", ready=["form", "cover"])).status_code == 303
    assert (await post(client, here, f"{here}/advance", to="submitted")).status_code == 303
    refused = await post(client, here, f"{here}/advance", to="recommended", reason="条件齐备")
    assert "首次申报" in refused.text
    wrong = await post(client, here, f"{here}/check", what="found", found="", passed="")
    assert wrong.status_code == 422
    assert "请选择核查是否通过" in wrong.text
    done = await post(client, here, f"{here}/check", what="found", found="设备在场", passed="yes")
    assert done.status_code == 303
    assert (await post(client, here, f"{here}/advance", to="recommended", reason="条件齐备")).status_code == 303
    page = (await client.get(here)).text
    for said in ("目标 → 已提交", "＋盖章的信息表封面", "通过：设备在场", "条件齐备"):
        assert said in page
    number = {"number": "202744078300000001", "issued_on": "2026-11-20", "expires_on": "2026-12-31"}
    assert (await post(client, here, f"{here}/advance", to="recognised", **number)).status_code == 303
    assert "202744078300000001" in (await client.get(f"/firms/{uscc}")).text


async def test_a_code_that_cannot_be_listed_comes_back_with_the_reason(conn, client_as, window):
    uscc = await factories.firm(conn)
    client = await client_as("officer")
    board = f"/filings/{window}/applications"
    for codes, status in (("", 422), ("91440783M159083022", 404), (uscc, 303), (uscc, 409)):
        assert (await post(client, board, board, uscc=codes)).status_code == status
    count = select(func.count()).select_from(ApplicationRow)
    assert (await conn.execute(count)).scalar_one() == 1


async def test_proposals_are_taken_over_together(conn, client_as, api_as):
    window = await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=3))
    codes = [await factories.firm(conn) for _ in range(3)]
    for uscc in codes:
        await factories.certificate(conn, uscc, issued_on=date(2024, 11, 28))
    client = await client_as("officer")
    board = f"/filings/{window}/applications"
    page = (await client.get(board)).text
    assert "建议列入：三年前发证、今年应重新认定，3 家" in page
    assert "2024-11-28 发证" in page
    assert " checked" not in page  # nobody is listed by a hasty click
    assert (await post(client, board, board, uscc=codes[:2])).status_code == 303
    page = (await client.get(board)).text
    assert "建议列入：三年前发证、今年应重新认定，1 家" in page
    assert "共 2 家" in page
    (left,) = (await (await api_as("officer")).get(f"/api/v1/windows/{window}/proposals")).json()["items"]
    assert (left["uscc"], left["ground"]) == (codes[2], "renewing")


async def test_a_stale_form_comes_back_as_412_with_what_is_there_now(conn, client_as, window):
    one = await listed(conn, window)
    client, other = await client_as("officer"), await client_as("officer-2")
    here = f"/filings/applications/{one}"
    html = (await client.get(here)).text
    hidden = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', html)[1], "expected": "1"}
    assert (await post(other, here, f"{here}/advance", to="preparing")).status_code == 303
    answer = await client.post(f"{here}/advance", data=hidden | {"to": "submitted", "reason": "材料齐"})
    assert answer.status_code == 412
    assert "局专员officer-2 已改过" in answer.text
    assert await stage_of(conn, one) == "preparing"


async def test_the_list_is_filtered_by_stage_and_town_and_pages_on(conn, client_as, window, rendered, monkeypatch):
    monkeypatch.setattr("app.web.officer.applications.ROWS", 2)
    for _ in range(3):
        await listed(conn, window)
    await listed(conn, window, await factories.firm(conn, region=factories.OTHER_TOWN))
    client = await client_as("officer")
    path = f"/filings/{window}/applications?view=list"
    first = await client.get(path)
    following = re.search(r'rel="next" href="([^"]+)"|href="([^"]+)" rel="next"', first.text)
    await client.get(next(g for g in following.groups() if g).replace("&amp;", "&"))
    assert len(rendered[-1][1]["rows"]) == 2
    await client.get(f"{path}&region={factories.OTHER_TOWN}&stage=target")
    assert len(rendered[-1][1]["rows"]) == 1
    assert (await client.get(f"{path}&stage=recognised")).status_code == 200
    assert rendered[-1][1]["rows"] == []


async def test_a_town_sees_its_own_firms_and_is_not_offered_to_decide(conn, client_as, window):
    await listed(conn, window, await factories.firm(conn, "开平市金丝雀有限公司", region=factories.OTHER_TOWN))
    mine = await listed(conn, window)
    client = await client_as("town")
    page = (await client.get(f"/filings/{window}/applications")).text
    assert "金丝雀" not in page
    assert "共 1 家" in page
    assert "随机抽查" not in page
    here = f"/filings/applications/{mine}"
    await post(client, here, f"{here}/advance", to="submitted", reason="材料齐")
    assert "to-recommended" not in (await client.get(here)).text
    refused = await post(client, here, f"{here}/advance", to="recommended", reason="x")
    assert refused.status_code == 403


async def test_the_draw_is_offered_where_the_rules_ask_for_it(conn, client_as, window):
    one = await listed(conn, window)
    client = await client_as("officer")
    await post(
        client, f"/filings/applications/{one}", f"/filings/applications/{one}/advance", to="submitted", reason="材料齐"
    )
    board = f"/filings/{window}/applications"
    assert (await post(client, board, f"{board}/draw")).status_code == 303
    assert "待核查" in (await client.get(board)).text
    other = f"/filings/{await factories.window_id(conn, 'hnte', 2027, 1)}/applications"
    assert (await post(client, other, f"{other}/draw")).status_code == 409


async def test_the_board_costs_the_same_however_many_firms_there_are(conn, client_as, window, statements):
    client = await client_as("officer")
    await listed(conn, window)
    await client.get(f"/filings/{window}/applications")
    counts = []
    for more in (1, 40):
        for _ in range(more):
            await listed(conn, window)
        statements.clear()
        await client.get(f"/filings/{window}/applications")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9


async def test_the_same_over_json_with_keys_tags_and_reasons(conn, api_as, window):
    uscc = await factories.firm(conn)
    client = await api_as("officer")
    path = f"/api/v1/windows/{window}/applications"
    key = {"idempotency-key": "one"}
    made, again = [await client.post(path, json={"uscc": uscc}, headers=key) for _ in range(2)]
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert again.json() == made.json()
    assert again.headers["idempotent-replay"] == "true"
    assert (await client.post(path, json={"uscc": uscc})).status_code == 409
    here = f"/api/v1/applications/{made.json()['id']}"
    read = {"if-match": '"1"'}
    assert (await client.post(f"{here}/advance", json={"to": "submitted"})).status_code == 428
    refused = await client.post(f"{here}/advance", json={"to": "submitted"}, headers=read)
    assert refused.status_code == 409
    assert "还缺材料" in refused.json()["reasons"][0]
    body = {"to": "submitted", "on": "2026-11-20", "reason": "已在评价系统提交"}
    stale = await client.post(f"{here}/advance", json=body, headers={"if-match": '"9"'})
    assert stale.status_code == 412
    done = await client.post(f"{here}/advance", json=body, headers=read)
    assert (done.json()["stage"], done.json()["submitted_on"]) == ("submitted", "2026-11-20")
    wrong = await client.post(f"{here}/advance", json={"to": "nowhere", "on": "soon"}, headers=read)
    assert set(wrong.json()["errors"]) == {"to", "on"}
    found = (await client.get(f"{path}?stage=submitted&limit=1")).json()
    assert [a["uscc"] for a in found["items"]] == [uscc]
    assert found["next"] is None
    assert (await client.get(here)).json() == found["items"][0]


async def test_an_application_of_another_county_is_404_whatever_is_asked(conn, client_as, api_as, window):
    from sqlalchemy import insert

    from app.firms.models import Region

    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    far = await factories.person(conn, "officer-far", scope="440784")
    uscc = await factories.firm(conn, region="440784", by=far)
    (one,) = await list_firms(conn, window, [uscc], by=far.actor, at=NOON)
    client, program = await client_as("officer"), await api_as("officer")
    assert (await client.get(f"/filings/applications/{one}")).status_code == 404
    assert (await program.get(f"/api/v1/applications/{one}")).status_code == 404
    assert (await program.post(f"/api/v1/applications/{one}/advance", json={"to": "x"})).status_code == 404
    assert (await program.get(f"/api/v1/windows/{window}/applications")).json()["items"] == []
    added = await program.post(f"/api/v1/windows/{window}/applications", json={"uscc": uscc})
    assert added.status_code == 404


async def test_a_firms_leaf_shows_its_windows_with_what_is_lacking_and_those_it_could_still_enter(
    conn, client_as, window
):
    uscc = await factories.firm(conn, "开平市甲阀门有限公司")
    await listed(conn, window, uscc)
    await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=9))
    await factories.window(conn, "innovative_sme", 2027, firm_due=TODAY - timedelta(days=1))
    await factories.answer(conn, uscc, "not_met", missed=1)
    client = await client_as("town")
    page = (await client.get(f"/firms/{uscc}/filings")).text
    entered, others = page.split('id="h-open"')
    for said in ("2027 年科技型中小企业评价", "目标", "还缺：科技型中小企业信息表", "3 天"):
        assert said in entered
    assert "2027 年高新技术企业认定第一批" in others
    assert "差 1 项" in others
    assert "创新型中小企业" not in others
    assert 'aria-current="page">申报' in page
    board = re.search(r'action="(/filings/[0-9a-f-]+/applications)"', others)[1]
    assert (await post(client, f"/firms/{uscc}/filings", board, uscc=uscc)).status_code == 303
    page = (await client.get(f"/firms/{uscc}/filings")).text
    assert "没有开放或将要开放的窗口" in page
    await conn.execute(update(Firm).where(Firm.uscc == uscc).values(status="moved_out"))
    assert "2027 年高新技术企业认定第一批" in (await client.get(f"/firms/{uscc}/filings")).text
    assert (await (await client_as("firm")).get(f"/firms/{uscc}/filings")).status_code == 403


async def test_who_has_not_begun_in_a_town_is_one_click_from_its_number(conn, client_as, window):
    begun, idle = await factories.firm(conn, "开平市甲阀门有限公司"), await factories.firm(conn, "开平市乙水暖有限公司")
    for uscc in (begun, idle):
        await listed(conn, window, uscc)
    await conn.execute(
        update(ApplicationRow)
        .where(ApplicationRow.firm_id == await factories.id_of(conn, begun))
        .values(stage="preparing")
    )
    client = await client_as("officer")
    page = (await client.get(f"/filings/{window}/applications")).text
    address = re.search(r'href="(/filings/[^"]+region=440783117&amp;stage=target)">1<', page)[1]
    shown = (await client.get(address.replace("&amp;", "&"))).text
    assert "开平市乙水暖有限公司" in shown
    assert "开平市甲阀门有限公司" not in shown
