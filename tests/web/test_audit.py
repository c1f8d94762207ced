"""The audit trail over pages and JSON: what can be found in it, and what it keeps from whom."""

import csv
import io
import re
from datetime import timedelta

import pytest

from app.access.terms import SYSTEM, Actor, Origin
from app.audit.service import event_row, record
from app.db import new_id
from tests import factories, houses
from tests.harness import NOON


async def test_the_trail_tells_who_did_what_and_can_be_narrowed(client_as, api_as, conn, clock):
    uscc = await factories.firm_on(conn, "tech_micro", name="开平市留痕有限公司")
    auditor = await api_as("auditor")
    firm_id = str(await factories.id_of(conn, uscc))
    items = (await auditor.get("/api/v1/audit", params={"object": firm_id})).json()["items"]
    assert {i["action"] for i in items} == {"firm:record:created", "firm:tier:moved"}
    assert {i["actor"] for i in items} == {"局专员officer"}
    assert (await auditor.get("/api/v1/audit?actor=nobody")).json()["items"] == []
    assert (await auditor.get("/api/v1/audit?from=2026-11-24")).json()["items"] == []
    assert (await auditor.get("/api/v1/audit?from=昨天")).status_code == 422
    around = await (await client_as("auditor")).get("/audit?from=2026-11-24&to=2026-11-22")
    assert "梯队移动" in around.text, "days the wrong way round mean the same"
    page = await (await client_as("auditor")).get("/audit", params={"object": "开平市留痕有限公司"})
    assert "梯队移动" in page.text
    assert ">tech_micro<" not in page.text  # codes are put into words
    assert ">entry<" not in page.text
    assert ">科技型小微企业<" in page.text


@pytest.mark.parametrize("path", ["/audit", "/api/v1/audit"])
async def test_an_administrator_reads_of_the_trail_what_accounts_need_and_what_is_in_their_own_name(
    client_as, conn, path
):
    uscc = await factories.firm(conn, "开平市留痕有限公司", remark="内部备注金丝雀", address="金丝雀路")
    officer_of_it = await factories.person(conn, "officer")
    officer = await client_as(officer_of_it)
    await officer.patch(f"/api/v1/firms/{uscc}", json={"remark": "改后金丝雀"}, headers={"if-match": '"1"'})
    seen = await (await client_as("auditor")).get(path)
    assert "内部备注金丝雀" in seen.text
    assert "改后金丝雀" in seen.text
    admin = await factories.person(conn, "admin")
    mine = event_row("firm:record:updated", by=admin.actor, at=NOON, object_type="firm",
                     object_id=await factories.id_of(conn, uscc), object_label="开平市甲有限公司",
                     after={"remark": "金丝雀"})  # fmt: skip
    left = event_row("session:sign_out:done", by=officer_of_it.actor, at=NOON, object_type="user",
                     object_id=officer_of_it.id, object_label="officer")  # fmt: skip
    await record(conn, mine, left)
    told = (await (await client_as(admin)).get(path)).text
    assert "开平市甲有限公司" in told
    assert "退出登录" in told or "session:sign_out:done" in told
    assert "开平市留痕有限公司" not in told
    assert "金丝雀" not in told, "and of a firm never what the bureau writes about it"


@pytest.mark.parametrize("path", ["/audit", "/api/v1/audit"])
@pytest.mark.parametrize("role", ["admin", "auditor"])
async def test_the_trail_of_a_division_is_its_firms_and_its_peoples(client_as, conn, path, role):
    here = await factories.firm(conn, "开平市此处有限公司", region=factories.TOWN)
    await factories.firm(conn, "开平市彼处有限公司", region=factories.OTHER_TOWN)
    clerk = await factories.person(conn, "firm-here", firm_id=await factories.id_of(conn, here))
    people = [
        clerk,
        await factories.person(conn, "town-here", scope=factories.TOWN),
        await factories.person(conn, "town-there", scope=factories.OTHER_TOWN),
        await factories.person(conn, "officer-county"),
    ]
    await record(conn, *(event_row("session:sign_out:done", by=p.actor, at=NOON, object_type="user", object_id=p.id,
                                   object_label=p.viewer.login) for p in people))  # fmt: skip
    removed = event_row("firm:record:removed", by=people[2].actor, at=NOON, object_type="firm",
                        object_id=new_id(), object_label="撤销的彼处企业")  # fmt: skip
    await record(conn, removed)
    whole = await (await client_as(f"{role}-county")).get(path)
    accounts = ("firm-here", "town-here", "town-there", "officer-county")
    words = ("此处有限公司", "彼处有限公司", "撤销的彼处企业", *accounts)
    assert [w for w in words if w in whole.text] == list(words if role == "auditor" else accounts)
    narrow = await (await client_as(await factories.person(conn, f"{role}-town", scope=factories.TOWN))).get(path)
    seen = ["此处有限公司", "firm-here", "town-here"]
    assert [w for w in words if w in narrow.text] == (seen if role == "auditor" else seen[1:])


