"""Money's units: stored in 元, spoken in 万元 by policies and in 千元 by the statistics forms."""

from decimal import ROUND_HALF_UP, Context, Decimal

from app.labels import Labelled

# Wide enough that no sum of a county is ever rounded on its way between units.
_EXACT = Context(prec=60)

_YUAN_IN: dict[str, Decimal] = {
    "yuan": Decimal(1),
    "thousand_yuan": Decimal(1_000),
    "wan_yuan": Decimal(10_000),
    "yi_yuan": Decimal(100_000_000),
}


class Unit(Labelled):
    YUAN = "yuan", "元"
    THOUSAND_YUAN = "thousand_yuan", "千元"
    WAN_YUAN = "wan_yuan", "万元"
    YI_YUAN = "yi_yuan", "亿元"

    @property
    def in_yuan(self) -> Decimal:
        return _YUAN_IN[self.value]


def to_yuan(amount: Decimal, unit: Unit) -> Decimal:
    return plain(_EXACT.multiply(amount, unit.in_yuan))


def from_yuan(yuan: Decimal, unit: Unit) -> Decimal:
    """Exact: every unit is a power of ten, so nothing is rounded."""
    return plain(_EXACT.divide(yuan, unit.in_yuan))


def plain(amount: Decimal) -> Decimal:
    """Without trailing zeros, and whole numbers without an exponent: 1200, never 1.2E+3."""
    if amount == amount.to_integral_value():
        return amount.quantize(Decimal(1), context=_EXACT)
    return amount.normalize(_EXACT)


def show_wan(yuan: Decimal | None, places: int = 2) -> str:
    """万元 for reading, with thousands separators; a value below the last place shown is not shown as 0."""
    return "—" if yuan is None else show_in(Unit.WAN_YUAN, yuan, places)


def show_in(unit: Unit, yuan: Decimal, places: int = 2) -> str:
    amount = from_yuan(yuan, unit)
    shown = amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, context=_EXACT)
    number = f"{amount:,f}" if amount and not shown else f"{plain(shown):,f}"
    return f"{number} {unit.label}"
