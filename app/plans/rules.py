"""Where an indicator stands beside its path. Judged in exact fractions: nothing is rounded before it is compared.

The measure is that of `domain/local.md` section 4.3: progress (A - B) / (T - B), the path piecewise linear between the
baseline and the targets (the house's own proposal, and said so on screen).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from app.plans.terms import ActualState, Course, Figure, IndicatorKind, Reading, Standing

_SHOWN = Decimal("0.000001")
_WIDE = Context(prec=60)
_ROOT = Decimal(1).scaleb(-20)
# Columns hold so much; a number beyond it is a slip of the hand.
LARGEST = Decimal(10) ** 15


@dataclass(frozen=True, slots=True)
class Judged:
    """All in the indicator's unit, percent as percent. `due` is the next target on the way, `final` the last one."""

    standing: Standing
    actual: Decimal | None = None
    expected: Decimal | None = None
    final: Decimal | None = None
    final_year: int | None = None
    due: Decimal | None = None
    due_year: int | None = None
    progress: Decimal | None = None  # of 1; rounded down, so that it reaches 1 only when the target is reached
    keeping: bool = False  # 保持型: the target is to stay where one is
    short_of: Decimal | None = None  # what is missing to the final target


def judge(course: Course, year: int, figures: Mapping[int, Figure]) -> Judged:
    issued = course.issued
    actual = measured(course, year, figures)
    shown = _show(actual)
    single = course.kind is IndicatorKind.GROWTH and course.reading is Reading.SINGLE_YEAR
    if not issued or (single and year not in issued):
        return Judged(Standing.NOT_ISSUED, shown)
    final_year = year if single else max(issued)
    final, wanted = issued[final_year], expected(course, year)
    due_year = min((y for y in issued if y >= year), default=None)
    begin = course.start
    missing = final - actual if actual is not None else None
    return Judged(
        standing=_standing(course, year, figures, final, wanted, known=actual is not None),
        actual=shown,
        expected=_show(wanted),
        final=_show(final),
        final_year=final_year,
        due=_show(issued[due_year]) if due_year else None,
        due_year=due_year,
        progress=_progress(begin, actual, final),
        keeping=_keeping(course, year),
        short_of=_show(missing) if missing is not None and missing > 0 else None,
    )


def _standing(
    course: Course, year: int, figures: Mapping[int, Figure], final: Fraction, wanted: Fraction | None, *, known: bool
) -> Standing:
    if not known:
        return Standing.MISSING
    if reaches(course, year, figures, final):
        return Standing.MET
    if wanted is None:  # a path with no known beginning cannot be judged on its way
        return Standing.MISSING
    return Standing.ON_TRACK if reaches(course, year, figures, wanted) else Standing.BEHIND


def measured(course: Course, year: int, figures: Mapping[int, Figure]) -> Fraction | None:
    """The indicator's value of that year; None when something that it is made of is not known."""
    figure = figures.get(year, Figure())
    if course.kind is IndicatorKind.RATIO and figure.numerator is not None and figure.denominator:
        return Fraction(figure.numerator) / Fraction(figure.denominator) * Fraction(course.scale)
    if course.kind is not IndicatorKind.GROWTH:
        return Fraction(figure.value) if figure.value is not None else None
    grown = _grown(course, year, figures)
    if grown is None:
        return None
    if course.reading is Reading.AVERAGE:
        return _yearly(grown, year - course.baseline_year)
    return (grown - 1) * 100


def _grown(course: Course, year: int, figures: Mapping[int, Figure]) -> Fraction | None:
    """The level of the year over the one it is compared with."""
    before = course.baseline
    if course.reading is Reading.SINGLE_YEAR and year - 1 != course.baseline_year:
        last = figures.get(year - 1)
        before = last.value if last else None
    now = figures.get(year, Figure()).value
    if now is None or not before or year <= course.baseline_year:
        return None
    return Fraction(now) / Fraction(before)


def _yearly(grown: Fraction, years: int) -> Fraction:
    """For showing only: what is compared is the level, see `reaches`."""
    if grown <= 0:
        return Fraction(-100)
    ratio = _WIDE.divide(Decimal(grown.numerator), Decimal(grown.denominator))
    root = _WIDE.power(ratio, _WIDE.divide(Decimal(1), Decimal(years))).quantize(_ROOT, context=_WIDE)
    return (Fraction(root) - 1) * 100


def reaches(course: Course, year: int, figures: Mapping[int, Figure], wanted: Fraction) -> bool:
    """At least; the boundary itself counts."""
    if course.kind is IndicatorKind.GROWTH and course.reading is Reading.AVERAGE:
        grown = _grown(course, year, figures)
        return grown is not None and grown >= (1 + wanted / 100) ** (year - course.baseline_year)
    actual = measured(course, year, figures)
    return actual is not None and actual >= wanted


