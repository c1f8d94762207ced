"""One firm, one record: duplicates found while typing and in a list; two made one, and taken back to the last row."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from app.audit.models import AuditEvent
from app.db import Base
from app.firms.duplicates import alike, core, likeness, twins
from app.firms.models import Firm, Region
from app.firms.terms import ContactDetails
from tests import factories
from tests.factories import TOWN
from tests.harness import NOON

NAME = "开平市长兴卫浴有限公司"
# What a merge and its undoing add to, by design; the rest of the house must be as it was.
GROWS = {"audit_events", "firm_merges", "changed_firms", "outbox_messages", "user_sessions", "idempotency_keys"}


async def dump(conn: Any) -> dict[str, list[str]]:
    found = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in GROWS:
            row = "(to_jsonb(t) - 'version')" if table.name == "firms" else "to_jsonb(t)"
            found[table.name] = sorted((await conn.execute(text(f"SELECT {row}::text FROM {table.name} t"))).scalars())
    # Counts are kept as deltas that are appended; what they come to is what must be the same.
    counted = (
        "SELECT tier || ' ' || region_code || ' ' || sum(n) FROM tier_count_deltas "
        "GROUP BY tier, region_code HAVING sum(n) <> 0"
    )
    found["tier_count_deltas"] = sorted((await conn.execute(text(counted))).scalars())
    return found


async def firm_row(conn: Any, uscc: str) -> Any:
    return (await conn.execute(select(Firm.__table__).where(Firm.uscc == uscc))).one()


async def trail(conn: Any) -> list[str]:
    query = select(AuditEvent.action).where(AuditEvent.action.like("firm:record:merge%")).order_by(AuditEvent.id)
    return list((await conn.execute(query)).scalars())


@pytest.fixture
async def pair(conn):
    """Two records of one firm, each with a life of its own."""
    kept = await factories.firm(
        conn, NAME, tags=["重点跟进"], contacts=[ContactDetails("何婉", "13800001234")], address="水口镇"
    )
    gone = await factories.reporting_firm(
        conn,
        "开平长兴洁具厂",
        tags=["出口"],
        contacts=[ContactDetails("何婉", "13800001234"), ContactDetails("周会计", "13900001234")],
        former_names=["长兴五金厂"],
        park="翠山湖",
    )
    await factories.certificate(conn, gone, number="GR202444009999")
    await factories.move(conn, gone, "tech_micro", on=NOON.date() - timedelta(days=300))
    await factories.plan(conn, gone)
    await factories.visit(conn, gone)
    await factories.plan(conn, kept, policy="gazelle")
    return kept, gone


async def form(client: Any, kept: str, gone: str) -> dict[str, str]:
    """What the preview would send as it stands."""
    page = await client.get(f"/firms/{kept}/merge?with={gone}")
    assert page.status_code == 200
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    chosen = re.findall(r'name="(take\.\w+)" value="(\w+)"[^>]*checked', page.text)
    return {**hidden, **dict(chosen)}


async def merged(client: Any, kept: str, gone: str, **changes: str) -> Any:
    return await client.post(f"/firms/{kept}/merge", data=await form(client, kept, gone) | changes)


async def lived_in(officer: Any, manager: Any, kept: str, gone: str) -> None:
    """Followed by both, by one of them on both records; a colleague named; work in every state; a bulk act's result."""
    for client, firms in ((officer, (kept, gone)), (manager, (gone,))):
        for uscc in firms:
            assert (await client.post(f"/firms/{uscc}/follow", data={"on": "yes"})).status_code == 303
    note = await officer.post(f"/firms/{gone}/notes", data={"text": "材料已寄出，请 @陈局 过目"})
    assert note.status_code == 303
    need = {"kind": "utility", "body": "夏季限电，请 @陈局 协调", "due_on": "2026-12-31"}
    assert (await officer.post(f"/firms/{gone}/needs/new", data=need)).status_code == 303
    act = {"kind": "tag_add", "tag": "核对年报", "pick": f"{kept} {gone}"}
    done = await officer.post("/bulk", data=act)
    assert done.status_code == 303, done.text
    assert (await officer.post(f"{done.headers['location']}/confirm")).status_code == 303


