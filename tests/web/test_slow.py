"""Whoever is slow on purpose is let go, and meanwhile everybody else is served."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
import uvicorn

from app.commands.patience import Patience, PatientProtocol, patient
from app.commands.serve import server_options
from tests.harness import settings_for

BEGUN = b"POST / HTTP/1.1\r\nhost: x\r\n"
DEAF = 24 << 20  # more than the system keeps for a connection


async def echo(scope, receive, send):
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        if not message.get("more_body"):
            break
    size = DEAF if scope["path"] == "/much" else 0
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body) + b"." * size})


@contextmanager
def served(protocol: type[PatientProtocol]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    config = uvicorn.Config(echo, port=port, loop="asyncio", http=protocol, lifespan="off", log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    limits = Patience(headers=0.2, body=0.3, rate=1000, answer=0.3, look_every=0.05, heads=20, bodies=20)
    with served(patient(limits)) as given:
        yield given


def call(port: int) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.settimeout(5)
    return one


def rest(one: socket.socket) -> bytes:
    found = b""
    try:
        while part := one.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


def others_are_served(port: int) -> bool:
    began = time.monotonic()
    return httpx.post(f"http://127.0.0.1:{port}/", content=b"abc").text == "3" and time.monotonic() - began < 1


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET", b"GET / HTTP/1.1\r\nhost: x\r\nx-slow: "])
def test_a_request_that_does_not_come_to_the_end_of_its_headers_is_let_go(port, begun):
    with call(port) as one:
        one.sendall(begun)
        began = time.monotonic()
        said = rest(one)
        assert 0.1 < time.monotonic() - began < 3
        assert said.startswith(b"HTTP/1.1 408") or (said == b"" and not begun)


def test_a_byte_now_and_then_does_not_make_it_wait_longer(port):
    with call(port) as one:
        began, said = time.monotonic(), b""
        one.settimeout(0.02)
        while not said and time.monotonic() - began < 3:
            try:
                one.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx: "[: 1 + int((time.monotonic() - began) * 50)][-1:])
                said = one.recv(100)
            except TimeoutError:
                continue
        assert b"408" in said
        assert time.monotonic() - began < 2


def test_a_body_that_drips_is_let_go_and_one_that_flows_may_take_longer(port):
    with call(port) as dripping, call(port) as flowing:
        for one in (dripping, flowing):
            one.sendall(BEGUN + b"content-length: 3000\r\nconnection: close\r\n\r\n")
        for _ in range(10):  # half a second, which is longer than the dripping one is given
            flowing.sendall(b"a" * 300)
            time.sleep(0.05)
        assert b"3000" in rest(flowing)
        assert rest(dripping).startswith(b"HTTP/1.1 408")


def test_who_does_not_take_the_answer_is_let_go(port):
    with call(port) as deaf:
        deaf.sendall(b"GET /much HTTP/1.1\r\nhost: x\r\n\r\n")
        time.sleep(0.6)
        assert len(rest(deaf)) < DEAF


def test_a_connection_is_kept_for_the_next_request_and_that_may_be_slow_to_begin(port):
    with call(port) as one:
        for _ in range(2):
            one.sendall(BEGUN + b"content-length: 1\r\n\r\na")
            time.sleep(0.25)  # longer than headers may take, once begun
            assert one.recv(1000).startswith(b"HTTP/1.1 200")


def test_two_hundred_half_open_ones_shut_nobody_out_and_the_oldest_go_first():
    limits = Patience(headers=30, heads=50, bodies=50, grace=0.2, look_every=0.05)  # nobody goes for being late
    with served(patient(limits)) as port, ExitStack() as stack:
        bodies = [stack.enter_context(call(port)) for _ in range(100)]
        for one in bodies:
            one.sendall(BEGUN + b"content-length: 9\r\n\r\n")
        assert others_are_served(port)
        heads = [stack.enter_context(call(port)) for _ in range(100)]
        for one in heads:
            one.sendall(BEGUN)
        assert others_are_served(port)
        assert b"200" not in rest(heads[0]) + rest(bodies[0])
        heads[-1].sendall(b"content-length: 1\r\n\r\na")
        assert heads[-1].recv(1000).startswith(b"HTTP/1.1 200")


def test_a_crowd_that_comes_in_at_once_is_let_in():
    with served(patient(Patience(heads=20, bodies=20))) as port, ExitStack() as stack:
        crowd = [stack.enter_context(call(port)) for _ in range(100)]
        for one in crowd:
            one.sendall(BEGUN + b"content-length: 1\r\n\r\n")
        for one in crowd:
            one.sendall(b"a")
        assert all(one.recv(15).startswith(b"HTTP/1.1 200") for one in crowd)


def test_beyond_a_number_of_connections_none_is_kept_open_for_later():
    with served(patient(Patience(kept=0))) as port, call(port) as one:
        began = time.monotonic()
        one.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert rest(one).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - began < 3  # where one that is kept is closed after five seconds


def test_the_site_is_served_with_that_patience(tmp_path):
    assert server_options(settings_for("", data=tmp_path))["http"] is PatientProtocol
    assert PatientProtocol.watch.patience == Patience()
