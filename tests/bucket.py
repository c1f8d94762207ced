"""A bucket on this machine that speaks as much of S3 as a file store needs, and fails on demand."""

import email.utils
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

NAME = "tidu-files"
KEY, SECRET = "the key's name", "and what nobody is told"


@dataclass
class Bucket:
    address: str = ""
    objects: dict[str, tuple[bytes, float]] = field(default_factory=dict)  # content, and when it was put
    now: float = 1_800_000_000.0
    refusal: tuple[int, str] | None = None  # a status and its code, for whatever is asked
    asked: list[tuple[str, str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "cn-south-1"}
        return keys | {"AWS_ENDPOINT_URL": self.address}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def log_message(self, format: str, *args: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fault(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def do(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        _, name, *rest = unquote(place.path).split("/", 2)
        key = rest[0] if rest else ""
        self.bucket.asked.append((self.command, key))
        refusal = self.refusal(name)
        if refusal:
            self.fault(*refusal)
        elif key:
            self.about(key, body)
        else:
            self.listed(parse_qs(place.query).get("prefix", [""])[0])

    def refusal(self, name: str) -> tuple[int, str] | None:
        if f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            return 403, "InvalidAccessKeyId"
        return self.bucket.refusal if self.bucket.refusal or name == NAME else (404, "NoSuchBucket")

    def about(self, key: str, body: bytes) -> None:
        if self.command == "PUT":
            self.bucket.objects[key] = (body, self.bucket.now)
            self.answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')
        elif self.command == "DELETE":
            self.bucket.objects.pop(key, None)
            self.answer(204)
        elif key in self.bucket.objects:
            data, put = self.bucket.objects[key]
            etag = f'"{hashlib.md5(data).hexdigest()}"'
            self.answer(200, data, ETag=etag, Last_Modified=email.utils.formatdate(put, usegmt=True))
        else:
            self.fault(404, "NoSuchKey")

    do_GET = do_PUT = do_HEAD = do_DELETE = do

    def listed(self, prefix: str) -> None:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(data)}</Size><ETag>e</ETag>"
            f"<LastModified>{_iso(put)}</LastModified></Contents>"
            for key, (data, put) in sorted(self.bucket.objects.items())
            if key.startswith(prefix)
        )
        self.answer(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode())


def _iso(at: float) -> str:
    return email.utils.parsedate_to_datetime(email.utils.formatdate(at)).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def serving() -> Iterator[Bucket]:
    bucket = Bucket()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"bucket": bucket}))
    server.daemon_threads = True
    bucket.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
