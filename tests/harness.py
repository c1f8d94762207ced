"""What the fixtures are made of: a clock to set, a database that never commits, a browser that reads what it gets."""

import asyncio
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Self

import html5lib
import httpx
import uvicorn
from pydantic import SecretStr

from app.clock import BUSINESS_ZONE
from app.config import Settings
from app.db import Conn, Database
from app.looking import SITE_PATH
from app.main import create_app
from app.sealed import unseal
from app.vault import Vault, vault_of

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=BUSINESS_ZONE)  # a Monday and a working day


class SettableClock:
    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def settings_for(url: str, *, data: Path, **more: Any) -> Settings:
    values: dict[str, Any] = {
        "database_url": url,
        "data": data,
        "secret_key": SecretStr("only for tests, and long enough to be one"),
        "base_url": "http://127.0.0.1:8000",
        "file_store": "",
        "smtp_url": "",
        "cheap_passwords": True,
        "requests_a_minute": 0,
    }
    return Settings(**(values | more))


@cache
def keys_of_tests() -> Vault:
    """What the suite seals with, wherever it opens a database of its own."""
    return vault_of(settings_for("", data=Path()))


def opened(sealed: str | None) -> str | None:
    """What a sealed text stands for, wherever it lies."""
    return unseal(keys_of_tests(), sealed) if sealed else sealed


class BoundDatabase(Database):
    """The house's database over one connection whose outer transaction somebody else rolls back."""

    def __init__(self, conn: Conn | None) -> None:
        self._conn = conn

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        assert self._conn is not None
        async with self._conn.begin_nested():
            yield self._conn

    # A savepoint too, so that a failing read leaves the test's transaction usable, as autocommit would.
    reading = transaction

    async def dispose(self) -> None:
        """The connection belongs to the test."""


class SiteDatabase(BoundDatabase):
    """The same, as the site's own role: what a request was not told to look at, it does not see."""

    def __init__(self, conn: Conn | None, role: str) -> None:
        super().__init__(conn)
        self._role = role

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        async with super().transaction() as conn:
            raw = await conn.get_raw_connection()
            driver: Any = raw.driver_connection
            await driver.execute(f"SET LOCAL ROLE {self._role}; SET LOCAL search_path = {SITE_PATH}; {_NOBODY}")
            yield conn
            await driver.execute("SET LOCAL ROLE NONE; SET LOCAL search_path = DEFAULT")

    reading = transaction


_NOBODY = "; ".join(f"SET LOCAL tidu.{name} = ''" for name in ("everything", "since", "until", "firm", "carrier"))
_VERBS = r"(?:INSERT INTO|DELETE FROM|(?<!FOR )(?<!KEY )(?<!DO )UPDATE)"
_WRITE = re.compile(_VERBS + r"\s+(?:ONLY\s+)?\"?(\w+)", re.IGNORECASE)


class Statements(list[str]):
    """Every statement the engine was given, in order."""

    def note(self, _c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.append(statement)

    def writes(self, since: int = 0) -> list[str]:
        """The tables that statements after the first `since` wrote to."""
        return [table for s in self[since:] for table in _WRITE.findall(s)]


# What a GET may leave behind: when the session or token was last seen, and the trail of what left the house.
_GET_MAY_WRITE: Mapping[str, set[str]] = {
    "": {"user_sessions", "api_tokens"},
    # A sign-in that comes back from another server.
    "/sign-in/oidc/callback": {"audit_events", "half_sign_ins", "known_devices", "outbox_messages", "users"},
}
_ATTRIBUTE = re.compile(r'\sid="([^"]+)"')


class HtmlChecker:
    """Hooks of every test's browser: pages are well-formed, ids are unique, and reading changes nothing."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    async def before(self, request: httpx.Request) -> None:
        request.extensions["statements"] = len(self._statements)

    async def after(self, response: httpx.Response) -> None:
        await response.aread()
        request = response.request
        if request.method in ("GET", "HEAD"):
            path = request.url.path
            allowed = set().union(*(t for prefix, t in _GET_MAY_WRITE.items() if path.startswith(prefix)))
            if response.headers.get("content-disposition", "").startswith("attachment"):
                allowed |= {"audit_events"}
            if response.status_code == 403:
                allowed |= {"access_denials", "outbox_messages"}  # that it was refused is counted
            written = set(self._statements.writes(request.extensions["statements"])) - allowed
            assert not written, f"GET {path} wrote to {written}"
        if response.headers.get("content-type", "").startswith("text/html"):
            check_html(response.text)


# What no fault can hang on: words, and values of attributes but the kind of an input, which decides where it may stand.
_PLAIN = "\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef\\ufffe\\uffff&"
_VALUE = re.compile(rf'(\s(?!type=)[\w:-]+)="[^"{_PLAIN}]*"')
_WORDS = re.compile(rf">([^<>{_PLAIN}]+)(?=<)")
_ROW_AGAIN = re.compile(r"(<(tr|option)\b(?:(?!<\2\b).)*?</\2>)(?:\s?\1)+")


def check_html(html: str) -> None:
    if not _sound(_shape(html)):
        faults = _faults(html)
        assert not faults, "\n".join(faults)
    twice = [name for name, n in Counter(_ATTRIBUTE.findall(html)).items() if n > 1]
    assert not twice, f"ids used more than once: {twice}"


def _shape(html: str) -> str:
    """Of the thousands of pages of a run most differ in words alone: each shape is parsed once."""
    marked = _WORDS.sub(lambda m: ">x" if m[1].strip(" \t\n\f\r") else "> ", _VALUE.sub(r'\1=""', html))
    return _ROW_AGAIN.sub(r"\1", marked)


@cache
def _sound(shape: str) -> bool:
    return not _faults(shape)


def _faults(html: str) -> list[str]:
    whole = html.lstrip()[:9].lower() == "<!doctype"
    parser = html5lib.HTMLParser()
    parser.parse(html) if whole else parser.parseFragment(html)
    lines = html.split("\n")
    return [f"{kind} at {at}: {lines[at[0] - 1].strip()[:100]}" for at, kind, _ in parser.errors]


class LiveServer:
    """uvicorn in a thread of this process, so that a test may set its clock and ask what it was asked."""

    def __init__(self, url: str, *, site_url: str, clock: SettableClock, data: Path) -> None:
        """`url` is for the test; the site signs in as what it is, by `site_url`."""
        self.database_url, self._site_url, self.clock, self.data = url, site_url, clock, data
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        settings = settings_for(self._site_url, data=self.data, base_url=self.url)
        self.app = create_app(settings, clock=self.clock)
        config = uvicorn.Config(
            self.app, port=self.port, loop="asyncio", http="httptools", log_level="warning", lifespan="on"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the server did not start"
            assert time.monotonic() < deadline, "the server did not start in time"
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        assert not self._thread.is_alive(), "the server did not stop"
