"""The list of measures: closed, so that a pack is data and never an expression."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.policy.figures import Unit

Compute = Callable[[Any], Any]  # of a Context, gives a Value


@dataclass(frozen=True, slots=True)
class Lever:
    """A figure that moves a measure: of the year `back` years before the latest closed one, or of no year."""

    figure: str
    back: int | None = 0


@dataclass(frozen=True, slots=True)
class Measure:
    label: str
    unit: Unit
    compute: Compute
    levers: tuple[Lever, ...] = ()


MEASURES: dict[str, Measure] = {}


def measure(name: str, label: str, unit: Unit, *levers: Lever) -> Callable[[Compute], Compute]:
    def enter(compute: Compute) -> Compute:
        MEASURES[name] = Measure(label, unit, compute, levers)
        return compute

    return enter
