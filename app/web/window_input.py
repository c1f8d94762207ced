"""A window's dates and notice as people and programs send them: one reading for form and API, a sentence per field."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from app.errors import Invalid
from app.filings.recording import NewWindow
from app.filings.service import Revision
from app.filings.terms import Dates, Milestone, Notice, WindowChange
from app.policy.terms import Grade
from app.text import DateError, TextError, halve, is_code, normalise, parse_date

DATE_FIELDS = {m.value: m.label for m in Milestone}
LABELS = {
    **DATE_FIELDS,
    "firm_until": "几点截止",
    "document": "文号",
    "address": "网址",
    "grade": "读自",
    "remark": "备注",
    "reason": "原因",
    "programme": "申报项目",
    "year": "年度",
    "batch": "批次",
    "label": "批次名称",
    "region": "适用区域",
}
# What a person who holds a notice in hand can say of it; the other grades belong to the seeds.
GRADES = (Grade.OFFICIAL, Grade.MIRRORED, Grade.THIRD_PARTY)
_FIRST_YEAR, _LAST_YEAR, _MOST_BATCHES = 2016, 2100, 99


class _Reader:
    """Collects every field's fault before it complains, so that nothing has to be typed twice."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.raw = raw
        self.faults: dict[str, str] = {}

    def day(self, field: str) -> date | None:
        value = self.raw.get(field)
        if value is None or value == "":
            return None
        try:
            return parse_date(value)
        except DateError as error:
            self.faults[field] = str(error)
            return None

    def hour(self, field: str) -> time | None:
        said = halve(str(self.raw.get(field) or "")).replace("：", ":")
        if not said:
            return None
        try:
            hours, minutes = said.split(":")
            return time(int(hours), int(minutes))
        except ValueError:
            self.faults[field] = "请写成 17:00 这样；全天都算的不填。"
            return None

    def text(self, field: str, longest: int, *, lines: bool = False) -> str:
        try:
            return normalise(str(self.raw.get(field) or ""), longest=longest, lines=lines)
        except TextError as error:
            self.faults[field] = str(error)
            return ""

    def number(self, field: str, least: int, most: int) -> int:
        said = halve(str(self.raw.get(field) or "0"))
        if not is_code(said) or len(said) > 4 or not least <= int(said) <= most:
            self.faults[field] = f"{LABELS[field]}请填 {least} 到 {most} 的整数。"
            return least
        return int(said)

    def grade(self) -> Grade:
        """A form must say it; nobody is taken to have read what he only heard of."""
        said = self.raw.get("grade")
        if said is None:
            return Grade.OFFICIAL
        if said not in {g.value for g in GRADES}:
            self.faults["grade"] = "请选择通知是从哪里读到的。"
            return Grade.OFFICIAL
        return Grade(said)

    def dates(self) -> Dates:
        return Dates(**{f: self.day(f) for f in DATE_FIELDS}, firm_until=self.hour("firm_until"))

    def notice(self) -> Notice:
        return Notice(
            self.text("document", 200), self.text("address", 500), self.grade(), self.text("remark", 500, lines=True)
        )

    def done(self) -> None:
        if self.faults:
            raise Invalid(self.faults)


def read_revision(raw: Mapping[str, Any], change: WindowChange, expected: int | None) -> Revision:
    """Raises Invalid."""
    reader = _Reader(raw)
    dates, notice, reason = reader.dates(), reader.notice(), reader.text("reason", 500, lines=True)
    reader.done()
    return Revision(change, expected, dates, notice, reason)


def read_change(said: str) -> WindowChange:
    """Raises Invalid. What lays a window out is not for people to ask for."""
    if said in {c.value for c in WindowChange if c is not WindowChange.LAID_OUT}:
        return WindowChange(said)
    raise Invalid({"change": "请选择确认、延期、更正、关闭或撤回确认。"})


def read_window(raw: Mapping[str, Any]) -> NewWindow:
    """Raises Invalid."""
    reader = _Reader(raw)
    year = reader.number("year", _FIRST_YEAR, _LAST_YEAR)
    batch = reader.number("batch", 0, _MOST_BATCHES)
    label = reader.text("label", 30) or (f"第{batch}批" if batch else "")
    programme, region = reader.text("programme", 60), reader.text("region", 12)
    if not programme:
        reader.faults["programme"] = "请选择申报项目。"
    if not region:
        reader.faults["region"] = "请选择适用区域。"
    dates, notice = reader.dates(), reader.notice()
    reader.done()
    return NewWindow(programme, year, batch, label, region, dates, notice)
