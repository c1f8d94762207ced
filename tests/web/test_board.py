"""Board, list, firm page and 今日: what they show, and that more rows cost no more statements."""

from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from app.filings.applying import list_firms
from app.pipeline.board import CARDS
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


@pytest.fixture
async def crowd(conn):
    """More firms on one tier than a column shows."""
    officer = await factories.person(conn, "officer")
    return [
        await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=200 - n), officer_id=officer.id)
        for n in range(CARDS + 3)
    ]


async def test_the_board_counts_every_firm_and_shows_the_longest_on_the_tier_first(crowd, client_as, rendered):
    client = await client_as("officer")
    assert (await client.get("/board")).status_code == 200
    column = next(c for c in rendered[-1][1]["columns"] if c.tier.code == "tech_micro")
    assert column.count == CARDS + 3
    assert [card.uscc for card in column.cards] == crowd[:CARDS]
    assert column.cards[0].days == 200


@pytest.mark.parametrize("tier", ["none", "nowhere", "²"])
async def test_a_board_without_that_column_says_so_and_leads_to_the_list(conn, client_as, rendered, tier):
    await factories.firm(conn)
    client = await client_as("officer")
    answer = await client.get("/board", params={"tier": tier, "moved": factories.code()})
    assert answer.status_code == 200
    assert rendered[-1][1]["columns"] == []
    href = rendered[-1][1]["list_href"]
    assert href.replace("&", "&amp;") in answer.text
    assert "看板上没有这一列" in answer.text
    assert (await client.get(href)).status_code == 200


@pytest.mark.parametrize(("tier", "columns"), [("none", []), ("nowhere", []), ("eaglet", ["eaglet"])])
async def test_a_tier_narrows_the_boards_json_to_its_column(conn, api_as, tier, columns):
    await factories.firm_on(conn, "eaglet")
    answer = await (await api_as("officer")).get("/api/v1/board", params={"tier": tier})
    assert answer.status_code == 200
    assert [c["tier"] for c in answer.json()["columns"]] == columns


async def test_figures_are_shared_only_by_those_who_see_the_same_firms(conn, client_as, rendered):
    """An account bound to a firm and without a division must not be shown what an administrator's board counted."""
    since = TODAY - timedelta(days=10)
    uscc = await factories.firm_on(conn, "eaglet", on=since)
    person = await factories.person(conn, "officer-bound", firm_id=await factories.id_of(conn, uscc), scope="")
    admin = await factories.person(conn, "admin")
    for who, medians in ((admin, {10}), (person, set())):
        await (await client_as(who)).get("/board")
        columns = rendered[-1][1]["columns"]
        assert {c.median_days for c in columns if c.median_days is not None} == medians
    blind = await factories.person(conn, "firm-blind", scope=admin.viewer.scope)
    shown = (await (await client_as(blind)).get("/api/v1/board")).json()["columns"]
    assert {(c["count"], c["stale"], len(c["cards"])) for c in shown} == {(0, 0, 0)}


async def test_a_card_says_which_date_of_the_firm_comes_first_and_what_is_the_bureaus_own_to_its_people_alone(
    conn, client_as, api_as, rendered
):
    uscc = await factories.firm_on(conn, "hnte", on=TODAY - timedelta(days=400))
    firm = {"f": await factories.id_of(conn, uscc)}
    ends = TODAY + timedelta(days=180)
    await conn.execute(text("UPDATE certificates SET expires_on = :d WHERE firm_id = :f"), firm | {"d": ends})
    officer, admin = await client_as("officer"), await client_as("admin")

    async def due(client):
        await client.get("/board?tier=hnte")
        [card] = rendered[-1][1]["columns"][0].cards
        return card.due

    assert await due(officer) == ("高新技术企业证书 还有 180 天", f"{ends}", False)
    await factories.visit(conn, uscc)  # which leaves a promise and a need behind
    touch = "UPDATE firms SET next_touch_on = :d WHERE id = :f"
    await conn.execute(text(touch), firm | {"d": TODAY - timedelta(days=1)})
    assert await due(officer) == ("约定联系 已过 1 天", f"{TODAY - timedelta(days=1)}", True)
    assert (await due(admin))[0] == "高新技术企业证书 还有 180 天"
    await conn.execute(text("UPDATE firm_tasks SET due_on = :d WHERE firm_id = :f"), firm | {"d": TODAY - timedelta(9)})
    assert (await due(officer))[0] == "待办 已过 9 天"
    [column] = (await (await api_as("officer")).get("/api/v1/board?tier=hnte")).json()["columns"]
    assert column["cards"][0]["due"] == {"on": f"{TODAY - timedelta(days=9)}", "matter": "task", "said": ""}
    await conn.execute(text("UPDATE firm_tasks SET state = 'done', closed_at = now(), due_on = :d"), {"d": TODAY})
    await conn.execute(text("UPDATE certificates SET expires_on = :d"), {"d": ends + timedelta(days=1)})
    assert await due(admin) is None


