"""Around every request, as plain ASGI: an id, headers, limits, and counting for /metrics."""

import logging
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from urllib.parse import unquote

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import Settings

log = logging.getLogger("tidu.web")
CSP = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
_HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
SMALL_BODY, LARGE_BODY = 1 << 20, 60 << 20
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


class Edge:
    def __init__(self, app: ASGIApp, *, settings: Settings, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics
        self.headers = dict(_HEADERS)
        if settings.secure_cookies:
            self.headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["request_id"] = uuid.uuid4().hex
        began = time.perf_counter()
        refused = _refusal(scope)
        limit = LARGE_BODY if scope["path"].startswith("/imports") else SMALL_BODY
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLarge
            return message

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._dress(MutableHeaders(scope=message), scope["request_id"])
                self.metrics.note(message["status"], time.perf_counter() - began)
            await send(message)

        try:
            if refused:
                await _plain(dressed, *refused)
            elif _declared_length(scope) > limit:
                raise BodyTooLarge
            else:
                await self.app(scope, counted, dressed)
        except BodyTooLarge:
            await _plain(dressed, 413, f"内容太大：这里最多接收 {limit >> 20} MB。")

    def _dress(self, headers: MutableHeaders, request_id: str) -> None:
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        headers["x-request-id"] = request_id
        # Pages of signed-in people stay out of every cache; the static files say otherwise themselves.
        headers.setdefault("cache-control", "no-store")


def _refusal(scope: Scope) -> tuple[int, str] | None:
    # NUL bytes break drivers further in; no honest address carries one.
    if "\x00" in scope["path"] or "\x00" in unquote(scope["query_string"].decode("latin-1")):
        return 400, "地址里有无法处理的字符。"
    return None


def _declared_length(scope: Scope) -> int:
    value = dict(scope["headers"]).get(b"content-length", b"0")
    return int(value) if value.isdigit() else 0


async def _plain(send: Send, status: int, sentence: str) -> None:
    body = sentence.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
