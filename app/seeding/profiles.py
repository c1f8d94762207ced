"""What an invented firm on a tier looks like from inside: the ranges its figures are drawn from.

Believable, not official: they lie where a firm of that tier would mostly meet the tier's conditions and now and then
just miss one. Nothing is judged by them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Range = tuple[float, float]
Count = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Profile:
    revenue: Range  # of the latest year, 万元
    growth: Range  # a year
    intensity: Range  # R&D by revenue; of a 高企 what lies above its own bracket
    rd_staff: Range  # share of the staff
    per_head: Range  # revenue a head, 万元
    high_tech: Range  # share of the income
    conversions: Count
    class_one: Count
    class_two: Count
    age: Range  # years, today
    coverage: tuple[float, float, float]  # chances to have reported nothing, the latest year only, all years
    judged: float  # chance that experts have scored it
    above_bracket: bool = False
    titles: Mapping[str, float] = field(default_factory=dict)  # certificates beside 高企, with their chances


_OUTSIDE = Profile(
    revenue=(80, 6000),
    growth=(-0.15, 0.25),
    intensity=(0, 0.035),
    rd_staff=(0.02, 0.12),
    per_head=(25, 90),
    high_tech=(0.2, 0.7),
    conversions=(0, 1),
    class_one=(0, 0),
    class_two=(0, 2),
    age=(1, 25),
    coverage=(0.45, 0.25, 0.3),
    judged=0,
)
_TECH_MICRO = Profile(
    revenue=(100, 1950),
    growth=(-0.05, 0.34),
    intensity=(0.015, 0.07),
    rd_staff=(0.06, 0.2),
    per_head=(25, 70),
    high_tech=(0.4, 0.8),
    conversions=(0, 3),
    class_one=(0, 0),
    class_two=(0, 4),
    age=(1.2, 15),
    coverage=(0.12, 0.15, 0.73),
    judged=0,
    titles={"tech_sme": 0.25},
)
_EAGLET = Profile(
    revenue=(500, 4600),
    growth=(0.305, 0.55),
    intensity=(0.0505, 0.085),
    rd_staff=(0.102, 0.24),
    per_head=(30, 80),
    high_tech=(0.52, 0.85),
    conversions=(1, 5),
    class_one=(0, 1),
    class_two=(2, 6),
    age=(2.5, 9.4),
    coverage=(0.05, 0.1, 0.85),
    judged=0.15,
    titles={"tech_sme": 0.55},
)
_GAZELLE = Profile(
    revenue=(3000, 18000),
    growth=(0.205, 0.37),
    intensity=(0.028, 0.065),
    rd_staff=(0.09, 0.22),
    per_head=(45, 110),
    high_tech=(0.56, 0.88),
    conversions=(3, 7),
    class_one=(0, 2),
    class_two=(4, 9),
    age=(4, 10.4),
    coverage=(0.03, 0.05, 0.92),
    judged=0.5,
    titles={"tech_sme": 0.5, "srdi": 0.08},
)
_HNTE = Profile(
    revenue=(1200, 38000),
    growth=(0.01, 0.24),
    intensity=(-0.003, 0.022),
    rd_staff=(0.096, 0.22),
    per_head=(45, 120),
    high_tech=(0.59, 0.92),
    conversions=(5, 9),
    class_one=(0, 3),
    class_two=(5, 13),
    age=(5, 24),
    coverage=(0.01, 0.04, 0.95),
    judged=0.93,
    above_bracket=True,
    titles={"tech_sme": 0.4, "srdi": 0.12},
)
_LEADER = Profile(
    revenue=(30500, 120000),
    growth=(0.04, 0.2),
    intensity=(0.031, 0.055),
    rd_staff=(0.12, 0.22),
    per_head=(60, 140),
    high_tech=(0.65, 0.95),
    conversions=(6, 12),
    class_one=(5, 14),
    class_two=(10, 18),
    age=(8, 28),
    coverage=(0, 0.02, 0.98),
    judged=0.95,
    titles={"srdi": 0.4},
)
PROFILES: Mapping[str | None, Profile] = {
    None: _OUTSIDE,
    "tech_micro": _TECH_MICRO,
    "eaglet": _EAGLET,
    "gazelle": _GAZELLE,
    "hnte": _HNTE,
    "leader": _LEADER,
}