async def test_a_merged_record_leads_to_the_one_that_was_kept_and_offers_the_way_back_and_nothing_else(
    conn, client_as, pair
):
    kept, gone = pair
    client = await client_as("officer")
    await merged(client, kept, gone)
    page = (await client.get(f"/firms/{gone}")).text
    main = page[page.index("<main") : page.index("</main>")]
    acts = re.findall(r'<form[^>]* action="([^"]+)"', main)
    ((merge_id,),) = [re.findall(r"^/firms/merges/([^/]+)/undo$", act) for act in acts if "contacts" not in act]
    assert not re.search(r'href="[^"]*/(edit|move|merge|visits/new|certificates/new)"', main)
    work = (await client.get(f"/firms/{gone}/work")).text
    assert "只供查看" in work
    assert "/visits/new" not in work[work.index("<main") :]
    me = await factories.person(conn, "officer")
    typed = dict.fromkeys(("text", "title", "summary", "body", "remark"), "x") | {"officer_id": str(me.id)}
    typed |= {"version": f"{(await firm_row(conn, gone)).version}", "visited_on": "2026-11-23", "due_on": "2026-12-30"}
    for act in ("notes", "tasks/new", "needs/new", "visits/new", "edit"):
        kind = {"kind": "on_site" if act == "visits/new" else "other"}
        refused = await client.post(f"/firms/{gone}/{act}", data=typed | kind)
        assert (refused.status_code, "已并入别的企业" in refused.text) == (409, True), act
    seen, who = [f"/firms/{one}" for one in (gone, kept)], (client, await client_as("town"))
    assert [f"{merge_id}/undo" in (await w.get(one)).text for one in seen for w in who] == [True, False] * 2
    undone = await client.post(f"/firms/merges/{merge_id}/undo", data={"back": f"/firms/{gone}"})
    assert undone.headers["location"] == f"/firms/{gone}"
    assert "已并入" not in (await client.get(f"/firms/{gone}")).text


async def test_two_records_become_one_and_nothing_of_either_is_lost(conn, client_as, pair):
    kept, gone = pair
    client = await client_as("officer")
    preview = (await client.get(f"/firms/{kept}/merge?with={gone}")).text
    for said in ("翠山湖", "水口镇", "年度数据：移过来 4 条", "联系人：移过来 1 条，1 条因", "一企一策：移过来 1 条"):
        assert said in preview
    assert (await merged(client, kept, gone)).status_code == 303
    after, left = await firm_row(conn, kept), await firm_row(conn, gone)
    assert (after.name, after.address, after.park, after.status) == (NAME, "水口镇", "翠山湖", "active")
    assert (left.status, left.tier) == ("merged", "tech_micro")
    page = (await client.get(f"/firms/{kept}")).text
    for said in ("周会计", "GR202444009999", "开平长兴洁具厂", "长兴五金厂", "重点跟进", "出口", "新车间已投产"):
        assert said in page
    assert page.count("何婉") == 1
    assert f'已并入 <a href="/firms/{kept}">' in (await client.get(f"/firms/{gone}")).text
    for asked in ("长兴洁具", "GR202444009999", "周会计"):
        found = (await client.get(f"/firms?q={asked}")).text
        assert f"/firms/{kept}" in found
    assert await trail(conn) == ["firm:record:merged"] * 2


async def test_of_two_of_one_name_the_codes_say_which_is_kept_and_no_name_is_a_former_one(conn, client_as):
    kept, gone = [await factories.firm(conn, NAME) for _ in "12"]
    client = await client_as("officer")
    preview = (await client.get(f"/firms/{kept}/merge?with={gone}")).text
    assert f"合并后保留 {NAME}（{kept}）；{NAME}（{gone}）这条记录标为" in preview
    assert "记为曾用名" not in preview
    assert (await merged(client, kept, gone)).status_code == 303
    page = (await client.get(f"/firms/{kept}")).text
    assert "曾用名" not in page[page.index("<main") :]
    left = (await client.get(f"/firms/{gone}")).text
    assert "在上面记一笔" not in left


async def test_the_name_that_was_chosen_of_the_other_record_is_not_among_the_former_ones(conn, client_as, pair):
    kept, gone = pair
    client = await client_as("officer")
    assert "没有选用的记为曾用名" in (await client.get(f"/firms/{kept}/merge?with={gone}")).text
    assert (await merged(client, kept, gone, **{"take.name": "gone"})).status_code == 303
    query = text("SELECT f.name FROM former_names f JOIN firms ON firms.id = firm_id WHERE uscc = :kept")
    former = await conn.execute(query, {"kept": kept})
    assert set(former.scalars()) == {NAME, "长兴五金厂"}


