"""Reads of programmes and their windows."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, literal, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from app.access.terms import Role, Viewer
from app.db import Conn
from app.filings.ics import FeedWindow
from app.filings.models import FilingWindow, ProgrammeRow, WindowVersionRow
from app.filings.rules import significant
from app.filings.terms import (
    DEADLINES,
    NATION,
    Dates,
    Milestone,
    Notice,
    Programme,
    ProgrammeKind,
    Window,
    WindowChange,
    WindowState,
    WindowVersion,
)
from app.firms.models import Firm
from app.policy.terms import Grade
from app.text import is_code

_W = FilingWindow
_DATES: tuple[Any, ...] = (_W.opens_on, _W.firm_due, _W.firm_until, _W.review_due, _W.city_due, _W.paper_due)
_NOTICE: tuple[Any, ...] = (_W.document, _W.address, _W.grade, _W.remark)
_WINDOW: tuple[Any, ...] = (
    _W.id,
    _W.programme,
    ProgrammeRow.label.label("title"),
    ProgrammeRow.short,
    ProgrammeRow.kind,
    _W.year,
    _W.batch,
    _W.label,
    _W.region,
    _W.state,
    _W.month,
    _W.version,
    _W.opened_at,
    *_DATES,
    *_NOTICE,
)


def dates_of(row: Any) -> Dates:
    return Dates(row.opens_on, row.firm_due, row.firm_until, row.review_due, row.city_due, row.paper_due)


def notice_of(row: Any) -> Notice:
    return Notice(row.document, row.address, Grade(row.grade), row.remark)


def window_of(row: Any) -> Window:
    return Window(
        id=row.id,
        programme=row.programme,
        title=row.title,
        short=row.short,
        kind=ProgrammeKind(row.kind),
        year=row.year,
        batch=row.batch,
        label=row.label,
        region=row.region,
        state=WindowState(row.state),
        dates=dates_of(row),
        notice=notice_of(row),
        month=row.month,
        version=row.version,
        opened_at=row.opened_at,
    )


def windows() -> Select[Any]:
    return select(*_WINDOW).join(ProgrammeRow, ProgrammeRow.code == _W.programme)


IN_ORDER = (ProgrammeRow.rank, _W.programme, _W.year, _W.batch, _W.region)
HAS_DATES = or_(*(getattr(_W, m.value).is_not(None) for m in Milestone))


def divisions_over(region: Any) -> tuple[ColumnElement[str], ...]:
    """The country, the province, the city, the county of a firm's division, and that itself."""
    return literal(NATION), func.left(region, 2) + "0000", func.left(region, 4) + "00", func.left(region, 6), region


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """Windows above a person's division, in it and below it; to a firm's clerk those above the firm."""
    if viewer.role is Role.FIRM:
        if viewer.firm_id is None:
            return false()
        where = select(Firm.region_code).where(Firm.id == viewer.firm_id).scalar_subquery()
        return _W.region.in_(divisions_over(where))
    if not is_code(viewer.scope):
        return _W.region == NATION
    scope = significant(viewer.scope)
    above_it = {NATION, *(scope[:n].ljust(6, "0") for n in (2, 4, 6) if len(scope) >= n), viewer.scope}
    return or_(_W.region.in_(sorted(above_it)), and_(_W.region >= scope, _W.region < str(int(scope) + 1)))


_PROGRAMME: tuple[Any, ...] = (
    ProgrammeRow.code,
    ProgrammeRow.label,
    ProgrammeRow.short,
    ProgrammeRow.kind,
    ProgrammeRow.applicants,
    ProgrammeRow.certificate,
    ProgrammeRow.policy,
    ProgrammeRow.once_a_year,
    ProgrammeRow.yearly,
    ProgrammeRow.basis,
    ProgrammeRow.materials,
    ProgrammeRow.field_checks,
)


def _programme_of(row: Any) -> Programme:
    return Programme(**{**row._mapping, "kind": ProgrammeKind(row.kind)})


async def list_programmes(conn: Conn) -> list[Programme]:
    query = select(*_PROGRAMME).order_by(ProgrammeRow.rank, ProgrammeRow.code)
    return [_programme_of(row) for row in await conn.execute(query)]


async def programme_by_code(conn: Conn, code: str) -> Programme:
    return _programme_of((await conn.execute(select(*_PROGRAMME).where(ProgrammeRow.code == code))).one())


async def list_windows(
    conn: Conn, *, viewer: Viewer, years: Collection[int] = (), programme: str = "", states: Collection[str] = ()
) -> list[Window]:
    query = windows().where(visible_to(viewer))
    if years:
        query = query.where(_W.year.in_(sorted(years)))
    if programme:
        query = query.where(_W.programme == programme)
    if states:
        query = query.where(_W.state.in_(sorted(states)))
    return [window_of(row) for row in await conn.execute(query.order_by(*IN_ORDER))]


async def earlier_years(
    conn: Conn, *, viewer: Viewer, before: int, programme: str = ""
) -> dict[tuple[str, int, str], Window]:
    """Of each series the latest window before that year that has dates: what people plan by."""
    query = windows().where(visible_to(viewer), _W.year < before, HAS_DATES)
    if programme:
        query = query.where(_W.programme == programme)
    query = query.ext(distinct_on(_W.programme, _W.batch, _W.region)).order_by(
        _W.programme, _W.batch, _W.region, _W.year.desc()
    )
    return {(w.programme, w.batch, w.region): w for w in map(window_of, await conn.execute(query))}


async def years_known(conn: Conn, *, viewer: Viewer) -> list[int]:
    query = select(_W.year).where(visible_to(viewer)).distinct().order_by(_W.year)
    return list((await conn.execute(query)).scalars())


async def window_by_id(conn: Conn, window_id: uuid.UUID, *, viewer: Viewer) -> Window | None:
    row = (await conn.execute(windows().where(_W.id == window_id, visible_to(viewer)))).one_or_none()
    return window_of(row) if row else None


async def versions_of(conn: Conn, window_id: uuid.UUID) -> list[WindowVersion]:
    """Newest first."""
    query = (
        select(WindowVersionRow.__table__)
        .where(WindowVersionRow.window_id == window_id)
        .order_by(WindowVersionRow.version.desc())
    )
    return [
        WindowVersion(
            version=r.version,
            change=WindowChange(r.change),
            state=WindowState(r.state),
            dates=dates_of(r),
            notice=notice_of(r),
            reason=r.reason,
            actor_name=r.actor_name,
            at=r.at,
        )
        for r in await conn.execute(query)
    ]


LAST_DEADLINE = func.greatest(*(getattr(_W, m.value) for m in DEADLINES))


async def feed(conn: Conn, *, viewer: Viewer, since: int) -> list[FeedWindow]:
    """What a subscribed calendar shows: windows that somebody confirmed, and of late years those that are over."""
    v = WindowVersionRow
    shown = _W.state.in_([s.value for s in WindowState if s is not WindowState.REFERENCE])
    query = windows().add_columns(v.at.label("written_at")).join(v, and_(v.window_id == _W.id, v.version == _W.version))
    query = query.where(visible_to(viewer), shown, _W.year >= since, HAS_DATES).order_by(*IN_ORDER)
    return [FeedWindow(window_of(row), row.written_at) for row in await conn.execute(query)]
