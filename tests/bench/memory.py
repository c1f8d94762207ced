"""How much memory a process and its children hold at most, looked at every few milliseconds."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil


@dataclass
class Peak:
    bytes: int = 0

    @property
    def mb(self) -> float:
        return self.bytes / 2**20


def _held(pid: int) -> int:
    try:
        process = psutil.Process(pid)
        return sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0  # it has just ended, or a child of it has


@contextmanager
def watching(pid: int) -> Iterator[Peak]:
    peak, ended = Peak(_held(pid)), threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            peak.bytes = max(peak.bytes, _held(pid))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
