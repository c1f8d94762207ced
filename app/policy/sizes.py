"""大、中、小、微型企业 by industry and last year's figures: 工信部联企业〔2011〕300号 第四条.

A firm belongs to the largest class of which it reaches every lower limit; whoever misses one limit goes a class down.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache

SIZES = ("micro", "small", "medium", "large")
SIZE_WORDS: Mapping[str, str] = {"micro": "微型", "small": "小型", "medium": "中型", "large": "大型"}

# By the beginning of the code in GB/T 4754-2017; per figure the lower limits of small, medium and large.
Limits = Mapping[str, tuple[int, int, int]]
_WAN = 10_000


def _wan(small: int, medium: int, large: int) -> tuple[int, int, int]:
    return small * _WAN, medium * _WAN, large * _WAN


_TABLE: Sequence[tuple[tuple[str, ...], Limits]] = (
    (("A",), {"sales_revenue": _wan(50, 500, 20_000)}),
    (("B", "C", "D"), {"headcount": (20, 300, 1_000), "sales_revenue": _wan(300, 2_000, 40_000)}),
    (("E",), {"sales_revenue": _wan(300, 6_000, 80_000), "total_assets": _wan(300, 5_000, 80_000)}),
    (("F51",), {"headcount": (5, 20, 200), "sales_revenue": _wan(1_000, 5_000, 40_000)}),
    (("F52",), {"headcount": (10, 50, 300), "sales_revenue": _wan(100, 500, 20_000)}),
    (("G59",), {"headcount": (20, 100, 200), "sales_revenue": _wan(100, 1_000, 30_000)}),
    (("G60",), {"headcount": (20, 300, 1_000), "sales_revenue": _wan(100, 2_000, 30_000)}),
    (
        ("G54", "G55", "G56", "G57", "G58"),
        {"headcount": (20, 300, 1_000), "sales_revenue": _wan(200, 3_000, 30_000)},
    ),
    (("H",), {"headcount": (10, 100, 300), "sales_revenue": _wan(100, 2_000, 10_000)}),
    (("I65",), {"headcount": (10, 100, 300), "sales_revenue": _wan(50, 1_000, 10_000)}),
    (("I63", "I64"), {"headcount": (10, 100, 2_000), "sales_revenue": _wan(100, 1_000, 100_000)}),
    (("K7020",), {"headcount": (100, 300, 1_000), "sales_revenue": _wan(500, 1_000, 5_000)}),
    (("K7010",), {"sales_revenue": _wan(100, 1_000, 200_000), "total_assets": _wan(2_000, 5_000, 10_000)}),
    (("L",), {"headcount": (10, 100, 300), "total_assets": _wan(100, 8_000, 120_000)}),
    (("K", "M", "N", "O", "Q85", "R"), {"headcount": (10, 100, 300)}),
)


@cache
def limits_for(industry_code: str) -> Limits | None:
    """None for an industry that the text does not speak of: railways, finance, education, administration."""
    return next((limits for prefixes, limits in _TABLE if industry_code.startswith(prefixes)), None)


def size_by(limits: Limits, figures: Sequence[Decimal]) -> str:
    """`figures` in the order of `limits`."""
    reached = [sum(figure >= limit for limit in row) for row, figure in zip(limits.values(), figures, strict=True)]
    return SIZES[min(reached)]
