"""The files of a database: made once, beside their place, and moved there when complete."""

import os
import shutil
import subprocess
from pathlib import Path

from app.embedded.binaries import Binaries
from app.embedded.errors import EmbeddedError
from app.embedded.identity import Identity
from app.embedded.places import Places

_BUILTIN_LOCALE_SINCE = 17
# What the builtin locale does not cover (pg_trgm among it) asks the system, and under "C" no Chinese character is a
# letter. Which of these exists depends on the system.
_CTYPES = ("C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8", "UTF-8")
# First values for a machine with two cores and a few GB; an administrator may change them in postgresql.conf.
_CONF = """
# Tidu
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
max_connections = 100
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 1
jit = off
max_logical_replication_workers = 0
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
log_line_prefix = '%m [%p] '
# Statements and details carry people's data, and a log is read by others than the database.
log_min_error_statement = panic
log_error_verbosity = terse
log_checkpoints = off
"""


def major_of(places: Places) -> int | None:
    try:
        return int((places.cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None


def create(places: Places, identity: Identity, binaries: Binaries, *, throwaway: bool) -> None:
    for leftover in places.data.glob("pg.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = places.data / f"pg.new-{os.getpid()}"
    _initialise(fresh, identity, binaries, throwaway=throwaway)
    with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.write(_CONF)
        conf.flush()
        os.fsync(conf.fileno())
    if throwaway:
        places.throwaway.touch(mode=0o600)
    fresh.rename(places.cluster)
    _sync(places.data)


def _initialise(fresh: Path, identity: Identity, binaries: Binaries, *, throwaway: bool) -> None:
    said = ""
    for ctype in _CTYPES:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        identity.own(fresh)
        result = subprocess.run(  # noqa: S603
            identity.command(fresh, "run", *_initdb(binaries, ctype, throwaway=throwaway)),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment(),
            start_new_session=True,  # Ctrl-C is ours to handle
        )
        if result.returncode == 0:
            return
        said = result.stderr.strip()
        if "locale" not in said:
            break
    shutil.rmtree(fresh, ignore_errors=True)
    if "No space left" in said:
        raise EmbeddedError(f"磁盘空间不足，无法在 {fresh.parent} 建立数据库。")
    raise EmbeddedError(f"无法在 {fresh.parent} 建立数据库：{said.splitlines()[-1] if said else '没有说明'}")


def _initdb(binaries: Binaries, ctype: str, *, throwaway: bool) -> list[str]:
    command = [
        binaries.path("initdb"),
        "--pgdata",
        "{data}",
        "--username=postgres",
        "--encoding=UTF8",
        "--auth-local=trust",  # the sockets are in a folder that only their owner may enter
        "--auth-host=reject",
        "--data-checksums",
        "--no-instructions",
        "--locale=C",
        f"--lc-ctype={ctype}",
    ]
    if binaries.major >= _BUILTIN_LOCALE_SINCE:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*command, "--no-sync"] if throwaway else command


def environment() -> dict[str, str]:
    """Ours without anything that steers PostgreSQL, and with messages that we can read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
