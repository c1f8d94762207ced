"""两步验证: bound, asked for, used once, lost and reset by two."""

import re
from html import unescape

import pyotp
import pytest
from sqlalchemy import func, select, update

from app.access.factor_rules import FREE_TRIES, STEP
from app.access.factors import reseal, take_away
from app.access.models import ApiToken, HalfSignIn, RecoveryCode, SecondFactor, User
from app.access.rules import PAIR_LIMIT
from app.audit.models import AuditEvent
from app.outbox.models import OutboxMessage
from app.vault import Unreadable, Vault
from tests import factories
from tests.factories import PASSWORD
from tests.web.test_account import attempt

PLACE = "/account/second-factor"


def code_at(secret, clock, steps=0):
    return pyotp.TOTP(secret).generate_otp(int(clock.now().timestamp()) // STEP + steps)


def secret_in(html):
    return re.search(r"secret=([A-Z2-7]+)", unescape(html))[1]


def codes_in(html):
    return re.findall(r"<samp>([A-Z2-7 ]{19})<", html)


async def bound(client, clock):
    """Binds an authenticator over the pages: its secret and the recovery codes."""
    assert (await client.post(f"{PLACE}/begin", data={"password": PASSWORD})).status_code == 303
    page = await client.get(PLACE)
    assert "<svg" in page.text
    secret = secret_in(page.text)
    done = await client.post(f"{PLACE}/bind", data={"code": code_at(secret, clock)})
    clock.advance(seconds=STEP)
    assert "已经作废" not in done.text, "of the first set there were none before"
    for way in ("copy", "save"):
        assert f'data-{way}="' + codes_in(done.text)[0] in done.text
    return secret, codes_in(done.text)


async def half(client, login="officer", **more):
    answer = await attempt(client, login, **more)
    assert answer.status_code == 200
    assert "tidu" not in answer.cookies
    return answer


async def tell(client, code, **more):
    return await client.post("/sign-in/code", data={"code": code, **more})


async def actions(conn):
    return (await conn.execute(select(AuditEvent.action).order_by(AuditEvent.number))).scalars().all()


@pytest.fixture
async def officer(conn):
    return await factories.person(conn, "officer")


async def test_it_is_bound_with_the_password_and_a_code_then_signing_in_asks_for_one(
    client_as, client_from, officer, conn, clock
):
    client, elsewhere = await client_as(officer), await client_as(officer)
    for wrong in ({}, {"password": "not-the-Password-1"}):
        assert (await client.post(f"{PLACE}/begin", data=wrong)).status_code == 422
    assert (await client.post(f"{PLACE}/bind", data={"code": "123456"})).status_code == 422
    secret, codes = await bound(client, clock)
    assert len(codes) == 10
    again = await client.post(f"{PLACE}/bind", data={"code": code_at(secret, clock)})
    assert (again.status_code, again.headers["location"]) == (303, PLACE), "a page that is sent again is no fault"
    assert (await elsewhere.get(PLACE)).status_code == 303
    assert "恢复码还剩 10 个" in (await client.get(PLACE)).text
    stored = (await conn.execute(select(SecondFactor.secret))).scalar_one()
    assert secret.encode() not in stored

    browser = client_from("10.0.0.1")
    await half(browser, next="/firms")
    assert (await browser.get("/firms")).status_code == 303
    assert (await browser.get("/sign-in/code?next=//evil.example")).status_code == 200
    used = code_at(secret, clock)
    done = await tell(browser, used, next="/firms")
    assert (done.status_code, done.headers["location"]) == (303, "/firms")
    assert (await browser.get("/firms")).status_code == 200

    other = client_from("10.0.0.2")
    await half(other)
    assert (await tell(other, used)).status_code == 401
    assert (await tell(other, code_at(secret, clock, 1), next="//evil.example")).headers["location"] == "/"
    told = (await conn.execute(select(OutboxMessage.payload["subject"].astext))).scalars().all()
    assert any("开启了两步验证" in sentence for sentence in told)
    seen = await actions(conn)
    assert {"user:factor:bound", "session:code:failed", "session:sign_in:done"} <= set(seen)


async def test_a_recovery_code_comes_in_once_and_new_ones_end_the_old(client_as, client_from, officer, clock):
    client = await client_as(officer)
    secret, codes = await bound(client, clock)
    here = client_from("10.0.0.1")
    await half(here)
    assert (await tell(here, codes[0].lower())).status_code == 303
    assert "用一个恢复码登录了，还剩 9 个" in (await here.get("/inbox")).text
    assert "· 恢复码</small>" in (await here.get("/account/sessions")).text
    there = client_from("10.0.0.2")
    await half(there)
    assert (await tell(there, codes[0])).status_code == 401
    page = await client.post(f"{PLACE}/codes", data={"code": code_at(secret, clock)})
    assert len(set(codes_in(page.text)) - set(codes)) == 10
    assert "以前的恢复码已经作废" in page.text
    assert (await tell(there, codes[1])).status_code == 401
    assert (await tell(there, codes_in(page.text)[0])).status_code == 303


async def test_what_was_typed_goes_through_the_second_step_too(client_as, client_from, officer, conn, clock):
    from tests.web.test_account import kept_in

    uscc = await factories.firm(conn)
    client = await client_as(officer)
    secret, _ = await bound(client, clock)
    clock.advance(minutes=31)
    ended = await client.post(f"/firms/{uscc}/notes", data={"text": "跑了一上午的记录"})
    step = await half(client, kept=kept_in(ended.text))
    assert kept_in((await tell(client, "000000", kept=kept_in(step.text))).text) == kept_in(step.text)
    resumed = await tell(client, code_at(secret, clock), kept=kept_in(step.text))
    assert "跑了一上午的记录" in resumed.text


async def test_wrong_codes_close_the_address_then_the_account_and_a_recovery_code_is_taken_all_the_while(
    client_as, client_from, officer, conn, clock
):
    client = await client_as(officer)
    secret, codes = await bound(client, clock)
    thief = client_from("203.0.113.9")
    await half(thief)
    for _ in range(PAIR_LIMIT):
        assert (await tell(thief, "000000")).status_code == 401
    assert (await tell(thief, code_at(secret, clock))).status_code == 429
    assert FREE_TRIES == PAIR_LIMIT
    told = (await conn.execute(select(OutboxMessage.payload["subject"].astext))).scalars().all()
    assert any("有人知道您的口令" in sentence for sentence in told)
    me = client_from("10.0.0.1")
    await half(me)
    waits = await tell(me, code_at(secret, clock))
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "60")
    assert (await tell(me, codes[0])).status_code == 303
    again = client_from("10.0.0.3")
    await half(again)
    clock.advance(minutes=1)
    assert (await tell(again, code_at(secret, clock))).status_code == 303


