"""工作日历: which years are loaded, from which notice, and the upload of the next one with a look before it counts."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, Path, Query, Request, Response, UploadFile

from app.access.terms import Actor, Permission, Viewer
from app.audit.service import event_row, record
from app.errors import Invalid
from app.pipeline.calendars import Schedule, load_schedules
from app.sheets import MAX_FILE
from app.web.admin.calendar_file import as_text, from_text, rows_of, write_template
from app.web.deps import CHANGES_LOOKUPS, ClockDep, ConnDep, DatabaseDep, TodayDep, acting, guard
from app.web.downloads import XLSX, attachment
from app.web.forms import clean_text
from app.web.htmx import see_other
from app.web.later import Later
from app.web.routing import Router
from app.web.templating import page
from app.workdays.queries import days_of, list_years
from app.workdays.rules import CalendarEntry, CalendarUpload, doubts, parse_calendar_upload
from app.workdays.service import confirm_year

router = Router()
ReadCalendar = Annotated[Viewer, Depends(guard(Permission.SETTING_ADMIN))]
Keeper = Annotated[Actor, Depends(acting(Permission.SETTING_ADMIN))]
FIRST_YEAR, LAST_YEAR = 2000, 2100


@dataclass(frozen=True, slots=True)
class Difference:
    """A day whose entry the upload would change; `before` or `after` is None where there is none."""

    day: date
    before: CalendarEntry | None
    after: CalendarEntry | None


@router.get("/admin/calendar")
async def calendar_page(
    request: Request,
    _: ReadCalendar,
    conn: ConnDep,
    today: TodayDep,
    year: Annotated[int | None, Query(ge=FIRST_YEAR, le=LAST_YEAR)] = None,
) -> Response:
    return await _page(request, conn, today, year=year)


async def _page(
    request: Request,
    conn: ConnDep,
    today: date,
    *,
    year: int | None = None,
    errors: Sequence[str] = (),
    status: int = 200,
) -> Response:
    """Context: `years` [YearRow], `notices` [str], `shown_year` and its `days` [CalendarEntry], `errors` [str]."""
    years = await list_years(conn)
    shown = year or next((y.year for y in years if y.year == today.year), None)
    context: dict[str, Any] = {
        "years": years,
        "notices": _notices({y.year for y in years}, today),
        "shown_year": shown,
        "days": await days_of(conn, shown) if shown else [],
        "errors": list(errors),
    }
    return page(request, "admin/calendar.html", title="工作日历", status=status, **context)


def _notices(loaded: set[int], today: date) -> list[str]:
    """The State Council publishes next year's schedule each autumn; until it is loaded, deadlines are assumed."""
    return [
        f"{year} 年放假安排尚未载入，这一年的工作日暂按周一至周五计算。国务院办公厅通知发布后请在下面上传。"
        for year in (today.year, today.year + 1)
        if year not in loaded
    ]


@router.get("/admin/calendar/template.xlsx")
async def template(_: ReadCalendar, today: TodayDep) -> Response:
    return attachment(await asyncio.to_thread(write_template), f"{today.year + 1}年放假安排模板.xlsx", XLSX)


@router.post("/admin/calendar/preview")
async def preview(request: Request, _: Keeper, database: DatabaseDep, today: TodayDep, file: UploadFile) -> Response:
    """Reads the file and shows what it would change; nothing is kept.

    Context: `year`, `entries` [CalendarEntry], `differences` [Difference], `doubts` [str], `replaces` YearRow | None,
    `rows` str (goes back in a hidden field), `source` str, `errors` {field: sentence}.
    """
    data, name = await file.read(MAX_FILE + 1), file.filename or ""

    async def read() -> Response:
        try:
            first_row, rows = await rows_of(data, name)
            upload = parse_calendar_upload(rows, first_row=first_row)
            year, errors = _one_year(upload)
        except Invalid as error:
            errors = list(error.fields.values())
        async with database.reading() as conn:
            if errors:
                return await _page(request, conn, today, errors=errors, status=422)
            return await _preview(request, conn, year, upload.entries)

    return Later(read)


def _one_year(upload: CalendarUpload) -> tuple[int, list[str]]:
    if upload.errors:
        return 0, list(upload.errors)
    year, *others = sorted(upload.years)
    if others:
        return 0, [f"一次只能上传一年的安排，表里有 {'、'.join(str(y) for y in (year, *others))} 年的日期。"]
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return 0, [f"请核对年份：表里写的是 {year} 年。"]
    return year, []


async def _preview(
    request: Request,
    conn: ConnDep,
    year: int,
    entries: Sequence[CalendarEntry],
    *,
    source: str = "",
    errors: dict[str, str] | None = None,
) -> Response:
    before = {e.day: e for e in await days_of(conn, year)}
    after = {e.day: e for e in entries}
    changed = sorted(day for day in before | after if before.get(day) != after.get(day))
    context: dict[str, Any] = {
        "year": year,
        "entries": list(entries),
        "differences": [Difference(day, before.get(day), after.get(day)) for day in changed],
        "replaces": next((y for y in await list_years(conn) if y.year == year), None),
        "doubts": doubts(year, entries),
        "rows": as_text(entries),
        "source": source,
        "errors": errors or {},
    }
    status = 422 if errors else 200
    return page(request, "admin/calendar_preview.html", title=f"载入 {year} 年放假安排", status=status, **context)


@router.post("/admin/calendar", dependencies=[CHANGES_LOOKUPS])
async def load(
    request: Request,
    conn: ConnDep,
    clock: ClockDep,
    today: TodayDep,
    actor: Keeper,
    rows: Annotated[str, Form(max_length=60_000)] = "",
    source: Annotated[str, Form(max_length=400)] = "",
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    # The preview's rows come back through the browser, so they are read and judged again.
    upload = parse_calendar_upload(from_text(rows))
    year, wrong = _one_year(upload)
    if wrong:
        return await _page(request, conn, today, errors=wrong, status=422)
    try:
        source = clean_text(
            "source", source, longest=200, required="请填写通知的文号或名称，如 国办发明电〔2026〕7号。"
        )
    except Invalid as error:
        return await _preview(request, conn, year, upload.entries, source=source, errors=error.fields)
    at = clock.now()
    restated = await load_schedules(conn, [Schedule(year, upload.entries, source, confirmed)])
    after = {"days": len(upload.entries), "source": source, "confirmed": confirmed, "restated": restated}
    loaded = event_row(
        "calendar:year:loaded", by=actor, at=at, object_type="calendar", object_id=str(year), after=after
    )
    await record(conn, loaded)
    return see_other(request, f"/admin/calendar?year={year}", f"已载入 {year} 年放假安排，共 {len(upload.entries)} 天")


@router.post("/admin/calendar/{year}/confirm")
async def confirm(
    request: Request,
    year: Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR)],
    conn: ConnDep,
    clock: ClockDep,
    actor: Keeper,
) -> Response:
    """Somebody has compared the loaded days with the notice itself."""
    await confirm_year(conn, year)
    confirmed = event_row(
        "calendar:year:confirmed", by=actor, at=clock.now(), object_type="calendar", object_id=str(year)
    )
    await record(conn, confirmed)
    return see_other(request, f"/admin/calendar?year={year}", f"已确认 {year} 年放假安排")
