"""When a week's digest is due, which weeks are, and what a moment may know."""

from datetime import date, datetime, timedelta

import pytest

from app.clock import BUSINESS_ZONE
from app.digests.rules import as_known_now, as_known_then, due_at, last_due, weeks_due
from app.digests.telling import card_of, change_words, text_of, total_of
from app.digests.terms import Week
from app.workdays.rules import Calendar, DayKind

PLAIN = Calendar({}, frozenset({2026, 2027}))


def at(day, hour=8, minute=30):
    return datetime(2026, *day, hour, minute, tzinfo=BUSINESS_ZONE)


def test_a_week_is_named_by_its_year_and_number_and_runs_from_monday_to_sunday():
    week = Week.parse("2026-W47")
    assert (week.monday, week.sunday) == (date(2026, 11, 16), date(2026, 11, 22))
    assert str(week.shifted(1)) == "2026-W48"
    assert week.label == "2026年第47周（11月16日至11月22日）"


def test_the_last_days_of_december_may_belong_to_the_first_week_of_the_next_year():
    assert str(Week.of(date(2024, 12, 30))) == "2025-W01"
    assert str(Week.parse("2026-W53").shifted(1)) == "2027-W01"


@pytest.mark.parametrize(
    "wrong", ["", "2026", "2026-47", "2026-W00", "2025-W53", "2026-W54", "2026-W1", "２０２６-W47"]
)
def test_what_is_no_week_is_refused(wrong):
    with pytest.raises(ValueError, match="Invalid week"):
        Week.parse(wrong)


def test_a_digest_is_due_on_the_monday_after_its_week_at_half_past_eight():
    assert due_at(Week(2026, 47), PLAIN) == at((11, 23))


def test_on_a_monday_off_it_waits_for_the_next_working_day():
    off = Calendar({date(2026, 11, 23): DayKind.HOLIDAY, date(2026, 11, 24): DayKind.HOLIDAY}, frozenset({2026}))
    assert due_at(Week(2026, 47), off) == at((11, 25))


def test_a_weekend_day_that_is_worked_changes_nothing_of_a_monday():
    worked = Calendar({date(2026, 11, 22): DayKind.MAKE_UP}, frozenset({2026}))
    assert due_at(Week(2026, 47), worked) == at((11, 23))


def test_a_weeks_turn_comes_at_its_minute_and_is_over_after_seven_days():
    assert weeks_due(at((11, 23), 8, 29), PLAIN) == [Week(2026, 46)]
    assert weeks_due(at((11, 23)), PLAIN) == [Week(2026, 47)]
    assert weeks_due(at((11, 29), 23), PLAIN) == [Week(2026, 47)]


def test_after_a_week_of_holidays_two_weeks_are_due_together():
    days = {date(2026, 11, 23) + timedelta(days=n): DayKind.HOLIDAY for n in range(7)}
    long = Calendar(days, frozenset({2026}))
    assert weeks_due(at((11, 30), 8, 29), long) == []
    assert weeks_due(at((11, 30)), long) == [Week(2026, 47), Week(2026, 48)]
    assert last_due(at((11, 30), 8, 29), long) == Week(2026, 46)


def test_as_known_then_ends_at_its_own_minute_and_as_known_now_does_not():
    week, later = Week(2026, 47), at((12, 7), 15)
    then, now = as_known_then(week, later, PLAIN), as_known_now(week, later, PLAIN)
    assert (then.known_at, then.on, then.fresh) == (at((11, 23)), date(2026, 11, 23), False)
    assert (now.known_at, now.on, now.fresh) == (later, date(2026, 11, 23), False)


def test_a_week_that_is_not_over_is_told_as_far_as_it_is_known():
    moment = as_known_then(Week(2026, 47), at((11, 20), 10), PLAIN)
    assert (moment.on, moment.fresh) == (date(2026, 11, 20), True)


@pytest.mark.parametrize(("before", "said"), [(None, ""), (3, "持平"), (1, "＋2"), (5, "－2")])
def test_a_change_is_said_with_its_sign(before, said):
    assert change_words(3, before) == said


LINE = {"uscc": "91440783M159083022", "name": "示例0077号科技", "region": "月山镇", "said": "科技型小微 → 雏鹰"}


def document(**more):
    def one(key, value, **rest):
        return {"key": key, "label": key, "value": value, "before": None, "towns": [], "lines": [], **rest}

    lists = [one("tier-hnte", 219), one("tier-none", 3)]
    moved = [one("moved-up", 9, lines=[LINE], towns=[["1", "月山镇", 6], ["2", "水口镇", 3]]), one("moved-down", 1)]
    sections = [
        {"code": "ladder", "title": "梯队现状", "note": "", "lists": lists},
        {"code": "moved", "title": "谁动了", "note": "", "lists": [*moved, one("overridden", 1)]},
        {"code": "stuck", "title": "卡住了", "note": "说不出来", "lists": []},
    ]
    head = {"week": "2026-W47", "label": "2026年第47周", "scope_name": "开平市", "afterwards": False}
    return {**head, "known_at": "2026-11-23T08:30:00+08:00", "sections": sections, **more}


def test_the_text_names_firms_and_says_how_many_more_there_are_and_where():
    said = text_of(document(), address="http://x/digests/2026-W47")
    assert "示例0077号科技（月山镇）：科技型小微 → 雏鹰" in said
    assert "另有 8 项；全部 9 项里，月山镇 6、水口镇 3" in said
    assert "说不出来" in said
    assert total_of(document()) == 222


def test_a_section_that_was_not_chosen_is_left_out():
    said = text_of(document(), sections=["moved"])
    assert "谁动了" in said
    assert "卡住了" not in said


def test_the_groups_card_has_counts_and_no_firm():
    card = card_of(document(), "http://x/digests/2026-W47")
    assert "上移 / 下移 9 / 1" in card
    assert "示例0077号科技" not in card