async def test_half_way_ends_by_itself_with_the_account_and_opens_nothing(client_as, client_from, officer, conn, clock):
    client = await client_as(officer)
    secret, _ = await bound(client, clock)
    slow, gone, forged = client_from("10.0.0.1"), client_from("10.0.0.2"), client_from("10.0.0.3")
    await half(slow)
    assert (await slow.post("/sign-in/bind", data={"code": code_at(secret, clock)})).headers["location"] == "/sign-in"
    clock.advance(minutes=10)
    assert (await tell(slow, code_at(secret, clock))).headers["location"] == "/sign-in"
    await half(gone)
    await conn.execute(update(User).where(User.id == officer.id).values(active=False))
    assert (await tell(gone, code_at(secret, clock))).headers["location"] == "/sign-in"
    assert (await tell(forged, code_at(secret, clock))).headers["location"] == "/sign-in"
    crossed = await forged.post("/sign-in/code", data={"code": "1"}, headers={"sec-fetch-site": "cross-site"})
    assert crossed.status_code == 403


async def test_a_role_that_must_have_it_binds_it_before_coming_in(client_as, client_from, officer, conn, clock):
    admin, before = await client_as("admin"), await client_as(officer)
    page = await admin.get("/admin/security")
    assert "必须使用两步验证的角色" in page.text
    assert "1 人还没有绑定，勾选后他们现在的 1 个登录立即结束" in page.text, "asked before, not told after"
    rule = {"factor_roles": ["officer", "auditor"], "expected": "0"}
    assert (await admin.post("/admin/security", data=rule)).status_code == 303
    assert (await admin.post("/admin/security", data=rule)).status_code == 412
    assert (await admin.post("/admin/security", data={"factor_roles": ["nobody"]})).status_code == 422
    assert (await before.get("/firms")).status_code == 303

    browser = client_from("10.0.0.1")
    step = await half(browser, next="/firms")
    secret = secret_in(step.text)
    assert (await browser.get("/firms")).status_code == 303
    wrong = await browser.post("/sign-in/bind", data={"code": "000000"})
    assert (wrong.status_code, secret_in(wrong.text)) == (422, secret)
    came = await browser.post("/sign-in/bind", data={"code": code_at(secret, clock), "next": "/firms"})
    assert len(codes_in(came.text)) == 10
    assert 'href="/firms"' in came.text
    assert (await browser.get("/firms")).status_code == 200
    clock.advance(seconds=STEP)
    kept = await browser.post(f"{PLACE}/remove", data={"password": PASSWORD, "code": code_at(secret, clock)})
    assert "不能关闭" in kept.text
    assert (await conn.execute(select(func.count()).select_from(HalfSignIn))).scalar_one() == 0


