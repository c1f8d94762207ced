from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.workdays.rules import Calendar, DayKind, parse_calendar_upload

SEEDS = Path(__file__).parents[2] / "seeds/kaiping/calendar"


def seeded() -> dict[int, dict[str, Any]]:
    return {
        year["year"]: year for path in sorted(SEEDS.glob("*.yaml")) for year in yaml.safe_load(path.read_text("utf-8"))
    }


def official() -> Calendar:
    years = seeded()
    days = {row["day"]: DayKind(row["kind"]) for year in years.values() for row in year["days"]}
    return Calendar(days, frozenset(years))


CALENDAR = official()
DAYS = st.dates(date(2023, 6, 1), date(2027, 6, 30))


class TestTheSchedule:
    def test_three_years_are_loaded_and_2027_is_only_assumed(self):
        assert CALENDAR.years_loaded == {2024, 2025, 2026}
        assert CALENDAR.assumed(2027)
        assert not CALENDAR.assumed(2026)

    @pytest.mark.parametrize(("year", "working_days"), [(2024, 251), (2025, 248), (2026, 248)])
    def test_a_year_has_as_many_working_days_as_the_state_council_left(self, year, working_days):
        assert CALENDAR.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == working_days

    @pytest.mark.parametrize("day", [date(2026, 2, 14), date(2026, 10, 10), date(2025, 1, 26), date(2024, 2, 4)])
    def test_weekend_days_made_up_for_are_worked(self, day):
        assert day.weekday() >= 5
        assert CALENDAR.is_working_day(day)

    @pytest.mark.parametrize("day", [date(2026, 2, 16), date(2026, 10, 7), date(2025, 10, 8), date(2024, 2, 15)])
    def test_holidays_on_weekdays_are_not(self, day):
        assert day.weekday() < 5
        assert not CALENDAR.is_working_day(day)

    def test_an_unknown_year_is_monday_to_friday(self):
        assert CALENDAR.is_working_day(date(2027, 1, 1))
        assert not CALENDAR.is_working_day(date(2027, 1, 2))

    def test_seeded_days_lie_in_their_year_once_and_differ_from_an_ordinary_week(self):
        for number, year in seeded().items():
            days = [row["day"] for row in year["days"]]
            assert {d.year for d in days} == {number}
            assert max(Counter(days).values()) == 1
            assert all(row["name"] and (row["kind"] == "holiday" or row["day"].weekday() >= 5) for row in year["days"])
            assert year["source"].startswith("国办发明电〔")
            assert year["confirmed"] is False


class TestCounting:
    def test_over_the_spring_festival(self):
        friday = date(2026, 2, 13)
        assert CALENDAR.add_working_days(friday, 1) == date(2026, 2, 14)
        assert CALENDAR.add_working_days(friday, 2) == date(2026, 2, 24)
        assert CALENDAR.add_working_days(date(2026, 2, 24), -2) == friday

    def test_nothing_added_is_the_day_itself_even_on_a_sunday(self):
        assert CALENDAR.add_working_days(date(2026, 11, 22), 0) == date(2026, 11, 22)

    def test_the_first_day_is_not_counted_and_the_last_is(self):
        monday, friday = date(2026, 11, 23), date(2026, 11, 27)
        assert CALENDAR.working_days_between(monday, friday) == 4
        assert CALENDAR.working_days_between(monday, monday) == 0
        assert CALENDAR.working_days_between(friday, monday) == -4

    @given(DAYS, st.integers(-400, 400))
    def test_adding_lands_on_a_working_day_as_far_away_as_asked(self, day, n):
        there = CALENDAR.add_working_days(day, n)
        assert CALENDAR.working_days_between(day, there) == n
        assert n == 0 or CALENDAR.is_working_day(there)

    @given(DAYS, DAYS)
    def test_counting_agrees_with_walking_day_by_day(self, one, other):
        start, end = min(one, other), max(one, other)
        span = [start + timedelta(i) for i in range((end - start).days + 1)]
        assert CALENDAR.working_days_between(start, end) == sum(map(CALENDAR.is_working_day, span[1:]))
        assert CALENDAR.working_days_between(end, start) == -sum(map(CALENDAR.is_working_day, span[:-1]))

    def test_a_calendar_that_closes_for_months_still_finds_the_next_day(self):
        closed = {date(2026, 1, 1) + timedelta(i): DayKind.HOLIDAY for i in range(200)}
        assert Calendar(closed, frozenset({2026})).add_working_days(date(2025, 12, 31), 1) == date(2026, 7, 20)


class TestUpload:
    def test_a_sheet_is_read_by_its_column_names(self):
        upload = parse_calendar_upload(
            [
                {"日 期": "2027年1月1日", "类型": "放假", "名称": "元旦"},
                {"日 期": 46389, "类型": "调休上班", "名称": None},
                {"日 期": "", "类型": "", "名称": ""},
            ]
        )
        assert upload.errors == ()
        assert [(e.day, e.kind, e.name) for e in upload.entries] == [
            (date(2027, 1, 1), DayKind.HOLIDAY, "元旦"),
            (date(2027, 1, 2), DayKind.MAKE_UP, ""),
        ]
        assert upload.years == {2027}

    def test_every_fault_is_told_with_its_row(self):
        upload = parse_calendar_upload(
            [
                {"日期": "2027-02-30", "类型": "放假", "名称": ""},
                {"日期": "2027-02-05", "类型": "也许", "名称": ""},
                {"日期": "2027-02-05", "类型": "调休上班", "名称": ""},
                {"日期": "2027-02-06", "类型": "放假", "名称": "春节"},
                {"日期": "2027/2/6", "类型": "放假", "名称": "春节"},
                {"类型": "放假", "名称": "春节"},
            ]
        )
        assert [error.split("：", 1)[0] for error in upload.errors] == [f"第 {n} 行" for n in (2, 3, 4, 6, 7)]

    def test_an_empty_sheet_says_so(self):
        assert parse_calendar_upload([]).errors == ("表里没有任何日期。",)
