"""A carrier's year as people and programs say it: whole numbers, and money in 万元 on a page, in 元 over the API."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.carriers.figure_terms import SAID
from app.carriers.figures import beyond
from app.errors import Invalid
from app.policy.figures import CARRIER
from app.policy.figures import Unit as Kind
from app.text import halve, is_code
from app.text.amounts import AmountError, parse_amount
from app.units import Unit, from_yuan

_MOST = 100_000
LABELS: Mapping[str, str] = {code: CARRIER[code].label for code in SAID}


def is_money(code: str) -> bool:
    return CARRIER[code].unit is Kind.YUAN


def read_year(raw: Mapping[str, Any], *, unit: Unit) -> dict[str, Decimal]:
    """What is left empty is not known. Raises Invalid by field."""
    found: dict[str, Decimal] = {}
    faults: dict[str, str] = {}
    for code in SAID:
        text = halve(str(raw.get(code) or "")).strip()
        if not text:
            continue
        if not is_money(code):
            whole = text.replace(",", "")
            if is_code(whole) and len(whole) < 8 and int(whole) <= _MOST:
                found[code] = Decimal(int(whole))
            else:
                faults[code] = f"请填 0 到 {_MOST} 的整数。"
            continue
        try:
            found[code] = parse_amount(text, unit)
        except AmountError as error:
            faults[code] = str(error)
            continue
        if found[code] < 0:
            faults[code] = "金额不能小于 0。"
    if faults:
        raise Invalid(faults | beyond(found))
    return found


def as_typed(figures: Mapping[str, Decimal]) -> dict[str, str]:
    return {c: f"{from_yuan(v, Unit.WAN_YUAN) if is_money(c) else v:f}" for c, v in figures.items()}
