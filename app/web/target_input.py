"""What was reached, as people and programs send it: one reading for form and API, one Chinese sentence per field."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from app.errors import Invalid
from app.plans.terms import ActualEntry, ActualState, Figure, Indicator, Origin, Scope
from app.text import AmountError, DateError, parse_amount, parse_date
from app.units import Unit
from app.web.forms import clean_text

LABELS = {
    "value": "数值",
    "numerator": "分子",
    "denominator": "分母",
    "state": "初步或终值",
    "as_of": "数据截止日期",
    "origin": "数据来自",
    "source": "来源",
    "note": "说明",
    "year": "年份",
    "indicator": "指标",
}
_NUMBERS = ("value", "numerator", "denominator")
_LONGEST_SOURCE, _LONGEST_NOTE = 200, 1000


def read_number(field: str, said: Any, unit: Unit, faults: dict[str, str]) -> Decimal | None:
    """Money comes in 元; everything else as it was counted, with no more than six decimals."""
    text = "" if said is None else str(said).strip().removesuffix("%").removesuffix("家").removesuffix("件")
    if not text:
        return None
    try:
        if unit is not Unit.YUAN:
            return parse_amount(text, unit)
        number = Decimal("".join(text.replace("，", ",").replace(",", "").split()))
        exponent = number.as_tuple().exponent
        if not number.is_finite() or not isinstance(exponent, int) or exponent < -6 or abs(number) >= Decimal(10) ** 15:
            raise ValueError
    except AmountError as error:
        faults[field] = str(error)
    except (ArithmeticError, ValueError):
        faults[field] = f"看不懂这个数：{text[:40]}。请只填数字，最多六位小数。"
    else:
        return number
    return None


def read_actual(raw: Mapping[str, Any], indicator: Indicator, scope: Scope, *, typed_in: Unit) -> ActualEntry:
    """`typed_in`: the unit that money was typed in, 亿元 in the form and 元 over the API. Raises Invalid."""
    faults: dict[str, str] = {}
    unit = typed_in if indicator.money else Unit.YUAN
    numbers = {name: read_number(name, raw.get(name), unit, faults) for name in _NUMBERS}
    state = _word(ActualState, str(raw.get("state") or ActualState.PROVISIONAL.value), "state", faults)
    if state is ActualState.RETURNED:
        faults["state"] = "请选初步数或终值。"
    origin = _word(Origin, str(raw.get("origin") or ""), "origin", faults)
    as_of = _day(raw.get("as_of"), faults)
    texts = {}
    for name, longest, required in (
        ("source", _LONGEST_SOURCE, "请写明数从哪里来，如文件、公报或名单的名称。"),
        ("note", _LONGEST_NOTE, ""),
    ):
        try:
            texts[name] = clean_text(name, str(raw.get(name) or ""), longest=longest, required=required)
        except Invalid as error:
            faults |= error.fields
    year = _year(raw.get("year"), faults)
    if faults or state is None or origin is None or as_of is None or year is None:
        raise Invalid(faults)
    return ActualEntry(
        indicator.code, year, scope, Figure(**numbers), state, as_of, origin, texts["source"], texts["note"]
    )


def _word(kind: Any, said: str, field: str, faults: dict[str, str]) -> Any:
    if said in dict(kind.options()):
        return kind(said)
    faults[field] = f"请选择{LABELS[field]}。"
    return None


def _day(said: Any, faults: dict[str, str]) -> date | None:
    if said is None or said == "":
        faults["as_of"] = "请填写数据截止日期。"
        return None
    try:
        return parse_date(said)
    except DateError as error:
        faults["as_of"] = str(error)
        return None


def _year(said: Any, faults: dict[str, str]) -> int | None:
    text = str(said or "").strip()
    if text.isascii() and text.isdigit() and len(text) == 4:
        return int(text)
    faults["year"] = "请填写四位年份。"
    return None
