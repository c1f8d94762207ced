import math
import re
from decimal import ROUND_HALF_UP, Decimal

from app.text.clean import TextError, excerpt, halve
from app.units import Unit, plain, to_yuan

_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|-?\.\d+", re.ASCII)
_WHOLE = re.compile(r"(?P<number>[^元千万亿]*)(?P<unit>千元|万元?|亿元?|元)?(?:整|人民币)?")
_FOREIGN = re.compile(r"[美欧日港韩加澳]元|英镑|港币|澳门元|美金|欧元|USD|HKD|EUR|JPY|\$|€|£", re.IGNORECASE)
_CURRENCY = re.compile(r"^(?:人民币|RMB|CNY|[¥￥])", re.IGNORECASE)
_MARKS = str.maketrans({"，": ",", "−": "-", "—": "-", "–": "-", "￥": "¥"})
_UNITS = {
    "元": Unit.YUAN,
    "千元": Unit.THOUSAND_YUAN,
    "万": Unit.WAN_YUAN,
    "万元": Unit.WAN_YUAN,
    "亿": Unit.YI_YUAN,
    "亿元": Unit.YI_YUAN,
}
_FEN = Decimal("0.01")
_LARGEST = Decimal(10) ** 15  # 元; what the money columns hold

_YES = frozenset({"是", "√", "✓", "✔", "☑", "y", "yes", "1", "true", "有"})
_NO = frozenset({"否", "×", "✗", "✘", "x", "n", "no", "0", "false", "无"})


class AmountError(TextError):
    pass


class AnswerError(TextError):
    pass


def parse_amount(value: str | int | float | Decimal, unit: Unit) -> Decimal:
    """元, exactly. A unit written beside the number wins over the column's `unit`. Raises AmountError.

    A typed amount finer than a fen is refused. A workbook's number is what Excel shows of it, fifteen
    digits, rounded to the fen: its last binary digits are nobody's statement.
    """
    if isinstance(value, str):
        return _from_text(value, unit)
    if isinstance(value, bool) or not math.isfinite(value):
        raise AmountError(f"看不懂这个金额：{value}")
    typed = Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)
    yuan = _to_yuan(typed, unit, value)
    return plain(yuan.quantize(_FEN, ROUND_HALF_UP)) if isinstance(value, float) else _to_the_fen(yuan, value)


def _from_text(value: str, unit: Unit) -> Decimal:
    text, shown = "".join(halve(value).translate(_MARKS).split()), excerpt(value)
    if not text:
        raise AmountError("请填写金额。")
    if _FOREIGN.search(text):
        raise AmountError(f"只能填人民币金额：{shown}")
    whole = _WHOLE.fullmatch(_CURRENCY.sub("", text))
    if not whole or not _NUMBER.fullmatch(whole["number"]):
        raise AmountError(f"看不懂这个金额：{shown}。请只填数字，如 1200.5。")
    typed = Decimal(whole["number"].replace(",", ""))
    return _to_the_fen(_to_yuan(typed, _UNITS[whole["unit"]] if whole["unit"] else unit, shown), shown)


def _to_yuan(typed: Decimal, unit: Unit, shown: object) -> Decimal:
    # Before converting, so that a number of a thousand digits is never computed with.
    if abs(typed) >= _LARGEST or (yuan := to_yuan(typed, unit)) >= _LARGEST or yuan <= -_LARGEST:
        raise AmountError(f"金额太大，请核对单位：{shown}")
    return yuan


def _to_the_fen(yuan: Decimal, shown: object) -> Decimal:
    if yuan.as_tuple().exponent < -2:  # type: ignore[operator]  # a finite number's exponent is an int
        raise AmountError(f"金额最多精确到分：{shown}")
    return yuan


def parse_yes_no(value: str | int | float | bool | None) -> bool | None:
    """None for an empty cell: not answered is not "no". Raises AnswerError."""
    if isinstance(value, bool) or value is None:
        return value
    text = halve(f"{value:g}" if isinstance(value, int | float) else value).lower()
    if not text:
        return None
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise AnswerError(f"请填“是”或“否”：{excerpt(str(value))}")
