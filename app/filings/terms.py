"""What is filed for, and when: programmes, their yearly windows, and the words for both."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from app.labels import Labelled
from app.policy.terms import Grade

NATION = "000000"


class ProgrammeKind(Labelled):
    NOTICE = "notice", "按通知申报"
    STATUTORY = "statutory", "法定年度事项"
    STATISTICS = "statistics", "统计报表"


class WindowState(Labelled):
    REFERENCE = "reference", "往年参考"
    CONFIRMED = "confirmed", "已确认"
    EXTENDED = "extended", "已延期"
    CLOSED = "closed", "已关闭"


class WindowChange(Labelled):
    LAID_OUT = "laid_out", "列入"
    CONFIRMED = "confirmed", "确认"
    EXTENDED = "extended", "延期"
    CORRECTED = "corrected", "更正"
    CLOSED = "closed", "关闭"
    WITHDRAWN = "withdrawn", "撤回确认"


class Phase(Labelled):
    """What a window is on a given day; only the dates of a confirmed one count."""

    PLANNED = "planned", "往年参考"
    UPCOMING = "upcoming", "未开放"
    OPEN = "open", "开放中"
    REVIEW = "review", "审核中"
    CLOSED = "closed", "已关闭"


class Milestone(Labelled):
    """The dates of a window, in the order in which papers travel. The value is the column's name."""

    OPENS = "opens_on", "开放填报"
    FIRM = "firm_due", "企业提交截止"
    REVIEW = "review_due", "镇街、县级审核截止"
    CITY = "city_due", "市级推荐截止"
    PAPER = "paper_due", "纸质材料截止"


DEADLINES = (Milestone.FIRM, Milestone.REVIEW, Milestone.CITY, Milestone.PAPER)


@dataclass(frozen=True, slots=True)
class Dates:
    """A date that no source gives is None, and stays so until somebody reads it in a notice."""

    opens_on: date | None = None
    firm_due: date | None = None
    firm_until: time | None = None  # the hour on the firms' last day, where the notice names one
    review_due: date | None = None
    city_due: date | None = None
    paper_due: date | None = None

    def on(self, milestone: Milestone) -> date | None:
        day: date | None = getattr(self, milestone.value)
        return day

    @property
    def given(self) -> dict[Milestone, date]:
        return {m: day for m in Milestone if (day := self.on(m)) is not None}

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {m.value: day.isoformat() for m, day in self.given.items()}
        return said | ({"firm_until": f"{self.firm_until:%H:%M}"} if self.firm_until else {})


@dataclass(frozen=True, slots=True)
class Notice:
    """Where dates are from. An address is printed only when it is the issuing office's own."""

    document: str = ""  # 文号, or the notice's name where it has none
    address: str = ""
    grade: Grade = Grade.UNSOURCED
    remark: str = ""


NO_DATES, NO_NOTICE = Dates(), Notice()


@dataclass(frozen=True, slots=True)
class Programme:
    code: str
    label: str
    short: str
    kind: ProgrammeKind
    applicants: str  # who files: "firm" or "carrier"
    certificate: str | None  # the kind of certificate that a recognition issues
    policy: str | None
    once_a_year: bool
    yearly: Mapping[str, str]  # batch → the day that a law fixes, as "05-31"
    basis: str
    materials: Sequence[Mapping[str, Any]] = ()
    field_checks: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Window:
    id: uuid.UUID
    programme: str
    title: str  # the programme's label
    short: str
    kind: ProgrammeKind
    year: int
    batch: int
    label: str  # "第二批"; empty where the year has one window
    region: str
    state: WindowState
    dates: Dates
    notice: Notice
    month: int | None  # the month that the rule names where it names no day
    version: int
    opened_at: datetime | None

    @property
    def name(self) -> str:
        return f"{self.year} 年{self.title}{self.label}"


@dataclass(frozen=True, slots=True)
class WindowVersion:
    version: int
    change: WindowChange
    state: WindowState
    dates: Dates
    notice: Notice
    reason: str
    actor_name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WindowSeries:
    """A window with what people plan by until it is confirmed: the latest earlier year that has dates."""

    window: Window
    earlier: Window | None = None
    versions: tuple[WindowVersion, ...] = field(default=())
