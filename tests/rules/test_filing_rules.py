from datetime import date, time, timedelta

import pytest

from app.filings import rules
from app.filings.terms import Dates, Milestone, Notice, Phase, WindowChange, WindowState
from app.policy.terms import Grade
from app.workdays.rules import Calendar, DayKind

CONFIRMED, EXTENDED, CLOSED, REFERENCE = (
    WindowState.CONFIRMED,
    WindowState.EXTENDED,
    WindowState.CLOSED,
    WindowState.REFERENCE,
)
OPENS, FIRM, CITY = date(2027, 5, 5), date(2027, 6, 25), date(2027, 7, 25)
DATES = Dates(opens_on=OPENS, firm_due=FIRM, city_due=CITY)
DAY = timedelta(days=1)
TODAY = date(2027, 6, 1)


@pytest.mark.parametrize(
    ("day", "phase"),
    [
        (OPENS - DAY, Phase.UPCOMING),
        (OPENS, Phase.OPEN),
        (FIRM, Phase.OPEN),
        (FIRM + DAY, Phase.REVIEW),
        (CITY, Phase.REVIEW),
        (CITY + DAY, Phase.CLOSED),
    ],
)
def test_a_deadlines_own_day_is_in_time_and_the_next_is_not(day, phase):
    assert rules.phase_on(day, state=CONFIRMED, dates=DATES) is phase
    assert rules.phase_on(day, state=EXTENDED, dates=DATES) is phase


@pytest.mark.parametrize("day", [OPENS - DAY, OPENS, FIRM, CITY + DAY])
def test_what_nobody_has_confirmed_is_never_open_and_what_is_closed_stays_closed(day):
    assert rules.phase_on(day, state=REFERENCE, dates=DATES) is Phase.PLANNED
    assert rules.phase_on(day, state=CLOSED, dates=DATES) is Phase.CLOSED
    assert rules.next_milestone(day, state=REFERENCE, dates=DATES) is None
    assert rules.next_milestone(day, state=CLOSED, dates=DATES) is None


def test_a_window_over_the_turn_of_the_year_is_one_window():
    dates = Dates(opens_on=date(2026, 12, 15), firm_due=date(2026, 12, 31), city_due=date(2027, 1, 15))
    assert rules.phase_on(date(2026, 12, 31), state=CONFIRMED, dates=dates) is Phase.OPEN
    assert rules.phase_on(date(2027, 1, 1), state=CONFIRMED, dates=dates) is Phase.REVIEW
    assert rules.date_problems(dates, year=2026) == {}
    assert rules.date_problems(dates, year=2027) == {}
    assert set(rules.date_problems(dates, year=2025)) == {"city_due"}
    assert set(rules.date_problems(dates, year=2028)) == {"opens_on", "firm_due"}


def test_a_window_without_an_opening_or_a_day_for_firms_is_open_until_its_last_deadline():
    assert rules.phase_on(date(2027, 1, 1), state=CONFIRMED, dates=Dates(firm_due=FIRM)) is Phase.OPEN
    assert rules.phase_on(CITY, state=CONFIRMED, dates=Dates(city_due=CITY)) is Phase.OPEN
    assert rules.phase_on(CITY + DAY, state=CONFIRMED, dates=Dates(city_due=CITY)) is Phase.CLOSED


@pytest.mark.parametrize(
    ("day", "following"),
    [
        (OPENS - DAY, (Milestone.OPENS, OPENS)),
        (OPENS + DAY, (Milestone.FIRM, FIRM)),
        (FIRM, (Milestone.FIRM, FIRM)),
        (FIRM + DAY, (Milestone.CITY, CITY)),
        (CITY + DAY, None),
    ],
)
def test_the_countdown_runs_to_the_next_date_that_is_not_past(day, following):
    assert rules.next_milestone(day, state=CONFIRMED, dates=DATES) == following


def test_dates_come_in_the_order_in_which_papers_travel():
    wrong = rules.date_problems(Dates(opens_on=FIRM, firm_due=OPENS, review_due=CITY, city_due=FIRM), year=2027)
    assert set(wrong) == {"firm_due", "city_due"}
    assert "2027-06-25" in wrong["firm_due"]
    assert rules.date_problems(Dates(opens_on=FIRM, firm_due=FIRM, review_due=FIRM, city_due=FIRM), year=2027) == {}
    assert set(rules.date_problems(Dates(opens_on=FIRM, paper_due=OPENS), year=2027)) == {"paper_due"}
    assert set(rules.date_problems(Dates(firm_until=time(17)), year=2027)) == {"firm_until"}


def test_a_confirmation_rests_on_a_notice_that_others_can_look_up():
    def wrong(document="粤科函产字〔2027〕1号", address="", remark=""):
        return set(rules.notice_problems(Notice(document, address, Grade.OFFICIAL, remark)))

    assert wrong(address="https://gdstc.gd.gov.cn/a.html") == set()
    assert wrong(remark="粤政易收文") == set()
    assert wrong() == {"address"}
    assert wrong(document="", remark="粤政易收文") == {"document"}
    for address in ("javascript:alert(1)", "gdstc.gd.gov.cn", "https://", "http://[", "https://a b.cn", "ftp://a.cn"):
        assert wrong(address=address) == {"address"}, address


