"""What a reviewer is asked to look at, and what became of it. Never a ground to refuse: there may be good reasons."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.labels import Labelled

# The house's own lines, of no document: how much likeness is worth a look.
OTHERS_WITH_PHONE = 2
OTHERS_WITH_ADDRESS = 2
SAME_FIGURES = 4
TELLING_DIGITS = 4


class Likeness(Labelled):
    DOCUMENT = "document", "同一份文件"
    PHONE = "phone", "同一个电话"
    ADDRESS = "address", "同一个地址"
    COPIED = "copied", "数字与别家相同"
    LAST_YEAR = "last_year", "数字与自己上年相同"


class Outcome(Labelled):
    EXPLAINED = "explained", "核实过，有正当原因"
    ASKED = "asked", "已请企业说明"
    CONFIRMED = "confirmed", "确有问题，另行处理"


@dataclass(frozen=True, slots=True)
class Other:
    firm_id: uuid.UUID
    uscc: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """`key` tells it from others of its kind, for as long as it lasts; `weight`: how much likeness there is."""

    kind: Likeness
    key: str
    sentence: str
    weight: int
    others: Sequence[Other] = ()


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found out, when there was so much of it."""

    kind: Likeness
    key: str
    weight: int
    outcome: Outcome
    words: str
    at: datetime
    name: str
