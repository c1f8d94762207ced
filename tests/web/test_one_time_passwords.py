"""One-time passwords: shown as long as they are needed, good for three days, and only until they are changed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.access.models import User
from app.access.rules import ONE_TIME_HOURS
from app.access.service import reset_password
from app.access.tokens import issue_own, issue_token, tokens_of
from app.audit.models import AuditEvent
from app.errors import PasswordChangeRequired
from tests import factories
from tests.harness import NOON

NEWCOMER = {"login": "wang.wu", "name": "王五", "role": "officer", "scope": "440783", "unit": "科技股"}
HERE = "/admin/users/one-time"
OWN = "Xin-kouling-88"
FAILED = select(AuditEvent.after).where(AuditEvent.action == "session:sign_in:failed")


async def given(admin, rendered):
    """Makes the newcomer's account and reads its password from the page that the answer leads to."""
    made = await admin.post("/admin/users/new", data=NEWCOMER)
    assert (made.status_code, made.headers["location"]) == (303, HERE)
    await admin.get(HERE)
    return rendered[-1][1]["shown"].password


async def entered(browser, password, login="wang.wu"):
    return await browser.post("/sign-in", data={"login": login, "password": password})


async def change(browser, password):
    return await browser.post("/account/password", data={"current": password, "new": OWN, "again": OWN})


async def test_a_new_account_gets_a_password_that_must_be_changed(client_as, client_from, rendered):
    admin, person = await client_as("admin"), client_from("10.0.0.5")
    password = await given(admin, rendered)
    assert (await entered(person, password)).headers["location"] == "/account/password"
    assert (await person.get("/firms")).headers["location"] == "/account/password"
    assert password not in (await admin.get("/admin/users")).text


async def test_loading_its_page_again_neither_loses_the_password_nor_makes_another(client_as, conn, rendered):
    admin = await client_as("admin")
    password = await given(admin, rendered)
    hashed = select(User.password_hash).where(User.login == "wang.wu")
    before = (await conn.execute(hashed)).scalar_one()
    again = await admin.get(HERE)
    assert password in again.text
    assert "no-store" in again.headers["cache-control"]
    assert (await conn.execute(hashed)).scalar_one() == before


async def test_nothing_that_the_browser_keeps_holds_the_password_or_serves_another_session(
    client_as, client_from, conn, rendered
):
    admin = await client_as("admin")
    password = await given(admin, rendered)
    kept = dict(admin.cookies)
    assert not any(password in value for value in kept.values())
    token = await factories.session_of(conn, await factories.person(conn, "admin"))
    other = client_from(cookies=kept | {"tidu": token})
    assert password not in (await other.get(HERE)).text
    forged = client_from(cookies=kept | {"tidu_once": kept["tidu_once"].replace("wang.wu", "officer")})
    assert "这里没有可以显示的口令" in (await forged.get(HERE)).text


async def test_once_it_was_changed_it_is_shown_no_more(client_as, client_from, rendered):
    admin, person = await client_as("admin"), client_from("10.0.0.5")
    password = await given(admin, rendered)
    await entered(person, password)
    assert (await change(person, password)).status_code == 303
    assert password not in (await admin.get(HERE)).text


async def test_a_reset_password_ends_what_was_open(client_as, conn, client_from, rendered):
    admin, officer = await client_as("admin"), await client_as("officer")
    person = await factories.person(conn, "officer")
    await admin.post(f"/admin/users/{person.id}/reset")
    await admin.get(HERE)
    password = rendered[-1][1]["shown"].password
    assert (await officer.get("/firms")).status_code == 303
    fresh = client_from("10.0.0.5")
    assert (await entered(fresh, factories.PASSWORD, "officer")).status_code == 401
    assert (await entered(fresh, password, "officer")).headers["location"] == "/account/password"


async def test_after_three_days_it_opens_nothing_and_says_so_only_to_who_knows_it(
    client_as, client_from, clock, conn, rendered
):
    password = await given(await client_as("admin"), rendered)
    clock.advance(seconds=ONE_TIME_HOURS * 3600 - 1)
    assert (await entered(client_from("10.0.0.5"), password)).status_code == 303
    clock.advance(seconds=1)
    late = await entered(client_from("10.0.0.6"), password)
    assert late.status_code == 401
    assert "一次性口令已过期（72 小时内有效）" in late.text
    assert "账号或口令不对。" in (await entered(client_from("10.0.0.7"), "Caice-2026-x")).text
    late_try, guess = (await conn.execute(FAILED.order_by(AuditEvent.id))).scalars()
    assert ("过期" in late_try["why"], guess) == (True, None)
    assert "一次性口令已过期" in (await (await client_as("admin")).get("/admin/users")).text


async def test_a_program_is_let_in_by_its_token_and_no_token_is_made_with_a_password_for_once(
    client_as, client_from, clock, conn, rendered
):
    password, person = await given(await client_as("admin"), rendered), client_from("10.0.0.5")
    token = await issue_token(conn, "wang.wu", days=3, at=clock.now())  # as `tidu token` does
    program = client_from(headers={"authorization": f"Bearer {token}"})
    assert (await program.get("/api/v1/firms")).status_code == 200
    await entered(person, password)
    asked = {"label": "报表", "days": "30", "password": password}
    for one in (person, program):
        assert (await one.post("/account/tokens", data=asked)).status_code == 403
    assert (await person.get("/firms")).headers["location"] == "/account/password"
    await change(person, password)
    assert (await program.get("/api/v1/firms")).status_code == 401  # a new password ends every token
    made = await person.post("/account/tokens", data=asked | {"password": OWN})
    assert (made.status_code, rendered[-1][0]) == (200, "account/token_once.html")


@pytest.mark.db_commit
async def test_a_token_asked_for_while_the_password_is_being_reset_is_none(fresh_database):
    async with fresh_database.transaction() as conn:
        person = await factories.person(conn, "officer")
    asked = {"days": 3, "password": factories.PASSWORD, "code": "", "at": NOON, "cheap": True}

    async def ask():
        async with fresh_database.transaction() as conn:
            await issue_own(conn, "报表", by=person.actor, **asked)

    async with fresh_database.transaction() as conn:
        await reset_password(conn, person.id, "Linshi-kouling-7", at=NOON, cheap=True)
        asking = asyncio.create_task(ask())
        await asyncio.wait([asking], timeout=1)
    with pytest.raises(PasswordChangeRequired):
        await asking
    async with fresh_database.reading() as conn:
        assert await tokens_of(conn, person.id, at=NOON) == []


async def test_ones_own_password_does_not_end_with_the_one_time_ones_hours(client_as, client_from, clock, rendered):
    password, person = await given(await client_as("admin"), rendered), client_from("10.0.0.5")
    await entered(person, password)
    await change(person, password)
    clock.advance(seconds=timedelta(days=90).total_seconds() - 1)
    signed = await entered(client_from("10.0.0.8"), OWN)
    assert (signed.status_code, signed.headers["location"]) == (303, "/")


@pytest.mark.parametrize(("password", "sentence"), [(factories.PASSWORD, "已停用"), ("Caice-2026-x", "账号或口令不对")])
async def test_that_an_account_is_disabled_is_told_to_who_knows_its_password(client_from, conn, password, sentence):
    await factories.person(conn, "officer")
    await conn.execute(update(User).where(User.login == "officer").values(active=False))
    answer = await entered(client_from("10.0.0.9"), password, "officer")
    assert answer.status_code == 401
    assert sentence in answer.text
