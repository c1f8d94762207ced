"""One request to another server: no redirect followed, an answer read in part, and out of the house only, unless the
address is one that whoever runs the house has set."""

import asyncio
import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

SECONDS = 10
MOST_READ = 64 * 1024
_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that is given out of the public network (RFC 4291)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # how a network of the new kind alone reaches the old one (RFC 6052)


class Unsafe(Exception):
    """An address inside: ours, a neighbour's or the machine's own."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    retry_after: int | None


def is_outside(place: str) -> bool:
    """Whether nobody but the public network answers there: an address that carries another one is as that one is."""
    address = ipaddress.ip_address(place.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(address.packed[-4:])
        if carried:
            return is_outside(str(carried))
        if address not in _UNICAST or address.teredo:
            return False
    return address.is_global and not address.is_multicast


class Poster:
    """`inside` lets addresses of this machine and its neighbours through: never for one typed in a page."""

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """JSON, unless the headers say otherwise."""
        said = {"Content-Type": "application/json; charset=utf-8", **headers}
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(self._send, "POST", url, body, said)

    async def get(self, url: str) -> Answer:
        async with asyncio.timeout(SECONDS):
            return await asyncio.to_thread(self._send, "GET", url, b"", {"Accept": "application/json"})

    def _send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        # Looked up once, judged, and then connected to: a name that answers twice differently gains nothing.
        place = self._judged(host, port)
        ends = time.monotonic() + SECONDS
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        connection.sock = socket.create_connection(place, timeout=SECONDS)
        try:
            if parts.scheme == "https":
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body or None, dict(headers))
            answer = connection.getresponse()
            after = answer.headers.get("Retry-After", "")
            read = b""
            # Whoever answers a byte at a time, or without end, is heard for so long and so much.
            while len(read) < MOST_READ and time.monotonic() < ends and (part := answer.read1(MOST_READ - len(read))):
                read += part
            return Answer(answer.status, read, int(after) if after.isdecimal() and len(after) < 7 else None)
        finally:
            connection.close()

    def _judged(self, host: str, port: int) -> tuple[str, int]:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        places = [str(place[4][0]) for place in found]
        if not self._inside and not all(map(is_outside, places)):
            raise Unsafe(f"{host} 指向内部地址，不发送")
        return places[0], port
