"""Saved views of the registry's list, and how each person wants the list to look."""

import uuid
from dataclasses import dataclass

from app.labels import Labelled

LONGEST_NAME = 30
MOST_VIEWS = 50  # of one person
LONGEST_QUERY = 600
PAGE_SIZES = (25, 50, 100)
# All firms in being, as an address says it: the bare one leads to one's own first view.
EVERY_FIRM = "status=active"


class Density(Labelled):
    NORMAL = "normal", "标准"
    DENSE = "dense", "紧凑"


class ListColumn(Labelled):
    """What can be left out of the list; a firm's name always stands there."""

    CODE = "uscc", "统一社会信用代码"
    REGION = "region", "镇街"
    TIER = "tier", "梯队"
    DAYS = "days", "在梯队天数"
    OFFICER = "officer", "责任专员"
    UPDATED = "updated", "更新时间"
    FIELD = "field", "技术领域"
    DIRECTION = "direction", "技术方向"
    REGISTERED = "registered", "成立日期"
    DUE = "due", "最近期限"
    TOUCH = "next_touch", "下次联系"
    CONTACT = "last_contact", "最近联系"
    CERTIFICATE = "certificate", "高企证书至"
    REVENUE = "revenue", "销售收入（万元）"
    INTENSITY = "intensity", "研发占比"


# Those that stand in the list until somebody chooses; the others are read only for whoever asks for them.
USUAL = tuple(ListColumn)[:6]
_SELDOM = frozenset(column.value for column in ListColumn if column not in USUAL)


@dataclass(frozen=True, slots=True)
class SavedList:
    """A view as its reader sees it. `query` is what stands in the address behind the question mark."""

    id: uuid.UUID
    name: str
    query: str
    shared: bool
    mine: bool
    owner: str
    scope: str  # the division within which it is shared; "" while it is private
    version: int


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`version` 0: nothing was chosen yet."""

    hidden: frozenset[str] = _SELDOM
    density: Density = Density.NORMAL
    page_size: int = 50
    first: uuid.UUID | None = None  # the view one begins with, by one's own choice
    version: int = 0


@dataclass(frozen=True, slots=True)
class ListDesk:
    """What a person's list begins with: their arrangement and the views that they can open."""

    arrangement: Arrangement
    first: SavedList | None  # one's own choice, else the role's
    views: tuple[SavedList, ...]


@dataclass(frozen=True, slots=True)
class RoleFirst:
    """The view with which a role begins in a division; `version` 0: with none."""

    view: SavedList | None
    version: int = 0