async def test_undone_every_row_of_the_house_is_as_it_was(conn, client_as, pair, rendered):
    kept, gone = pair
    client = await client_as("officer")
    await lived_in(client, await client_as(await factories.person(conn, "manager", name="陈局")), kept, gone)
    before = await dump(conn)
    await merged(client, kept, gone, **{"take.address": "gone", "take.name": "gone"})
    assert await dump(conn) != before
    await client.get("/firms/duplicates")
    (made,) = rendered[-1][1]["merges"]
    assert (await client.post(f"/firms/merges/{made.id}/undo")).status_code == 303
    assert await dump(conn) == before
    assert (await client.post(f"/firms/merges/{made.id}/undo")).status_code == 409
    assert await trail(conn) == ["firm:record:merged"] * 2 + ["firm:record:merge_undone"] * 2
    assert (await merged(client, gone, kept)).status_code == 303, "and the other way round it goes as well"


async def test_what_somebody_has_edited_since_is_not_written_over_by_undoing(conn, client_as, pair, rendered):
    kept, gone = pair
    client = await client_as("officer")
    await merged(client, kept, gone)
    version = (await firm_row(conn, kept)).version
    await client.post(f"/firms/{kept}/edit", data={"remark": "新备注", "version": str(version)})
    await client.get("/firms/duplicates")
    refused = await client.post(f"/firms/merges/{rendered[-1][1]['merges'][0].id}/undo")
    assert refused.status_code == 409
    assert NAME in refused.text
    assert (await firm_row(conn, kept)).remark == "新备注"


async def test_work_done_since_goes_back_as_it_is_now_and_new_work_stays(conn, client_as, pair, rendered):
    from app.work.models import FirmTask

    kept, gone = pair
    client = await client_as("officer")
    await merged(client, kept, gone)
    me = await factories.person(conn, "officer")
    new = {"title": "合并后布置的", "due_on": "2026-12-30", "officer_id": str(me.id)}
    await client.post(f"/firms/{kept}/tasks/new", data=new)
    old = (await conn.execute(select(FirmTask.id).where(FirmTask.title == "寄送申报材料清单"))).scalar_one()
    await client.post(f"/firms/{kept}/tasks/{old}/mark", data={"state": "done"})
    await client.get("/firms/duplicates")
    await client.post(f"/firms/merges/{rendered[-1][1]['merges'][0].id}/undo")
    whose = select(FirmTask.title, FirmTask.state, Firm.uscc).join(Firm, Firm.id == FirmTask.firm_id)
    rows = {title: (state, uscc) for title, state, uscc in await conn.execute(whose)}
    assert rows["寄送申报材料清单"] == ("done", gone)
    assert rows["合并后布置的"] == ("open", kept)


async def test_a_merge_that_was_looked_at_before_somebody_elses_edit_is_refused_and_can_be_looked_at_anew(
    conn, client_as, pair
):
    kept, gone = pair
    client = await client_as("officer")
    stale = await form(client, kept, gone)
    version = (await firm_row(conn, gone)).version
    await client.post(f"/firms/{gone}/edit", data={"address": "月山镇", "version": str(version)})
    refused = await client.post(f"/firms/{kept}/merge", data=stale)
    assert refused.status_code == 412
    assert "月山镇" in refused.text
    assert (await firm_row(conn, gone)).status == "active"
    assert (await merged(client, kept, gone)).status_code == 303


async def test_the_same_form_twice_is_one_merge_and_a_merged_one_is_not_merged_again(conn, client_as, pair):
    kept, gone = pair
    client = await client_as("officer")
    sent = await form(client, kept, gone)
    assert {(await client.post(f"/firms/{kept}/merge", data=sent)).status_code for _ in "12"} == {303}
    again = await merged(client, kept, gone)
    assert again.status_code == 409
    assert f"（{gone}） 已经并入" in again.text
    itself = await client.get(f"/firms/{kept}/merge?with={kept}")
    assert itself.status_code == 422