async def test_one_changes_the_telephone_with_the_old_one_and_gives_it_up_with_password_and_code(
    client_as, officer, conn, clock
):
    client = await client_as(officer)
    old, _ = await bound(client, clock)
    assert (await client.post(f"{PLACE}/begin", data={"password": PASSWORD})).status_code == 422
    begun = await client.post(f"{PLACE}/begin", data={"password": PASSWORD, "code": code_at(old, clock)})
    assert begun.status_code == 303
    new = secret_in((await client.get(PLACE)).text)
    await client.post(f"{PLACE}/bind", data={"code": code_at(new, clock)})
    clock.advance(seconds=STEP)
    both = {"password": PASSWORD, "code": code_at(old, clock)}
    assert (await client.post(f"{PLACE}/remove", data=both)).status_code == 422
    both["code"] = code_at(new, clock)
    assert (await client.post(f"{PLACE}/remove", data=both)).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(RecoveryCode))).scalar_one() == 0
    assert [action for action in await actions(conn) if action.startswith("user:factor:")] == [
        "user:factor:bound",
        "user:factor:changed",
        "user:factor:removed",
    ]


async def test_a_lost_one_is_reset_by_a_second_person_only(client_as, client_from, officer, conn, clock):
    client, admin, manager = await client_as(officer), await client_as("admin"), await client_as("manager")
    assert (await admin.get(f"/admin/users/{officer.id}/factor-reset")).status_code == 404
    await bound(client, clock)
    place = f"/admin/users/{officer.id}/factor-reset"
    assert (await admin.post(place, data={"reason": " "})).status_code == 422
    assert (await admin.post(place, data={"reason": "手机丢失，当面核对了工作证"})).status_code == 303
    assert (await admin.post(place, data={"reason": "再来"})).status_code == 409
    asked = (await admin.get("/admin/factor-resets")).text
    assert "等第二人答复" in asked
    answer = re.search(
        r'action="(/admin/factor-resets/[^"]+)/agree"', (await manager.get("/admin/factor-resets")).text
    )[1]
    assert (await admin.post(f"{answer}/agree")).status_code == 403
    assert (await manager.post(f"{answer}/agree")).status_code == 303
    assert (await manager.post(f"{answer}/refuse")).status_code == 409
    assert (await client.get("/firms")).status_code == 303
    assert (await attempt(client_from("10.0.0.1"))).status_code == 303
    assert {"user:factor_reset:asked", "user:factor_reset:done"} <= set(await actions(conn))


