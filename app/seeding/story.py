"""One invented year of a bureau: who did what when, decided before anything is written.

The year is a list of acts in order of time; `app.seeding.demo` performs them through the real services, so the
demo holds nothing that the system itself would not have allowed.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from app.clock import BUSINESS_ZONE, business_day
from app.pipeline.terms import Ladder
from app.recognitions.rules import HNTE_YEARS, expiry
from app.seeding import phrases
from app.seeding.acts import Act, Amend, Ask, Call, Certify, Decide, NoteDown
from app.seeding.county import DEMO_TOWN, DemoFirm
from app.work.terms import VisitEntry
from app.workdays.rules import Calendar

STALE_AFTER = 55  # working days; a firm that somebody noted within them does not stand still


@dataclass
class Life:
    """Where a firm stands while its year is being told."""

    firm: DemoFirm
    day: int  # position of its latest act among the year's working days
    arrived: int  # and of the roster it came with
    tier: str | None = None
    since: date | None = None
    active: bool = True
    reached: str | None = None  # the highest tier it came to or stands before
    grown: bool = False  # came by way of a lower tier
    earliest: date = date.max
    issued: list[date] = field(default_factory=list)  # its 高企 certificates

    def certified(self, day: date) -> bool:
        return any(issued <= day <= expiry(issued, HNTE_YEARS) for issued in self.issued)


class Year:
    def __init__(self, rng: random.Random, ladder: Ladder, calendar: Calendar, *, at: datetime) -> None:
        self.rng, self.ladder, self.today = rng, ladder, business_day(at)
        first = self.today - timedelta(days=365)
        days = [first + timedelta(days=n) for n in range(365)]
        self.days = [day for day in days if calendar.is_working_day(day)]
        self.acts: list[Act] = []
        self.lives: list[Life] = []
        self.certificates = 0

    @property
    def last(self) -> int:
        return len(self.days) - 1

    def arrive(self, firm: DemoFirm, day: int) -> Life:
        """Rosters come in on every fifth day, before the first move of the morning."""
        life = Life(firm, day, arrived=day - day % 5)
        self.lives.append(life)
        return life

    def enter(self, life: Life, to: str, *, decision: str = "yes") -> None:
        """An entry takes effect when the firm reached the tier, which may be long before anybody wrote it down."""
        back = 500 if life.day < 30 else 20
        effective = self.days[life.day] - timedelta(days=self.rng.randrange(back))
        if to in ("hnte", "leader"):
            effective = self.certify(life, self._issue_date(life), day=life.day)
        self.move(life, life.day, to, reason=self.rng.choice(phrases.ENTRY), effective=effective, decision=decision)

    def certify(self, life: Life, issued_on: date, *, day: int) -> date:
        self.certificates += 1
        number = f"GR{issued_on.year}44{900000 + self.certificates}"
        life.issued.append(issued_on)
        life.earliest = min(life.earliest, issued_on)
        self.acts.append(Certify(self.at(day, time(8, 35)), life.firm, number, issued_on))
        return issued_on

    def move(
        self,
        life: Life,
        day: int,
        to: str | None,
        *,
        reason: str,
        effective: date | None = None,
        decision: str = "yes",
        **how: Any,
    ) -> None:
        """`decision` is what a second person says where one is needed: yes, no, back (withdrawn) or later."""
        by = self._who(life.firm)
        on = effective or max(self.days[day] - timedelta(days=self.rng.randrange(4)), life.since or date.min)
        if to == "gazelle" and self._climbs(life.tier, to) and not life.certified(on):
            # Every published rule for a gazelle asks for 高企 first.
            self.certify(life, on - timedelta(days=self.rng.randrange(20, 400)), day=day)
        ask = Ask(self._moment(day), life.firm, by, to, life.tier, on, reason, **how)
        ask = replace(ask, waits=self._waits(ask))
        self.acts.append(ask)
        life.day, life.earliest = day, min(life.earliest, on)
        if decision in ("yes", "later") and self._climbs(life.reached, to):
            life.reached, life.grown = to, life.reached is not None
        if ask.waits:
            if decision == "later":
                return
            life.day = min(day + self.rng.randrange(1, 4), self.last)
            self._decide(ask, life.day, decision)
            if decision != "yes":
                return
        life.tier, life.since = to, on if to else None

    def note(self, life: Life, day: int) -> None:
        at, by, body = self._moment(day), self._who(life.firm), self.rng.choice(phrases.NOTES)
        if body in phrases.VISITS:
            self.acts.append(self._call(at, life.firm, by, body))
        else:
            self.acts.append(NoteDown(at, life.firm, by, body))

    def _call(self, at: datetime, firm: DemoFirm, by: str, body: str) -> Call:
        """Of a month ago and before, everything is done; of late, what was promised falls due about now."""
        kind, promises, need = phrases.VISITS[body]
        days = 10 + len(firm.name) % 12
        due = at + timedelta(days=days)
        settled = due if due.date() < self.today - timedelta(days=4) else None
        later = at + timedelta(days=2)
        entry = VisitEntry(at.date(), kind, "", body, due.date(), promises, need)
        return Call(at, firm, by, entry, later if later.date() < self.today else None, settled)

    def amend(self, life: Life, day: int, **values: Any) -> None:
        by = life.firm.officer or "officer"
        # After everything else of that day: a firm that leaves does so after its last move.
        self.acts.append(Amend(self.at(day, time(17, 40)), life.firm, by, values))
        if "name" in values:
            life.firm = replace(life.firm, name=values["name"])

    def _climbs(self, before: str | None, to: str | None) -> bool:
        current, target = self.ladder.tier(before), self.ladder.tier(to)
        return target is not None and (current is None or target.rank > current.rank)

    def _waits(self, ask: Ask) -> bool:
        target, current = self.ladder.tier(ask.to), self.ladder.tier(ask.expected)
        if target is None:
            return False
        skips = abs(target.rank - (current.rank if current else 0)) > 1
        return bool(ask.override) or skips or (target.needs_approval and ask.to != ask.expected)

    def _decide(self, ask: Ask, day: int, decision: str) -> None:
        colleagues = [login for login in ("manager", "officer", "officer2") if login != ask.by]
        by = ask.by if decision == "back" else self.rng.choice(colleagues)
        refusal = {"no": phrases.REFUSALS, "back": phrases.WITHDRAWALS}.get(decision, ("",))
        self.acts.append(Decide(self._moment(day), ask.firm, by, self.rng.choice(refusal)))

    def _who(self, firm: DemoFirm) -> str:
        if firm.region == DEMO_TOWN and self.rng.random() < 0.4:
            return "town"
        return firm.officer or "officer"

    def _issue_date(self, life: Life) -> date:
        """A quarter lapse within half a year, a tenth have lapsed, the rest hold for long."""
        chance = self.rng.random()
        if chance < 0.25:
            return years_before(self.today + timedelta(days=self.rng.randrange(5, 178)), HNTE_YEARS)
        if chance < 0.35:
            return years_before(self.today - timedelta(days=self.rng.randrange(10, 120)), HNTE_YEARS)
        youngest = self.days[life.day] - timedelta(days=5)
        oldest = years_before(self.today + timedelta(days=200), HNTE_YEARS)
        return oldest + timedelta(days=self.rng.randrange(max(1, (youngest - oldest).days)))

    def _moment(self, day: int) -> datetime:
        minutes = self.rng.choice((self.rng.randrange(40, 190), self.rng.randrange(360, 530)))
        moment = datetime.combine(self.days[day], time(8), BUSINESS_ZONE) + timedelta(minutes=minutes)
        return moment + timedelta(seconds=self.rng.randrange(60))

    def at(self, day: int, when: time) -> datetime:
        return datetime.combine(self.days[day], when, BUSINESS_ZONE)


def years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
