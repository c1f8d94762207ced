"""Files by content hash in a bucket that speaks S3: several web processes on several machines see the same ones.

A cleaner and a sender of the same content may meet, and a bucket knows no renaming. So a cleaner says first that it
is about, and looks after; a sender looks for such a word after it has put its file, and then that the file is there.
"""

import asyncio
import hashlib
import logging
import os
import re
import tempfile
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from app.errors import Unavailable
from app.files.store import NOT_KEPT, NOT_READ, genuine

T = TypeVar("T")
log = logging.getLogger("tidu.files")
_CLEARING = "clearing"
_TRIES, _PAUSE = 40, 0.25  # of a sender that meets a cleaner: ten seconds
_FORGOTTEN = timedelta(minutes=10)  # a cleaner that said its word so long ago was killed
_NAME = re.compile(r"[0-9a-f]{64}")
# Nobody waits longer at a page for a bucket that is away.
_CLIENT: Any = {"connect_timeout": timedelta(seconds=3), "timeout": timedelta(seconds=30)}
_RETRIES: Any = {"max_retries": 1, "retry_timeout": timedelta(seconds=6)}
_PLAIN: Any = {"disable_bulk_delete": True}  # which not every service has
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
Faults = (BaseError, OSError, ValueError)
# Threads of its own, so that a silent bucket holds up nothing else. (The library's own asyncio may end the process
# with a fault when the interpreter ends.)
_AT_ONCE = 8
_THREADS = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="bucket")
_FREE = threading.BoundedSemaphore(_AT_ONCE)
# So many wait: they and those that are with the bucket hold fewer connections to the database than there are.
_IN_LINE = threading.BoundedSemaphore(4)
_SOON = 3.0  # seconds that one waits for a thread


async def _waited() -> bool:
    """Whether a thread came free soon. A few wait, and whoever comes then is told at once."""
    if not _IN_LINE.acquire(blocking=False):
        return False
    try:
        latest = time.monotonic() + _SOON
        while time.monotonic() < latest:
            await asyncio.sleep(0.02)
            if _FREE.acquire(blocking=False):
                return True
        return False
    finally:
        _IN_LINE.release()


async def _in_turn(work: Callable[..., T], *given: Any, sentence: str = NOT_READ) -> T:
    """Raises Unavailable where all threads are with a bucket that does not answer."""
    if not (_FREE.acquire(blocking=False) or await _waited()):
        log.error("the file store keeps all that ask it waiting")
        raise Unavailable(sentence)
    future = _THREADS.submit(work, *given)
    future.add_done_callback(lambda _: _FREE.release())
    return await asyncio.wrap_future(future)


