"""The five-year plan's words: indicators, targets, what was reached. A firm's own plan is `app.assessments.plans`."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from app.labels import Labelled
from app.policy.terms import Grade


class PlanState(Labelled):
    DRAFT = "draft", "编制中"
    RUNNING = "running", "实施中"
    EVALUATED = "evaluated", "已终期评估"


class IndicatorKind(Labelled):
    """How a value is made. A flow begins anew every year, a stock is what stands at the year's end."""

    FLOW = "flow", "当年发生数"
    STOCK = "stock", "年末存量"
    RATIO = "ratio", "比率"
    GROWTH = "growth", "增长率"


class Reading(Labelled):
    """What a growth target says; a plan's text may leave it open."""

    CUMULATIVE = "cumulative", "比基期累计增长"
    SINGLE_YEAR = "single_year", "比上年增长"
    AVERAGE = "average", "年均增长"


class TargetLevel(Labelled):
    TARGET = "target", "目标"
    SPRINT = "sprint", "冲刺"
    CHALLENGE = "challenge", "挑战"


class ActualState(Labelled):
    PROVISIONAL = "provisional", "初步数"
    PROPOSED = "proposed", "终值待复核"
    RETURNED = "returned", "终值被退回"
    FINAL = "final", "终值"


class Origin(Labelled):
    STATISTICS = "statistics", "统计部门"
    AUTHORITY = "authority", "主管部门名单"
    LEDGER = "ledger", "本系统台账"


class Standing(Labelled):
    MET = "met", "达标"
    ON_TRACK = "on_track", "正常"
    BEHIND = "behind", "滞后"
    MISSING = "missing", "缺数"
    NOT_ISSUED = "not_issued", "目标未下达"


class SnapshotKind(Labelled):
    YEARLY = "yearly", "年度评估"
    MIDTERM = "midterm", "中期评估"
    FINAL = "final", "终期评估"


PARK = "park:"


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which part of the country a number speaks: a division, or a park within it."""

    region: str
    park: str = ""

    @property
    def key(self) -> str:
        """As targets and actuals are kept under it."""
        return f"{PARK}{self.park}" if self.park else self.region


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in the indicator's own unit (元 for money), and of a ratio what it was made of where that is known."""

    value: Decimal | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None


@dataclass(frozen=True)
class Course:
    """What an indicator was to do. A target that is None is named by the plan and was never issued as a number."""

    kind: IndicatorKind
    baseline_year: int
    baseline: Decimal | None
    targets: Mapping[int, Decimal | None]
    reading: Reading = Reading.CUMULATIVE
    scale: Decimal = Decimal(100)  # of a ratio: 100 for a percentage

    @cached_property
    def issued(self) -> dict[int, Fraction]:
        return {year: Fraction(value) for year, value in self.targets.items() if value is not None}

    @cached_property
    def start(self) -> Fraction | None:
        if self.kind is IndicatorKind.GROWTH:
            return Fraction(0) if self.reading is Reading.CUMULATIVE and self.baseline else None
        return Fraction(self.baseline) if self.baseline is not None else None

    @cached_property
    def points(self) -> list[tuple[int, Fraction]]:
        """The path is straight between them."""
        begin = [(self.baseline_year, self.start)] if self.start is not None else []
        return sorted([*begin, *self.issued.items()])


@dataclass(frozen=True, slots=True)
class Target:
    indicator: str
    scope: str
    year: int
    level: TargetLevel
    value: Decimal | None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Indicator:
    code: str
    rank: int
    title: str
    unit: str
    kind: IndicatorKind
    supporting: bool
    money: bool
    scale: Decimal
    baseline: Decimal | None
    baseline_words: str
    definition: str
    owner: str
    basis: str
    notes: Sequence[str]
    counting: Mapping[str, Any]
    readings: Sequence[str]
    reading: Reading
    weight: Decimal
    targets: tuple[Target, ...] = field(default=())

    def course(self, baseline_year: int, scope: str, home: str, level: TargetLevel = TargetLevel.TARGET) -> Course:
        """Of a part of the plan's division nothing is known of the baseline."""
        own = {t.year: t.value for t in self.targets if t.scope == scope and t.level is level}
        baseline = self.baseline if scope == home else None
        return Course(self.kind, baseline_year, baseline, own, self.reading, self.scale)


@dataclass(frozen=True, slots=True)
class Plan:
    code: str
    title: str
    short: str
    region: str
    baseline_year: int
    first_year: int
    last_year: int
    state: PlanState
    nature: str
    document: str
    grade: Grade
    ledger_since: date | None
    version: int

    @property
    def years(self) -> range:
        return range(self.first_year, self.last_year + 1)


@dataclass(frozen=True, slots=True)
class Actual:
    id: uuid.UUID
    indicator: str
    scope: str
    year: int
    version: int
    figure: Figure
    state: ActualState
    as_of: date
    origin: Origin
    source: str
    note: str
    entered_by: uuid.UUID | None
    enterer_name: str
    entered_at: datetime
    confirmer_name: str
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActualEntry:
    """What a person says was reached."""

    indicator: str
    year: int
    scope: Scope
    figure: Figure
    state: ActualState
    as_of: date
    origin: Origin
    source: str
    note: str = ""
