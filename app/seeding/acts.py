"""What somebody does in the demo's year: each act is performed through the service that does it for real."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.seeding.books import Books, Report, Title
from app.seeding.county import DemoFirm
from app.work.terms import VisitEntry


@dataclass(frozen=True, slots=True)
class Register:
    at: datetime
    firms: tuple[DemoFirm, ...]


@dataclass(frozen=True, slots=True)
class Certify:
    at: datetime
    firm: DemoFirm
    number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Entitle:
    """A certificate of another kind than 高企, copied from the list that was published."""

    at: datetime
    firm: DemoFirm
    title: Title


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of a roster's firms beside their figures: rights, standards, records."""

    at: datetime
    found: tuple[tuple[DemoFirm, Books], ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Years' figures that came in on one day, as they stand today."""

    at: datetime
    told: tuple[tuple[DemoFirm, Report], ...]


@dataclass(frozen=True, slots=True)
class Ask:
    at: datetime
    firm: DemoFirm
    by: str
    to: str | None
    expected: str | None
    effective_on: date
    reason: str
    override: str = ""
    correction: bool = False
    waits: bool = False  # for a second person, whom a later act brings in or nobody yet


@dataclass(frozen=True, slots=True)
class Decide:
    at: datetime
    firm: DemoFirm
    by: str
    refusal: str = ""  # why not; empty for a yes


@dataclass(frozen=True, slots=True)
class NoteDown:
    at: datetime
    firm: DemoFirm
    by: str
    body: str


@dataclass(frozen=True, slots=True)
class Call:
    """A visit, with what was promised there; `followed`: when somebody saw to the need;
    `settled`: when all of it was done, for one of long ago."""

    at: datetime
    firm: DemoFirm
    by: str
    entry: VisitEntry
    followed: datetime | None
    settled: datetime | None


@dataclass(frozen=True, slots=True)
class Amend:
    at: datetime
    firm: DemoFirm
    by: str
    values: dict[str, Any]


Act = Register | Certify | Entitle | Survey | Tell | Ask | Decide | NoteDown | Call | Amend
