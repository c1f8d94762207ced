"""A carrier collects a time's figures: the firm confirms what it gives, types nothing twice, and closed is closed."""

import io
import re
from datetime import date
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.carriers.models import CarrierTeam
from app.collecting.hiding import hidden
from app.collecting.items import ITEMS, ItemKind
from app.collecting.models import CollectionAnswer, CollectionRound, CollectionVersion
from app.outbox.models import OutboxMessage
from app.recognitions.models import IpRightRow
from app.reports.models import YearlyReport
from tests import factories, houses
from tests.harness import NOON
from tests.sealing import lies_open

FIRM = "开平市在孵机械有限公司"
QUARTER = {"tenant.venture": "0", "total_income": "1200.5", "net_profit": "-30", "tenant.rd": "80", "tenant.taxes": "5"}
QUARTER |= {"tenant.staff": "20", "tenant.graduates": "3", "version": "1"}


@pytest.fixture
async def held(conn):
    found = await houses.carrier(conn)
    await houses.operator(conn, found)
    return found


async def tenant(conn, held, room="301", login="firm", name=FIRM):
    """A firm inside with somebody who reports for it, where a login is given."""
    uscc = await factories.firm(conn, name=name)
    await houses.tenancy(conn, held, await houses.space(conn, held, room), uscc)
    if not login:
        return None
    return await factories.person(conn, login, firm_id=await factories.id_of(conn, uscc))


