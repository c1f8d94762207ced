"""What a text must be besides readable: bounds that somebody can be within, bands that somebody can reach.

Held to where a text comes in, as `sources` is: what was kept before stays readable.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from app.policy.criteria import BaseCriterion
from app.policy.criteria.base import Limits
from app.policy.criteria.comparing import ByBracket, Threshold
from app.policy.criteria.scoring import Band, Scale, SumOfScores

_NOBODY = "下限高于上限，没有谁能满足。"


def faults_of_bounds(criteria: Sequence[BaseCriterion], above: str = "criteria") -> Iterator[tuple[str, str]]:
    """A sentence by the path of the field."""
    for n, criterion in enumerate(criteria):
        path = f"{above}.{n}"
        if isinstance(criterion, Threshold):
            yield from _empty(criterion, path, criterion.title)
        elif isinstance(criterion, ByBracket):
            for k, bracket in enumerate(criterion.brackets):
                yield from _empty(bracket, f"{path}.brackets.{k}", f"{criterion.title}第 {k + 1} 档")
        elif isinstance(criterion, SumOfScores):
            yield from _of_score(criterion, path)
        yield from faults_of_bounds(criterion.parts_of(), f"{path}.criteria")


def _of_score(score: SumOfScores, path: str) -> Iterator[tuple[str, str]]:
    for n, item in enumerate(score.items):
        yield from _of_bands(item, f"{path}.items.{n}", item.title)
        for k, way in enumerate(item.or_better):
            yield from _of_bands(way, f"{path}.items.{n}.or_better.{k}", item.title)


def _of_bands(scale: Scale, path: str, title: str) -> Iterator[tuple[str, str]]:
    for n, band in enumerate(scale.bands):
        yield from _empty(band, f"{path}.bands.{n}", f"{title}第 {n + 1} 档")
    for n, (better, band) in enumerate(pairwise(scale.bands), start=1):
        same = (better.measure or scale.measure) == (band.measure or scale.measure)
        if not better.bounds() or (same and _swallows(better, band)):
            yield f"{path}.bands.{n}", f"{title}第 {n + 1} 档轮不到：前一档已经包括了它，请从高到低排。"


def _swallows(better: Band, band: Band) -> bool:
    """Whoever is within the band is within the one before it, which counts first."""
    low, low_before = _lower(band), _lower(better)
    high, high_before = _upper(band), _upper(better)
    from_below = low_before is None or (low is not None and low >= low_before)
    from_above = high_before is None or (high is not None and high <= high_before)
    return from_below and from_above


def _empty(limits: Limits, path: str, title: str) -> Iterator[tuple[str, str]]:
    low, high = _lower(limits), _upper(limits)
    if low is None or high is None:
        return
    # Each bound with whether it is left out: (10, out) lies beyond (10, in).
    if low[0] > high[0] or (low[0] == high[0] and (low[1] or not high[1])):
        yield path, f"{title}：{_NOBODY}"


_Bound = tuple[Decimal, bool]


def _lower(limits: Limits) -> _Bound | None:
    """The higher of its lower bounds, and whether the bound itself is left out."""
    found = [(limit, name == "above") for name, limit in limits.bounds() if name in ("at_least", "above")]
    return max(found, default=None)


def _upper(limits: Limits) -> _Bound | None:
    """The lower of its upper bounds, and whether the bound itself belongs to it: so it compares as `_lower` does."""
    found = [(limit, name == "at_most") for name, limit in limits.bounds() if name in ("at_most", "below")]
    return min(found, default=None)
