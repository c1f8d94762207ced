"""The embedded database with its real programs and real processes, killed in every way."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.config import ROOT
from app.embedded import EmbeddedError, Server, enter, processes, start
from app.embedded.binaries import OLDEST, Binaries, _candidates, copied_for_others
from app.embedded.places import Places
from tests.house.embedded_programs import answers

NOBODY = 65534
SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory below a private one. In memory where there is some: kill -9 spares what the kernel holds."""
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > 1 << 30
    home = Path(tempfile.mkdtemp(prefix="tidu-embedded-", dir=SHARED_MEMORY if roomy else None))
    yield home / "data"
    shutil.rmtree(home)


def postmaster_of(data: Path) -> int:
    return int((data / "pg" / "postmaster.pid").read_text().splitlines()[0])


def asked(server: Server, *statements: str) -> list[Any]:
    return asyncio.run(answers(server.url(), *statements))


def program(name: str, data: Path, *, through: Sequence[str] = (), **options: Any) -> subprocess.Popen[str]:
    command = [*through, sys.executable, "-m", "tests.house.embedded_programs", name, str(data)]
    options = {"stdout": subprocess.PIPE} | options
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True, **options)


def line_of(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    words = process.stdout.readline().split()
    assert words, f"it ended with {process.wait()}"
    return words


def ended(process: subprocess.Popen[str]) -> int:
    """Lets a `use` go and waits for it."""
    process.communicate(timeout=30)
    return process.returncode


def wait_until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_data_is_there_again_after_the_server_was_stopped(data: Path) -> None:
    with start(data) as server:
        asked(server, "CREATE TABLE kept AS SELECT '开平' AS town")
        first = postmaster_of(data)
    assert not processes.alive(first)
    with start(data) as server:
        assert asked(server, "SELECT town FROM kept") == ["开平"]


def test_real_data_is_durable_checked_and_searchable_in_chinese(data: Path) -> None:
    with start(data) as server:
        names = ("fsync", "full_page_writes", "synchronous_commit", "data_checksums", "server_encoding")
        assert asked(server, *(f"SHOW {name}" for name in names)) == ["on", "on", "on", "on", "UTF8"]
        asked(server, "CREATE EXTENSION pg_trgm", "CREATE EXTENSION btree_gist")
        assert asked(
            server,
            "SELECT cardinality(show_trgm('开平')) > 0",
            "SELECT '开平' ~ '^[[:alpha:]]+$'",
            "SELECT lower('ÄΩ') = 'äω'",
            "SELECT current_database()",
        ) == [True, True, True, "tidu"]


def test_nobody_but_its_owner_can_reach_the_server(data: Path) -> None:
    with start(data) as server:
        assert asked(server, "SHOW listen_addresses") == [""]
        sockets = Path(asked(server, "SHOW unix_socket_directories")[0])
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "pg").stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "postgres.log").stat().st_mode) == 0o600


def test_the_server_stays_for_others_and_goes_with_the_last(data: Path) -> None:
    server = start(data)
    pid = postmaster_of(data)
    other = program("use", data)
    line_of(other)
    server.close()
    assert processes.alive(pid)
    assert ended(other) == 0
    assert not processes.alive(pid)


def test_a_race_for_the_first_start_ends_on_one_server(data: Path) -> None:
    racers = [program("use", data) for _ in range(4)]
    seen = {tuple(line_of(racer)[:4]) for racer in racers}
    assert len(seen) == 1
    assert [ended(racer) for racer in racers] == [0, 0, 0, 0]
    assert [p.name for p in data.glob("pg.new-*")] == []


def test_no_account_is_made_and_no_private_directory_is_opened(data: Path) -> None:
    data.parent.chmod(0o700)
    parents = [data.parent, *data.parent.parents, *Path(sys.prefix).parents]
    before = Path("/etc/passwd").read_bytes(), [p.stat().st_mode for p in parents]
    with start(data) as server:
        assert asked(server, "SELECT 1") == [1]
    assert (Path("/etc/passwd").read_bytes(), [p.stat().st_mode for p in parents]) == before


def has_grown_to(file: Path, size: int) -> bool:
    return file.stat().st_size > size


