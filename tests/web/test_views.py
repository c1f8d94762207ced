"""Saved views: one's own, a division's, a role's; and a list that looks as its reader wants it."""

import re
from datetime import timedelta

from sqlalchemy import func, insert, select

from app.audit.models import AuditEvent
from app.db import new_id
from app.views.models import ListArrangement, RoleView, SavedView
from app.views.terms import MOST_VIEWS, USUAL, ListColumn
from tests import factories
from tests.factories import OTHER_TOWN, TOWN
from tests.harness import NOON


async def kept(conn):
    rows = await conn.execute(select(SavedView).order_by(SavedView.created_at, SavedView.id))
    return {row.name: row for row in rows}


async def acts(conn):
    query = select(AuditEvent.action).where(AuditEvent.action.like("view:%")).order_by(AuditEvent.id)
    return list((await conn.execute(query)).scalars())


async def test_a_view_is_kept_opened_renamed_begun_with_and_removed(conn, client_as, rendered):
    await factories.firm_on(conn, "eaglet")
    client = await client_as("officer")
    page = await client.get("/firms?tier=eaglet&sort=name&cursor=")
    sent = dict(re.findall(r'name="(idempotency_key|query)" value="([^"]*)"', page.text))
    sent = {name: value.replace("&amp;", "&") for name, value in sent.items()}
    assert sent["query"] == "tier=eaglet&sort=name"
    made = await client.post("/views", data=sent | {"name": " 雏鹰　企业 "})
    assert made.headers["location"] == "/firms?tier=eaglet&sort=name"
    again = await client.post("/views", data=sent | {"name": " 雏鹰　企业 "})  # a double click
    assert again.status_code == 303
    view = (await kept(conn))["雏鹰 企业"]
    assert (view.shared, view.scope, len(await kept(conn))) == (False, "", 1)
    assert 'aria-current="page">雏鹰 企业' in (await client.get(made.headers["location"])).text
    taken = await client.post("/views", data={"name": "雏鹰企业", "query": "tier=hnte"})
    assert (taken.status_code, "同名的视图" in taken.text) == (422, True)
    assert 'value="tier=hnte"' in taken.text  # what was to be saved is still there
    numbered = await client.post("/views", data={"name": "某人", "query": "q=139+8765+4321&tier=hnte"})
    assert (numbered.status_code, "视图里不存电话和邮箱" in numbered.text) == (422, True)

    assert (await client.get("/firms")).status_code == 200
    assert (await client.post("/views/first", data={"view": str(view.id)})).status_code == 303
    assert (await client.get("/firms")).headers["location"] == "/firms?tier=eaglet&sort=name"
    assert rendered[-1][1]["every_href"] == "/firms?status=active"
    every = await client.get("/firms?status=active")
    assert every.status_code == 200
    assert "全部清除" not in every.text

    here = f"/views/{view.id}"
    assert (await client.post(here, data={"name": "雏鹰", "version": "1"})).status_code == 303
    stale = await client.post(here, data={"name": "瞪羚", "version": "1"})
    assert (stale.status_code, "刚被改过" in stale.text) == (412, True)
    assert 'value="瞪羚"' in stale.text  # what was typed, over what is there now
    assert f'id="name-{view.id}"' in stale.text[stale.text.index("<details open>") :]
    mended = await client.post(here, data={"name": "瞪羚", "version": "2"})
    assert mended.status_code == 303
    nameless = (await client.post(here, data={"name": "", "version": "3"})).text
    assert f'href="#name-{view.id}"' in nameless
    assert (await client.post(f"{here}/remove", data={"version": "3"})).status_code == 303
    assert await kept(conn) == {}
    assert (await client.get("/firms")).status_code == 200
    changed = ["view:record:changed"] * 2
    whole = ["view:record:saved", "view:list:arranged", *changed, "view:record:removed"]
    assert await acts(conn) == whole


