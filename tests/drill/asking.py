"""One client of many: sends a write under its key until it is answered, and now and then behaves as people do."""

import asyncio
import itertools
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.drill.journal import Journal, Outcome, Write

PATIENCE = 120.0  # seconds that a client keeps asking
TOO_LONG = 10.0  # no answer may take longer than this, whatever is away
_GOES_AWAY, _ASKS_AT_ONCE = 0.02, 0.02  # how many of the writes
_COME_AGAIN = frozenset({429, 503})
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    token: str
    json: Any = None
    files: Any = None
    tag: str | None = None  # If-Match


class Refused(Exception):
    """The house said no where it should have said yes: this life ends here."""


class Client:
    def __init__(self, ports: Sequence[int], journal: Journal, rng: random.Random) -> None:
        self._ports, self._journal, self._rng = ports, journal, rng
        self._turn = rng.randrange(len(ports))
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(20, connect=2), trust_env=False)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(
        self, write: Write, request: Request, *, refused: bool = False, may_leave: bool = False
    ) -> httpx.Response | None:
        """The answer; None when the client went away without one. `refused`: the house must say no."""
        key = f"{write.kind}-{next(_numbers)}"
        journal, deadline = self._journal, time.monotonic() + PATIENCE
        journal.sent(write, key)
        while True:
            answer = await self._tried(write, request, key)
            if answer is None and may_leave and self._rng.random() < 0.3:
                journal.answered(write, key, Outcome.GIVEN_UP, None)
                return None
            if answer is not None and answer.status_code < 500 and answer.status_code not in _COME_AGAIN:
                break
            if time.monotonic() > deadline:
                journal.faults.append(f"{write.kind} {write.mark}: no answer within {PATIENCE:.0f} s")
                raise Refused
            await asyncio.sleep(self._rng.uniform(0.05, 0.4))
        done = answer.is_success
        journal.answered(write, key, Outcome.DONE if done else Outcome.REFUSED, answer.status_code)
        if done is refused:
            journal.faults.append(f"{write.kind} {write.mark}: {answer.status_code} {answer.text[:200]}")
            raise Refused
        return answer

    async def _tried(self, write: Write, request: Request, key: str) -> httpx.Response | None:
        """None: nobody knows what became of it."""
        write.tries += 1
        chance = self._rng.random()
        if chance < _GOES_AWAY:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._rng.uniform(0, 0.03)):
                    return await self._sent(request, key)
            self._journal.statuses["hung up"] += 1
            return None
        if chance < _GOES_AWAY + _ASKS_AT_ONCE:
            return await self._at_once(write, request, key)
        return await self._sent(request, key)

    async def _at_once(self, write: Write, request: Request, key: str) -> httpx.Response | None:
        """The same three times at once is one act with one answer."""
        answers = [a for a in await asyncio.gather(*(self._sent(request, key) for _ in "123")) if a is not None]
        good = [a for a in answers if a.is_success]
        if len({(a.status_code, a.content) for a in good}) > 1:
            self._journal.faults.append(f"{write.kind} {write.mark}: the same key was answered in different ways")
        return good[0] if good else answers[0] if answers else None

    async def _sent(self, request: Request, key: str) -> httpx.Response | None:
        journal, began = self._journal, time.monotonic()
        port = self._ports[self._turn % len(self._ports)]
        headers: Mapping[str, str] = {"authorization": f"Bearer {request.token}", "idempotency-key": key}
        headers = {**headers, **({"if-match": request.tag} if request.tag else {})}
        body = {"json": request.json} if request.files is None else {"files": request.files}
        url = f"http://127.0.0.1:{port}/api/v1{request.path}"
        try:
            answer = await self._http.request(request.method, url, headers=headers, **body)
        except httpx.TransportError as error:
            self._turn += 1  # as the proxy in front would
            journal.statuses[type(error).__name__] += 1
            return None
        finally:
            journal.slowest = max(journal.slowest, time.monotonic() - began)
        journal.statuses[str(answer.status_code)] += 1
        if answer.status_code >= 500 and answer.status_code != 503:
            journal.faults.append(f"{request.method} {request.path}: {answer.status_code} {answer.text[:200]}")
        return answer
