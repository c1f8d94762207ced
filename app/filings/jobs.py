"""The windows' night: those whose day has come are open, those that are over are closed, next year's are laid out."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import aliased

from app.access.terms import SYSTEM
from app.clock import business_day
from app.db import Conn
from app.filings.models import FilingWindow, ProgrammeRow
from app.filings.queries import IN_ORDER, LAST_DEADLINE, window_of, windows
from app.filings.recording import Edition, NewWindow, note, put_in, write_version
from app.filings.rules import LIVE, is_open, is_over
from app.filings.terms import NO_DATES, NO_NOTICE, Dates, Notice, Window, WindowChange, WindowState
from app.locks import Lock, hold
from app.policy.terms import Grade

_LIVE = FilingWindow.state.in_(sorted(s.value for s in LIVE))


async def open_windows(conn: Conn, at: datetime) -> Mapping[str, int]:
    """By date alone, so that a day that was missed, a week, or the same day again all end in the same state."""
    await hold(conn, Lock.WINDOWS)
    today = business_day(at)
    begun = or_(FilingWindow.opens_on.is_(None), FilingWindow.opens_on <= today)
    due = windows().where(_LIVE, or_(today > LAST_DEADLINE, and_(FilingWindow.opened_at.is_(None), begun)))
    changed = 0
    for row in (await conn.execute(due.order_by(*IN_ORDER).with_for_update(of=FilingWindow))).all():
        changed += await _follow(conn, window_of(row), today, at)
    return {"planned": changed, "created": await _lay_out(conn, today.year, at)}


async def _follow(conn: Conn, window: Window, today: date, at: datetime) -> bool:
    if is_over(today, state=window.state, dates=window.dates):
        edition = Edition(WindowChange.CLOSED, WindowState.CLOSED, window.dates, window.notice, "最后一个截止日期已过")
        await write_version(conn, window, edition, by=SYSTEM, at=at)
        before = {"state": window.state.value}
        await note(conn, "closed", window.id, window.name, by=SYSTEM, at=at, before=before, after=edition.to_json())
        return True
    if window.opened_at is None and is_open(today, state=window.state, dates=window.dates):
        await conn.execute(update(FilingWindow).where(FilingWindow.id == window.id).values(opened_at=at))
        await note(conn, "opened", window.id, window.name, by=SYSTEM, at=at, after=window.dates.to_json())
        return True
    return False


async def _lay_out(conn: Conn, year: int, at: datetime) -> int:
    """Every series of this year gets its place in the next, without a date: nobody knows next year's yet.

    A day that the law itself fixes is the exception; it too reminds nobody until a person has confirmed it.
    """
    following = aliased(FilingWindow)
    missing = ~(
        select(following.id)
        .where(
            following.programme == FilingWindow.programme,
            following.batch == FilingWindow.batch,
            following.region == FilingWindow.region,
            following.year == year + 1,
        )
        .exists()
    )
    query = windows().add_columns(ProgrammeRow.yearly, ProgrammeRow.basis, ProgrammeRow.grade.label("basis_grade"))
    created = 0
    for row in (await conn.execute(query.where(FilingWindow.year == year, missing).order_by(*IN_ORDER))).all():
        w, day = window_of(row), row.yearly.get(str(row.batch))
        dates = Dates(firm_due=date.fromisoformat(f"{year + 1}-{day}")) if day else NO_DATES
        notice = Notice(row.basis, "", Grade(row.basis_grade), "") if day else NO_NOTICE
        new = NewWindow(w.programme, year + 1, w.batch, w.label, w.region, dates, notice, w.month)
        made = await put_in(conn, new, state=WindowState.REFERENCE, change=WindowChange.LAID_OUT, by=SYSTEM, at=at)
        created += made is not None
    return created
