"""Rounds of ours and the floor by turns, so that a ratio holds on a machine that others use too."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

Call = Callable[[int], Awaitable[None]]


@dataclass
class Series:
    """Latencies in milliseconds and requests a second, a list a round."""

    latencies: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(value for several in self.latencies for value in several)

    @property
    def p95(self) -> float:
        values = sorted(value for several in self.latencies for value in several)
        return values[min(len(values) - 1, int(len(values) * 0.95))]

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def medians(self) -> list[float]:
        return [median(several) for several in self.latencies]


def ratio(ours: Sequence[float], floor: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both of its halves."""
    return median(a / b for a, b in zip(ours, floor, strict=True))


class Counter:
    """Numbers that go on from round to round, so that no request is measured on the same row twice in a row."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> int:
        self._next += 1
        return self._next - 1


async def one_by_one(call: Call, count: int, series: Series, numbers: Counter) -> None:
    latencies = []
    began = time.perf_counter()
    for _ in range(count):
        before = time.perf_counter()
        await call(numbers.take())
        latencies.append((time.perf_counter() - before) * 1000)
    series.rates.append(count / (time.perf_counter() - began))
    series.latencies.append(latencies)


async def together(calls: Sequence[Call], count: int, series: Series, numbers: Counter) -> None:
    """As many at once as there are calls, `count` in all."""
    latencies: list[float] = []
    left = count

    async def work(call: Call) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            before = time.perf_counter()
            await call(numbers.take())
            latencies.append((time.perf_counter() - before) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(work(call) for call in calls))
    series.rates.append(count / (time.perf_counter() - began))
    series.latencies.append(latencies)


@dataclass
class Side:
    """One of those compared: its calls, one a connection, and what was measured of it."""

    name: str
    calls: Sequence[Call]
    numbers: Counter = field(default_factory=Counter)
    alone: Series = field(default_factory=Series)
    crowd: Series = field(default_factory=Series)


async def by_turns(sides: Sequence[Side], *, rounds: int, alone: int, crowd: int) -> None:
    """Each round begins with another side."""
    for number in range(rounds):
        turn = number % len(sides)
        order = [*sides[turn:], *sides[:turn]]
        for side in order:
            await one_by_one(side.calls[0], alone, side.alone, side.numbers)
        for side in order if crowd else ():
            await together(side.calls, crowd, side.crowd, side.numbers)