@pytest.mark.parametrize("order", ["python", "postmaster", "python, postmaster", "postmaster, python"])
def test_no_acknowledged_commit_is_lost_to_kill_9(data: Path, order: str) -> None:
    said = data.with_name("acknowledged")
    for _ in range(2):
        with said.open("a") as acknowledged:
            writer = program("write", data, stdout=acknowledged, stderr=subprocess.DEVNULL)
        enough = said.stat().st_size + 200
        wait_until(partial(has_grown_to, said, enough), seconds=60)
        pids = {"python": writer.pid, "postmaster": postmaster_of(data)}
        for victim in order.split(", "):
            os.kill(pids[victim], signal.SIGKILL)
        writer.communicate(timeout=60)
        with start(data) as server:
            joined = postmaster_of(data) == pids["postmaster"]
            assert joined is (order == "python"), "a living server is joined, a dead one replaced"
            (held,) = asked(server, "SELECT array_agg(n ORDER BY n) FROM kept")
        numbers = [int(line) for line in said.read_text().splitlines()]
        assert len(numbers) > 10
        assert set(numbers) <= set(held)
        assert held == list(range(1, len(held) + 1))
        assert len(held) - len(numbers) <= 2, "at most one a kill was kept without word of it"
    assert not (data / "pg" / "postmaster.pid").exists(), "the last one out stopped it"


def test_a_server_that_was_killed_under_us_is_brought_back(data: Path) -> None:
    with start(data) as server:
        asked(server, "CREATE TABLE kept AS SELECT 1")
        assert server.ensure() is False
        os.kill(postmaster_of(data), signal.SIGKILL)
        assert server.ensure() is True
        assert asked(server, "SELECT count(*) FROM kept") == [1]


def test_a_server_whose_socket_was_swept_away_is_replaced(data: Path) -> None:
    with start(data) as server:
        old = postmaster_of(data)
        sockets = Path(asked(server, "SHOW unix_socket_directories")[0])
        (sockets / ".s.PGSQL.5432").unlink()
        assert server.ensure() is True
        assert postmaster_of(data) != old
        assert not processes.alive(old)


@pytest.mark.parametrize("holder", ["stranger", "zombie"])
def test_a_stale_pid_that_is_somebody_elses_now_does_not_stop_the_start(data: Path, holder: str) -> None:
    with start(data) as server:
        sockets = Path(asked(server, "SHOW unix_socket_directories")[0])
        note, lock = data / "pg" / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"
        stale = note.read_text().splitlines(), lock.read_text().splitlines()
        os.kill(postmaster_of(data), signal.SIGKILL)
        wait_until(lambda: not processes.alive(int(stale[0][0])))
    other = subprocess.Popen(["sleep", "60"])
    if holder == "zombie":
        other.kill()
        wait_until(lambda: not processes.alive(other.pid))  # not waited for: the pid stays taken
    for path, lines in zip((note, lock), stale, strict=True):
        path.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    try:
        with start(data) as server:
            assert asked(server, "SELECT 1") == [1]
            assert other.poll() is None or holder == "zombie", "a stranger is left in peace"
    finally:
        other.kill()
        other.wait()


def test_an_interrupted_first_start_leaves_nothing_in_the_way(data: Path) -> None:
    (data / "pg.new-4711" / "base").mkdir(parents=True)
    with start(data):
        assert not (data / "pg.new-4711").exists()


@pytest.mark.parametrize("name", ["d" * 120, "开平 的'数据', \"一\""])
def test_a_long_or_odd_path_works_too(data: Path, name: str) -> None:
    with start(data / name) as server:
        assert asked(server, "SELECT current_database()") == ["tidu"]
        assert len(asked(server, "SHOW unix_socket_directories")[0].encode()) < 90


def test_a_socket_folder_that_others_may_enter_is_refused(data: Path) -> None:
    long = data / ("d" * 120)
    trap = Places.of(long).far_sockets
    trap.mkdir()
    trap.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="不是本程序建的目录"):
            start(long)
    finally:
        trap.rmdir()


def test_a_throwaway_database_is_never_taken_for_a_durable_one(data: Path) -> None:
    with start(data, ephemeral=True) as server:
        assert asked(server, "SHOW fsync") == ["off"]
    with pytest.raises(EmbeddedError, match="断电会丢数据"):
        start(data)
    durable = data.with_name("durable")
    start(durable).close()
    with start(durable, ephemeral=True) as server:
        assert asked(server, "SHOW fsync") == ["on"]