async def test_a_move_that_waits_is_decided_first(conn, client_as, pair):
    kept, gone = pair
    client = await client_as("officer")
    asked = {"to": "hnte", "reason": "条件具备", "expected": "tech_micro", "effective_on": f"{NOON.date()}"}
    asked |= {"override": "1", "override_reason": "特例"}
    answer = await client.post(f"/firms/{gone}/move", data=asked)
    assert answer.status_code in (200, 303), answer.text
    waiting = (await conn.execute(text("SELECT count(*) FROM move_requests WHERE state = 'pending'"))).scalar_one()
    assert waiting == 1
    refused = await merged(client, kept, gone)
    assert refused.status_code == 409
    assert "等第二人复核" in refused.text


async def test_neither_record_out_of_sight_can_be_had(conn, client_as, pair):
    kept, _ = pair
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    far = await factories.firm(conn, "鹤山市长兴卫浴有限公司", region="440784")
    client = await client_as("officer")
    refused = await client.get(f"/firms/{kept}/merge?with={far}")
    assert refused.status_code == 422
    assert "鹤山市长兴" not in refused.text
    sent = {"gone": far, "kept_version": "1", "gone_version": "1"}
    assert (await client.post(f"/firms/{kept}/merge", data=sent)).status_code == 404
    assert (await client.get(f"/firms/similar?name={NAME}")).text.count("鹤山市") == 0


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        (NAME, "长兴卫浴"),
        ("广东长兴卫浴股份有限公司", "长兴卫浴"),
        ("开平市长兴卫浴（集团）有限公司", "长兴卫浴"),
        ("开平市厂", "开平市厂"),
        ("江门市开平市好运来有限责任公司", "好运来"),
    ],
)
def test_a_names_core_is_what_is_left_without_place_and_form(name, bare):
    assert core(name) == bare


def test_likeness_is_the_share_of_pairs_in_common():
    assert likeness("长兴卫浴", "长兴卫浴") == 1
    assert likeness("长兴卫浴", "新光机械") == 0
    assert 0 < likeness("长兴卫浴", "大兴卫浴") < 1


async def test_a_firm_is_found_by_its_code_its_name_its_former_name_its_sound_and_the_like(conn):
    officer = await factories.person(conn, "officer")
    code = await factories.firm(conn, "开平市别的有限公司")
    await factories.firm(conn, NAME)
    await factories.firm(conn, "开平市新光有限公司", former_names=[NAME])
    await factories.firm(conn, "开平市长星卫浴有限公司")
    await factories.firm(conn, "广东长兴卫浴科技有限公司")
    await factories.firm(conn, "开平市毫不相干有限公司")
    found = {a.name: a.why for a in await alike(conn, name=NAME, uscc=code, viewer=officer.viewer)}
    assert found == {
        "开平市别的有限公司": "信用代码相同",
        NAME: "名称相同",
        "开平市新光有限公司": "曾用这个名称",
        "开平市长星卫浴有限公司": "名称同音",
        "广东长兴卫浴科技有限公司": "名称相近",
    }


async def test_the_list_pairs_what_sounds_the_same_and_what_was_renamed(conn):
    officer = await factories.person(conn, "officer")
    first = await factories.firm(conn, NAME)
    second = await factories.firm(conn, NAME)
    third = await factories.firm(conn, "开平市新光有限公司", former_names=["开平市老光有限公司"])
    fourth = await factories.firm(conn, "开平市老光有限公司")
    await factories.firm(conn, "开平市独一有限公司")
    pairs = {(frozenset((t.one[0], t.other[0])), t.why) for t in await twins(conn, viewer=officer.viewer)}
    assert pairs == {
        (frozenset((first, second)), "名称相同"),
        (frozenset((fourth, third)), "后者曾用名与前者相同"),
    }
    town = await factories.person(conn, "town-2", scope=factories.OTHER_TOWN)
    assert await twins(conn, viewer=town.viewer) == []


