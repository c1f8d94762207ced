"""What a workbook is once it is read: rows of plain values, and one sentence when it cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

MB = 1 << 20
# A roster of a whole county has a few megabytes; what is larger is not a roster and would take everybody's memory.
MAX_FILE = 20 * MB
MAX_UNPACKED = 250 * MB
MAX_ENTRIES = 2_000
MAX_ROWS = 110_000  # a list of a hundred thousand, and what stands above it
MAX_CELLS = 3_000_000
SUFFIXES = (".xlsx", ".xls", ".csv")


class SheetError(Exception):
    """The file cannot be read; the message is the sentence for the person."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that holds a formula: what is written there, and what it last came to."""

    text: str
    result: str | float | bool | date | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """A cell that shows an error of Excel, such as #REF!"""

    text: str


Value = str | float | bool | date | Formula | Broken | None


@dataclass(frozen=True, slots=True)
class RawSheet:
    name: str
    rows: Sequence[Sequence[Value]]  # from the first row of the sheet; row n is rows[n - 1]
    visible: bool = True
    numbers: Sequence[int] | None = None  # where a row's number is not its place: a CSV record after a line break

    def number(self, index: int) -> int:
        return self.numbers[index] if self.numbers else index + 1
