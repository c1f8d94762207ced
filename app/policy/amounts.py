"""A limit as an administrator types it: 5%, 5000 万元, 365. Exact both ways, and never a unit that does not fit."""

import re
from decimal import Decimal

from app.policy.exact import EXACT
from app.policy.figures import Unit
from app.text import halve
from app.units import plain

_TYPED = re.compile(r"(-?\d{1,15}(?:\.\d{1,8})?)(\D*)", re.ASCII)
_HUNDRED, _WAN, _YI = Decimal(100), Decimal(10_000), Decimal(100_000_000)
_MONEY = {"元": Decimal(1), "万": _WAN, "万元": _WAN, "亿": _YI, "亿元": _YI}


class AmountError(ValueError):
    pass


def typed(unit: Unit | None, amount: Decimal) -> str:
    if unit is Unit.RATIO:
        return f"{plain(EXACT.multiply(amount, _HUNDRED)):f}%"
    if unit is Unit.YUAN and amount and amount % _WAN == 0:
        return f"{plain(EXACT.divide(amount, _WAN)):f} 万元"
    return f"{plain(amount):f}"


def read(unit: Unit | None, text: str) -> Decimal:
    """Raises AmountError with a sentence. Without a unit (no measure chosen yet) every way of writing is taken."""
    found = _TYPED.fullmatch("".join(halve(text).replace(",", "").replace("，", "").split()))
    if not found:
        raise AmountError("请写成数，如 5%、5000 万元 或 365；小数最多八位。")
    number, said = Decimal(found[1]), found[2]
    if said == "%":
        if unit not in (None, Unit.RATIO):
            raise AmountError(f"这项度量的单位是{unit.label}，不能写成百分数。")
        return EXACT.divide(number, _HUNDRED)
    if said in _MONEY:
        if unit not in (None, Unit.YUAN):
            raise AmountError("这项度量不是金额，不能用元或万元。")
        return EXACT.multiply(number, _MONEY[said])
    if said and (unit is None or said != unit.label):
        raise AmountError(f"看不懂单位“{said[:10]}”。")
    if unit is Unit.RATIO and abs(number) > 1:
        raise AmountError(f"这项度量是比例：请写成 {plain(number):f}% 或小数。")
    return number
