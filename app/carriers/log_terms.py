"""What an operator does for its tenants and keeps a line of: services, events, mentors, investments."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from app.labels import Labelled


class LogKind(Labelled):
    SERVICE = "service", "服务"
    EVENT = "event", "活动"
    MENTOR = "mentor", "导师"
    INVESTMENT = "investment", "投资"


class LogSort(Labelled):
    """Of a service, an event, an investment. What the national conditions tell apart is told apart: 300号 第九条 counts
    天使投资 and 风险投资, 131号 an incubator's own and joint funds; forms count 活动 and 培训 each for itself."""

    TUTORING = "tutoring", "创业辅导"
    FINANCING = "financing", "投融资对接"
    TECHNOLOGY = "technology", "技术服务"
    LEGAL = "legal", "法律财税"
    PROPERTY = "property", "知识产权"
    TALENT = "talent", "人才"
    APPLYING = "applying", "政策申报"
    OTHER = "other", "其他"
    ACTIVITY = "activity", "活动"
    TRAINING = "training", "培训"
    ROADSHOW = "roadshow", "路演"
    OWN_FUND = "own_fund", "自有或合作孵化资金"
    ANGEL = "angel", "天使投资"
    VENTURE = "venture", "风险投资"
    OTHER_EQUITY = "other_equity", "其他股权融资"
    DEBT = "debt", "债权融资"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is asked for one kind of line, in its own words; what has no word is not asked."""

    on: str
    title: str
    party: str
    sorts: tuple[LogSort, ...] = ()
    sort: str = ""
    holder: str = ""
    holder_needed: bool = False
    mentor: str = ""
    until: str = ""
    people: str = ""
    amount: str = ""

    def asks(self, field: str) -> str:
        return "备注" if field == "note" else str(getattr(self, field))


FIELDS = ("on", "sort", "title", "holder", "mentor", "party", "people", "amount", "until", "note")
_S = tuple(LogSort)
SHAPES: Mapping[LogKind, Shape] = {
    LogKind.SERVICE: Shape(
        "服务日期", "服务内容", "服务机构", _S[:8], "类别", holder="服务对象", mentor="辅导导师", people="服务人次"
    ),
    LogKind.EVENT: Shape("活动日期", "活动名称", "主讲或合作方", _S[8:11], "类别", people="参加人次"),
    LogKind.MENTOR: Shape("聘任日期", "导师姓名", "单位和职务", until="聘期止"),
    LogKind.INVESTMENT: Shape(
        "到账日期", "投资方", "说明", _S[11:], "类别", holder="获投企业或团队", holder_needed=True, amount="到账金额"
    ),
}


@dataclass(frozen=True, slots=True)
class Holder:
    """A firm or a team that is or was in the carrier."""

    id: uuid.UUID
    is_team: bool
    name: str
    uscc: str
    since: date
    inside: bool


@dataclass(frozen=True, slots=True)
class LogEntry:
    kind: LogKind
    on: date
    title: str
    sort: LogSort | None = None
    holder: uuid.UUID | None = None  # of a `Holder`
    mentor: uuid.UUID | None = None
    party: str = ""
    people: int | None = None
    amount: Decimal | None = None
    until: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    id: uuid.UUID
    kind: LogKind
    on: date
    title: str
    sort: LogSort | None
    holder: uuid.UUID | None
    holder_name: str
    uscc: str
    mentor: uuid.UUID | None
    mentor_name: str
    party: str
    people: int | None
    amount: Decimal | None
    until: date | None
    note: str
    author_name: str
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What was done between two days. Who was served or financed twice counts once."""

    services: int = 0
    served: int = 0
    activities: int = 0
    trainings: int = 0
    people: int = 0
    investments: int = 0
    financed: int = 0
    amount: Decimal = Decimal(0)
    mentors: int = 0  # on the last day

    @property
    def lines(self) -> int:
        return self.services + self.activities + self.trainings + self.investments


COUNT_LABELS: Mapping[str, str] = {
    "services": "服务次数",
    "served": "服务家数",
    "activities": "活动",
    "trainings": "培训",
    "people": "参加人次",
    "investments": "投资笔数",
    "financed": "获投家数",
    "amount": "投资金额",
    "mentors": "在聘导师",
}
