"""Starts one program as somebody who is not root. A script of its own: nothing of the house is imported.

    enter.py WHO FOLDER run|detach PROGRAM ARGUMENT…

PostgreSQL refuses to run as root, so WHO is `self`, `namespace` (a user namespace in which we are 65534: no account
is needed and the files stay ours) or `UID:GID`. A wrapper and not `preexec_fn`, which may not be used while the
interpreter shuts down. The program begins in FOLDER; an argument `{data}` becomes its path, or, where the new self may
not walk there, the way that needs no walking. `detach` leaves the program behind without a parent and prints its pid.
"""

import ctypes
import os
import sys

CANNOT_ENTER = 97
_CLONE_NEWUSER = 0x10000000
_NOBODY_INSIDE = 65534


def _write(path: str, content: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(content)


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_NOBODY_INSIDE} {uid} 1")
    _write("/proc/self/gid_map", f"{_NOBODY_INSIDE} {gid} 1")


def _become(who: str) -> None:
    if who == "namespace":
        _enter_namespace()
    elif who != "self":
        uid, gid = (int(part) for part in who.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def main(who: str, folder: str, how: str, *command: str) -> None:
    os.umask(0o077)
    os.chdir(folder)
    try:
        _become(who)
    except (OSError, AttributeError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        raise SystemExit(CANNOT_ENTER) from error
    data = folder if os.access(folder, os.R_OK | os.W_OK | os.X_OK) else "/proc/self/cwd"
    arguments = [data if argument == "{data}" else argument for argument in command]
    if how == "detach":
        pid = os.fork()
        if pid:
            os.write(1, str(pid).encode())
            os._exit(0)
        os.setsid()
        os.dup2(2, 1)
    os.execv(arguments[0], arguments)  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
