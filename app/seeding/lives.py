"""The firms' lives within the demo's year: most are ordinary, some show what the system is for."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from app.pipeline.terms import Ladder
from app.recognitions.rules import HNTE_YEARS
from app.seeding import phrases
from app.seeding.acts import Act
from app.seeding.chronicle import chronicle
from app.seeding.county import DemoFirm
from app.seeding.invented import weighted
from app.seeding.story import STALE_AFTER, Life, Year, years_before
from app.workdays.rules import Calendar

_ENTRY = (("tech_micro", 47), ("eaglet", 25), ("gazelle", 12), ("hnte", 14), ("leader", 2))
_RISE = {"tech_micro": 0.34, "eaglet": 0.28, "gazelle": 0.3, "hnte": 0.05}
_NEXT = {"tech_micro": "eaglet", "eaglet": "gazelle", "gazelle": "hnte", "hnte": "leader"}
_EARLY = 30  # working days in which the registry was filled


def tell_year(
    rng: random.Random, firms: Sequence[DemoFirm], ladder: Ladder, calendar: Calendar, *, at: datetime
) -> list[Act]:
    year = Year(rng, ladder, calendar, at=at)
    roles = _roles(len(firms))
    for firm in firms:
        # The first firm is the demo clerk's own: an ordinary one.
        role = _ordinary if firm.number == 1 else next(roles, _ordinary)
        life = year.arrive(firm, _arrival(rng, year, role))
        role(year, life)
        _keep_company(year, life)
    return chronicle(year)


def _arrival(rng: random.Random, year: Year, role: "Role") -> int:
    if role is not _ordinary or rng.random() < 0.75:
        return rng.randrange(_EARLY)
    return rng.randrange(_EARLY, year.last - 20)


def _ordinary(year: Year, life: Life) -> None:
    if life.firm.number > 1 and year.rng.random() < 0.12:
        return  # registered, on no tier yet
    year.enter(life, weighted(year.rng, _ENTRY))
    while life.tier in _NEXT and year.rng.random() < _RISE[life.tier]:
        day = life.day + year.rng.randrange(40, 120)
        if day > year.last:
            return
        rise(year, life, day)


def rise(year: Year, life: Life, day: int, *, decision: str = "yes") -> None:
    to = _NEXT[life.tier or ""]
    effective = None
    if to in ("hnte", "leader") and life.since and not life.certified(year.days[day]):
        issued = max(year.days[day] - timedelta(days=year.rng.randrange(5, 30)), life.since)
        effective = year.certify(life, issued, day=day)
    year.move(life, day, to, reason=year.rng.choice(phrases.PROMOTION), effective=effective, decision=decision)


def _lapsing(year: Year, life: Life, day: int) -> None:
    """Enters as a gazelle on a certificate that ends some weeks before `day`."""
    ends = year.days[day] - timedelta(days=year.rng.randrange(5, 40))
    year.certify(life, years_before(ends, HNTE_YEARS), day=life.day)
    year.enter(life, "gazelle")


def _overridden(year: Year, life: Life) -> None:
    """Against the gate with a reason and a second person; the new certificate follows."""
    day = life.day + year.rng.randrange(60, 130)
    _lapsing(year, life, day)
    reason = year.rng.choice(phrases.PROMOTION)
    year.move(life, day, "hnte", reason=reason, override=year.rng.choice(phrases.OVERRIDE))
    year.certify(life, year.days[life.day + 20], day=life.day + 21)


def _skipping(year: Year, life: Life) -> None:
    year.enter(life, "tech_micro")
    year.move(life, life.day + year.rng.randrange(60, 150), "gazelle", reason=year.rng.choice(phrases.SKIP))


def _rejected(year: Year, life: Life) -> None:
    year.enter(life, "eaglet")
    reason, override = year.rng.choice(phrases.SKIP), year.rng.choice(phrases.OVERRIDE)
    year.move(life, life.day + 60, "leader", reason=reason, override=override, decision="no")


def _withdrawn(year: Year, life: Life) -> None:
    day = life.day + 80
    _lapsing(year, life, day)
    reason, override = year.rng.choice(phrases.PROMOTION), year.rng.choice(phrases.OVERRIDE)
    year.move(life, day, "hnte", reason=reason, override=override, decision="back")


def _corrected(year: Year, life: Life) -> None:
    year.enter(life, "tech_micro")
    assert life.since is not None
    earlier = life.since - timedelta(days=year.rng.randrange(5, 40))
    reason = year.rng.choice(phrases.CORRECTION)
    year.move(life, life.day + 10, "tech_micro", reason=reason, effective=earlier, correction=True)


def _demoted(year: Year, life: Life) -> None:
    year.enter(life, "gazelle")
    year.move(life, life.day + year.rng.randrange(60, 160), "eaglet", reason=year.rng.choice(phrases.DEMOTION))


def _climbed_lately(year: Year, life: Life) -> None:
    """In the last two weeks, so that this week's digest and the last one have something to tell."""
    year.enter(life, year.rng.choice(("tech_micro", "eaglet")))
    rise(year, life, year.last - year.rng.randrange(1, 10))


