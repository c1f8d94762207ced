"""What counts down: of each window the next of its dates."""

from dataclasses import dataclass
from datetime import date

from app.filings.rules import days_left, next_milestone
from app.filings.terms import Milestone, Window
from app.workdays.rules import Calendar


@dataclass(frozen=True, slots=True)
class Countdown:
    window: Window
    milestone: Milestone
    day: date
    days: int
    working_days: int
    assumed: bool


def countdowns(windows: list[Window], calendar: Calendar, today: date) -> list[Countdown]:
    """Nearest first."""
    found = []
    for window in windows:
        following = next_milestone(today, state=window.state, dates=window.dates)
        if following:
            milestone, day = following
            days, working_days, assumed = days_left(calendar, today, day)
            found.append(Countdown(window, milestone, day, days, working_days, assumed))
    return sorted(found, key=lambda c: c.day)
