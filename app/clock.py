"""The only place that reads the clock. Everything below the edges takes `at` or `today`."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def business_day(at: datetime) -> date:
    """The local date that officers and rules mean: midnight in Shanghai, not in UTC."""
    return at.astimezone(BUSINESS_ZONE).date()
