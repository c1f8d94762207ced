"""The words of a weekly digest: which week, known when, made of which sections."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, Self

from app.labels import Labelled

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
SOON = timedelta(days=21)  # what falls due in the next three weeks
LAPSE_WITHIN = timedelta(days=180)  # as the day's queue has it, see app.work.agenda
FILING_WITHIN = timedelta(days=60)  # how long before its end a window's missing firms are named
LATEST_YEAR = 2999


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """A week of ISO 8601: from a Monday to a Sunday, numbered within the year that its Thursday lies in."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """ "2026-W47". Raises ValueError, also for a week that its year does not have."""
        found = _WEEK.fullmatch(text)
        if found is None or not 2000 <= int(found[1]) <= LATEST_YEAR:
            raise ValueError(f"Invalid week: {text}")
        week = cls(int(found[1]), int(found[2]))
        date.fromisocalendar(week.year, week.number, 1)
        return week

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(*day.isocalendar()[:2])

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 7)

    def shifted(self, weeks: int) -> Self:
        return self.of(self.monday + timedelta(weeks=weeks))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02d}"

    @property
    def label(self) -> str:
        a, z = self.monday, self.sunday
        return f"{self.year}年第{self.number}周（{a.month}月{a.day}日至{z.month}月{z.day}日）"


@dataclass(frozen=True, slots=True)
class Moment:
    """What a digest was told with. `on` is the day it speaks of as today; `known_at` is when its knowledge ends.

    `fresh`: composed at that very moment. What keeps no history can be told only then.
    """

    known_at: datetime
    on: date
    fresh: bool


class SectionCode(Labelled):
    LADDER = "ladder", "梯队现状"
    MOVED = "moved", "谁动了"
    CORRECTIONS = "corrections", "更正与补记"
    CHANGES = "changes", "与上周相比"
    NEW = "new", "新入库"
    DUE = "due", "三周内到期"
    UNFILED = "unfiled", "还没申报"
    NEAR = "near", "再推一把就到"
    STUCK = "stuck", "卡住了"
    LAPSING = "lapsing", "证书将到期"
    CARRIERS = "carriers", "孵化载体"
    PLAN = "plan", "规划进度"


@dataclass(frozen=True, slots=True)
class Words:
    """The names of tiers and divisions as they were when the digest was composed; it keeps those that it uses."""

    tiers: Mapping[str, str]
    regions: Mapping[str, str]

    def tier(self, code: str | None) -> str:
        return self.tiers.get(code or "", code or "") or "未入梯队"

    def region(self, code: str | None) -> str:
        return self.regions.get(code or "", code or "")


Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shares:
    """One query that several lists divide among themselves: `key` says of each row to which of them it belongs."""

    query: Any
    key: Any


@dataclass(frozen=True, slots=True)
class Listing:
    """One list, and the number that says how long it is.

    `query` has the columns `uscc`, `name`, `region` and `facts` (JSON); a row that is no firm has no code. `order` is
    total, so that a list is the same whenever it is made. `say` puts a row's facts into words.
    """

    key: str
    label: str
    query: Any
    order: Sequence[Any]
    say: Callable[[Facts, Words], str]
    live: str = ""  # where the same question is asked of today
    shown: int = 8  # how many of its rows stand in the digest itself
    good: bool | None = None  # whether more of it is good news, where that can be said
    shares: Shares | None = None  # with the lists beside it of the same section, which then are read in one go


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a list as people read it."""

    uscc: str | None
    name: str
    region: str
    said: str
    href: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest as somebody gets it. `page`, pictures and attachments stand in `enclosures`."""

    subject: str
    text: str
    enclosures: Sequence[Any]


class Press(Protocol):
    """Makes what is sent. The domain says what is in it, the web how it looks."""

    def letter(self, document: Mapping[str, Any], sections: Collection[str], *, bureau: str) -> Letter: ...

    def address(self, document: Mapping[str, Any]) -> str: ...
