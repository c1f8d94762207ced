"""The plan's arithmetic: the traps of its table, both sides of every boundary, and what holds for any numbers."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.plans.rules import expected, judge, measured, problems, reaches, score
from app.plans.terms import ActualState, Course, Figure, IndicatorKind, Reading, Standing

D = Decimal


def course(kind: str, baseline: str | None, targets: dict[int, str | None], **more: object) -> Course:
    wanted = {y: None if v is None else D(v) for y, v in targets.items()}
    return Course(IndicatorKind(kind), 2020, None if baseline is None else D(baseline), wanted, **more)  # type: ignore[arg-type]


RD = course("growth", "778000000", {2023: "5", 2025: "12"})
HNTE = course("stock", "164", {2023: "190", 2025: "225"})
SME = course("flow", "111", {2023: "160", 2025: "170"})
COVERAGE = course("ratio", "60.21", {2023: "65", 2025: "65"})
PLATFORMS = course("stock", "55", {2023: "58", 2025: "62"})
CARRIERS = course("stock", "6", {2023: "6", 2025: "7"})
PATENTS = course("ratio", "5.42", {2023: None, 2025: None}, scale=D(1))


def of(year: int, value: str) -> dict[int, Figure]:
    return {year: Figure(D(value))}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        (HNTE, "172.666667 181.333333 190 207.5 225"),
        (SME, "127.333333 143.666667 160 165 170"),
        (COVERAGE, "61.806667 63.403333 65 65 65"),
        (PLATFORMS, "56 57 58 60 62"),
        (CARRIERS, "6 6 6 6.5 7"),
        (RD, "1.666667 3.333333 5 8.5 12"),
    ],
)
def test_the_path_is_the_one_that_the_notes_on_the_plan_work_out(path, values):
    shown = [judge(path, year, {}).expected for year in range(2021, 2026)]
    assert shown == [D(v) for v in values.split()]


@pytest.mark.parametrize(
    ("year", "value", "standing"),
    [
        (2021, "172", Standing.BEHIND),
        (2021, "173", Standing.ON_TRACK),
        (2023, "189", Standing.BEHIND),
        (2023, "190", Standing.ON_TRACK),
        (2024, "207", Standing.BEHIND),
        (2024, "208", Standing.ON_TRACK),
        (2024, "225", Standing.MET),
        (2025, "224", Standing.BEHIND),
        (2025, "225", Standing.MET),
    ],
)
def test_a_stock_is_met_on_track_or_behind_on_both_sides_of_each_line(year, value, standing):
    assert judge(HNTE, year, of(year, value)).standing is standing


def test_no_number_is_no_fault_and_a_target_that_nobody_issued_is_its_own_state():
    assert judge(HNTE, 2025, {}).standing is Standing.MISSING
    assert judge(PATENTS, 2025, {}).standing is Standing.NOT_ISSUED
    assert judge(PATENTS, 2025, of(2025, "9.1")).standing is Standing.NOT_ISSUED
    issued = replace(PATENTS, targets={2025: D("6")})
    assert judge(issued, 2025, of(2025, "5.99")).standing is Standing.BEHIND
    assert judge(issued, 2025, of(2025, "6")).standing is Standing.MET


def test_where_the_target_is_the_baseline_one_keeps_it_and_nothing_is_divided_by_nought():
    flat = replace(CARRIERS, targets={2025: D(6)})
    assert judge(flat, 2025, of(2025, "6")).standing is Standing.MET
    assert judge(flat, 2025, of(2025, "5")).standing is Standing.BEHIND
    assert judge(flat, 2025, of(2025, "6")).progress is None
    assert [judge(CARRIERS, y, {}).keeping for y in (2021, 2023, 2024, 2025)] == [True, True, False, False]
    assert [judge(COVERAGE, y, {}).keeping for y in (2023, 2024, 2025)] == [False, True, True]


def test_a_rate_is_made_of_its_parts_and_goes_up_by_points():
    def parts(top: int, whole: int) -> dict[int, Figure]:
        return {2025: Figure(None, D(top), D(whole))}

    assert judge(COVERAGE, 2025, parts(13, 20)).standing is Standing.MET
    assert judge(COVERAGE, 2025, parts(6499, 10000)).standing is Standing.BEHIND
    half = judge(COVERAGE, 2025, of(2025, "62.605"))
    assert half.progress == D("0.5")
    assert half.short_of == D("2.395")


def test_progress_is_never_rounded_up_to_the_whole():
    nearly = judge(COVERAGE, 2025, {2025: Figure(None, D("64999999999"), D("100000000000"))})
    assert nearly.standing is Standing.BEHIND
    assert nearly.progress == D("0.999999")


SPENT = {2022: "800000000", 2024: "830000000", 2025: "871360000"}


def test_row_one_has_three_readings_and_they_do_not_say_the_same():
    figures = {y: Figure(D(v)) for y, v in SPENT.items()}
    whole = judge(RD, 2025, figures)
    assert (whole.standing, whole.actual, whole.progress) == (Standing.MET, D("12"), D("1"))
    yearly = judge(replace(RD, reading=Reading.SINGLE_YEAR), 2025, figures)
    assert (yearly.standing, yearly.actual) == (Standing.BEHIND, D("4.983133"))
    average = judge(replace(RD, reading=Reading.AVERAGE), 2025, figures)
    assert (average.standing, average.actual) == (Standing.BEHIND, D("2.292456"))


def test_a_cumulative_rise_is_met_to_the_fen():
    assert judge(RD, 2025, of(2025, "871359999.99")).standing is Standing.BEHIND
    assert judge(RD, 2025, of(2025, "871360000")).standing is Standing.MET


def test_an_average_of_twelve_percent_is_compared_as_a_level_and_not_by_its_root():
    average = replace(RD, reading=Reading.AVERAGE)
    level = D(778000000) * D("1.12") ** 5  # 13.71 亿元
    assert judge(average, 2025, {2025: Figure(level)}).standing is Standing.MET
    assert judge(average, 2025, {2025: Figure(level - D("0.000001"))}).standing is Standing.BEHIND
    assert judge(average, 2025, {2025: Figure(level)}).actual == D(12)
    assert judge(average, 2021, {}).expected == D(5)


def test_a_rise_over_the_year_before_is_judged_only_where_the_plan_names_the_year_and_both_are_known():
    yearly = replace(RD, reading=Reading.SINGLE_YEAR)
    assert judge(yearly, 2024, of(2024, "830000000")).standing is Standing.NOT_ISSUED
    assert judge(yearly, 2025, of(2025, "871360000")).standing is Standing.MISSING
    both = {2024: Figure(D(100)), 2025: Figure(D(112))}
    assert judge(yearly, 2025, both).standing is Standing.MET
    assert judge(replace(RD, reading=Reading.SINGLE_YEAR), 2021, of(2021, "778000000")).actual == 0


def test_a_path_without_a_beginning_is_judged_only_at_its_target():
    town = course("stock", None, {2025: "20"})
    assert judge(town, 2024, of(2024, "12")).standing is Standing.MISSING
    assert judge(town, 2024, of(2024, "20")).standing is Standing.MET
    assert judge(town, 2025, of(2025, "19")).standing is Standing.BEHIND


def test_a_score_is_as_much_of_the_weight_as_of_the_target_and_no_more():
    def scored(value: str) -> D | None:
        return score(D(20), judge(HNTE, 2025, of(2025, value)))

    assert (scored("225"), scored("300"), scored("180"), scored("0")) == (D(20), D(20), D(16), D(0))
    assert score(D(20), judge(HNTE, 2025, {})) is None
    assert score(D(20), judge(PATENTS, 2025, of(2025, "6"))) is None


numbers = st.decimals(0, 10**6, places=2)
years = st.integers(2021, 2025)


@given(base=numbers, middle=numbers, end=numbers, value=numbers, year=years)
def test_whoever_has_more_never_stands_worse(base, middle, end, value, year):
    path = Course(IndicatorKind.STOCK, 2020, base, {2023: middle, 2025: end})
    order = [Standing.BEHIND, Standing.ON_TRACK, Standing.MET]
    less, more = (judge(path, year, {year: Figure(v)}).standing for v in (value, value + 1))
    assert order.index(less) <= order.index(more)


@given(base=numbers, middle=numbers, end=numbers, year=years)
def test_a_path_stays_between_its_points_and_goes_through_them(base, middle, end, year):
    path = Course(IndicatorKind.STOCK, 2020, base, {2023: middle, 2025: end})
    wanted = expected(path, year)
    assert wanted is not None
    assert min(base, middle, end) <= wanted <= max(base, middle, end)
    assert (expected(path, 2023), expected(path, 2025)) == (Fraction(middle), Fraction(end))


@given(base=numbers, end=numbers, value=numbers)
def test_progress_reaches_one_exactly_when_a_rising_target_is_reached(base, end, value):
    path = Course(IndicatorKind.STOCK, 2020, base, {2025: end})
    found = judge(path, 2025, {2025: Figure(value)})
    if end > base:
        assert found.progress is not None
        assert (found.progress >= 1) == (found.standing is Standing.MET)


@given(top=st.integers(0, 500), rest=st.integers(0, 500))
def test_a_rate_is_exact_whatever_its_parts(top, rest):
    if not top + rest:
        return
    figures = {2025: Figure(None, D(top), D(top + rest))}
    assert measured(COVERAGE, 2025, figures) == Fraction(top * 100, top + rest)
    assert reaches(COVERAGE, 2025, figures, Fraction(65)) == (top * 100 >= 65 * (top + rest))


NOV = date(2026, 11, 23)


def faults(path: Course, figure: Figure, **more: object) -> dict[str, str]:
    given = {"year": 2025, "last_year": 2025, "state": ActualState.FINAL, "as_of": date(2025, 12, 31), "today": NOV}
    return problems(path, figure, **given | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "figure", "more", "field"),
    [
        (HNTE, Figure(D("1.5")), {}, "value"),
        (HNTE, Figure(D(-1)), {}, "value"),
        (HNTE, Figure(), {}, "value"),
        (HNTE, Figure(D(10) ** 15), {}, "value"),
        (HNTE, Figure(D(1)), {"year": 2020}, "year"),
        (HNTE, Figure(D(1)), {"year": 2026, "as_of": date(2026, 6, 1), "state": ActualState.PROVISIONAL}, "year"),
        (HNTE, Figure(D(1)), {"as_of": date(2026, 11, 24)}, "as_of"),
        (HNTE, Figure(D(1)), {"as_of": date(2024, 12, 31)}, "as_of"),
        (HNTE, Figure(D(1)), {"as_of": date(2025, 12, 30)}, "state"),
        (COVERAGE, Figure(), {}, "value"),
        (COVERAGE, Figure(None, D(3)), {}, "denominator"),
        (COVERAGE, Figure(None, None, D(3)), {}, "numerator"),
        (COVERAGE, Figure(None, D(0), D(0)), {}, "denominator"),
        (COVERAGE, Figure(None, D(4), D(3)), {}, "numerator"),
        (COVERAGE, Figure(D("66.01"), D(13), D(20)), {}, "value"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(path, figure, more, field):
    assert list(faults(path, figure, **more)) == [field]


def test_what_can_be_is_taken():
    assert faults(HNTE, Figure(D(231))) == {}
    assert faults(COVERAGE, Figure(D("65.00"), D(13), D(20))) == {}
    assert faults(PATENTS, Figure(D("6.1"), D(457), D("74.9"))) == {}
    provisional = {"state": ActualState.PROVISIONAL, "as_of": date(2025, 6, 30)}
    assert faults(HNTE, Figure(D(231)), **provisional) == {}
