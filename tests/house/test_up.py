"""`tidu up` as a process among processes: what it starts, keeps alive, gives way to and leaves behind."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from app.config import ROOT
from app.embedded import processes, start

T = TypeVar("T")
SHARED_MEMORY = Path("/dev/shm")


class Up:
    """An `up` in a directory of its own; whatever a test leaves running ends with it."""

    def __init__(self, home: Path) -> None:
        self.data = home / "data"
        self.complaints = home / "complaints"
        self.port = free_port()
        self.runs: list[subprocess.Popen[str]] = []

    def start(self, *words: str, port: int | None = None, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.house.up_programs", "up", str(self.data), str(port or self.port)]
        given = {name: value for name, value in os.environ.items() if name != "TIDU_DATABASE_URL"} | environment
        with self.complaints.open("a") as complaints:
            run = subprocess.Popen(
                [*command, *words], cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=complaints, text=True
            )
        self.runs.append(run)
        return run

    def started(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        run = self.start(*words, **environment)
        eventually(self.page)
        eventually(lambda: processes.alive(self.worker))
        return run

    def page(self) -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
            words: list[str] = answer.read().decode().split()
        return words

    @property
    def web(self) -> int:
        return int(self.page()[0])

    @property
    def worker(self) -> int:
        return int((self.data / "worker.pid").read_text())

    @property
    def postmaster(self) -> int:
        return int((self.data / "pg" / "postmaster.pid").read_text().splitlines()[0])

    def finished(self, run: subprocess.Popen[str]) -> tuple[int, str]:
        """How it ended, and what all runs together complained of."""
        run.communicate(timeout=30)
        return run.returncode, self.complaints.read_text()

    def clean(self) -> None:
        for run in self.runs:
            run.terminate()
            run.wait(timeout=30)
        noted = self.data / "up.json"
        for pid, birth in json.loads(noted.read_text())["children"].values() if noted.exists() else ():
            if processes.birth(pid) == birth:
                processes.send(pid, signal.SIGKILL)
        for run in self.runs:
            run.communicate(timeout=30)
        if (self.data / "pg").exists():
            start(self.data).close()


@pytest.fixture
def up() -> Iterator[Up]:
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 1 << 30
    home = Path(tempfile.mkdtemp(prefix="tidu-up-", dir=SHARED_MEMORY if roomy else None))
    one = Up(home)
    yield one
    one.clean()
    shutil.rmtree(home)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def eventually(look: Callable[[], T], seconds: float = 20) -> T:
    """What `look` says once it says something true, however often it fails before."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if seen := look():
                return seen
        except (OSError, ValueError, IndexError):
            pass
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_everything_starts_and_everything_stops_when_told(up: Up, told: signal.Signals) -> None:
    run = up.started()
    web, counted, greeting = up.page()
    assert (counted, greeting) == ("1", "hello"), "the database was prepared before the web came up"
    everything = [int(web), up.worker, up.postmaster]
    run.send_signal(told)
    assert up.finished(run) == (0, "")
    assert [pid for pid in everything if processes.alive(pid)] == []


def test_a_second_up_on_the_same_directory_is_told_who_is_first(up: Up) -> None:
    first = up.started()
    code, sentence = up.finished(up.start(port=free_port()))
    assert code == 1
    assert f"进程 {first.pid}，http://127.0.0.1:{up.port}" in sentence
    assert up.page()[1] == "1", "the first one goes on"


def test_a_port_in_use_is_named_before_anything_is_started(up: Up) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", up.port))
        other.listen()
        code, sentence = up.finished(up.start())
    assert code == 1
    assert f"端口 {up.port} 已被别的程序占用" in sentence
    assert not (up.data / "pg").exists()


def test_a_port_that_cannot_be_is_named(up: Up) -> None:
    code, sentence = up.finished(up.start(port=70000))
    assert (code, "端口 70000 不存在" in sentence) == (1, True)


def test_whatever_is_killed_comes_back(up: Up) -> None:
    run = up.started()
    web, worker, postmaster = up.web, up.worker, up.postmaster
    for pid in (web, worker, postmaster):
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: up.page()[0] != str(web) and up.worker != worker and up.postmaster != postmaster)
    eventually(lambda: "数据库曾被外部中止，已重新启动" in up.complaints.read_text())
    assert up.page()[1] == "1", "what was committed is there"
    run.terminate()
    code, told = up.finished(run)
    assert code == 0
    assert "网站意外退出（信号 9）" in told
    assert "后台任务意外退出（信号 9）" in told