async def test_an_unanswered_reset_ends_and_a_refused_one_leaves_it(client_as, officer, conn, clock):
    client, admin, manager = await client_as(officer), await client_as("admin"), await client_as("manager")
    await bound(client, clock)
    place = f"/admin/users/{officer.id}/factor-reset"
    await admin.post(place, data={"reason": "手机丢失"})
    answer = re.search(r"/admin/factor-resets/[0-9a-f-]+", (await manager.get("/admin/factor-resets")).text)[0]
    clock.advance(hours=72)
    manager, admin = await client_as("manager"), await client_as("admin")
    assert (await manager.post(f"{answer}/agree")).status_code == 404
    assert (await admin.post(place, data={"reason": "手机丢失"})).status_code == 303
    answer = re.search(r"/admin/factor-resets/[0-9a-f-]+", (await manager.get("/admin/factor-resets")).text)[0]
    assert (await manager.post(f"{answer}/refuse")).status_code == 303
    assert (await conn.execute(select(func.count()).select_from(SecondFactor))).scalar_one() == 1


async def test_one_session_an_account_ends_the_former_where_it_is_asked_for(client_as, client_from, officer):
    admin = await client_as("admin")
    first, second = client_from("10.0.0.1"), client_from("10.0.0.2")
    await attempt(first)
    await attempt(second)
    assert (await first.get("/firms")).status_code == 200
    await admin.post("/admin/security", data={"one_session": "1", "expected": "0"})
    await attempt(second)
    assert (await first.get("/firms")).status_code == 303
    assert (await second.get("/firms")).status_code == 200


async def test_whoever_runs_the_server_can_take_one_away(client_as, client_from, officer, conn, clock):
    await bound(await client_as(officer), clock)
    assert not await take_away(conn, "nobody", at=clock.now())
    assert await take_away(conn, "officer", at=clock.now())
    assert not await take_away(conn, "officer", at=clock.now())
    assert (await attempt(client_from("10.0.0.1"))).status_code == 303


async def test_secrets_are_sealed_anew_under_a_new_key(client_as, officer, conn, clock, app):
    secret, _ = await bound(await client_as(officer), clock)
    house, key = app.state.settings.secret_key.get_secret_value(), "n" * 40
    with pytest.raises(Unreadable):
        await reseal(conn, Vault([key]))
    assert await reseal(conn, Vault([key, house])) == 1
    assert await reseal(conn, Vault([key, house])) == 0
    sealed = (await conn.execute(select(SecondFactor.secret))).scalar_one()
    assert Vault([key]).open(sealed, about=f"second_factor:{officer.id}").decode() == secret


async def test_a_token_is_asked_for_with_a_code_too_where_there_is_a_second_factor(client_as, officer, conn, clock):
    desk = await client_as(officer)
    form = {"label": "统计小程序", "days": "30", "password": PASSWORD}
    assert 'name="code"' not in (await desk.get("/account/tokens")).text
    secret, _ = await bound(desk, clock)
    assert 'name="code"' in (await desk.get("/account/tokens")).text
    for wrong in ({}, {"code": "000000"}, {"code": code_at(secret, clock), "password": "wrong"}):
        assert (await desk.post("/account/tokens", data=form | wrong)).status_code == 422
    assert not (await conn.execute(select(ApiToken.user_id))).all()
    right = form | {"code": code_at(secret, clock)}
    made = await desk.post("/account/tokens", data=right)
    assert made.status_code == 200
    assert re.search(r'<samp>([^<]+)</samp>.*data-copy="\1"', made.text, re.DOTALL)
    assert (await desk.post("/account/tokens", data=right)).status_code == 422, "a code is used once"
