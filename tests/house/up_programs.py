"""Small programs that stand where the web and the worker stand, and an `up` of them.

python -m tests.house.up_programs up DIRECTORY PORT [polite|stubborn] [ready|slow|failing]
"""

import asyncio
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

# What only one of the programs needs is imported by that one: the others begin sooner.


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Says its pid, and what the database answers on the address that it was given."""
        from tests.house.embedded_programs import answers

        (counted,) = asyncio.run(answers(os.environ["TIDU_DATABASE_URL"], "SELECT count(*) FROM prepared"))
        body = f"{os.getpid()} {counted} {os.environ['GREETING']}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def web(port: str, manner: str) -> None:
    if manner == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    HTTPServer(("127.0.0.1", int(port)), _Page).serve_forever()


def worker(data: str) -> None:
    (Path(data) / "worker.pid").write_text(str(os.getpid()))
    time.sleep(600)


def up(data: str, port: str, manner: str = "polite", preparing: str = "ready") -> None:
    from app import supervise
    from app.embedded import EmbeddedError
    from tests.house.embedded_programs import answers, say

    async def prepare(url: str) -> None:
        await answers(url, "CREATE TABLE IF NOT EXISTS prepared AS SELECT 1")
        say("prepared")
        if preparing == "slow":
            await asyncio.sleep(60)
        if preparing == "failing":
            raise RuntimeError("the seeds are broken")

    here = [sys.executable, "-m", "tests.house.up_programs"]
    commands = {"web": [*here, "web", port, manner], "worker": [*here, "worker", data]}
    try:
        code = supervise.run(
            Path(data), int(port), commands=commands, environment={"GREETING": "hello"}, prepare=prepare
        )
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        code = 1
    raise SystemExit(code)


if __name__ == "__main__":
    {"up": up, "web": web, "worker": worker}[sys.argv[1]](*sys.argv[2:])
