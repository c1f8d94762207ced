"""A published list of who passed, and what became of each of its lines."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.labels import Labelled


class ListKind(Labelled):
    PUBLICITY = "publicity", "公示名单"
    ANNOUNCEMENT = "announcement", "公告名单"


class ListState(Labelled):
    PREVIEW = "preview", "待核对"
    APPLIED = "applied", "已登记"
    UNDONE = "undone", "已撤销"
    DISCARDED = "discarded", "已放弃"


class Match(Labelled):
    EXACT = "exact", "准确"
    SIMILAR = "similar", "相似"
    NONE = "none", "未找到"


class Outcome(Labelled):
    DONE = "done", "已登记"
    FAILED = "failed", "没有登记"
    TAKEN_BACK = "taken_back", "已撤销"
    LEFT = "left", "没有撤销"


@dataclass(frozen=True, slots=True)
class Line:
    """What the list says, as far as it can be read."""

    row_no: int
    name: str
    uscc: str = ""
    number: str = ""
    issued_on: date | None = None
    expires_on: date | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A firm on file that a line may mean."""

    uscc: str
    name: str
    region_code: str
    why: str

    def to_json(self) -> dict[str, str]:
        return {"uscc": self.uscc, "name": self.name, "region_code": self.region_code, "why": self.why}


@dataclass(frozen=True, slots=True)
class NewList:
    """`issued_on` is for the lines that have no day of their own."""

    kind: ListKind
    document: str
    address: str
    announced_on: date
    issued_on: date | None
    source: str  # the file's name, or that it was pasted


@dataclass(frozen=True, slots=True)
class ResultList:
    id: uuid.UUID
    window_id: uuid.UUID
    scope: str
    kind: ListKind
    document: str
    address: str
    announced_on: date
    issued_on: date | None
    source: str
    state: ListState
    version: int
    creator_name: str
    created_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None
    counts: dict[str, int]  # by match, and "open": lines that nobody has settled


@dataclass(frozen=True, slots=True)
class ResultRow:
    line: Line
    match: Match
    candidates: tuple[Candidate, ...]
    settled: bool
    chosen: str  # a firm's code; empty: nobody of ours
    chosen_name: str
    outcome: Outcome | None
    said: str
    undo: dict[str, Any] | None
