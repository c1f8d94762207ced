"""Working days: Monday to Friday, less the holidays, plus the weekend days that make up for them (调休)."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from app.clock import BUSINESS_ZONE
from app.labels import Labelled
from app.text import DateError, key, normalise, parse_date


class DayKind(Labelled):
    HOLIDAY = "holiday", "放假"
    MAKE_UP = "make_up", "调休上班"


@dataclass(frozen=True)
class Calendar:
    """`days` holds what differs from Monday-to-Friday; a year not in `years_loaded` is only assumed."""

    days: Mapping[date, DayKind]
    years_loaded: frozenset[int]
    _off: list[int] = field(init=False, repr=False, compare=False)
    _on: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Only real differences count: most holiday spans list their weekends too.
        off = sorted(d.toordinal() for d, kind in self.days.items() if kind is DayKind.HOLIDAY and d.weekday() < 5)
        on = sorted(d.toordinal() for d, kind in self.days.items() if kind is DayKind.MAKE_UP and d.weekday() >= 5)
        object.__setattr__(self, "_off", off)
        object.__setattr__(self, "_on", on)

    def is_working_day(self, day: date) -> bool:
        kind = self.days.get(day)
        return day.weekday() < 5 if kind is None else kind is DayKind.MAKE_UP

    def assumed(self, year: int) -> bool:
        """The year's schedule is not loaded: its answers are Monday-to-Friday and must say so."""
        return year not in self.years_loaded

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is earlier."""
        if end < start:
            return self._until(end.toordinal() - 1) - self._until(start.toordinal() - 1)
        return self._until(end.toordinal()) - self._until(start.toordinal())

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day` (before it, if n is negative); `day` itself, working or not, for 0."""
        if n == 0:
            return day
        start = day.toordinal()
        # Five of seven days work, less the holidays at worst: the answer lies within.
        reach = (abs(n) + len(self._off)) * 7 // 5 + 7
        if n > 0:
            window = range(start + 1, start + reach + 1)
            found = bisect_left(window, self._until(start) + n, key=self._until)
        else:
            window = range(start - reach, start)
            found = bisect_left(window, self._until(start - 1) + n + 1, key=self._until)
        return date.fromordinal(window[found])

    def _until(self, ordinal: int) -> int:
        """Working days from the beginning of the calendar until `ordinal`, inclusive. Ordinal 1 is a Monday."""
        weeks, rest = divmod(ordinal, 7)
        return weeks * 5 + min(rest, 5) - bisect_right(self._off, ordinal) + bisect_right(self._on, ordinal)


# Nobody's telephone rings for us at night or on a day off.
OFFICE_OPENS, OFFICE_CLOSES = time(8, 30), time(18, 0)


def is_office_hour(at: datetime, calendar: Calendar) -> bool:
    local = at.astimezone(BUSINESS_ZONE)
    return OFFICE_OPENS <= local.time() < OFFICE_CLOSES and calendar.is_working_day(local.date())


def next_office_hour(at: datetime, calendar: Calendar) -> datetime:
    """`at` itself within office hours, else when the next ones begin."""
    if is_office_hour(at, calendar):
        return at
    local = at.astimezone(BUSINESS_ZONE)
    early = local.time() < OFFICE_OPENS
    day = calendar.add_working_days(local.date() - timedelta(days=1) if early else local.date(), 1)
    return datetime.combine(day, OFFICE_OPENS, BUSINESS_ZONE)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    day: date
    kind: DayKind
    name: str


@dataclass(frozen=True, slots=True)
class CalendarUpload:
    """What an administrator's sheet says. With any error nothing of it may be loaded."""

    entries: tuple[CalendarEntry, ...]
    errors: tuple[str, ...]

    @property
    def years(self) -> frozenset[int]:
        return frozenset(entry.day.year for entry in self.entries)


# 《全国年节及纪念日放假办法》第二条: days off for everybody, as revised on 2024-11-10 and on 2013-12-11.
_STATUTORY = ((2025, 13, "2024年11月10日修订"), (2014, 11, "2013年12月11日修订"))


def doubts(year: int, entries: Collection[CalendarEntry]) -> list[str]:
    """What makes a year's schedule look incomplete, in sentences; nobody is kept from loading it."""
    off = sum(entry.kind is DayKind.HOLIDAY for entry in entries)
    for since, least, revised in _STATUTORY:
        if year >= since:
            law = f"《全国年节及纪念日放假办法》（{revised}）第二条"
            few = f"表里 {year} 年只有 {off} 天放假，少于法定的 {least} 天（{law}），可能缺了几个节日，请核对。"
            return [few] if off < least else []
    return []


_KINDS = {key(word): kind for kind in DayKind for word in (kind.label, kind.value)} | {
    key(word): kind
    for word, kind in (
        ("休", DayKind.HOLIDAY),
        ("节假日", DayKind.HOLIDAY),
        ("班", DayKind.MAKE_UP),
        ("上班", DayKind.MAKE_UP),
        ("补班", DayKind.MAKE_UP),
    )
}


def parse_calendar_upload(rows: Iterable[Mapping[str, object]], *, first_row: int = 2) -> CalendarUpload:
    """Reads the columns 日期, 类型 (放假 or 调休上班) and 名称; `first_row` is the first row's number in the sheet."""
    entries: dict[date, CalendarEntry] = {}
    errors: list[str] = []
    for number, row in enumerate(rows, first_row):
        cells = {key(str(name)): value for name, value in row.items()}
        if not any(str(value or "").strip() for value in cells.values()):
            continue
        try:
            entry = _read_row(cells)
            if entry.day in entries:
                raise ValueError(f"{entry.day} 出现了两次。")
            entries[entry.day] = entry
        except ValueError as error:
            errors.append(f"第 {number} 行：{error}")
    if not entries and not errors:
        errors.append("表里没有任何日期。")
    return CalendarUpload(tuple(sorted(entries.values(), key=lambda e: e.day)), tuple(errors))


def _read_row(cells: Mapping[str, object]) -> CalendarEntry:
    written = cells.get("日期")
    if not isinstance(written, str | int | float | date):
        raise DateError("请填写日期。")
    day = parse_date(written)
    kind = _KINDS.get(key(str(cells.get("类型") or "")))
    if kind is None:
        raise ValueError("类型请填“放假”或“调休上班”。")
    if kind is DayKind.MAKE_UP and day.weekday() < 5:
        raise ValueError(f"{day} 本来就是工作日，不用列为调休上班。")
    return CalendarEntry(day, kind, normalise(str(cells.get("名称") or ""), longest=50))