def test_nothing_outlives_a_killed_up_for_long_and_the_next_one_takes_over(up: Up) -> None:
    run = up.started()
    web, worker = up.web, up.worker
    run.kill()
    up.finished(run)
    eventually(lambda: not processes.alive(web) and not processes.alive(worker))
    up.started()
    assert up.page()[1] == "1"


def test_a_web_that_will_not_go_is_ended_by_the_next_up(up: Up) -> None:
    run = up.started("stubborn")
    web = up.web
    run.kill()
    run.wait()
    time.sleep(0.5)
    assert processes.alive(web), "it still holds the port"
    up.start()
    eventually(lambda: up.web != web)
    assert not processes.alive(web)


def test_a_noted_pid_that_is_a_strangers_now_is_left_in_peace(up: Up) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    up.data.mkdir()
    note = {"pid": 1, "address": "", "children": {"web": [stranger.pid, "another boot/1"]}}
    (up.data / "up.json").write_text(json.dumps(note))
    try:
        up.started()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_damaged_note_is_no_obstacle(up: Up) -> None:
    up.data.mkdir()
    (up.data / "up.json").write_text('{"children": [')
    up.started()


@pytest.mark.parametrize("preparing", ["slow", "failing"])
def test_a_start_that_does_not_finish_leaves_no_server(up: Up, preparing: str) -> None:
    run = up.start("polite", preparing)
    assert run.stdout is not None
    assert run.stdout.readline() == "prepared\n"
    postmaster = up.postmaster if preparing == "slow" else None
    run.terminate() if preparing == "slow" else None
    code, _ = up.finished(run)
    assert code == (0 if preparing == "slow" else 1)
    assert not (up.data / "pg" / "postmaster.pid").exists()
    assert postmaster is None or not processes.alive(postmaster)


def test_a_given_database_is_used_instead_and_left_running(up: Up) -> None:
    with start(up.data.with_name("elsewhere")) as server:
        run = up.started(TIDU_DATABASE_URL=server.url())
        assert up.page()[1] == "1"
        run.terminate()
        assert up.finished(run) == (0, "")
        assert not (up.data / "pg").exists()
        assert server.ensure() is False, "it was never down"


def test_a_given_database_out_of_reach_gets_a_sentence(up: Up) -> None:
    code, sentence = up.finished(up.start(TIDU_DATABASE_URL=f"postgresql://tidu:geheim@127.0.0.1:{free_port()}/none"))
    assert code == 1
    assert "连不上 TIDU_DATABASE_URL 指定的数据库" in sentence
    assert "geheim" not in sentence
    assert "Traceback" not in sentence


def test_tidu_up_brings_the_whole_house_up_and_takes_it_down(up: Up) -> None:
    def tidu(*words: str) -> subprocess.Popen[str]:
        run = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *words, "--data", str(up.data)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("TIDU_")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        up.runs.append(run)
        return run

    def answer(path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{up.port}{path}", timeout=5) as page:
            text: str = page.read().decode()
        return text

    house = tidu("up", "--no-demo", "--port", str(up.port))
    ready = eventually(lambda: json.loads(answer("/health/ready")), seconds=120)
    assert ready == {"status": "ready", "database": True, "migrations": True, "worker": True}
    assert "tidu_http_requests_total" in answer("/metrics")
    assert "</form>" in answer("/sign-in")
    assert stat.S_IMODE((up.data / "passwords.json").stat().st_mode) == 0o600

    check = tidu("check")
    findings, faults = check.communicate(timeout=60)
    # From December on the coming year's days off are wanted, which nobody has uploaded to a new house.
    assert [line for line in faults.splitlines() if "年的工作日历" not in line] == []
    assert check.returncode == (1 if faults else 0), "a command beside it uses its database"
    assert "中文检索可用" in findings

    second = tidu("up", "--port", str(free_port()))
    _, complaint = second.communicate(timeout=60)
    assert second.returncode == 1
    assert len(complaint.splitlines()) == 1
    assert f"进程 {house.pid}" in complaint

    everything = [
        up.postmaster,
        *(pid for pid, _ in json.loads((up.data / "up.json").read_text())["children"].values()),
    ]
    house.send_signal(signal.SIGINT)
    greeting, complaint = house.communicate(timeout=60)
    # The trail's anchor, once an hour, is all that a well house says.
    said = [line for line in complaint.splitlines() if "audit chain sealed" not in line]
    assert (house.returncode, said) == (0, [])
    assert f"http://127.0.0.1:{up.port}" in greeting
    assert [pid for pid in everything if processes.alive(pid)] == []
