"""The operator's logs: whom they may name, what they count, and the same from a form, a file and a program."""

import csv
import io

import pytest
from sqlalchemy import select, text

from app.audit.models import AuditEvent
from tests import factories, houses

TENANT = "开平市在孵机械有限公司"


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn)
    await houses.operator(conn, found)
    return found


async def tenant(conn, held, room="301", **more):
    uscc = await factories.firm(conn, **({"name": TENANT} | more))
    await houses.tenancy(conn, held, await houses.space(conn, held, room), uscc)
    return uscc


async def test_a_service_names_a_tenant_and_its_mentor_and_is_set_right_or_struck(conn, client_as, held):
    await tenant(conn, held)
    operator, here = await client_as("carrier"), f"/carriers/{held.id}/logs"
    mentor = {"on": "2026-02-01", "title": "陈导师", "until": "2026-06-30", "party": "示例大学"}
    assert (await operator.post(f"{here}/mentor/new", data=mentor)).status_code == 303
    page = (await operator.get(f"{here}/service/new")).text
    chosen = {name: page.split(f">{name}")[0].rsplit('value="', 1)[1].split('"')[0] for name in (TENANT, "陈导师")}
    line = {"on": "2026-03-02", "title": "计划书辅导", "sort": "tutoring", "holder": chosen[TENANT]}
    line |= {"mentor": chosen["陈导师"], "people": "3"}
    late = await operator.post(f"{here}/service/new", data=line | {"on": "2026-07-01"})
    assert (late.status_code, "聘期是 2026-02-01 至 2026-06-30" in late.text) == (422, True)
    early = await operator.post(f"{here}/service/new", data=line | {"on": "2025-12-31", "mentor": ""})
    assert "2026-01-01 才入驻" in early.text
    none = await operator.post(f"{here}/service/new", data=line | {"people": "0"})
    assert "服务人次：请填 1 到" in none.text
    assert (await operator.post(f"{here}/service/new", data=line)).status_code == 303
    year = (await operator.get(here)).text.split('id="h-counts"')[1]
    assert ('class="cards-at-360"' in year, 'data-label="投资金额"' in year) == (True, True), (
        "each number says what it is"
    )
    assert "已经登记过" in (await operator.post(f"{here}/service/new", data=line)).text
    shown = (await operator.get(f"{here}?kind=service&year=2026")).text
    assert "导师 陈导师" in shown
    where = shown.split(">计划书辅导<")[0].rsplit('href="', 1)[1].split('"')[0]
    assert (await operator.post(where, data=line | {"people": "5", "version": "1"})).status_code == 303
    assert (await operator.post(where, data=line | {"people": "6", "version": "1"})).status_code == 412
    person = (await operator.get(f"{here}?kind=mentor")).text.split(">陈导师<")[0].rsplit('href="', 1)[1].split('"')[0]
    assert (await operator.post(f"{person}/strike", data={"reason": "误", "version": "1"})).status_code == 409
    assert (await operator.post(f"{where}/strike", data={"reason": "", "version": "2"})).status_code == 422
    assert (await operator.post(f"{where}/strike", data={"reason": "重复", "version": "2"})).status_code == 303
    assert (await operator.get(where)).status_code == 404
    acts = (await conn.execute(select(AuditEvent.action).where(AuditEvent.action.like("carrier:log:%")))).scalars()
    assert sorted(acts) == ["carrier:log:added"] * 2 + ["carrier:log:edited", "carrier:log:struck"]


async def test_a_line_names_nobody_who_was_never_inside_and_each_sees_only_its_own(conn, client_as, api_as, held):
    stranger, other = await factories.firm(conn), await houses.carrier(conn, "另一家孵化器")
    elsewhere = await tenant(conn, other, name="开平市别处机械有限公司")
    operator = await api_as("carrier")
    line = {"on": "2026-03-02", "title": "示例基金", "sort": "angel", "amount": "500000"}
    told = [
        await operator.post(f"/api/v1/carriers/{held.id}/logs/investment", json=line | {"holder": who})
        for who in (stranger, elsewhere, "91440783MA5ABCDE0X")
    ]
    assert [(a.status_code, a.json()["errors"]) for a in told] == [(422, told[0].json()["errors"])] * 3
    assert (await operator.get(f"/api/v1/carriers/{other.id}/logs?kind=service")).status_code == 404
    assert (await operator.post(f"/api/v1/carriers/{other.id}/logs/service", json=line)).status_code == 404
    assert (await operator.get(f"/api/v1/carriers/{held.id}/logs?kind=nothing")).status_code == 404
    assert (await (await client_as("firm")).get(f"/carriers/{held.id}/logs")).status_code == 403
    town = await client_as("town")
    assert (await town.get(f"/carriers/{held.id}/logs")).status_code == 200
    assert (await town.get(f"/carriers/{held.id}/logs/service/new")).status_code == 403


