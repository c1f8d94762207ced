"""The programs that `tidu up` keeps running, and what an earlier `up` that was killed left behind."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.embedded import processes
from app.supervise import tether

log = logging.getLogger("tidu.up")
_LABELS = {"web": "网站", "worker": "后台任务"}
_SETTLED_SECONDS = 60.0
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_STOP_SECONDS = 10.0
_LEFTOVER_SECONDS = 3.0  # they were told to stop when their parent died


class Child:
    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name, self._command, self._environment = name, command, environment
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._not_before = 0.0
        self._failures = 0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def tend(self) -> bool:
        """Starts it when it is not running and its pause is over; True when it did."""
        now = time.monotonic()
        if self._process is not None:
            if (code := self._process.poll()) is None:
                return False
            self._fell(code, now)
        if now < self._not_before:
            return False
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *self._command],
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C comes to us, and we end them in order
        )
        self._began = now
        return True

    def _fell(self, code: int, now: float) -> None:
        self._failures = 1 if now - self._began > _SETTLED_SECONDS else self._failures + 1
        wait = min(_FIRST_WAIT * 2 ** (self._failures - 1), _LONGEST_WAIT)
        self._process, self._not_before = None, now + wait
        how = f"信号 {-code}" if code < 0 else f"退出码 {code}"
        log.warning("%s意外退出（%s），%g 秒后重新启动。", _LABELS.get(self.name, self.name), how, wait)

    def ask_to_stop(self) -> None:
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGTERM)

    def end(self, deadline: float) -> None:
        if self._process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(max(0.0, deadline - time.monotonic()))
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()


def stop_all(children: Sequence[Child]) -> None:
    for child in children:
        child.ask_to_stop()
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        child.end(deadline)


def write_record(path: Path, address: str, children: Sequence[Child]) -> None:
    """Who we are and whom we started: for the second `up`, and for the next one after a kill -9."""
    pids = {child.name: child.pid for child in children if child.pid}
    content = {
        "pid": os.getpid(),
        "address": address,
        "children": {name: [pid, processes.birth(pid)] for name, pid in pids.items()},
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(content), encoding="utf-8")
    fresh.replace(path)


def end_leftovers(path: Path) -> None:
    """Ends the children of an `up` that was killed. A pid counts only with the birth that was noted for it."""
    try:
        children = json.loads(path.read_text(encoding="utf-8"))["children"]
        noted = [(int(pid), str(birth)) for pid, birth in children.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    ours = [pid for pid, birth in noted if processes.alive(pid) and processes.birth(pid) == birth]
    for pid in ours:
        _signal_group(pid, signal.SIGTERM)
    for pid in ours:
        if not processes.gone_within(pid, _LEFTOVER_SECONDS):
            _signal_group(pid, signal.SIGKILL)
            processes.gone_within(pid, _LEFTOVER_SECONDS)


def _signal_group(pid: int, what: signal.Signals) -> None:
    """With whatever it started itself: each child leads a group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, what)