async def test_a_card_says_that_a_move_of_it_waits_for_a_second_person(conn, client_as, api_as, clock):
    waits, other = [await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=9 - n)) for n in range(2)]
    officer = await client_as("officer")
    asked = {
        "to": "gazelle",
        "expected": "tech_micro",
        "effective_on": f"{TODAY}",
        "reason": "越级",
        "override_reason": "专家评审认可",
    }
    assert (await officer.post(f"/firms/{waits}/move", data=asked)).status_code == 303
    board = BeautifulSoup((await officer.get("/board")).text, "html.parser")
    said = {card["data-uscc"]: bool(card.select_one(".waits")) for card in board.select(".card")}
    assert (said[waits], said[other]) == (True, False)
    for role, told in (("officer", True), ("admin", False)):
        columns = (await (await api_as(role)).get("/api/v1/board?tier=tech_micro")).json()["columns"]
        assert [card["waits"] for card in columns[0]["cards"]] == [told, False]


async def test_a_window_is_the_date_of_whoever_is_near_enough_or_in_it_until_they_have_filed(conn, client_as, rendered):
    window = await factories.window_id(conn, "hnte", 2027, 1)
    last = TODAY + timedelta(days=30)
    await conn.execute(
        text("UPDATE filing_windows SET state = 'confirmed', firm_due = :d WHERE id = :w"), {"d": last, "w": window}
    )
    near, far = [await factories.firm_on(conn, "gazelle", on=TODAY - timedelta(days=9)) for _ in range(2)]
    ids = {uscc: await factories.id_of(conn, uscc) for uscc in (near, far)}
    answer = "INSERT INTO assessments VALUES (:f, 'hnte', '1', 'not_met', :n, 0, 0.1, NULL, NULL, '{}', :d, now())"
    for uscc, missed in ((near, 2), (far, 3)):
        await conn.execute(text(answer), {"f": ids[uscc], "n": missed, "d": TODAY})
    officer = await factories.person(conn, "officer")
    client = await client_as(officer)

    async def dues():
        await client.get("/board?tier=gazelle")
        return {card.uscc: card.due and card.due[0] for card in rendered[-1][1]["columns"][0].cards}

    label = "高企认定第一批 还有 30 天"
    assert await dues() == {near: label, far: None}
    made = await list_firms(conn, window, [near, far], by=officer.actor, at=NOON)
    assert await dues() == {near: label, far: label}
    await conn.execute(text("UPDATE applications SET stage = 'submitted' WHERE id = :a"), {"a": made[0]})
    assert await dues() == {near: None, far: label}
    await conn.execute(text("UPDATE filing_windows SET firm_due = :d"), {"d": TODAY - timedelta(days=1)})
    assert await dues() == {near: None, far: None}


async def test_loading_more_shows_the_rest_and_nothing_twice(crowd, client_as, rendered):
    client = await client_as("officer")
    await client.get("/board")
    column = next(c for c in rendered[-1][1]["columns"] if c.tier.code == "tech_micro")
    for headers, template in (
        ({}, "officer/pipeline/column.html"),
        ({"hx-request": "true"}, "officer/pipeline/_cards.html"),
    ):
        more = await client.get(column.next_href, headers=headers)
        assert more.status_code == 200
        assert rendered[-1][0] == template
        assert [card.uscc for card in rendered[-1][1]["cards"]] == crowd[CARDS:]
        assert rendered[-1][1]["next_href"] is None


