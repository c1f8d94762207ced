"""An invented firm's years in figures: one story of growth, told with the codes a report keeps them under."""

import math
import random
from collections.abc import Sequence

from app.policy.figures import RD_LINES
from app.seeding.profiles import Profile, Range

Figures = dict[str, str]
_WAN = 10_000
# The shares of a year's R&D that its lines usually have; what is outsourced is drawn apart.
_SPLIT: dict[str, Range] = {
    "personnel": (34, 52),
    "direct_input": (22, 40),
    "depreciation": (3, 9),
    "intangible_amortisation": (0, 2),
    "design": (0, 3),
    "commissioning_testing": (1, 5),
    "other": (2, 8),
}
_SLIPS = ("growth", "intensity", "rd_staff", "high_tech")  # where a firm may fall short in its latest year
_OPTIONAL = ("conversions", "rd_staff_full_time", "rd.other", "rd.outsourced_overseas", "cost_and_expense")


def figures_of(
    rng: random.Random, profile: Profile, years: Sequence[int], *, most: float | None = None
) -> list[Figures]:
    """By year, in the order of `years`. One firm in six slips somewhere in its latest year; a few leave one out.

    `most`: the largest revenue in 万元, where the profile's own would not fit the firm's past.
    """
    slip = rng.choice(_SLIPS) if rng.random() < 0.17 else ""
    insolvent = rng.random() < 0.02
    low, high = profile.revenue
    sales = _sales(rng, profile, (low, max(low, min(high, most or high))), len(years), slip)
    habits = _Habits(rng, profile, sales[-1])
    told = [habits.year(rng, amount, last=n == len(years) - 1, slip=slip) for n, amount in enumerate(sales)]
    if insolvent:
        told[-1]["net_assets"] = _money(-0.1 * sales[-1])
    if rng.random() < 0.06:
        del told[-1][rng.choice(_OPTIONAL)]
    return told


def _sales(rng: random.Random, profile: Profile, latest: Range, count: int, slip: str) -> list[float]:
    low, high = latest
    sales = [low * math.exp(rng.random() * math.log(high / low)) * _WAN]
    for _ in range(count - 1):
        sales.append(sales[-1] / (1 + rng.uniform(*profile.growth)))
    sales.reverse()
    if slip == "growth" and count > 1:
        sales[-1] = sales[-2] * rng.uniform(0.9, 1.08)
    return sales


class _Habits:
    """What stays alike from year to year."""

    def __init__(self, rng: random.Random, profile: Profile, sales: float) -> None:
        uniform = rng.uniform
        self.intensity = uniform(*profile.intensity)
        if profile.above_bracket:
            # 32号 第十一条(五)
            self.intensity += 0.05 if sales <= 5000 * _WAN else 0.04 if sales <= 20000 * _WAN else 0.03
        self.staff_share, self.high_tech = uniform(*profile.rd_staff), uniform(*profile.high_tech)
        self.per_head = uniform(*profile.per_head) * _WAN
        self.assets, self.equity, self.margin = uniform(0.6, 1.4), uniform(0.3, 0.65), uniform(-0.03, 0.12)
        self.conversions = profile.conversions
        self.split = {line: uniform(*share) for line, share in _SPLIT.items()}
        self.outsourced = uniform(0.01, 0.12) if rng.random() < 0.2 else 0.0
        self.overseas = 0.02 if rng.random() < 0.02 else 0.0
        self.raises = rng.random() < 0.05

    def year(self, rng: random.Random, sales: float, *, last: bool, slip: str) -> Figures:
        uniform = rng.uniform
        short = uniform(0.78, 0.97) if last and slip else 1.0
        income = sales * uniform(1, 1.03)
        profit = sales * (self.margin + uniform(-0.02, 0.02))
        assets = sales * self.assets * uniform(0.97, 1.03)
        headcount = max(3, round(sales / self.per_head))
        share = self.staff_share * (short if slip == "rd_staff" else 1)
        staff = min(headcount, max(1, math.ceil(headcount * share)))
        high_tech = self.high_tech * (short if slip == "high_tech" else 1)
        self.equity = min(0.85, self.equity * uniform(0.98, 1.06))
        return {
            "sales_revenue": _money(sales),
            "main_business_revenue": _money(sales * uniform(0.94, 1)),
            "total_income": _money(income),
            "high_tech_income": _money(income * min(0.99, high_tech * uniform(0.98, 1.02))),
            "cost_and_expense": _money(income - profit * 1.15),
            "net_profit": _money(profit),
            "total_assets": _money(assets),
            "net_assets": _money(assets * self.equity),
            "headcount": str(headcount),
            "rd_staff": str(staff),
            "rd_staff_full_time": str(math.ceil(staff * uniform(0.6, 1))),
            "conversions": str(rng.randint(*self.conversions)),
            "equity_raised": _money(rng.randrange(1, 30) * 100.0 * _WAN if self.raises and last else 0),
            **self._lines(sales * self.intensity * uniform(0.98, 1.04) * (short if slip == "intensity" else 1)),
        }

    def _lines(self, spent: float) -> Figures:
        """Lines of which `spent` is about the sum on the 高企 basis."""
        inside = spent * (1 - self.outsourced - self.overseas)
        unit = inside / sum(self.split.values())
        lines = {line: share * unit for line, share in self.split.items()}
        # Counted at four fifths, 195号 三(六).
        lines["outsourced_domestic"] = spent * self.outsourced / 0.8
        lines["outsourced_overseas"] = spent * self.overseas / 0.8
        return {f"rd.{line}": _money(lines[line]) for line in RD_LINES}


def _money(amount: float) -> str:
    """元 with fen. Invention may use floats: what is kept is the decimal it prints."""
    return f"{amount:.2f}"
