"""One line of how something came about, as `parts/story.html` tells it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    at: datetime
    who: str
    what: str
    detail: str
    machine: bool
    href: str = ""  # where it is told in full
    link: str = ""
