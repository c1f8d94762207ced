"""Words of a bulk act: one thing done to many firms of a list, looked at first and taken back as a whole."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from app.access.terms import Permission
from app.labels import Labelled

MOST_PICKED = 200  # firms named one by one; more are meant by the filter


class BulkKind(Labelled):
    OFFICER = "officer", "指定责任专员"
    TAG_ADD = "tag_add", "加标签"
    TAG_REMOVE = "tag_remove", "去标签"
    NEXT_TOUCH = "next_touch", "定下次联系"
    TASK = "task", "布置待办"
    TIER = "tier", "移动梯队"

    @property
    def permission(self) -> Permission:
        """The right that the same act asks for with one firm."""
        return _RIGHTS.get(self, Permission.FIRM_EDIT)


_RIGHTS = {BulkKind.TASK: Permission.FIRM_NOTE, BulkKind.TIER: Permission.MOVE}


class ActState(Labelled):
    CHECKING = "checking", "正在核对"
    PREVIEW = "preview", "待确认"
    APPLYING = "applying", "正在办理"
    DONE = "done", "已办理"
    DISCARDED = "discarded", "已放弃"
    UNDOING = "undoing", "正在撤销"
    UNDONE = "undone", "已撤销"

    @property
    def busy(self) -> bool:
        return self in (ActState.CHECKING, ActState.APPLYING, ActState.UNDOING)

    def may_become(self, state: "ActState") -> bool:
        return state in _NEXT.get(self, ())


_S = ActState
_NEXT: Mapping[ActState, tuple[ActState, ...]] = {
    _S.CHECKING: (_S.PREVIEW,),
    _S.PREVIEW: (_S.APPLYING, _S.DISCARDED),
    _S.APPLYING: (_S.DONE,),
    _S.DONE: (_S.UNDOING,),
    _S.UNDOING: (_S.UNDONE, _S.DONE),  # what could not be taken back whole can be taken back once more
}


class LineOutcome(Labelled):
    """What becomes of one firm: first what would, then what did, at last what was taken back."""

    UNCHECKED = "unchecked", "待核对"
    CHANGES = "changes", "会办理"
    ASKS = "asks", "会送第二人复核"
    SAME = "same", "不变"
    REFUSED = "refused", "不能办"
    DONE = "done", "已办理"
    ASKED = "asked", "已送复核"
    LEFT = "left", "没有办"
    UNDONE = "undone", "已撤销"
    KEPT = "kept", "没有撤销"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom firms or tasks are given to; a task without one goes to whoever looks after the firm."""

    id: uuid.UUID
    name: str
    scope: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done, the same for every firm. Which parts are set goes with the kind."""

    kind: BulkKind
    person: Person | None = None
    tag: str = ""
    on: date | None = None  # next touch, a task's due day, the day from which a tier is held
    title: str = ""
    tier: str | None = None  # None: off the ladder
    reason: str = ""

    @property
    def said(self) -> str:
        """In words, as far as names are not the ladder's."""
        who, tag, on = self.person.name if self.person else "", f"“{self.tag}”", f"{self.on}"
        return {
            BulkKind.OFFICER: f"责任专员改为{who}" if who else "取消责任专员",
            BulkKind.TAG_ADD: f"加标签{tag}",
            BulkKind.TAG_REMOVE: f"去标签{tag}",
            BulkKind.NEXT_TOUCH: f"下次联系定为 {on}" if self.on else "清空下次联系",
            BulkKind.TASK: f"布置待办“{self.title}”，{on} 前，由{who or '各企业的责任专员'}办",
            BulkKind.TIER: f"移动梯队，{on} 生效",
        }[self.kind]

    def to_json(self) -> dict[str, Any]:
        person = self.person and {"id": str(self.person.id), "name": self.person.name, "scope": self.person.scope}
        on = self.on.isoformat() if self.on else None
        return {
            "person": person,
            "tag": self.tag,
            "on": on,
            "title": self.title,
            "tier": self.tier,
            "reason": self.reason,
        }

    @classmethod
    def of(cls, kind: BulkKind, kept: Mapping[str, Any]) -> Self:
        who = kept["person"]
        person = Person(uuid.UUID(who["id"]), who["name"], who["scope"]) if who else None
        on = date.fromisoformat(kept["on"]) if kept["on"] else None
        return cls(kind, person, kept["tag"], on, kept["title"], kept["tier"], kept["reason"])


@dataclass(frozen=True, slots=True)
class Judged:
    outcome: LineOutcome
    reason: str = ""
