"""Work that a browser does to be let try again where its address has tried too often: cheap for one, dear for many.

An office behind one address is not shut out by one who guesses from within it. Who has no script waits instead. The
task is bound to the address and the time, its answer to the account that is tried: five tries of one account a task, as
the limit of account and address holds all the same.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

STANDS = timedelta(minutes=10)
_EASIEST, _HARDEST = 17, 22  # leading bits that must be 0
_LONGEST = 300


def task(key: bytes, ip: str, *, failures: int, at: datetime) -> str:
    """Harder by a bit for every forty failures of the address."""
    bits = min(_EASIEST + failures // 40, _HARDEST)
    until = int((at + STANDS).timestamp())
    return f"{until}.{bits}.{_seal(key, ip, until, bits)}"


def is_done(key: bytes, ip: str, login: str, proof: str, *, at: datetime) -> bool:
    """`proof`: the task, a space, and what makes its hash with the account small enough."""
    given, _, answer = proof[:_LONGEST].partition(" ")
    until, bits, seal = [*given.split("."), "", "", ""][:3]
    if not (until.isascii() and until.isdecimal() and bits.isascii() and bits.isdecimal()):
        return False
    ours = _seal(key, ip, int(until), int(bits))
    if not hmac.compare_digest(seal.encode(), ours.encode()) or at.timestamp() > int(until):
        return False
    hashed = hashlib.sha256(f"{given} {login} {answer}".encode()).digest()
    return int.from_bytes(hashed) >> (256 - int(bits)) == 0


def _seal(key: bytes, ip: str, until: int, bits: int) -> str:
    return hmac.digest(key, f"proof:{ip}:{until}:{bits}".encode(), "sha256").hex()[:32]
