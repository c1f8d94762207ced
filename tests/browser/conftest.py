"""A real browser against a real server: people's sessions, and a watch over everything their browser complains of."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect
from sqlalchemy import text

from app.assessments.jobs import reassess
from app.db import Conn, Database
from app.filings.applying import list_firms
from app.firms.queries import firm_by_uscc
from app.seeding.demo import DEMO_LOGINS, load_demo
from app.seeding.invented import demo_code
from app.work import handover
from app.work.tasks import add_tasks
from app.work.terms import TaskEntry
from tests import factories
from tests.browser.chromium import FLAGS, find
from tests.cluster import Cluster
from tests.conftest import in_thread
from tests.harness import NOON, LiveServer, SettableClock, keys_of_tests

T = TypeVar("T")
# A refused move is a 409 and so on; the browser writes each such answer to its console.
OTHER = demo_code(4)
PLANNED = demo_code(3)  # a firm with a plan of its own
LOOK = "tidu_look"
_TRUE_STATUS = "Failed to load resource: the server responded with a status of 4"


@dataclass
class Site:
    """The running site and a way into its database."""

    server: LiveServer

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def clock(self) -> SettableClock:
        return self.server.clock

    def do(self, work: Callable[[Conn], Awaitable[T]]) -> T:
        async def run() -> T:
            database = Database(self.server.database_url, pool_size=2, keys=keys_of_tests)
            try:
                async with database.transaction() as conn:
                    return await work(conn)
            finally:
                await database.dispose()

        return in_thread(run)

    def work(self, job: Callable[..., Awaitable[object]]) -> None:
        """What the worker would do at this moment."""

        async def run() -> None:
            database = Database(self.server.database_url, pool_size=2, keys=keys_of_tests)
            try:
                await job(database, at=self.clock.now())
            finally:
                await database.dispose()

        in_thread(run)


@dataclass
class People:
    """Opens browsers, one per person, and keeps what each complained of."""

    browser: Browser
    site: Site
    opened: list[BrowserContext] = field(default_factory=list)
    kept: dict[str, Page] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def anonymous(self, **options: Any) -> Page:
        context = self.browser.new_context(locale="zh-CN", base_url=self.site.url, **options)
        context.set_default_timeout(8000)
        context.on("console", self._heard)
        context.on("weberror", lambda e: self.complaints.append(str(e.error)))
        self.opened.append(context)
        return context.new_page()

    def signed_in(self, login: str, **options: Any) -> Page:
        """A page of a browser in which the person has a session; role before the hyphen, as in the factories."""
        page = self.anonymous(**options)
        self.sign_in(page, login)
        return page

    def returning(self, login: str = "") -> Page:
        """The page that the person left open yesterday: what their browser fetched is there, nothing is chosen."""
        if login not in self.kept:
            self.kept[login] = page = self.anonymous()
            if login:
                self.sign_in(page, login)
        page = self.kept[login]
        page.context.clear_cookies(name=LOOK)
        page.emulate_media(color_scheme="light")
        return page

    def sign_in(self, page: Page, login: str) -> None:
        async def session(conn: Conn) -> str:
            return await factories.session_of(conn, await factories.person(conn, login), at=self.site.clock.now())

        token = self.site.do(session)
        page.context.add_cookies([{"name": "tidu", "value": token, "url": self.site.url}])

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_TRUE_STATUS):
            self.complaints.append(message.text)

    def leave(self) -> None:
        """Closes all but the browsers of those who return."""
        regular = {page.context: page for page in self.kept.values()}
        for context in self.opened:
            if context not in regular:
                context.close()
            elif regular[context].url != "about:blank":
                regular[context].goto("about:blank")
        self.opened = list(regular)
        complaints, self.complaints = self.complaints, []
        assert not complaints, "\n".join(complaints)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = find()
    assert path, "no browser: run `make browser`"
    return {**browser_type_launch_args, "executable_path": path, "args": list(FLAGS)}


@pytest.fixture(autouse=True)
def patient() -> None:
    """Two cores may be shared with a whole suite."""
    expect.set_options(timeout=8000)


@pytest.fixture
def site(live_server: LiveServer) -> Site:
    return Site(live_server)


@pytest.fixture
def people(browser: Browser, site: Site) -> Iterator[People]:
    people = People(browser, site)
    yield people
    people.leave()


@pytest.fixture(scope="session")
def county(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small invented county that tests only look at: every kind of firm, move, note and account."""
    name = cluster.copy_of("visited", in_thread, _fill)
    directory: Path = tmp_path_factory.mktemp("county")
    url = cluster.url(name)
    with LiveServer(url, site_url=cluster.url_as("web", url), clock=SettableClock(), data=directory) as server:
        yield Site(server)
    in_thread(lambda: cluster.drop(name))


async def _fill(url: str) -> None:
    database = Database(url, pool_size=2, keys=keys_of_tests)
    await load_demo(database, {login: factories.PASSWORD for login in DEMO_LOGINS}, at=NOON, firms=90, cheap=True)
    async with database.transaction() as conn:
        officer = await factories.person(conn, "officer")
        window = await factories.window_id(conn, "hnte", 2027, 1)
        some = text("SELECT uscc FROM firms WHERE tier = 'eaglet' ORDER BY id LIMIT 1")
        code = (await conn.execute(some)).scalar_one()
        await list_firms(conn, window, [code], by=officer.actor, at=NOON)
    await reassess(database, at=NOON)
    async with database.transaction() as conn:
        await factories.plan(conn, PLANNED)
        await factories.visit(conn, PLANNED)
        await factories.bulk_preview(conn, officer, "gazelle")
        await _hand_over(conn, code, await factories.person(conn, "manager"), officer)
    await database.dispose()


async def _hand_over(conn: Conn, uscc: str, *who: factories.Person) -> None:
    head = who[0]
    firm = await firm_by_uscc(conn, uscc, viewer=head.viewer)
    assert firm is not None
    await add_tasks(conn, [(firm, TaskEntry("交接材料", NOON.date(), head.id))], by=head.actor, at=NOON)
    pair = [handover.Person(one.id, one.name, one.viewer.scope, True) for one in who]
    seen = (await handover.opening(conn, *pair, viewer=head.viewer)).seen
    await handover.hand_over(conn, *pair, seen=seen, reason="岗位调整", by=head.actor, at=NOON)


@pytest.fixture(scope="session")
def regulars(browser: Browser, county: Site) -> Iterator[People]:
    regulars = People(browser, county)
    yield regulars
    for context in regulars.opened:
        context.close()


@pytest.fixture
def visitors(regulars: People) -> Iterator[People]:
    yield regulars
    regulars.leave()
