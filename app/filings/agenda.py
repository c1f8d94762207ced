"""A year's dates in order: what is due when, and, where nobody has confirmed anything yet, when it was due before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.filings.rules import LIVE
from app.filings.terms import Milestone, Window, WindowState


@dataclass(frozen=True, slots=True)
class Entry:
    """One date of a window. `planned` is an earlier year's, or a law's that nobody has confirmed yet."""

    day: date
    milestone: Milestone
    window: Window
    planned: bool

    @property
    def live(self) -> bool:
        return self.window.state in LIVE and not self.planned


def entries_of(window: Window, earlier: Window | None) -> list[Entry]:
    planned = window.state is WindowState.REFERENCE
    given = window.dates.given
    if planned and not given and earlier is not None:
        given = earlier.dates.given
    return [Entry(day, milestone, window, planned) for milestone, day in given.items()]


def agenda(windows: Iterable[Window], earlier: Mapping[tuple[str, int, str], Window]) -> list[Entry]:
    """By date; of one day in the order in which papers travel."""
    order = list(Milestone)
    found = [e for w in windows for e in entries_of(w, earlier.get((w.programme, w.batch, w.region)))]
    return sorted(found, key=lambda e: (e.day, order.index(e.milestone)))


def undated(windows: Sequence[Window], found: Iterable[Entry]) -> list[Window]:
    """Those of which no source gives any date, so that a page can say so instead of leaving them out."""
    dated = {e.window.id for e in found}
    return [w for w in windows if w.id not in dated]
