"""Runs a program that ends when its parent does, however that died. A script of its own.

tether.py PARENT PROGRAM ARGUMENT…
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 1.0


def main(parent: int, *command: str) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        _watch_beside(parent)
    if os.getppid() != parent:  # it died before we were tied to it
        raise SystemExit(1)
    os.execvp(command[0], command)  # noqa: S606


def _watch_beside(parent: int) -> None:
    """Where the kernel does not tell, a small process looks now and then."""
    program = os.getpid()
    if os.fork():
        return
    while os.getppid() == program:
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(program, signal.SIGTERM)
            break
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
