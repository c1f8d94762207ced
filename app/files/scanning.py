"""Asking clamd, by its INSTREAM command. Whoever cannot be asked has not said that a file is clean."""

import asyncio
from dataclasses import dataclass

_PIECE = 1 << 16
_LONGEST_ANSWER = 4096


class ScannerDown(Exception):
    """No answer, or none that can be understood."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`found` is the name of what was found; empty for a clean file."""

    found: str = ""

    @property
    def clean(self) -> bool:
        return not self.found


class Scanner:
    """`address` as in TIDU_CLAMD: host:port, or the path of a socket."""

    def __init__(self, address: str, *, seconds: float) -> None:
        self._address, self._seconds = address, seconds

    async def scan(self, data: bytes) -> Verdict:
        """Raises ScannerDown."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(data)
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
            raise ScannerDown(type(error).__name__) from error
        said = answer.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream:").strip()
        if said == "OK":
            return Verdict()
        if said.endswith(" FOUND"):
            return Verdict(said.removesuffix(" FOUND")[:100])
        raise ScannerDown(said[:100])

    async def _ask(self, data: bytes) -> bytes:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            for at in range(0, len(data), _PIECE):
                piece = data[at : at + _PIECE]
                writer.write(len(piece).to_bytes(4, "big") + piece)
                await writer.drain()
            writer.write((0).to_bytes(4, "big"))
            await writer.drain()
            return await reader.read(_LONGEST_ANSWER)
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host or self._address, int(port))