async def test_a_shared_view_shows_its_reader_what_the_reader_may_see_and_others_nothing(conn, client_as, rendered):
    officer = await factories.person(conn, "officer")
    mine = await factories.firm(conn, region_code=TOWN, officer_id=officer.id)
    theirs = await factories.firm(conn, region_code=OTHER_TOWN, officer_id=officer.id)
    author = await client_as(officer)
    query = f"officer={officer.id}"
    await author.post("/views", data={"name": "王的企业", "query": query, "shared": "1"})
    await author.post("/views", data={"name": "只给自己", "query": query})
    await author.post("/views", data={"name": "那个镇", "query": f"region={OTHER_TOWN}", "shared": "1"})
    await author.post("/views", data={"name": "重点", "query": "tag=重点", "shared": "1"})
    views = await kept(conn)

    town = await client_as("town")
    shown = (await town.get(f"/firms?{query}")).text
    assert mine in shown
    assert theirs not in shown
    assert [v.name for v in rendered[-1][1]["desk"].views] == ["王的企业", "那个镇", "重点"]
    assert theirs not in (await town.get(f"/firms?region={OTHER_TOWN}")).text
    outside = await client_as(await factories.person(conn, "officer-away", scope="440784"))
    await outside.get("/views")
    assert rendered[-1][1]["desk"].views == ()
    for who, name, status in ((town, "王的企业", 403), (town, "只给自己", 404), (outside, "王的企业", 404)):
        for act in ("", "/remove"):
            answer = await who.post(f"/views/{views[name].id}{act}", data={"name": "夺", "version": "1"})
            assert answer.status_code == status
    refused = await outside.post("/views/first", data={"view": str(views["王的企业"].id)})
    assert refused.status_code == 422
    for malformed in ("1", "'; --", "00000000-0000-0000-0000-00000000000g"):
        answer = await town.post("/views/first", data={"view": malformed})
        assert (answer.status_code, "编号格式不对" in answer.text) == (422, True)
    admin = await client_as("admin")
    malformed = await admin.post("/views/roles/town", data={"view": "x", "version": "0"})
    assert (malformed.status_code, "编号格式不对" in malformed.text) == (422, True)
    await admin.get("/views")
    assert [v.name for v in rendered[-1][1]["desk"].views] == ["王的企业", "那个镇"]  # tags are not for administrators
    assert set(await kept(conn)) == set(views)


async def test_a_role_begins_with_what_its_administrator_chose_until_somebody_chooses_for_themselves(conn, client_as):
    author, admin = await client_as("officer"), await client_as("admin")
    await author.post("/views", data={"name": "停滞", "query": "stale=1", "shared": "1"})
    view = (await kept(conn))["停滞"]
    role = {"view": str(view.id), "version": "0"}
    assert (await author.post("/views/roles/town", data=role)).status_code == 403
    assert (await admin.post("/views/roles/town", data=role)).status_code == 303
    assert (await admin.post("/views/roles/town", data=role | {"view": ""})).status_code == 412
    assert (await admin.post("/views/roles/firm", data=role)).status_code == 404
    town = await client_as("town")
    assert (await town.get("/firms")).headers["location"] == "/firms?stale=1"
    assert (await author.get("/firms")).status_code == 200
    away = await client_as(await factories.person(conn, "town-away", scope="440784100"))
    assert (await away.get("/firms")).status_code == 200
    await town.post("/views", data={"name": "高企", "query": "tier=hnte", "first": "1"})
    assert (await town.get("/firms")).headers["location"] == "/firms?tier=hnte"
    await town.post("/views/first", data={"view": ""})
    assert (await town.get("/firms")).headers["location"] == "/firms?stale=1"
    assert (await author.post(f"/views/{view.id}", data={"name": "停滞", "version": "1"})).status_code == 303
    assert (await town.get("/firms")).status_code == 200  # shared with nobody any more
    assert (await conn.execute(select(func.count()).select_from(RoleView))).scalar_one() == 0


async def test_a_list_looks_as_its_reader_wants_it_and_pages_by_as_many_rows(conn, client_as, rendered, statements):
    for n in range(27):
        await factories.firm_on(conn, "eaglet", on=NOON.date() - timedelta(days=n))
    client = await client_as("officer")
    await client.get("/firms?tier=eaglet")
    statements.clear()
    await client.get("/firms?tier=eaglet")
    asked = [s for s in statements if "SAVEPOINT" not in s]
    assert len(asked) == 4  # who, how they want it, the page, how many
    wanted = {"columns": ["tier", "days"], "density": "dense", "page_size": "25", "version": "0", "back": "/firms"}
    assert (await client.post("/views/list", data=wanted)).headers["location"] == "/firms"
    late = await client.post("/views/list", data=wanted | {"columns": ["region"], "page_size": "100"})
    assert late.status_code == 412
    form = late.text[late.text.index('action="/views/list"') :]
    assert 'name="version" value="1"' in form
    assert 'id="column-region" name="columns" value="region" checked' in form
    assert 'id="column-tier" name="columns" value="tier">' in form
    assert '<option value="100" selected>' in form
    await client.get("/firms?tier=eaglet&policy=hnte")
    shown = rendered[-1][1]
    assert [c.label for c in shown["columns"]] == ["企业名称", "梯队", "差距", "在梯队天数"]
    first = await client.get("/firms?tier=eaglet&sort=tier_since")
    seen = [r.uscc for r in rendered[-1][1]["rows"]]
    assert (len(seen), 'cards-at-360 dense"' in first.text) == (25, True)
    await client.get(rendered[-1][1]["next_href"])
    rest = [r.uscc for r in rendered[-1][1]["rows"]]
    assert len(rest) == 2
    assert not set(seen) & set(rest)
    for wrong in ({"columns": ["phone"]}, {"density": "tiny"}, {"page_size": "26"}):
        assert (await client.post("/views/list", data=wanted | wrong | {"version": "1"})).status_code == 422
    row = (await conn.execute(select(ListArrangement))).one()
    assert {c.value for c in USUAL} & set(row.hidden) == {"officer", "region", "updated", "uscc"}
    assert (row.page_size, row.version) == (25, 1)
    assert (await (await client_as("manager")).get("/firms?tier=eaglet")).status_code == 200
    assert len(rendered[-1][1]["rows"]) == 27


