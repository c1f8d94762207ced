"""The ladder's words."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from app.firms.terms import FirmDetail
from app.labels import Labelled


class MoveKind(Labelled):
    ENTRY = "entry", "入库"
    PROMOTION = "promotion", "上移"
    DEMOTION = "demotion", "下移"
    CORRECTION = "correction", "更正"
    EXIT = "exit", "退出"
    HISTORY = "history", "补录"  # a stay from before the house knew the firm; it stands behind whatever was recorded


class RequestState(Labelled):
    PENDING = "pending", "待复核"
    APPROVED = "approved", "已通过"
    REJECTED = "rejected", "已驳回"


class DueMatter(Labelled):
    """What the next date of a firm is about."""

    WINDOW = "window", "申报截止"
    LAPSE = "lapse", "证书到期"
    TASK = "task", "待办"
    NEED = "need", "诉求"
    TOUCH = "touch", "约定联系"


@dataclass(frozen=True, slots=True)
class Deadline:
    """`said`: the window's name, or the certificate's kind."""

    day: date
    matter: DueMatter
    said: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    ladder: str
    code: str
    label: str
    short: str
    rank: int
    policy: str
    expected_months: int | None
    stale_working_days: int | None
    needs_approval: bool
    source: str = ""
    escalate_working_days: int | None = None  # of standing still, after which the bureau's head is told

    @property
    def sought(self) -> str:
        """The policy whose conditions lead here: behind a certificate stands what it is granted for."""
        return _BEHIND.get(self.policy, self.policy)


_BEHIND = {"hnte_certificate": "hnte"}


@dataclass(frozen=True, slots=True)
class Ladder:
    code: str
    label: str
    tiers: tuple[Tier, ...]

    def tier(self, code: str | None) -> Tier | None:
        return next((t for t in self.tiers if t.code == code), None)

    def above(self, code: str | None) -> Tier | None:
        """The next step up; the first for a firm on none."""
        current = self.tier(code)
        rank = current.rank if current else 0
        return next((t for t in self.tiers if t.rank > rank), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a firm stands on a ladder, as the row lock found it."""

    firm_id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    status: str
    officer_id: uuid.UUID | None
    tier: str | None
    since: date | None

    @classmethod
    def of(cls, f: FirmDetail) -> Self:
        """As somebody saw it, without the lock: for showing what a move would meet."""
        return cls(f.id, f.uscc, f.name, f.region_code, f.status, f.officer_id, f.tier, f.tier_since)


@dataclass(frozen=True, slots=True)
class Span:
    """A stay on a tier that has ended; `until` is the first day no longer on it."""

    since: date
    until: date
    tier: str = ""


@dataclass(frozen=True, slots=True)
class MoveRecord:
    id: uuid.UUID
    from_tier: str | None
    to_tier: str | None
    kind: MoveKind
    effective_on: date
    recorded_at: datetime
    actor_name: str
    approver_name: str | None
    reason: str
    override_reason: str | None
    first_recorder: str | None = None
    first_recorded_on: date | None = None
