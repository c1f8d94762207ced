"""Just enough of PostgreSQL's protocol to ask a server whether it lives, and for one answer (docs, chapter 54)."""

import socket
import struct
from enum import Enum, auto
from pathlib import Path

from app.embedded.errors import EmbeddedError
from app.embedded.places import socket_in

_PROTOCOL_3 = 196608
_SECONDS = 5.0
_STARTING = b"57P03"


class Pulse(Enum):
    NONE = auto()
    STARTING = auto()  # also: recovering after a crash, shutting down
    READY = auto()


def pulse(folder: Path) -> Pulse:
    """What answers on the socket. A pid file tells nothing: it may be stale, and its pid somebody else's by now."""
    try:
        with _opened(folder, "postgres") as connection:
            kind, body = _message(connection)
    except OSError:
        return Pulse.NONE
    return Pulse.STARTING if kind == b"E" and _STARTING in body else Pulse.READY


def ask(folder: Path, sql: str, *, database: str = "postgres") -> list[str]:
    """The first column of every row."""
    rows: list[str] = []
    with _opened(folder, database) as connection:
        _until_ready(connection, rows)
        text = sql.encode() + b"\0"
        connection.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
        _until_ready(connection, rows)
        connection.sendall(b"X" + struct.pack("!i", 4))
    return rows


def _until_ready(connection: socket.socket, rows: list[str]) -> None:
    kind = b""
    while kind != b"Z":
        kind, body = _message(connection)
        if kind == b"E":
            raise EmbeddedError(f"数据库拒绝了内部命令：{_sentence(body)}")
        if kind == b"D":
            (length,) = struct.unpack_from("!i", body, 2)
            rows.append(body[6 : 6 + max(length, 0)].decode())


def _opened(folder: Path, database: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_SECONDS)
        connection.connect(str(socket_in(folder)))
        parameters = f"user\0postgres\0database\0{database}\0application_name\0tidu\0\0".encode()
        connection.sendall(struct.pack("!ii", len(parameters) + 8, _PROTOCOL_3) + parameters)
    except BaseException:
        connection.close()
        raise
    return connection


def _message(connection: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(connection, 5)
    (length,) = struct.unpack("!i", head[1:])
    return head[:1], _exactly(connection, length - 4)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise ConnectionError("the server hung up")
        received += part
    return received


def _sentence(body: bytes) -> str:
    fields = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return fields.get(b"M", "没有说明")