async def test_what_the_house_did_with_a_firm_out_of_sight_is_not_told_as_of_one_that_is_no_more(api_as, conn):
    there = await factories.firm(conn, "开平市彼处有限公司", region=factories.OTHER_TOWN)
    for firm_id, name in ((await factories.id_of(conn, there), "彼处"), (new_id(), "已撤销")):
        done = event_row("firm:record:updated", by=SYSTEM, at=NOON, object_type="firm", object_id=firm_id,
                         object_label=name)  # fmt: skip
        await record(conn, done)

    async def read_by(who):
        items = (await (await api_as(who)).get("/api/v1/audit")).json()["items"]
        return {i["object_label"] for i in items if i["action"] == "firm:record:updated"}

    assert await read_by("auditor") == {"彼处", "已撤销"}
    assert await read_by(await factories.person(conn, "auditor-town", scope=factories.TOWN)) == {"已撤销"}
    assert await read_by(await factories.person(conn, "auditor-placeless", scope="")) == {"已撤销"}


async def test_a_change_is_kept_with_what_it_was_and_what_it_became(api_as, conn):
    uscc = await factories.firm(conn, park="甲")
    officer, auditor = await api_as("officer"), await api_as("auditor")
    await officer.patch(f"/api/v1/firms/{uscc}", json={"park": "乙"}, headers={"if-match": '"1"'})
    event = (await auditor.get("/api/v1/audit?actor=局专员officer")).json()["items"][0]
    assert (event["before"], event["after"]) == ({"park": "甲"}, {"park": "乙"})
    assert event["ip"] == "127.0.0.1"
    assert len(event["request_id"]) == 32


async def test_what_is_kept_in_parts_is_said_in_words_and_a_carriers_name_is_not_a_firms(client_as, conn):
    held = await houses.carrier(conn)
    kept = {"name": "示例孵化器二号", "areas": {"park": "甲", "tags": ["新", "旧"], "closed": False}}
    row = event_row(
        "carrier:record:edited",
        by=(await factories.person(conn, "officer")).actor,
        at=NOON,
        after=kept,
        object_type="carrier",
        object_id=held.id,
        object_label=held.name,
    )
    await record(conn, row)
    page = (await (await client_as("auditor")).get("/audit?action=carrier:record:edited")).text
    assert '<th scope="row">名称</th>' in page
    assert "企业名称</th>" not in page
    assert "所属园区：甲；" in page or "园区：甲；" in page
    assert "新、旧" in page
    assert "否" in page
    assert "{" not in page[page.index("<tbody>") :]


async def test_what_an_act_keeps_is_named_in_words(client_as, conn):
    acts = {
        "firm:record:merged": ({"kept": "甲", "gone": "乙"}, {"保留的企业", "并入的企业"}),
        "file:attachment:added": (
            {"file": "a.pdf", "sha256": "0f", "on": "证书"},
            {"文件", "文件内容的校验值", "附在"},
        ),
        "firm:certificate:recorded": ({"number": "GR1", "source": "名单"}, {"编号", "来源"}),
        "firm:visit:struck": ({"on": "2026-01-05"}, {"日期"}),
        "user:access:granted": ({"role": "officer", "power": "security", "rows": 2}, {"角色", "职权", "行数"}),
    }
    by, about = (await factories.person(conn, "officer")).actor, {"object_type": "firm", "object_id": new_id()}
    await record(conn, *(event_row(act, by=by, at=NOON, after=kept, **about) for act, (kept, _) in acts.items()))
    auditor = await client_as("auditor")
    for act, (_, words) in acts.items():
        page = (await auditor.get(f"/audit?action={act}")).text
        assert set(re.findall('<th scope="row">([^<]+)</th>', page)) == words


async def asked(api, **query):
    answer = await api.get("/api/v1/audit", params=query)
    return [(e["action"], e["object_label"]) for e in answer.json()["items"]]


async def test_what_one_act_wrote_is_one_line_that_counts_what_is_on_the_page_and_hides_no_failure(client_as, conn):
    auditor = await client_as("auditor")
    by = Actor(SYSTEM.viewer, Origin(request_id="a" * 32))
    for n in range(450):
        about = {"object_type": "list", "object_id": str(n), "object_label": f"第 {n} 个", "succeeded": n != 300}
        await record(conn, event_row("firm:record:edited", by=by, at=NOON, **about))
    said, place = [], "/audit"
    for _ in "12":
        page = (await auditor.get(place)).text
        said.append((re.findall(r"同一次操作，这一页里共 (\d+) 条", page), page.count("没有成功</span>")))
        found = re.search(r'href="(/audit\?cursor=[^"]+)"', page)
        place = found[1] if found else ""
    assert (said, place) == ([(["400"], 1), (["50"], 0)], "")


