"""How many of those whose certificates lapse will hold one again: a range, and the sample that it rests on. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

# Of fewer, a share says nothing; then the range runs from nobody to everybody. The house's own choice.
LEAST_SAMPLE = 10
_Z = 1.959964  # 95 %


@dataclass(frozen=True, slots=True)
class Outlook:
    """Holders on a day to come. New firms are in neither number."""

    staying: int
    lapsing: int
    low: int
    high: int
    renewed: int  # of the sample
    sample: int

    @property
    def rests_on_sample(self) -> bool:
        return self.sample >= LEAST_SAMPLE


def outlook(*, staying: int, lapsing: int, renewed: int, sample: int) -> Outlook:
    """Wilson's interval for the share that renewed (E. B. Wilson, JASA 22, 1927), rounded outwards to whole firms."""
    low, high = 0.0, 1.0
    if sample >= LEAST_SAMPLE:
        low, high = wilson(renewed, sample)
    least, most = math.floor(lapsing * low), math.ceil(lapsing * high)
    return Outlook(staying, lapsing, staying + least, staying + min(lapsing, most), renewed, sample)


def wilson(hits: int, sample: int) -> tuple[float, float]:
    share, squared = hits / sample, _Z * _Z
    middle = (share + squared / (2 * sample)) / (1 + squared / sample)
    spread = _Z * math.sqrt(share * (1 - share) / sample + squared / (4 * sample * sample)) / (1 + squared / sample)
    return max(0.0, middle - spread), min(1.0, middle + spread)


def months(counts: Mapping[str, int], first: str, many: int) -> list[tuple[str, int]]:
    """`many` months from `first` ("2026-11"), those without any among them."""
    year, month = int(first[:4]), int(first[5:])
    found = []
    for n in range(many):
        years, rest = divmod(month - 1 + n, 12)
        name = f"{year + years}-{rest + 1:02}"
        found.append((name, counts.get(name, 0)))
    return found
