"""What three sides say of a stay and do not agree on; and what becomes of graduates in the three years after."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.labels import Labelled

FOLLOWED_YEARS = 3


class DisagreementKind(Labelled):
    NOT_THERE = "not_there", "企业说不在这里"
    NOT_LISTED = "not_listed", "企业说在里面，名单里没有"
    ADDRESS = "address", "登记地址不在载体"


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
    opener_name: str
    opened_at: datetime
    state: DisagreementState
    settler_name: str
    settled_at: datetime | None
    result: str

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
    """Of a graduate's year, as somebody was told it."""

    where: Whereabouts
    revenue: Decimal | None = None  # 元
    staff: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class YearAfter:
    """The n-th year after a graduation: by the firm's own figures of the year that was closed then, else as asked."""

    nth: int
    due_on: date
    year: int
    due: bool
    where: Whereabouts | None
    revenue: Decimal | None
    staff: int | None
    tier: str | None
    source: str  # empty: nobody knows yet
    note: str = ""

    @property
    def known(self) -> bool:
        return bool(self.source)
