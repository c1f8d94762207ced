"""The words of an officer's work with a firm: visits, needs, tasks, and what the brief before a visit says."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.labels import Labelled


class VisitKind(Labelled):
    ON_SITE = "on_site", "上门走访"
    PHONE = "phone", "电话"
    OFFICE = "office", "来局面谈"
    ONLINE = "online", "线上会议"


class NeedKind(Labelled):
    FINANCE = "finance", "融资"
    LAND = "land", "用地用房"
    TALENT = "talent", "人才用工"
    POLICY = "policy", "政策咨询"
    APPROVAL = "approval", "审批办证"
    UTILITY = "utility", "水电气网"
    MARKET = "market", "市场订单"
    RESEARCH = "research", "技术与产学研"
    OTHER = "other", "其他"


class NeedState(Labelled):
    OPEN = "open", "办理中"
    SOLVED = "solved", "已解决"
    ANSWERED = "answered", "已答复"
    DECLINED = "declined", "不予办理"


class TaskState(Labelled):
    OPEN = "open", "未完成"
    DONE = "done", "已完成"
    DROPPED = "dropped", "已取消"


class Owner(Labelled):
    """Whose word a task is: what the bureau promised the firm, or the firm the bureau."""

    BUREAU = "bureau", "我方"
    FIRM = "firm", "企业"


class MergeState(Labelled):
    DONE = "done", "已合并"
    UNDONE = "undone", "已撤销"


@dataclass(frozen=True, slots=True)
class Told:
    """Whom a text has told because it names them, and whom it names in vain."""

    names: Sequence[str] = ()
    unknown: Sequence[str] = ()

    @property
    def sentence(self) -> str:
        said = f"；已告诉 {'、'.join(self.names)}" if self.names else ""
        vain = "、".join(f"@{name}" for name in self.unknown)
        return said + (f"；没有告诉 {vain}：没有这位同事，或这家企业不在其管辖范围内" if vain else "")

    def __or__(self, other: "Told") -> "Told":
        names, unknown = (*self.names, *other.names), (*self.unknown, *other.unknown)
        return Told(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(unknown)))


NOBODY = Told()


@dataclass(frozen=True, slots=True)
class Written:
    """What was written down, and who hears of it."""

    id: uuid.UUID
    told: Told


@dataclass(frozen=True, slots=True)
class Raised:
    """A need as the firm put it."""

    kind: NeedKind
    body: str
    due_on: date | None = None
    officer_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Promise:
    title: str
    owner: Owner


@dataclass(frozen=True, slots=True)
class VisitEntry:
    """What is written down after a visit. Promises become tasks that fall due at the next touch."""

    visited_on: date
    kind: VisitKind
    people: str
    summary: str
    next_touch_on: date | None = None
    promises: Sequence[Promise] = ()
    need: Raised | None = None


@dataclass(frozen=True, slots=True)
class TaskEntry:
    title: str
    due_on: date
    officer_id: uuid.UUID | None
    owner: Owner = Owner.BUREAU


@dataclass(frozen=True, slots=True)
class Visit:
    id: uuid.UUID
    visited_on: date
    kind: VisitKind
    people: str
    summary: str
    next_touch_on: date | None
    visitor_id: uuid.UUID | None
    visitor_name: str
    logged_at: datetime
    struck_at: datetime | None
    striker_name: str
    strike_reason: str


@dataclass(frozen=True, slots=True)
class Task:
    id: uuid.UUID
    title: str
    due_on: date
    owner: Owner
    officer_id: uuid.UUID | None
    officer_name: str
    visit_id: uuid.UUID | None
    state: TaskState
    version: int
    author_name: str
    created_at: datetime
    closed_at: datetime | None
    closer_name: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    at: datetime
    author_name: str
    body: str


@dataclass(frozen=True, slots=True)
class Need:
    id: uuid.UUID
    kind: NeedKind
    body: str
    raised_on: date
    due_on: date | None
    officer_id: uuid.UUID | None
    officer_name: str
    visit_id: uuid.UUID | None
    state: NeedState
    answer: str
    version: int
    author_name: str
    logged_at: datetime
    closed_at: datetime | None
    closer_name: str
    follow_ups: Sequence[FollowUp] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A note, or a visit as the firm's story tells it: then with how, when and with whom."""

    at: datetime
    who: str
    body: str
    kind: VisitKind | None
    visited_on: date | None
    people: str | None
    strike_reason: str


class Matter(Labelled):
    """Why a firm is in the day's queue."""

    TASK = "task", "待办"
    NEED = "need", "诉求"
    TOUCH = "touch", "约定联系"
    NEAR = "near", "接近达标"
    LAPSING = "lapsing", "证书到期"
    STALE = "stale", "停滞"


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason, with its day if it has one; `missed` and `shortfall` of a title that the firm is near to."""

    matter: Matter
    day: date | None
    said: str = ""
    policy: str = ""
    missed: int | None = None
    shortfall: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    firm_id: uuid.UUID
    uscc: str
    name: str
    tier: str | None
    tier_since: date | None
    last_contact_on: date | None
    signals: Sequence[Signal]


@dataclass(frozen=True, slots=True)
class Numbers:
    """One person's own: how much there is, and how much of it is late."""

    firms: int
    stale: int
    touches_due: int
    tasks: int
    tasks_late: int
    needs: int
    needs_late: int
    visits_this_month: int


@dataclass(frozen=True, slots=True)
class Due:
    """A task or a need on somebody's desk, with the firm it is about."""

    id: uuid.UUID
    uscc: str
    firm_name: str
    said: str
    due_on: date | None
    officer_name: str
    kind: str  # of a need; of a task whose word it is
    version: int


class WorkKind(Labelled):
    """What of somebody's work is handed over."""

    FIRMS = "firms", "负责的企业"
    TASKS = "tasks", "未完成的待办"
    NEEDS = "needs", "办理中的诉求"
    PLANS = "plans", "进行中的一企一策"
    APPLICATIONS = "applications", "未办完的申报"


class Handed(Labelled):
    """What has become of a piece of work that was handed over."""

    GIVEN = "given", "已移交"
    UNDONE = "undone", "已撤销"
    KEPT = "kept", "没有撤销"
