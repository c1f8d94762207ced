"""Around every request, as plain ASGI: an id, headers, limits, and counting for /metrics."""

import logging
import math
import re
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import unquote, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings
from app.logs import request_id
from app.web.allowance import Allowance

log = logging.getLogger("tidu.web")
REPORTS = "/policy-violations"
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'; "
    f"report-uri {REPORTS}; report-to policy"
)
_HEADERS = {
    "content-security-policy": CSP,
    "reporting-endpoints": f'policy="{REPORTS}"',
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
SMALL_BODY, LARGE_BODY = 1 << 20, 60 << 20
# Where files come in: rosters, and papers, which over JSON hang on the thing they belong to.
_LISTS = r"(/api/v1)?(/imports\b|/carriers/[^/]+/(imports$|rooms/import$|logs/[^/]+/import$))"
_LIMITS = ((re.compile(_LISTS), LARGE_BODY), (re.compile(r"/files\b|/api/v1/.+/files$"), 12 << 20))
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/?#@\s]+)(?::[0-9]*)?")
_BUCKETS = (0.01, 0.05, 0.1, 0.3, 1.0, 5.0)


class Metrics:
    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.buckets: Counter[float] = Counter()
        self.seconds = 0.0

    def note(self, status: int, seconds: float) -> None:
        self.requests[f"{status // 100}xx"] += 1
        self.seconds += seconds
        for bucket in _BUCKETS:
            if seconds <= bucket:
                self.buckets[bucket] += 1

    def lines(self) -> Iterable[str]:
        yield "# TYPE tidu_http_requests_total counter"
        for status, count in sorted(self.requests.items()):
            yield f'tidu_http_requests_total{{status="{status}"}} {count}'
        total = sum(self.requests.values())
        yield "# TYPE tidu_http_request_seconds histogram"
        for bucket in _BUCKETS:
            yield f'tidu_http_request_seconds_bucket{{le="{bucket}"}} {self.buckets[bucket]}'
        yield f'tidu_http_request_seconds_bucket{{le="+Inf"}} {total}'
        yield f"tidu_http_request_seconds_sum {self.seconds:.6f}"
        yield f"tidu_http_request_seconds_count {total}"


class BodyTooLarge(Exception):
    pass


OnFault = Callable[[Request, Exception], Awaitable[Response]]


class Edge:
    """`on_fault` makes the answer to an error that nothing inside caught: it, too, leaves dressed and counted."""

    def __init__(
        self, app: ASGIApp, *, settings: Settings, metrics: Metrics, allowance: Allowance, on_fault: OnFault
    ) -> None:
        self.app, self.metrics, self.allowance, self.on_fault = app, metrics, allowance, on_fault
        headers = dict(_HEADERS)
        if settings.secure_cookies:
            headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
        # Pages of signed-in people stay out of every cache; the static files say otherwise themselves.
        headers["cache-control"] = "no-store"
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.hosts = {urlsplit(settings.base_url).hostname or "", "127.0.0.1", "localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = uuid.uuid4().hex
        request_id.set(scope["request_id"])
        passage = _Passage(self, scope, receive, send)
        try:
            if sentence := _refusal(scope, self.hosts):
                await _refuse(scope, passage.send, 400, "地址不能处理", sentence)
            elif wait := math.ceil(self.allowance.wait(scope, now=time.monotonic())):
                sentence = f"操作太频繁，请 {wait} 秒后再试。"
                await _refuse(scope, passage.send, 429, "太频繁", sentence, retry_after=wait)
            elif _declared_length(scope) > passage.limit:
                raise BodyTooLarge
            else:
                await self.app(scope, passage.receive, passage.send)
        except BodyTooLarge:
            if passage.answered:
                raise
            passage.overflowed = False
            sentence = f"内容太大：这里最多接收 {passage.limit >> 20} MB。"
            await _refuse(scope, passage.send, 413, "内容太大", sentence)
        except Exception as error:
            if not passage.answered:
                response = await self.on_fault(Request(scope, receive), error)
                await response(scope, receive, passage.send)
            raise

    def dress(self, message: Message, request_id: str) -> None:
        """Adds the house's headers to an answer that does not say otherwise itself."""
        given = [header for header in message.get("headers", ()) if header[0] != b"x-request-id"]
        names = {name for name, _ in given}
        ours = [header for header in self.headers if header[0] not in names]
        message["headers"] = [*given, *ours, (b"x-request-id", request_id.encode())]


class _Passage:
    """One request on its way in and out."""

    def __init__(self, edge: Edge, scope: Scope, receive: Receive, send: Send) -> None:
        self._edge, self._scope, self._receive, self._send = edge, scope, receive, send
        self._began = time.perf_counter()
        self._received = 0
        self.limit = next((most for where, most in _LIMITS if where.match(scope["path"])), SMALL_BODY)
        self.overflowed = self.answered = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self.limit:
            self.overflowed = True
            raise BodyTooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.overflowed and not self.answered:
            # Whoever read the body took the interruption for a malformed one; it was too large.
            raise BodyTooLarge
        if message["type"] == "http.response.start":
            self.answered = True
            self._edge.dress(message, self._scope["request_id"])
            self._edge.metrics.note(message["status"], time.perf_counter() - self._began)
        await self._send(message)


def _refusal(scope: Scope, hosts: set[str]) -> str:
    # NUL bytes break drivers further in; no honest address carries one.
    if "\x00" in scope["path"] or "\x00" in unquote(scope["query_string"].decode("latin-1")):
        return "地址里有无法处理的字符。"
    given = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
    host = _HOST.fullmatch(given[0]) if len(given) == 1 else None
    if host is None or host[1].strip("[]") not in hosts:
        return "这台服务器不以这个域名提供服务，请用管理员给的地址访问。"
    return ""


def _declared_length(scope: Scope) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


async def _refuse(scope: Scope, send: Send, status: int, title: str, sentence: str, *, retry_after: int = 0) -> None:
    """Said without a template: nothing of such a request is let further in."""
    kind, body = b"text/plain; charset=utf-8", sentence.encode()
    if scope["path"].startswith("/api/"):
        kind = b"application/problem+json"
        body = orjson.dumps({"title": title, "detail": sentence, "status": status})
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if retry_after:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
