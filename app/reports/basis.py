"""What is worked out from the lines of the R&D expense, each on a basis of its own: never one figure for another."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from app.policy import rd
from app.policy.exact import EXACT
from app.policy.figures import RD_LINES

_FEN = Decimal("0.01")
BASES = ("hnte", "hnte_home", "deduction")
RD_TOTAL = "rd.total"


def rd_lines(figures: Mapping[str, Decimal]) -> dict[str, Decimal] | None:
    """All of them, or nothing: a sum of what happens to be there would be a wrong figure."""
    lines = {line: figures[f"rd.{line}"] for line in RD_LINES if f"rd.{line}" in figures}
    return lines if len(lines) == len(RD_LINES) else None


def with_total(figures: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """What the ledger does not keep, since it is the sum of what it keeps."""
    lines = rd_lines(figures)
    return {**figures} if lines is None else {**figures, RD_TOTAL: sum(lines.values(), Decimal(0))}


def on_basis(basis: str, figures: Mapping[str, Decimal]) -> Decimal | None:
    lines = rd_lines(figures)
    if lines is None:
        return None
    if basis == "deduction":
        base = rd.deduction(lines).base
        return EXACT.divide(base.num, base.den).quantize(_FEN, ROUND_HALF_UP, context=EXACT)
    whole, at_home = rd.hnte_total(lines)
    return (whole if basis == "hnte" else at_home).quantize(_FEN, ROUND_HALF_UP, context=EXACT)
