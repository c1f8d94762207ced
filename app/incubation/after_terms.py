"""What three sides say of a stay and do not agree on; and what becomes of graduates in the three years after."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.labels import Labelled

FOLLOWED_YEARS = 3


class DisagreementKind(Labelled):
    NOT_THERE = "not_there", "企业说不在这里"
    NOT_LISTED = "not_listed", "企业说在里面，名单里没有"
    ADDRESS = "address", "登记地址不在载体"
    GONE = "gone", "企业已注销或迁出，名单里还在"


class Speaker(Labelled):
    """Whose word it is."""

    FIRM = "firm", "企业"
    CARRIER = "carrier", "载体"
    BUREAU = "bureau", "主管部门"


class DisagreementState(Labelled):
    OPEN = "open", "待核对"
    SETTLED = "settled", "已了结"


@dataclass(frozen=True, slots=True)
class Disagreement:
    id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    firm_id: uuid.UUID
    uscc: str
    firm_name: str
    kind: DisagreementKind
    firm_word: str
    carrier_word: str
    bureau_word: str
    evidence: str
    opener_name: str
    opened_at: datetime
    state: DisagreementState
    settler_name: str
    settled_at: datetime | None
    result: str
    version: int

    @property
    def open(self) -> bool:
        return self.state is DisagreementState.OPEN


class Whereabouts(Labelled):
    HERE = "here", "仍在本载体"
    NEAR = "near", "在本县（市）"
    AWAY = "away", "已迁出本县（市）"
    CLOSED = "closed", "已停业或注销"


@dataclass(frozen=True, slots=True)
class Word:
    """Of a graduate's year, as one side says it."""

    where: Whereabouts
    revenue: Decimal | None = None  # 元
    staff: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A word with whose it is."""

    speaker: Speaker
    word: Word
    author_name: str
    recorded_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class YearAfter:
    """The n-th year after a graduation: by the firm's own figures of the year that was closed then, else by a word."""

    nth: int
    due_on: date
    year: int
    due: bool
    where: Whereabouts | None = None
    revenue: Decimal | None = None
    staff: int | None = None
    tier: str | None = None
    source: str = ""  # empty: nobody knows yet
    words: Sequence[Said] = ()

    @property
    def known(self) -> bool:
        return bool(self.source)

    def word_of(self, speaker: Speaker) -> Said | None:
        return next((one for one in self.words if one.speaker is speaker), None)


@dataclass(frozen=True, slots=True)
class Graduate:
    tenancy_id: uuid.UUID
    carrier_id: uuid.UUID
    carrier_name: str
    uscc: str
    name: str
    graduated_on: date
    document: str
    years: Sequence[YearAfter]
