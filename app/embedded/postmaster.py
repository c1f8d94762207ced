"""Starting and stopping the server's first process. The caller holds the start lock."""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path

from app.embedded import processes
from app.embedded.binaries import Binaries
from app.embedded.cluster import environment
from app.embedded.errors import EmbeddedError
from app.embedded.identity import Identity
from app.embedded.places import Places, socket_in
from app.embedded.protocol import Pulse, pulse

_START_SECONDS = 60.0
_RECOVERY_SECONDS = 600.0
_DEAF_SECONDS = 120.0  # a stalled disk is no reason for a restart
_STOP_SECONDS = 60.0
_STEP_SECONDS = 0.01
_LOG_LIMIT = 5 << 20
_NO_SUCH_PID = 999_999_999  # above every system's highest
_LISTENING = ("-h", "", "-c", "unix_socket_permissions=0700")
_DURABLE = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")
_THROWAWAY = (
    *("fsync=off", "full_page_writes=off", "synchronous_commit=off"),
    *("wal_level=minimal", "max_wal_senders=0", "autovacuum_naptime=1h"),
)
_STILL_DYING = ("still in use", "Is another postmaster", "Is another postgres")


class Holder(Enum):
    """Whose pid the pid file names."""

    NOBODY = auto()
    STRANGER = auto()
    OURS = auto()
    UNCLEAR = auto()


def answering(places: Places) -> Path | None:
    """The folder of the socket on which our server answers, if it does."""
    return next((folder for folder in _socket_folders(places) if pulse(folder) is Pulse.READY), None)


