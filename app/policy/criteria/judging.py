"""What no figure decides."""

from typing import ClassVar, Literal

from pydantic import Field

from app.policy.context import Context
from app.policy.criteria.base import BaseCriterion, Finding
from app.policy.terms import MANUAL, UNKNOWN


class Manual(BaseCriterion):
    """The text is silent, contested, or asks for an expert: a person decides and says why."""

    kind: Literal["manual"]
    known_as: ClassVar[str] = "manual"
    reason: str = Field(min_length=1)
    facts: tuple[str, ...] = ()  # what the person will want to see; unknown while one of them is

    def examine(self, ctx: Context) -> Finding:
        if self.facts and (lack := tuple(path for path in self.facts if path not in ctx.values)):
            return Finding(self, UNKNOWN, lack=lack)
        return Finding(self, MANUAL, why=self.reason)

    def asks(self, finding: Finding | None = None) -> str:
        return "人工判断"
