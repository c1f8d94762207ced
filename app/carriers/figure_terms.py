"""What of a carrier's year nobody can count from the ledgers: its operator says it, once a year."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

# Of the figures that the carriers' policies speak of (`policy.figures.CARRIER`).
SAID = (
    *("statistics_years", "staff", "professional_staff", "mentors", "events", "typical_cases"),
    *("fund", "funded_cases", "invested", "total_income", "service_income"),
)
# What cannot be more than what it is a part of.
PARTS: Mapping[str, str] = {"professional_staff": "staff", "service_income": "total_income"}


@dataclass(frozen=True, slots=True)
class YearSaid:
    year: int
    figures: Mapping[str, Decimal] = field(default_factory=dict)
    version: int = 0  # nothing was said yet
    author_name: str = ""
    updated_at: datetime | None = None
