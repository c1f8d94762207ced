"""Signing in by another server, which really is one: what it must prove; only an administrator says who is who."""

from datetime import datetime
from http.client import BadStatusLine
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.access.models import User
from app.access.oidc import Provider, ProviderAway
from app.audit.models import AuditEvent
from app.clock import BUSINESS_ZONE
from app.outbox.fetching import Answer
from tests import factories
from tests.harness import NOON
from tests.web.provider import CLIENT, SECRET, OpenIdProvider
from tests.web.test_second_factor import bound, code_at

BACK = "/sign-in/oidc/callback"


@pytest.fixture(scope="module")
def running():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the provider's own: it is on this machine
        with OpenIdProvider(f"http://127.0.0.1:8000{BACK}") as provider:
            yield provider


@pytest.fixture
def provider(running, app, clock):
    """The house that has joined it. The provider's clock is the real one."""
    clock.at = datetime.now(BUSINESS_ZONE)
    running.person, running.claims, before = "wang-0001", {}, app.state.settings
    joined = {"oidc_issuer": running.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    app.state.settings = before.model_copy(update=joined)
    app.state.provider = Provider(app.state.settings)
    yield running
    app.state.settings, app.state.provider = before, Provider(before)


async def away(browser, next="/firms"):
    """As far as the provider's answer: the address it sends the browser back to."""
    left = await browser.get("/sign-in/oidc", params={"next": next})
    assert left.status_code == 303
    async with httpx.AsyncClient() as outside:
        there = await outside.get(left.headers["location"])
    assert there.status_code == 302, there.text
    return urlsplit(there.headers["location"])


async def signed(browser, **more):
    back = await away(browser, **more)
    return await browser.get(f"{back.path}?{back.query}")


async def link(client_as, person, subject="wang-0001", who="admin"):
    admin = await client_as(who)
    return await admin.post(f"/admin/users/{person.id}/identity", data={"subject": subject})


async def test_who_is_linked_comes_in_and_nobody_else(provider, client_as, client_from, conn):
    officer = await factories.person(conn, "officer")
    browser = client_from("10.0.0.1")
    assert "用统一身份认证登录" in (await browser.get("/sign-in?next=/firms")).text
    stranger = await signed(browser)
    assert stranger.status_code == 403
    assert "wang-0001" in stranger.text
    assert (await browser.get("/firms")).status_code == 303

    assert (await link(client_as, officer)).status_code == 303
    came = await signed(browser)
    assert (came.status_code, came.headers["location"]) == (303, "/firms")
    assert (await browser.get("/firms")).status_code == 200
    assert (await signed(client_from("10.0.0.2"), next="//evil.example")).headers["location"] == "/"

    await conn.execute(User.__table__.update().where(User.id == officer.id).values(active=False))
    assert "已停用" in (await signed(client_from("10.0.0.3"))).text
    provider.person = "li-0002"
    assert (await signed(client_from("10.0.0.4"))).status_code == 403
    seen = set((await conn.execute(select(AuditEvent.action))).scalars())
    assert {"user:identity:linked", "session:sign_in:done", "session:sign_in:failed"} <= seen


async def test_an_account_and_an_identity_are_each_others_only_and_nobody_links_their_own(provider, client_as, conn):
    officer, other = (
        await factories.person(conn, "officer"),
        await factories.person(conn, "officer-2", must_change=True),
    )
    admin = await factories.person(conn, "admin")
    assert (await link(client_as, officer)).status_code == 303
    assert "已经关联到账号 officer" in (await link(client_as, other)).text
    assert (await link(client_as, other, subject=" ")).status_code == 422
    assert (await link(client_as, admin, subject="me")).status_code == 422
    assert (await link(client_as, other, subject="li-0002", who="officer-3")).status_code == 403
    assert (await link(client_as, other, subject="li-0002")).status_code == 303
    waiting = select(User.must_change_password).where(User.id == other.id)
    assert not (await conn.execute(waiting)).scalar_one()
    client = await client_as("admin")
    assert "li-0002" in (await client.get(f"/admin/users/{other.id}/identity")).text
    assert (await client.post(f"/admin/users/{other.id}/identity/unlink")).status_code == 303
    assert (await client.post(f"/admin/users/{other.id}/identity/unlink")).status_code == 404


async def test_the_second_factor_is_asked_all_the_same(provider, client_as, client_from, conn, clock):
    officer = await factories.person(conn, "officer")
    secret, _ = await bound(await client_as(officer), clock)
    await link(client_as, officer)
    browser = client_from("10.0.0.1")
    step = await signed(browser)
    assert "还差一个验证码" in step.text
    assert (await browser.get("/firms")).status_code == 303
    done = await browser.post("/sign-in/code", data={"code": code_at(secret, clock), "next": "/firms"})
    assert (done.status_code, done.headers["location"]) == (303, "/firms")


async def test_a_code_without_the_browser_that_asked_or_with_anothers_state_opens_nothing(
    provider, client_as, client_from, conn, clock
):
    await link(client_as, await factories.person(conn, "officer"))
    mine, forged = client_from("10.0.0.1"), client_from("10.0.0.2")
    back = await away(mine)
    assert (await forged.get(f"{back.path}?{back.query}")).status_code == 401
    theirs = await away(forged)
    stolen = parse_qs(back.query) | {"state": parse_qs(theirs.query)["state"]}
    assert (await forged.get(f"{BACK}?{urlencode(stolen, doseq=True)}")).status_code == 401
    assert (await mine.get(f"{back.path}?{back.query}&iss=http://evil.example")).status_code == 401
    assert (await mine.get(f"{BACK}?error=access_denied&state=x")).status_code == 403
    assert (await mine.get(f"{back.path}?{back.query}")).status_code == 303
    assert (await mine.get(f"{back.path}?{back.query}")).status_code == 401
    late = await away(forged)
    clock.advance(minutes=10, seconds=1)
    assert (await forged.get(f"{late.path}?{late.query}")).status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "http://evil.example"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "somebody-else"]},
        {"nonce": "another"},
        {"exp": 1},
        {"iat": 9_999_999_999},
        {"sub": None},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_a_token_that_is_not_for_this_sign_in_is_not_believed(provider, client_as, client_from, conn, claims):
    await link(client_as, await factories.person(conn, "officer"))
    provider.claims = claims
    assert (await signed(client_from("10.0.0.1"))).status_code == 401


