"""A carrier's rooms and tenancies as a file: out as it stands, in after a look, all of it or nothing, and back."""

import csv
import io
import uuid
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy import func, insert, select, text, update

from app.audit.models import AuditEvent
from app.carriers.models import CarrierSpace, CarrierTeam, TenancyEventRow, TenancyProposal, TenancyRow
from app.carriers.moving import link_team
from app.collecting.models import CollectionAnswer
from tests import factories, houses
from tests.harness import NOON

HEAD = "楼栋,楼层,房间,面积（㎡）,统一社会信用代码,企业或团队,租期起,租期止,协议编号"
TEAMS = "楼栋,楼层,房间,面积（㎡）,企业或团队,租期起"


@pytest.fixture
async def held(conn):
    return await houses.carrier(conn)


async def send(browser, held, *lines, act="check", head=HEAD):
    here = f"/carriers/{held.id}/rooms"
    return await houses.bring_list(browser, here, "房间.csv", "\n".join((head, *lines)), act=act)


async def rows(browser, held):
    answer = await browser.post(f"/carriers/{held.id}/rooms/export.csv")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def count(conn, table):
    return (await conn.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_list_is_looked_at_taken_whole_and_the_same_again_changes_nothing(conn, client_as, held):
    officer = await client_as("officer")
    uscc = await factories.firm(conn, "开平市表格机械有限公司")
    lines = [
        f"A 座,3,301,120.5,{uscc},,2026-01-01,2026-12-31,",
        "A 座,3,302,80,,@示例团队,2026-03-01,,协-1",
        "A 座,4,401,60,,,,,",
    ]
    looked = await send(officer, held, *lines)
    assert (looked.status_code, "新增 3 · 更新 0 · 不变 0 · 错误 0" in looked.text) == (200, True)
    assert "新增房间（一直就有）；办理入驻" in looked.text
    assert await count(conn, CarrierSpace) == 0
    assert "已导入" in (await send(officer, held, *lines, act="import")).text
    out = await rows(officer, held)
    assert [
        (r["房间"], r["面积（㎡）"], r["统一社会信用代码"], r["企业或团队"], r["租期止"], r["独用"]) for r in out
    ] == [
        ("301", "120.50", uscc, "开平市表格机械有限公司", "2026-12-31", "是"),
        ("302", "80.00", "", "'@示例团队", "", "是"),
        ("401", "60.00", "", "", "", "是"),
    ]
    assert "不变 3" in (await send(officer, held, *lines, act="import")).text
    longer = await send(officer, held, lines[0].replace("2026-12-31,", "2027-12-31,协-9"), act="import")
    assert "续租至 2027-12-31，改协议内容" in longer.text
    workbook = await officer.post(f"/carriers/{held.id}/rooms/export.xlsx")
    files = {"file": ("房间.xlsx", workbook.content, "application/octet-stream")}
    again = await officer.post(f"/carriers/{held.id}/rooms/import", files=files)
    assert "不变 3" in (await officer.get(again.headers["location"])).text
    out = (await officer.post(f"/carriers/{held.id}/rooms/export.csv")).text.lstrip("\ufeff").splitlines()
    assert "不变 3" in (await send(officer, held, *out[1:], head=out[0])).text
    actions = (await conn.execute(select(AuditEvent.action).where(AuditEvent.action.like("carrier:rooms:%")))).scalars()
    assert sorted(actions) == ["carrier:rooms:exported"] * 3 + ["carrier:rooms:imported"] * 3


async def test_a_room_let_twice_says_who_has_it_until_when_and_nothing_of_the_list_stays(conn, client_as, held):
    officer = await client_as("officer")
    await houses.tenancy(conn, held, await houses.space(conn, held), "已在的团队")
    lines = [
        "A 座,5,501,50,,新团队,2026-05-01,,",
        "A 座,3,301,,,后来的团队,2026-12-31,2027-06-30,",
        "A 座,3,301,,,次日的团队,2027-01-01,2027-06-30,",
        "A 座,6,601,,,没有面积,2026-05-01,,",
        "A 座,5,501,,,新团队,2026-05-01,,",
        "A 座,3,301,,,已在的团队,2026-01-01,2026-06-30,",
        "A 座,7,701,50,,=1+1,2026-05-01,,",
    ]
    for act, status in (("check", 200), ("import", 409)):
        answer = await send(officer, held, *lines, act=act)
        assert (answer.status_code, "新增 2 · 更新 0 · 不变 0 · 错误 5" in answer.text) == (status, True), act
        assert "A 座 3层 301 已由 已在的团队 租用：2026-01-01 起至 2026-12-31。" in answer.text
        assert "请填写面积。" in answer.text
        assert "“企业或团队”是公式或错误值" in answer.text
        assert "与第 2 行是同一份租约。" in answer.text
        assert "提前结束的请办退出" in answer.text
    assert (await count(conn, CarrierSpace), await count(conn, TenancyRow)) == (1, 1)
    forgotten = await send(officer, held, lines[0], ",,,80,,,,,", ",,,,,,,,")
    assert "新增 1 · 更新 0 · 不变 0 · 错误 1" in forgotten.text, "an area without its room is no empty row"
    assert "请填写房间号或工位区名称" in forgotten.text
    unreadable = await send(officer, held, "甲,乙", head="名称,数量")
    assert (unreadable.status_code, "没有找到表头" in unreadable.text) == (422, True)


async def test_an_operator_brings_in_its_own_carrier_and_a_firm_only_as_a_proposal(conn, client_as, held):
    operator = await client_as(await houses.operator(conn, held))
    uscc = await factories.firm(conn, "开平市待确认机械有限公司")
    line = f"A 座,3,301,100,{uscc},,{date(2026, 12, 1)},,"
    said = await send(operator, held, line, "A 座,3,302,100,,自己的团队,2026-12-01,,", act="import")
    assert "提议入驻，企业或主管部门确认后生效" in said.text
    assert "开平市待确认机械有限公司" not in said.text
    assert (await count(conn, TenancyProposal), await count(conn, TenancyRow)) == (1, 1)
    assert "已提议入驻，等企业或主管部门确认" in (await send(operator, held, line)).text
    other = await houses.carrier(conn, "另一家孵化器")
    assert (await send(operator, other, line)).status_code == 404
    assert (await operator.post(f"/carriers/{other.id}/rooms/export.csv")).status_code == 404
    template = await operator.get(f"/carriers/{held.id}/rooms/template.xlsx")
    assert template.headers["content-type"].startswith("application/vnd.openxmlformats")


async def test_a_list_lets_nobody_be_incubated_whom_the_conditions_do_not_suit_without_a_ground(conn, client_as, held):
    officer = await client_as("officer")
    grown = await factories.firm(conn, "开平市老牌机械有限公司", registered_on=date(2015, 3, 1))
    head = f"{HEAD},在孵,入孵依据"
    line = f"A 座,3,301,100,{grown},,2026-12-01,,"
    refused = await send(officer, held, f"{line},,", act="import", head=head)
    assert refused.status_code == 409
    assert "开平市老牌机械有限公司 不符合在孵企业的条件" in refused.text
    assert "24" in refused.text
    for ending in (",是,专家评审通过", ",否,"):
        taken = await send(officer, held, line + ending, act="import", head=head)
        assert "错误 0" in taken.text
        (entry,) = (await conn.execute(select(TenancyRow.entry))).scalars()
        assert (entry["stated"] if entry else None) == ("专家评审通过" if "是" in ending else None)
        if entry:
            (row,) = await rows(officer, held)
            assert row["入孵依据"] == "专家评审通过"
            assert (await officer.post(f"{taken.url.path}/undo")).status_code == 303


async def standing(conn):
    """All that a list can write, as it stands."""
    said = "SELECT row_to_json(t)::jsonb - '{version,updated_at}'::text[] FROM %s t ORDER BY 1::text"
    tables = ("carrier_spaces", "tenancies", "carrier_teams", "tenancy_proposals")
    return [[row[0] for row in await conn.execute(text(said % table))] for table in tables]


async def test_a_list_is_taken_back_to_what_there_was_and_what_was_worked_on_since_is_left_and_named(
    conn, client_as, held
):
    officer = await client_as("officer")
    room = await houses.space(conn, held)
    await houses.tenancy(conn, held, room, "老团队")
    await houses.space(conn, held, "302")
    before = await standing(conn)
    lines = [
        "A 座,3,301,,,老团队,2026-01-01,2027-06-30,协-2",
        "A 座,3,302,88,,新团队,2026-03-01,,",
        "A 座,4,401,60,,乙队,2026-04-01,2026-12-31,",
        "A 座,4,401,,,丙队,2027-01-01,,",
        "A 座,5,501,45,,,,,",
    ]
    done = await send(officer, held, *lines, act="import")
    assert "已导入" in done.text
    assert await standing(conn) != before
    batch = str(done.url.path)
    assert batch in (await officer.get(f"/carriers/{held.id}/rooms/import")).text
    undone = await officer.post(f"{batch}/undo")
    assert undone.status_code == 303
    assert "已撤销 5 行。" in (await officer.get(batch)).text
    assert await standing(conn) == before
    assert (await officer.post(f"{batch}/undo")).status_code == 409, "once"
    events = select(TenancyEventRow.reason).where(TenancyEventRow.reason == "撤销导入")
    assert len((await conn.execute(events)).all()) == 4, "what was known of those days until now stays"

    again = str((await send(officer, held, *lines, act="import")).url.path)
    query = select(TenancyRow.id, TenancyRow.version).join(CarrierTeam, CarrierTeam.id == TenancyRow.team_id)
    late, version = (await conn.execute(query.where(CarrierTeam.name == "丙队"))).one()
    changed = {"version": str(version), "agreement_no": "协-手改"}
    assert (await officer.post(f"/tenancies/{late}/agreement", data=changed)).status_code == 303
    assert (await officer.post(f"{again}/undo")).status_code == 303
    page = (await officer.get(again)).text
    why = "第 4 行 乙队（A 座 4层 401 已经有租约或提议）、第 5 行 丙队（导入之后改过）。"
    assert f"已撤销 3 行。导入之后又有变动的 2 行没有撤销：{why}" in page, "the room is in use"
    left = [room["room"] for room in (await standing(conn))[0]]
    assert sorted(left) == ["301", "302", "401"]


async def test_a_list_that_proposed_a_firm_for_a_new_room_is_taken_back_with_its_proposal(conn, client_as, held):
    operator = await client_as(await houses.operator(conn, held))
    before = await standing(conn)
    lines = [f"A 座,3,{room},100,{await factories.firm(conn)},,2026-12-01,," for room in ("303", "304")]
    batch = str((await send(operator, held, *lines, act="import")).url.path)
    assert (await operator.post(f"{batch}/undo")).status_code == 303
    assert "已撤销 2 行。" in (await operator.get(batch)).text
    assert await standing(conn) == before
    again = str((await send(operator, held, *lines, act="import")).url.path)
    latest = select(TenancyProposal.id).order_by(TenancyProposal.id.desc()).limit(1)
    proposal = (await conn.execute(latest)).scalar_one()
    assert (await (await client_as("officer")).post(f"/proposals/{proposal}/confirm")).status_code == 303
    assert (await operator.post(f"{again}/undo")).status_code == 303
    assert "已撤销 1 行。导入之后又有变动的 1 行没有撤销" in (await operator.get(again)).text, "whoever is in stays"


async def test_what_was_looked_at_is_what_is_written_by_whoever_looked_and_faults_come_back_in_red(
    conn, client_as, held
):
    officer, operator = await client_as("officer"), await client_as(await houses.operator(conn, held))
    looked = await send(operator, held, "A 座,3,301,100,,自己的团队,2026-12-01,,")
    batch = str(looked.url.path)
    assert "导入 1 行" in looked.text
    assert (await officer.post(f"{batch}/confirm")).status_code == 403, "only whoever brought it"
    other = await houses.carrier(conn, "另一家孵化器")
    rival = await client_as(await houses.operator(conn, other, "carrier-2"))
    for act in ("confirm", "discard", "undo"):
        for address in (batch, batch.replace(str(held.id), str(other.id))):
            assert (await rival.post(f"{address}/{act}")).status_code == 404
    assert (await rival.get(batch)).status_code == 404
    theirs = str((await send(officer, held, "A 座,3,309,100,91440783MA0000000X,,2026-12-01,,")).url.path)
    assert (await operator.get(theirs)).status_code == 404, "it would say which firms there are"
    assert theirs not in (await operator.get(f"/carriers/{held.id}/rooms/import")).text
    assert batch in (await officer.get(f"/carriers/{held.id}/rooms/import")).text
    which = batch.rpartition("/")[2]
    assert (await officer.get(f"/imports/{which}")).status_code == 404, "it is no list of firms"
    assert (await officer.post(f"/imports/{which}/confirm")).status_code == 404
    await houses.tenancy(conn, held, await houses.space(conn, held), "先来的团队", until=None)
    late = await operator.post(f"{batch}/confirm")
    assert late.status_code == 409
    assert "检查之后有了变动" in late.text
    assert "先来的团队" in late.text, "who has it, and until when"
    assert await count(conn, TenancyRow) == 1
    wrong = str((await send(operator, held, "A 座,3,301,,,后来的,2026-12-05,,")).url.path)
    sheet = load_workbook(io.BytesIO((await operator.get(f"{wrong}/annotated.xlsx")).content)).active
    assert "先来的团队" in "".join(str(cell.value) for cell in sheet[2])
    assert (await operator.post(f"{wrong}/discard")).status_code == 303
    assert "预览已经删掉" in (await operator.get(wrong)).text


async def test_a_lease_that_a_told_sum_stands_on_or_whose_team_became_a_firm_is_not_taken_back(
    conn, client_as, held, clock
):
    inside, became = await factories.firm(conn), await factories.firm(conn)
    clock.at = NOON.replace(month=6, day=30)
    officer = await client_as("officer")
    told = str((await send(officer, held, f"A 座,3,301,100,{inside},,2025-12-31,,", act="import")).url.path)
    clock.at = NOON
    officer = await client_as("officer")
    late = str((await send(officer, held, "A 座,3,302,100,,新团队,2025-12-31,,", act="import")).url.path)
    team = str((await send(officer, held, "A 座,3,303,100,,成了企业的团队,2026-01-01,,", act="import")).url.path)
    query = select(CarrierTeam.id).where(CarrierTeam.name == "成了企业的团队")
    which = (await conn.execute(query)).scalar_one()
    by = (await factories.person(conn, "officer")).actor
    await link_team(conn, held, which, uscc=became, on=NOON.date(), by=by, at=NOON)
    for batch, left in ((told, "第 2 行"), (team, "第 2 行"), (late, "")):
        assert (await officer.post(f"{batch}/undo")).status_code == 303
        page = (await officer.get(batch)).text
        assert ("没有撤销" in page, left in page) == (bool(left), True)
    assert await count(conn, TenancyRow) == 2


async def test_a_room_is_one_however_the_list_the_form_or_a_program_spells_its_floor(conn, client_as, api_as, held):
    officer = await client_as("officer")
    room = await houses.space(conn, held)
    await houses.tenancy(conn, held, room, "已在的团队")
    for spelled in ("A 座,3层,301", "A座,三楼,301室", "a 座,3F,３０１"):
        said = await send(officer, held, f"{spelled},100,,后来的团队,2026-06-01,,", act="import")
        assert said.status_code == 409, spelled
        assert "A 座 3层 301 已由 已在的团队 租用" in said.text, spelled
    teams_only = await send(officer, held, "A 座,3层,301,100,又一团队,2026-06-01", head=TEAMS)
    assert "A 座 3层 301 已由 已在的团队 租用" in teams_only.text, "a list of teams has no codes"
    form = {"building": "A座", "floor": "3层", "room": "301", "area": "100"}
    refused = await officer.post(f"/carriers/{held.id}/spaces/new", data=form)
    assert (refused.status_code, "已经有“A 座 3层 301”" in refused.text) == (409, True)
    program = await (await api_as("officer")).post(
        f"/api/v1/carriers/{held.id}/spaces", json=form | {"exclusive": True}, headers={"Idempotency-Key": "r" * 20}
    )
    assert (program.status_code, await count(conn, CarrierSpace)) == (409, 1)
    beside = await officer.post(f"/carriers/{held.id}/spaces/new", data=form | {"room": "302"})
    assert beside.status_code == 303
    kept = select(CarrierSpace.building, CarrierSpace.floor).where(CarrierSpace.room == "302")
    assert (await conn.execute(kept)).one() == ("A 座", "3"), "as its neighbour's"

    twin = {"id": uuid.uuid4(), "carrier_id": held.id, "building": "A座", "floor": "3层", "room": "301"}
    await conn.execute(insert(CarrierSpace).values(**twin, area=100, exclusive=True, created_at=NOON))
    lease = {"space": str(twin["id"]), "team": "后来的团队", "since": "2026-06-01"}
    let = await officer.post(f"/carriers/{held.id}/tenancies/new", data=lease)
    assert (let.status_code, "A 座 3层 301 已由 已在的团队 租用" in let.text) == (409, True), (
        "one kept twice from before"
    )


async def test_the_template_says_how_to_fill_it_in_and_is_taken_as_it_is_and_not_for_another_lists(
    conn, client_as, held
):
    officer = await client_as("officer")
    here = f"/carriers/{held.id}/rooms"
    book = load_workbook(io.BytesIO((await officer.get(f"{here}/template.xlsx")).content))
    page, guide = book["房间和入驻"], book["填写说明"]
    titles = [cell.value for cell in page[1]]
    assert titles[:4] == ["楼栋", "楼层", "房间*", "面积（㎡）"]
    assert len(page.data_validations.dataValidation) == 4
    said = [row for row in guide.iter_rows(values_only=True) if row[0]]
    assert said[1][0] == "模板版本：房间和入驻-1"
    assert any("有一行错，就一行也不写" in row[0] for row in said)
    assert {title.strip("*") for title in titles} <= {row[0] for row in said}
    page.append(["A 座", "3层", "301", 120.5, "是"])
    filled = io.BytesIO()
    book.save(filled)
    for part, status in (("rooms", 303), ("logs/event", 422)):
        files = {"file": ("房间.xlsx", filled.getvalue(), "application/octet-stream")}
        answer = await officer.post(f"/carriers/{held.id}/{part}/import", files=files)
        assert answer.status_code == status, part
    assert "这是“房间和入驻”的模板" in answer.text


async def test_a_workbook_of_more_than_a_megabyte_comes_in_and_an_address_with_another_ending_is_none(
    conn, client_as, api_as, held
):
    officer = await client_as("officer")
    here, lines = f"/carriers/{held.id}", [f"A 座,3,{n},120,{'长' * 12_000}" for n in range(301, 332)]
    head = "楼栋,楼层,房间,面积（㎡）,备注"
    added = await send(officer, held, *lines, head=head)
    assert (added.status_code, "新增 31" in added.text) == (200, True)
    sent = "\n".join((head, *lines)).encode("utf-8-sig")
    assert len(sent) > 1 << 20
    program = await api_as("officer")
    made = await program.post(f"/api/v1{here}/imports", files={"file": ("房间.csv", sent, "text/csv")})
    assert (made.status_code, made.json()["created"]) == (201, 31)
    for address in ("/carriers", f"{here}/rooms", f"{here}/logs/service", "/platforms"):
        assert [(await officer.post(f"{address}/export.{form}")).status_code for form in ("csv", "pdf")] == [200, 404]


async def test_a_team_that_was_only_asked_goes_with_its_list_and_one_that_has_answered_stays_and_says_so(
    conn, client_as, held
):
    officer = await client_as("officer")
    lines = ("A 座,3,301,100,问到的团队,2026-11-01,是", "A 座,3,302,100,报过的团队,2026-11-01,是")
    batch = str((await send(officer, held, *lines, act="import", head=f"{TEAMS},在孵")).url.path)
    round_of = {"period": "2026Q4", "due_on": "2026-12-05", "idempotency_key": "k"}
    assert (await officer.post(f"/carriers/{held.id}/collections", data=round_of)).status_code == 303
    team = select(CarrierTeam.id).where(CarrierTeam.name == "报过的团队").scalar_subquery()
    told = update(CollectionAnswer).where(CollectionAnswer.team_id == team)
    await conn.execute(told.values(state="answered", answered_at=NOON, figures={"total_income": "1"}))
    assert (await officer.post(f"{batch}/undo")).status_code == 303
    page = (await officer.get(batch)).text
    assert "已撤销 1 行。" in page
    assert "第 3 行 报过的团队（这个团队的数据已经报给载体）" in page
    assert await count(conn, CollectionAnswer) == 1
