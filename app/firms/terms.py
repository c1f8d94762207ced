"""The registry's words: status, size, the fields a person can fill, and the one filter all lists share."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from app.labels import Labelled
from app.personal.masking import mask
from app.personal.terms import Kind

MAIN_LADDER = "main"

T = TypeVar("T")


class FirmStatus(Labelled):
    ACTIVE = "active", "存续"
    MOVED_OUT = "moved_out", "迁出"
    DEREGISTERED = "deregistered", "注销"
    MERGED = "merged", "合并"


class ErasureState(Labelled):
    WAITING = "waiting", "等第二个人"
    DONE = "done", "已抹去"
    REFUSED = "refused", "不同意"
    WITHDRAWN = "withdrawn", "已收回"


class SizeClass(Labelled):
    LARGE = "large", "大型"
    MEDIUM = "medium", "中型"
    SMALL = "small", "小型"
    MICRO = "micro", "微型"


class Sort(Labelled):
    """A list's order; each also runs the other way round with a leading "-" in the address."""

    UPDATED = "updated", "最近更新"
    NAME = "name", "企业名称"
    TIER_SINCE = "tier_since", "在梯队时间"
    REGISTERED = "registered", "成立日期"
    NEXT_TOUCH = "next_touch", "下次联系"
    RELEVANCE = "relevance", "最相近"


class Near(Labelled):
    """How near a firm is to a policy. A number is the most conditions that it may miss."""

    MET = "met", "已达标"
    ONE = "1", "最多差 1 项"
    TWO = "2", "最多差 2 项"
    THREE = "3", "最多差 3 项"
    DATA = "data", "只缺数据"
    MANUAL = "manual", "只待人工判断"

    @property
    def most(self) -> int | None:
        return int(self.value) if self.value.isdecimal() else None


# What an officer may fill in, with the words shown on forms, in differences, audit and workbooks.
FIELD_LABELS: Mapping[str, str] = {
    "name": "企业名称",
    "uscc": "统一社会信用代码",
    "uscc_override": "信用代码校验说明",
    "registered_on": "成立日期",
    "region_code": "所属镇街",
    "park": "所属园区",
    "industry_code": "行业代码",
    "high_tech_field": "技术领域",
    "direction": "技术方向",
    "registered_capital": "注册资本",
    "size_class": "企业规模",
    "above_designated_size": "是否规上",
    "address": "地址",
    "status": "状态",
    "officer_id": "责任专员",
    "next_touch_on": "下次联系",
    "remark": "备注",
    "contacts": "联系人",
    "tags": "标签",
    "former_names": "曾用名",
}


# The bureau's own words about a firm, kept from the firm and from whoever only runs the system, at every door.
INTERNAL_FIELDS = frozenset({"remark", "uscc_override", "next_touch_on", "tags"})
# Says that a code cannot be taken, and nothing of whose it is or where.
CODE_TAKEN = "这个代码不能由您登记，请与上级部门核对。"


@dataclass(frozen=True, slots=True)
class ContactDetails:
    name: str
    phone: str = ""
    title: str = ""
    email: str = ""

    def masked(self, hidden: Collection[Kind]) -> "ContactDetails":
        parts = {"name": Kind.NAME, "phone": Kind.PHONE, "email": Kind.EMAIL}
        return replace(self, **{f: mask(kind, getattr(self, f)) for f, kind in parts.items() if kind in hidden})


@dataclass(frozen=True, slots=True)
class Footing:
    """A tier of the main ladder that a firm is registered on, as `app.pipeline` says."""

    tier: str
    since: date
    stale_on: date | None


@dataclass(frozen=True, slots=True)
class FirmEntry:
    """A firm to be written: plain columns, and the child lists where the source speaks of them (None: leave)."""

    values: Mapping[str, Any]
    contacts: Sequence[ContactDetails] | None = None
    tags: Sequence[str] | None = None
    former_names: Sequence[str] | None = None
    # Only for a new firm, so that thousands of them are written once and not three times:
    search_extra: str = ""  # what other domains will add to its search document
    footing: Footing | None = None  # where app.pipeline lets it begin


@dataclass(frozen=True, slots=True)
class FirmFilter:
    """One filter for list, board, export and API alike; the address carries it."""

    q: str = ""
    tier: str = ""  # a tier's code, "none" for firms on no tier, "" for all
    region: str = ""  # division-code prefix
    officer: str = ""  # a user's id, "none", or ""
    status: str = FirmStatus.ACTIVE.value  # "all" for every status
    park: str = ""
    direction: str = ""
    stale: bool = False
    stale_by: str = ""  # a day: those who stand still by then, unless somebody speaks with them
    touch_by: str = ""  # a day: those with whom somebody wanted to speak by then
    overridden: bool = False  # who stand where a move against the conditions brought them
    tag: str = ""
    policy: str = ""  # only firms that it applies to; what follows speaks of its answers
    near: str = ""  # a `Near` value
    within: str = ""  # percent: no missed condition is farther off than that part of what it asks


@dataclass(frozen=True, slots=True)
class FirmRow:
    id: uuid.UUID
    uscc: str
    name: str
    region_code: str
    park: str | None
    tier: str | None
    tier_since: date | None
    stale_on: date | None
    status: str
    officer_name: str | None
    updated_at: datetime
    beside: tuple[Any, ...] = ()  # what else was asked for, in the order in which it was


@dataclass(frozen=True, slots=True)
class FirmDetail:
    id: uuid.UUID
    uscc: str
    uscc_override: str | None
    name: str
    region_code: str
    park: str | None
    industry_code: str | None
    high_tech_field: str | None
    direction: str | None
    size_class: str | None
    above_designated_size: bool | None
    registered_on: date | None
    registered_capital: Decimal | None
    address: str | None
    remark: str | None
    status: str
    officer_id: uuid.UUID | None
    officer_name: str | None
    next_touch_on: date | None
    tier: str | None
    tier_since: date | None
    stale_on: date | None
    version: int
    created_at: datetime
    updated_at: datetime
    contacts: tuple[ContactDetails, ...]
    tags: tuple[str, ...]
    former_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: list[T]
    next: str | None
    hits: int = 0  # of a search by closeness: how many there are, counted no further than its candidates


@dataclass(frozen=True, slots=True)
class Reference:
    """The small tables that every page needs by name: read once in a while, kept in memory."""

    regions: Mapping[str, str] = field(default_factory=dict)
    region_kinds: Mapping[str, str] = field(default_factory=dict)
    industries: Mapping[str, str] = field(default_factory=dict)
    high_tech_fields: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)
    direction_synonyms: Mapping[str, str] = field(default_factory=dict)
    parks: tuple[str, ...] = ()
    park_synonyms: Mapping[str, str] = field(default_factory=dict)  # by comparison key, as rosters write them
    bureau: str = ""

    def region(self, code: str) -> str:
        return self.regions.get(code, code)
