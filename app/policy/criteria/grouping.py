"""Criteria made of criteria. Three-valued: one met part decides an any-of, one unmet part decides an all-of."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal

from pydantic import Field

from app.policy.context import Context
from app.policy.criteria.base import FARTHEST, AnyCriterion, BaseCriterion, Finding
from app.policy.terms import MANUAL, MET, NOT_APPLICABLE, NOT_MET, UNKNOWN, Outcome

# What decides a group when nothing decided it outright: first what is not known, then what a person must judge.
_OPEN = (UNKNOWN, MANUAL)


def all_of(outcomes: Sequence[Outcome]) -> Outcome:
    """Nothing that applies is not applicable, never a pass."""
    if NOT_MET in outcomes:
        return NOT_MET
    for outcome in _OPEN:
        if outcome in outcomes:
            return outcome
    return MET if MET in outcomes else NOT_APPLICABLE


def any_of(outcomes: Sequence[Outcome]) -> Outcome:
    if MET in outcomes:
        return MET
    for outcome in _OPEN:
        if outcome in outcomes:
            return outcome
    return NOT_MET if NOT_MET in outcomes else NOT_APPLICABLE


class Group(BaseCriterion):
    criteria: tuple[AnyCriterion, ...] = Field(min_length=1)

    def parts_of(self) -> Sequence[BaseCriterion]:
        return self.criteria

    @cached_property
    def codes(self) -> str:
        return ", ".join(part.code for part in self.criteria)

    def found(self, outcome: Outcome, parts: tuple[Finding, ...]) -> Finding:
        if outcome is not UNKNOWN:
            return Finding(self, outcome, parts=parts)
        lack = tuple(dict.fromkeys([path for part in parts if part.outcome is UNKNOWN for path in part.lack]))
        return Finding(self, outcome, lack=lack, parts=parts)


class AnyOf(Group):
    kind: Literal["any_of"]
    known_as: ClassVar[str] = "any_of"

    def examine(self, ctx: Context) -> Finding:
        parts = []
        for criterion in self.criteria:
            part = criterion.judge(ctx)
            parts.append(part)
            if ctx.brief and part.outcome is MET:
                break
        return self.found(any_of([part.outcome for part in parts]), tuple(parts))

    def asks(self, finding: Finding | None = None) -> str:
        return f"以下 {len(self.criteria)} 项满足任一项"

    def required(self, finding: Finding | None = None) -> str:
        return f"any of {self.codes}"

    def shortfall(self, finding: Finding, ahead: Context) -> Decimal | None:
        near = _shares(finding, ahead)
        within = [share for share in near if share is not None and share < FARTHEST]
        return min(within) if within else None if None in near else FARTHEST


class AllOf(Group):
    kind: Literal["all_of"]
    known_as: ClassVar[str] = "all_of"

    def examine(self, ctx: Context) -> Finding:
        parts = tuple([criterion.judge(ctx) for criterion in self.criteria])
        return self.found(all_of([part.outcome for part in parts]), parts)

    def asks(self, finding: Finding | None = None) -> str:
        return f"以下 {len(self.criteria)} 项同时满足"

    def required(self, finding: Finding | None = None) -> str:
        return f"all of {self.codes}"

    def shortfall(self, finding: Finding, ahead: Context) -> Decimal | None:
        return farthest(_shares(finding, ahead))


def _shares(finding: Finding, ahead: Context) -> list[Decimal | None]:
    return [part.criterion.shortfall(part, ahead) for part in finding.parts if part.outcome is NOT_MET]


def farthest(shares: Sequence[Decimal | None]) -> Decimal | None:
    """Of what has to be closed together; what cannot be had outweighs what cannot be measured."""
    if not shares or FARTHEST in shares:
        return FARTHEST if shares else None
    return None if None in shares else max(share for share in shares if share is not None)
