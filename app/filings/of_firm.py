"""One firm's filings: every window that it is or was in, and the windows that stand open to it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.access.terms import Viewer
from app.db import Conn
from app.filings.applications import application_of, applications
from app.filings.models import ApplicationRow, FilingWindow
from app.filings.queries import list_programmes, list_windows, window_of, windows
from app.filings.rules import LIVE, concerns, phase_on
from app.filings.stages import Application, Stage
from app.filings.terms import NATION, Phase, Programme, Window

_UNFILED = (Stage.TARGET, Stage.PREPARING)


@dataclass(frozen=True, slots=True)
class Filing:
    application: Application
    window: Window
    lacking: Sequence[str]  # papers, while it has not been handed in

    @property
    def unfiled(self) -> bool:
        """The firm still has something to do."""
        return self.application.stage in _UNFILED


@dataclass(frozen=True, slots=True)
class Standing:
    filings: list[Filing]  # the newest first
    open_to_it: list[tuple[Window, Programme]]  # what it is not in and could still be listed for


async def standing_of(conn: Conn, firm_id: uuid.UUID, region: str, *, viewer: Viewer, today: date) -> Standing:
    """The caller has looked the firm up in its viewer's sight."""
    query = applications().where(ApplicationRow.firm_id == firm_id).order_by(ApplicationRow.id.desc())
    found = [application_of(row) for row in await conn.execute(query)]
    rows = await conn.execute(windows().where(FilingWindow.id.in_([a.window_id for a in found])))
    known = {row.id: window_of(row) for row in rows}
    programmes = {p.code: p for p in await list_programmes(conn)}
    filings = [Filing(a, known[a.window_id], _lacking(a, programmes[known[a.window_id].programme])) for a in found]
    live = await list_windows(conn, viewer=viewer, states=[s.value for s in LIVE])
    open_to_it = [
        (w, programmes[w.programme])
        for w in live
        if _may_enter(w, programmes[w.programme], filings, region) and _ahead(w, today)
    ]
    return Standing(filings, open_to_it)


def _lacking(application: Application, programme: Programme) -> list[str]:
    if application.stage not in _UNFILED:
        return []
    return [str(m["label"]) for m in programme.materials if m["code"] not in application.ready]


def _may_enter(window: Window, programme: Programme, filings: Sequence[Filing], region: str) -> bool:
    """A title that firms file for, in their division, and that they are not in already."""
    if programme.applicants != "firm" or programme.certificate is None:
        return False
    if window.region != NATION and not concerns(window.region, region):
        return False
    same_year = [f for f in filings if (f.window.programme, f.window.year) == (window.programme, window.year)]
    if any(f.window.id == window.id for f in same_year):
        return False
    return not (programme.once_a_year and any(f.application.stage is not Stage.WITHDRAWN for f in same_year))


def _ahead(window: Window, today: date) -> bool:
    return phase_on(today, state=window.state, dates=window.dates) in (Phase.UPCOMING, Phase.OPEN)
