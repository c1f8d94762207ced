"""How long a connection may take to say what it wants, and to take the answer: uvicorn itself waits for ever."""

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TOO_SLOW = (
    b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. A body must come to its end, or be faster than `rate` bytes a second after its first `body` seconds."""

    headers: float = 15.0
    body: float = 30.0
    rate: int = 4 << 10
    answer: float = 60.0  # without a byte of it being taken
    look_every: float = 1.0
    # Of those that have not said all yet. One more, and the one that has kept us waiting longest goes: so whoever opens
    # thousands shuts out nobody else, who is done in milliseconds. A crowd that comes in at once has its `grace`.
    heads: int = 500
    bodies: int = 500
    grace: float = 2.0
    kept: int = 2_000  # connections beyond this are not kept for another request


class Watch:
    """One a process: looks once a second at those that are not done, so a quick request costs no timer."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._heads: dict[PatientProtocol, None] = {}
        self._bodies: dict[PatientProtocol, None] = {}
        self._stalled: dict[PatientProtocol, float] = {}
        self._looking = False

    def begins(self, one: "PatientProtocol") -> None:
        if one in self._heads or one in self._bodies:
            return
        one.since = one.loop.time()
        self._heads[one] = None
        self._make_room(one.since)
        self._look_later(one.loop)

    def has_headers(self, one: "PatientProtocol") -> None:
        self._heads.pop(one, None)
        one.since, one.taken = one.loop.time(), 0
        self._bodies[one] = None
        self._make_room(one.since)

    def _make_room(self, now: float) -> None:
        while len(self._heads) > self.patience.heads:
            oldest = next(iter(self._heads))
            if now - oldest.since < self.patience.grace:
                break
            _give_up(oldest)
        if len(self._bodies) > self.patience.bodies:
            slow = [one for one in self._bodies if now - one.since >= self.patience.grace]
            for one in sorted(slow, key=lambda one: one.taken)[: len(self._bodies) - self.patience.bodies]:
                _give_up(one)

    def is_complete(self, one: "PatientProtocol") -> None:
        self._heads.pop(one, None)
        self._bodies.pop(one, None)

    def stalls(self, one: "PatientProtocol") -> None:
        self._stalled[one] = one.loop.time()
        self._look_later(one.loop)

    def flows(self, one: "PatientProtocol") -> None:
        self._stalled.pop(one, None)

    def is_gone(self, one: "PatientProtocol") -> None:
        self.is_complete(one)
        self.flows(one)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._looking:
            self._looking = True
            loop.call_later(self.patience.look_every, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._looking, now, patience = False, loop.time(), self.patience
        for one in list(self._heads):
            self._excuse(one)
            if one.is_answering():
                one.since = now
            elif now - one.since > patience.headers:
                _give_up(one)
        for one in list(self._bodies):
            self._excuse(one)
            if now - one.since > patience.body + one.taken / patience.rate:
                _give_up(one)
        for one, since in list(self._stalled.items()):
            if now - since > patience.answer:
                one.transport.abort()
        self._make_room(now)
        if self._heads or self._bodies or self._stalled:
            self._look_later(loop)

    def _excuse(self, one: "PatientProtocol") -> None:
        """Whoever is not read, because we are busy, is not late."""
        if one.flow.read_paused:
            one.since += self.patience.look_every


def _give_up(one: "PatientProtocol") -> None:
    one.watch.is_gone(one)
    if one.transport.is_closing():
        return
    if one.spoke and (one.cycle is None or one.cycle.response_complete or not one.cycle.response_started):
        one.transport.write(_TOO_SLOW)
    one.transport.close()


class PatientProtocol(HttpToolsProtocol):
    watch: ClassVar[Watch]
    since = 0.0
    taken = 0
    spoke = False

    def is_answering(self) -> bool:
        """An earlier request of the same connection, while the next one comes in."""
        return self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.watch.begins(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.watch.is_gone(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.spoke = True
        if self.timeout_keep_alive_task is not None:
            self.watch.begins(self)  # even for an empty line, which begins no request
        super().data_received(data)

    def on_message_begin(self) -> None:
        self.watch.begins(self)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.watch.has_headers(self)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.taken += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.watch.is_complete(self)
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if len(self.connections) > self.watch.patience.kept and not self.pipeline:
            self.transport.close()

    def pause_writing(self) -> None:
        self.watch.stalls(self)
        super().pause_writing()

    def resume_writing(self) -> None:
        self.watch.flows(self)
        super().resume_writing()


PatientProtocol.watch = Watch(Patience())


def patient(patience: Patience) -> type[PatientProtocol]:
    """A protocol of its own, with its own watch."""
    attributes: dict[str, Any] = {"watch": Watch(patience)}
    return type("PatientProtocol", (PatientProtocol,), attributes)