async def test_part_of_a_name_finds_what_was_done_to_a_firm_or_by_a_person(api_as, conn):
    clerk = await factories.person(conn, "officer-li", name="李小敏")
    uscc = await factories.firm(conn, "开平市留痕有限公司", by=clerk)
    await factories.firm(conn, "开平市别家有限公司", by=await factories.person(conn, "officer-wang", name="王大力"))
    auditor = await api_as("auditor")
    made = [("firm:record:created", "开平市留痕有限公司")]
    for query in (
        {"object": "留痕"},
        {"object": "kpslh"},
        {"object": uscc},
        {"actor": "小敏"},
        {"actor": "OFFICER-LI"},
    ):
        assert (query, await asked(auditor, **query)) == (query, made)
    assert await asked(auditor, object="留痕", actor="大力") == []


async def test_an_act_is_found_by_its_kind(api_as, client_as, conn, rendered):
    await factories.firm_on(conn, "tech_micro", name="开平市留痕有限公司")
    auditor = await api_as("auditor")
    assert await asked(auditor, action="firm:tier:moved") == [("firm:tier:moved", "开平市留痕有限公司")]
    assert await asked(auditor, action="user:password:reset") == []
    page = await (await client_as("auditor")).get("/audit?action=firm:tier:moved")
    assert [e.action for e, _ in rendered[-1][1]["lines"]] == ["firm:tier:moved"]
    assert '<option value="firm:tier:moved" selected>梯队移动</option>' in page.text


async def test_an_account_is_found_by_part_of_its_login_and_a_failed_try_by_what_was_typed(
    api_as, client_as, client_from, conn
):
    person = await factories.person(conn, "officer-zhao", name="赵六")
    await (await client_as("admin")).post(f"/admin/users/{person.id}/reset")
    stranger = client_from("203.0.113.9")
    await stranger.post("/sign-in", data={"login": "officer-zhao", "password": "Caice-2026-x"})
    auditor = await api_as("auditor")
    assert await asked(auditor, object="zhao", action="user:password:reset") == [
        ("user:password:reset", "officer-zhao")
    ]
    assert [action for action, _ in await asked(auditor, actor="zhao")] == ["session:sign_in:failed"]


async def test_a_stretch_of_days_is_asked_for_and_an_account_is_called_by_its_login(client_as, api_as, conn):
    person = await factories.person(conn, "officer")
    about = {"by": person.actor, "object_type": "user", "object_id": person.id}
    days = (NOON - timedelta(days=2), NOON, NOON + timedelta(days=2))
    acts = ("user:record:disabled", "user:password:changed", "user:record:enabled")
    await record(conn, *(event_row(act, at=at, **about) for act, at in zip(acts, days, strict=True)))
    auditor, api = await client_as("auditor"), await api_as("auditor")
    stretch = {"from": f"{NOON:%Y-%m-%d}", "to": f"{NOON:%Y-%m-%d}"}
    assert await asked(api, **stretch, actor=person.name) == [("user:password:changed", "officer")]
    assert len(await asked(api, to=stretch["to"], actor=person.name)) == 2
    page = (await auditor.get("/audit", params=stretch)).text
    assert "<td>officer</td>" in page
    assert str(person.id) not in page
    taken = (await auditor.post("/audit/export.csv", params=stretch)).text
    assert "修改口令" in taken
    assert "启用账号" not in taken


async def test_a_firm_out_of_sight_is_not_found_by_part_of_its_name(api_as, conn):
    await factories.firm(conn, "开平市彼处有限公司", region=factories.OTHER_TOWN)
    narrow = await api_as(await factories.person(conn, "auditor-town", scope=factories.TOWN))
    assert await asked(narrow, object="彼处") == []


async def test_the_trail_leaves_as_a_file_with_its_filter_and_that_is_in_the_trail(client_as, api_as, conn):
    uscc = await factories.firm(conn, "=开平市留痕有限公司", remark="内部备注金丝雀")
    await factories.firm(conn, "开平市别家有限公司")
    auditor = await client_as("auditor")
    answer = await auditor.post("/audit/export.csv", params={"object": uscc})
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert lines[0][:4] == ["编号", "时间", "经办人", "角色"]
    assert len(lines) == 2
    told = dict(zip(lines[0], lines[1], strict=True))
    assert (told["动作代码"], told["对象"], told["成功"]) == ("firm:record:created", "'=开平市留痕有限公司", "是")
    assert "内部备注金丝雀" in told["改后"]
    newest = (await (await api_as("auditor-2")).get("/api/v1/audit?limit=1")).json()["items"][0]
    assert newest["action"] == "audit:trail:exported"
    assert newest["after"] == {"filter": {"object": uscc}, "form": "csv"}
    assert newest["session_id"]
    admin = await client_as("admin")
    assert (await admin.post("/audit/export.csv")).status_code == 403
    assert "导出 CSV" not in (await admin.get("/audit")).text