async def test_the_api_board_pages_in_the_same_order(crowd, api_as):
    api = await api_as("officer")
    column = next(c for c in (await api.get("/api/v1/board")).json()["columns"] if c["tier"] == "tech_micro")
    assert (column["count"], len(column["cards"])) == (CARDS + 3, CARDS)
    assert [c["uscc"] for c in column["cards"]] == crowd[:CARDS]
    further = {"tier": "tech_micro", "status": "active", "sort": "tier_since", "cursor": column["next"]}
    assert [f["uscc"] for f in (await api.get("/api/v1/firms", params=further)).json()["items"]] == crowd[CARDS:]


async def test_the_board_and_the_list_are_one_filter(conn, client_as, rendered):
    await factories.firm_on(conn, "eaglet", name="开平市甲卫浴有限公司", park="翠山湖")
    await factories.firm_on(conn, "eaglet", name="开平市乙卫浴有限公司")
    client = await client_as("officer")
    await client.get("/board?park=翠山湖")
    board = rendered[-1][1]
    assert [c.name for column in board["columns"] for c in column.cards] == ["开平市甲卫浴有限公司"]
    await client.get(board["list_href"])
    assert [row.name for row in rendered[-1][1]["rows"]] == ["开平市甲卫浴有限公司"]
    assert [chip.label for chip in rendered[-1][1]["chips"]] == ["园区：翠山湖"]
    await client.get(rendered[-1][1]["chips"][0].remove_href)
    assert len(rendered[-1][1]["rows"]) == 2


async def test_a_firm_that_is_gone_is_on_no_board_and_in_the_list_only_when_asked_for(conn, client_as, rendered):
    uscc = await factories.firm_on(conn, "eaglet", name="开平市已注销有限公司")
    await conn.execute(text("UPDATE firms SET status = 'deregistered' WHERE uscc = :u"), {"u": uscc})
    client = await client_as("officer")
    assert "已注销有限" not in (await client.get("/board")).text
    assert "已注销有限" not in (await client.get("/firms")).text
    assert "已注销有限" in (await client.get("/firms?status=all")).text
    assert "已注销有限" in (await client.get("/firms?status=deregistered")).text


async def test_the_list_sorts_both_ways_by_its_headers(conn, client_as, rendered):
    for name in ("开平市丙厂", "开平市甲厂", "开平市乙厂"):
        await factories.firm(conn, name)
    client = await client_as("officer")
    await client.get("/firms?sort=name")
    assert [r.name[3] for r in rendered[-1][1]["rows"]] == ["丙", "甲", "乙"]
    head = next(c for c in rendered[-1][1]["columns"] if c.label == "企业名称")
    assert head.direction == "asc"
    await client.get(head.sort_href)
    assert [r.name[3] for r in rendered[-1][1]["rows"]] == ["乙", "甲", "丙"]


async def test_days_end_in_line_whether_or_not_a_firm_stands_still(conn, client_as):
    await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=800))
    page = BeautifulSoup((await (await client_as("officer")).get("/firms")).text, "html.parser")
    [cell] = page.select('td.n[data-label="在梯队"]')
    assert cell.get_text(" ", strip=True) == "停滞 800 天"


async def test_the_list_leads_from_page_to_page_to_its_end(conn, client_as, rendered):
    for _ in range(53):
        await factories.firm(conn)
    client = await client_as("officer")
    seen, href = [], "/firms?sort=name"
    while href:
        await client.get(href)
        seen += [r.uscc for r in rendered[-1][1]["rows"]]
        href = rendered[-1][1]["next_href"]
    assert len(seen) == len(set(seen)) == 53


