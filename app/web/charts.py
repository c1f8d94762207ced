"""Pictures of numbers, as coordinates for inline SVG. The table beneath each says the same in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 480, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 28, 28
Value = tuple[int, Decimal | None]


@dataclass(frozen=True, slots=True)
class Dot:
    x: int
    y: int
    label: str
    above: bool


@dataclass(frozen=True, slots=True)
class Trajectory:
    path: str  # points of the line that the plan asks for
    actual: Sequence[str]  # points of what was reached, broken where a year is not known
    targets: Sequence[Dot]
    dots: Sequence[Dot]
    years: Sequence[tuple[int, int]]
    base: int  # where the years stand


def trajectory(path: Sequence[Value], actual: Sequence[Value], targets: Sequence[Value]) -> Trajectory | None:
    """None where there is nothing to draw."""
    known = [float(v) for _, v in (*path, *actual, *targets) if v is not None]
    years = sorted({y for y, _ in (*path, *actual, *targets)})
    if max(sum(v is not None for _, v in line) for line in (path, actual)) < 2:
        return None
    low, high = min(known), max(known)
    room = (high - low) or abs(high) or 1.0
    step = (WIDTH - _LEFT - _RIGHT - 48) / (years[-1] - years[0])

    def x(year: int) -> int:
        return round(_LEFT + 24 + (year - years[0]) * step)

    def y(value: Decimal) -> int:
        share = (float(value) - low) / room if high != low else 0.5
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM))

    asked = {year: v for year, v in path if v is not None}

    def dot(year: int, value: Decimal) -> Dot:
        wanted = asked.get(year)
        # Below the line what is behind it, unless the years stand there.
        above = wanted is None or value >= wanted or y(value) > HEIGHT - _BOTTOM - 24
        return Dot(x(year), y(value), short(value), above)

    return Trajectory(
        " ".join(f"{x(year)},{y(v)}" for year, v in path if v is not None),
        [" ".join(f"{x(year)},{y(v)}" for year, v in run) for run in _runs(actual)],
        [Dot(x(year), y(v), short(v), above=False) for year, v in targets if v is not None],
        [dot(year, v) for year, v in actual if v is not None],
        [(x(year), year) for year in years],
        HEIGHT - 6,
    )


def _runs(values: Sequence[Value]) -> list[list[tuple[int, Decimal]]]:
    runs: list[list[tuple[int, Decimal]]] = [[]]
    for year, value in values:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((year, value))
    return [run for run in runs if run]


def short(number: Decimal | None, against: Decimal | None = None) -> str:
    """Two decimals at most; more where fewer would make it look like what it falls short of."""
    if number is None:
        return "—"
    shown = number.quantize(Decimal("0.01"))
    if against is not None and shown == against and number != against:
        shown = number
    text = f"{shown:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    n: int
    href: str
    width: int  # of a hundred


def bars(rows: Sequence[tuple[str, int, str]]) -> list[Bar]:
    most = max((n for _, n, _ in rows), default=0) or 1
    return [Bar(label, n, href, round(100 * n / most)) for label, n, href in rows]
