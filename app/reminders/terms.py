"""Who is reminded of what, how long before, and what became of it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.filings.terms import Milestone
from app.labels import Labelled
from app.recognitions.terms import CertificateKind


class Anchor(Labelled):
    """What a rule's days are counted from."""

    WINDOW = "window", "申报窗口的日期"
    CERTIFICATE = "certificate", "证书到期日"
    CHANGE = "change", "日期变更"
    STAY = "stay", "孵化期限届满日"
    LEASE = "lease", "租期截止日"
    MONTHLY = "monthly", "每月 4 日（载体月报）"
    DUTY = "duty", "载体义务的期限"


# Counted from a tenancy, from the month or from a carrier's duty, and told to those who run the carrier.
HOUSED = frozenset({Anchor.STAY, Anchor.LEASE, Anchor.MONTHLY, Anchor.DUTY})


class Audience(Labelled):
    MET = "met", "已达标"
    NEAR = "near", "差一点达标"
    LACKING = "lacking", "只缺数据"
    HOLDERS = "holders", "持有有效证书"
    RENEWING = "renewing", "三年前发证、今年应重新认定"
    ABOVE_SIZE = "above_size", "规模以上企业"
    NOT_FILED = "not_filed", "已列入、尚未着手"
    UNFINISHED = "unfinished", "已着手、尚未提交"
    SUBMITTED = "submitted", "已提交、尚未推荐"


class Party(Labelled):
    """To whom a step speaks: the firm itself, then those who look after it."""

    FIRM = "firm", "企业"
    OFFICER = "officer", "责任专员"
    MANAGER = "manager", "局领导"
    CARRIER = "carrier", "载体运营人员"


class DayUnit(Labelled):
    DAYS = "days", "天"
    WORKDAYS = "workdays", "个工作日"
    MONTHS = "months", "个月"


class RuleState(Labelled):
    DRAFT = "draft", "未启用"
    ACTIVE = "active", "启用中"
    PAUSED = "paused", "已暂停"


class ReminderState(Labelled):
    QUEUED = "queued", "已进发件箱"
    UNREACHABLE = "unreachable", "系统发不到"
    WITHDRAWN = "withdrawn", "发出前撤回"


class Exclusion(Labelled):
    """Why a firm that one might expect gets nothing."""

    DONE = "done", "已提交或已办结"
    FAR = "far", "差距超出范围"
    UNKNOWN = "unknown", "缺数据，判断不了"
    OUTSIDE = "outside", "不在对象范围内"
    OFF = "off", "企业选择不收这类提醒"
    CAPPED = "capped", "本周已达上限，顺延"


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """So many days before the date; a negative count is after it."""

    count: int
    unit: DayUnit
    party: Party

    @property
    def key(self) -> str:
        """How the ledger knows it again, whatever else of the rule is edited."""
        return f"{self.party.value}:{self.count}{self.unit.value[0]}"

    @property
    def label(self) -> str:
        if self.count == 0:
            return "当天"
        return f"{'前' if self.count > 0 else '后'} {abs(self.count)} {self.unit.label}"

    def to_json(self) -> dict[str, str | int]:
        return {"count": self.count, "unit": self.unit.value, "party": self.party.value}


@dataclass(frozen=True, slots=True)
class Rule:
    id: uuid.UUID
    code: str
    title: str
    anchor: Anchor
    programme: str | None
    milestone: Milestone | None
    certificate: CertificateKind | None
    audience: tuple[Audience, ...]
    near_missed: int  # a near miss lacks at most so many conditions,
    near_percent: int  # each by at most so many percent of what is asked
    steps: tuple[Step, ...]
    template: str
    mandatory: bool  # a duty by law: no weekly limit holds it back
    basis: str
    state: RuleState
    version: int
    planned_on: date | None  # the last day that was planned for
    activated_at: datetime | None
    activator_name: str


@dataclass(frozen=True, slots=True)
class Template:
    """What is written: to a firm, and to those who look after several."""

    id: uuid.UUID
    code: str
    version: int
    title: str
    subject: str
    body: str
    staff_subject: str
    staff_body: str
    author_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Target:
    """A date that a rule's steps lead up to: a confirmed window's, or a day on which certificates or stays end."""

    id: uuid.UUID
    on: date
    name: str
    region: str = ""
    year: int = 0
    version: int = 0
    basis: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A step that is due for every date in (after, until]; of several the one that is most urgent."""

    step: Step
    after: date
    until: date
    settled_by: Sequence[str]  # this step or a more urgent one: whoever had one of these needs it no more


FIELDS: Mapping[str, str] = {
    "企业": "企业名称",
    "事项": "申报项目或证书",
    "环节": "哪一个日期，如企业提交截止",
    "日期": "日期，写明了几点的带上几点",
    "剩余": "还有几天（几个工作日）",
    "差距": "评估结果，如 差 1 项",
    "原因": "为什么提醒，如 尚未提交",
    "依据": "文号",
    "原日期": "变更前的日期（只用于日期变更）",
    "家数": "几家企业（只用于给专员和领导的）",
    "名单": "其中几家的名称（只用于给专员和领导的）",
    "单位": "本局名称",
    "电话": "本局电话",
}
