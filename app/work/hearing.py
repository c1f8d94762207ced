"""Who would hear of silences that other days make long: looked at before the days are saved."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, literal_column, not_, or_, select

from app.access.models import User
from app.access.terms import Viewer
from app.db import Conn
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.pipeline.settings import Patience, standing_by
from app.pipeline.terms import Ladder, Tier
from app.work.agenda import last_contact
from app.work.models import StaleEscalation
from app.work.rules import heads_of
from app.work.stale import heads
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class Hearing:
    """How many firms nobody spoke of before, and who would be told of how many of them: the most first."""

    firms: int
    people: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Other:
    """A tier whose days are to be others."""

    tier: Tier
    wanted: Patience
    calendar: Calendar
    today: date

    def day(self, escalate: int) -> date:
        return self.calendar.add_working_days(self.today, -escalate)

    def long(self) -> Any:
        """Of the firms as they are counted now: silent for long under the other days and not under today's."""
        was, stale, escalate = self.tier.stale_working_days, self.wanted.stale, self.wanted.escalate
        if was is None or stale is None or escalate is None:  # what never stood still begins to today
            return literal_column("false")
        until = standing_by(was, stale, today=self.day(escalate), calendar=self.calendar)
        then = self._silent(until, self.day(escalate + stale))
        if self.tier.escalate_working_days is None:
            return then
        told = self.tier.escalate_working_days
        return and_(then, not_(self._silent(self.day(told), self.day(told + was))))

    def _silent(self, until: date, quiet: date) -> Any:
        spoken = last_contact()
        return and_(Firm.tier == self.tier.code, Firm.stale_on <= until, or_(spoken.is_(None), spoken <= quiet))

    def since(self, stale_on: Any) -> date:
        """When the firm would have begun to stand still."""
        began = self.calendar.add_working_days(stale_on, -(self.tier.stale_working_days or 0))
        return self.calendar.add_working_days(began, self.wanted.stale or 0)


async def newly_told(
    conn: Conn, wanted: Mapping[str, Patience], *, ladder: Ladder, calendar: Calendar, viewer: Viewer, today: date
) -> Hearing:
    """By the next morning's look, as `app.work.stale.escalate` tells them."""
    others = {
        tier.code: _Other(tier, wanted[tier.code], calendar, today)
        for tier in ladder.tiers
        if tier.code in wanted and wanted[tier.code] != Patience.of(tier)
    }
    if not others:
        return Hearing(0, ())
    told = StaleEscalation
    query = (
        select(Firm.tier, Firm.region_code, Firm.officer_id, Firm.stale_on, told.told_on)
        .outerjoin(told.__table__, told.firm_id == Firm.id)
        .where(
            literal_column("firms.status = 'active'"),
            Firm.stale_on.is_not(None),
            visible_to(viewer),
            or_(*(o.long() for o in others.values())),
        )
    )
    bosses, firms, hears = await heads(conn), 0, dict[uuid.UUID, int]()
    for code, region, officer, stale_on, told_on in await conn.execute(query):
        near = heads_of(bosses, region)
        if near and (told_on is None or others[f"{code}"].since(stale_on) > told_on):
            firms += 1
            for person in {*near, *([officer] if officer else [])}:
                hears[person] = hears.get(person, 0) + 1
    named = await conn.execute(select(User.id, User.name).where(User.id.in_(hears)))
    people = sorted(((name, hears[i]) for i, name in named), key=lambda one: (-one[1], one[0]))
    return Hearing(firms, tuple(people))
