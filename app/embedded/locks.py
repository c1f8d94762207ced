import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.errors import EmbeddedError

_PATIENCE_SECONDS = 600  # another process may be recovering a large database
_STEP_SECONDS = 0.02


class FileLock:
    """`flock` on a file that stays: released by the kernel even after kill -9, never by a stale file."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def take(self) -> bool:
        """Alone, or not at all."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not lock.take():
            if time.monotonic() > deadline:
                raise EmbeddedError(f"另一个进程一直占着 {path}，数据库没有启动；请结束它后重试。")
            time.sleep(_STEP_SECONDS)
        yield
    finally:
        lock.close()
