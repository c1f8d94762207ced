"""三员分立: one makes accounts, another grants, a third reads the trail; and none comes by another's part."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.access.identities import link
from app.access.queries import user_by_login
from app.access.terms import HELD, Actor, Permission, Power, Role
from tests import factories
from tests.harness import NOON

PASSWORD = factories.PASSWORD
FORM = {"login": "xin", "name": "新来的", "role": "officer", "scope": "440783"}


async def two(conn, client_as):
    """A house with its two administrators, as it becomes one: the one who did both appoints the second."""
    system = await client_as("admin")
    made = await system.post(
        "/admin/users/new", data={"login": "anquan", "name": "安全员", "role": "admin", "power": "security"}
    )
    assert made.status_code == 303
    user = await user_by_login(conn, "anquan")
    assert (user["active"], user["power"]) == (True, "security")
    assert (await user_by_login(conn, "admin"))["power"] == "system"
    await conn.execute(text("UPDATE users SET must_change_password = false WHERE login = 'anquan'"))
    person = await factories.person(conn, "admin")
    security = factories.Person(person.viewer.__class__(user["id"], "anquan", "安全员", Role.ADMIN))
    return system, await client_as(security)


def test_each_part_lacks_what_is_the_others_and_together_they_are_the_whole():
    system, security = (HELD[power][Role.ADMIN] for power in (Power.SYSTEM, Power.SECURITY))
    whole = HELD[Power.SOLE][Role.ADMIN]
    assert system | security == whole
    assert {Permission.USER_ADMIN, Permission.SETTING_ADMIN} <= system - security
    securing = {Permission.ACCESS_GRANT, Permission.SECURITY_ADMIN, Permission.FACTOR_RESET, Permission.DENIAL_READ}
    assert security - system == securing
    assert Permission.AUDIT_READ not in whole, "the trail is the auditor's, and nobody's who runs or secures the system"
    writes = {p for p in HELD[Power.SOLE][Role.AUDITOR] if p.endswith(("admin", "edit", "keep", "grant", "reset"))}
    assert writes == set()


async def test_what_one_makes_opens_nothing_until_the_other_has_said_yes(conn, client_as, anonymous):
    system, security = await two(conn, client_as)
    assert (await system.post("/admin/users/new", data=FORM)).status_code == 303
    waiting = await user_by_login(conn, "xin")
    assert (waiting["active"], waiting["awaits_grant"]) == (False, True)
    assert "等待授权" in (await system.get("/admin/users")).text
    user_id = waiting["id"]
    assert (await system.post(f"/admin/users/{user_id}/enable")).status_code == 409
    for path in ("/admin/grants", "/admin/security"):
        assert (await system.get(path)).status_code == 403
    assert (await system.post(f"/admin/grants/{user_id}/agree")).status_code == 403
    assert (await security.get("/admin/users")).status_code == 403
    assert (await security.post("/admin/users/new", data=FORM | {"login": "zwei"})).status_code == 403
    assert "请核对角色和范围" in (await security.get("/inbox")).text
    assert "谁开通或重设的" in (await security.get("/admin/grants")).text
    page = (await security.get("/admin/grants")).text
    assert "新来的" in page
    assert "局专员" in page
    assert (await security.post(f"/admin/grants/{user_id}/agree")).status_code == 303
    assert (await user_by_login(conn, "xin"))["active"]
    assert (await security.post(f"/admin/grants/{user_id}/agree")).status_code == 409
    trail = (await security.get("/audit?action=user:access:granted")).text
    assert "安全员" in trail


async def test_the_security_administrator_begins_at_the_grants_and_the_trail_says_which_of_the_two_acted(
    conn, client_as, anonymous
):
    system, security = await two(conn, client_as)
    home = await security.get("/")
    assert (home.status_code, home.headers["location"]) == (303, "/admin/grants")
    assert "安全管理员没有这项权限" in (await security.get("/admin/users")).text
    assert (await system.get("/")).headers["location"] == "/admin/users"
    made = await system.post("/admin/users/new", data=FORM)
    shown = (await system.get(made.headers["location"])).text
    assert "还要等安全管理员授权" in shown
    password = re.search(r'id="secret">([^<]+)<', shown)[1]
    early = await anonymous.post("/sign-in", data={"login": "xin", "password": password})
    assert early.status_code == 401
    assert "还没有授权" in early.text
    assert "停用" not in early.text
    assert "还没有授权" not in (await anonymous.post("/sign-in", data={"login": "xin", "password": "x" * 20})).text
    await security.post(f"/admin/grants/{(await user_by_login(conn, 'xin'))['id']}/agree")
    trail = (await system.get("/audit?action=user:access:granted")).text
    assert "安全员 <small>安全管理员</small>" in trail
    for administrator in (system, security):
        assert (await administrator.post("/audit/export.csv")).status_code == 403
    watched = [(await one.get("/audit/denials")).status_code for one in (system, security)]
    assert watched == [403, 200]
    assert "/audit/denials" not in (await system.get("/audit")).text + (await system.get("/audit/permissions")).text
    taken = (await (await client_as("auditor")).post("/audit/export.csv")).text
    assert {line.split(",")[3] for line in taken.splitlines() if ",授权账号," in line} == {"安全管理员"}
    assert {line.split(",")[3] for line in taken.splitlines() if ",新增账号," in line} == {"系统管理员"}


async def test_the_security_administrators_own_door_says_so_in_the_trail(conn, client_as, anonymous):
    await two(conn, client_as)
    hers = "UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE login = 'admin')"
    await conn.execute(text(f"{hers} WHERE login = 'anquan'"))
    assert (await anonymous.post("/sign-in", data={"login": "anquan", "password": PASSWORD})).status_code == 303
    assert (await anonymous.get("/")).headers["location"] == "/admin/grants"
    event = text("SELECT actor_role FROM audit_events WHERE action = 'session:sign_in:done'")
    assert (await conn.execute(event)).scalars().all() == ["security"]


async def test_a_refused_account_stays_shut_and_a_new_administrator_has_one_part(conn, client_as):
    system, security = await two(conn, client_as)
    await system.post("/admin/users/new", data=FORM)
    await system.post("/admin/users/new", data={"login": "zweite", "name": "第二个", "role": "admin"})
    refused = (await user_by_login(conn, "xin"))["id"]
    assert (await security.post(f"/admin/grants/{refused}/refuse")).status_code == 303
    assert not (await user_by_login(conn, "xin"))["active"]
    assert (await user_by_login(conn, "zweite"))["power"] == "system"


async def test_nobody_comes_by_anothers_part_through_a_password(conn, client_as):
    system, security = await two(conn, client_as)
    auditor = await factories.person(conn, "auditor")
    reading = await client_as(auditor)
    anquan = (await user_by_login(conn, "anquan"))["id"]
    listed = (await system.get("/admin/users")).text
    assert "tidu user 命令办理" in listed
    for act in ("reset", "disable", "sessions/revoke-others", "sessions/0123456789ab/revoke"):
        assert (await system.post(f"/admin/users/{anquan}/{act}")).status_code == 403
        assert f'"/admin/users/{anquan}/{act}"' not in listed, "nor is it offered"
    assert (await reading.get("/audit")).status_code == 200
    assert (await system.post(f"/admin/users/{auditor.id}/reset")).status_code == 303
    assert (await reading.get("/audit")).status_code == 303
    assert (await user_by_login(conn, "auditor"))["awaits_grant"]
    assert "审计员" in (await security.get("/admin/grants")).text


@pytest.mark.parametrize("way", ["password", "identity"])
async def test_an_auditors_account_that_was_disabled_first_waits_for_the_other_all_the_same(conn, client_as, way):
    system, _ = await two(conn, client_as)
    auditor = await factories.person(conn, "auditor")
    assert (await system.post(f"/admin/users/{auditor.id}/disable")).status_code == 303
    if way == "password":
        assert (await system.post(f"/admin/users/{auditor.id}/reset")).status_code == 303
    else:
        by = Actor(replace((await factories.person(conn, "admin")).viewer, power=Power.SYSTEM))
        await link(conn, auditor.id, "https://id", "mine", by=by, at=NOON, cheap=True)
    assert (await system.post(f"/admin/users/{auditor.id}/enable")).status_code == 409
    assert not (await user_by_login(conn, "auditor"))["active"]


@pytest.mark.parametrize("path", ["/admin/grants", "/admin/users"])
async def test_until_there_are_two_one_does_both_and_is_told_so(client_as, path):
    admin = await client_as("admin")
    assert (await admin.get(path)).status_code == 200
    assert "还没有分设" in (await admin.get("/admin/grants")).text


async def test_who_may_do_what_is_on_a_page_as_it_is_enforced(conn, client_as):
    auditor = await client_as("auditor")
    before = rows_of((await auditor.get("/audit/permissions")).text)
    assert set(before) == {permission.value for permission in Permission}
    assert before["security:admin"] == {"系统管理员（未分设）"}
    await two(conn, client_as)
    for code, holders in rows_of((await auditor.get("/audit/permissions")).text).items():
        held = {role.label for role, given in HELD[Power.SOLE].items() if role is not Role.ADMIN and code in given}
        held |= {p.label for p in (Power.SYSTEM, Power.SECURITY) if code in HELD[p][Role.ADMIN]}
        assert holders == held, code
    assert (await (await client_as("officer")).get("/audit/permissions")).status_code == 403


def rows_of(html):
    rows = re.findall(r'<td class="code">([\w:]+)</td><td data-label="[^"]*">([^<]*)</td>', html)
    return {code: set(holders.split("、")) for code, holders in rows}
