"""A sum of scores with a pass line. What experts give inside a band, or what is not known, makes a range [low, high].

Passes only if the low end passes, cannot pass only if the high end fails (国科发火〔2016〕195号 三(七) leaves the
points inside a band to the experts).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.policy.context import Context, Lack, Unknowable
from app.policy.criteria.base import BaseCriterion, Finding, Limits, broken
from app.policy.figures import Judgement
from app.policy.registry import MEASURES, Lever
from app.policy.terms import MANUAL, MET, NOT_MET, UNKNOWN, ScoreItem
from app.policy.wording import read_beside

# Together no more than the column of kept answers holds: one score too large would keep all answers from being written.
MOST_POINTS, MOST_ITEMS = 1000, 30


class Points(NamedTuple):
    low: int
    high: int
    lack: tuple[str, ...] = ()
    why: str = ""  # set when a person must judge


class Band(Limits):
    """`points` for a measure inside the limits; without limits, for whoever reached no band above."""

    measure: str = ""
    low: int = Field(ge=0, le=MOST_POINTS)
    high: int | None = Field(default=None, ge=0, le=MOST_POINTS)

    @property
    def top(self) -> int:
        return self.low if self.high is None else self.high


class Scale(BaseModel):
    """Bands from the best down; the first that holds counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    measure: str = ""
    bands: tuple[Band, ...] = ()

    def points(self, ctx: Context, most: int) -> Points:
        # Of the bands that are reached or not, as what is not known turns out.
        top = 0
        unsure: tuple[str, ...] = ()
        for measure, limits, low, high in self.steps:
            if not limits:
                return Points(low, max(top, high), unsure)
            value = ctx.found(measure)
            if isinstance(value, Lack):
                return Points(0, most, value.paths)
            if isinstance(value, Unknowable):
                return Points(0, most, why=str(value))
            try:
                reached = broken(limits, value) is None
            except Lack as lack:
                top, unsure = max(top, high), lack.paths
                continue
            if reached:
                return Points(low, max(top, high), unsure)
        return Points(0, top, unsure)

    @cached_property
    def steps(self) -> list[tuple[str, list[tuple[str, Decimal]], int, int]]:
        """The bands as judging walks them: measure, limits, least and most points."""
        return [(band.measure or self.measure, band.bounds(), band.low, band.top) for band in self.bands]

    def names(self) -> Iterator[str]:
        return (measure for measure, limits, _, _ in self.steps if limits)


class Item(Scale):
    """One line of the score sheet. With `judgement`, an expert's points stand if they have been given."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    most: int = Field(ge=1, le=MOST_POINTS)
    judgement: Judgement | None = None
    or_better: tuple[Scale, ...] = ()  # the firm picks one way of counting: the better one
    cite: str = ""

    def score(self, ctx: Context) -> Points:
        range_ = self._range(ctx)
        given = ctx.known(self.judged_at) if self.judgement else None
        if given is None:
            return range_
        # An expert cannot give more than the facts allow; while those are missing, only no points at all are certain.
        point = min(int(given), range_.high, self.most)
        if range_.lack and point:
            return Points(min(point, range_.low), point, lack=range_.lack)
        return Points(point, point)

    @cached_property
    def judged_at(self) -> str:
        return f"judgements.{self.judgement.value}" if self.judgement else ""

    def _range(self, ctx: Context) -> Points:
        if not self.bands:
            return Points(0, self.most, why="由专家在区间内打分。")
        if not self.or_better:
            return self.points(ctx, self.most)
        ways = [self.points(ctx, self.most), *(way.points(ctx, self.most) for way in self.or_better)]
        low, high = max(way.low for way in ways), max(way.high for way in ways)
        open_ways = [way for way in ways if way.high == high and low < high]
        lack = tuple(path for way in open_ways for path in way.lack)
        return Points(low, high, lack, next((way.why for way in open_ways if way.why), ""))

    def rate(self, ctx: Context) -> str:
        """The measured rate behind the points, where there is one."""
        if not self.measure:
            return ""
        try:
            return ctx.measure(self.measure).shown(*self.limits)
        except Unknowable:
            return ""

    @property
    def limits(self) -> list[Decimal]:
        return [limit for _, limits, _, _ in self.steps for _, limit in limits]


class Cap(BaseModel):
    """Items that together count for at most so many points."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[str, ...]
    most: int = Field(ge=0, le=MOST_POINTS)


