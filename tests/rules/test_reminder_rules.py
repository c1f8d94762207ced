"""Which day a step falls on and which dates a day speaks of, on the calendar of 2026 and an assumed one after it."""

from datetime import date, datetime, timedelta

import pytest

from app.clock import BUSINESS_ZONE
from app.reminders.rules import due_on, dues, fill, naming, remaining, text_problems
from app.reminders.seeding import read_step
from app.reminders.terms import Step
from app.workdays.rules import is_office_hour, next_office_hour
from tests.rules.test_workdays import CALENDAR


def step(said: str) -> Step:
    return read_step(f"firm {said}")


@pytest.mark.parametrize(
    ("on", "said", "day"),
    [
        (date(2026, 6, 26), "3w", date(2026, 6, 23)),
        (date(2026, 6, 26), "0d", date(2026, 6, 26)),
        # 2026-10-01 to 10-07 is a holiday: what would fall into it comes on the last working day before.
        (date(2026, 10, 8), "3d", date(2026, 9, 30)),
        (date(2026, 10, 8), "1w", date(2026, 9, 30)),
        # A deadline on a Sunday is not reminded of on that Sunday.
        (date(2026, 5, 31), "0d", date(2026, 5, 29)),
        # The Spring Festival's make-up Saturday of 2026-02-14 is a working day like any other.
        (date(2026, 2, 15), "1d", date(2026, 2, 14)),
        (date(2026, 2, 24), "1w", date(2026, 2, 14)),
        # Across the year's end; 2027-01-01 is a holiday by the Monday-to-Friday count only as a Friday.
        (date(2027, 1, 2), "5d", date(2026, 12, 28)),
        # Afterwards it rolls forward: nobody is told before the date that it has passed.
        (date(2026, 6, 26), "-1d", date(2026, 6, 29)),
        # Months by the corresponding day; where a month has none, by its last.
        (date(2026, 5, 31), "3m", date(2026, 2, 28)),
        (date(2027, 6, 30), "12m", date(2026, 6, 30)),
    ],
)
def test_a_step_never_falls_on_a_day_off(on, said, day):
    assert due_on(CALENDAR, on, step(said)) == day


STEPS = [step("20w"), step("10w"), step("3w")]


def spoken(today: date, on: date, steps=STEPS) -> list[str]:
    return [d.step.key for d in dues(steps, CALENDAR, today) if d.after < on <= d.until]


@pytest.mark.parametrize(
    ("today", "keys"),
    [
        (date(2026, 5, 27), []),
        (date(2026, 5, 28), ["firm:20w"]),
        (date(2026, 6, 10), ["firm:20w"]),
        (date(2026, 6, 11), ["firm:10w"]),
        (date(2026, 6, 23), ["firm:3w"]),
        (date(2026, 6, 26), ["firm:3w"]),
        (date(2026, 6, 27), []),
    ],
)
def test_of_several_steps_only_the_most_urgent_speaks_and_none_after_the_date(today, keys):
    assert spoken(today, date(2026, 6, 26)) == keys


def test_every_day_of_two_years_says_exactly_what_its_steps_days_say():
    """Ranges against the plain reading: the latest step whose day has come, while the date is ahead."""
    for shift in range(0, 760, 3):
        on = date(2026, 1, 1) + timedelta(days=shift)
        for before in range(-2, 45):
            today = on - timedelta(days=before)
            come = [s for s in STEPS if due_on(CALENDAR, on, s) <= today]
            wanted = min(come, key=lambda s: s.count).key if come and today <= on else None
            assert spoken(today, on) == ([wanted] if wanted else []), (today, on)


def test_who_is_told_next_does_not_depend_on_who_is_told_first():
    both = [*STEPS, read_step("officer 5w"), read_step("manager 2w")]
    assert set(spoken(date(2026, 6, 24), date(2026, 6, 26), both)) == {"firm:3w", "officer:5w", "manager:2w"}


def test_a_step_afterwards_is_said_for_a_month_and_then_no_more():
    late = [step("-3d")]
    assert spoken(date(2026, 6, 29), date(2026, 6, 26), late) == ["firm:-3d"]
    assert spoken(date(2026, 7, 20), date(2026, 6, 26), late) == ["firm:-3d"]
    assert spoken(date(2026, 8, 20), date(2026, 6, 26), late) == []


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-23 08:29", "2026-11-23 08:30"),
        ("2026-11-23 08:30", "2026-11-23 08:30"),
        ("2026-11-23 17:59", "2026-11-23 17:59"),
        ("2026-11-23 18:00", "2026-11-24 08:30"),
        ("2026-11-27 18:00", "2026-11-30 08:30"),
        ("2026-02-13 19:00", "2026-02-14 08:30"),  # the make-up Saturday
        ("2026-02-14 18:00", "2026-02-24 08:30"),  # the Spring Festival
        ("2026-09-30 18:00", "2026-10-08 08:30"),
        ("2026-12-31 23:59", "2027-01-01 08:30"),  # the year's schedule is not loaded, and that is said elsewhere
    ],
)
def test_nothing_leaves_at_night_or_on_a_day_off(now, opens):
    at = datetime.fromisoformat(now).replace(tzinfo=BUSINESS_ZONE)
    assert next_office_hour(at, CALENDAR).astimezone(BUSINESS_ZONE).isoformat(" ", "minutes")[:16] == opens
    assert is_office_hour(at, CALENDAR) == (now == opens)


def test_what_is_left_is_said_in_days_and_working_days():
    assert remaining(CALENDAR, date(2026, 9, 30), date(2026, 10, 9)) == "还有 9 天（2 个工作日）"
    assert remaining(CALENDAR, date(2026, 9, 30), date(2026, 9, 30)) == "就在今天"
    assert remaining(CALENDAR, date(2026, 9, 30), date(2026, 9, 28)) == "已过 2 天"


def test_a_text_names_fields_and_anything_else_is_refused():
    good = {"subject": "{事项} {日期}", "body": "{企业}：{剩余}"}
    assert text_problems(good) == {}
    assert text_problems({**good, "body": "{{7*7}} {企业}"})["body"].startswith("没有“{7*7}”")
    assert "企业.__class__" in text_problems({**good, "body": "{企业.__class__}"})["body"]
    assert text_problems({**good, "subject": " "}) == {"subject": "请填写。"}
    assert fill("{企业} {日期}", {"日期": "2026-06-26 {企业}"}) == "{企业} 2026-06-26 {企业}"


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("{家数} 家企业的证书到期", "{家数} 家企业的证书到期：{名单}"),
        ("{家数} 家企业（{名单}）的证书到期", "{家数} 家企业（{名单}）的证书到期"),
        ("载体月报 {日期} 前报送", "载体月报 {日期} 前报送"),
    ],
)
def test_a_subject_that_only_counts_firms_names_them_where_they_are_few(subject, said):
    assert naming(subject) == said