def test_a_directory_of_another_version_is_refused_with_both_versions(data: Path) -> None:
    (data / "pg").mkdir(parents=True)
    (data / "pg" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedError, match=r"PostgreSQL 9 建的，这里只有版本 .*\d\d"):
        start(data)


def test_a_pg_bin_without_programs_is_named(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    with pytest.raises(EmbeddedError, match=f"PG_BIN 指向的 {tmp_path}"):
        start(data)


def test_a_data_directory_that_cannot_be_made_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedError, match="不能用"):
        start(tmp_path / "file" / "data")


def test_why_the_server_does_not_start_is_told(data: Path) -> None:
    start(data).close()
    with (data / "pg" / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match=r"数据库没有启动：.*FATAL"):
        start(data)


@pytest.mark.parametrize(
    "source", [found for found in _candidates() if found.major >= OLDEST], ids=lambda found: f"{found.major}"
)
def test_every_source_of_programs_on_this_machine_serves(
    data: Path, monkeypatch: pytest.MonkeyPatch, source: Binaries
) -> None:
    monkeypatch.setenv("PG_BIN", str(source.folder))
    with start(data) as server:
        version, _, letters = asked(
            server,
            "SHOW server_version_num",
            "CREATE EXTENSION pg_trgm",
            "SELECT cardinality(show_trgm('开平')) > 0",
        )
        assert int(version) // 10000 == source.major
        assert letters is True


def test_programs_below_a_private_directory_are_lent_as_a_copy(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = next(found for found in _candidates() if found.root is not None)
    lent = copied_for_others(packaged)
    top = next(folder for folder in lent.folder.parents if folder.name.startswith("tidu-programs-"))
    try:
        assert all(path.stat().st_mode & 0o004 for path in (top, *top.rglob("*")))
        assert not any(path.lstat().st_mode & 0o022 for path in top.rglob("*") if not path.is_symlink())
        monkeypatch.setenv("PG_BIN", str(lent.folder))
        with start(data) as server:
            assert asked(server, "SELECT 1") == [1]
        top.chmod(0o777)
        with pytest.raises(EmbeddedError, match="不是本程序建的"):
            copied_for_others(packaged)
    finally:
        shutil.rmtree(top)


def as_somebody_else(data: Path) -> list[str]:
    """What to put before a command so that it does not run as root: nobody where nobody can read the programs."""
    data.mkdir()
    if os.geteuid() != 0:
        return []
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reading = "import subprocess, sys, asyncpg, app.embedded; subprocess.run([sys.executable, '-V'], check=True)"
    probe = [*as_nobody, sys.executable, "-c", reading]
    if subprocess.run(probe, cwd=ROOT, capture_output=True, check=False).returncode == 0:
        data.parent.chmod(0o711)
        os.chown(data, NOBODY, NOBODY)
        return as_nobody
    return [sys.executable, enter.__file__, "namespace", str(ROOT), "run"]


def test_an_ordinary_user_runs_it_alone(data: Path) -> None:
    other = program("use", data, through=as_somebody_else(data))
    *_, uid = line_of(other)
    assert int(uid) != 0
    assert ended(other) == 0


if os.geteuid() == 0:

    def test_root_joins_as_the_owner_of_the_directory(data: Path) -> None:
        """`sudo` after a first start as oneself: nothing of the data may become root's."""
        data.mkdir()
        os.chown(data, NOBODY, NOBODY)
        with start(data) as server:
            assert asked(server, "SELECT 1") == [1]
            assert Path(f"/proc/{postmaster_of(data)}").stat().st_uid == NOBODY
        assert {path.lstat().st_uid for path in (data / "pg").rglob("*")} == {NOBODY}

    def test_root_without_namespaces_lends_the_server_an_account(data: Path) -> None:
        data.parent.chmod(0o700)
        forbidding = [sys.executable, "-m", "tests.house.without_namespaces"]
        root = program("use", data, through=forbidding)
        *_, uid = line_of(root)
        assert int(uid) == 0
        assert (data / "pg").stat().st_uid != 0
        assert ended(root) == 0
        assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