class Floor(BaseModel):
    """Items that together must reach so many points, whatever the total."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: tuple[str, ...]
    at_least: int
    title: str


class SumOfScores(BaseCriterion):
    kind: Literal["score"]
    known_as: ClassVar[str] = "score"
    items: tuple[Item, ...] = Field(min_length=1, max_length=MOST_ITEMS)
    above: int | None = None
    at_least: int | None = None
    caps: tuple[Cap, ...] = ()
    floors: tuple[Floor, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.above is None) == (self.at_least is None):
            raise ValueError("above、at_least 写且只写一个。")
        named = {code for cap in self.caps for code in cap.items} | {
            code for floor in self.floors for code in floor.items
        }
        if unknown := named - {item.code for item in self.items}:
            raise ValueError(f"没有这样的得分项：{'、'.join(sorted(unknown))}。")
        if len({item.code for item in self.items}) < len(self.items):
            raise ValueError("有两个得分项的代码相同。")
        for item in self.items:
            for band in (*item.bands, *(band for way in item.or_better for band in way.bands)):
                if band.top > item.most or band.low > band.top:
                    raise ValueError(f"得分项 {item.code} 有一档的分数超出 {item.most} 分或上下颠倒。")
        return self

    @cached_property
    def line(self) -> int:
        """The lowest passing score: points are whole (各级指标均按整数打分)."""
        return self.at_least if self.at_least is not None else (self.above or 0) + 1

    def measures(self) -> Sequence[str]:
        ways = (way for item in self.items for way in (item, *item.or_better))
        return [name for way in ways for name in way.names() if name]

    def examine(self, ctx: Context) -> Finding:
        points = [item.score(ctx) for item in self.items]
        least, most = [p.low for p in points], [p.high for p in points]
        low, high = self._total(least), self._total(most)
        lack = tuple(dict.fromkeys([path for p in points for path in p.lack]))
        if low >= self.line and self._stands(least):
            return Finding(self, MET, lack=lack, low=low, high=high)
        if high < self.line or not self._stands(most):
            return Finding(self, NOT_MET, lack=lack, low=low, high=high)
        if lack:
            return Finding(self, UNKNOWN, lack=lack, low=low, high=high)
        why = next((p.why for p in points if p.why), "得分取决于专家在区间内的打分。")
        return Finding(self, MANUAL, why=why, low=low, high=high)

    def _total(self, each: Sequence[int]) -> int:
        over = sum(max(0, sum([each[place] for place in places]) - most) for places, most in self._capped)
        return sum(each) - over

    def _stands(self, each: Sequence[int]) -> bool:
        return all(sum([each[place] for place in places]) >= wanted for places, wanted in self._floored)

    @cached_property
    def _capped(self) -> list[tuple[list[int], int]]:
        return [(self._places(cap.items), cap.most) for cap in self.caps]

    @cached_property
    def _floored(self) -> list[tuple[list[int], int]]:
        return [(self._places(floor.items), floor.at_least) for floor in self.floors]

    def _places(self, codes: Sequence[str]) -> list[int]:
        order = [item.code for item in self.items]
        return [order.index(code) for code in codes]

    def sheet(self, ctx: Context) -> tuple[ScoreItem, ...]:
        sheet = []
        for item in self.items:
            points = item.score(ctx)
            note = points.why if points.low < points.high else ""
            rate = item.rate(ctx)
            found = read_beside(MEASURES[item.measure].unit, Decimal(rate), item.limits) if rate else ""
            sheet.append(ScoreItem(item.code, item.title, points.low, points.high, item.most, rate, note, found))
        return tuple(sheet)

    def required(self, finding: Finding | None = None) -> str:
        return f">= {self.at_least}" if self.at_least is not None else f"> {self.above}"

    def asks(self, finding: Finding | None = None) -> str:
        line = f"不低于 {self.at_least} 分" if self.at_least is not None else f"高于 {self.above} 分"
        return "；".join((f"合计{line}", *(f"{floor.title}不低于 {floor.at_least} 分" for floor in self.floors)))

    def inputs(self, ctx: Context) -> list[tuple[str, str]]:
        found = dict.fromkeys(pair for name in dict.fromkeys(self.measures()) for pair in ctx.inputs_of(name))
        given = [f"judgements.{item.judgement.value}" for item in self.items if item.judgement]
        return [*found, *((path, str(ctx.values[path])) for path in given if path in ctx.values)]

    def shortfall(self, finding: Finding, ahead: Context) -> Decimal | None:
        missing = self.line - finding.high
        return Decimal(missing) / Decimal(self.line) if missing > 0 else None

    def levers(self, finding: Finding, ctx: Context) -> Sequence[Lever]:
        return list(dict.fromkeys(lever for name in self.measures() for lever in MEASURES[name].levers))
