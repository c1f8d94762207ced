"""申报日历: a year's windows by year, month or list; what is confirmed counts down, the rest is for planning."""

import calendar as months
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

from app.access.terms import Permission, Role, Viewer
from app.filings.agenda import Entry, agenda, undated
from app.filings.queries import earlier_years, list_programmes, list_windows, years_known
from app.filings.rules import LIVE, days_left
from app.filings.terms import Milestone, Window, WindowState
from app.web.countdowns import countdowns
from app.web.deps import ConnDep, LookupDep, TodayDep, guard
from app.web.lookups import Lookup
from app.web.routing import Router
from app.web.templating import page
from app.workdays.rules import Calendar, DayKind

router = Router()
Reader = Annotated[Viewer, Depends(guard(Permission.FILING_READ))]
VIEWS = {"year": "全年", "month": "按月", "list": "列表"}
SHORT = {
    Milestone.OPENS: "开放",
    Milestone.FIRM: "企业",
    Milestone.REVIEW: "县级",
    Milestone.CITY: "市级",
    Milestone.PAPER: "纸质",
}
_MARKS = {DayKind.HOLIDAY: "休", DayKind.MAKE_UP: "班"}
_SOON = 8


@dataclass(frozen=True, slots=True)
class Row:
    """A window and what falls in each month of the year."""

    window: Window
    from_year: int | None  # of the earlier dates it is planned by
    months: list[list[Entry]]


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    outside: bool
    working: bool
    mark: str
    entries: list[Entry]


def _href(year: int, view: str, programme: str, month: int | None = None) -> str:
    parts = {"year": year, "view": view, "month": month, "programme": programme}
    return "/filings?" + urlencode({k: v for k, v in parts.items() if v})


@router.get("/filings")
async def calendar_page(
    request: Request,
    conn: ConnDep,
    lookup: LookupDep,
    today: TodayDep,
    viewer: Reader,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    month: Annotated[int | None, Query(ge=1, le=12)] = None,
    view: Annotated[str, Query(max_length=10)] = "",
    programme: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    view = view if view in VIEWS else "list" if viewer.role is Role.FIRM else "year"
    year, month = year or today.year, month or (today.month if year in (None, today.year) else 1)
    # A window may begin in the year before its own or end in the one after.
    near = await list_windows(conn, viewer=viewer, years=(year - 1, year, year + 1), programme=programme)
    windows = [w for w in near if w.year == year]
    earlier = {}
    if any(w.state is WindowState.REFERENCE for w in windows):
        earlier = await earlier_years(conn, viewer=viewer, before=year, programme=programme)
    entries = agenda(windows, earlier)
    live = await list_windows(conn, viewer=viewer, states=LIVE)
    programmes = await list_programmes(conn)
    context: dict[str, Any] = {
        "year": year,
        "month": month,
        "view": view,
        "views": [(label, _href(year, v, programme, month if v == "month" else None), v) for v, label in VIEWS.items()],
        "years": [(y, _href(y, view, programme)) for y in _years(await years_known(conn, viewer=viewer), year, today)],
        "programme": programme,
        "programmes": [("", "全部项目"), *((p.code, p.label) for p in programmes)],
        "soon": countdowns(live, lookup.calendar, today)[:_SOON],
        "waiting": sum(w.state is WindowState.REFERENCE for w in windows),
        "notes": _notes(lookup, year, today),
        "undated": undated(windows, entries),
        "region": lookup.reference.region,
        "short": SHORT,
        "can_keep": viewer.may(Permission.FILING_KEEP),
        "empty": not windows,
    }
    if view == "year":
        context["rows"] = [_row(w, entries, earlier.get((w.programme, w.batch, w.region))) for w in windows]
    elif view == "month":
        context |= _month(year, month, agenda(near, {}), entries, lookup.calendar)
        context |= _turning(year, month, programme)
    else:
        context["entries"] = [(e, days_left(lookup.calendar, today, e.day)) for e in entries if not e.planned]
        # In the order of the year that is planned, not of the years the dates are from.
        context["planned"] = sorted((e for e in entries if e.planned), key=lambda e: (e.day.month, e.day.day))
    return page(request, "officer/filings/calendar.html", title=f"{year} 年申报日历", **context)


def _years(known: list[int], shown: int, today: date) -> list[int]:
    return sorted({*(y for y in known if abs(y - shown) <= 2), shown, today.year, today.year + 1})


def _notes(lookup: Lookup, year: int, today: date) -> list[str]:
    """Until the State Council's schedule is loaded, working days are Monday to Friday, and pages say so."""
    return [
        f"{y} 年放假安排尚未载入，{y} 年的工作日暂按周一至周五计算；以国务院办公厅的通知为准。"
        for y in sorted({year, today.year})
        if y >= today.year and lookup.calendar.assumed(y)
    ]


def _row(window: Window, entries: list[Entry], earlier: Window | None) -> Row:
    own = [e for e in entries if e.window.id == window.id]
    cells: list[list[Entry]] = [[] for _ in range(12)]
    for e in own:
        # What lies beyond the year stands at its edge, with its whole date.
        place = e.day.month if e.planned or e.day.year == window.year else 1 if e.day.year < window.year else 12
        cells[place - 1].append(e)
    planned_by = earlier.year if earlier and own and own[0].planned and not window.dates.given else None
    return Row(window, planned_by, cells)


def _month(year: int, month: int, own: list[Entry], entries: list[Entry], calendar: Calendar) -> dict[str, Any]:
    weeks = [
        [
            Day(
                day,
                day.month != month,
                calendar.is_working_day(day),
                _MARKS[calendar.days[day]] if day in calendar.days else "",
                [e for e in own if e.day == day and not e.planned],
            )
            for day in week
        ]
        for week in months.Calendar().monthdatescalendar(year, month)
    ]
    # An earlier year's date is no date of this year: it stands below the month, not in it.
    busy = any(d.entries for week in weeks for d in week)
    return {"weeks": weeks, "busy": busy, "planned": [e for e in entries if e.planned and e.day.month == month]}


def _turning(year: int, month: int, programme: str) -> dict[str, Any]:
    before, after = (year - (month == 1), month - 1 or 12), (year + (month == 12), month % 12 + 1)
    return {"before_href": _href(before[0], "month", programme, before[1]), "before": before} | {
        "after_href": _href(after[0], "month", programme, after[1]),
        "after": after,
    }