class ObjectStore:
    """Key, secret, region and address of the service come from the environment's AWS_ variables, as everywhere."""

    def __init__(self, address: str) -> None:
        options: Any = {**_CLIENT, "allow_http": not lies_open()}
        self._bucket = S3Store.from_url(address, config=_PLAIN, client_options=options, retry_config=_RETRIES)

    async def put(self, data: bytes) -> str:
        return await _in_turn(self._put, data, sentence=NOT_KEPT)

    def _put(self, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        try:
            for _ in range(_TRIES):
                self._write(_key(digest), data)
                if self._stays(digest):
                    return digest
                time.sleep(_PAUSE)
        except Faults as error:
            log.error("the file store took nothing: %s", _first_line(error))
            raise Unavailable(NOT_KEPT) from error
        raise Unavailable(NOT_KEPT)

    def _write(self, key: str, data: bytes) -> None:
        obstore.put(self._bucket, key, data, use_multipart=False)

    def _stays(self, sha256: str) -> bool:
        """In this order: a cleaner that is done took its word back before it could be missed, one that has not begun
        will find the file young."""
        words = self._listed(f"{_CLEARING}/{sha256}")
        kept = self._kept_at(sha256)
        return kept is not None and all(kept - said > _FORGOTTEN for _, said in words)

    def _kept_at(self, sha256: str) -> datetime | None:
        try:
            return obstore.head(self._bucket, _key(sha256))["last_modified"]
        except FileNotFoundError:
            return None

    def _listed(self, prefix: str | None = None) -> list[tuple[str, datetime]]:
        return [(each["path"], each["last_modified"]) for some in obstore.list(self._bucket, prefix) for each in some]

    async def read(self, sha256: str) -> bytes | None:
        return await _in_turn(self._read, sha256)

    def _read(self, sha256: str) -> bytes | None:
        try:
            data = bytes(obstore.get(self._bucket, _key(sha256)).bytes())
        except FileNotFoundError:
            return None
        except Faults as error:
            log.error("the file store gave nothing: %s", _first_line(error))
            raise Unavailable(NOT_READ) from error
        return genuine(data, sha256)

    @asynccontextmanager
    async def on_disk(self, sha256: str) -> AsyncIterator[Path]:
        data = await self.read(sha256)
        if data is None:
            raise Unavailable(NOT_READ)
        with tempfile.TemporaryDirectory(prefix="tidu-file-") as folder:
            path = Path(folder) / sha256
            await asyncio.to_thread(path.write_bytes, data)
            yield path

    async def drop(self, sha256: str, *, older_than: float | None = None) -> bool:
        return await _in_turn(self._drop, sha256, older_than)

    def _drop(self, sha256: str, older_than: float | None) -> bool:
        word = f"{_CLEARING}/{sha256}/{uuid.uuid4().hex}"
        self._write(word, b"")
        try:
            kept = self._kept_at(sha256)
            if kept is None or (older_than is not None and kept.timestamp() >= older_than):
                return False
            self._delete(_key(sha256))
            return True
        finally:
            self._delete(word)

    def _delete(self, key: str) -> None:
        with suppress(FileNotFoundError):  # some services say so, most do not
            obstore.delete(self._bucket, key)

    async def tidy(self, *, older_than: float) -> int:
        """The words of cleaners that were killed."""
        return await _in_turn(self._tidy, older_than)

    def _tidy(self, older_than: float) -> int:
        old = [word for word, said in self._listed(_CLEARING) if said.timestamp() < older_than]
        for word in old:
            self._delete(word)
        return len(old)

    async def held(self, *, older_than: float) -> list[str]:
        names = [(path.rpartition("/")[2], kept) for path, kept in await _in_turn(self._listed)]
        return [name for name, kept in names if _NAME.fullmatch(name) and kept.timestamp() < older_than]

    async def probe(self) -> None:
        """Writes, reads, lists and deletes a word of its own. Raises one of `Faults`."""
        await _in_turn(self._probe)

    def _probe(self) -> None:
        word = f"{_CLEARING}/probe/{uuid.uuid4().hex}"
        self._write(word, b"tidu")
        try:
            obstore.get(self._bucket, word).bytes()
            self._listed(f"{_CLEARING}/probe")
        finally:
            self._delete(word)


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def lies_open() -> bool:
    """Whether files would cross a network as they are, and nobody has said that this is meant."""
    said = (urlsplit(os.environ.get(name, "")) for name in _ENDPOINTS)
    plain = [place.hostname for place in said if place.scheme == "http"]
    meant = os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true")
    return not meant and any(host not in ("127.0.0.1", "::1", "localhost") for host in plain)


def refused(error: BaseException) -> str:
    """What is wrong and whose it is to put right, for whoever set the address up."""
    if lies_open():
        return (
            "AWS_ENDPOINT_URL 是 http，文件会明文经过网络：请改用 https；确在可信的内网里的，另设 AWS_ALLOW_HTTP=true。"
        )
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return "对方不接受 AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY，或这个账号没有读、写、删、列的权限。"
    if isinstance(error, FileNotFoundError):
        return "没有这个存储桶，请先建好。"
    return f"连不上（{_first_line(error)}）。请检查 AWS_ENDPOINT_URL、AWS_REGION 和网络。"


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
