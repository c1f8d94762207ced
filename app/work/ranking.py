"""Which firm first: closeness × days left × value to the plan × days since contact. Pure, exact, the same every time.

A local default of this house, not a rule of any text: how fast each factor falls is set here and nowhere else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from app.work.terms import Matter, Signal

TIERS = 5  # of the main ladder; the highest is worth the whole
HALVED_AFTER = 30  # days ahead at which a deadline presses half as much as one that is today
SILENT_AFTER = 90  # days without contact beyond which longer makes no difference
_HALF, _UNDATED = Fraction(1, 2), Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Standing:
    """A firm's part in the formula, whatever it is about."""

    rank: int  # of the tier it is on, or of that which it is about to gain or lose
    silent_days: int | None  # None: nobody has ever been in touch


def closeness(signal: Signal) -> Fraction:
    """A whole for one that misses nothing; less with every condition missed, and with how far off the farthest is.

    What is not about a title is neither near nor far.
    """
    if signal.matter is not Matter.NEAR or signal.missed is None:
        return _HALF
    far = min(Fraction(signal.shortfall), Fraction(1)) if signal.shortfall is not None else _HALF
    return Fraction(1) if not signal.missed else (1 - far / 2) / signal.missed


def urgency(signal: Signal, today: date) -> Fraction:
    if signal.day is None or signal.matter is Matter.STALE:
        return _UNDATED
    left = (signal.day - today).days
    return Fraction(1) if left <= 0 else Fraction(HALVED_AFTER, HALVED_AFTER + left)


def value(rank: int) -> Fraction:
    return Fraction(max(1, min(rank, TIERS)), TIERS)


def silence(days: int | None) -> Fraction:
    """Doubles, at most, what the rest says."""
    if days is None:
        return Fraction(1)
    return _HALF + _HALF * Fraction(max(0, min(days, SILENT_AFTER)), SILENT_AFTER)


def weight(signal: Signal, standing: Standing, today: date) -> Fraction:
    return closeness(signal) * urgency(signal, today) * value(standing.rank) * silence(standing.silent_days)


def strongest(signals: Sequence[Signal], standing: Standing, today: date) -> Signal:
    """The one whose action a firm's line carries."""
    return max(signals, key=lambda s: (weight(s, standing, today), -list(Matter).index(s.matter)))


def priority(signals: Iterable[Signal], standing: Standing, today: date) -> Fraction:
    """A firm about which several things are due comes before one with the weightiest of them alone."""
    return sum((weight(s, standing, today) for s in signals), Fraction(0))
