"""Confirmed windows as an iCalendar (RFC 5545): whole days, stable UIDs, a SEQUENCE that follows the version."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from app.filings.terms import Milestone, Window

_LONGEST = 75  # octets in a line, the line break not counted (§3.1)


@dataclass(frozen=True, slots=True)
class FeedWindow:
    window: Window
    written_at: datetime  # when its present version was written


def calendar(windows: Iterable[FeedWindow], *, name: str, base_url: str) -> str:
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tidu//filing windows//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        "X-WR-TIMEZONE:Asia/Shanghai",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
        "X-PUBLISHED-TTL:PT6H",
    ]
    for fed in windows:
        for milestone, day in fed.window.dates.given.items():
            lines += _event(fed, milestone, day, base_url)
    lines.append("END:VCALENDAR")
    return "".join(part + "\r\n" for line in lines for part in _folded(line))


def _event(fed: FeedWindow, milestone: Milestone, day: date, base_url: str) -> Iterator[str]:
    window, written = fed.window, _moment(fed.written_at)
    hour = window.dates.firm_until if milestone is Milestone.FIRM else None
    what = f"{window.short}{window.label} {milestone.label}" + (f" {hour:%H:%M}" if hour else "")
    notice = window.notice
    said = [window.name, f"依据：{notice.document}" if notice.document else "", notice.address, notice.remark]
    yield "BEGIN:VEVENT"
    yield f"UID:{window.id}-{milestone.value.replace('_', '-')}@tidu"
    yield f"DTSTAMP:{written}"
    yield f"LAST-MODIFIED:{written}"
    yield f"SEQUENCE:{window.version - 1}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(what)}"
    yield f"DESCRIPTION:{_text(chr(10).join(s for s in said if s))}"
    yield f"CATEGORIES:{_text(window.kind.label)}"
    yield f"URL:{base_url}/filings/{window.id}"
    yield "STATUS:CONFIRMED"
    # A deadline takes nobody's day.
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """§3.3.11; a carriage return cannot be said at all."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; the ones that continue begin with a space, and no character is cut in two."""
    part, room = "", _LONGEST
    for character in line:
        size = len(character.encode())
        if size > room:
            yield part
            part, room = " ", _LONGEST - 1
        part += character
        room -= size
    yield part