async def opened(operator, held, period="2026Q4", due_on="2026-12-05"):
    answer = await operator.post(
        f"/carriers/{held.id}/collections", data={"period": period, "due_on": due_on, "idempotency_key": period}
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def owed(conn, name=FIRM):
    query = select(CollectionAnswer.id, CollectionAnswer.state, CollectionAnswer.figures)
    rows = (await conn.execute(query.order_by(CollectionAnswer.id))).all()
    assert rows
    return rows


async def test_a_quarter_is_asked_confirmed_corrected_and_closed_for_good(conn, client_as, held):
    clerk = await tenant(conn, held)
    operator = await client_as("carrier")
    undated = await operator.post(f"/carriers/{held.id}/collections", data={"period": "2026Q4", "due_on": ""})
    assert "请企业哪天前确认：请填写截止日期。" in undated.text
    here = await opened(operator, held)
    again = await operator.post(f"/carriers/{held.id}/collections", data={"period": "2026Q4", "due_on": "2026-12-05"})
    assert (again.status_code, "已经发起过" in again.text) == (409, True)
    (told,) = (await conn.execute(select(OutboxMessage.payload))).scalars()
    firm, way = await client_as(clerk), told["page"]
    home = (await firm.get("/portal")).text
    assert ("核对并确认" in home, "栏都还没有已知的数，请填写" in home) == (True, True)
    assert "确认后示例孵化器才看得到" in (await firm.get(way)).text
    ((answer_id, *_),) = await owed(conn)
    assert "还没有报" in (await operator.get(f"{here}/answers/{answer_id}")).text
    wrong = await firm.post(way, data=QUARTER | {"tenant.graduates": "21", "total_income": ""})
    assert (wrong.status_code, "不能多于“从业人员”" in wrong.text, "没有请填 0" in wrong.text) == (422, True, True)
    assert (await firm.post(way, data=QUARTER)).status_code == 303
    assert (await firm.post(way, data=QUARTER)).status_code == 412, "a second tab has read the first version"
    corrected = QUARTER | {"total_income": "130万元", "version": "2", "note": "月底补记"}
    assert (await firm.post(way, data=corrected)).status_code == 303
    assert "示例孵化器已经看到下面的数" in (await firm.get(way)).text
    kept = (await conn.execute(select(CollectionVersion.figures).order_by(CollectionVersion.version))).scalars().all()
    assert [one["total_income"] for one in kept] == ["1200500", "1300000"]
    shown = (await operator.get(f"{here}/answers/{answer_id}")).text
    assert ("1300" in shown, "月底补记" in shown) == (True, True)
    assert (await operator.post(f"{here}/answers/{answer_id}", data=QUARTER | {"basis": "表"})).status_code == 409
    assert 'value="1300"' in (await operator.get(f"{here}/statistics")).text
    assert (await operator.post(f"{here}/close", data={"version": "1"})).status_code == 303
    late = await firm.post(way, data=QUARTER | {"version": "3"})
    assert (late.status_code, "已经关账" in late.text) == (409, True)
    assert (await operator.post(f"{here}/statistics", data={"t.firms": "9", "version": "2"})).status_code == 409
    await conn.execute(CollectionAnswer.__table__.update().values(figures={"total_income": "1"}))
    closed = (await operator.get(f"{here}/statistics")).text
    assert ("1,300" in closed, "面积、导师等是 2026-11-23 的" in closed) == (True, True), "as they were"
    acts = set((await conn.execute(select(AuditEvent.action))).scalars())
    assert {"carrier:collection:opened", "firm:collection:answered", "carrier:collection:closed"} <= acts


async def test_who_has_not_answered_is_chased_once_a_day_and_who_has_no_account_is_entered_by_the_operator(
    conn, client_as, clock, held, statements
):
    await tenant(conn, held)
    await tenant(conn, held, "302", login="", name="开平市没账号有限公司")
    await houses.tenancy(conn, held, await houses.space(conn, held, "303"), "示例团队")
    await conn.execute(CarrierTeam.__table__.update().values(members=4))
    operator = await client_as("carrier")
    here = await opened(operator, held)
    statements.clear()
    first = await operator.post(f"{here}/chase")
    assert first.status_code == 303
    assert [s for s in statements if s.endswith("FOR UPDATE OF collection_rounds")], "two at once are one word a day"
    await operator.post(f"{here}/chase")
    kinds = (await conn.execute(select(OutboxMessage.kind))).scalars().all()
    assert sorted(kinds) == ["collection_chased", "collection_opened"]
    page = (await operator.get(here)).text
    assert "还有 3 家没有报" in page
    rows = (await conn.execute(select(CollectionAnswer.id, CollectionAnswer.team_id, CollectionAnswer.chases))).all()
    team = next(row.id for row in rows if row.team_id)
    assert sorted(row.chases for row in rows) == [0, 0, 1]
    form = (await operator.get(f"{here}/answers/{team}")).text
    assert ('value="4"' in form, "总收入" in form) == (True, False), "a team is asked what a team can say"
    typed = {"tenant.staff": "4", "tenant.graduates": "1", "tenant.venture": "50", "version": "1"}
    assert (await operator.post(f"{here}/answers/{team}", data=typed)).status_code == 422
    assert (await operator.post(f"{here}/answers/{team}", data=typed | {"basis": "负责人签字"})).status_code == 303
    stated = (await operator.get(f"{here}/statistics")).text
    assert "按投资记录数出来的" in stated, "which of the two the form goes by"
    (way,) = re.findall('href="([^"]+)">补记到投资记录', stated)
    form = (await operator.get(unescape(way))).text
    assert ('value="5"' in form, 'value="2026-11-23"' in form) == (True, False), "in 万元; the day is not guessed"
    holder = parse_qs(urlsplit(unescape(way)).query)["holder"][0]
    log = {"title": "示例基金", "sort": "angel", "holder": holder, "amount": "5", "on": "2026-11-23"}
    assert (await operator.post(way.partition("?")[0], data=log | {"idempotency_key": "log"})).status_code == 303
    stated = (await operator.get(f"{here}/statistics")).text
    assert "补记到投资记录" not in stated
    assert re.search(r'name="m.amount"[^>]* value="50"', stated), "in 千元, as the form has it"
    refused = await operator.post(f"{here}/close", data={"version": "1"})
    assert (refused.status_code, "还有 2 家没有报" in refused.text) == (409, True)
    chased = next(row.id for row in rows if row.chases)
    other = next(r.id for r in await owed(conn) if r.state == "waiting" and r.id != chased)
    for reason, status in (("", 422), ("已停业", 303)):
        excused = {"reason": reason, "version": "1"}
        assert (await operator.post(f"{here}/answers/{other}/excuse", data=excused)).status_code == status
    assert (await operator.post(f"{here}/close", data={"version": "1", "despite": "通知今天截止"})).status_code == 303
    assert "通知今天截止" in (await operator.get(here)).text
    closed = select(OutboxMessage.payload["subject"].astext).where(OutboxMessage.kind == "collection_closed")
    assert "已经关账，没有收到贵企业的" in (await conn.execute(closed)).scalar_one(), "who is waited for hears of it"


async def test_a_year_comes_prefilled_for_the_firm_and_is_hidden_from_its_operator_until_it_is_given(
    conn, client_as, held
):
    clerk = await tenant(conn, held)
    firm_id = clerk.viewer.firm_id
    figures = {"total_income": "4600000", "net_profit": "-120000.5", "headcount": "31"}
    report = {"id": firm_id, "firm_id": firm_id, "year": 2026, "version": 1, "state": "submitted", "figures": figures}
    await conn.execute(YearlyReport.__table__.insert().values(report | {"created_at": NOON}))
    right = {"id": firm_id, "firm_id": firm_id, "kind": "invention_patent", "number": "ZL1", "in_force": True}
    right |= {"granted_on": NOON.date(), "obtained_by": "self_developed", "recorded_at": NOON}
    await conn.execute(IpRightRow.__table__.insert().values(right))
    operator = await client_as("carrier")
    here = await opened(operator, held, "2026", "2027-01-31")
    ((answer_id, *_),) = await owed(conn)
    firm, way = await client_as(clerk), f"/portal/collections/{answer_id}"
    page = (await firm.get(way)).text
    assert 'value="4600"' in page
    assert 'value="-120.0005"' in page
    assert "带入：企业 2026 年度填报" in page
    assert "带入：知识产权台账" in page
    for address in (here, f"{here}/answers/{answer_id}", f"{here}/statistics"):
        assert "4600" not in (await operator.get(address)).text
    stranger = await client_as(await factories.person(conn, "firm-2", firm_id=await _another(conn)))
    assert (await stranger.get(way)).status_code == 404
    assert (await stranger.post(way, data=QUARTER)).status_code == 404
    other = await houses.carrier(conn, "另一家孵化器")
    await houses.operator(conn, other, "carrier-2")
    foreign = await client_as("carrier-2")
    for address in (here, f"{here}/statistics", f"{here}/answers/{answer_id}"):
        assert (await foreign.get(address)).status_code == 404
    assert (await foreign.post(f"{here}/chase")).status_code == 404


async def _another(conn):
    return await factories.id_of(conn, await factories.firm(conn))


async def test_the_forms_come_in_their_order_with_what_was_corrected_and_why(conn, client_as, held):
    clerk = await tenant(conn, held)
    operator = await client_as("carrier")
    here = await opened(operator, held, "2026", "2027-01-31")
    ((answer_id, *_),) = await owed(conn)
    firm, way = await client_as(clerk), f"/portal/collections/{answer_id}"
    said = {i.code: "0" for i in ITEMS} | {i.code: "示例" for i in ITEMS if i.kind is ItemKind.TEXT}
    said |= {i.code: i.options[0][0] for i in ITEMS if i.options} | {"tenant.staff": "8", "total_income": "2500"}
    assert (await firm.post(way, data=said | {"version": "1"})).status_code == 303
    form = {"b00": "100", "b01": "60", "b04": "20", "b02": "10", "b03": "10", "TDF713": "企业", "version": "1"}
    assert (await operator.post(f"{here}/statistics", data=form)).status_code == 303
    changed = {"t.staff": "9", "version": "2"}
    asked = await operator.post(f"{here}/statistics", data=changed)
    assert (asked.status_code, "数出来的是 8" in asked.text) == (422, True)
    assert (await operator.post(f"{here}/statistics", data=changed | {"why.t.staff": "含实习生"})).status_code == 303
    assert (await operator.post(f"{here}/statistics", data=changed)).status_code == 412
    page = (await operator.get(f"{here}/statistics")).text
    assert "含实习生" in page
    book = load_workbook(io.BytesIO((await operator.post(f"{here}/statistics/export.xlsx")).content))
    whole, tenants, checked = book.worksheets
    lines = {row[0]: row[1:] for row in whole.iter_rows(values_only=True)}
    assert lines["总收入"][:4] == ("b00", 100, "千元", "收入与税金")
    assert [lines[label][1] for label in ("在孵企业总收入", "在孵企业数")] == [2500, 1]
    staff = lines["在孵企业从业人员"]
    assert staff[:2] == ("—", 9), "a code of our own is nothing to the form"
    assert "数出来的是 8" in staff[4]
    assert "含实习生" in staff[4]
    codes = [row[1] for row in whole.iter_rows(values_only=True)]
    assert codes.index("b00") < codes.index("b04") < codes.index("c00") < codes.index("e00")
    head, row = list(tenants.iter_rows(values_only=True))[1:3]
    assert [int(str(title).split(" ")[0]) for title in head] == sorted(int(str(title).split(" ")[0]) for title in head)
    assert dict(zip(head, row, strict=True))["19 总收入（千元）"] == 2500
    assert any("没有填" in str(r[0]) for r in checked.iter_rows(values_only=True))
    rounds = (await conn.execute(select(CollectionRound.version))).scalar_one()
    assert rounds == 3
    again = said | {"tenant.phone": "13987654321", "tenant.staff": "7", "version": "2"}
    assert (await firm.post(way, data=again)).status_code == 303
    told = select(AuditEvent.after["changed"].astext).where(AuditEvent.action == "firm:collection:answered")
    changed = (await conn.execute(told.order_by(AuditEvent.number.desc()).limit(1))).scalar_one()
    assert changed == "从业人员 8→7；电话（改了）", "the trail names nobody's number"
    closed = await operator.post(f"{here}/close", data={"version": "3", "despite": "通知今天截止"})
    assert closed.status_code == 303
    kept = (await conn.execute(select(CollectionRound.frozen))).scalar_one()
    assert kept["rows"][0][-1].startswith("sealed:")
    assert await lies_open(conn, "13987654321") == []
    for place in (f"{here}/answers/{answer_id}", f"{here}/statistics"):
        assert "13987654321" in (await operator.get(place)).text
    assert "13987654321" in (await firm.get(way)).text


async def test_programs_open_give_in_yuan_chase_and_close(conn, api_as, held):
    clerk = await tenant(conn, held)
    await houses.tenancy(conn, held, await houses.space(conn, held, "303"), "示例团队")
    operator, firm = await api_as("carrier"), await api_as(clerk)
    body = {"period": "2026Q4", "due_on": "2026-12-05"}
    made = await operator.post(f"/api/v1/carriers/{held.id}/collections", json=body)
    assert (made.status_code, made.json()["owing"]) == (201, 2)
    assert (await operator.post(f"/api/v1/carriers/{held.id}/collections", json=body)).status_code == 409
    half = await operator.post(f"/api/v1/carriers/{held.id}/collections", json=body | {"period": "2026H1"})
    assert (half.status_code, "半年报是众创空间的" in half.text) == (422, True)
    here = made.headers["location"]
    assert (await operator.post(f"{here}/chase")).json() == {"told": 1, "today_already": 0, "no_account": 1}
    (mine,) = (await firm.get("/api/v1/owed-collections")).json()["items"]
    assert (mine["state"], mine["version"], len(mine["items"])) == ("waiting", 1, 7)
    figures = {code: "0" for code in mine["items"]} | {"total_income": "1200500", "tenant.staff": "2"}
    way = f"/api/v1/owed-collections/{mine['id']}"
    assert (await firm.put(way, json={"figures": figures})).status_code == 428
    few = {code: said for code, said in figures.items() if code != "tenant.taxes"}
    short = await firm.put(way, json={"figures": few}, headers={"If-Match": '"1"'})
    assert list(short.json()["errors"]) == ["tenant.taxes"]
    given = await firm.put(way, json={"figures": figures}, headers={"If-Match": '"1"'})
    assert (given.json()["figures"]["total_income"], given.headers["etag"]) == ("1200500", '"2"')
    seen = (await operator.get(here)).json()
    team = next(one for one in seen["answers"] if one["team"])
    typed = {"figures": {"tenant.staff": "4", "tenant.graduates": "0", "tenant.venture": "0"}, "basis": "签字的表"}
    own = next(one for one in seen["answers"] if one["uscc"])
    for one, said, status in ((own, typed | {"figures": figures}, 409), (team, typed, 200)):
        read = {"If-Match": f'"{one["version"]}"'}
        assert (await operator.put(f"{here}/answers/{one['id']}", json=said, headers=read)).status_code == status
    found = (await operator.get(f"{here}/statistics")).json()
    assert {line["code"]: line["value"] for line in found["lines"]}["t.income"] == "1200.5"
    assert found["problems"] == []
    assert (await operator.post(f"{here}/close", json={}, headers={"If-Match": '"9"'})).status_code == 412
    closed = await operator.post(f"{here}/close", json={}, headers={"If-Match": '"1"'})
    assert closed.json()["closed_at"]
    assert (await firm.put(way, json={"figures": figures}, headers={"If-Match": '"2"'})).status_code == 409


async def test_programs_excuse_ask_again_bring_the_list_up_to_date_and_set_lines_right(conn, api_as, held):
    await tenant(conn, held)
    operator = await api_as("carrier")
    body = {"period": "2026Q4", "due_on": "2026-12-05"}
    here = (await operator.post(f"/api/v1/carriers/{held.id}/collections", json=body)).headers["location"]
    await tenant(conn, held, "302", login="", name="开平市后来有限公司")
    assert (await operator.post(f"{here}/enlist")).json()["owing"] == 2
    late = next(one for one in (await operator.get(here)).json()["answers"])
    way, first = f"{here}/answers/{late['id']}", {"If-Match": '"1"'}
    assert (await operator.post(f"{way}/excuse", json={"reason": "停业"})).status_code == 428
    assert (await operator.post(f"{way}/excuse", json={"reason": " "}, headers=first)).status_code == 422
    assert (await operator.post(f"{way}/ask-again", headers=first)).status_code == 409, "it is asked as it is"
    assert (await operator.post(f"{way}/excuse", json={"reason": "停业"}, headers=first)).json()["owing"] == 1
    assert (await operator.post(f"{way}/ask-again", headers=first)).status_code == 412
    lines = f"{here}/statistics"
    warned = (await operator.get(lines)).json()["problems"]
    assert [p["hard"] for p in warned if "合计没有它们的数" in p["sentence"]] == [False]
    assert (await operator.post(f"{way}/ask-again", headers={"If-Match": '"2"'})).json()["owing"] == 2

    read = await operator.get(lines)
    tag, few = {"If-Match": read.headers["etag"]}, {"code": "t.firms", "value": "3"}
    for wrong, why in (
        (few, "数出来的是 2"),
        ({"code": "b00", "value": "1"}, "没有这一栏"),
        (few | {"value": "三"}, "整数"),
    ):
        refused = await operator.patch(lines, json={"lines": [wrong]}, headers=tag)
        assert (refused.status_code, why in refused.text) == (422, True), why
    twice = await operator.patch(lines, json={"lines": [few | {"value": "2"}, few]}, headers=tag)
    assert (twice.status_code, "写了两次" in twice.text) == (422, True), "which of the two is meant nobody knows"
    reasoned = {"lines": [few | {"reason": "一家的租约还没登记"}]}
    assert (await operator.patch(lines, json=reasoned)).status_code == 428

    async def written(said, tag):
        done = await operator.patch(lines, json=said, headers={"If-Match": tag})
        assert done.status_code == 200, done.text
        line = next(one for one in done.json()["lines"] if one["code"] == "t.firms")
        return line["counted"], line["value"], line["reason"], done.headers["etag"]

    assert await written(reasoned, '"1"') == ("2", "3", "一家的租约还没登记", '"2"')
    assert (await operator.patch(lines, json=reasoned, headers=tag)).status_code == 412
    assert await written({"lines": [few | {"value": "2"}]}, '"2"') == ("2", "2", "", '"3"')
    await tenant(conn, held, "303", login="", name="开平市再后来有限公司")
    counted = next(one for one in (await operator.get(lines)).json()["lines"] if one["code"] == "t.firms")
    assert (counted["counted"], counted["value"]) == ("3", "3"), "what went back to the count follows it again"
    officer = await api_as("town")
    assert (await officer.patch(lines, json=reasoned, headers=tag)).status_code == 403


@pytest.mark.parametrize(("role", "reads"), [("officer", True), ("manager", False), ("auditor", False)])
async def test_a_tenants_telephone_is_read_by_whom_the_one_table_says(conn, client_as, api_as, held, role, reads):
    await tenant(conn, held)
    here = await opened(await client_as("carrier"), held, "2026", "2027-01-31")
    ((answer_id, *_),) = await owed(conn)
    figures = hidden(conn.vault, answer_id, {"tenant.phone": "13987654321"})
    given = {"figures": figures, "state": "answered", "answered_at": NOON}
    await conn.execute(CollectionAnswer.__table__.update().values(given))
    who = await factories.person(conn, role)
    page, api = await client_as(who), await api_as(who)
    doors = [page.get(f"{here}/answers/{answer_id}"), page.get(f"{here}/statistics"), api.get(f"/api/v1{here}")]
    doors.append(api.get(f"/api/v1{here}/statistics"))
    for door in doors:
        said = await door
        assert said.status_code == 200
        assert ("13987654321" in said.text) is reads, said.request.url


async def test_pages_of_a_collection_and_of_logs_take_the_same_statements_however_many_lines(
    conn, client_as, held, statements
):
    await tenant(conn, held, login="")
    operator = await client_as("carrier")
    here = await opened(operator, held)
    pages = (here, f"{here}/statistics", f"{here}/statistics/sheet", f"/carriers/{held.id}/collections")
    pages += (f"/carriers/{held.id}/logs?kind=service", f"/carriers/{held.id}/readiness")

    async def asked():
        counts = []
        for page in pages:
            statements.clear()
            assert (await operator.get(page)).status_code == 200
            counts.append(len([s for s in statements if "SAVEPOINT" not in s]))
        return counts

    await asked()
    one = await asked()
    assert max(one) <= 14, dict(zip(pages, one, strict=True))
    for n in range(5):
        await tenant(conn, held, f"4{n:02}", login="", name=f"开平市第{n}家有限公司")
        line = {"kind": "service", "sort": "other", "on": "2026-11-20", "title": f"第{n}次", "idempotency_key": f"{n}"}
        assert (await operator.post(f"/carriers/{held.id}/logs/service/new", data=line)).status_code == 303
    await operator.post(f"{here}/enlist")
    assert await asked() == one


async def test_a_quarter_stands_beside_the_one_before_and_all_sheets_count_the_same_faults(conn, client_as, held):
    clerk = await tenant(conn, held)
    operator, firm = await client_as("carrier"), await client_as(clerk)
    await opened(operator, held, "2026Q3")
    ((third, *_),) = await owed(conn)
    assert (await firm.post(f"/portal/collections/{third}", data=QUARTER)).status_code == 303
    coming = await factories.firm(conn, name="开平市下月有限公司")
    await houses.tenancy(conn, held, await houses.space(conn, held, "302"), coming, since=date(2026, 11, 24))
    here = await opened(operator, held, "2026Q4")
    assert "开平市下月有限公司" not in (await operator.get(here)).text, "whoever comes in tomorrow owes nothing yet"
    fourth = next(row.id for row in await owed(conn) if row.state == "waiting")
    way = f"/portal/collections/{fourth}"
    assert "2026 年三季度报的是 1200.5" in (await firm.get(way)).text
    assert (await firm.post(way, data=QUARTER | {"total_income": "0.5"})).status_code == 303, "doubted, not refused"
    assert "请核对" in (await firm.get("/portal")).text
    await houses.tenancy(
        conn, held, await houses.space(conn, held, "303"), await factories.firm(conn, name="开平市新来有限公司")
    )
    for place in (here, f"{here}/statistics", f"{here}/statistics/sheet"):
        said = (await operator.get(place)).text
        assert "须改正 1 处、请核对 2 处" in said, place
        assert "总收入 0.5 千元，少于 2026 年三季度报的 1,200.5 千元" in said
        assert "R&amp;D 经费支出 80 千元，大于总收入 0.5 千元" in said
        assert "不在名单里：开平市新来有限公司；" in said
    book = load_workbook(io.BytesIO((await operator.post(f"{here}/statistics/export.xlsx")).content))
    assert book.worksheets[-1]["A2"].value == "须改正 1 处、请核对 2 处"
    lines = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True)}
    assert (lines["本季新增在孵企业"], lines["期末在孵企业数"]) == (0, 2)
    assert "本期到 2026-12-31，还有 38 天" in (await operator.get(here)).text
    refused = await operator.post(f"{here}/close", data={"version": "1"})
    assert re.search(r'<details class="confirm" open>\s*<summary class="btn">关账', refused.text)