def problem(change, state, before=DATES, after=DATES):
    return rules.change_problems(change, state=state, before=before, after=after, today=TODAY)


def moved(**days):
    from dataclasses import replace

    return replace(DATES, **days)


def test_an_extension_only_moves_deadlines_back():
    later = moved(firm_due=FIRM + DAY)
    for state in (CONFIRMED, EXTENDED, CLOSED):
        assert problem(WindowChange.EXTENDED, state, after=later) == ""
    assert "先按通知确认" in problem(WindowChange.EXTENDED, REFERENCE, after=later)
    assert "没有一个" in problem(WindowChange.EXTENDED, CONFIRMED)
    assert "往后移" in problem(WindowChange.EXTENDED, CONFIRMED, after=moved(firm_due=FIRM - DAY, city_due=CITY + DAY))
    assert "往后移" in problem(WindowChange.EXTENDED, CONFIRMED, after=moved(city_due=None))
    assert "没有一个" in problem(WindowChange.EXTENDED, CONFIRMED, after=moved(firm_until=time(17)))
    five = moved(firm_until=time(17))
    assert problem(WindowChange.EXTENDED, CONFIRMED, before=five, after=moved(firm_until=time(18))) == ""
    assert problem(WindowChange.EXTENDED, CONFIRMED, before=five) == ""
    past = Dates(firm_due=TODAY - 2 * DAY)
    assert "已过去" in problem(WindowChange.EXTENDED, CLOSED, before=past, after=Dates(firm_due=TODAY - DAY))
    assert problem(WindowChange.EXTENDED, CLOSED, before=past, after=Dates(firm_due=TODAY)) == ""


def test_each_change_has_the_states_it_starts_from():
    allowed = {
        (change, state)
        for change in WindowChange
        for state in WindowState
        if change not in (WindowChange.LAID_OUT, WindowChange.EXTENDED) and not problem(change, state)
    }
    assert allowed == {
        (WindowChange.CONFIRMED, REFERENCE),
        *((WindowChange.CORRECTED, s) for s in (CONFIRMED, EXTENDED, CLOSED)),
        *((WindowChange.CLOSED, s) for s in (REFERENCE, CONFIRMED, EXTENDED)),
        *((WindowChange.WITHDRAWN, s) for s in (CONFIRMED, EXTENDED)),
    }
    assert "至少" in problem(WindowChange.CONFIRMED, REFERENCE, after=Dates(opens_on=OPENS))
    assert "至少" in problem(WindowChange.CORRECTED, CONFIRMED, after=Dates(opens_on=OPENS))


@pytest.mark.parametrize(("last", "state"), [(TODAY - DAY, CLOSED), (TODAY, CONFIRMED)])
def test_correcting_a_closed_window_opens_it_again_only_while_its_dates_lie_ahead(last, state):
    after = Dates(firm_due=last)
    assert rules.state_after(WindowChange.CORRECTED, state=CLOSED, after=after, today=TODAY) is state
    assert rules.state_after(WindowChange.CORRECTED, state=EXTENDED, after=after, today=TODAY) is EXTENDED


@pytest.mark.parametrize(
    ("region", "prefix"),
    [("000000", ""), ("440000", "44"), ("440700", "4407"), ("440783", "440783"), ("440783117", "440783117")],
)
def test_a_division_covers_the_codes_that_begin_with_its_own(region, prefix):
    assert rules.significant(region) == prefix


@pytest.mark.parametrize(
    ("region", "scope", "seen"),
    [
        ("440000", "440783", True),
        ("000000", "440783117", True),
        ("440783117", "440783", True),
        ("440784", "440783", False),
        ("450000", "440783", False),
        ("440783115", "440783117", False),
        ("440000", "", False),
    ],
)
def test_a_window_concerns_whom_it_is_above_or_below(region, scope, seen):
    assert rules.concerns(region, scope) is seen


def test_days_left_count_make_up_saturdays_and_say_when_a_year_is_only_assumed():
    days = {date(2026, 2, 14): DayKind.MAKE_UP, date(2026, 2, 16): DayKind.HOLIDAY}
    calendar = Calendar(days, frozenset({2026}))
    friday = date(2026, 2, 13)
    assert rules.days_left(calendar, friday, date(2026, 2, 14)) == (1, 1, False)
    assert rules.days_left(calendar, friday, date(2026, 2, 16)) == (3, 1, False)
    assert rules.days_left(calendar, friday, friday) == (0, 0, False)
    assert rules.days_left(calendar, date(2026, 12, 31), date(2027, 1, 1)) == (1, 1, True)
    assert rules.days_left(calendar, friday, date(2026, 2, 12))[:2] == (-1, -1)
