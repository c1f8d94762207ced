"""Windows by hand: a new one, confirmed after its notice, extended, corrected, closed. Each change is a version."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from app.access.terms import Actor
from app.clock import business_day
from app.db import Conn
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.filings.models import FilingWindow, ProgrammeRow, WindowVersionRow
from app.filings.queries import dates_of, notice_of, visible_to, window_of, windows
from app.filings.recording import Edition, NewWindow, note, put_in, write_version
from app.filings.rules import change_problems, concerns, date_problems, notice_problems, state_after
from app.filings.terms import NATION, NO_DATES, NO_NOTICE, Dates, Notice, Window, WindowChange, WindowState
from app.firms.models import Region

_FROM_NOTICE = frozenset({WindowChange.CONFIRMED, WindowChange.EXTENDED, WindowChange.CORRECTED})


@dataclass(frozen=True, slots=True)
class Revision:
    """What a person asks for. `expected` is the version they saw; closing and withdrawing bring no dates."""

    change: WindowChange
    expected: int | None
    dates: Dates = NO_DATES
    notice: Notice = NO_NOTICE
    reason: str = ""


async def add_window(conn: Conn, new: NewWindow, *, by: Actor, at: datetime) -> uuid.UUID:
    """One that a notice announces, confirmed from the start; without any date it waits as 往年参考.

    Raises Invalid by field, Conflict when the series has a window of that year already.
    """
    wrong = date_problems(new.dates, year=new.year)
    title = await _title(conn, new.programme)
    if title is None:
        wrong["programme"] = "没有这个申报项目。"
    if not await _is_ours(conn, new.region, by):
        wrong["region"] = "没有这个行政区划，或它不在您的管辖范围内。"
    confirmed = bool(new.dates.given)
    change, state = WindowChange.LAID_OUT, WindowState.REFERENCE
    if confirmed:
        change = WindowChange.CONFIRMED
        wrong |= notice_problems(new.notice)
        if problem := change_problems(change, state=state, before=NO_DATES, after=new.dates, today=business_day(at)):
            wrong.setdefault("firm_due", problem)
        state = WindowState.CONFIRMED
    if wrong:
        raise Invalid(wrong)
    made = await put_in(conn, new, state=state, change=change, by=by, at=at)
    if made is None:
        raise Conflict("这个项目当年的这一批已经在日历上，请在那一页确认或更正。")
    said = Edition(change, state, new.dates, new.notice).to_json()
    await note(conn, change.value, made, f"{new.year} 年{title}{new.label}", by=by, at=at, after=said)
    return made


async def _title(conn: Conn, programme: str) -> str | None:
    query = select(ProgrammeRow.label).where(ProgrammeRow.code == programme)
    return (await conn.execute(query)).scalar_one_or_none()


async def _is_ours(conn: Conn, region: str, by: Actor) -> bool:
    if region == NATION:
        return True
    known = (await conn.execute(select(Region.code).where(Region.code == region))).first()
    return known is not None and concerns(region, by.viewer.scope)


async def revise(conn: Conn, window_id: uuid.UUID, revision: Revision, *, by: Actor, at: datetime) -> Window:
    """Returns the window as it was. Raises NotFound, Stale when it was changed since, Invalid by field, Refused."""
    window = await _locked(conn, window_id, by)
    if revision.expected is not None and revision.expected != window.version:
        raise Stale(await _changed_by(conn, window))
    edition = await _edition(conn, window, revision, at)
    await write_version(conn, window, edition, by=by, at=at)
    before = Edition(edition.change, window.state, window.dates, window.notice).to_json()
    after = edition.to_json() | {"version": window.version + 1}
    await note(conn, edition.change.value, window.id, window.name, by=by, at=at, before=before, after=after)
    return window


async def _edition(conn: Conn, window: Window, revision: Revision, at: datetime) -> Edition:
    today, change = business_day(at), revision.change
    dates, notice, wrong = revision.dates, revision.notice, {}
    if change in _FROM_NOTICE:
        wrong = date_problems(dates, year=window.year) | notice_problems(notice)
    else:
        dates, notice = await _kept(conn, window, change)
    if change not in (WindowChange.CONFIRMED, WindowChange.EXTENDED) and not revision.reason:
        wrong["reason"] = "请写明原因，会留在版本记录里。"
    if wrong:
        raise Invalid(wrong)
    if problem := change_problems(change, state=window.state, before=window.dates, after=dates, today=today):
        raise Refused(problem)
    state = state_after(change, state=window.state, after=dates, today=today)
    return Edition(change, state, dates, notice, revision.reason)


async def _locked(conn: Conn, window_id: uuid.UUID, by: Actor) -> Window:
    query = windows().where(FilingWindow.id == window_id, visible_to(by.viewer)).with_for_update(of=FilingWindow)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return window_of(row)


async def _changed_by(conn: Conn, window: Window) -> str:
    query = select(WindowVersionRow.actor_name).where(
        WindowVersionRow.window_id == window.id, WindowVersionRow.version == window.version
    )
    who = (await conn.execute(query)).scalar_one()
    said = f"{who} 已把{window.name}改到第 {window.version} 版，现为“{window.state.label}”"
    return f"{said}；您的修改没有保存，请看过现在的日期再办。"


async def _kept(conn: Conn, window: Window, change: WindowChange) -> tuple[Dates, Notice]:
    """A closed window keeps its dates; one whose confirmation is withdrawn says again what it said at first."""
    if change is not WindowChange.WITHDRAWN:
        return window.dates, window.notice
    query = select(WindowVersionRow.__table__).where(
        WindowVersionRow.window_id == window.id,
        WindowVersionRow.version == 1,
        WindowVersionRow.state == WindowState.REFERENCE.value,
    )
    first = (await conn.execute(query)).one_or_none()
    return (dates_of(first), notice_of(first)) if first else (NO_DATES, NO_NOTICE)
