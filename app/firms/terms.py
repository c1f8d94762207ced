"""The registry's words: status, size, and the tiers' codes that every layer above needs to name."""

from dataclasses import dataclass

from app.labels import Labelled

MAIN_LADDER = "main"


class FirmStatus(Labelled):
    ACTIVE = "active", "存续"
    MOVED_OUT = "moved_out", "迁出"
    DEREGISTERED = "deregistered", "注销"
    MERGED = "merged", "合并"


class SizeClass(Labelled):
    LARGE = "large", "大型"
    MEDIUM = "medium", "中型"
    SMALL = "small", "小型"
    MICRO = "micro", "微型"


class Sort(Labelled):
    UPDATED = "updated", "最近更新"
    NAME = "name", "企业名称"
    TIER_SINCE = "tier_since", "在梯队时间"
    REGISTERED = "registered", "成立日期"
    NEXT_TOUCH = "next_touch", "下次联系"


@dataclass(frozen=True, slots=True)
class FirmFilter:
    """One filter for list, board, export and API alike; the address carries it."""

    q: str = ""
    tier: str = ""  # a tier's code, "none" for firms on no tier, "" for all
    region: str = ""  # division-code prefix
    officer: str = ""  # user id, "none", ""
    status: str = FirmStatus.ACTIVE.value  # "all" for every status
    park: str = ""
    direction: str = ""
    stale: bool = False
    tag: str = ""
