"""Whom to see about first: every factor by itself, and what they make together."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from app.work.ranking import (
    HALVED_AFTER,
    SILENT_AFTER,
    Standing,
    closeness,
    priority,
    silence,
    strongest,
    urgency,
    value,
    weight,
)
from app.work.terms import Matter, Signal

TODAY = date(2026, 11, 23)


def near(missed: int, shortfall: str | None = None, days: int = 12) -> Signal:
    far = Decimal(shortfall) if shortfall is not None else None
    return Signal(Matter.NEAR, TODAY + timedelta(days=days), "高企第二批", "hnte", missed, far)


def task(days: int) -> Signal:
    return Signal(Matter.TASK, TODAY + timedelta(days=days), "寄清单")


def test_the_nearer_to_a_title_the_sooner():
    order = [near(0), near(1, "0"), near(1, "0.05"), near(1, "0.5"), near(1, "7"), near(2, "0"), near(2, "0.5")]
    assert [closeness(s) for s in order] == sorted((closeness(s) for s in order), reverse=True)
    assert closeness(near(1)) == closeness(near(1, "0.5"))
    assert closeness(near(1, "1")) == closeness(near(1, "40"))


def test_what_is_about_no_title_is_neither_near_nor_far():
    assert closeness(task(0)) == closeness(Signal(Matter.STALE, TODAY)) == Fraction(1, 2)


def test_a_day_gone_by_presses_like_today_and_a_month_off_half_as_much():
    assert urgency(task(-40), TODAY) == urgency(task(0), TODAY) == 1
    assert urgency(task(HALVED_AFTER), TODAY) == Fraction(1, 2)
    falling = [urgency(task(n), TODAY) for n in range(365)]
    assert falling == sorted(falling, reverse=True)
    assert all(0 < u <= 1 for u in falling)


def test_standing_still_and_a_need_without_a_date_press_a_quarter():
    assert urgency(Signal(Matter.STALE, TODAY - timedelta(days=300)), TODAY) == Fraction(1, 4)
    assert urgency(Signal(Matter.NEED, None), TODAY) == Fraction(1, 4)


@pytest.mark.parametrize(("rank", "worth"), [(-1, 1), (0, 1), (1, 1), (3, 3), (5, 5), (9, 5)])
def test_a_higher_tier_is_worth_more_and_none_is_worth_nothing(rank, worth):
    assert value(rank) == Fraction(worth, 5)


def test_long_silence_doubles_at_most_and_never_having_met_is_the_longest():
    assert silence(0) == Fraction(1, 2)
    assert silence(SILENT_AFTER) == silence(4000) == silence(None) == 1
    assert silence(-1) == silence(0)
    growing = [silence(n) for n in range(SILENT_AFTER + 1)]
    assert growing == sorted(growing)


def test_the_weight_is_the_product_and_exact():
    firm = Standing(rank=4, silent_days=45)
    expected = (1 - Fraction(1, 10) / 2) * Fraction(30, 42) * Fraction(4, 5) * Fraction(3, 4)
    assert weight(near(1, "0.1"), firm, TODAY) == expected


def test_two_matters_come_before_the_weightier_of_them_alone():
    firm = Standing(2, 10)
    both = priority([task(3), near(1, "0.2")], firm, TODAY)
    assert both == weight(task(3), firm, TODAY) + weight(near(1, "0.2"), firm, TODAY)
    assert both > max(priority([task(3)], firm, TODAY), priority([near(1, "0.2")], firm, TODAY))


def test_a_line_carries_the_action_of_its_weightiest_matter():
    firm = Standing(3, None)
    signals = [Signal(Matter.STALE, TODAY - timedelta(days=9)), near(2, "0.4", days=100), task(-2)]
    assert strongest(signals, firm, TODAY).matter is Matter.TASK
    assert strongest([near(1, "0.01", days=3), task(20)], firm, TODAY).matter is Matter.NEAR
