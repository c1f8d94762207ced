"""What every answer carries, whatever it is; and what people get when the database is away."""

import resource

import httpx
import pytest
import uvicorn
from sqlalchemy import select, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.access.models import SignInAttempt
from app.clock import SystemClock
from app.commands.context import CommandError, production_settings
from app.commands.serve import open_enough_files, server_options
from app.db import Database
from app.main import create_app
from app.web.lookups import Lookups
from app.web.middleware import CSP, REPORTS
from app.web.violations import A_MINUTE, Allowance
from tests import factories
from tests.harness import settings_for

ANSWERS = [
    ("GET", "/sign-in", 200),
    ("GET", "/", 303),
    ("GET", "/nowhere", 404),
    ("PUT", "/firms", 405),
    ("GET", "/api/v1/firms", 401),
    ("GET", "/api/v1/nowhere", 404),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/static/app.css", 200),
    ("GET", "/static/nowhere.css", 404),
    ("GET", "/health/live", 200),
    ("GET", "/metrics", 200),
    ("POST", "/sign-in", 401),
    ("GET", "/firms?q=%00", 400),
    ("GET", "/docs", 404),
    ("GET", "/redoc", 404),
    ("GET", "/openapi.json", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_carries_the_headers_that_protect_it(anonymous, method, path, status):
    answer = await anonymous.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert len(answer.headers["x-request-id"]) == 32
    assert "server" not in answer.headers
    if not path.startswith("/static"):
        assert answer.headers["cache-control"] == "no-store"


async def test_a_program_is_told_what_to_send_and_every_method_an_address_has(anonymous):
    unknown = await anonymous.get("/api/v1/firms")
    assert "访问令牌" in unknown.json()["detail"]
    assert unknown.headers["www-authenticate"] == "Bearer"
    refused = await anonymous.delete("/api/v1/firms")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


def test_the_policy_allows_no_inline_script_no_frame_and_no_foreign_place():
    assert "unsafe" not in CSP
    assert "http" not in CSP
    for rule in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert rule in CSP


@pytest.mark.parametrize("path", ["/", "/board", "/firms", "/firms/new", "/api/v1/board"])
async def test_a_house_without_seeds_says_what_to_run_and_is_well_once_they_are_there(client_as, conn, path):
    client = await client_as("officer")
    async with conn.begin_nested() as empty:
        await conn.execute(text("TRUNCATE ladders, tiers CASCADE"))
        answer = await client.get(path)
        assert answer.status_code == 503
        assert "tidu seed" in answer.text
        await empty.rollback()
    assert (await client.get(path)).status_code == 200


async def test_every_page_is_headed_by_the_bureau_of_the_seeds(client_as, conn, anonymous):
    assert "科技主管部门" in (await anonymous.get("/sign-in")).text
    await conn.execute(text("UPDATE bureaus SET name = '示例县科学技术局'"))
    assert "示例县科学技术局" in (await (await client_as("officer")).get("/firms")).text
    assert "示例县科学技术局" in (await anonymous.get("/sign-in")).text


async def test_a_new_process_reads_the_bureaus_name_before_its_first_page(conn, database):
    lookups = Lookups()
    await lookups.warm(database)
    assert lookups.bureau == (await conn.execute(text("SELECT name FROM bureaus"))).scalar_one()
    nowhere = Lookups()
    await nowhere.warm(Database("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1))
    assert nowhere.bureau == "科技主管部门"


async def test_over_https_browsers_are_told_to_stay_there_and_the_cookie_is_bound_to_the_host(database, conn, tmp_path):
    settings = settings_for("", data=tmp_path, base_url="https://tidu.example")
    app = create_app(settings, database=database, clock=SystemClock())
    await factories.person(conn, "officer")
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://tidu.example") as client:
        answer = await client.post("/sign-in", data={"login": "officer", "password": factories.PASSWORD})
        assert answer.status_code == 303
        assert answer.headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-tidu=")
        assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
        assert "Domain" not in cookie
        assert (await client.get("/account/sessions")).status_code == 200
        looked = await client.post("/look", data={"size": "large"})
        left = await client.post("/sign-out", headers={"origin": "https://tidu.example"})
        told = await client.get("/sign-in")
        cookies = [c for a in (looked, left, told) for c in a.headers.get_list("set-cookie")]
        assert {c.partition("=")[0] for c in cookies} == {"tidu_look", "tidu_flash", "__Host-tidu"}
        assert all({"Secure", "HttpOnly"} <= {part.strip() for part in c.split(";")} for c in cookies), cookies


@pytest.mark.parametrize(
    ("trusted", "through", "noted"),
    [
        ("", "10.0.0.2", "10.0.0.2"),
        ("10.0.0.2", "10.0.0.2", "203.0.113.9"),
        ("10.0.0.2, 192.168.0.0/16", "192.168.7.1", "203.0.113.9"),
        ("10.0.0.2", "10.0.0.3", "10.0.0.3"),
    ],
)
async def test_only_a_proxy_we_trust_says_where_a_person_is(app, conn, tmp_path, trusted, through, noted):
    config = uvicorn.Config(app, **server_options(settings_for("", data=tmp_path, trusted_proxies=trusted)))
    config.load()
    transport = httpx.ASGITransport(app=config.loaded_app, client=(through, 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        forwarded = {"x-forwarded-for": "198.51.100.1, 203.0.113.9"}
        await client.post("/sign-in", data={"login": "nobody", "password": "wrong"}, headers=forwarded)
    assert str((await conn.execute(select(SignInAttempt.ip))).scalar_one()) == noted


async def test_who_asks_too_often_is_told_when_again_by_account_and_by_address(conn, database, clock, tmp_path):
    settings = settings_for("", data=tmp_path, requests_a_minute=5)
    transport = httpx.ASGITransport(app=create_app(settings, database=database, clock=clock))
    person = await factories.person(conn, "officer")
    token = await factories.token_of(conn, person, at=clock.now())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        mine = {"authorization": f"Bearer {token}"}
        answers = [await client.get("/api/v1/firms", headers=mine) for _ in range(7)]
        assert [a.status_code for a in answers] == [200] * 6 + [429], "the first was the address's"
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert "秒后再试" in answers[-1].json()["detail"]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
        assert answers[-1].headers["x-content-type-options"] == "nosniff"
        strangers = [await client.get("/sign-in") for _ in range(5)]
        assert [a.status_code for a in strangers] == [200] * 4 + [429]
        assert (await client.get("/health/live")).status_code == 200


@pytest.mark.parametrize("value", ["*", "0.0.0.0/0", "proxy.example", "10.0.0.2;10.0.0.3"])
def test_a_list_of_proxies_that_anybody_could_be_on_is_refused_with_a_sentence(monkeypatch, value):
    monkeypatch.setenv("TIDU_DATABASE_URL", "postgresql://127.0.0.1/none")
    monkeypatch.setenv("TIDU_TRUSTED_PROXIES", value)
    with pytest.raises(CommandError, match="TIDU_TRUSTED_PROXIES"):
        production_settings()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "evil@127.0.0.1",
        "127.0.0.1/evil",
        "127.0.0.1:8000:1",
        "[127.0.0.1",
        "",
    ],
)
async def test_a_request_for_another_host_is_refused(anonymous, host):
    assert (await anonymous.get("/sign-in", headers={"host": host})).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:9000", "LOCALHOST:8000"])
async def test_a_request_by_any_of_our_own_names_is_answered(anonymous, host):
    assert (await anonymous.get("/sign-in", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (400, {"headers": {"host": "evil.example"}}),
        (400, {"params": {"q": "\0"}}),
        (413, {"content": b"x" * ((1 << 20) + 1)}),
    ],
)
async def test_what_is_refused_at_the_door_of_the_api_is_a_problem_too(api_as, status, more):
    answer = await (await api_as("officer")).request("POST", "/api/v1/firms", **more)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].endswith("。")


async def test_an_unknown_address_gets_a_page_or_a_problem_in_chinese(client_as):
    client = await client_as("officer")
    page = await client.get("/nowhere")
    assert "没有这个页面" in page.text
    problem = await client.get("/api/v1/nowhere")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["title"] == "没有这个接口"
    assert "没有这个页面" in (await client.get("/nowhere", headers={"hx-request": "true"})).text


@pytest.fixture
async def away(tmp_path):
    """A site whose database does not answer."""
    app = create_app(settings_for("postgresql://nobody@127.0.0.1:9/none", data=tmp_path), clock=SystemClock())
    cookies = {"tidu": "some-session"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8000", cookies=cookies
    ) as client:
        yield client
    await app.state.database.dispose()


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/firms"), ("POST", "/sign-in"), ("GET", "/api/v1/firms"), ("POST", "/firms/new")],
)
async def test_without_its_database_the_site_says_503_and_when_to_come_back(away, method, path):
    answer = await away.request(method, path)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "已提交的数据不会丢失" in answer.text
    assert "127.0.0.1:9" not in answer.text


async def test_without_its_database_the_sign_in_page_and_liveness_still_answer(away):
    assert (await away.get("/sign-in")).status_code == 200
    assert (await away.get("/health/live")).status_code == 200
    assert (await away.get("/health/ready")).status_code == 503


class Exhausted(Database):
    def __init__(self) -> None:
        """No engine: nothing is ever to be had."""

    def transaction(self):
        raise PoolTimeout("no connection to be had in time")

    reading = transaction


async def test_when_every_connection_is_taken_people_are_asked_to_come_back(app, client_as):
    client = await client_as("officer")
    app.state.database = Exhausted()
    answer = await client.get("/firms")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.db_commit
async def test_a_locked_firm_is_503_after_a_while_and_nothing_piles_up(fresh_database, fresh_url, tmp_path):
    from sqlalchemy import text

    async with fresh_database.transaction() as conn:
        token = await factories.token_of(conn, await factories.person(conn, "officer"), at=SystemClock().now())
        uscc = await factories.firm(conn)
    app = create_app(settings_for(fresh_url, data=tmp_path), database=fresh_database, clock=SystemClock())
    body = {"to": "tech_micro", "expected": None, "reason": "入库"}
    transport = httpx.ASGITransport(app=app)
    async with (
        fresh_database.transaction() as holder,
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=20) as client,
    ):
        await holder.execute(text("SELECT 1 FROM firms FOR UPDATE"))
        answer = await client.post(
            f"/api/v1/firms/{uscc}/moves", json=body, headers={"authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 503
    async with fresh_database.reading() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM moves"))).scalar_one() == 0


async def test_a_fault_of_ours_is_a_500_without_its_inside(app, client_as, monkeypatch, caplog):
    from app.web.officer import search

    async def broken(*_args, **_more):
        raise RuntimeError("the inside of the house")

    client = await client_as("officer")
    monkeypatch.setattr(search.queries, "list_firms", broken)
    quiet = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=quiet, base_url="http://127.0.0.1:8000", cookies=client.cookies) as caller:
        answer = await caller.get("/search?q=卫浴")
    assert answer.status_code == 500
    assert "inside of the house" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["content-security-policy"] == CSP
    assert "the inside of the house" in caplog.text


@pytest.mark.db_commit
async def test_as_many_pages_at_once_as_there_are_connections_never_wait_for_each_other(fresh_url, tmp_path):
    """Saying that a session was looked at must not ask for a second connection while the first is held."""
    import asyncio
    from datetime import timedelta

    now = SystemClock().now()
    app = create_app(settings_for(fresh_url, data=tmp_path, pool_size=2), clock=SystemClock())
    async with app.state.database.transaction() as conn:
        quiet_since = now - timedelta(minutes=5)
        people = [await factories.person(conn, f"officer-{n}") for n in range(6)]
        tokens = [await factories.session_of(conn, p, at=quiet_since) for p in people]
    transport = httpx.ASGITransport(app=app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
        asyncio.timeout(20),
    ):
        answers = await asyncio.gather(
            *(client.get("/account/sessions", headers={"cookie": f"tidu={t}"}) for t in tokens)
        )
    assert {a.status_code for a in answers} == {200}
    await app.state.database.dispose()


@pytest.mark.db_commit
async def test_forty_wrong_passwords_at_the_same_moment_are_no_more_than_five_tries(live_server):
    import asyncio

    from sqlalchemy import text

    from app.access.rules import PAIR_LIMIT

    database = Database(live_server.database_url, pool_size=2)
    async with database.transaction() as conn:
        await factories.person(conn, "officer")
    wrong = {"login": "officer", "password": "Cuowu-kouling-1"}
    async with httpx.AsyncClient(base_url=live_server.url, timeout=30) as http:
        answers = await asyncio.gather(*(http.post("/sign-in", data=wrong) for _ in range(40)))
    assert {a.status_code for a in answers} <= {401, 429}
    assert sum(a.status_code == 401 for a in answers) <= PAIR_LIMIT
    async with database.transaction() as conn:
        tried = text("SELECT count(*) FROM audit_events WHERE action = 'session:sign_in:failed'")
        assert (await conn.execute(tried)).scalar_one() <= PAIR_LIMIT
    await database.dispose()


@pytest.mark.parametrize(
    ("soft", "hard", "asked"),
    [
        (1024, 524_288, [(3500, 524_288)]),
        (1024, 2048, [(2048, 2048)]),
        (1024, resource.RLIM_INFINITY, [(3500, resource.RLIM_INFINITY)]),
        (3500, 524_288, []),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, []),
    ],
)
def test_a_server_may_open_as_many_files_as_it_takes_connections(monkeypatch, soft, hard, asked):
    told = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: told.append(limits))
    open_enough_files()
    assert told == asked


