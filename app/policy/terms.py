"""The engine's words, shared by every policy: three-valued outcomes, what a finding says, what closes a gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from app.labels import Labelled

# Printed wherever a rule of ours stands in for a local one that nobody has published.
LOCAL_DEFAULT = "系统默认参考规则·可配置·非官方认定条件"


class Outcome(Labelled):
    MET = "met", "达标"
    NOT_MET = "not_met", "未达标"
    UNKNOWN = "unknown", "缺数据"
    MANUAL = "manual", "需人工判断"
    NOT_APPLICABLE = "not_applicable", "不适用"


# Reading a member off its class costs as much as a comparison; what runs for every firm and condition uses these.
MET, NOT_MET, UNKNOWN, MANUAL, NOT_APPLICABLE = Outcome


class Case(Labelled):
    """Which occasion a policy is asked for: some rules ask less of a firm that is re-examined."""

    NEW = "new", "新认定"
    RECHECK = "recheck", "复核"


class Grade(Labelled):
    """How far a number's source can be trusted; national files use O/M/S/C/U, local ones A/B/C/D/M."""

    OFFICIAL = "official", "官方页面"
    MIRRORED = "mirrored", "官方文本，转载处读到"
    CODE = "code", "公开代码或产品文档引用官方页面"
    THIRD_PARTY = "third_party", "第三方转述"
    UNSOURCED = "unsourced", "尚无来源，待核实"
    DEFAULT = "default", LOCAL_DEFAULT


# The documents of the rules use letters; a version may carry one of them, or a word of `Grade`.
GRADE_LETTERS: Mapping[str, Grade] = {
    "O": Grade.OFFICIAL,
    "A": Grade.OFFICIAL,
    "M": Grade.MIRRORED,
    "B": Grade.MIRRORED,
    "S": Grade.CODE,
    "D": Grade.CODE,
    "C": Grade.THIRD_PARTY,
    "U": Grade.UNSOURCED,
}
_GRADES: Mapping[str, Grade] = {**GRADE_LETTERS, **{grade.value: grade for grade in Grade}}


def grade_of(said: str) -> Grade | None:
    """None for a word that is no grade."""
    return _GRADES.get(said)


@dataclass(frozen=True, slots=True)
class Gap:
    """The least change of one figure that closes one condition, the others as they are.

    `amount` is signed in `unit`: money to the fen, counts whole. `closed` says that the figure's year is over and
    can no longer be changed by doing something, only corrected if it was reported wrongly.
    """

    figure: str
    label: str
    year: int | None
    amount: Decimal
    unit: str
    closed: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "year": self.year,
            "amount": f"{self.amount:f}",
            "unit": self.unit,
            "label": self.label,
            "closed": self.closed,
        }


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition's answer, in full: what is asked, what was found, from which inputs, and what would close it."""

    code: str
    title: str
    outcome: Outcome
    required: str = ""  # as machines read it: >= 0.05
    actual: str = ""  # exact to at least six places, never rounded across the limit
    cite: str = ""
    note: str = ""
    asks: str = ""  # the same two as people read them: 不低于 5%，4.31%
    found: str = ""
    grade: str = ""
    gaps: tuple[Gap, ...] = ()
    missing: tuple[str, ...] = ()
    inputs: tuple[tuple[str, str], ...] = ()  # path of the fact, its value as it stood
    parts: tuple["Criterion", ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "title": self.title,
            "outcome": self.outcome.value,
            "required": self.required,
            "actual": self.actual or None,
            "asks": self.asks,
            "found": self.found,
            "gap": self.gaps[0].to_json() if self.gaps else None,
            "levers": [gap.to_json() for gap in self.gaps],
            "cite": self.cite,
            "grade": self.grade,
            "missing": list(self.missing),
            "inputs": dict(self.inputs),
            "note": self.note,
            "parts": [part.to_json() for part in self.parts],
        }


@dataclass(frozen=True, slots=True)
class ScoreItem:
    code: str
    title: str
    low: int
    high: int
    most: int
    rate: str = ""
    note: str = ""
    found: str = ""  # the rate as people read it

    def to_json(self) -> dict[str, Any]:
        item = {"code": self.code, "title": self.title, "low": self.low, "high": self.high, "max": self.most}
        return item | ({"rate": self.rate} if self.rate else {}) | ({"note": self.note} if self.note else {})


@dataclass(frozen=True, slots=True)
class Score:
    low: int
    high: int
    pass_line: str
    outcome: Outcome
    items: tuple[ScoreItem, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "low": self.low,
            "high": self.high,
            "pass": self.pass_line,
            "outcome": self.outcome.value,
            "items": [item.to_json() for item in self.items],
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """One policy's answer for one firm on one day, under the version that was in force then."""

    policy: str
    version: str
    document: str
    as_of: date
    outcome: Outcome
    criteria: tuple[Criterion, ...] = field(default=())
    score: Score | None = None
    title: str = ""
    label: str = ""
    case: Case = Case.NEW
    missed: int = 0  # conditions not met; of alternatives only the one that decides
    lacking: int = 0  # conditions that cannot be told for want of data

    @property
    def open_criteria(self) -> Sequence[Criterion]:
        return [c for c in self.criteria if c.outcome not in (Outcome.MET, Outcome.NOT_APPLICABLE)]

    @property
    def sentences(self) -> list[str]:
        """What stands in the way, in words to act on; what is missing says for which condition."""
        return [
            f"{c.title}：{c.note}" if c.note and c.outcome is Outcome.UNKNOWN else c.note or c.title
            for c in self.open_criteria
        ]

    @property
    def official(self) -> bool:
        return self.label != LOCAL_DEFAULT

    def to_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "title": self.title,
            "version": self.version,
            "document": self.document,
            "label": self.label,
            "case": self.case.value,
            "as_of": self.as_of.isoformat(),
            "outcome": self.outcome.value,
            "missed": self.missed,
            "lacking": self.lacking,
            "criteria": [criterion.to_json() for criterion in self.criteria],
        } | ({"score": self.score.to_json()} if self.score else {})
