"""The demo's weekly digests: each composed on its own Monday, while the demo's year goes by."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.assessments.refreshing import refresh_changed
from app.clock import business_day
from app.db import Conn
from app.digests.rules import due_at, last_due
from app.digests.service import keep
from app.digests.terms import Week
from app.policy.policies import Policies
from app.workdays.rules import Calendar

WEEKS = 6


@dataclass
class Mondays:
    """What is told of the last weeks is what stood then: later acts have not been performed yet."""

    calendar: Calendar
    policies: Policies
    scopes: Sequence[str]
    until: datetime
    first: Callable[[], Awaitable[None]]  # what had happened before any of them
    ahead: list[Week] = field(init=False)

    def __post_init__(self) -> None:
        last = last_due(self.until, self.calendar)
        self.ahead = [last.shifted(-n) for n in reversed(range(WEEKS))]

    async def before(self, conn: Conn, moment: datetime) -> None:
        while self.ahead and due_at(self.ahead[0], self.calendar) < moment:
            if len(self.ahead) == WEEKS:
                await self.first()
            week = self.ahead.pop(0)
            at = due_at(week, self.calendar)
            while await refresh_changed(conn, policies=self.policies, as_of=business_day(at), at=at):
                pass
            for scope in self.scopes:
                await keep(conn, week, scope, at=at)
