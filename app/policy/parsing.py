"""Facts from JSON, at the door: every wrong value is named by its path with a sentence, and nothing is guessed.

What is not there is not known. `null` means the same, except where it says "none": no accident, no tenancy.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from app.errors import Invalid
from app.policy.facts import CertificateFact, Dated, Facts, IpRight
from app.policy.figures import (
    CARRIER,
    EVENTS,
    FLAGS,
    JUDGEMENT_MOST,
    RD_LINES,
    YEARLY,
    Figure,
    IpKind,
    Judgement,
    Level,
    ObtainedBy,
)

_TEXTS = ("name", "uscc", "status", "size_class")
# A code that nobody can read is no code: a list that it is "not in" would let it pass.
_CODES = {
    "region_code": (re.compile(r"\d{2,12}", re.ASCII), "应是数字的行政区划代码，如 440783117。"),
    "industry_code": (re.compile(r"[A-T]\d{0,4}", re.ASCII), "应是门类字母加数字的行业代码，如 C3360。"),
    "high_tech_field": (re.compile(r"\d{1,4}", re.ASCII), "应是数字的技术领域代码，如 801。"),
}
_DATED = ("standards_led", "science_awards", "rd_institutions", "platforms", "competition_awards")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,6})?", re.ASCII)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
_LARGEST = Decimal(10) ** 15
_EARLIEST = date(1900, 1, 1)
_MOST_ENTRIES = 5000


class _Wrong(Exception):
    pass


def parse_facts(data: Any, *, horizon: date) -> Facts:
    """Raises Invalid with a sentence by path. A day after `horizon` has not happened yet."""
    if not isinstance(data, Mapping):
        raise Invalid({"": "应是一个 JSON 对象。"})
    reader = _Reader(horizon)
    reader.read(data)
    if reader.wrong:
        raise Invalid(reader.wrong)
    return Facts(reader.values)


class _Reader:
    def __init__(self, horizon: date) -> None:
        self.horizon = horizon
        self.values: dict[str, Any] = {}
        self.wrong: dict[str, str] = {}

    def read(self, data: Mapping[str, Any]) -> None:
        for key in _TEXTS:
            self._take(data, key, key, _text)
        for key in _CODES:
            self._take(data, key, key, partial(_code, key))
        for key in ("registered_on", "carrier_tenant_since"):
            self._take(data, key, key, self._day, none=key == "carrier_tenant_since")
        records = self._object(data, "records")
        for path in FLAGS:
            holder, key = (records, path.removeprefix("records.")) if path.startswith("records.") else (data, path)
            self._take(holder, key, path, _yes_no)
        for path in EVENTS:
            self._take(records, path.removeprefix("records."), path, self._day, none=True)
        judgements = self._object(data, "judgements")
        for judgement in Judgement:
            self._take(judgements, judgement.value, f"judgements.{judgement.value}", partial(_judged, judgement))
        carrier = self._object(data, "carrier")
        for code, figure in CARRIER.items():
            self._take(carrier, code, f"carrier.{code}", _number_of(figure))
        self._years(self._object(data, "years"))
        self._entries(data, "ip_rights", self._right)
        self._entries(data, "certificates", self._certificate)
        for key in _DATED:
            self._entries(data, key, self._dated)

    def _take(
        self, holder: Mapping[str, Any], key: str, path: str, read: Callable[[Any], Any], *, none: bool = False
    ) -> None:
        if key not in holder:
            return
        value = holder[key]
        if value is None:
            if none:
                self.values[path] = None
            return
        try:
            found = read(value)
            if found is not None and found != "":
                self.values[path] = found
        except _Wrong as wrong:
            self.wrong[path] = str(wrong)

    def _object(self, data: Mapping[str, Any], key: str, path: str = "") -> Mapping[str, Any]:
        found = data.get(key)
        if found is None:
            return {}
        if not isinstance(found, Mapping):
            self.wrong[path or key] = "应是一个 JSON 对象。"
            return {}
        return found

    def _years(self, years: Mapping[str, Any]) -> None:
        for year in years:
            if not _YEAR.fullmatch(str(year)):
                self.wrong[f"years.{str(year)[:20]}"] = "年份应是四位数字，如 2025。"
            elif int(year) > self.horizon.year:
                self.wrong[f"years.{year}"] = f"{year} 年还没有到。"
            else:
                figures = self._object(years, year, f"years.{year}")
                for code, figure in YEARLY.items():
                    self._take(figures, code, f"years.{year}.{code}", _number_of(figure))
                lines = self._object(figures, "rd", f"years.{year}.rd")
                for line, figure in RD_LINES.items():
                    self._take(lines, line, f"years.{year}.rd.{line}", _number_of(figure))

    def _entries(self, data: Mapping[str, Any], key: str, read: Callable[[Mapping[str, Any]], Any]) -> None:
        found = data.get(key)
        if found is None:
            return
        if not isinstance(found, list) or len(found) > _MOST_ENTRIES:
            self.wrong[key] = f"应是一个不超过 {_MOST_ENTRIES} 项的列表。"
            return
        self.values[key] = tuple(self._each(key, found, read))

    def _each(self, key: str, found: list[Any], read: Callable[[Mapping[str, Any]], Any]) -> Iterator[Any]:
        for place, entry in enumerate(found):
            if not isinstance(entry, Mapping):
                self.wrong[f"{key}.{place}"] = "应是一个 JSON 对象。"
                continue
            try:
                yield read(entry)
            except _Wrong as wrong:
                field, _, sentence = str(wrong).partition("|")
                self.wrong[f"{key}.{place}.{field}"] = sentence

    def _right(self, entry: Mapping[str, Any]) -> IpRight:
        used = _field(entry, "used_in_hnte_year", _points_like_year)
        return IpRight(
            kind=_field(entry, "kind", _member(IpKind), required=True),
            in_force=_field(entry, "in_force", _yes_no),
            obtained_by=_field(entry, "obtained_by", _member(ObtainedBy)),
            granted_on=_field(entry, "granted_on", self._day),
            used_in_hnte_year=used,
        )

    def _certificate(self, entry: Mapping[str, Any]) -> CertificateFact:
        issued = _field(entry, "issued_on", self._day, required=True)
        expires = _field(entry, "expires_on", _any_day, required=True)
        if expires < issued:
            raise _Wrong("expires_on|有效期至早于发证日期。")
        return CertificateFact(
            kind=_field(entry, "kind", _text, required=True),
            number=_field(entry, "number", _text) or "",
            issued_on=issued,
            expires_on=expires,
            revoked_on=_field(entry, "revoked_on", self._day),
        )

    def _dated(self, entry: Mapping[str, Any]) -> Dated:
        return Dated(
            level=_field(entry, "level", _member(Level), required=True),
            on=_field(entry, "on", self._day),
            rank=_field(entry, "rank", _points),
        )

    def _day(self, value: Any) -> date:
        day = _any_day(value)
        if day > self.horizon:
            raise _Wrong(f"{day} 还没有到，请核对日期。")
        return day


def _field(entry: Mapping[str, Any], key: str, read: Callable[[Any], Any], *, required: bool = False) -> Any:
    value = entry.get(key)
    if value is None:
        if required:
            raise _Wrong(f"{key}|缺少这一项。")
        return None
    try:
        return read(value)
    except _Wrong as wrong:
        raise _Wrong(f"{key}|{wrong}") from None


def _code(key: str, value: Any) -> str | None:
    """None for a blank: not known."""
    pattern, wrong = _CODES[key]
    text = _text(value).upper()
    if text and not pattern.fullmatch(text):
        raise _Wrong(wrong)
    return text or None


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise _Wrong("应是不超过 200 字的文字。")
    return value.strip()


def _any_day(value: Any) -> date:
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            day = date.fromisoformat(value)
            if day >= _EARLIEST:
                return day
    except ValueError:
        pass
    raise _Wrong("应是 2025-03-01 这样的日期。")


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("应是 true 或 false。")
    return value


def _judged(judgement: Judgement, value: Any) -> int:
    points, most = _points(value), JUDGEMENT_MOST[judgement]
    if points > most:
        raise _Wrong(f"{judgement.label}最多 {most} 分。")
    return points


def _points(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 1000:
        raise _Wrong("应是不小于 0 的整数。")
    return value


def _points_like_year(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1990 <= value <= 2100:
        raise _Wrong("应是四位年份。")
    return value


def _member(kind: type[IpKind] | type[ObtainedBy] | type[Level]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            return kind(value)
        except ValueError:
            raise _Wrong(f"应是 {'、'.join(kind)} 之一。") from None

    return read


def _number_of(figure: Figure) -> Callable[[Any], Decimal]:
    def read(value: Any) -> Decimal:
        number = _number(value)
        if number < 0 and not figure.signed:
            raise _Wrong(f"{figure.label}不能小于零。")
        return number

    return read


def _number(value: Any) -> Decimal:
    """A plain decimal: no exponent, no NaN, no infinity, at most six places."""
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
            raise _Wrong("应是数。")
        text = value.strip() if isinstance(value, str) else f"{Decimal(str(value)):f}"
        if not _NUMBER.fullmatch(text):
            raise _Wrong("应是普通的十进制数，如 1200.50，小数不超过六位。")
        return Decimal(text)
    except (InvalidOperation, ValueError):
        raise _Wrong("应是数。") from None


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"years.2025.headcount": 120}` as the facts' own JSON. Raises Invalid where two paths contradict each other."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        *steps, last = path.split(".")
        holder = found
        for step in steps:
            inner = holder.setdefault(step, {})
            if not isinstance(inner, dict):
                raise Invalid({path: "与另一项重复。"})
            holder = inner
        if last in holder:
            raise Invalid({path: "与另一项重复。"})
        holder[last] = value
    return found
