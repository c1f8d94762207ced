"""Questions about processes, answered by /proc where there is one and by `ps` elsewhere."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()
_STEP_SECONDS = 0.01


def _ps(pid: int, field: str) -> str:
    result = subprocess.run(  # noqa: S603 - a number and a word of ours
        ["/bin/ps", "-o", f"{field}=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return result.stdout.strip()


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may hold anything, so it is cut off."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def alive(pid: int) -> bool:
    """A zombie is dead: some first processes of containers never bury them."""
    if _HAS_PROC:
        fields = _stat(pid)
        return bool(fields) and fields[0] not in "ZX"
    state = _ps(pid, "stat")
    return bool(state) and not state.startswith("Z")


def birth(pid: int) -> str:
    """Together with the pid this names a process for good: pids come round again."""
    if not _HAS_PROC:
        return _ps(pid, "lstart")
    fields = _stat(pid)
    boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{fields[19]}" if fields else ""


def command_of(pid: int) -> list[str]:
    """The command line; one string on systems without /proc. Empty when it cannot be read."""
    if not _HAS_PROC:
        return [line] if (line := _ps(pid, "command")) else []
    try:
        return os.fsdecode((_PROC / str(pid) / "cmdline").read_bytes()).rstrip("\0").split("\0")
    except OSError:
        return []


def folder_of(pid: int) -> Path | None:
    """Its working directory, where we may know it."""
    try:
        return (_PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def send(pid: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(_STEP_SECONDS)
    return True
