"""Files by content hash on a local directory. An acknowledged file survives a power cut: file and folder are synced."""

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from app.errors import Unavailable

log = logging.getLogger("tidu.files")
_ASIDE, _PART = ".gone", "tmp"
NOT_KEPT = "文件没有保存：存储空间不足或不可写，请联系系统管理员。"
NOT_READ = "文件暂时读不出来，请联系系统管理员。"


class Files(Protocol):
    """Where files are kept, by the hash of what is in them: a directory, or a bucket (`app.files.objects`)."""

    async def put(self, data: bytes) -> str: ...

    async def read(self, sha256: str) -> bytes | None: ...

    def on_disk(self, sha256: str) -> AbstractAsyncContextManager[Path]:
        """For another process to read, as long as the block lasts. Raises Unavailable where it is not there."""
        ...

    async def drop(self, sha256: str, *, older_than: float | None = None) -> bool:
        """`older_than`: a moment, in seconds since 1970; a file that was put since stays."""
        ...

    async def tidy(self, *, older_than: float) -> int:
        """What killed processes left half done is put right."""
        ...

    async def held(self, *, older_than: float) -> list[str]:
        """What lies in the store untouched since that moment."""
        ...


def genuine(data: bytes, sha256: str) -> bytes:
    """Raises Unavailable for what is not what was kept under this name."""
    if hashlib.sha256(data).hexdigest() != sha256:
        log.error("the file %s is not what was kept under this name", sha256)
        raise Unavailable("文件的内容与上传时不同，可能是存储损坏，没有交给您；请联系系统管理员从备份恢复。")
    return data


class FileStore:
    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256

    async def put(self, data: bytes) -> str:
        return await asyncio.to_thread(self._put, data)

    def _put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        target = self.path(digest)
        try:
            if not _stands(target, data):
                _write(target, data)
            # Also of one that was there: whoever wrote it may have been killed just before.
            _sync_folder(target.parent)
        except OSError as error:
            raise Unavailable(NOT_KEPT) from error
        return digest

    async def read(self, sha256: str) -> bytes | None:
        return await asyncio.to_thread(self._read, sha256)

    def _read(self, sha256: str) -> bytes | None:
        try:
            data = self.path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(NOT_READ) from error
        return genuine(data, sha256)

    @asynccontextmanager
    async def on_disk(self, sha256: str) -> AsyncIterator[Path]:
        path = self.path(sha256)
        if not path.exists():
            raise Unavailable(NOT_READ)
        yield path

    async def drop(self, sha256: str, *, older_than: float | None = None) -> bool:
        return await asyncio.to_thread(self._drop, sha256, older_than)

    def _drop(self, sha256: str, older_than: float | None) -> bool:
        target = self.path(sha256)
        aside = target.with_suffix(_ASIDE)
        try:
            # Out of the way first: whoever stores the same content meanwhile writes it anew.
            target.rename(aside)
            if older_than is not None and aside.stat().st_mtime >= older_than:
                aside.rename(target)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        return True

    async def tidy(self, *, older_than: float) -> int:
        """A file that was put aside is put back, one that was never whole goes."""
        return await asyncio.to_thread(self._tidy, older_than)

    def _tidy(self, older_than: float) -> int:
        done = 0
        for aside in self.root.glob(f"??/*{_ASIDE}"):
            with suppress(FileNotFoundError):  # another cleaner is not dead, only faster
                if aside.with_suffix("").exists():
                    aside.unlink()
                else:
                    aside.rename(aside.with_suffix(""))
                done += 1
        for part in self.root.glob(f"??/{_PART}*"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < older_than:
                    part.unlink()
                    done += 1
        return done

    async def held(self, *, older_than: float) -> list[str]:
        return await asyncio.to_thread(self._held, older_than)

    def _held(self, older_than: float) -> list[str]:
        found = self.root.glob("??/" + "[0-9a-f]" * 64)
        return [path.name for path in found if path.stat().st_mtime < older_than]


def _stands(target: Path, data: bytes) -> bool:
    """True for a file that is there already, and young again: nobody clears it away before it is referred to. One that
    has gone bad is written anew."""
    try:
        os.utime(target)
        return target.read_bytes() == data
    except OSError:
        return False


def _write(target: Path, data: bytes) -> None:
    _make(target.parent)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=_PART)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).rename(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _make(folder: Path) -> None:
    """A new folder's own name lasts, too."""
    if folder.exists():
        return
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for each in missing:
        _sync_folder(each.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