async def test_keys_may_turn_and_a_key_that_is_not_the_providers_signs_nothing(
    provider, client_as, client_from, conn, clock
):
    await link(client_as, await factories.person(conn, "officer"))
    assert (await signed(client_from("10.0.0.1"))).status_code == 303
    provider.turn_keys()
    clock.advance(seconds=59)
    assert (await signed(client_from("10.0.0.2"))).status_code == 401
    clock.advance(seconds=1)
    assert (await signed(client_from("10.0.0.3"))).status_code == 303


async def test_without_the_other_server_the_password_still_comes_in(provider, app, client_from, conn):
    from tests.web.test_account import attempt

    await factories.person(conn, "officer")
    app.state.settings = app.state.settings.model_copy(update={"oidc_issuer": "http://127.0.0.1:9"})
    app.state.provider = Provider(app.state.settings)
    browser = client_from("10.0.0.1")
    refused = await browser.get("/sign-in/oidc")
    assert refused.status_code == 502
    assert "用口令登录" in refused.text
    assert (await attempt(browser)).status_code == 303


class Odd:
    """Another server that is there and does not speak as it should."""

    def __init__(self, said):
        self.said = said

    async def get(self, *_):
        if isinstance(self.said, Exception):
            raise self.said
        return Answer(200, self.said, None)


@pytest.mark.parametrize("said", [BadStatusLine("x"), b"[]", b'{"issuer": "https://id"}'])
async def test_a_server_that_answers_otherwise_is_away_and_no_fault_of_ours(app, said):
    joined = {"oidc_issuer": "https://id", "oidc_client_id": CLIENT}
    provider = Provider(app.state.settings.model_copy(update=joined))
    provider._poster = Odd(said)
    with pytest.raises(ProviderAway):
        await provider.leave("/", at=NOON)
