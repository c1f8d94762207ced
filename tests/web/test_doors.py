"""What stands at the doors beside the password: who comes from where, which sites may ask, how a request is cut."""

import httpx
import pytest
from sqlalchemy import select

from app.access.models import UserSession
from app.access.passwords import hasher
from app.commands.patience import Patience, patient
from app.web.downloads import attachment
from tests import factories
from tests.factories import PASSWORD
from tests.web.test_slow import call, rest, served


@pytest.mark.parametrize(
    ("ip", "status"), [("10.1.0.7", 200), ("192.168.7.9", 200), ("192.168.7.10", 403), ("10.2.0.1", 403), ("", 403)]
)
@pytest.mark.parametrize(("role", "path"), [("admin", "/admin/users"), ("auditor", "/audit")])
async def test_who_runs_or_audits_the_system_does_so_from_where_the_house_says(
    app, conn, client_as, client_from, monkeypatch, ip, status, role, path
):
    bounded = app.state.settings.model_copy(update={"admin_addresses": "10.1.0.0/16, 192.168.7.9"})
    monkeypatch.setitem(app.state._state, "settings", bounded)
    token = await factories.token_of(conn, await factories.person(conn, role))
    cookies = dict((await client_as(role)).cookies)
    browser, program = client_from(ip, cookies=cookies), client_from(ip, headers={"authorization": f"Bearer {token}"})
    officer = client_from(ip, cookies=dict((await client_as("officer")).cookies))
    assert (await browser.get(path)).status_code == status
    assert (await program.get("/api/v1/audit")).status_code == status
    assert (await browser.get("/account/tokens")).status_code == status
    if status == 403:
        assert "登记过的地址" in (await browser.get(path)).text
    assert (await officer.get("/firms")).status_code == 200
    assert (await browser.post("/sign-out")).status_code == 303


async def test_no_other_site_is_ever_let_read_an_answer(client_as, api_as):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    asked |= {"access-control-request-headers": "authorization", "sec-fetch-site": "cross-site"}
    page, program = await client_as("officer"), await api_as("officer")
    for client, path in ((page, "/firms"), (program, "/api/v1/firms"), (page, "/sign-in"), (page, "/nowhere")):
        for method in ("GET", "OPTIONS", "HEAD"):
            answer = await client.request(method, path, headers=asked)
            assert [name for name in answer.headers if name.startswith("access-control-")] == []
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.fixture(scope="module")
def port():
    with served(patient(Patience(headers=5, body=5, rate=1, answer=5, look_every=1, heads=20, bodies=20))) as given:
        yield given


HIDDEN = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nhost: x\r\n\r\n"
CUT_TWICE = {
    "a length and chunks": b"content-length: %d\r\ntransfer-encoding: chunked\r\n" % len(HIDDEN),
    "chunks and a length": b"transfer-encoding: chunked\r\ncontent-length: %d\r\n" % len(HIDDEN),
    "two lengths": b"content-length: 0\r\ncontent-length: %d\r\n" % len(HIDDEN),
    "a length with a sign": b"content-length: +%d\r\n" % len(HIDDEN),
    "chunks that are not the last": b"transfer-encoding: chunked, identity\r\n",
    "chunks by another name": b"transfer-encoding: xchunked\r\ncontent-length: 0\r\n",
    "a space before the colon": b"transfer-encoding : chunked\r\ncontent-length: 0\r\n",
}


@pytest.mark.parametrize("how", CUT_TWICE)
def test_a_request_that_could_be_cut_in_two_ways_is_refused_and_nothing_in_it_is_answered(port, how):
    with call(port) as one:
        one.sendall(b"POST / HTTP/1.1\r\nhost: x\r\n" + CUT_TWICE[how] + b"\r\n" + HIDDEN)
        said = rest(one)
    assert said.startswith(b"HTTP/1.1 400")
    assert said.count(b"HTTP/1.1 ") == 1


async def test_every_sign_in_gets_a_session_of_its_own_and_never_one_that_was_brought(conn, client_from):
    await factories.person(conn, "officer")
    brought = "x" * 43
    given = set()
    for _ in range(2):
        browser = client_from(cookies={"tidu": brought})
        done = await browser.post("/sign-in", data={"login": "officer", "password": PASSWORD})
        given.add(done.headers["set-cookie"].partition("tidu=")[2].partition(";")[0])
    assert len(given | {brought}) == 3
    assert all(len(token) >= 43 for token in given)
    assert len((await conn.execute(select(UserSession.token_hash))).all()) == 2
    assert (await client_from(cookies={"tidu": brought}).get("/account/sessions")).status_code == 303


async def test_a_long_sentence_is_a_password_to_its_last_character(client_as, client_from):
    long = "Wo men de " + "mima hen chang " * 12 + "8"  # 191 characters
    here = await client_as("officer")
    done = await here.post("/account/password", data={"current": PASSWORD, "new": long, "again": long})
    assert done.status_code == 303
    for password, status in ((long[:-1] + "9", 401), (long[:72], 401), (long, 303)):
        answer = await client_from("10.0.0.1").post("/sign-in", data={"login": "officer", "password": password})
        assert answer.status_code == status


def test_passwords_are_hashed_as_dear_as_owasp_asks():
    assert "$argon2id$v=19$m=19456,t=2,p=1$" in hasher().hash("x")


def test_a_file_leaves_under_its_whole_name_and_nothing_of_it_becomes_a_header():
    name = '辅助"账\r\nSet-Cookie: a=b;%.pdf'
    said = attachment(b"", name, "application/pdf").headers["content-disposition"]
    plain, _, whole = said.partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="tidu.pdf"'
    assert httpx.URL(f"http://x/{whole}").path == f"/{name}"
    assert whole.isascii()
    assert not set(whole) & set('"\r\n; ')
