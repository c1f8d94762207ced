"""The maintained counters are, at any moment, what counting would give."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text

from app.errors import AppError
from app.firms.models import Firm, TierCountDelta
from app.firms.service import FirmEntry, register_many
from app.firms.terms import FirmFilter
from app.pipeline.board import column_stats, counters_answer, fold_counts, tier_counts
from app.pipeline.recording import MoveOrder
from app.pipeline.service import move_firm
from tests import factories
from tests.factories import COUNTY, OTHER_TOWN, TOWN
from tests.harness import NOON

TODAY = NOON.date()
TIERS = [None, "tech_micro", "eaglet", "gazelle"]


async def live(conn, prefix):
    query = (
        select(Firm.tier, func.count())
        .where(Firm.status == "active", Firm.region_code.like(f"{prefix}%"))
        .group_by(Firm.tier)
    )
    return {tier or "": n for tier, n in await conn.execute(query)}


async def counted(conn, viewer, **filters):
    counts = await tier_counts(conn, FirmFilter(**filters), viewer=viewer, today=TODAY)
    return {tier: n for tier, n in counts.items() if n}


@pytest.mark.parametrize("seed", range(4))
async def test_counters_equal_live_counts_after_any_sequence_of_acts(conn, seed):
    chance = random.Random(seed)
    officer = await factories.person(conn, "officer")
    town = await factories.person(conn, "town")
    ladder, calendar = await factories.main_ladder(conn)
    firms = [await factories.firm(conn, region=chance.choice([TOWN, OTHER_TOWN, COUNTY])) for _ in range(8)]
    for step in range(40):
        uscc = chance.choice(firms)
        act = chance.choice(["move", "move", "status", "region", "fold", "new", "delete", "many"])
        trial = await conn.begin_nested()
        try:
            if act == "move":
                order = MoveOrder(chance.choice(TIERS), TODAY, "随机", await tier_of(conn, uscc))
                at = NOON + timedelta(seconds=step)
                await move_firm(
                    conn,
                    uscc,
                    order,
                    ladder=ladder,
                    policies=factories.POLICIES,
                    calendar=calendar,
                    by=officer.actor,
                    at=at,
                )
            elif act == "new":
                firms.append(await factories.firm(conn, region=TOWN))
            elif act == "fold":
                await fold_counts(conn)
            else:
                await conn.execute(text(STATEMENTS[act]), {"u": uscc, "s": chance.choice(STATUSES), "r": OTHER_TOWN})
            await trial.commit()
        except AppError:
            await trial.rollback()
        assert await counted(conn, officer.viewer) == await live(conn, COUNTY)
        assert await counted(conn, town.viewer) == await live(conn, TOWN)
        assert await counted(conn, officer.viewer, region=OTHER_TOWN) == await live(conn, OTHER_TOWN)


STATUSES = ["active", "merged", "deregistered", "moved_out"]
STATEMENTS = {
    "status": "UPDATE firms SET status = :s WHERE uscc = :u",
    "region": "UPDATE firms SET region_code = :r WHERE uscc = :u",
    "many": "UPDATE firms SET status = :s WHERE region_code = :r",
    "delete": "DELETE FROM firms WHERE uscc = :u AND NOT EXISTS (SELECT 1 FROM moves WHERE firm_id = firms.id)",
}


async def tier_of(conn, uscc):
    return (await conn.execute(select(Firm.tier).where(Firm.uscc == uscc))).scalar_one_or_none()


async def test_folding_leaves_the_sums_and_no_deltas(conn):
    officer = await factories.person(conn, "officer")
    for _ in range(3):
        await factories.firm_on(conn, "tech_micro")
    before = await counted(conn, officer.viewer)
    assert await fold_counts(conn) > 0
    assert await counted(conn, officer.viewer) == before
    assert (await conn.execute(select(func.count()).select_from(TierCountDelta))).scalar_one() == 0
    assert await fold_counts(conn) == 0


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"region": TOWN},
        {"tier": "eaglet"},
        {"tier": "none"},
        {"q": "测试"},
        {"park": "甲"},
        {"stale": True},
        {"region": "4407831"},
    ],
)
async def test_counts_are_right_whichever_way_they_are_got(conn, filters):
    officer = await factories.person(conn, "officer")
    await factories.firm_on(conn, "eaglet", park="甲")
    await factories.firm_on(conn, "eaglet", region=OTHER_TOWN)
    await factories.firm(conn)
    board = FirmFilter(**filters)
    quick = await tier_counts(conn, board, viewer=officer.viewer, today=TODAY)
    slow = {}
    for tier in (*[t for t in TIERS if t], ""):
        from app.firms.queries import count_firms

        if board.tier in ("", tier or "none"):
            narrowed = FirmFilter(**(filters | {"tier": tier or "none"}))
            slow[tier] = await count_firms(conn, narrowed, viewer=officer.viewer, today=TODAY, limit=None)
    assert {t: n for t, n in quick.items() if n} == {t: n for t, n in slow.items() if n}
    assert counters_answer(board, officer.viewer) == (set(filters) <= {"region", "tier"})


async def test_a_column_says_how_many_stand_still_and_how_long_the_middle_one_has_stood(conn):
    officer = await factories.person(conn, "officer")
    for days in (200, 100, 10):
        await factories.firm_on(conn, "tech_micro", on=TODAY - timedelta(days=days))
    ladder, _ = await factories.main_ladder(conn)
    stats = await column_stats(conn, ladder, FirmFilter(), viewer=officer.viewer, today=TODAY)
    assert (stats["tech_micro"].stale, stats["tech_micro"].median_days) == (2, 100)


async def test_a_whole_roster_adds_a_line_a_tier_and_not_a_line_a_firm(conn):
    officer = await factories.person(conn, "officer")
    await fold_counts(conn)
    lines = select(func.count()).select_from(TierCountDelta)
    before = (await conn.execute(lines)).scalar_one()
    told = {"name": '引号"反斜\\杠\n😀', "region_code": TOWN, "registered_capital": Decimal("1234567890123456.78")}
    entries = [FirmEntry({**told, "uscc": factories.code()}) for _ in range(40)]
    ids = await register_many(conn, entries, by=officer.actor, at=NOON)
    assert (await conn.execute(lines)).scalar_one() == before + 1
    assert await counted(conn, officer.viewer, status="active") == {"": 40}
    query = select(Firm.name, Firm.registered_capital, Firm.created_at, Firm.version).where(Firm.id.in_(ids))
    assert set(await conn.execute(query)) == {(told["name"], told["registered_capital"], NOON, 1)}
