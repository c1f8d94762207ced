import math
import re
from datetime import date, datetime, timedelta

from app.text.clean import TextError, excerpt, halve

FIRST_YEAR, LAST_YEAR = 1900, 2100
# A four-digit number in a date column is a year that somebody typed, not a day in the 1900s.
_FIRST_SERIAL = 10_000
_EXCEL_EPOCH = date(1899, 12, 30)
_LAST_SERIAL = (date(LAST_YEAR, 12, 31) - _EXCEL_EPOCH).days

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-") | {"。": "."})
_DAY = re.compile(r"(\d{1,4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号])", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", re.ASCII)
_SERIAL = re.compile(r"\d{1,5}(\.\d+)?", re.ASCII)
_YEAR_ONLY = re.compile(r"\d{4}(年|(年|[-/.])\d{1,2}月?)", re.ASCII)


class DateError(TextError):
    pass


def parse_date(value: str | int | float | date | datetime) -> date:
    """A day as people and workbooks write it. Raises DateError with a sentence."""
    if isinstance(value, datetime):
        return _plausible(value.date(), value)
    if isinstance(value, date):
        return _plausible(value, value)
    if isinstance(value, int | float):
        return _from_serial(value)
    text = halve(value).translate(_DASHES)
    if not text:
        raise DateError("请填写日期。")
    return _from_text("".join(_TIME.sub("", text).split()), excerpt(value))


def _from_text(text: str, shown: str) -> date:
    if match := _DAY.fullmatch(text):
        year, _, *numbers = match.groups()
        month, day = (n for n in numbers if n is not None)
        if len(year) != 4:
            raise DateError(f"年份要写四位：{shown}")
        return _day(int(year), int(month), int(day), shown)
    if match := _COMPACT.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3]), shown)
    if _SERIAL.fullmatch(text):
        return _from_serial(float(text))
    if _YEAR_ONLY.fullmatch(text):
        raise DateError(f"日期要写到日：{shown}")
    raise DateError(f"看不懂这个日期：{shown}。请写成 2015-03-01 这样。")


def _day(year: int, month: int, day: int, shown: str) -> date:
    try:
        return _plausible(date(year, month, day), shown)
    except ValueError as error:
        if isinstance(error, DateError):
            raise
        raise DateError(f"没有这一天：{shown}") from None


def _plausible(day: date, shown: object) -> date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DateError(f"年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间：{shown}")
    return day


def _from_serial(serial: float) -> date:
    """Excel's 1900 system; every serial taken here lies after the 29 February 1900 that Excel invented."""
    if isinstance(serial, bool) or not math.isfinite(serial):
        raise DateError(f"看不懂这个日期：{serial}。请写成 2015-03-01 这样。")
    if FIRST_YEAR <= serial <= LAST_YEAR:
        raise DateError(f"日期要写到日：{serial:g}")
    if 19_000_101 <= serial <= 21_001_231 and serial == int(serial):
        return _from_text(str(int(serial)), str(int(serial)))
    if not _FIRST_SERIAL <= serial < _LAST_SERIAL + 1:
        raise DateError(f"看不懂这个日期：{serial:g}。请写成 2015-03-01 这样。")
    return _EXCEL_EPOCH + timedelta(days=int(serial))
