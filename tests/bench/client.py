"""A keep-alive HTTP client that costs next to nothing, so that what is measured is the server."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        found = re.search(rb"\r\n" + name.encode() + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found.group(1).decode() if found else ""


class Client:
    """One connection. Pages of this house and of the floor carry their length; anything else is an error here."""

    def __init__(self, port: int, *, cookie: str = "") -> None:
        self._port = port
        self._fixed = f"Host: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\nAccept: text/html\r\n"
        if cookie:
            self.sign_in(cookie)

    def sign_in(self, cookie: str) -> None:
        self._fixed += f"Cookie: tidu={cookie}\r\n"

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 22)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def get(self, path: str) -> Answer:
        return await self._send(f"GET {quote(path, safe='/?&=%')} HTTP/1.1\r\n{self._fixed}\r\n".encode())

    async def post(self, path: str, form: Mapping[str, str]) -> Answer:
        body = urlencode(form).encode()
        head = (
            f"POST {quote(path)} HTTP/1.1\r\n{self._fixed}Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._send(head.encode() + body)

    async def _send(self, raw: bytes) -> Answer:
        if self._reader.at_eof():  # closed while the others had their turn
            await self.__aenter__()
        self._writer.write(raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        return Answer(int(head[9:12]), head, await self._reader.readexactly(int(length.group(1))))