def start(places: Places, identity: Identity, binaries: Binaries, *, throwaway: bool) -> Path:
    """Starts the server and returns the folder of its socket."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        if (folder := _settled(places)) is not None:
            return folder
        folder = _prepared_sockets(places, identity)
        since = _turned_log(places)
        pid = _launched(places, identity, binaries, folder, throwaway=throwaway)
        if _came_up(pid, folder):
            return folder
        said = _log_since(places, since)
        # The backends of a killed server need a moment to notice; until then their memory is still held.
        if time.monotonic() > deadline or not any(mark in said for mark in _STILL_DYING):
            raise EmbeddedError(f"数据库没有启动：{_reason(said)}（日志：{places.log}）")
        time.sleep(0.1)


def stop(places: Places) -> None:
    pid = _noted_pid(places.cluster / "postmaster.pid")
    if pid is None or _holder(places, pid) is not Holder.OURS:
        return
    processes.send(pid, signal.SIGINT)  # fast shutdown: sessions end, everything is written
    if not processes.gone_within(pid, _STOP_SECONDS):
        processes.send(pid, signal.SIGQUIT)
        processes.gone_within(pid, _STOP_SECONDS)
    with suppress(OSError):  # not there, or not empty: then it is not ours to remove
        places.far_sockets.rmdir()


def _settled(places: Places) -> Path | None:
    """Deals with what the last server left: waits for one that lives, clears the way after one that does not."""
    notes = [places.cluster / "postmaster.pid"]
    notes += [folder / f"{socket_in(folder).name}.lock" for folder in _socket_folders(places)]
    for note in notes:
        pid = _noted_pid(note)
        if pid is None:
            continue
        holder = _holder(places, pid)
        if holder is Holder.UNCLEAR:
            raise EmbeddedError(f"进程 {pid} 可能正在使用 {places.cluster}，没有另外启动数据库；请先结束它。")
        if holder is Holder.OURS:
            return _waited_for(places, pid)
        _neutralise(note)
    return None


def _waited_for(places: Places, pid: int) -> Path | None:
    deadline = time.monotonic() + _RECOVERY_SECONDS
    patience = time.monotonic() + _DEAF_SECONDS
    while processes.alive(pid):
        pulses = {folder: pulse(folder) for folder in _socket_folders(places)}
        for folder, beat in pulses.items():
            if beat is Pulse.READY:
                return folder
        starting = Pulse.STARTING in pulses.values()
        unreachable = not starting and not any(socket_in(folder).exists() for folder in pulses)
        if time.monotonic() > (deadline if starting else patience) or (unreachable and _is_up(places)):
            # Alive and deaf: its socket was removed, or it hangs. Without an end there is no beginning.
            stop(places)
            return None
        time.sleep(_STEP_SECONDS)
    return None


def _is_up(places: Places) -> bool:
    """The last line of the pid file: only then is a missing socket a lost one."""
    try:
        return "ready" in (places.cluster / "postmaster.pid").read_text().splitlines()[-1]
    except (OSError, IndexError):
        return False


def _holder(places: Places, pid: int) -> Holder:
    if not processes.alive(pid):
        return Holder.NOBODY
    command = processes.command_of(pid)
    if any(f"cluster_name={places.tag}" in argument for argument in command):
        return Holder.OURS
    if command and not re.search(r"\bpost(gres|master)\b", command[0]):
        return Holder.STRANGER
    folder = processes.folder_of(pid)
    return Holder.STRANGER if folder is not None and folder != places.cluster else Holder.UNCLEAR


def _neutralise(note: Path) -> None:
    """Puts a pid that cannot live into a stale file.

    The file itself must stay: its shared memory id is what protects the data from a second server.
    """
    lines = note.read_text().splitlines(keepends=True)
    with note.open("r+") as file:
        file.write("".join([f"{_NO_SUCH_PID}\n", *lines[1:]]))
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _noted_pid(note: Path) -> int | None:
    try:
        pid = abs(int(note.read_text().splitlines()[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return pid if pid not in {0, _NO_SUCH_PID} else None


def _socket_folders(places: Places) -> list[Path]:
    """Those that only their owner, who is root, we, or the owner of the data, may enter."""
    candidates = [folder for folder in (places.near_sockets, places.far_sockets) if folder is not None]
    owners = {0, os.geteuid(), places.data.stat().st_uid}
    if places.cluster.exists():
        owners.add(places.cluster.stat().st_uid)
    return [folder for folder in candidates if folder.is_dir() and _is_private(folder, owners)]


def _is_private(folder: Path, owners: set[int]) -> bool:
    state = folder.lstat()
    return not folder.is_symlink() and state.st_uid in owners and not state.st_mode & 0o077


def _prepared_sockets(places: Places, identity: Identity) -> Path:
    near = places.near_sockets
    # Somebody else than the owner may not be able to walk to the data directory, but always to /tmp.
    if near is not None and identity.who == "self":
        near.mkdir(mode=0o700, exist_ok=True)
        near.chmod(0o700)
        if _takes_sockets(near):
            return near
    far = places.far_sockets
    try:
        far.mkdir(mode=0o700)
        identity.own(far)
    except FileExistsError:
        if not _is_private(far, {identity.uid}):
            raise EmbeddedError(f"{far} 不是本程序建的目录，请删除后重试。") from None
    return far


def _takes_sockets(folder: Path) -> bool:
    """Some mounted file systems do not."""
    probe = folder / ".probe"
    with socket.socket(socket.AF_UNIX) as endpoint:
        try:
            endpoint.bind(str(probe))
        except OSError:
            return False
        probe.unlink()
    return True


def _launched(places: Places, identity: Identity, binaries: Binaries, folder: Path, *, throwaway: bool) -> int:
    settings = [f"cluster_name={places.tag}", *(_THROWAWAY if throwaway else _DURABLE)]
    command = [binaries.path("postgres"), "-D", "{data}", "-k", str(folder), *_LISTENING]
    command += [part for setting in settings for part in ("-c", setting)]
    with places.log.open("ab") as log:
        places.log.chmod(0o600)
        started = subprocess.run(  # noqa: S603
            identity.command(places.cluster, "detach", *command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(),
            start_new_session=True,
            check=True,
        )
    return int(started.stdout)


def _came_up(pid: int, folder: Path) -> bool:
    deadline = time.monotonic() + _RECOVERY_SECONDS
    while (beat := pulse(folder)) is not Pulse.READY:
        if not processes.alive(pid):
            return False
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"数据库启动超过 {_RECOVERY_SECONDS:.0f} 秒仍未就绪（{beat.name.lower()}），请查看日志。"
            )
        time.sleep(_STEP_SECONDS)
    return True


def _turned_log(places: Places) -> int:
    """Where the log of this start begins. One old log is kept."""
    size = places.log.stat().st_size if places.log.exists() else 0
    if size < _LOG_LIMIT:
        return size
    places.log.replace(places.log.with_suffix(".log.1"))
    return 0


def _log_since(places: Places, since: int) -> str:
    with places.log.open("rb") as log:
        log.seek(since)
        return log.read().decode(errors="replace")


def _reason(said: str) -> str:
    if "No space left" in said:
        return "磁盘空间不足"
    grave = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
    return (grave or said.strip().splitlines() or ["没有说明"])[-1]