async def test_what_the_policy_stopped_is_in_the_log_in_a_line_without_what_was_typed(app, anonymous, caplog, clock):
    app.state.violations = Allowance()
    old = {
        "document-uri": "http://127.0.0.1:8000/firms?q=卫浴",
        "effective-directive": "script-src-elem\nforged line",
        "blocked-uri": "https://evil.example/x.js?secret=1",
    }
    new = {"documentURL": "http://127.0.0.1:8000/", "effectiveDirective": "style-src", "blockedURL": "inline"}
    both = [{"csp-report": old}, {"type": "csp-violation", "body": new}, 7, {"body": "x"}]
    for body in (both[0], both, [], 7, None):
        assert (await anonymous.post(REPORTS, json=body)).status_code == 204
    assert (await anonymous.post(REPORTS, content=b"no json")).status_code == 204
    assert (await anonymous.post(REPORTS, content=b"[" * (17 << 10))).status_code == 413
    lines = [r.getMessage() for r in caplog.records if r.name == "tidu.violations"]
    assert lines[0] == "policy violated: script-src-elemforged line blocked https://evil.example on /firms"
    assert lines[-1] == "policy violated: style-src blocked inline on /"
    for _ in range(A_MINUTE - 3):
        assert (await anonymous.post(REPORTS, json=both[0])).status_code == 204
    assert (await anonymous.post(REPORTS, json=both[0])).status_code == 429
    clock.advance(minutes=1)
    assert (await anonymous.post(REPORTS, json=both[0])).status_code == 204
