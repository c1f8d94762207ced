import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text

from app.access.changing import change_password
from app.access.forgotten import ask, choose
from app.access.models import ApiToken, IdempotencyKey, PasswordLink, SignInAttempt, User, UserSession
from app.access.queries import recent_failures, signed_in_by_bearer, signed_in_by_cookie
from app.access.rules import PAIR_LIMIT, wait_seconds
from app.access.service import (
    Account,
    add_user,
    forget_old,
    reset_password,
    set_active,
)
from app.access.signing import Browser, announce, sign_in
from app.access.terms import SYSTEM, Origin, Role
from app.access.tokens import issue_token
from app.audit.models import AuditEvent
from app.db import new_id
from app.errors import Invalid, NotFound
from app.seeding.demo import DEMO_LOGINS
from tests import factories
from tests.harness import NOON

IDLE = timedelta(minutes=30)
STRONG = "Qiang-kouling-7"


async def entered(conn, login="officer", password=factories.PASSWORD, at=NOON):
    origin = Origin(ip="10.0.0.1")
    attempt = await announce(conn, login=login, origin=origin, at=at)
    return await sign_in(
        conn,
        attempt,
        password=password,
        browser=Browser(origin, "u" * 500, timedelta(hours=12)),
        at=at,
        cheap=True,
    )


@pytest.mark.parametrize(
    ("account", "field"),
    [
        (Account("clerk", "张三", Role.FIRM), "uscc"),
        (Account("keeper", "张三", Role.ADMIN, "4407x"), "scope"),
        (Account("officer.odd", "张三", Role.OFFICER, "４４０７８３"), "scope"),
        (Account("officer.odd", "张三", Role.OFFICER, "44²"), "scope"),
    ],
)
async def test_an_account_without_its_firm_or_with_a_scope_that_is_no_code_is_not_made(conn, account, field):
    with pytest.raises(Invalid) as refused:
        await add_user(conn, account, password=STRONG, at=NOON, cheap=True)
    assert set(refused.value.fields) == {field}


async def test_a_session_is_kept_as_a_hash_and_finds_its_person(conn):
    person = await factories.person(conn, "officer")
    result = await entered(conn)
    row = (await conn.execute(select(UserSession.token_hash, UserSession.user_agent))).one()
    assert result.token.encode() not in row.token_hash
    assert len(row.user_agent) == 200
    found = await signed_in_by_cookie(conn, result.token, at=NOON, idle=IDLE)
    assert found.viewer == person.viewer


@pytest.mark.parametrize(
    ("later", "lives"),
    [
        (timedelta(minutes=30) - timedelta(seconds=1), True),
        (timedelta(minutes=30), False),
    ],
)
async def test_a_session_that_nobody_uses_ends_on_the_minute(conn, later, lives):
    await factories.person(conn, "officer")
    token = (await entered(conn)).token
    assert bool(await signed_in_by_cookie(conn, token, at=NOON + later, idle=IDLE)) is lives


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "令牌"])
async def test_a_token_that_nobody_was_given_finds_nobody(conn, token):
    assert await signed_in_by_cookie(conn, token, at=NOON, idle=IDLE) is None
    assert await signed_in_by_bearer(conn, token, at=NOON) is None


async def test_a_token_lives_as_long_as_it_was_issued_for(conn):
    await factories.person(conn, "officer")
    token = await issue_token(conn, "officer", days=1, at=NOON)
    day = timedelta(days=1)
    assert await signed_in_by_bearer(conn, token, at=NOON + day - timedelta(seconds=1))
    assert await signed_in_by_bearer(conn, token, at=NOON + day) is None
    assert token.encode() not in (await conn.execute(select(ApiToken.token_hash))).scalar_one()


async def test_nobody_and_the_disabled_get_no_token(conn):
    person = await factories.person(conn, "officer")
    await set_active(conn, person.id, False, by=SYSTEM, at=NOON)
    for login in ("officer", "nobody"):
        with pytest.raises(NotFound):
            await issue_token(conn, login, days=1, at=NOON)


@pytest.mark.parametrize(
    ("account", "password", "fields"),
    [
        (Account("wang", "王", Role.OFFICER, "440783"), STRONG, set()),
        (Account("wang", "王", Role.AUDITOR), STRONG, set()),
        (Account("wang", "王", Role.TOWN), STRONG, {"scope"}),
        (Account("Wang", " ", Role.MANAGER, "x"), "short", {"login", "name", "scope", "password"}),
        (Account("w" * 41, "王", Role.ADMIN), STRONG, {"login"}),
        (Account("officer", "王", Role.ADMIN), STRONG, {"login"}),
    ],
)
async def test_an_account_is_added_or_every_fault_named(conn, account, password, fields):
    await factories.person(conn, "officer")
    if not fields:
        user_id = await add_user(conn, account, password=password, at=NOON, cheap=True)
        stored = (
            await conn.execute(select(User.must_change_password, User.password_hash).where(User.id == user_id))
        ).one()
        assert stored.must_change_password
        assert stored.password_hash.startswith("$argon2id$")
        return
    with pytest.raises(Invalid) as caught:
        await add_user(conn, account, password=password, at=NOON, cheap=True)
    assert set(caught.value.fields) == fields


async def test_a_sign_in_that_cannot_be_audited_does_not_happen(conn):
    await factories.person(conn, "officer")
    await conn.execute(text("ALTER TABLE audit_events ADD CONSTRAINT closed CHECK (false) NOT VALID"))
    with pytest.raises(Exception, match="closed"):
        async with conn.begin_nested():
            await entered(conn)
    assert (await conn.execute(select(func.count()).select_from(UserSession))).scalar_one() == 0


