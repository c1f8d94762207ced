"""The journal held against what the house has kept: nothing lost, doubled, altered or invented, each in the trail once.

Pure: rows in, a tally for each kind out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from tests.drill.journal import Outcome, Write


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in the house for one write."""

    kind: str
    mark: str
    said: str


@dataclass
class Tally:
    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0  # of those that were given up, how many are there is nobody's fault
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    phantom: int = 0  # there, and never asked for or refused
    untold: int = 0  # lines of the trail that are missing
    overtold: int = 0  # lines of the trail that are there twice, or for nothing

    @property
    def held(self) -> bool:
        return not any(getattr(self, name) for name in FAULTS)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


FAULTS = ("lost", "doubled", "altered", "phantom", "untold", "overtold")


def reckon(writes: Iterable[Write], kept: Iterable[Kept], trail: Iterable[tuple[str, str]]) -> dict[str, Tally]:
    """`trail`: (kind, line) of each event that such a write leaves."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in kept:
        rows[row.kind, row.mark].append(row.said)
    lines = Counter(trail)
    for write in writes:
        tally, there = tallies[write.kind], rows.pop((write.kind, write.mark), [])
        _count(tally, write, there)
        _told(tally, write, [lines.pop((write.kind, line), 0) for line in write.trail], bool(there))
    for (kind, _), there in rows.items():
        tallies[kind].phantom += len(there)
    for (kind, _), count in lines.items():
        tallies[kind].overtold += count
    return dict(tallies)


def _count(tally: Tally, write: Write, there: Sequence[str]) -> None:
    if write.outcome is Outcome.REFUSED:
        tally.refused += 1
        tally.phantom += len(there)
        return
    if write.outcome is Outcome.DONE:
        tally.acknowledged += 1
        tally.lost += not there
    else:
        tally.unknown += 1
    tally.doubled += max(0, len(there) - 1)
    tally.altered += bool(there) and write.said is not None and any(said != write.said for said in there)


def _told(tally: Tally, write: Write, counts: Sequence[int], there: bool) -> None:
    """What is there is told once; what is not there is not told."""
    expected = int(there or write.outcome is Outcome.DONE) if write.outcome is not Outcome.REFUSED else 0
    tally.untold += sum(max(0, expected - count) for count in counts)
    tally.overtold += sum(max(0, count - expected) for count in counts)