async def test_the_firm_page_tells_its_story_newest_first(conn, client_as, rendered, clock):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=30))
    client = await client_as("officer")
    clock.advance(minutes=10)
    await client.post(f"/firms/{uscc}/notes", data={"text": "上门走访，扩产在即"})
    clock.advance(minutes=10)
    await client.get(f"/firms/{uscc}")
    context = rendered[-1][1]
    assert context["timeline"][0].what == "记录"
    assert "上门走访，扩产在即" in [e.detail for e in context["timeline"]]
    assert [s.state for s in context["steps"]] == ["current", "todo", "todo", "todo", "todo"]
    above = await factories.firm_on(conn, "gazelle")
    await client.get(f"/firms/{above}")
    assert [s.state for s in rendered[-1][1]["steps"]] == ["skipped", "skipped", "current", "todo", "todo"]


async def test_a_note_begins_the_stale_count_anew(conn, client_as, rendered):
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=200))
    client = await client_as("officer")
    await client.get(f"/firms/{uscc}")
    assert rendered[-1][1]["stale"] is True
    await client.post(f"/firms/{uscc}/notes", data={"text": "电话联系"})
    await client.get(f"/firms/{uscc}")
    assert rendered[-1][1]["stale"] is False


async def test_today_ranks_lapsing_certificates_before_long_silence_and_says_why(conn, client_as, rendered):
    officer = await factories.person(conn, "officer")
    await factories.firm_on(
        conn, "tech_micro", on=TODAY - timedelta(days=200), name="开平市沉默有限公司", officer_id=officer.id
    )
    lapsing = await factories.firm(conn, "开平市到期有限公司")
    await factories.certificate(conn, lapsing, issued_on=date(2023, 12, 5))
    client = await client_as(officer)
    await client.get("/")
    queue = rendered[-1][1]["queue"]
    assert [item.firm_name for item in queue] == ["开平市到期有限公司", "开平市沉默有限公司"]
    assert queue[0].reasons == ["高企证书 2026-12-05 到期，还有 12 天"]
    assert "工作日没有移动也没有记录" in queue[1].reasons[1]


async def test_today_shows_what_waits_for_me_and_not_my_own_request_as_mine_to_approve(
    conn, client_as, rendered, clock
):
    uscc = await factories.firm_on(conn, "tech_micro")
    clock.advance(minutes=5)
    asker, decider = await client_as("officer"), await client_as("manager")
    asked = {"to": "gazelle", "expected": "tech_micro", "reason": "越级", "idempotency_key": ""}
    assert (await asker.post(f"/firms/{uscc}/move", data=asked)).status_code == 303
    for client, may in ((asker, False), (decider, True)):
        await client.get("/")
        (waiting,) = rendered[-1][1]["pending"]
        assert waiting.can_approve is may
    await decider.post(f"/moves/{waiting.id}/approve")
    await decider.get("/")
    assert rendered[-1][1]["pending"] == []
    assert rendered[-1][1]["movements"][0].to_tier.code == "gazelle"


async def test_many_that_wait_leave_room_for_what_is_to_be_done_and_each_can_still_be_decided(conn, client_as, clock):
    firms = [await factories.firm_on(conn, "tech_micro") for _ in range(5)]
    clock.advance(minutes=5)
    asker, decider = await client_as("officer"), await client_as("manager")
    asked = {"to": "leader", "expected": "tech_micro", "reason": "越级", "override_reason": "材料在途"}
    for uscc in firms:
        assert (await asker.post(f"/firms/{uscc}/move", data=asked)).status_code == 303
    section = BeautifulSoup((await decider.get("/")).text, "html.parser").select_one("section.pending")
    assert section is not None
    first, rest = section.select(":scope > ul > li"), section.select(":scope > details > ul > li")
    assert (len(first), len(rest)) == (3, 2)
    assert "其余 2 件" in section.select(":scope > details > summary")[0].text
    for line in first + rest:
        assert line.select_one("form[action$='/approve']")
        assert len(line.select("details:not(.confirm) p")) > 3  # every condition is there, behind one press


UPWARDS = {"to": "hnte", "expected": "gazelle", "reason": "年内拿证", "override_reason": "证书在途"}
REFUSAL = "证书未到，不同意"


@pytest.fixture
async def asked(conn, client_as, clock):
    """A firm that somebody wants moved, whoever asks and whoever decides."""
    uscc = await factories.firm_on(conn, "gazelle")
    clock.advance(minutes=5)
    asker, decider = await client_as("officer"), await client_as("manager")
    assert (await asker.post(f"/firms/{uscc}/move", data=UPWARDS)).status_code == 303
    return uscc, asker, decider


