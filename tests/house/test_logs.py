"""What the processes write on stderr, in both forms."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx
import pytest

from app import logs

NOWHERE = "postgresql://tidu:very-secret@127.0.0.1:9/none"


@pytest.fixture
def written(capsys):
    """What is logged from here on, in the form asked for."""
    root = logging.getLogger()
    level = root.level

    def lines():
        return capsys.readouterr().err.splitlines()

    def in_form(kind):
        logs.set_up(kind)
        return lines

    yield in_form
    for handler in [h for h in root.handlers if h.get_name() == "tidu"]:
        root.removeHandler(handler)
    root.setLevel(level)


def test_a_line_for_a_collector_is_one_object_with_its_time_level_logger_and_message(written):
    lines = written("json")
    logging.getLogger("tidu.worker").warning("job %s\nfailed", "梯度")
    (line,) = map(json.loads, lines())
    assert line.pop("time")[19:].endswith("+08:00")
    assert line == {"level": "warning", "logger": "tidu.worker", "message": "job 梯度\nfailed", "request_id": None}


def test_a_fault_brings_its_traceback_along_on_the_same_line(written):
    lines = written("json")
    try:
        raise RuntimeError("the inside")
    except RuntimeError:
        logging.getLogger("tidu.web").exception("failed")
    (line,) = map(json.loads, lines())
    assert "RuntimeError: the inside" in line["exception"]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_password_in_an_address_is_in_no_line(written, kind):
    lines = written(kind)
    try:
        raise RuntimeError("smtp://post:very-secret@mail.example:587 says no")
    except RuntimeError:
        logging.getLogger("tidu.worker").exception("to %s", NOWHERE)
    whole = "\n".join(lines())
    assert "very-secret" not in whole
    assert "postgresql://tidu:***@127.0.0.1:9/none" in whole


@pytest.mark.parametrize("kind", ["text", "json"])
def test_set_up_again_nothing_is_said_twice(written, kind):
    written("text")
    lines = written(kind)
    logging.getLogger("tidu.web").warning("once")
    assert len(lines()) == 1


async def test_what_is_logged_for_a_request_carries_the_number_it_shows(app, client_as, monkeypatch, written):
    from app.web.officer import search

    async def broken(*_args, **_more):
        logging.getLogger("elsewhere").warning("on its behalf")
        raise RuntimeError("the inside of the house")

    client = await client_as("officer")
    monkeypatch.setattr(search.queries, "list_firms", broken)
    lines = written("json")
    quiet = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=quiet, base_url="http://127.0.0.1:8000", cookies=client.cookies) as caller:
        answer = await caller.get("/search?q=卫浴")
    told = [json.loads(line) for line in lines()]
    numbers = {line["logger"]: line["request_id"] for line in told}
    assert numbers["elsewhere"] == numbers["tidu.web"] == answer.headers["x-request-id"]
    assert not any("卫浴" in json.dumps(line, ensure_ascii=False) for line in told)


def started(tmp_path, *arguments):
    """One of the two processes of an installation whose database is away."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TIDU_")}
    environment |= {"TIDU_DATABASE_URL": NOWHERE, "TIDU_DATA": str(tmp_path), "TIDU_LOG_FORMAT": "json"}
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)


def said_until_stopped(process, is_up):
    try:
        deadline = time.monotonic() + 30
        while not is_up():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    return [json.loads(line) for line in told.splitlines()]


def test_the_site_writes_nothing_but_objects_when_told_to(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def answers():
        try:
            return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
        except httpx.TransportError:
            return False

    told = said_until_stopped(started(tmp_path, "serve", "--port", str(port)), answers)
    assert any(line["logger"] == "tidu.web" and line["level"] == "warning" for line in told)
    assert "very-secret" not in json.dumps(told)


def test_the_worker_writes_nothing_but_objects_when_told_to(tmp_path):
    process = started(tmp_path, "worker")
    # Its first word, however long a busy machine takes to come to it; a worker that never speaks is stopped.
    patience = threading.Timer(60, process.kill)
    patience.start()
    first = process.stderr.readline()
    patience.cancel()
    told = [json.loads(first), *said_until_stopped(process, lambda: True)]
    assert {line["logger"] for line in told} == {"tidu.worker"}
    assert "very-secret" not in json.dumps(told)
