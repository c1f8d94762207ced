"""What every section is asked with, and the registry as it stood when a digest's knowledge ends."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, Select, case, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.access.terms import Role, Viewer
from app.digests.rules import midnight
from app.digests.terms import Moment, Week, Words
from app.firms.filtering import visible_to
from app.firms.models import Firm
from app.firms.terms import MAIN_LADDER
from app.pipeline.models import Move
from app.pipeline.terms import Ladder, MoveKind
from app.workdays.rules import Calendar

ACTIVE: ColumnElement[bool] = literal_column("firms.status = 'active'")


@dataclass(frozen=True, slots=True)
class Frame:
    week: Week
    scope: str
    moment: Moment
    since: datetime  # what the digest before it knew
    before: uuid.UUID | None  # that digest, where it was kept
    ladder: Ladder
    calendar: Calendar
    words: Words

    @property
    def on(self) -> date:
        return self.moment.on

    @property
    def known_at(self) -> datetime:
        return self.moment.known_at

    @property
    def begins(self) -> datetime:
        return midnight(self.week.monday)

    @property
    def ends(self) -> datetime:
        return midnight(self.week.shifted(1).monday)

    @property
    def stands_on(self) -> date:
        """The day whose tiers are told: the week's last, for what moved on the Monday after is told by the next."""
        return min(self.on, self.week.sunday)

    @property
    def viewer(self) -> Viewer:
        return viewer_over(self.scope)

    def list_of(self, **filters: str) -> str:
        """The registry's own list of today, within the digest's division."""
        return f"/firms?{urlencode(filters | {'region': self.scope})}"


def viewer_over(scope: str) -> Viewer:
    """A digest sees what the head of its division sees."""
    return Viewer(uuid.UUID(int=0), "", "周报", Role.MANAGER, scope)


def facts(**given: Any) -> ColumnElement[Any]:
    pairs: list[Any] = []
    for name, value in given.items():
        pairs += [literal_column(f"'{name}'"), value]
    return func.jsonb_build_object(*pairs).label("facts")


def firms(*, of: Mapping[str, Any]) -> Select[Any]:
    """Rows of a list; the caller joins and narrows."""
    return select(Firm.uscc, Firm.name, Firm.region_code.label("region"), facts(**of))


def standing(frame: Frame) -> tuple[Any, Any, Any]:
    """Firms in sight with the tier they were on and since when: (from, tier, since).

    While the week goes on the firm's own columns say it. Of a week that is over the latest move says it that had been
    recorded by the moment and had taken effect by the week's last day.
    """
    if frame.moment.fresh and frame.on == frame.stands_on:
        return Firm.__table__, Firm.tier, Firm.tier_since
    # What is brought in of the time before stands behind everything that was recorded as it happened.
    past = case((Move.kind == MoveKind.HISTORY.value, Move.effective_on))
    order = (past.is_not(None), past.desc(), Move.recorded_at.desc(), Move.id.desc())
    latest = (
        select(
            Move.firm_id,
            func.array_agg(aggregate_order_by(Move.to_tier, *order)).label("tiers"),
            func.array_agg(aggregate_order_by(Move.effective_on, *order)).label("days"),
        )
        .where(Move.ladder == MAIN_LADDER, Move.recorded_at <= frame.known_at, Move.effective_on <= frame.stands_on)
        .group_by(Move.firm_id)
        .subquery("latest")
    )
    first: Any = latest.c.tiers[1]
    since = case((first.is_not(None), latest.c.days[1]), else_=None)
    return Firm.__table__.outerjoin(latest, latest.c.firm_id == Firm.id), first, since


def in_registry(frame: Frame) -> list[ColumnElement[bool]]:
    """Active firms of the division that had been entered by then."""
    return [visible_to(frame.viewer), ACTIVE, Firm.created_at <= frame.known_at]