def _demoted_lately(year: Year, life: Life) -> None:
    year.enter(life, "gazelle")
    year.move(life, year.last - year.rng.randrange(1, 10), "eaglet", reason=year.rng.choice(phrases.DEMOTION))


def _lapsed(year: Year, life: Life) -> None:
    """A certificate that ended within the year, and the step back that followed."""
    day = year.rng.randrange(120, 190)
    ends = year.days[day]
    issued = ends.replace(year=ends.year - 3, day=min(ends.day, 28))
    year.certify(life, issued, day=life.day)
    year.move(life, life.day, "hnte", reason=year.rng.choice(phrases.ENTRY), effective=issued)
    year.move(life, day + 8, "gazelle", reason=phrases.LAPSED[0])


def _left(year: Year, life: Life) -> None:
    year.enter(life, "eaglet")
    place = year.rng.randrange(3)
    year.move(life, life.day + year.rng.randrange(40, 160), None, reason=phrases.EXIT[place])
    if place < 2:
        year.amend(life, life.day, status=("moved_out", "deregistered")[place])
        life.active = False


def _returned(year: Year, life: Life) -> None:
    year.enter(life, "tech_micro")
    year.move(life, life.day + 60, None, reason=phrases.EXIT[2])
    year.move(life, life.day + 70, "tech_micro", reason=phrases.REENTRY[0])


def _waiting_with_certificate(year: Year, life: Life) -> None:
    year.enter(life, "gazelle")
    rise(year, life, year.last - year.rng.randrange(4), decision="later")


def _waiting_to_skip(year: Year, life: Life) -> None:
    year.enter(life, "tech_micro")
    reason = year.rng.choice(phrases.SKIP)
    year.move(life, year.last - year.rng.randrange(6), "gazelle", reason=reason, decision="later")


def _waiting_to_lead(year: Year, life: Life) -> None:
    year.enter(life, "hnte")
    rise(year, life, year.last - year.rng.randrange(5), decision="later")


def _waiting_against_the_gate(year: Year, life: Life) -> None:
    day = year.last - year.rng.randrange(3)
    _lapsing(year, life, day)
    reason, override = year.rng.choice(phrases.PROMOTION), year.rng.choice(phrases.OVERRIDE)
    year.move(life, day, "hnte", reason=reason, override=override, decision="later")


def _renamed(year: Year, life: Life) -> None:
    year.enter(life, "eaglet")
    stem = life.firm.name.removesuffix("有限公司").removesuffix("股份").removesuffix("科技").removesuffix("实业")
    year.amend(life, life.day + 50, name=f"{stem}智能科技有限公司")


Role = Callable[[Year, Life], None]
# How many of a county of 400 lead such a life; a smaller demo keeps at least one of each.
_SHOWN: tuple[tuple[Role, int], ...] = (
    (_overridden, 4),
    (_skipping, 4),
    (_rejected, 4),
    (_withdrawn, 2),
    (_corrected, 6),
    (_demoted, 6),
    (_climbed_lately, 10),
    (_demoted_lately, 2),
    (_lapsed, 3),
    (_left, 10),
    (_returned, 1),
    (_waiting_with_certificate, 2),
    (_waiting_to_skip, 2),
    (_waiting_to_lead, 1),
    (_waiting_against_the_gate, 2),
    (_renamed, 8),
)


def _roles(count: int) -> Iterator[Role]:
    for role, share in _SHOWN:
        for _ in range(max(1, round(share * count / 400))):
            yield role


def _keep_company(year: Year, life: Life) -> None:
    """Calls and visits. Four in five of those on a tier were noted lately; the others stand still."""
    rng = year.rng
    if not life.active:
        return
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        if life.day < year.last - STALE_AFTER:
            year.note(life, rng.randrange(life.day, year.last - STALE_AFTER))
    if rng.random() < 0.8:
        year.note(life, max(life.day, rng.randrange(year.last - STALE_AFTER, year.last + 1)))
    if rng.random() < 0.04:
        touch = year.today + timedelta(days=rng.randrange(-10, 45))
        year.amend(life, max(life.day, year.last - rng.randrange(30)), next_touch_on=touch)
