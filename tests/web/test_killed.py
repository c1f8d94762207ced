"""The server is killed between a clerk's saves: what was answered is there, the rest whole or not at all."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager

import httpx
import pytest
from sqlalchemy import func, select

from app.audit.models import AuditEvent
from app.clock import SystemClock
from app.config import ROOT
from app.main import create_app
from app.recognitions.models import TitleClaim
from app.reports.models import SubmissionSection
from tests import factories
from tests.harness import settings_for
from tests.web.test_reports import HERE, clerk, typed
from tests.web.test_titles import RIGHT

pytestmark = pytest.mark.db_commit
KEY = "only for tests, and long enough to be one"


@asynccontextmanager
async def served(url, data):
    """`tidu serve` in a process of its own; its address and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    own = {"TIDU_DATABASE_URL": url, "TIDU_SECRET_KEY": KEY, "TIDU_DATA": str(data), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "app.cli", "serve", "--port", port]
    process = await asyncio.create_subprocess_exec(*command, cwd=data, env={**os.environ, **own})
    try:
        async with asyncio.timeout(60), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(f"http://127.0.0.1:{port}/health/live")
                    break
                except httpx.TransportError:
                    assert process.returncode is None, "the server did not start"
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}", process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def begun(database):
    """A clerk with an open form, and their cookie, on the clock of the real server."""
    from app.firms.queries import firm_by_uscc
    from app.reports.drafting import begin
    from app.reports.forms import load_forms, newest

    now = SystemClock().now()
    async with database.transaction() as conn:
        uscc = await factories.firm(conn)
        person = await clerk(conn, uscc)
        firm = await firm_by_uscc(conn, uscc, viewer=person.viewer)
        await begin(conn, firm, 2025, newest(await load_forms(conn)), {}, by=person.actor, at=now)
        return await factories.session_of(conn, person, at=now)


async def kept(database):
    page = select(SubmissionSection.version, SubmissionSection.answers)
    async with database.reading() as conn:
        version, answers = (await conn.execute(page.where(SubmissionSection.section == "people"))).one()
        claims = (await conn.execute(select(func.count(TitleClaim.id)))).scalar_one()
        made = select(func.count(AuditEvent.id)).where(AuditEvent.action == "firm:claim:made")
        assert (await conn.execute(made)).scalar_one() == claims
    return version, answers["headcount"][0], claims


def people(number, version):
    return typed({"headcount": (str(number), "")}, version=version, act="auto")


async def test_kill_9_between_autosaves_loses_nothing_that_was_answered_and_writes_nothing_twice(
    fresh_url, fresh_database, tmp_path
):
    token = await begun(fresh_database)
    right = RIGHT | {"idempotency_key": "once"}
    cookie = {"cookies": {"tidu": token}, "headers": {"sec-fetch-site": "same-origin"}}
    async with (
        served(fresh_url, tmp_path) as (address, process),
        httpx.AsyncClient(base_url=address, **cookie) as browser,
    ):
        for n in range(5):
            saved = await browser.post(f"{HERE}/people", data=people(100 + n, n))
            assert (saved.status_code, saved.headers["x-version"]) == (200, str(n + 1))
        on_the_way = asyncio.gather(
            browser.post(f"{HERE}/people", data=people(200, 5)),
            browser.post("/portal/titles/new?kind=ip_right", data=right),
            return_exceptions=True,
        )
        await asyncio.sleep(0.004)
        os.kill(process.pid, signal.SIGKILL)
        answers = await on_the_way
        assert await process.wait() == -signal.SIGKILL
    version, headcount, claims = await kept(fresh_database)
    assert (version, headcount) in [(5, "104"), (6, "200")]
    assert claims in (0, 1)
    for answer, there in zip(answers, (version == 6, claims == 1), strict=True):
        assert there or isinstance(answer, Exception), "it was answered and is gone"
    # The next server: the browser asks again for what it had no answer to.
    app = create_app(settings_for(fresh_url, data=tmp_path, pool_size=2), clock=SystemClock())
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", **cookie) as browser,
    ):
        again = await browser.post(f"{HERE}/people", data=people(200, 5))
        assert (again.status_code, again.headers["x-version"]) == (200, "6")
        assert (await browser.post("/portal/titles/new?kind=ip_right", data=right)).status_code == 303
    assert await kept(fresh_database) == (6, "200", 1)
