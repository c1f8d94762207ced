"""A measure against a limit, or against the limit of the bracket that another measure falls into."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from app.policy.context import Context, Lack, TooYoung, Unknowable
from app.policy.criteria.base import FARTHEST, SIGNS, WORDS, BaseCriterion, Finding, Limits, broken
from app.policy.exact import EXACT, Quotient
from app.policy.figures import Unit
from app.policy.growth import Root
from app.policy.registry import MEASURES, Lever
from app.policy.terms import MANUAL, MET, NOT_MET, UNKNOWN
from app.policy.wording import shown_in


class Comparison(BaseCriterion):
    measure: str
    otherwise: Literal["not_met", "manual"] = "not_met"  # what the wrong side means; the hint says what to look at

    def measures(self) -> Sequence[str]:
        return (self.measure,)

    def compared(self, ctx: Context, bounds: Sequence[tuple[str, Decimal]]) -> Finding:
        value = ctx.found(self.measure)
        if isinstance(value, Unknowable):
            return self._not_compared(value)
        try:
            wrong = broken(bounds, value)
        except Lack as lack:
            return self._not_compared(lack)
        if wrong is None:
            return Finding(self, MET, value, bounds[0][1], (), "", (), 0, 0, bounds)
        if self.otherwise == "manual":
            return Finding(self, MANUAL, value, wrong[1], why=self.hint, bounds=bounds)
        return Finding(self, NOT_MET, value, wrong[1], (), "", (), 0, 0, bounds)

    def _not_compared(self, why: Unknowable) -> Finding:
        if isinstance(why, Lack):
            return Finding(self, UNKNOWN, None, None, why.paths)
        return Finding(self, NOT_MET if isinstance(why, TooYoung) else MANUAL, why=str(why))

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return ctx.inputs_of(self.measure)

    def levers(self, finding: Finding, ctx: Context) -> Sequence[Lever]:
        return MEASURES[self.measure].levers

    def shortfall(self, finding: Finding, ahead: Context) -> Decimal | None:
        """|actual - required| / |required|; a limit of zero has no measure of nearness."""
        if self._over and self.judge(ahead).outcome is NOT_MET:
            return FARTHEST
        value, limit = finding.value, finding.limit
        if value is None or not limit:
            return None
        if isinstance(value, Quotient):
            wanted = EXACT.multiply(limit, value.den)
            return SHORT.divide(abs(EXACT.subtract(value.num, wanted)), abs(wanted))
        if not isinstance(value, Root):
            return None
        return SHORT.divide(abs(SHORT.create_decimal_from_float(value.roughly()) - limit), abs(limit))

    @cached_property
    def _over(self) -> bool:
        """Time alone moves it, or a figure that is of a closed year even when the next year's filing comes."""
        measure = MEASURES[self.measure]
        if not measure.levers:
            return measure.unit in (Unit.DAY, Unit.MONTH)
        return all(lever.back is not None and lever.back > 0 for lever in measure.levers)


# A nearness is a share for sorting, not a judgement.
SHORT = EXACT.copy()
SHORT.prec = 12


class Threshold(Comparison, Limits):  # type: ignore[misc]
    kind: Literal["threshold"]
    known_as: ClassVar[str] = "threshold"

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if not self.bounds():
            raise ValueError("写明 at_least、above、at_most、below 中的一个或两个。")
        return self

    @cached_property
    def limits(self) -> list[tuple[str, Decimal]]:
        return self.bounds()

    def examine(self, ctx: Context) -> Finding:
        return self.compared(ctx, self.limits)

    def required(self, finding: Finding | None = None) -> str:
        return self._worded[0]

    def asks(self, finding: Finding | None = None) -> str:
        return self._worded[1]

    @cached_property
    def _worded(self) -> tuple[str, str]:
        unit = MEASURES[self.measure].unit
        signs = " and ".join(f"{SIGNS[name]} {limit:f}" for name, limit in self.limits)
        return signs, "，".join(f"{WORDS[name]} {shown_in(unit, limit)}" for name, limit in self.limits)


class Bracket(Limits):
    """The limit for those whose `by` is not above `up_to`, or is below `under`; the last bracket has no end."""

    up_to: Decimal | None = None
    under: Decimal | None = None

    @property
    def end(self) -> Decimal | None:
        return self.up_to if self.under is None else self.under


class ByBracket(Comparison):
    """The threshold depends on the size: 32号 十一(五) asks 5, 4 or 3 % by the latest year's revenue."""

    kind: Literal["bracket"]
    known_as: ClassVar[str] = "bracket"
    by: str
    brackets: tuple[Bracket, ...]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if any(bracket.up_to is not None and bracket.under is not None for bracket in self.brackets):
            raise ValueError("up_to、under 只写一个。")
        ends = [bracket.end for bracket in self.brackets]
        if not ends or ends[-1] is not None or None in ends[:-1]:
            raise ValueError("最后一档不写 up_to、under，其余各档都要写其一。")
        if ends[:-1] != sorted(set(ends[:-1])):  # type: ignore[type-var]
            raise ValueError("各档的 up_to、under 要从小到大。")
        if not all(bracket.bounds() for bracket in self.brackets):
            raise ValueError("每一档都要写明界限。")
        return self

    @cached_property
    def limits(self) -> list[tuple[Decimal | None, bool, list[tuple[str, Decimal]]]]:
        """Each bracket's end, whether the end itself still belongs to it, and what it asks."""
        return [(bracket.end, bracket.under is None, bracket.bounds()) for bracket in self.brackets]

    def measures(self) -> Sequence[str]:
        return (self.measure, self.by)

    def examine(self, ctx: Context) -> Finding:
        size = ctx.found(self.by)
        if isinstance(size, Lack):
            both = dict.fromkeys((*size.paths, *self.compared(ctx, self.limits[0][2]).lack))
            return Finding(self, UNKNOWN, lack=tuple(both))
        if isinstance(size, Unknowable):
            return Finding(self, MANUAL, why=str(size))
        for end, within, bounds in self.limits:
            if end is None or size.against(end) < within:
                return self.compared(ctx, bounds)
        raise AssertionError("the last bracket has no end")

    def required(self, finding: Finding | None = None) -> str:
        """The bracket that counts; all of them where none is known yet."""
        if finding is not None and finding.bounds:
            return " and ".join(f"{SIGNS[name]} {limit:f}" for name, limit in finding.bounds)
        return "; ".join(
            (f"{'<=' if within else '<'} {end:f}: " if end is not None else "else: ")
            + f"{SIGNS[bounds[0][0]]} {bounds[0][1]:f}"
            for end, within, bounds in self.limits
        )

    def asks(self, finding: Finding | None = None) -> str:
        unit, size = MEASURES[self.measure].unit, MEASURES[self.by]
        if finding is not None and finding.bounds:
            return "，".join(f"{WORDS[name]} {shown_in(unit, limit)}" for name, limit in finding.bounds)
        told = []
        for end, within, bounds in self.limits:
            reach = "不超过" if within else "低于"
            where = f"{size.label}{reach} {shown_in(size.unit, end)}" if end is not None else "更高"
            told.append(f"{where}：{WORDS[bounds[0][0]]} {shown_in(unit, bounds[0][1])}")
        return "；".join(told)

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        return list(dict.fromkeys((*ctx.inputs_of(self.by), *ctx.inputs_of(self.measure))))
