"""今日: the ranked queue, what others did, and one's own numbers, each with the way to its list."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.event import listen

from app.assessments.models import FirmAssessment
from app.db import new_id
from app.filings.applying import list_firms
from app.firms.filtering import sight_of, sight_values
from app.firms.models import Firm, Region
from app.work.agenda import _gathered
from app.work.models import FirmNeed, FirmTask
from app.work.visited import visited
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


async def shown(client: Any, rendered: Any) -> dict[str, Any]:
    answer = await client.get("/")
    assert answer.status_code == 200
    found: dict[str, Any] = rendered[-1][1]
    return found


async def near_miss(conn: Any, uscc: str, policy: str, missed: int, shortfall: str) -> None:
    row = {"firm_id": await factories.id_of(conn, uscc), "policy": policy, "version": "2016", "outcome": "not_met"}
    row |= {"missed": missed, "lacking": 0, "shortfall": shortfall, "open_codes": ["rd_intensity"], "as_of": TODAY}
    await conn.execute(insert(FirmAssessment).values(**row, assessed_at=NOON))


async def task(conn: Any, uscc: str, who: Any, title: str, due_on: date, owner: str = "bureau") -> None:
    from app.work.tasks import add_task
    from app.work.terms import Owner, TaskEntry

    firm = await held(conn, uscc)
    entry = TaskEntry(title, due_on, who.id, Owner(owner))
    await add_task(conn, firm, entry, by=who.actor, at=NOON)


async def held(conn: Any, uscc: str) -> Any:
    from app.firms.queries import firm_by_uscc

    officer = await factories.person(conn, "officer")
    return await firm_by_uscc(conn, uscc, viewer=officer.viewer)


@pytest.fixture
async def me(conn):
    return await factories.person(conn, "officer")


async def test_a_line_says_why_the_firm_is_there_and_carries_the_one_thing_to_do(conn, client_as, rendered, me):
    uscc = await factories.firm_on(conn, "gazelle", name="开平市差一项有限公司", officer_id=me.id)
    await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=12))
    await near_miss(conn, uscc, "hnte", 1, "0.05")
    await factories.visit(conn, uscc, at=NOON - timedelta(days=38))
    client = await client_as(me)
    await conn.execute(FirmTask.__table__.update().values(state="done", closed_at=NOON))
    await conn.execute(FirmNeed.__table__.update().values(state="solved", closed_at=NOON))
    await conn.execute(update(Firm).values(next_touch_on=None))
    (line,) = (await shown(client, rendered))["queue"]
    assert (line.firm_name, line.action_label) == ("开平市差一项有限公司", "看差距")
    assert line.reasons[0] == "差 1 项"
    assert re.fullmatch(r"高企.*12 天后截止", line.reasons[1])
    assert line.reasons[2] == "38 天未联系"
    assert (await client.get(line.action_href)).status_code == 200


async def test_tasks_needs_touches_and_silence_are_in_one_queue_each_with_its_action(conn, client_as, rendered, me):
    late, asked, appointed, silent = [
        await factories.firm_on(conn, "eaglet", name=f"开平市{name}有限公司", officer_id=me.id, on=TODAY)
        for name in ("逾期", "诉求", "约定", "沉默")
    ]
    await task(conn, late, me, "寄清单", TODAY)
    await conn.execute(update(FirmTask).values(due_on=TODAY - timedelta(days=3)))
    client = await client_as(me)
    await client.post(f"/firms/{asked}/needs/new", data={"kind": "land", "body": "要厂房", "due_on": f"{TODAY}"})
    await conn.execute(update(Firm).where(Firm.uscc == appointed).values(next_touch_on=TODAY))
    await conn.execute(update(Firm).where(Firm.uscc == silent).values(stale_on=TODAY - timedelta(days=1)))
    lines = {line.href.rsplit("/", 1)[1]: line for line in (await shown(client, rendered))["queue"]}
    assert lines[late].reasons == ["“寄清单”已过 3 天"]
    assert lines[asked].reasons == ["用地用房诉求待答复，今天到期"]
    assert lines[appointed].reasons == [f"约定 {TODAY} 联系，就是今天"]
    allowed = (await factories.main_ladder(conn))[0].tier("eaglet").stale_working_days
    assert re.match(rf"停滞 (\d) 个工作日，连同之前的 {allowed} 个一共 \d+ 个工作日没有移动", lines[silent].reasons[1])
    labels = [lines[u].action_label for u in (late, asked, appointed, silent)]
    assert labels == ["去办", "去办", "记走访", "记走访"]
    for line in lines.values():
        assert (await client.get(line.action_href)).status_code == 200


async def test_a_firm_of_several_matters_has_one_line_and_comes_before_one_of_a_single_one(
    conn, client_as, rendered, me
):
    both = await factories.firm(conn, "开平市两件有限公司", officer_id=me.id, next_touch_on=TODAY)
    single = await factories.firm(conn, "开平市一件有限公司", officer_id=me.id, next_touch_on=TODAY)
    await task(conn, both, me, "寄清单", TODAY, owner="firm")
    queue = (await shown(await client_as(me), rendered))["queue"]
    assert [line.href for line in queue] == [f"/firms/{both}", f"/firms/{single}"]
    assert queue[0].reasons == ["企业答应的“寄清单”今天到期", f"约定 {TODAY} 联系，就是今天"]
    assert queue[0].score > queue[1].score


async def test_those_that_the_first_twenty_leave_out_are_one_press_away(conn, client_as, rendered, me):
    for _ in range(22):
        await factories.firm(conn, officer_id=me.id, next_touch_on=TODAY)
    client = await client_as(me)
    page = await client.get("/")
    (further,) = re.findall(r'href="([^"]+)">列出其余 2 家', page.text)
    assert len(rendered[-1][1]["queue"]) == 20
    whole = await client.get(further)
    assert (len(rendered[-1][1]["queue"]), "列出其余" in whole.text) == (22, False)


async def test_an_officer_sees_his_own_firms_and_a_manager_everybodys_and_nobody_another_countys(
    conn, client_as, rendered, me
):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    other = await factories.person(conn, "officer-2")
    for who, name in ((me, "我的"), (other, "同事的")):
        await factories.firm(conn, f"开平市{name}有限公司", officer_id=who.id, next_touch_on=TODAY)
    await factories.firm(conn, "鹤山市外县有限公司", region="440784", next_touch_on=TODAY)
    mine = (await shown(await client_as(me), rendered))["queue"]
    assert [line.firm_name for line in mine] == ["开平市我的有限公司"]
    everybodys = (await shown(await client_as("manager"), rendered))["queue"]
    assert {line.firm_name for line in everybodys} == {"开平市我的有限公司", "开平市同事的有限公司"}


async def test_a_task_given_to_me_is_mine_whoever_looks_after_the_firm(conn, client_as, rendered, me):
    other = await factories.person(conn, "officer-2")
    uscc = await factories.firm(conn, "开平市同事的有限公司", officer_id=other.id)
    await task(conn, uscc, me, "代办", TODAY)
    assert [q.firm_name for q in (await shown(await client_as(me), rendered))["queue"]] == ["开平市同事的有限公司"]
    assert (await shown(await client_as(other), rendered))["queue"] == []


async def test_only_a_confirmed_window_that_is_still_open_and_not_yet_filed_in_makes_a_near_miss_pressing(
    conn, client_as, rendered, me
):
    uscc = await factories.firm(conn, officer_id=me.id)
    await near_miss(conn, uscc, "hnte", 1, "0.05")
    client = await client_as(me)
    assert (await shown(client, rendered))["queue"] == []
    window = await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=12))
    assert len((await shown(client, rendered))["queue"]) == 1
    await list_firms(conn, window, [uscc], by=me.actor, at=NOON)
    assert (await shown(client, rendered))["queue"] == []


async def test_one_that_misses_three_conditions_is_no_near_miss(conn, client_as, rendered, me):
    uscc = await factories.firm(conn, officer_id=me.id)
    await factories.window(conn, "hnte", 2027, 1, firm_due=TODAY + timedelta(days=12))
    await near_miss(conn, uscc, "hnte", 3, "0.01")
    assert (await shown(await client_as(me), rendered))["queue"] == []


async def test_what_others_did_since_the_last_working_day_is_told_and_what_i_did_is_not(conn, client_as, rendered, me):
    uscc = await factories.firm(conn, "开平市动静有限公司", officer_id=me.id)
    other = await client_as("officer-2")
    await other.post(f"/firms/{uscc}/notes", data={"text": "电话沟通"})
    client = await client_as(me)
    await client.post(f"/firms/{uscc}/notes", data={"text": "我自己记的"})
    stranger = await factories.firm(conn)
    await other.post(f"/firms/{stranger}/notes", data={"text": "别人的企业"})
    context = await shown(client, rendered)
    assert [(n.label, n.who, n.firm_name) for n in context["news"]] == [
        ("记录", "局专员officer-2", "开平市动静有限公司")
    ]
    assert context["news_since"] == date(2026, 11, 20)  # NOON is a Monday
    assert len((await shown(await client_as("manager"), rendered))["news"]) == 3


async def test_my_numbers_count_what_is_mine_and_lead_to_lists_that_hold_as_much(conn, client_as, rendered, me):
    for n in range(3):
        uscc = await factories.firm(conn, officer_id=me.id, next_touch_on=TODAY if n else None)
    await factories.firm(conn)
    await task(conn, uscc, me, "寄清单", TODAY)
    await task(conn, uscc, me, "催报告", TODAY)
    await conn.execute(update(FirmTask).where(FirmTask.title == "催报告").values(due_on=TODAY - timedelta(days=1)))
    client = await client_as(me)
    await client.post(f"/firms/{uscc}/visits/new", data={"summary": "谈了", "kind": "phone"})
    await client.post(f"/firms/{uscc}/needs/new", data={"kind": "land", "body": "要厂房", "due_on": f"{TODAY}"})
    await conn.execute(update(FirmNeed).values(due_on=TODAY - timedelta(days=2)))
    numbers = {label: (n, href) for label, n, href in (await shown(client, rendered))["mine"]}
    counts = {label: n for label, (n, _) in numbers.items()}
    assert counts == {
        "我的企业": 3,
        "停滞": 0,
        "到约定联系日": 1,  # the visit kept one of the two
        "待办": 2,
        "逾期待办": 1,
        "办理中的诉求": 1,
        "逾期诉求": 1,
        "本月走访": 1,
    }
    for label in set(numbers) - {"停滞"}:
        n, href = numbers[label]
        await client.get(href)
        context = rendered[-1][1]
        assert len(context.get("rows", context.get("visits"))) == n
    for query, n in (("month=2026-11", 1), ("month=2026-10", 0), ("month=9999-12", 1), ("whose=all", 1)):
        for who, seen in ((client, n), (await client_as("officer-2"), n if "all" in query else 0)):
            await who.get(f"/visits?{query}")
            assert (query, len(rendered[-1][1]["visits"])) == (query, seen)


async def test_the_desk_pages_by_day_and_shows_only_what_is_in_sight(conn, client_as, rendered, me):
    uscc = await factories.firm(conn)
    for n in range(53):
        await task(conn, uscc, me, f"第{n:02}件", TODAY + timedelta(days=n // 2))
    client = await client_as(me)
    seen, href, last = [], "/work", ""
    while href:
        assert (await client.get(href)).status_code == 200
        last = href
        seen += [row[0].said for row in rendered[-1][1]["rows"]]
        href = rendered[-1][1]["next_href"]
    assert sorted(seen) == [f"第{n:02}件" for n in range(53)]
    assert [int(s[1:3]) // 2 for s in seen] == [n // 2 for n in range(53)]
    await (await client_as("officer-2")).get("/work")
    assert rendered[-1][1]["rows"] == []
    await (await client_as("town", scope=factories.OTHER_TOWN)).get("/work?whose=all")
    assert rendered[-1][1]["rows"] == []
    assert (await client.get("/work?cursor=nonsense")).status_code == 422
    for title in ("第50件", "第51件", "第52件"):
        await conn.execute(delete(FirmTask).where(FirmTask.title == title))
    back = await client.get(f"{last}&done={new_id()}")  # the last line of the page is done
    assert back.headers["location"].startswith("/work?done="), "where what there still is begins"


async def test_needs_without_a_day_come_last_and_are_paged_too(conn, client_as, rendered, me):
    uscc = await factories.firm(conn)
    client = await client_as(me)
    for day in ("", f"{TODAY}"):
        await client.post(f"/firms/{uscc}/needs/new", data={"kind": "land", "body": f"要厂房{day}", "due_on": day})
    await client.get("/work?kind=needs")
    assert [row[0].said for row in rendered[-1][1]["rows"]] == [f"要厂房{TODAY}", "要厂房"]
    await client.get("/work?kind=needs&late=1")
    assert rendered[-1][1]["rows"] == []


@pytest.mark.parametrize("who", ["officer", "manager"])
async def test_every_source_of_the_queue_is_read_by_an_index(conn, who):
    person = await factories.person(conn, who)
    statement = _gathered(sight_of(person.viewer), who == "officer").written(conn.dialect)
    days = dict.fromkeys(("today", "month", "soon", "windows_until", "lapse_until"), TODAY)
    values = statement.filled({**sight_values(person.viewer), **days, "me": person.id, "windows": [new_id()]})
    # Empty tables are always read whole and sorted; without these ways the plan shows whether there is another.
    for way in ("seqscan", "sort", "bitmapscan"):
        await conn.execute(text(f"SET LOCAL enable_{way} = off"))
    driver = (await conn.get_raw_connection()).driver_connection
    plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement.text}", *values))
    assert not re.search(r"Seq Scan on (firms|firm_tasks|firm_needs|assessments|firm_visits|firm_notes)\b", plan)
    wanted = {"ix_firm_tasks_officer", "ix_firm_needs_officer", "ix_assessments_near", "ix_firm_visits_firm"}
    used = set(re.findall(r"ix_\w+", plan))
    assert wanted | {"ix_firms_stale"} <= used, plan
    assert used & {"ix_firms_officer_touch", "ix_firms_next_touch"}, plan  # which, depends on how many firms there are


async def test_everybodys_visits_of_a_month_are_found_by_their_day(conn, me):
    await conn.execute(text("SET LOCAL enable_seqscan = off"))
    plans = []
    listen(conn.sync_connection, "before_cursor_execute", lambda *given: plans.append(given[2:4]))
    await visited(conn, viewer=me.viewer, month=TODAY, mine=False, after=(TODAY, new_id()))
    driver = (await conn.get_raw_connection()).driver_connection
    statement, values = plans[-1]
    plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {statement}", *values))
    assert "ix_firm_visits_day" in plan, plan


async def test_a_program_is_told_what_the_page_says_of_the_same_firms_and_no_others(
    conn, client_as, api_as, rendered, me
):
    mine, second, foreign = [
        await factories.firm(conn, f"开平市{name}有限公司", officer_id=who, next_touch_on=TODAY)
        for name, who in (("先办", me.id), ("后办", me.id), ("外人", None))
    ]
    await task(conn, mine, me, "寄清单", TODAY)
    other = await client_as("officer-2")
    for uscc in (mine, second, foreign):
        await other.post(f"/firms/{uscc}/notes", data={"text": "电话沟通"})
    page = await shown(await client_as(me), rendered)
    program = await api_as(me)
    told = (await program.get("/api/v1/today")).json()
    assert [line["uscc"] for line in told["queue"]] == [mine, second]
    assert [line["reasons"] for line in told["queue"]] == [line.reasons for line in page["queue"]]
    assert told["queue"][0]["action"] == {"label": "去办", "href": f"/firms/{mine}/work#h-tasks"}
    assert [line["weight"] for line in told["queue"]] == ["0.100000", "0.050000"]
    assert (told["day"], told["since"]) == ("2026-11-23", "2026-11-20")
    assert [(c["uscc"], c["label"], c["who"]) for c in told["changes"]] == [
        (uscc, "记录", "局专员officer-2") for uscc in (second, mine)
    ]
    assert (told["numbers"]["firms"], told["numbers"]["tasks"], told["numbers"]["touches_due"]) == (2, 1, 2)
    first = (await program.get("/api/v1/today?limit=1")).json()
    assert ([line["uscc"] for line in first["queue"]], first["total"]) == ([mine], 2)
    assert [(await program.get(f"/api/v1/today?limit={n}")).status_code for n in (0, 1, 200, 201)] == [
        422,
        200,
        200,
        422,
    ]
    everybodys = (await (await api_as("manager")).get("/api/v1/today")).json()
    assert {line["uscc"] for line in everybodys["queue"]} == {mine, second, foreign}