async def waits(decider, rendered):
    await decider.get("/")
    (waiting,) = rendered[-1][1]["pending"]
    return f"/moves/{waiting.id}"


async def test_a_refusal_wants_a_reason_and_whoever_goes_through_the_list_stays_on_it(asked, rendered):
    _, _, decider = asked
    move = await waits(decider, rendered)
    assert "证书在途" in (await decider.get("/")).text  # who decides sees that a condition is passed over, and why
    unsaid = await decider.post(f"{move}/reject", data={"reason": " ", "back": "/"})
    assert (unsaid.status_code, "请写明驳回的理由" in unsaid.text, rendered[-1][1]["own"]) == (422, True, False)
    assert f'action="{move}/reject"' in unsaid.text
    assert 'name="back" value="/"' in unsaid.text
    assert (await decider.post(f"{move}/reject", data={"reason": REFUSAL, "back": "/"})).headers["location"] == "/"


async def test_whoever_asked_hears_either_answer(asked, rendered):
    uscc, asker, decider = asked
    await decider.post(f"{await waits(decider, rendered)}/reject", data={"reason": REFUSAL})
    told = (await asker.get("/inbox")).text
    assert "驳回了您提交的" in told
    assert REFUSAL in told
    assert (await asker.post(f"/firms/{uscc}/move", data=UPWARDS | {"idempotency_key": "again"})).status_code == 303
    done = await decider.post(f"{await waits(decider, rendered)}/approve")
    assert done.headers["location"] == f"/firms/{uscc}"
    assert "通过了您提交的" in (await asker.get("/inbox")).text


async def test_a_refusal_stays_on_the_day_of_whom_asked_until_it_is_seen_to(asked, rendered):
    uscc, asker, decider = asked
    await decider.post(f"{await waits(decider, rendered)}/reject", data={"reason": REFUSAL})
    await asker.get("/")
    first = rendered[-1][1]["queue"][0]
    assert (first.href, REFUSAL in first.reasons[0]) == (f"/firms/{uscc}", True)
    assert first.tier.code == "gazelle", "where it stands, not where it was not let"
    await asker.get(f"/firms/{uscc}")
    assert REFUSAL in [e.detail for e in rendered[-1][1]["timeline"] if not e.machine]
    await decider.get("/")
    assert all("不同意" not in reason for item in rendered[-1][1]["queue"] for reason in item.reasons)


@pytest.mark.parametrize(("year", "notes"), [(2026, 0), (2027, 1)])
async def test_a_year_whose_calendar_is_not_loaded_is_said_aloud(client_as, rendered, clock, year, notes):
    clock.at = clock.at.replace(year=year)
    await (await client_as("officer")).get("/")
    assert bool(rendered[-1][1]["calendar_note"]) is bool(notes)


PAGES = ["/", "/firms", "/firms?sort=name", "/board", "/search?q=开平", "/firms/{uscc}", "/firms/{uscc}/move"]
API = ["/api/v1/firms?limit=200", "/api/v1/board", "/api/v1/firms/{uscc}", "/api/v1/firms/{uscc}/moves"]


@pytest.mark.parametrize("path", PAGES + API)
async def test_more_rows_cost_no_more_statements(conn, client_as, statements, path):
    async def cost() -> int:
        await client.get(path.format(uscc=uscc))
        statements.clear()
        assert (await client.get(path.format(uscc=uscc))).status_code == 200
        return len(statements)

    officer = await factories.person(conn, "officer")
    client = await client_as(officer)
    uscc = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=300), officer_id=officer.id)
    few = await cost()
    for n in range(12):
        other = await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=300 - n), officer_id=officer.id)
        await factories.certificate(conn, other, issued_on=date(2023, 12, 5))
        await client.post(f"/firms/{uscc}/notes", data={"text": f"记录 {n}"})
    assert await cost() == few
    assert few <= 12  # a firm's page has most: nine sections, who asks, and the test's own savepoint
