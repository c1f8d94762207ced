"""Exact arithmetic: a ratio is kept as numerator and denominator, so that it meets its threshold or it does not.

Nothing here divides before a comparison. Division happens once, when a ratio is shown.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple, Protocol

# Products of three amounts of the widest kind the house stores, and a threshold to a fourth power, stay exact.
EXACT = Context(prec=160)
ONE = Decimal(1)
ZERO = Decimal(0)
_LONG = Context(prec=40)


class Quotient(NamedTuple):
    """`num / den` with `den` > 0, never divided."""

    num: Decimal
    den: Decimal = ONE

    def against(self, limit: Decimal) -> int:
        """-1 below, 0 at, 1 above the limit; exact under `EXACT`."""
        right = limit * self.den
        return (self.num > right) - (self.num < right)

    def shown(self, *limits: Decimal) -> str:
        """As a decimal: whole numbers and money as they are, ratios to six places."""
        return f"{self.num:f}" if self.den == ONE else shown_beside(_LONG.divide(self.num, self.den), self, limits)


class Comparable(Protocol):
    def against(self, limit: Decimal) -> int: ...


def shown_beside(value: Decimal, exact: Comparable, limits: Sequence[Decimal]) -> str:
    """To six places; where rounding would put the number on another side of a limit, as many as it takes."""
    for places in range(6, 40):
        short = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP, context=EXACT)
        if all((short > limit) - (short < limit) == exact.against(limit) for limit in limits):
            return f"{short:f}"
    return f"{value:f}"


def shortened(value: Decimal, places: int, limits: Sequence[Decimal]) -> Decimal:
    """For reading: to so many places, and to more where fewer would take it across a limit, or to nothing."""
    for digits in range(places, 40):
        short = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=EXACT)
        if all((short > limit) - (short < limit) == (value > limit) - (value < limit) for limit in (*limits, ZERO)):
            return short
    return value


def ceil_to(amount: Decimal, step: Decimal) -> Decimal:
    """The next multiple of `step` that is not below `amount`."""
    return EXACT.multiply(EXACT.divide(amount, step).to_integral_value(ROUND_CEILING), step)
