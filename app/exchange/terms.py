"""Words of Excel in and out: what a row does to the registry, and where a batch stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from app.labels import Labelled
from app.text.clean import printable

# What is written to it now an undoing of the merge would write over, or be kept from by.
MERGED = "这条记录已并入别的企业，请用保留的那一条的代码。"


class BatchKind(Labelled):
    FIRMS = "firms", "企业名册"
    CONTACTS = "contacts", "联系人"
    CERTIFICATES = "certificates", "证书"
    MOVES = "moves", "梯队移动"
    ROOMS = "rooms", "房间和入驻"
    SERVICES = "log_service", "服务"
    EVENTS = "log_event", "活动"
    MENTORS = "log_mentor", "导师"
    INVESTMENTS = "log_investment", "投资"

    @property
    def of_carrier(self) -> bool:
        """One carrier's own list, which its pages bring in."""
        return self not in (BatchKind.FIRMS, BatchKind.CONTACTS, BatchKind.CERTIFICATES, BatchKind.MOVES)


class RowOutcome(Labelled):
    CREATED = "created", "新增"
    UPDATED = "updated", "更新"
    UNCHANGED = "unchanged", "不变"
    REJECTED = "rejected", "错误"


class RowEnd(Labelled):
    """What an undoing made of a row that had been written."""

    BACK = "back", "已撤销"
    LEFT = "left", "没有撤销"


@dataclass(frozen=True, slots=True)
class LineResult:
    """A row of a short list that is taken whole or not at all."""

    number: int
    what: str
    who: str
    outcome: RowOutcome
    said: str  # what is done, or what is wrong
    faults: Mapping[str, str] = field(default_factory=dict)  # by column
    deeds: Sequence[Mapping[str, Any]] = ()  # what was written, as `taking_back` reads it

    def doing(self, *deeds: Mapping[str, Any]) -> "LineResult":
        return replace(self, deeds=deeds)


class BatchState(Labelled):
    UPLOADED = "uploaded", "等待检查"
    CHECKING = "checking", "正在检查"
    PREVIEW = "preview", "待确认"
    UNREADABLE = "unreadable", "无法读取"
    QUEUED = "queued", "等待导入"
    APPLYING = "applying", "正在导入"
    APPLIED = "applied", "已导入"
    DISCARDED = "discarded", "已放弃"
    UNDO_QUEUED = "undo_queued", "等待撤销"
    UNDOING = "undoing", "正在撤销"
    UNDONE = "undone", "已撤销"

    @property
    def busy(self) -> bool:
        return self in _BUSY

    def may_become(self, state: "BatchState") -> bool:
        return state in _NEXT[self]


_S = BatchState
_BUSY = frozenset({_S.UPLOADED, _S.CHECKING, _S.QUEUED, _S.APPLYING, _S.UNDO_QUEUED, _S.UNDOING})
_NEXT: Mapping[BatchState, frozenset[BatchState]] = {
    _S.UPLOADED: frozenset({_S.CHECKING, _S.DISCARDED}),
    _S.CHECKING: frozenset({_S.CHECKING, _S.PREVIEW, _S.UNREADABLE}),
    _S.PREVIEW: frozenset({_S.QUEUED, _S.DISCARDED}),
    _S.UNREADABLE: frozenset(),
    _S.QUEUED: frozenset({_S.APPLYING}),
    # Back to the preview when the rows could not be written; nothing of them was.
    _S.APPLYING: frozenset({_S.APPLYING, _S.APPLIED, _S.PREVIEW}),
    _S.APPLIED: frozenset({_S.UNDO_QUEUED, _S.UNDONE}),  # a command undoes at once
    _S.UNDO_QUEUED: frozenset({_S.UNDOING}),
    # Applied again when the undoing failed; nothing of it was written.
    _S.UNDOING: frozenset({_S.UNDOING, _S.UNDONE, _S.APPLIED}),
    _S.DISCARDED: frozenset(),
    _S.UNDONE: frozenset(),
}


class Severity(Labelled):
    WARNING = "warning", "提醒"
    ERROR = "error", "错误"


@dataclass(frozen=True, slots=True)
class Message:
    field: str
    sentence: str
    severity: Severity
    repeats: bool = False  # the row says again what an earlier one said

    def to_json(self) -> dict[str, Any]:
        sentence = printable(self.sentence)  # it may quote what was refused
        return {"field": self.field, "sentence": sentence, "severity": self.severity.value}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference as people read it."""

    field: str
    label: str
    before: str
    after: str

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "label": self.label, "before": self.before, "after": self.after}


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """Where in the file its table was found."""

    sheet: str
    header_row: int
    unknown: Sequence[str]
    doubled: Sequence[str]
    columns: Mapping[str, int]  # field → column, from 0
    total: int


@dataclass(frozen=True, slots=True)
class Left:
    """A row that an undoing had to leave as it is."""

    row_no: int
    name: str
    why: str = ""

    def __str__(self) -> str:
        return f"第 {self.row_no} 行 {self.name}".rstrip() + (f"（{self.why}）" if self.why else "")


@dataclass(frozen=True, slots=True)
class RowCertificate:
    number: str
    issued_on: date


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As a row keeps what it has changed, until it is taken back."""
    kept = {name: getattr(value, "value", value) for name, value in values.items()}
    return {n: v if v is None or isinstance(v, bool | int) else str(v) for n, v in kept.items()}
