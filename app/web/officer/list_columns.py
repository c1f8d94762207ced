"""What was asked for beside the usual columns of the list, in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.policy.exact import EXACT
from app.reports.basis import on_basis
from app.units import Unit, from_yuan
from app.views.terms import ListColumn
from app.web.lookups import Lookup
from app.web.queue import due_words

_C = ListColumn
NUMBERS = frozenset({_C.REVENUE, _C.INTENSITY})


@dataclass(frozen=True, slots=True)
class Cell:
    """`title` says more where a pointer rests; `late` is a day that is past."""

    label: str
    text: str
    numeric: bool = False
    title: str = ""
    late: bool = False


def cells(found: Mapping[ListColumn, Any], lookup: Lookup, today: date) -> list[Cell]:
    return [_cell(column, value, lookup, today) for column, value in found.items()]


def _cell(column: ListColumn, value: Any, lookup: Lookup, today: date) -> Cell:
    if value is None:
        return Cell(column.label, "", column in NUMBERS)
    if column is _C.DUE:
        words, day, late = due_words(value, today)
        return Cell(column.label, words, title=day, late=late)
    if column in NUMBERS:
        year, figures = value
        said = _FIGURES[column]({code: Decimal(amount) for code, amount in figures.items()})
        return Cell(column.label, said, True, f"{year} 年" if said else "")
    if column is _C.FIELD:
        return Cell(column.label, lookup.reference.high_tech_fields.get(value, value))
    if column is _C.DIRECTION:
        return Cell(column.label, lookup.reference.directions.get(value, value))
    return Cell(column.label, f"{value}", late=column is _C.TOUCH and value < today)


def _revenue(figures: Mapping[str, Decimal]) -> str:
    sales = figures.get("sales_revenue")
    return "" if sales is None else f"{from_yuan(sales, Unit.WAN_YUAN).quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"


def _intensity(figures: Mapping[str, Decimal]) -> str:
    """On the basis of 高企, as the policies have it; unknown where a line of the expense is."""
    spent, sales = on_basis("hnte", figures), figures.get("sales_revenue")
    if spent is None or not sales:
        return ""
    share = EXACT.divide(100 * spent, sales)
    return f"{share.quantize(Decimal('0.01'), ROUND_HALF_UP, context=EXACT)}%"


_FIGURES: Mapping[ListColumn, Callable[[Mapping[str, Decimal]], str]] = {
    _C.REVENUE: _revenue,
    _C.INTENSITY: _intensity,
}
