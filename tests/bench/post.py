"""A mail server that takes everything: `python -m tests.bench.post PORT`, on loopback, until it is told to stop."""

import asyncio
import signal
import sys
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP


class Taker:
    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:
        return "250 taken"


async def serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Taker(), hostname="bench", enable_SMTPUTF8=True), "127.0.0.1", port)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    async with server:
        await stop.wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
