"""The engine's words, shared by every gate: three-valued outcomes and what a finding says."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.labels import Labelled


class Outcome(Labelled):
    MET = "met", "达标"
    NOT_MET = "not_met", "未达标"
    UNKNOWN = "unknown", "缺数据"
    MANUAL = "manual", "需人工判断"
    NOT_APPLICABLE = "not_applicable", "不适用"


@dataclass(frozen=True, slots=True)
class CertificateFact:
    kind: str
    number: str
    issued_on: date
    expires_on: date
    revoked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a firm on a day. Absent means not known, never no."""

    certificates: tuple[CertificateFact, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    code: str
    title: str
    outcome: Outcome
    required: str = ""
    actual: str = ""
    cite: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    policy: str
    version: str
    document: str
    as_of: date
    outcome: Outcome
    criteria: tuple[Criterion, ...] = field(default=())

    @property
    def sentences(self) -> list[str]:
        """What stands in the way, in words to act on."""
        return [c.note or c.title for c in self.criteria if c.outcome is not Outcome.MET]

    def to_json(self) -> dict[str, Any]:
        # Written out: `asdict` copies deeply and costs as much as the rest of a move's own Python.
        fields = ("code", "title", "required", "actual", "cite", "note")
        criteria = [{f: getattr(c, f) for f in fields} | {"outcome": c.outcome.value} for c in self.criteria]
        return {
            "policy": self.policy,
            "version": self.version,
            "document": self.document,
            "as_of": self.as_of.isoformat(),
            "outcome": self.outcome.value,
            "criteria": criteria,
        }
