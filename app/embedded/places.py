"""Where things are inside a data directory."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

_LONGEST = 90  # a socket's path ends at 104 bytes on macOS, 108 on Linux, and the lock file beside it is longer
_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Places:
    data: Path

    @classmethod
    def of(cls, data: Path) -> "Places":
        return cls(data.expanduser().resolve())

    @property
    def cluster(self) -> Path:
        return self.data / "pg"

    @property
    def log(self) -> Path:
        return self.data / "postgres.log"

    @property
    def start_lock(self) -> Path:
        """Held by whoever starts or stops the server."""
        return self.data / "pg.lock"

    @property
    def users_lock(self) -> Path:
        """Held together by everybody who uses the server; the kernel lets go for those who are killed."""
        return self.data / "pg.users"

    @property
    def throwaway(self) -> Path:
        """Says that the cluster was made for a test and does not survive a power cut."""
        return self.data / "pg.throwaway"

    @property
    def tag(self) -> str:
        return "tidu-" + hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]

    @property
    def near_sockets(self) -> Path | None:
        """The folder inside the data directory, where its path is short and plain enough for a socket."""
        folder = self.data / "run"
        plain = not set(str(folder)) & set(",\"'\\")
        return folder if plain and len(os.fsencode(folder / _SOCKET)) <= _LONGEST else None

    @property
    def far_sockets(self) -> Path:
        # /tmp rather than TMPDIR: processes with different environments must find the same server.
        shared = Path("/tmp")  # noqa: S108 - the folder's owner and mode are checked before it is used
        return (shared if os.access(shared, os.W_OK) else Path(tempfile.gettempdir())) / self.tag


def socket_in(folder: Path) -> Path:
    return folder / _SOCKET