async def test_a_program_writes_reads_corrects_and_counts_in_yuan(conn, api_as, held):
    uscc = await tenant(conn, held)
    operator, here = await api_as("carrier"), f"/api/v1/carriers/{held.id}/logs"
    money = {"on": "2026-03-02", "title": "示例基金", "sort": "angel", "amount": "500000", "holder": uscc}
    made = await operator.post(f"{here}/investment", json=money, headers={"Idempotency-Key": "a"})
    again = await operator.post(f"{here}/investment", json=money, headers={"Idempotency-Key": "a"})
    assert (made.status_code, made.json()["amount"], again.json()) == (201, "500000.00", made.json())
    assert (await operator.post(f"{here}/investment", json=money | {"amount": "0", "title": "零"})).status_code == 422
    second = money | {"on": "2026-05-01", "title": "第二笔", "amount": "0.01"}
    assert (await operator.post(f"{here}/investment", json=second)).status_code == 201
    for n, (sort, people) in enumerate((("activity", 20), ("training", 30), ("roadshow", None))):
        event = {"on": "2026-05-3" + "1", "title": f"第 {n} 场", "sort": sort, "people": people}
        assert (await operator.post(f"{here}/event", json=event)).status_code == 201
    wrong = await operator.post(f"{here}/event", json=event | {"sort": "angel"})
    assert "活动、培训、路演" in wrong.json()["errors"]["sort"]
    counted = (await operator.get(f"{here}/counts?year=2026")).json()
    total = counted["total"]
    assert (total["investments"], total["financed"], total["amount"]) == (2, 1, "500000.01")
    assert (total["activities"], total["trainings"], total["people"]) == (2, 1, 50)
    assert [(m["month"], m["investments"]) for m in counted["months"]] == [("2026-03-01", 1), ("2026-05-01", 1)]
    line = f"{here}/investment/{made.json()['id']}"
    assert (await operator.put(line, json=money)).status_code == 428
    fixed = await operator.put(line, json=money | {"amount": "600000"}, headers={"If-Match": '"1"'})
    assert (fixed.json()["amount"], fixed.headers["etag"]) == ("600000.00", '"2"')
    assert (await operator.delete(f"{line}?reason=误", headers={"If-Match": '"1"'})).status_code == 412
    assert (await operator.delete(f"{line}?reason=误", headers={"If-Match": '"2"'})).status_code == 200
    assert (await operator.get(f"{here}/counts?year=2026")).json()["total"]["amount"] == "0.01"
    await conn.execute(text("UPDATE firms SET name = '后来改名有限公司'"))
    assert (await operator.get(f"{here}?kind=investment")).json()["items"][0]["holder"] == "后来改名有限公司"


async def test_a_sheet_goes_in_whole_or_not_and_the_same_again_changes_nothing(conn, client_as, held):
    uscc = await tenant(conn, held)
    operator, here = await client_as("carrier"), f"/carriers/{held.id}/logs/investment"

    async def send(*lines, act="import", head="到账日期,投资方,类别,获投企业或团队,到账金额（万元）,说明"):
        return await houses.bring_list(operator, here, "投资.csv", "\n".join((head, *lines)), act=act)

    good = [f"2026-03-02,示例基金,天使投资,{uscc},50,", f"2026年4月1日,@示例基金,自有或合作孵化资金,{TENANT},12.5,甲"]
    wrong = await send(*good, "2026-05-01,无主基金,天使投资,没有这家,1,", good[0])
    assert wrong.status_code == 409
    assert "这个载体没有这家企业或团队" in wrong.text
    assert "与第 2 行是同一条记录" in wrong.text
    looked = (await send(*good, act="check")).text
    assert ("新增 2" in looked, f"<td>2026-03-02 示例基金</td><td>{TENANT}</td>" in looked) == (True, True)
    assert "新增 2" in (await send(*good)).text
    assert "不变 2" in (await send(*good)).text
    changed = await send(f"2026-03-02,示例基金,,{uscc},60,")
    assert "更新 1" in changed.text
    out = (await operator.post(f"{here}/export.csv")).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(r["投资方"], r["到账金额（万元）"], r["类别"]) for r in rows] == [
        ("'@示例基金", "12.5", "自有或合作孵化资金"),
        ("示例基金", "60", "天使投资"),
    ]
    assert "不变 2" in (await send(*out.splitlines()[1:], head=out.splitlines()[0])).text
    assert (await operator.get(f"{here}/template.xlsx")).status_code == 200


async def test_a_sheet_of_many_rows_takes_a_handful_of_statements_and_goes_back_to_what_there_was(
    conn, client_as, held, statements
):
    uscc = await tenant(conn, held)
    operator, here = await client_as("carrier"), f"/carriers/{held.id}/logs/service"
    head = "服务日期,服务内容,类别,企业或团队,说明"
    assert (await operator.get(f"{here}/template.xlsx")).status_code == 200

    async def send(*lines):
        return await houses.bring_list(operator, here, "服务.csv", "\n".join((head, *lines)), act="import")

    async def standing():
        said = "SELECT title, note, version, struck_at IS NULL FROM carrier_logs ORDER BY 4, 1, 2"
        return [tuple(row)[:2] for row in await conn.execute(text(said)) if row[3]]

    await send(f"2026-03-01,辅导,创业辅导,{uscc},原来的")
    before = await standing()
    few, many = ([f"2026-03-02,辅导{n},创业辅导,{uscc}," for n in range(count)] for count in (2, 60))
    counted = []
    for lines in (few, many):
        statements.clear()
        done = await send(f"2026-03-01,辅导,,{uscc},改过的", *lines)
        assert "更新 1" in done.text
        counted.append(len(statements))
        assert (await operator.post(f"{done.url.path}/undo")).status_code == 303
        assert await standing() == before
    assert counted[0] == counted[1], "however many rows"
    kept = await send(f"2026-03-01,辅导,,{uscc},又改过")
    assert "更新 1" in (await send(f"2026-03-01,辅导,,{uscc},再改过")).text
    assert (await operator.post(f"{kept.url.path}/undo")).status_code == 303
    assert "又有变动的 1 行没有撤销" in (await operator.get(str(kept.url.path))).text
    assert (await standing())[0][1] == "再改过"
