"""How the plan's numbers are shown: in words, in a picture, in a table, each with the list behind it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from app.plans.listing import PART, REST, WHOLE
from app.plans.progress import Point, Progress
from app.plans.terms import Figure, Indicator, IndicatorKind, Plan, Scope, Standing
from app.units import Unit, from_yuan
from app.web.charts import Trajectory, short, trajectory

TONES = {Standing.MET: "good", Standing.ON_TRACK: "good", Standing.BEHIND: "bad"}
PARTS = {WHOLE: "分母", PART: "分子", REST: "不在分子里的"}


def href(plan: str, end: str = "", **query: Any) -> str:
    parts = {k: v for k, v in query.items() if v}
    return f"/plans/{plan}{end}" + (f"?{urlencode(parts)}" if parts else "")


def leaf_href(plan: str, leaf: str, at: dict[str, str], code: str, year: int) -> str:
    """The page of one indicator: the list behind its number, or the form in which it is entered."""
    return href(plan, f"/{leaf}/{code}", year=year, **at)


def town_href(plan: str, year: int, code: str, region: str) -> str:
    return href(plan, f"/behind/{code}", year=year, region=region)


def scoped(scope: Scope, plan: Plan) -> dict[str, str]:
    """What an address says of a part of the plan's division."""
    return {"region": "" if scope.region == plan.region else scope.region, "park": scope.park}


def level(figure: Figure | None, indicator: Indicator) -> str:
    """A figure as people read it: money in 亿元, a rate with what it is made of."""
    if figure is None or figure == Figure():
        return "—"
    if indicator.money and figure.value is not None:
        return f"{short(from_yuan(figure.value, Unit.YI_YUAN))} 亿元"
    if indicator.kind is IndicatorKind.RATIO and figure.numerator is not None and figure.denominator:
        made = figure.numerator / figure.denominator * indicator.scale
        return f"{short(made)}（{short(figure.numerator)} / {short(figure.denominator)}）"
    return short(figure.value)


def words(row: Progress) -> str:
    """Where it stands, in a sentence."""
    judged, unit = row.judged, row.indicator.unit
    if judged.standing is Standing.NOT_ISSUED:
        said = f"目标还没有下达；现为 {short(judged.actual)}{unit}" if judged.actual is not None else "目标还没有下达"
        return f"{said}。"
    if judged.actual is None:
        return f"还没有 {row.year} 年的数。"
    said = f"{row.year} 年 {short(judged.actual, judged.final)}{unit}"
    if judged.standing is Standing.MET:
        return f"{said}，已达到 {judged.final_year} 年目标 {short(judged.final)}{unit}。"
    point = "个百分点" if unit == "%" else unit
    behind_by = f"距 {judged.final_year} 年目标 {short(judged.final)}{unit}还差 {short(judged.short_of)}{point}"
    if judged.expected is None:
        return f"{said}，{behind_by}；没有基期值，途中不作判断。"
    return f"{said}，当年应达到 {short(judged.expected, judged.actual)}{unit}；{behind_by}。"


@dataclass(frozen=True, slots=True)
class Line:
    """A year of an indicator as its table shows it."""

    point: Point
    said: str
    counted: str
    counted_href: str
    enter_href: str


@dataclass(frozen=True, slots=True)
class Card:
    row: Progress
    words: str
    tone: str
    chart: Trajectory | None
    lines: list[Line]
    percent: int | None
    behind: list[tuple[str, str]]  # lists of firms: what they are, where


def card_of(row: Progress, plan: Plan, scope: Scope, today: date) -> Card:
    indicator, at = row.indicator, scoped(scope, plan)
    start = _start(indicator, plan, scope)
    asked = [(plan.baseline_year, start), *((p.year, p.judged.expected) for p in row.points)]
    reached = [(plan.baseline_year, start), *((p.year, p.judged.actual) for p in row.points)]
    named = {p.judged.due_year: p.judged.due for p in row.points if p.judged.due_year}
    lines = [
        Line(
            p,
            level(p.reached.figure if p.reached else None, indicator),
            level(p.counted, indicator),
            href(plan.code, f"/behind/{indicator.code}", year=p.year, **at),
            href(plan.code, f"/enter/{indicator.code}", year=p.year, **at),
        )
        for p in row.points
        if p.year <= max(today.year, row.year)
    ]
    parts = PARTS if indicator.counting.get("of") == "coverage" else {}
    behind_it = [
        (word, href(plan.code, f"/behind/{indicator.code}", year=row.year, part=part, **at))
        for part, word in parts.items()
    ]
    judged = row.judged
    percent = int(min(Decimal(1), max(Decimal(0), judged.progress)) * 100) if judged.progress is not None else None
    return Card(
        row,
        words(row),
        TONES.get(judged.standing, ""),
        trajectory(asked, reached, sorted(named.items())),
        lines,
        percent,
        behind_it if row.now.counted is not None else [],
    )


def _start(indicator: Indicator, plan: Plan, scope: Scope) -> Decimal | None:
    if scope.key != plan.region:
        return None
    return Decimal(0) if indicator.kind is IndicatorKind.GROWTH else indicator.baseline