def expected(course: Course, year: int) -> Fraction | None:
    """Where the path is in that year; None where the plan says nothing of it."""
    issued = course.issued
    if year in issued:
        return issued[year]
    if not issued or (course.kind is IndicatorKind.GROWTH and course.reading is Reading.SINGLE_YEAR):
        return None
    points = course.points
    before = max((p for p in points if p[0] < year), default=None)
    after = min((p for p in points if p[0] > year), default=None)
    if after is None:
        return None
    if before is None:
        # A rate asked for on average holds from the first year on; any other path begins at its baseline.
        return after[1] if course.reading is Reading.AVERAGE and course.kind is IndicatorKind.GROWTH else None
    return before[1] + (after[1] - before[1]) * Fraction(year - before[0], after[0] - before[0])


def _keeping(course: Course, year: int) -> bool:
    points = course.points
    before = max((p for p in points if p[0] < year), default=None)
    after = min((p for p in points if p[0] >= year), default=None)
    return before is not None and after is not None and before[1] == after[1]


def _progress(begin: Fraction | None, actual: Fraction | None, final: Fraction) -> Decimal | None:
    """Where the target is the baseline there is no way to go, and no part of it."""
    if begin is None or actual is None or final == begin:
        return None
    part = (actual - begin) / (final - begin)
    return _WIDE.divide(Decimal(part.numerator), Decimal(part.denominator)).quantize(_SHOWN, ROUND_FLOOR, context=_WIDE)


def _show(value: Fraction | None) -> Decimal | None:
    if value is None:
        return None
    exact = _WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    return exact.quantize(_SHOWN, ROUND_HALF_EVEN, context=_WIDE)


def score(weight: Decimal, judged: Judged) -> Decimal | None:
    """Of a scoreboard: the weight as far as the target of the year is reached; None when that cannot be said."""
    wanted = judged.expected if judged.expected is not None else judged.final
    if judged.actual is None or wanted is None or wanted <= 0:
        return None
    part = min(Fraction(1), max(Fraction(0), Fraction(judged.actual) / Fraction(wanted))) * Fraction(weight)
    shown = _WIDE.divide(Decimal(part.numerator), Decimal(part.denominator))
    return shown.quantize(Decimal("0.01"), ROUND_FLOOR, context=_WIDE)


def problems(
    course: Course, figure: Figure, *, year: int, last_year: int, state: ActualState, as_of: date, today: date
) -> dict[str, str]:
    """By field, what cannot be so."""
    found: dict[str, str] = {}
    if not course.baseline_year < year <= last_year:
        found["year"] = f"年份应在 {course.baseline_year + 1} 到 {last_year} 之间。"
    elif year > today.year:
        found["year"] = f"{year} 年还没有到，没有实际值可填。"
    if as_of > today:
        found["as_of"] = "数据截止日期不能晚于今天。"
    elif as_of.year < year:
        found["as_of"] = f"{year} 年的数据，截止日期不会早于 {year} 年 1 月 1 日。"
    elif state is not ActualState.PROVISIONAL and as_of < date(year, 12, 31):
        found["state"] = f"终值要等 {year} 年结束；现在的数请按初步数填。"
    return found | _figure_problems(course, figure)


def _figure_problems(course: Course, figure: Figure) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("value", "numerator", "denominator"):
        number: Decimal | None = getattr(figure, name)
        if number is not None and not 0 <= number < LARGEST:
            found[name] = "请填不小于 0 的数。" if number < 0 else "数太大，请核对单位。"
    if found:
        return found
    if course.kind is not IndicatorKind.RATIO:
        if figure.value is None:
            return {"value": "请填写数值。"}
        counted = course.kind in (IndicatorKind.FLOW, IndicatorKind.STOCK)
        whole = figure.value == figure.value.to_integral_value()
        return {} if whole or not counted else {"value": "请填整数。"}
    return _ratio_problems(course, figure)


def _ratio_problems(course: Course, figure: Figure) -> dict[str, str]:
    top, whole = figure.numerator, figure.denominator
    if top is None and whole is None:
        return {"value": "请填写比率，或同时填写分子和分母。"} if figure.value is None else {}
    if top is None or whole is None:
        wanting = "numerator" if top is None else "denominator"
        return {wanting: "分子和分母请同时填写。"}
    if whole == 0 or (course.scale == 100 and top > whole):
        return {"denominator": "分母不能是 0。"} if whole == 0 else {"numerator": "分子不能大于分母。"}
    made = Fraction(top) / Fraction(whole) * Fraction(course.scale)
    if figure.value is not None and abs(Fraction(figure.value) - made) > Fraction(1, 200):
        return {"value": f"与分子、分母算出的 {float(made):.2f} 不一致，请核对。"}
    return {}
