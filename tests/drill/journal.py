"""What the clients asked of the house and what they were told: noted before it is sent, and when it is answered."""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import IO

import orjson


class Outcome(Enum):
    SENT = "sent"  # nobody knows yet
    DONE = "done"
    REFUSED = "refused"
    GIVEN_UP = "given up"  # its client went away without an answer: there whole, or not at all


@dataclass(slots=True)
class Write:
    """`mark` finds its row again, `said` is what must stand there (None: something later stands there now), and
    `trail` are the lines of the audit trail that it must have left, once each."""

    kind: str
    mark: str
    said: str | None
    trail: tuple[str, ...]
    outcome: Outcome = Outcome.SENT
    tries: int = 0


@dataclass
class Journal:
    path: Path
    writes: list[Write] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0
    gaps: dict[str, list[float]] = field(default_factory=dict)  # seconds from a return to the first success after it
    _returns: list[tuple[str, float]] = field(default_factory=list)
    _file: IO[bytes] | None = None

    def sent(self, write: Write, key: str) -> Write:
        self.writes.append(write)
        self._line({"key": key, "kind": write.kind, "mark": write.mark, "said": write.said})
        return write

    def answered(self, write: Write, key: str, outcome: Outcome, status: int | None) -> None:
        write.outcome = outcome
        self._line({"key": key, "outcome": outcome.value, "status": status, "tries": write.tries})
        if outcome is Outcome.DONE:
            now = time.monotonic()
            for what, at in self._returns:
                self.gaps.setdefault(what, []).append(now - at)
            self._returns.clear()

    def came_back(self, what: str) -> None:
        """From now on it could answer again."""
        self._returns.append((what, time.monotonic()))

    @property
    def done(self) -> int:
        return sum(write.outcome is Outcome.DONE for write in self.writes)

    def _line(self, said: dict[str, object]) -> None:
        if self._file is None:
            self._file = self.path.open("ab", buffering=0)
        self._file.write(orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
