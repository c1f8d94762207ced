"""走访与任务: a visit in one form, what was promised and asked, and what one should know before the next."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from app.audit.models import AuditEvent
from app.firms.models import Firm, Region
from app.outbox.models import OutboxMessage
from app.work.models import FirmNeed, FirmTask, FirmVisit, NeedFollowUp
from tests import factories
from tests.factories import OTHER_TOWN
from tests.harness import NOON

VISIT = {
    "visited_on": "2026-11-23",
    "kind": "on_site",
    "people": "周会计",
    "summary": "新车间已投产。\n辅助账差第三季度。",
    "next_touch_on": "2026-12-10",
    "ours": "寄送申报材料清单\n联系园区",
    "theirs": "补齐第三季度辅助账",
    "need": "夏季限电影响中试",
    "need_kind": "utility",
}


@pytest.fixture
async def uscc(conn):
    return await factories.firm_on(conn, "eaglet", name="开平市走访测试有限公司")


async def rows(conn: Any, table: Any) -> list[Any]:
    return list(await conn.execute(select(table.__table__).order_by(table.id)))


async def firm_row(conn: Any, uscc: str) -> Any:
    return (await conn.execute(select(Firm.__table__).where(Firm.uscc == uscc))).one()


async def trail(conn: Any, *kinds: str) -> list[str]:
    wanted = [AuditEvent.action.like(f"firm:{kind}:%") for kind in kinds]
    query = select(AuditEvent.action).where(wanted[0] if len(wanted) == 1 else wanted[0] | wanted[1])
    return list((await conn.execute(query.order_by(AuditEvent.id))).scalars())


async def visited(client: Any, uscc: str, **changes: str) -> Any:
    return await client.post(f"/firms/{uscc}/visits/new", data=VISIT | changes)


async def test_one_form_leaves_the_visit_the_promises_the_need_and_the_next_touch(conn, client_as, uscc):
    client = await client_as("officer")
    before = await firm_row(conn, uscc)
    answer = await visited(client, uscc)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/firms/{uscc}/work")
    (visit,) = await rows(conn, FirmVisit)
    assert (visit.kind, visit.people, visit.visited_on) == ("on_site", "周会计", date(2026, 11, 23))
    assert sorted((t.title, t.owner, t.due_on, t.visit_id) for t in await rows(conn, FirmTask)) == [
        ("寄送申报材料清单", "bureau", date(2026, 12, 10), visit.id),
        ("联系园区", "bureau", date(2026, 12, 10), visit.id),
        ("补齐第三季度辅助账", "firm", date(2026, 12, 10), visit.id),
    ]
    (need,) = await rows(conn, FirmNeed)
    assert (need.kind, need.body, need.state) == ("utility", "夏季限电影响中试", "open")
    after = await firm_row(conn, uscc)
    assert after.next_touch_on == date(2026, 12, 10)
    assert after.version == before.version + 1
    assert await trail(conn, "visit", "need") == ["firm:need:raised", "firm:visit:logged"]
    page = (await client.get(f"/firms/{uscc}/work")).text
    for said in ("新车间已投产。", "寄送申报材料清单", "补齐第三季度辅助账", "夏季限电影响中试", "2026-12-10"):
        assert said in page
    told = (await client.get(f"/firms/{uscc}")).text
    assert "上门走访（2026-11-23），见 周会计" in told


async def test_a_visit_begins_the_stale_count_on_its_own_day_and_never_backwards(conn, client_as, uscc, clock):
    clock.advance(days=30)
    client = await client_as("officer")
    on = clock.now().date()
    await visited(client, uscc, visited_on=f"{on}", next_touch_on=f"{on + timedelta(days=9)}")
    fresh = (await firm_row(conn, uscc)).stale_on
    await visited(client, uscc, visited_on="2026-11-24", next_touch_on=f"{on + timedelta(days=9)}")
    assert (await firm_row(conn, uscc)).stale_on == fresh
    assert fresh > NOON.date() + timedelta(days=60)


async def test_a_visit_that_keeps_the_appointed_date_clears_it_and_one_before_it_does_not(conn, client_as, uscc):
    client = await client_as("officer")
    plain = {"ours": "", "theirs": "", "need": ""}
    for appointed, left in ((date(2026, 11, 23), None), (date(2026, 11, 30), date(2026, 11, 30))):
        await conn.execute(update(Firm).where(Firm.uscc == uscc).values(next_touch_on=appointed))
        assert (await visited(client, uscc, next_touch_on="", **plain)).status_code == 303
        assert (await firm_row(conn, uscc)).next_touch_on == left


async def test_the_same_form_twice_is_one_visit(conn, client_as, uscc):
    client = await client_as("officer")
    answers = [await visited(client, uscc, idempotency_key="v-1") for _ in "12"]
    assert {a.status_code for a in answers} == {303}
    assert len(await rows(conn, FirmVisit)) == 1
    assert len(await rows(conn, FirmTask)) == 3


WRONG = [
    ({"summary": " "}, "summary"),
    ({"visited_on": "2026-11-24"}, "visited_on"),
    ({"visited_on": "上周"}, "visited_on"),
    ({"next_touch_on": "2026-11-22"}, "next_touch_on"),
    ({"next_touch_on": ""}, "next_touch_on"),
    ({"kind": "飞鸽"}, "kind"),
    ({"ours": "\n".join("好" for _ in range(11))}, "ours"),
    ({"theirs": "长" * 201}, "theirs"),
    ({"need_kind": "借钱"}, "need_kind"),
    ({"summary": "\x00"}, "summary"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG, ids=lambda v: str(v)[:24])
async def test_a_form_with_a_fault_comes_back_as_typed_and_leaves_nothing(
    conn, client_as, uscc, rendered, changes, field
):
    client = await client_as("officer")
    answer = await visited(client, uscc, **changes)
    assert answer.status_code == 422
    context = rendered[-1][1]
    assert field in context["faults"]
    assert context["values"]["people"] == "周会计"
    for table in (FirmVisit, FirmTask, FirmNeed):
        assert await rows(conn, table) == []


async def test_the_brief_says_what_stands_in_the_way_what_was_promised_and_whom_to_ask(conn, client_as):
    from app.firms.terms import ContactDetails

    contacts = [ContactDetails("何婉", "13800001234", "财务负责人")]
    uscc = await factories.reporting_firm(conn, contacts=contacts)
    await factories.plan(conn, uscc)
    client = await client_as("officer")
    await visited(client, uscc)
    brief = (await client.get(f"/firms/{uscc}/visits/new")).text
    for said in (
        "何婉",
        "tel:13800001234",
        "补齐第三季度辅助账",
        "水电气网",
        "新增一项发明专利申请",
        "近三年研发费用占比",
    ):
        assert said in brief


async def test_a_mistaken_visit_is_struck_by_its_author_only_and_its_open_promises_go_with_it(conn, client_as, uscc):
    mine, other = await client_as("officer"), await client_as("officer-2")
    await visited(mine, uscc)
    (visit,) = await rows(conn, FirmVisit)
    done = (await rows(conn, FirmTask))[0]
    await mine.post(f"/firms/{uscc}/tasks/{done.id}/mark", data={"state": "done"})
    address = f"/firms/{uscc}/visits/{visit.id}/strike"
    assert (await other.post(address, data={"reason": "不是我"})).status_code == 403
    assert (await mine.post(address, data={"reason": ""})).status_code == 422
    assert (await mine.post(address, data={"reason": "记到别家了"})).status_code == 303
    assert (await mine.post(address, data={"reason": "再来"})).status_code == 409
    assert sorted(t.state for t in await rows(conn, FirmTask)) == ["done", "dropped", "dropped"]
    page = (await mine.get(f"/firms/{uscc}/work")).text
    assert "记到别家了" in page
    assert "新车间已投产" in page
    assert (await trail(conn, "visit"))[-1] == "firm:visit:struck"


async def test_a_task_is_given_with_word_to_its_officer_changed_by_one_at_a_time_and_done_once(conn, client_as, uscc):
    client = await client_as("officer")
    second = await factories.person(conn, "officer-2")
    form = {"title": "催交专项审计报告", "due_on": "2026-12-01", "officer_id": str(second.id), "owner": "firm"}
    assert (await client.post(f"/firms/{uscc}/tasks/new", data=form)).status_code == 303
    (task,) = await rows(conn, FirmTask)
    assert (task.officer_id, task.owner) == (second.id, "firm")
    said = select(OutboxMessage.payload).where(OutboxMessage.kind == "work_given", OutboxMessage.user_id == second.id)
    assert "催交专项审计报告" in (await conn.execute(said)).scalar_one()["subject"]
    edit = f"/firms/{uscc}/tasks/{task.id}/edit"
    changed = {**form, "due_on": "2026-12-05", "version": "1"}
    assert (await client.post(edit, data=changed)).status_code == 303
    late = await client.post(edit, data={**changed, "title": "另一件"})
    assert late.status_code == 412
    assert "刚被别人改过" in late.text
    assert "另一件" in late.text
    mark = f"/firms/{uscc}/tasks/{task.id}/mark"
    line = {"state": "done", "version": "2", "back": "/work?whose=all&late=1"}
    unread = await client.post(mark, data=line | {"version": "1"})
    assert (unread.status_code, "催交专项审计报告（2026-12-05 前）" in unread.text) == (412, True)
    back = [(await client.post(mark, data=line)).headers["location"] for _ in "12"]
    assert set(back) == {f"/work?whose=all&late=1&done={task.id}"}
    assert 'name="version" value="3"' in (await client.get(back[0])).text
    assert (await client.post(mark, data=line | {"back": "//elsewhere.example"})).headers["location"] == "/"
    assert (await client.post(edit, data={**changed, "version": "3"})).status_code == 409
    assert (await client.post(mark, data={"state": "dropped"})).status_code == 409
    assert await trail(conn, "task") == ["firm:task:given", "firm:task:changed", "firm:task:done"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"due_on": ""}, "due_on"),
        ({"due_on": "2026-11-22"}, "due_on"),
        ({"officer_id": "谁"}, "officer_id"),
    ],
)
async def test_a_task_lacking_something_is_refused_by_field(conn, client_as, uscc, rendered, changes, field):
    client = await client_as("officer")
    me = await factories.person(conn, "officer")
    form = {"title": "核对", "due_on": "2026-12-01", "officer_id": str(me.id)}
    assert (await client.post(f"/firms/{uscc}/tasks/new", data=form | changes)).status_code == 422
    assert field in rendered[-1][1]["faults"]
    assert await rows(conn, FirmTask) == []


async def test_a_task_goes_to_nobody_who_cannot_open_the_firm(conn, client_as, uscc):
    stranger = await factories.person(conn, "town-3", scope=OTHER_TOWN)
    client = await client_as("officer")
    form = {"title": "核对", "due_on": "2026-12-01", "officer_id": str(stranger.id)}
    assert (await client.post(f"/firms/{uscc}/tasks/new", data=form)).status_code == 422


async def test_a_need_is_followed_passed_on_and_closed_with_its_answer(conn, client_as, uscc):
    client = await client_as("officer")
    second = await factories.person(conn, "officer-2")
    form = {"kind": "talent", "body": "招不到数控技工", "due_on": "2026-12-31"}
    unsaid = (await client.post(f"/firms/{uscc}/needs/new", data=form | {"kind": ""})).text
    assert "诉求类别：请选择诉求类别。" in unsaid
    assert (await client.post(f"/firms/{uscc}/needs/new", data=form)).status_code == 303
    (need,) = await rows(conn, FirmNeed)
    here = f"/firms/{uscc}/needs/{need.id}"
    step = {"body": "已转人社局", "officer_id": str(second.id), "due_on": "2027-01-15", "idempotency_key": "f-1"}
    assert {(await client.post(f"{here}/follow", data=step)).status_code for _ in "12"} == {303}
    (need,) = await rows(conn, FirmNeed)
    assert (need.officer_id, need.due_on, need.row_version) == (second.id, date(2027, 1, 15), 2)
    assert len(await rows(conn, NeedFollowUp)) == 1
    ending = {"state": "solved", "answer": "技校定向输送十人", "version": "1"}
    stale = await client.post(f"{here}/close", data=ending)
    assert stale.status_code == 412
    assert "技校定向输送十人" in stale.text
    assert (await client.post(f"{here}/close", data={**ending, "answer": "", "version": "2"})).status_code == 422
    assert (await client.post(f"{here}/close", data={**ending, "state": "open", "version": "2"})).status_code == 422
    unsaid = await client.post(
        f"{here}/close", data={**ending, "answer": "", "version": "2", "back": "/work?kind=needs"}
    )
    assert 'value="/work?kind=needs"' in unsaid.text
    over = await client.post(f"{here}/close", data={**ending, "version": "2", "back": "/work?kind=needs"})
    assert (over.status_code, over.headers["location"]) == (303, "/work?kind=needs")
    assert (await client.post(f"{here}/follow", data={"body": "还有"})).status_code == 409
    page = (await client.get(here)).text
    assert "技校定向输送十人" in page
    assert "已转人社局" in page
    assert await trail(conn, "need") == ["firm:need:raised", "firm:need:followed", "firm:need:closed"]


async def test_the_next_touch_is_set_and_taken_back_by_itself(conn, client_as, uscc):
    client = await client_as("manager")
    for sent, kept in (("2026-12-01", date(2026, 12, 1)), ("", None)):
        assert (await client.post(f"/firms/{uscc}/next-touch", data={"next_touch_on": sent})).status_code == 303
        assert (await firm_row(conn, uscc)).next_touch_on == kept
    refused = await client.post(f"/firms/{uscc}/next-touch", data={"next_touch_on": "2026-11-01"})
    assert refused.status_code == 422
    assert "不能早于今天" in refused.text


async def test_another_firms_work_is_not_found_by_its_id(conn, client_as, uscc):
    client = await client_as("officer")
    await visited(client, uscc)
    other = await factories.firm(conn)
    (visit,), task, (need,) = await rows(conn, FirmVisit), (await rows(conn, FirmTask))[0], await rows(conn, FirmNeed)
    for method, path, data in (
        ("POST", f"visits/{visit.id}/strike", {"reason": "x"}),
        ("GET", f"tasks/{task.id}/edit", {}),
        ("POST", f"tasks/{task.id}/mark", {"state": "done"}),
        ("GET", f"needs/{need.id}", {}),
        ("POST", f"needs/{need.id}/follow", {"body": "x"}),
        ("POST", f"needs/{need.id}/close", {"state": "solved", "answer": "x", "version": "1"}),
    ):
        answer = await client.request(method, f"/firms/{other}/{path}", data=data or None)
        assert (path, answer.status_code) == (path, 404)
    assert (await rows(conn, FirmTask))[0].state == "open"


async def test_the_firm_itself_reads_nothing_of_it(conn, client_as, uscc):
    officer = await client_as("officer")
    await visited(officer, uscc)
    clerk = await client_as("firm", firm_id=await factories.id_of(conn, uscc))
    assert (await clerk.get(f"/firms/{uscc}/work")).status_code == 403
    own = (await clerk.get(f"/firms/{uscc}")).text
    for secret in ("新车间", "寄送申报材料清单", "限电", "/work"):
        assert secret not in own


async def test_a_firm_that_was_visited_is_not_taken_back_with_its_roster(conn, client_as, uscc):
    from app.work.queries import served

    idle = await factories.id_of(conn, await factories.firm(conn))
    firm_id = await factories.id_of(conn, uscc)
    assert await served(conn, [firm_id, idle]) == set()
    await visited(await client_as("officer"), uscc)
    assert await served(conn, [firm_id, idle]) == {firm_id}


async def test_the_leaf_asks_a_bounded_number_of_statements_however_much_there_is(conn, client_as, uscc, statements):
    client = await client_as("officer")
    counts = []
    for _ in "12":
        await visited(client, uscc)
        await client.get(f"/firms/{uscc}/work")
        statements.clear()
        await client.get(f"/firms/{uscc}/work")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 20


async def test_programs_do_the_same_and_are_told_the_same(conn, api_as, uscc):
    api = await api_as("officer")
    here = f"/api/v1/firms/{uscc}"
    body = {"summary": "电话沟通", "kind": "phone", "next_touch_on": "2026-12-10", "theirs": ["补辅助账"]}
    made = await api.post(f"{here}/visits", json=body, headers={"idempotency-key": "a"})
    again = await api.post(f"{here}/visits", json=body, headers={"idempotency-key": "a"})
    assert (made.status_code, again.status_code) == (201, 201)
    assert made.json() == again.json()
    assert [v["summary"] for v in (await api.get(f"{here}/visits")).json()["items"]] == ["电话沟通"]
    (task,) = (await api.get(f"{here}/tasks")).json()["items"]
    patch = {"due_on": "2026-12-20"}
    path = f"{here}/tasks/{task['id']}"
    assert (await api.patch(path, json=patch)).status_code == 428
    assert (await api.patch(path, json=patch, headers={"if-match": '"7"'})).status_code == 412
    changed = await api.patch(path, json=patch, headers={"if-match": '"1"'})
    assert (changed.json()["due_on"], changed.headers["etag"]) == ("2026-12-20", '"2"')
    (mine,) = (await api.get("/api/v1/tasks")).json()["items"]
    assert (mine["id"], mine["uscc"], mine["due_on"]) == (task["id"], uscc, "2026-12-20")
    assert (await api.get("/api/v1/tasks", params={"late": "1"})).json() == {"items": [], "next": None}
    assert (await api.get("/api/v1/tasks", params={"whose": "谁"})).status_code == 422
    assert (await api.post(f"{path}/mark", json={"state": "done", "version": 1})).status_code == 412
    assert (await api.post(f"{path}/mark", json={"state": "done", "version": 2})).json()["state"] == "done"
    assert (await api.post(f"{path}/mark", json={"state": "maybe"})).status_code == 422
    assert [(v["uscc"], v["summary"]) for v in (await api.get("/api/v1/visits")).json()["items"]] == [
        (uscc, "电话沟通")
    ]
    assert (await api.get("/api/v1/visits", params={"month": "2026-10"})).json() == {"items": [], "next": None}
    assert (await api.get("/api/v1/visits", params={"month": "2026-13"})).status_code == 422
    need = (await api.post(f"{here}/needs", json={"kind": "finance", "body": "要贷款"})).json()
    listed = [(await api.get("/api/v1/needs", params={"whose": w})).json()["items"] for w in ("mine", "all")]
    assert [[n["id"] for n in items] for items in listed] == [[need["id"]]] * 2
    followed = await api.post(f"{here}/needs/{need['id']}/follow", json={"body": "已对接银行"})
    assert [f["body"] for f in followed.json()["follow_ups"]] == ["已对接银行"]
    ending = {"state": "answered", "answer": "已放款", "version": 2}
    assert (await api.post(f"{here}/needs/{need['id']}/close", json=ending)).json()["state"] == "answered"
    wrong = await api.post(f"{here}/visits", json={"summary": ""})
    assert wrong.json()["errors"] == {"summary": "请写一两句谈了什么。"}


async def test_out_of_sight_is_not_there(conn, client_as, api_as):
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    uscc = await factories.firm(conn, region="440784")
    assert (await visited(await client_as("officer"), uscc)).status_code == 404
    assert (await (await api_as("officer")).get(f"/api/v1/firms/{uscc}/visits")).status_code == 404
    assert (await conn.execute(select(func.count()).select_from(FirmVisit))).scalar_one() == 0
