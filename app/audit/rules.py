"""The chain over the trail: how a seal is worked out, and what its list of digests says. Pure."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.labels import Labelled

DIGEST = hashlib.sha256().digest_size
BEGINNING = bytes(DIGEST)  # what the first seal has before it
NOTHING = -(1 << 63)  # below every number
SEAL_MOST = 1000  # events of one seal: who verifies holds no more than this many at a time
_ENTRY = struct.Struct(f">q{DIGEST}s")
_HEAD = struct.Struct(">qqiq")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Fault(Labelled):
    ALTERED = "altered", "内容被改过"
    MISSING = "missing", "被删去"
    INSERTED = "inserted", "是事后插入的"
    SEAL = "seal", "封条被改过"
    LINK = "link", "封条不是接在前一条后面的"
    GAP = "gap", "封条缺失"
    ANCHOR = "anchor", "封条与存放在库外的不同"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event as a seal knows it: its number and the digest of all that it says."""

    number: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    number: int
    sealed_at: datetime
    through: int  # the last number that it speaks for, whether an event bears it or not
    events: int
    digests: bytes
    former: bytes
    hash: bytes

    @property
    def right(self) -> bool:
        return self.hash == hash_of(
            self.number, at=self.sealed_at, through=self.through, digests=self.digests, former=self.former
        )

    @property
    def entries(self) -> list[Entry]:
        return [Entry(*entry) for entry in _ENTRY.iter_unpack(self.digests)]

    @property
    def head(self) -> str:
        """As it is written down outside of the database."""
        return f"{self.number}:{self.hash.hex()}"


def packed(entries: Sequence[Entry]) -> bytes:
    return b"".join(_ENTRY.pack(entry.number, entry.digest) for entry in entries)


def hash_of(number: int, *, at: datetime, through: int, digests: bytes, former: bytes) -> bytes:
    moment = (at - _EPOCH) // _MICROSECOND
    head = _HEAD.pack(number, through, len(digests) // _ENTRY.size, moment)
    return hashlib.sha256(former + head + digests).digest()


def first_difference(sealed: Sequence[Entry], found: Sequence[Entry]) -> tuple[Fault, int] | None:
    """Both in the order of their numbers; the first number of which they disagree."""
    known, there = {e.number: e.digest for e in sealed}, {e.number: e.digest for e in found}
    for number in sorted(known.keys() | there.keys()):
        if number not in there:
            return Fault.MISSING, number
        if number not in known:
            return Fault.INSERTED, number
        if known[number] != there[number]:
            return Fault.ALTERED, number
    return None
