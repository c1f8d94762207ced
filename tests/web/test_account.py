"""Signing in, staying in, being put out: over HTTP, with the clock in our hands."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.access.models import User, UserSession
from app.access.rules import ADDRESS_LIMIT, PAIR_LIMIT, WINDOW
from app.audit.models import AuditEvent
from tests import factories
from tests.factories import PASSWORD

WRONG = "not-the-Password-1"


async def attempt(client, login="officer", password=PASSWORD, **more):
    return await client.post("/sign-in", data={"login": login, "password": password, **more})


@pytest.fixture
async def officer(conn):
    return await factories.person(conn, "officer")


async def test_signing_in_leads_to_where_one_wanted_to_go(anonymous, officer):
    refused = await anonymous.get("/firms?q=卫浴")
    page = await anonymous.get(refused.headers["location"])
    assert page.status_code == 200
    done = await attempt(anonymous, next="/firms?q=卫浴")
    assert (done.status_code, done.headers["location"]) == (303, "/firms?q=%E5%8D%AB%E6%B5%B4")
    assert (await anonymous.get("/firms")).status_code == 200


async def test_an_address_too_long_to_carry_along_leads_to_the_sign_in_page_all_the_same(anonymous, officer):
    refused = await anonymous.get("/firms", params={"q": "卫浴" * 60})
    assert refused.headers["location"] == "/sign-in?next=/firms"
    assert (await anonymous.get("/sign-in", params={"next": "/firms?q=" + "x" * 2000})).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "http://[", "/\\evil.example", "javascript:alert(1)"]
)
async def test_signing_in_never_leads_to_another_host(anonymous, officer, target):
    assert (await attempt(anonymous, next=target)).headers["location"] == "/"


async def test_the_cookie_is_for_this_site_and_not_for_scripts(anonymous, officer, conn):
    done = await attempt(anonymous)
    cookie = done.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    token = anonymous.cookies["tidu"]
    stored = (await conn.execute(select(UserSession.token_hash))).scalars().all()
    assert len(token) >= 43
    assert token.encode() not in stored


async def test_an_unknown_account_and_a_wrong_password_get_the_same_answer(anonymous, officer, client_from):
    one = await attempt(client_from("10.0.0.1"), "officer", WRONG)
    other = await attempt(client_from("10.0.0.1"), "nobody", WRONG)
    assert one.status_code == other.status_code == 401
    assert "账号或口令不对。" in one.text
    assert one.text.replace("officer", "X") == other.text.replace("nobody", "X")


async def test_a_login_is_found_whatever_its_case_and_with_spaces_around(anonymous, officer):
    assert (await attempt(anonymous, "  Officer ")).status_code == 303


async def test_the_password_is_taken_as_typed(anonymous, officer):
    assert (await attempt(anonymous, password=PASSWORD + " ")).status_code == 401


async def test_a_disabled_account_cannot_sign_in(anonymous, conn, officer):
    await conn.execute(update(User).where(User.id == officer.id).values(active=False))
    assert (await attempt(anonymous)).status_code == 401


async def test_the_fifth_wrong_password_from_one_place_closes_that_place_for_fifteen_minutes(
    client_from, officer, clock
):
    here = client_from("10.0.0.1")
    for _ in range(PAIR_LIMIT):
        assert (await attempt(here, password=WRONG)).status_code == 401
    locked = await attempt(here)
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) == WINDOW.total_seconds()
    assert "15 分钟" in locked.text
    clock.advance(seconds=WINDOW.total_seconds() - 1)
    assert (await attempt(here)).status_code == 429
    clock.advance(seconds=1)
    assert (await attempt(here)).status_code == 303


async def test_tries_during_a_lockout_are_in_the_trail_but_no_flood_fills_it(client_from, officer, conn, clock):
    columns = select(AuditEvent.object_label, AuditEvent.actor_role, AuditEvent.succeeded)
    refused = columns.where(AuditEvent.action == "session:sign_in:refused", AuditEvent.object_id == "10.0.0.1")
    here = client_from("10.0.0.1")
    for _ in range(PAIR_LIMIT + 4):
        await attempt(here, password=WRONG)
    assert (await conn.execute(refused)).all() == [("officer", "", False)]
    for n in range(ADDRESS_LIMIT + 20):
        await attempt(here, f"guess{n}", WRONG)
    assert len((await conn.execute(refused)).all()) == 5
    clock.advance(seconds=WINDOW.total_seconds() * 2)
    for _ in range(PAIR_LIMIT + 1):
        await attempt(here, password=WRONG)
    assert len((await conn.execute(refused)).all()) == 6


async def test_four_wrong_passwords_do_not_lock(client_from, officer):
    here = client_from("10.0.0.1")
    for _ in range(PAIR_LIMIT - 1):
        await attempt(here, password=WRONG)
    assert (await attempt(here)).status_code == 303


async def test_a_stranger_elsewhere_cannot_lock_somebody_out(client_from, officer):
    stranger = client_from("203.0.113.9")
    for _ in range(PAIR_LIMIT + 3):
        await attempt(stranger, password=WRONG)
    assert (await attempt(stranger)).status_code == 429
    assert (await attempt(client_from("10.0.0.1"))).status_code == 303


async def test_a_colleague_behind_the_same_address_shuts_nobody_out_of_a_browser_that_knows_them(client_from, officer):
    mine, colleague = client_from("10.0.0.1"), client_from("10.0.0.1")
    assert (await attempt(mine)).status_code == 303
    for _ in range(PAIR_LIMIT):
        assert (await attempt(colleague, password=WRONG)).status_code == 401
    assert (await attempt(colleague)).status_code == 429
    assert (await attempt(client_from("10.0.0.1"))).status_code == 429
    form = {"label": "统计", "days": "30", "password": PASSWORD}
    assert (await mine.post("/account/tokens", data=form)).status_code == 200, "nor does one prove oneself in vain"
    assert (await attempt(mine)).status_code == 303
    # Knowing the browser opens no second door: it has as many tries as a stranger, and no other account's.
    for _ in range(PAIR_LIMIT):
        assert (await attempt(mine, password=WRONG)).status_code == 401
    assert (await attempt(mine)).status_code == 429
    for n in range(ADDRESS_LIMIT):
        await attempt(mine, f"guess{n}", WRONG)
    assert (await attempt(mine, "guess", WRONG)).status_code == 429


async def test_an_address_that_tries_many_accounts_is_stopped_and_no_other_address(client_from, officer):
    prober = client_from("203.0.113.9")
    for n in range(ADDRESS_LIMIT):
        assert (await attempt(prober, f"guess{n}", WRONG)).status_code == 401
    assert (await attempt(prober, "officer")).status_code == 429
    assert (await attempt(client_from("10.0.0.1"))).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"referer": "http://evil.example/127.0.0.1:8000/"},
        {"referer": "http://[evil"},
    ],
)
async def test_sign_in_from_another_sites_page_is_refused(client_from, officer, headers):
    browser = client_from()
    del browser.headers["sec-fetch-site"]
    answer = await browser.post("/sign-in", data={"login": "officer", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_quiet_session_lives_29_minutes_and_dies_before_31(client_as, clock):
    client = await client_as("officer")
    clock.advance(minutes=29)
    assert (await client.get("/account/sessions")).status_code == 200
    clock.advance(minutes=29)
    assert (await client.get("/account/sessions")).status_code == 200
    clock.advance(minutes=31)
    assert (await client.get("/account/sessions")).status_code == 303


async def test_a_busy_session_ends_after_its_lifetime_all_the_same(client_as, clock):
    client = await client_as("officer")
    for _ in range(26):
        clock.advance(minutes=27)
        assert (await client.get("/account/sessions")).status_code == 200
    clock.advance(minutes=18, seconds=1)
    assert (await client.get("/account/sessions")).status_code == 303


async def test_signing_out_ends_the_session_on_the_server(client_as):
    client = await client_as("officer")
    token = client.cookies["tidu"]
    assert (await client.post("/sign-out")).headers["location"] == "/sign-in"
    client.cookies.set("tidu", token)
    assert (await client.get("/account/sessions")).status_code == 303


async def test_one_ends_ones_other_session_and_nobody_elses(client_as, conn):
    laptop, phone = await client_as("officer"), await client_as("officer")
    stranger = await client_as("officer-2")
    reference = await reference_of(conn, phone)
    assert (await stranger.post(f"/account/sessions/{reference}/revoke")).status_code == 404
    assert (await phone.get("/account/sessions")).status_code == 200
    assert (await laptop.post(f"/account/sessions/{reference}/revoke")).status_code == 303
    assert (await phone.get("/account/sessions")).status_code == 303
    assert (await laptop.get("/account/sessions")).status_code == 200


async def reference_of(conn, client):
    from app.access.rules import token_hash

    return token_hash(client.cookies["tidu"]).hex()[:12]


async def test_a_one_time_password_must_be_changed_before_anything_else(client_as, conn):
    person = await factories.person(conn, "officer-new", must_change=True)
    client = await client_as(person)
    assert (await client.get("/firms")).headers["location"] == "/account/password"
    assert (await client.post("/firms/new")).status_code == 403
    assert (await client.get("/api/v1/firms")).status_code == 403
    assert (await client.get("/account/password")).status_code == 200
    done = await change(client, PASSWORD, "Xin-kouling-88")
    assert done.status_code == 303
    assert (await client.get("/firms")).status_code == 200


async def change(client, current, new, again=None):
    return await client.post(
        "/account/password", data={"current": current, "new": new, "again": new if again is None else again}
    )


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        ("Kj8-xinmima", "至少 12 个字符"),
        ("kejigongshangju", "三种"),
        ("Officer-2026-x", "容易被猜到"),
        ("Password-2026-x", "容易被猜到"),
        (PASSWORD, "不能与现在的相同"),
    ],
)
async def test_a_weak_new_password_is_refused_with_what_is_wrong(client_as, new, sentence):
    client = await client_as("officer")
    answer = await change(client, PASSWORD, new)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert new not in answer.text


async def test_changing_the_password_needs_the_old_one_and_twice_the_new_one(client_as):
    client = await client_as("officer")
    assert "现在的口令不对" in (await change(client, WRONG, "Xin-kouling-88")).text
    assert "不一样" in (await change(client, PASSWORD, "Xin-kouling-88", "Xin-kouling-89")).text


async def test_a_new_password_ends_every_other_session_and_every_token(client_as, api_as, client_from):
    here, elsewhere, program = await client_as("officer"), await client_as("officer"), await api_as("officer")
    assert (await program.get("/api/v1/firms")).status_code == 200
    await change(here, PASSWORD, "Xin-kouling-88")
    assert (await here.get("/account/sessions")).status_code == 200
    assert (await elsewhere.get("/account/sessions")).status_code == 303
    assert (await program.get("/api/v1/firms")).status_code == 401
    assert (await attempt(client_from("10.0.0.1"), password=PASSWORD)).status_code == 401
    assert (await attempt(client_from("10.0.0.1"), password="Xin-kouling-88")).status_code == 303


async def test_an_expired_token_is_no_token(api_as, clock):
    program = await api_as("officer")
    clock.advance(days=30, seconds=-1)
    assert (await program.get("/api/v1/firms")).status_code == 200
    clock.advance(seconds=1)
    assert (await program.get("/api/v1/firms")).status_code == 401


async def test_every_sign_in_and_every_failure_is_in_the_trail_with_where_it_came_from(client_from, conn, officer):
    here = client_from("10.0.0.7")
    await attempt(here, password=WRONG)
    await attempt(here)
    rows = (await conn.execute(select(AuditEvent.action, AuditEvent.succeeded, AuditEvent.ip))).all()
    assert ("session:sign_in:failed", False, "10.0.0.7") in rows
    assert ("session:sign_in:done", True, "10.0.0.7") in rows


async def test_locked_tries_are_counted_and_seen(client_from, conn, officer):
    here = client_from("10.0.0.7")
    for _ in range(PAIR_LIMIT + 2):
        await attempt(here, password=WRONG)
    failures = select(func.count()).where(AuditEvent.action == "session:sign_in:failed")
    assert (await conn.execute(failures)).scalar_one() >= PAIR_LIMIT


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"referer": "http://evil.example/firms"},
        {},
    ],
)
async def test_a_forged_write_is_refused_and_does_not_happen(app, client_as, conn, headers):
    import httpx

    mine = await client_as("officer")
    uscc = await factories.firm(conn)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000", cookies=mine.cookies
    ) as forged:
        answer = await forged.post(f"/firms/{uscc}/notes", data={"text": "伪造"}, headers=headers)
    assert answer.status_code == 403
    assert "伪造" not in (await mine.get(f"/firms/{uscc}")).text


async def test_a_browser_without_fetch_metadata_sends_the_forms_own_token(app, client_as, conn, rendered):
    import httpx

    mine = await client_as("officer")
    uscc = await factories.firm(conn)
    await mine.get(f"/firms/{uscc}")
    token = rendered[-1][1]["csrf"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000", cookies=mine.cookies
    ) as old:
        answer = await old.post(f"/firms/{uscc}/notes", data={"text": "电话", "csrf_token": token})
        assert answer.status_code == 303
        for false in (token[:-1] + "x", "", "令牌"):
            other = await old.post(f"/firms/{uscc}/notes", data={"text": "电话", "csrf_token": false})
            assert other.status_code == 403


def test_the_idle_time_is_the_one_the_manual_promises(built_app):
    assert timedelta(minutes=built_app.state.settings.idle_minutes) == timedelta(minutes=30)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"origin": "http://127.0.0.1:8000"},
        {"referer": "http://127.0.0.1:8000/firms"},
    ],
)
async def test_what_was_typed_survives_an_ended_session_and_a_mistyped_password(client_as, clock, conn, headers):
    """Also on plain http across a network, where browsers leave Sec-Fetch-Site out."""
    uscc = await factories.firm(conn)
    client = await client_as("officer")
    del client.headers["sec-fetch-site"]
    clock.advance(minutes=31)
    ended = await client.post(f"/firms/{uscc}/notes", data={"text": "跑了一上午的记录"}, headers=headers)
    assert ended.status_code == 401
    kept = kept_in(ended.text)
    again = await attempt(client, password=WRONG, kept=kept)
    assert kept_in(again.text) == kept
    resumed = await attempt(client, kept=kept)
    assert resumed.status_code == 200
    assert "跑了一上午的记录" in resumed.text
    assert f'action="/firms/{uscc}/notes"' in resumed.text


@pytest.mark.parametrize("kept", ["x.y", "eyJ4Ijoi.封", "." * 50, "e30=." + "0" * 64])
async def test_a_kept_form_that_we_did_not_seal_is_ignored(anonymous, officer, kept):
    assert (await attempt(anonymous, kept=kept)).status_code == 303


def kept_in(html):
    from bs4 import BeautifulSoup

    return BeautifulSoup(html, "html.parser").find("input", {"name": "kept"})["value"]
