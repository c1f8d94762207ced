"""A mail server on loopback with moods. It remembers every letter that it took, also those whose sender never heard."""

import asyncio
import random
import re
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller

NOBODY = "nobody"  # addresses that begin so are refused for good
STALL_SECONDS = 4  # longer than a sender waits
_ID = re.compile(r"^Message-ID: <([0-9a-f-]{36})@tidu>\r?$", re.MULTILINE | re.IGNORECASE)
MOODS = ("well", "busy", "mute", "forgetful", "curt")


@dataclass
class Post:
    rng: random.Random
    mood: str = "well"
    taken: list[tuple[str, str]] = field(default_factory=list)  # (Message-ID, address)
    unheard: int = 0  # taken, and the sender could not know
    refused: int = 0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith(NOBODY):
            self.refused += 1
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        mood = self.mood if self.rng.random() < 0.5 else "well"
        if mood == "busy":
            self.refused += 1
            return "451 busy, come again"
        if mood == "curt":
            self.refused += 1
            server.transport.close()
            return "250 never heard"
        found = _ID.search(envelope.content.decode("utf-8", "replace"))
        self.taken.append((found[1] if found else "", envelope.rcpt_tos[0]))
        if mood == "mute":
            self.unheard += 1
            await asyncio.sleep(STALL_SECONDS)
        if mood == "forgetful":
            self.unheard += 1
            server.transport.close()
        return "250 taken"


class Office:
    """The server, which can be closed and opened again at the same address."""

    def __init__(self, post: Post, port: int) -> None:
        self._post, self.port = post, port
        self._controller: Controller | None = None

    def open(self) -> None:
        if self._controller is None:
            self._controller = Controller(self._post, hostname="127.0.0.1", port=self.port)
            self._controller.start()

    def close(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None