async def test_the_list_pairs_what_differs_in_place_and_form_alone_and_forgets_what_was_told_apart(
    conn, client_as, api_as
):
    first = await factories.firm(conn, NAME)
    second = await factories.firm(conn, "广东长兴卫浴（集团）股份有限公司")
    await factories.firm(conn, "开平市长兴卫浴科技有限公司")
    await factories.firm(conn, "开平市厂")
    await factories.firm(conn, "广东厂")  # of which nothing is left
    officer = await factories.person(conn, "officer")
    client, api = await client_as("officer"), await api_as("officer")

    async def pairs() -> list[tuple[set[str], str]]:
        return [({t.one[0], t.other[0]}, t.why) for t in await twins(conn, viewer=officer.viewer)]

    assert await pairs() == [({first, second}, "名称相近")]
    told = {"one": second, "other": first}
    for _ in "12":
        assert (await client.post("/firms/duplicates/apart", data=told)).status_code == 303
    assert await pairs() == []
    assert "重新列出" in (await client.get("/firms/duplicates")).text
    trail_of = select(AuditEvent.action).where(AuditEvent.action == "firm:record:told_apart")
    assert len((await conn.execute(trail_of)).all()) == 2
    again = {"uscc": first, "other_uscc": second, "apart": False}
    for _ in "12":
        assert (await api.put("/api/v1/duplicates/apart", json=again)).json() == again
    assert await pairs() == [({first, second}, "名称相近")]
    itself = await client.post("/firms/duplicates/apart", data={"one": first, "other": first})
    assert itself.status_code == 422
    await conn.execute(insert(Region).values(code="440784", name="鹤山市", kind="county", source=""))
    far = await factories.firm(conn, region="440784")
    assert (await client.post("/firms/duplicates/apart", data={"one": first, "other": far})).status_code == 404


async def test_a_new_firm_of_a_known_name_is_made_only_by_who_says_it_is_another(conn, client_as):
    await factories.firm(conn, NAME)
    client = await client_as("officer")
    shown = (await client.get(f"/firms/similar?name={NAME}")).text
    assert "名称相同" in shown
    sent = {"name": NAME, "uscc": "91440783M159083022", "region_code": TOWN, "status": "active"}
    asked = await client.post("/firms/new", data=sent)
    assert asked.status_code == 409
    assert "确认不是同一家" in asked.text
    assert (await client.post("/firms/new", data=sent | {"sure": "1"})).status_code == 303


async def test_programs_merge_and_take_back_with_the_versions_that_they_read(conn, api_as, pair):
    kept, gone = pair
    api = await api_as("officer")
    versions = {"version": (await firm_row(conn, kept)).version, "gone_version": (await firm_row(conn, gone)).version}
    here = f"/api/v1/firms/{kept}/merge"
    assert (await api.post(here, json={"gone": gone, **versions, "version": 99})).status_code == 412
    assert (await api.post(here, json={"gone": gone, **versions, "take": ["uscc"]})).status_code == 422
    assert (await api.post(here, json={"gone": "91440783M159083022", **versions})).status_code == 404
    before = await dump(conn)
    look = (await api.get(f"{here}/{gone}")).json()
    assert (look["version"], look["gone_version"]) == (versions["version"], versions["gone_version"])
    assert ("park", "翠山湖") in {(f["name"], f["gone"]) for f in look["fields"]}
    assert (await api.get(f"{here}/{kept}")).status_code == 422
    made = await api.post(here, json={"gone": gone, **versions, "take": ["park"]}, headers={"idempotency-key": "m"})
    again = await api.post(here, json={"gone": gone, **versions, "take": ["park"]}, headers={"idempotency-key": "m"})
    assert (made.status_code, again.json()) == (201, made.json())
    assert (await firm_row(conn, kept)).park == "翠山湖"
    (listed,) = (await api.get("/api/v1/merges")).json()["items"]
    assert (listed["id"], listed["uscc"], listed["gone"], listed["state"]) == (made.json()["id"], kept, gone, "done")
    alike_now = (await api.get("/api/v1/alike", params={"name": NAME})).json()["items"]
    assert (kept, "名称相同") in {(a["uscc"], a["why"]) for a in alike_now}
    undone = await api.post(f"/api/v1/merges/{made.json()['id']}/undo")
    assert (undone.json()["state"], await dump(conn) == before) == ("undone", True)
    assert (await (await api_as("town")).get("/api/v1/duplicates")).status_code == 403


async def test_the_list_of_pairs_is_there_for_programs(conn, api_as):
    first, second = [await factories.firm(conn, NAME) for _ in "12"]
    (pair,) = (await (await api_as("officer")).get("/api/v1/duplicates")).json()["items"]
    assert {pair["uscc"], pair["other_uscc"]} == {first, second}