async def test_what_seldom_stands_in_the_list_comes_with_its_page_and_only_to_whoever_may_read_it(
    conn, client_as, rendered, statements
):
    uscc = await factories.reporting_firm(conn)
    await factories.visit(conn, uscc)
    await factories.certificate(conn, uscc)
    every = {"columns": [c.value for c in ListColumn], "density": "normal", "page_size": "50", "version": "0"}
    officer, admin = await client_as("officer"), await client_as("admin")
    for client in (officer, admin):
        assert (await client.post("/views/list", data=every)).status_code == 303
    await officer.get("/firms")
    statements.clear()
    page = (await officer.get("/firms")).text
    assert len([s for s in statements if "SAVEPOINT" not in s]) == 4
    [row] = rendered[-1][1]["rows"]
    said = {cell.label: cell.text for cell in row.more}
    assert len(said) == len(ListColumn) - len(USUAL)
    assert (said["销售收入（万元）"], said["研发占比"], said["最近联系"]) == ("4,000.00", "4.75%", f"{NOON.date()}")
    assert [c.label for c in rendered[-1][1]["columns"]][7:] == [c.label for c in row.more]
    assert '<td class="n" data-label="研发占比" title="2025 年">4.75%</td>' in page
    by_name = "/firms?q=" + row.name[3:6]
    await officer.get(by_name)
    assert [cell.text for cell in rendered[-1][1]["rows"][0].more] == list(said.values())
    theirs = (await admin.get("/firms")).text
    assert 'data-label="最近期限"' in theirs
    assert not [word for word in ("下次联系", "最近联系", "销售收入", "研发占比") if word in theirs]


async def test_one_person_keeps_fifty_views_and_not_one_more(conn, client_as):
    officer = await factories.person(conn, "officer")
    row = {"owner_id": officer.id, "query": "tier=hnte", "created_at": NOON, "updated_at": NOON}
    named = [{"id": new_id(), "name": f"视图{n}", "name_key": f"视图{n}", **row} for n in range(MOST_VIEWS - 1)]
    await conn.execute(insert(SavedView), named)
    client = await client_as(officer)
    assert (await client.post("/views", data={"name": "最后", "query": ""})).status_code == 303
    full = await client.post("/views", data={"name": "多余", "query": ""})
    assert (full.status_code, "最多存 50 个" in full.text) == (409, True)


async def test_a_program_keeps_views_too_and_says_which_it_has_read(conn, api_as):
    api, here = await api_as("officer"), "/api/v1/views"
    body = {"name": "高企", "query": "?tier=hnte&q=&sort=-updated", "shared": True}
    key = {"Idempotency-Key": "one"}
    made = await api.post(here, json=body, headers=key)
    assert (made.status_code, made.json()["query"], made.json()["scope"]) == (201, "tier=hnte", "440783")
    assert (await api.post(here, json=body, headers=key)).json()["id"] == made.json()["id"]
    assert (await api.post(here, json=body)).json()["errors"]["name"]
    one, tag = made.headers["location"], {"If-Match": made.headers["etag"]}
    assert (await api.patch(one, json={"query": "tier=leader"})).status_code == 428
    changed = await api.patch(one, json={"query": "tier=leader"}, headers=tag)
    assert (changed.json()["name"], changed.json()["query"]) == ("高企", "tier=leader")
    for late in (await api.patch(one, json={"name": "迟"}, headers=tag), await api.delete(one, headers=tag)):
        assert late.status_code == 412
    town, admin = await api_as("town"), await api_as("admin")
    assert [v["mine"] for v in (await town.get(here)).json()["items"]] == [False]
    assert (await town.delete(one, headers={"If-Match": '"2"'})).status_code == 403

    look = {"columns": ["tier"], "density": "dense", "page_size": 100, "first": made.json()["id"]}
    unread = await town.get("/api/v1/account/list")
    assert (unread.json()["version"], unread.json()["page_size"]) == (0, 50)
    zero = {"If-Match": unread.headers["etag"]}
    assert (await town.put("/api/v1/account/list", json=look, headers=zero)).json() == look | {"version": 1}
    assert (await town.put("/api/v1/account/list", json=look, headers=zero)).status_code == 412
    role = "/api/v1/role-views/manager"
    assert (await admin.put(role, json={"view": made.json()["id"]}, headers=zero)).json()["version"] == 1
    assert (await admin.put(role, json={"view": None}, headers=zero)).status_code == 412
    assert (await admin.put("/api/v1/role-views/firm", json={"view": None})).status_code == 404

    gone = await admin.delete(one, headers={"If-Match": changed.headers["etag"]})
    assert (gone.status_code, (await town.get(here)).json()["items"]) == (200, [])
    assert (await town.get("/api/v1/account/list")).json()["first"] is None
    assert (await admin.get(role)).json() == {"role": "manager", "view": None, "version": 0}
