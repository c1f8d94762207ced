import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.labels import Labelled
from app.policy.terms import Outcome
from app.policy.wording import standing_words


class VersionState(Labelled):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待发布"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class VersionOrigin(Labelled):
    SEED = "seed", "随系统提供"
    BUREAU = "bureau", "本局维护"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A policy's latest answer for a firm, as lists show it. `shortfall` is a part of what is asked,
    or OUT_OF_REACH."""

    policy: str
    outcome: Outcome
    missed: int
    lacking: int
    shortfall: Decimal | None

    @property
    def words(self) -> str:
        return standing_words(self.outcome, self.missed, self.lacking)


class PlanState(Labelled):
    OPEN = "open", "进行中"
    DONE = "done", "已完成"
    DROPPED = "dropped", "已终止"


@dataclass(frozen=True, slots=True)
class PlanStep:
    id: uuid.UUID
    action: str
    condition: str
    due_on: date
    done_at: datetime | None
    doer_name: str

    def overdue(self, today: date) -> bool:
        return self.done_at is None and self.due_on < today


@dataclass(frozen=True, slots=True)
class Plan:
    """A firm's plan for one title; its steps by date."""

    id: uuid.UUID
    policy: str
    title: str
    filing_on: date
    officer_id: uuid.UUID | None
    officer_name: str
    note: str
    state: PlanState
    version: int
    basis: Mapping[str, Any]
    author_name: str
    created_at: datetime
    closed_at: datetime | None
    closed_reason: str
    steps: Sequence[PlanStep]

    @property
    def done(self) -> int:
        return sum(step.done_at is not None for step in self.steps)


@dataclass(frozen=True, slots=True)
class StepEntry:
    """One step as somebody wrote it; `id` of one that the plan has already."""

    action: str
    due_on: date
    condition: str = ""
    id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class PlanEntry:
    filing_on: date
    officer_id: uuid.UUID | None
    note: str
    steps: Sequence[StepEntry]  # those still to be done
