"""The year in order, with every firm's books beside what was done for it: its figures as they came in."""

from bisect import bisect_left
from dataclasses import replace
from datetime import date, datetime, time

from app.seeding.acts import Act, Entitle, Register, Survey, Tell
from app.seeding.books import Books, Report, Subject, born_on, keep_books
from app.seeding.county import DemoFirm
from app.seeding.story import Life, Year

_MARK = "示例"


def chronicle(year: Year) -> list[Act]:
    """Of acts at one moment, the one that was told first."""
    rosters: dict[int, list[tuple[DemoFirm, Books]]] = {}
    told: dict[datetime, list[tuple[DemoFirm, Report]]] = {}
    titles: list[Act] = []
    for life in year.lives:
        firm, books = _settle(year, life)
        rosters.setdefault(life.arrived, []).append((firm, books))
        came = year.at(life.arrived, time(8, 31))
        titles += [Entitle(max(came, _on(year, title.issued_on)), firm, title) for title in books.titles]
        for report in books.reports:
            known = _on(year, report.decided_on or report.submitted_on or year.today)
            told.setdefault(max(came, known), []).append((firm, report))
    acts: list[Act] = []
    for day, found in sorted(rosters.items()):
        acts.append(Register(year.at(day, time(8, 30)), tuple(firm for firm, _ in found)))
        acts.append(Survey(year.at(day, time(8, 30)), tuple(found)))
    acts += [Tell(at, tuple(several)) for at, several in told.items()]
    return sorted([*acts, *titles, *year.acts], key=lambda act: act.at)


def _settle(year: Year, life: Life) -> tuple[DemoFirm, Books]:
    """The firm as its roster had it: old and large enough for the life it led."""
    firm, rng = life.firm, year.rng
    before = min(life.earliest, year.days[life.arrived])
    born = born_on(rng, life.reached, today=year.today, before=before, grown=life.grown)
    filed = tuple(sorted(issued.year for issued in life.issued))
    # The first firm is the demo clerk's own: nothing of it is missing.
    subject = Subject(firm.number, _MARK, firm.trade, life.reached, born, filed, life.grown, complete=firm.number == 1)
    books = keep_books(rng, subject, today=year.today)
    field = firm.entry.values["high_tech_field"]
    if life.issued and firm.trade.fields and not field:
        field = rng.choice(firm.trade.fields)  # a certificate names one
    values = {
        **firm.entry.values,
        "high_tech_field": field,
        "registered_on": born,
        "size_class": books.size_class.value,
        "above_designated_size": books.above_designated_size,
    }
    return replace(firm, entry=replace(firm.entry, values=values)), books


def _on(year: Year, day: date) -> datetime:
    """The afternoon of that day, or of the next working day; before the demo's year, its first."""
    return year.at(min(bisect_left(year.days, day), year.last), time(17, 30))
