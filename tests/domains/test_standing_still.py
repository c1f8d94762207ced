"""From which day a firm counts as standing still, and what begins the count anew."""

from datetime import date

import pytest
from sqlalchemy import select

from app.firms.models import Firm
from app.pipeline.recording import stale_on
from app.pipeline.service import touch
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()


async def _due(conn, uscc):
    return (await conn.execute(select(Firm.stale_on).where(Firm.uscc == uscc))).scalar_one()


@pytest.mark.parametrize(
    ("since", "due"),
    [
        (date(2026, 1, 5), date(2026, 4, 3)),  # over the Spring Festival and Qingming, with their make-up days
        (date(2026, 8, 3), date(2026, 10, 30)),  # over Mid-Autumn and National Day
    ],
)
async def test_a_firm_stands_still_after_sixty_working_days_of_the_real_calendar(conn, since, due):
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", expected=None, on=since)
    _, calendar = await factories.main_ladder(conn)
    assert await _due(conn, uscc) == due
    assert calendar.working_days_between(since, due) == 60


async def test_a_contact_begins_the_count_anew(conn):
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", expected=None, on=date(2026, 1, 5))
    ladder, calendar = await factories.main_ladder(conn)
    await touch(conn, await factories.id_of(conn, uscc), ladder=ladder, calendar=calendar, at=NOON)
    assert calendar.working_days_between(TODAY, await _due(conn, uscc)) == 60


@pytest.mark.parametrize(
    ("spoken", "moved", "counted_from"),
    [
        (date(2026, 6, 2), date(2026, 6, 1), date(2026, 6, 2)),
        (date(2026, 6, 1), date(2026, 6, 1), date(2026, 6, 1)),
        (date(2026, 5, 29), date(2026, 6, 1), date(2026, 6, 1)),
    ],
)
async def test_a_move_told_of_late_counts_from_whoever_was_spoken_with_since(conn, spoken, moved, counted_from):
    uscc = await factories.firm(conn)
    await factories.move(conn, uscc, "tech_micro", expected=None, on=date(2026, 1, 5))
    await factories.visit(conn, uscc, at=NOON.replace(month=spoken.month, day=spoken.day))
    await factories.move(conn, uscc, "eaglet", expected="tech_micro", on=moved)
    ladder, calendar = await factories.main_ladder(conn)
    assert await _due(conn, uscc) == stale_on(ladder.tier("eaglet"), counted_from, calendar)
