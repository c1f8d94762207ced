"""What every kind of criterion is: data from a pack that judges a context and can say in full what it found."""

import operator
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, field_validator

from app.policy.context import Between, Context, Lack, Value
from app.policy.exact import Quotient
from app.policy.terms import NOT_APPLICABLE, Case, Outcome, Score

KINDS: dict[str, type["BaseCriterion"]] = {}
FARTHEST = Decimal("Infinity")


class Finding(NamedTuple):
    """What judging found, and no more than a nightly run over a hundred thousand firms can afford."""

    criterion: "BaseCriterion"
    outcome: Outcome
    value: Value | None = None
    limit: Decimal | None = None
    lack: tuple[str, ...] = ()
    why: str = ""
    parts: tuple["Finding", ...] = ()
    low: int = 0
    high: int = 0
    bounds: Sequence[tuple[str, Decimal]] = ()  # of the bracket that counts


class BaseCriterion(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    cite: str = ""
    grade: str = ""
    hint: str = ""  # what a clerk can do about it
    cases: tuple[Case, ...] = ()  # empty: every case

    known_as: ClassVar[str] = ""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if cls.known_as:
            KINDS[cls.known_as] = cls

    def judge(self, ctx: Context) -> Finding:
        if self.cases and ctx.case not in self.cases:
            return Finding(self, NOT_APPLICABLE)
        return self.examine(ctx)

    def examine(self, ctx: Context) -> Finding:
        raise NotImplementedError

    def says(self, finding: Finding, ctx: Context) -> str:
        """The sentence to what was found; made only when somebody reads it."""
        return finding.why

    def required(self, finding: Finding | None = None) -> str:
        """As machines read it, `>= 0.05`."""
        return ""

    def asks(self, finding: Finding | None = None) -> str:
        """As people read it, 不低于 5%."""
        return self.required(finding)

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return []

    def shortfall(self, finding: Finding, ahead: Context) -> Decimal | None:
        """How far from met, as a part of what is required; None where that cannot be measured, FARTHEST where it cannot
        be had: missed now and, a year `ahead`, still decided by what is over by then.
        """
        return None

    def levers(self, finding: Finding, ctx: Context) -> Sequence[Any]:
        """The figures that could move this criterion, simplest first."""
        return ()

    def score(self, finding: Finding) -> Score | None:
        return None

    def parts_of(self) -> Sequence["BaseCriterion"]:
        return ()

    def measures(self) -> Sequence[str]:
        """The names it compares, for a pack to be checked against the list."""
        return ()


def parsed(data: Any) -> Any:
    """The kind that `kind` names; an unknown one is refused with the names there are."""
    if isinstance(data, BaseCriterion):
        return data
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in KINDS:
        raise ValueError(f"没有“{kind}”这种条件，可用的有：{'、'.join(sorted(KINDS))}。")
    return KINDS[kind].model_validate(data)


AnyCriterion = SerializeAsAny[Annotated[BaseCriterion, BeforeValidator(parsed)]]


class Limits(BaseModel):
    """One or two bounds. Whether a boundary belongs is in the word: 不低于 / 高于 / 不超过 / 低于."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_least: Decimal | None = None
    above: Decimal | None = None
    at_most: Decimal | None = None
    below: Decimal | None = None

    @field_validator("at_least", "above", "at_most", "below", mode="before")
    @classmethod
    def _exactly_as_written(cls, value: Any) -> Any:
        """YAML's 0.05 is the decimal that was typed, not the binary number beside it."""
        return str(value) if isinstance(value, float) else value

    def bounds(self) -> list[tuple[str, Decimal]]:
        found = ((name, getattr(self, name)) for name in ("at_least", "above", "at_most", "below"))
        return [(name, limit) for name, limit in found if limit is not None]


_HOLDS = {"at_least": (0, 1), "above": (1,), "at_most": (-1, 0), "below": (-1,)}
_HOLDS_FOR_NUMBERS = {"at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "below": operator.lt}
SIGNS = {"at_least": ">=", "above": ">", "at_most": "<=", "below": "<"}
WORDS = {"at_least": "不低于", "above": "高于", "at_most": "不超过", "below": "低于"}


def broken(bounds: Sequence[tuple[str, Decimal]], value: Value) -> tuple[str, Decimal] | None:
    """The first bound that the value is on the wrong side of. Raises Lack where that is not known."""
    if type(value) is Quotient:
        num, den = value
        for bound in bounds:
            if not _HOLDS_FOR_NUMBERS[bound[0]](num, bound[1] * den):
                return bound
        return None
    if type(value) is Between:
        return _surely_broken(bounds, value)
    for bound in bounds:
        if value.against(bound[1]) not in _HOLDS[bound[0]]:
            return bound
    return None


def _surely_broken(bounds: Sequence[tuple[str, Decimal]], value: Between) -> tuple[str, Decimal] | None:
    unsure = False
    for bound in bounds:
        held = [end in _HOLDS[bound[0]] for end in value.ends(bound[1])]
        if not any(held):
            return bound
        unsure = unsure or not all(held)
    if unsure:
        raise Lack(value.lack)
    return None