async def test_a_password_change_is_in_the_trail_without_the_password(conn):
    person = await factories.person(conn, "officer")
    await change_password(
        conn, current=factories.PASSWORD, new=STRONG, keep_token="", by=person.actor, at=NOON, cheap=True
    )
    event = await conn.execute(
        text("SELECT audit_events::text FROM audit_events WHERE action = 'user:password:changed'")
    )
    row = event.scalar_one()
    assert STRONG not in row
    assert factories.PASSWORD not in row


async def test_old_attempts_and_sessions_are_forgotten_and_recent_ones_kept(conn):
    person = await factories.person(conn, "officer")
    for age in (timedelta(hours=23), timedelta(days=2)):
        await conn.execute(insert(SignInAttempt).values(id=new_id(), login="x", ip="x", at=NOON - age, succeeded=False))
    for age in (timedelta(days=1), timedelta(days=30)):
        await factories.session_of(conn, person, at=NOON - age)
    for age in (timedelta(days=1), timedelta(days=3)):
        key = {"user_id": person.id, "key": str(age), "fingerprint": b"x", "created_at": NOON - age}
        await conn.execute(insert(IdempotencyKey).values(**key))
    trail = (await conn.execute(select(func.count()).select_from(AuditEvent))).scalar_one()
    assert await forget_old(conn, at=NOON) == 3
    assert (await conn.execute(select(IdempotencyKey.key))).scalars().all() == [str(timedelta(days=1))]
    assert (await conn.execute(select(func.count()).select_from(AuditEvent))).scalar_one() == trail
    assert (await conn.execute(select(func.count()).select_from(SignInAttempt))).scalar_one() == 1
    assert (await conn.execute(select(func.count()).select_from(UserSession))).scalar_one() == 1


@pytest.mark.parametrize("strangers", [{"login": "officer"}, {"ip": "10.0.0.1"}])
async def test_a_flood_hides_no_failure_that_counts(conn, strangers):
    mine = {"login": "officer", "ip": "10.0.0.1", "succeeded": False}
    tries = [{**mine, "at": NOON - timedelta(minutes=10)} for _ in range(PAIR_LIMIT)]
    flood = {"login": "somebody", "ip": "203.0.113.9", "succeeded": False, **strangers}
    tries += [{**flood, "at": NOON - timedelta(seconds=n)} for n in range(1, 600)]
    await conn.execute(insert(SignInAttempt), [{"id": new_id(), **one} for one in tries])
    found = await recent_failures(conn, login="officer", ip="10.0.0.1", at=NOON)
    assert wait_seconds(found, login="officer", ip="10.0.0.1", at=NOON, worked=True) == 5 * 60


async def test_jobs_and_commands_act_as_the_system_and_nobody_can_sign_in_as_it(conn):
    await factories.person(conn, "officer")
    await issue_token(conn, "officer", days=1, at=NOON)
    row = (
        await conn.execute(
            select(AuditEvent.actor_id, AuditEvent.actor_name).where(AuditEvent.action == "user:token:issued")
        )
    ).one()
    assert row == (None, "系统")
    assert (await entered(conn, login="", password="")).token == ""
    assert (await entered(conn, login="系统", password="x")).token == ""


async def test_a_town_s_officer_gets_a_town_and_not_the_county(conn):
    account = Account("zhen", "镇专员", Role.TOWN, "440783")
    with pytest.raises(Invalid) as refused:
        await add_user(conn, account, password=STRONG, at=NOON, cheap=True)
    assert "scope" in refused.value.fields
    assert await add_user(conn, replace(account, scope="440783117"), password=STRONG, at=NOON, cheap=True)


async def test_the_trail_gives_an_unknown_person_no_role(conn):
    await factories.person(conn, "officer")
    await entered(conn, password="not-it")
    query = select(AuditEvent.actor_role).where(AuditEvent.action == "session:sign_in:failed")
    assert (await conn.execute(query)).scalar_one() == ""


@pytest.mark.db_commit
async def test_a_link_that_is_used_while_an_administrator_resets_the_password_waits_and_is_used_up(fresh_database):
    who, stranger = "officer", Origin(ip="10.0.0.5")
    async with fresh_database.transaction() as conn:
        person = await factories.person(conn, who, email="he@example.com")
        admin = await factories.person(conn, "admin")
        assert await ask(conn, who, seal=str, origin=stranger, at=NOON)
        link = str((await conn.execute(select(PasswordLink.id))).scalar_one())

    async def use():
        async with fresh_database.transaction() as conn:
            await choose(conn, link, new=STRONG, again=STRONG, origin=stranger, at=NOON, cheap=True)

    async with fresh_database.transaction() as conn:
        await conn.execute(select(User.id).where(User.id == person.id).with_for_update())
        late = asyncio.create_task(use())
        await asyncio.sleep(0.3)
        await reset_password(conn, person.id, STRONG, by=admin.actor, at=NOON, cheap=True)
    with pytest.raises(NotFound):
        await late


async def test_everybody_of_the_demo_comes_in_with_the_password_that_was_shown(county):
    browser = Browser(Origin(ip="10.0.0.1"), "u", timedelta(hours=12))
    for login in DEMO_LOGINS:
        attempt = await announce(county, login=login, origin=browser.origin, at=NOON)
        came = await sign_in(county, attempt, password=factories.PASSWORD, browser=browser, at=NOON, cheap=True)
        assert (login, bool(came.token), came.must_change) == (login, True, False)
