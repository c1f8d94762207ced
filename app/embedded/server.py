"""One server for a data directory, shared by every process that uses it and gone with the last of them."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from app.embedded import postmaster
from app.embedded.binaries import find_binaries
from app.embedded.cluster import create, major_of
from app.embedded.errors import EmbeddedError
from app.embedded.identity import choose_identity
from app.embedded.locks import FileLock, alone
from app.embedded.places import Places
from app.embedded.protocol import ask
from app.errors import because

DATABASE = "tidu"


def start(data: Path, *, ephemeral: bool = False) -> "Server":
    """Starts the server, or joins the one that runs. `ephemeral` is for tests: fast, and lost with the power."""
    try:
        return Server(Places.of(data), ephemeral=ephemeral)
    except PermissionError as error:
        raise EmbeddedError(f"没有权限使用 {error.filename or data}，请用它的主人账户运行。") from error
    except OSError as error:
        raise EmbeddedError(f"数据目录 {data} 不能用：{because(error)}。") from error


class Server:
    def __init__(self, places: Places, *, ephemeral: bool) -> None:
        self.places = places
        self._throwaway = ephemeral
        places.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(places.start_lock):
            self._users = FileLock(places.users_lock)
            self._users.share()
            try:
                self._check_kind()
                self._sockets = self._running()
            except BaseException:
                self._leave()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def url(self, database: str = DATABASE, *, role: str = "postgres") -> str:
        host = quote(str(self._sockets), safe="/")
        return f"postgresql+asyncpg://{quote(role, safe='')}@/{quote(database, safe='')}?host={host}&port=5432"

    def ensure(self) -> bool:
        """Starts the server again if it was killed; True when it had to."""
        if postmaster.answering(self.places) == self._sockets:
            return False
        with alone(self.places.start_lock):
            self._sockets = self._running()
        return True

    def close(self) -> None:
        with alone(self.places.start_lock):
            self._leave()

    def _leave(self) -> None:
        # Our own share becomes the sole hold only when nobody else has one.
        if self._users.take():
            postmaster.stop(self.places)
        self._users.close()

    def _running(self) -> Path:
        places = self.places
        if (folder := postmaster.answering(places)) is None:
            binaries = find_binaries(major_of(places))
            identity, binaries = choose_identity(places, binaries)
            if not places.cluster.exists():
                create(places, identity, binaries, throwaway=self._throwaway)
            folder = postmaster.start(places, identity, binaries, throwaway=self._throwaway)
        if not ask(folder, f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 - a constant
            ask(folder, f"CREATE DATABASE {DATABASE}")
        return folder

    def _check_kind(self) -> None:
        """What was made without syncing may not be taken for durable, nor may durable data be run without."""
        if not self.places.cluster.exists():
            self.places.throwaway.unlink(missing_ok=True)
            return
        made_throwaway = os.path.lexists(self.places.throwaway)
        if made_throwaway and not self._throwaway:
            raise EmbeddedError(f"{self.places.data} 是为测试建的临时数据库，断电会丢数据，不能用于正式运行。")
        self._throwaway = made_throwaway
