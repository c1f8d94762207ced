"""As whom the server runs. It refuses root, so root needs somebody else: without making an account for it."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.embedded import enter
from app.embedded.binaries import Binaries, copied_for_others
from app.embedded.errors import EmbeddedError
from app.embedded.places import Places

_ACCOUNTS = ("postgres", "_postgres", "nobody")


@dataclass(frozen=True)
class Identity:
    who: str  # self | namespace | UID:GID
    uid: int  # what its files belong to, seen from here
    gid: int

    def command(self, folder: Path, how: str, *command: str) -> list[str]:
        return [sys.executable, "-I", "-S", enter.__file__, self.who, str(folder), how, *command]

    def own(self, path: Path) -> None:
        if self.who not in {"self", "namespace"}:
            os.chown(path, self.uid, self.gid)


def choose_identity(places: Places, binaries: Binaries) -> tuple[Identity, Binaries]:
    """The identity, and the programs where that identity can read them."""
    owner = (places.cluster if places.cluster.exists() else places.data).stat()
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise EmbeddedError(f"数据目录 {places.data} 属于账户 {_name(owner.st_uid)}，请用该账户运行。")
        return Identity("self", os.geteuid(), os.getegid()), binaries
    if owner.st_uid != 0:
        return _readable_by(Identity(f"{owner.st_uid}:{owner.st_gid}", owner.st_uid, owner.st_gid), binaries)
    inside = Identity("namespace", 0, 0)
    if _runs(inside, binaries) != enter.CANNOT_ENTER:
        return _readable_by(inside, binaries)
    for name in _ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        uid, gid = account.pw_uid, account.pw_gid
        return _readable_by(Identity(f"{uid}:{gid}", uid, gid), binaries)
    raise EmbeddedError("数据库不能以 root 运行，系统里也没有可用的普通账户；请改用普通账户运行。")


def _readable_by(identity: Identity, binaries: Binaries) -> tuple[Identity, Binaries]:
    return identity, binaries if _runs(identity, binaries) == 0 else copied_for_others(binaries)


def _runs(identity: Identity, binaries: Binaries) -> int:
    probe = identity.command(Path("/"), "run", binaries.path("postgres"), "-V")
    return subprocess.run(probe, capture_output=True, check=False, timeout=30).returncode  # noqa: S603


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
