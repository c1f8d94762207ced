"""A carrier's collection of its tenants' figures: of which time, from whom, and what came of it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.carriers.rules import add_months, day_before
from app.labels import Labelled

_CODE = re.compile(r"(?P<year>20\d\d)(?:Q(?P<quarter>[1-4])|H(?P<half>1)|M(?P<month>0[1-9]|1[0-2]))?", re.ASCII)
_QUARTERS = ("一", "二", "三", "四")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A year, its first half, one of its quarters or one of its months."""

    year: int
    quarter: int = 0
    month: int = 0
    half: int = 0

    @property
    def code(self) -> str:
        part = f"Q{self.quarter}" if self.quarter else f"M{self.month:02d}" if self.month else "H1" if self.half else ""
        return f"{self.year}{part}"

    @property
    def label(self) -> str:
        if self.quarter:
            return f"{self.year} 年{_QUARTERS[self.quarter - 1]}季度"
        if self.half:
            return f"{self.year} 年上半年"
        return f"{self.year} 年 {self.month} 月" if self.month else f"{self.year} 年度"

    @property
    def first(self) -> date:
        return date(self.year, self.month or 3 * max(self.quarter, 1) - 2, 1)

    @property
    def last(self) -> date:
        months = 1 if self.month else 3 if self.quarter else 6 if self.half else 12
        return day_before(add_months(self.first, months))

    @property
    def yearly(self) -> bool:
        return not (self.quarter or self.month or self.half)

    @property
    def goes_on(self) -> bool:
        """A quarter whose amounts go on from the one before it: a year begins at nought."""
        return self.quarter > 1

    @property
    def before(self) -> "Period":
        if self.quarter:
            return Period(self.year, self.quarter - 1) if self.quarter > 1 else Period(self.year - 1, 4)
        if self.month:
            return Period(self.year, 0, self.month - 1) if self.month > 1 else Period(self.year - 1, 0, 12)
        return Period(self.year - 1, half=self.half)


def period_of(code: str) -> Period | None:
    found = _CODE.fullmatch(code)
    if found is None:
        return None
    parts = {name: int(found[name] or 0) for name in ("quarter", "month", "half")}
    return Period(int(found["year"]), **parts)


class AnswerState(Labelled):
    WAITING = "waiting", "还没有报"
    ANSWERED = "answered", "已报"
    EXEMPT = "exempt", "不用报"


@dataclass(frozen=True, slots=True)
class Round:
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    period: Period
    due_on: date
    opened_at: datetime
    opener_name: str
    closed_at: datetime | None
    closer_name: str
    despite: str  # why it was closed although something did not agree
    version: int

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one tenant gave for a round; nothing until it said so."""

    id: uuid.UUID
    round_id: uuid.UUID
    firm_id: uuid.UUID | None
    team_id: uuid.UUID | None
    name: str
    uscc: str
    state: AnswerState
    figures: Mapping[str, str]
    answered_at: datetime | None
    answerer_name: str
    basis: str  # on what paper the operator entered it; empty where the tenant did it itself
    exempt_reason: str
    chased_at: datetime | None
    chases: int
    version: int
    has_account: bool

    @property
    def by_operator(self) -> bool:
        """A team has nobody to fill it in, nor has a firm without an account."""
        return self.team_id is not None or not self.has_account


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    version: int
    figures: Mapping[str, str]
    at: datetime
    author_name: str
    note: str


@dataclass(frozen=True, slots=True)
class Entry:
    """For a line of the carrier's own form, and why where it differs from what was counted; empty: as counted again."""

    code: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Correction(Entry):
    author_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    owing: int
    answered: int
    waiting: int
    exempt: int


def tally_of(states: list[Any]) -> Tally:
    count = {state: states.count(state) for state in AnswerState}
    owing = len(states) - count[AnswerState.EXEMPT]
    return Tally(owing, count[AnswerState.ANSWERED], count[AnswerState.WAITING], count[AnswerState.EXEMPT])
