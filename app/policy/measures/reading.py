"""What measures are made of: sums over the years that count, ratios with a denominator, parts that may be missing."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache, partial
from typing import Any

from app.policy import rd
from app.policy.context import Context, Lack, Unregulated
from app.policy.exact import ZERO, Quotient
from app.policy.figures import RD_LINES


def ratio(num: Decimal, den: Decimal, what: str) -> Quotient:
    """Raises Unregulated where the denominator is not above zero: no text says what that ratio is."""
    if den <= ZERO:
        raise Unregulated(f"{what}为零或为负，比例无法计算，须人工判断。")
    return Quotient(num, den)


def years_of(ctx: Context, count: int) -> Sequence[int]:
    """The latest closed years, at most `count`: a younger firm is measured over the years it has operated.

    195号 三(七), 32号 十一(五): 实际经营期不满三年的按实际经营时间计算.
    """
    registered = ctx.known("registered_on")
    first = ctx.year - count + 1
    if registered is not None and first < registered.year:
        first = min(registered.year, ctx.year)  # without a closed year of its own, the latest is what is not in yet
    return range(first, ctx.year + 1)


def figures(ctx: Context, figure: str, years: Sequence[int]) -> list[Decimal]:
    return ctx.need(*[f"years.{year}.{figure}" for year in years])


def total(amounts: Sequence[Decimal]) -> Decimal:
    summed = ZERO
    for amount in amounts:
        summed += amount
    return summed


@cache
def _rd_paths(year: int) -> tuple[str, ...]:
    return tuple(f"years.{year}.rd.{line}" for line in RD_LINES)


def rd_lines(ctx: Context, year: int) -> dict[str, Decimal]:
    return dict(zip(RD_LINES, ctx.need(*_rd_paths(year)), strict=True))


def _hnte_of_year(year: int, ctx: Context) -> tuple[Decimal, Decimal]:
    return rd.hnte_total(rd_lines(ctx, year))


def gathered(*parts: Callable[[], Any]) -> list[Any]:
    """Every part, or Lack with the missing facts of all of them."""
    found: list[Any] = []
    missing: list[str] = []
    for part in parts:
        try:
            found.append(part())
        except Lack as lack:
            missing += lack.paths
    if missing:
        raise Lack(missing)
    return found


def hnte_totals(ctx: Context, years: Sequence[int]) -> tuple[Decimal, Decimal]:
    """R&D expense of the years on the 高企 basis, and the part of it inside the country."""
    found: tuple[Decimal, Decimal] = ctx.once("hnte totals", (*years,), partial(_hnte_of_years, years))
    return found


def _hnte_of_years(years: Sequence[int], ctx: Context) -> tuple[Decimal, Decimal]:
    sums = gathered(*(partial(ctx.once, "hnte", year, partial(_hnte_of_year, year)) for year in years))
    return total([both for both, _ in sums]), total([at_home for _, at_home in sums])
