"""What the site really does for a request: its SQL with parameters, and the template with its context.

Taken from a second copy of the site within this process, through SQLAlchemy's own event, so that the floors run what
the house runs and not what somebody thought it runs.
"""

import pickle
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import event

from app.config import Settings
from app.db import Conn, Database
from app.main import create_app
from tests.bench.ground import SECRET, keys

Statement = tuple[str, tuple[Any, ...]]


@dataclass
class Captured:
    """A page: what it asks the database, without looking up who asks, and what it renders."""

    statements: list[Statement]
    template: str = ""
    context: dict[str, Any] = field(default_factory=dict)


class Rehearsal(Database):
    """A database in which every transaction runs to its end and is then taken back."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Conn]:
        async with self.engine.connect() as conn:
            outer = await conn.begin()
            try:
                yield conn
            finally:
                await outer.rollback()


class Shadow:
    def __init__(self, url: str, *, port: int, cookie: str) -> None:
        self._database = Rehearsal(url, pool_size=4, keys=keys)
        self._log: list[Statement] = []
        self._rendered: list[tuple[str, dict[str, Any]]] = []
        event.listen(self._database.engine.sync_engine, "before_cursor_execute", self._note)
        address = f"http://127.0.0.1:{port}"
        settings = Settings(database_url=url, secret_key=SecretStr(SECRET), base_url=address, requests_a_minute=0)
        app = create_app(settings, database=self._database, rendered=self._rendered)
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),
            base_url=address,
            cookies={"tidu": cookie},
            headers={"sec-fetch-site": "same-origin"},
        )

    def _note(self, _c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        assert not many, "a page or a move runs each statement once"
        self._log.append((statement, tuple(parameters or ())))

    async def page(self, path: str) -> Captured:
        for _ in range(2):  # the second time, what is kept in memory for a minute is there
            self._log.clear()
            self._rendered.clear()
            answer = await self._client.get(path)
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        (template, context) = self._rendered[-1]
        return Captured(self._without_sign_in(), template, context)

    async def move(self, path: str, form: Mapping[str, str]) -> Captured:
        self._log.clear()
        answer = await self._client.post(path, data=dict(form))
        assert answer.status_code == 303, (path, answer.status_code, answer.text[:300])
        return Captured(self._without_sign_in())

    async def save(self, path: str, form: Mapping[str, str], *, cookie: str) -> Captured:
        """By somebody else than whom the others are taken from."""
        self._log.clear()
        self._rendered.clear()
        self._client.cookies.set("tidu", cookie)
        answer = await self._client.post(path, data=dict(form))
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:300])
        return Captured(self._without_sign_in(), *self._rendered[-1])

    def _without_sign_in(self) -> list[Statement]:
        return [statement for statement in self._log if "user_sessions" not in statement[0]]

    async def close(self) -> None:
        await self._client.aclose()
        await self._database.dispose()


def packed(pages: Mapping[str, Sequence[Captured]]) -> bytes:
    return pickle.dumps(dict(pages))
