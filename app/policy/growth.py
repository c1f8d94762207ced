"""Growth rates that keep their place beside a threshold exactly."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from app.policy.context import Unregulated
from app.policy.exact import EXACT, ONE, ZERO, Quotient, shown_beside

_LONG = Context(prec=40)
_SIX = Decimal("0.000001")


def average_growth(amounts: Sequence[Decimal], what: str) -> Quotient:
    """国科发火〔2016〕195号 三(七): 1/2 × (second / first + third / second) - 1, as one fraction.

    Below zero counts as it is (its band gives 0 points); a first year of zero leaves the second step alone; a
    second year of zero gives 0 points, here a rate of -1. One year, or a year below zero, is not regulated.
    """
    if any(amount < ZERO for amount in amounts):
        raise Unregulated(f"{what}有一年为负，195号 没有规定如何计算，须人工判断。")
    if len(amounts) < 2:
        raise Unregulated(f"只有一个会计年度，{what}增长率无法计算，须人工判断。")
    if len(amounts) == 2:
        first, second = amounts
        return Quotient(second - first, first) if first else _from_nothing(what)
    first, second, third = amounts
    if not second:
        return Quotient(-ONE)
    if not first:
        return Quotient(third - second, second)
    twice = EXACT.multiply(Decimal(2), EXACT.multiply(first, second))
    grown = EXACT.add(EXACT.multiply(second, second), EXACT.multiply(third, first))
    return Quotient(EXACT.subtract(grown, twice), twice)


def _from_nothing(what: str) -> Quotient:
    raise Unregulated(f"首年{what}为零，两年的增长率无法计算，须人工判断。")


@dataclass(frozen=True, slots=True)
class Root:
    """(last / first)^(1 / steps) - 1, compared by raising the limit, never by taking the root."""

    last: Decimal
    first: Decimal
    steps: int

    def against(self, limit: Decimal) -> int:
        grown = self.first
        for _ in range(self.steps):
            grown = EXACT.multiply(grown, EXACT.add(ONE, limit))
        return (self.last > grown) - (self.last < grown)

    def roughly(self) -> float:
        """For sorting by nearness, where a real root would cost more than everything else about it."""
        root: float = float(self.last / self.first) ** (1 / self.steps)
        return root - 1

    def shown(self, *limits: Decimal) -> str:
        return self._nearly(limits) or self._exactly(limits)

    def _nearly(self, limits: Sequence[Decimal]) -> str:
        """The six places that a floating root settles beyond doubt, as nearly all do: an exact one costs ten times
        as much. Nothing where it does not, or where six places would cross a limit."""
        rate = self.roughly()
        doubt = (1 + abs(rate)) * 1e-12
        low, high = (Decimal(end).quantize(_SIX, ROUND_HALF_UP, EXACT) for end in (rate - doubt, rate + doubt))
        settled = low == high and all((low > limit) - (low < limit) == self.against(limit) for limit in limits)
        return f"{low:f}" if settled else ""

    def _exactly(self, limits: Sequence[Decimal]) -> str:
        root = _LONG.power(_LONG.divide(self.last, self.first), _LONG.divide(ONE, Decimal(self.steps)))
        return shown_beside(_LONG.subtract(root, ONE), self, limits)
