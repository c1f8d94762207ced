"""A week's digest: what it counts, that each number is a list as long, and that what was sent stays as it was."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from app.carriers import extending, letting
from app.carriers.stay_terms import Ending, EndReason
from app.clock import BUSINESS_ZONE, business_day
from app.digests.composing import compose, frame_of, lists_in, value_of
from app.digests.queries import archive, kept_rows, rows_now, scope_for
from app.digests.reading import read_digest
from app.digests.service import keep
from app.digests.terms import Moment, SectionCode, Week
from app.errors import NotFound
from app.filings.applying import list_firms
from app.firms.queries import count_firms, firm_by_uscc
from app.firms.terms import FirmFilter
from app.pipeline.board import tier_counts
from app.pipeline.pasts import PastStay, write_past
from app.work.tasks import add_task
from app.work.terms import TaskEntry
from tests import factories, houses

WEEK = Week(2026, 47)  # 16 to 22 November; due on Monday the 23rd at half past eight
MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=BUSINESS_ZONE)
WEDNESDAY = datetime(2026, 11, 18, 10, tzinfo=BUSINESS_ZONE)
EARLIER = datetime(2026, 10, 12, 10, tzinfo=BUSINESS_ZONE)
COUNTY, TOWN, OTHER = factories.COUNTY, factories.TOWN, factories.OTHER_TOWN


async def county(conn):
    """Something of everything: who moved, who came, who stands still, what falls due."""
    up = await factories.firm(conn, "开平市上移精密有限公司", at=EARLIER)
    await factories.move(conn, up, "tech_micro", at=EARLIER)
    await factories.move(conn, up, "eaglet", at=WEDNESDAY, expected="tech_micro", override="专题会同意")
    down = await factories.firm(conn, "开平市下移五金有限公司", region=OTHER, at=EARLIER)
    await factories.move(conn, down, "tech_micro", at=EARLIER)
    await factories.move(conn, down, "eaglet", at=EARLIER + timedelta(hours=1), expected="tech_micro", override="同意")
    await factories.move(conn, down, "tech_micro", at=WEDNESDAY, expected="eaglet")
    await factories.firm(conn, "开平市新来卫浴有限公司", at=WEDNESDAY)
    stuck = await factories.firm(conn, "开平市不动水暖有限公司", at=EARLIER)
    await factories.move(conn, stuck, "tech_micro", at=EARLIER)
    await conn.execute(text("UPDATE firms SET stale_on = '2026-11-20' WHERE uscc = :u"), {"u": stuck})
    await factories.answer(conn, stuck, "not_met", policy="eaglet", missed=1, shortfall="0.138")
    held = await factories.firm(conn, "开平市到期电子有限公司", at=EARLIER)
    await factories.certificate(conn, held, issued_on=date(2023, 12, 1), at=EARLIER)
    officer = await factories.person(conn, "officer")
    window = await factories.window(
        conn, "hnte", 2027, 1, at=EARLIER, opens_on=date(2026, 11, 1), firm_due=date(2026, 12, 4)
    )
    await list_firms(conn, window, [held], by=officer.actor, at=EARLIER)
    task = TaskEntry("寄材料清单", date(2026, 11, 27), officer.id)
    await add_task(conn, await firm_of(conn, held), task, by=officer.actor, at=EARLIER)
    return up, down, stuck, held


async def firm_of(conn, uscc):
    found = await firm_by_uscc(conn, uscc, viewer=(await factories.person(conn, "officer")).viewer)
    assert found
    return found


def lines(document, key):
    return next(one for one in lists_in(document) if one["key"] == key)["lines"]


async def test_a_digest_names_who_moved_both_ways_who_came_who_is_stuck_and_what_falls_due(conn):
    await county(conn)
    digest, made = await keep(conn, WEEK, COUNTY, at=MONDAY)
    assert made
    told = {one["key"]: one["value"] for one in lists_in(digest.document)}
    assert {k: told[k] for k in ("moved-up", "moved-down", "overridden", "moved-in", "new", "stuck", "lapsing")} == {
        "moved-up": 1,
        "moved-down": 1,
        "overridden": 1,
        "moved-in": 0,
        "new": 1,
        "stuck": 1,
        "lapsing": 1,
    }
    assert {k: told[k] for k in ("due-windows", "due-tasks", "late-tasks", "due-certificates", "unfiled")} == {
        "due-windows": 1,
        "due-tasks": 1,
        "late-tasks": 0,
        "due-certificates": 1,
        "unfiled": 1,
    }
    (up,) = lines(digest.document, "moved-up")
    assert up["name"] == "开平市上移精密有限公司"
    assert "科技型小微" in up["said"]
    assert "条件具备" in up["said"]
    (window,) = lines(digest.document, "due-windows")
    assert window["uscc"] is None
    assert "企业提交截止 2026-12-04" in window["said"]


async def test_every_number_is_a_list_of_just_as_many_kept_and_made_anew(conn):
    await county(conn)
    await keep(conn, WEEK.shifted(-1), COUNTY, at=MONDAY - timedelta(days=7))
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    shown = await read_digest(conn, WEEK, COUNTY, at=MONDAY)
    assert shown.kept
    assert {s["code"] for s in digest.document["sections"] if s["lists"]} == {*SectionCode}
    for one in lists_in(digest.document):
        _, total, found = await kept_rows(conn, digest.id, shown.asked.frame, one["key"])
        assert (total, len(found)) == (one["value"], one["value"]), one["key"]
    anew = await read_digest(conn, WEEK, COUNTY, now=True, at=MONDAY)
    for one in lists_in(anew.document):
        _, total, found = await rows_now(conn, anew.asked.frame, one["key"])
        assert (total, len(found)) == (one["value"], one["value"]), one["key"]


async def test_its_numbers_are_those_of_the_board_and_the_lists_of_that_moment(conn):
    await county(conn)
    viewer = (await factories.person(conn, "manager")).viewer
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    today = business_day(MONDAY)
    counts = await tier_counts(conn, FirmFilter(), viewer=viewer, today=today)
    for code in ("tech_micro", "eaglet", "gazelle", "hnte", "leader"):
        assert value_of(digest.document, f"tier-{code}") == counts.get(code, 0)
    assert value_of(digest.document, "tier-none") == counts.get("", 0)
    for one in lists_in(digest.document):
        if one["live"].startswith("/firms?"):
            asked = dict(part.split("=") for part in one["live"].removeprefix("/firms?").split("&"))
            filters = replace(FirmFilter(), **{k: v == "1" if k == "stale" else v for k, v in asked.items()})
            assert await count_firms(conn, filters, viewer=viewer, today=today) == one["value"], one["key"]


async def test_a_move_that_is_back_dated_after_sending_leaves_it_as_it_was_and_appears_as_a_correction(conn):
    await county(conn)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    late = await factories.firm(conn, "开平市补记机械有限公司", at=EARLIER)
    thursday = MONDAY + timedelta(days=3)
    await factories.move(conn, late, "tech_micro", at=thursday, on=date(2026, 11, 19))
    shown = await read_digest(conn, WEEK, COUNTY, at=thursday)
    assert shown.kept
    assert (shown.document, shown.kept.sha256) == (digest.document, digest.sha256)
    assert (shown.corrected, shown.corrections[0].name) == (1, "开平市补记机械有限公司")
    assert "补记" in shown.corrections[0].said
    again, made = await keep(conn, WEEK, COUNTY, at=thursday)
    assert (made, again.sha256) == (False, digest.sha256)
    now = await read_digest(conn, WEEK, COUNTY, now=True, at=thursday)
    assert value_of(now.document, "moved-in") == 1
    assert now.corrected == 0
    # The next week's digest tells of it apart from what moved in that week.
    following, _ = await keep(conn, WEEK.shifted(1), COUNTY, at=MONDAY + timedelta(days=7))
    assert value_of(following.document, "corrected") == 1
    assert value_of(following.document, "moved-in") == 0


async def test_a_week_that_was_never_composed_is_told_as_it_was_known_on_its_monday(conn):
    await county(conn)
    late = await factories.firm(conn, "开平市迟来机械有限公司", at=MONDAY + timedelta(days=2))
    await factories.move(conn, late, "tech_micro", at=MONDAY + timedelta(days=2), on=date(2026, 11, 19))
    asked = MONDAY + timedelta(days=300)
    first = await read_digest(conn, WEEK, COUNTY, at=asked)
    await factories.move(conn, late, "eaglet", at=asked, expected="tech_micro", override="同意")
    second = await read_digest(conn, WEEK, COUNTY, at=asked + timedelta(days=1))
    assert first.document == second.document
    assert first.document["afterwards"]
    assert value_of(first.document, "moved-up", "moved-in") == 1
    stuck = next(s for s in first.document["sections"] if s["code"] == "stuck")
    assert (stuck["lists"], "当时编制" in stuck["note"]) == ([], True)


async def test_tiers_of_a_moment_that_is_over_are_those_that_stood_then(conn):
    await county(conn)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    moved = await factories.firm(conn, "开平市后来动了有限公司", at=EARLIER)
    await factories.move(conn, moved, "tech_micro", at=MONDAY + timedelta(days=1))
    early = await factories.firm(conn, at=EARLIER)
    await factories.firm(conn, at=MONDAY + timedelta(days=2))
    await factories.move(conn, early, "tech_micro", at=MONDAY + timedelta(hours=2))  # of the next week's first day
    then = await read_digest(conn, WEEK, COUNTY, at=MONDAY + timedelta(days=9))
    assert then.document == digest.document
    anew = await read_digest(conn, WEEK, COUNTY, now=True, at=MONDAY + timedelta(days=9))
    assert value_of(anew.document, "tier-tech_micro") == value_of(digest.document, "tier-tech_micro")
    assert value_of(anew.document, "tier-eaglet") == value_of(digest.document, "tier-eaglet")
    none = value_of(digest.document, "tier-none")
    assert value_of(anew.document, "tier-none") == none + 2  # both stood on none; who came on Wednesday was not there


async def test_a_past_that_is_written_down_later_moves_no_tier_and_is_no_weeks_news(conn):
    up, down, *_ = await county(conn)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    ladder, _ = await factories.main_ladder(conn)
    officer = await factories.person(conn, "officer")
    began, ended = date(2020, 3, 1), EARLIER.date()
    past = [
        PastStay((await firm_of(conn, code)).id, code, None, "gazelle", began, ended, "台账", "李四", began)
        for code in (up, down)
    ]
    await write_past(conn, past, ladder=ladder, by=officer.actor, at=MONDAY + timedelta(days=1))
    anew = await read_digest(conn, WEEK, COUNTY, now=True, at=MONDAY + timedelta(days=9))
    following, _ = await keep(conn, WEEK.shifted(1), COUNTY, at=MONDAY + timedelta(days=7))
    for document in (anew.document, following.document):
        for tier in ("tech_micro", "eaglet", "gazelle"):
            assert value_of(document, f"tier-{tier}") == value_of(digest.document, f"tier-{tier}")
    assert value_of(following.document, "corrected", "moved-in", "changed-tier") == 0
    then = await read_digest(conn, Week(2020, 20), COUNTY, now=True, at=MONDAY + timedelta(days=9))
    assert value_of(then.document, "tier-gazelle") == 2, "where nothing was recorded as it happened, the past is known"


async def test_what_moves_on_the_monday_itself_is_of_the_next_week_even_when_it_is_recorded_before_the_digest(conn):
    await county(conn)
    early = await factories.firm(conn, at=EARLIER)
    await factories.move(conn, early, "tech_micro", at=MONDAY - timedelta(minutes=15))
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    following, _ = await keep(conn, WEEK.shifted(1), COUNTY, at=MONDAY + timedelta(days=7))
    told = [(value_of(d.document, "moved-in"), value_of(d.document, "tier-tech_micro")) for d in (digest, following)]
    assert told == [(0, 2), (1, 3)]


async def test_a_digest_compares_itself_with_the_one_before(conn):
    await county(conn)
    before, _ = await keep(conn, WEEK.shifted(-1), COUNTY, at=MONDAY - timedelta(days=7))
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    for one in lists_in(digest.document):
        assert one["before"] == value_of(before.document, one["key"])


async def test_it_says_who_came_onto_a_list_since_last_week_and_why_others_left_it(conn):
    up, _, stuck, _ = await county(conn)
    seen = await factories.firm(conn, "开平市有人走访有限公司", at=EARLIER)
    await factories.move(conn, seen, "tech_micro", at=EARLIER)
    for uscc in (up, seen):
        await conn.execute(text("UPDATE firms SET stale_on = '2026-11-10' WHERE uscc = :u"), {"u": uscc})
    await conn.execute(text("UPDATE firms SET stale_on = '2026-11-20' WHERE uscc = :u"), {"u": stuck})
    await keep(conn, WEEK.shifted(-1), COUNTY, at=MONDAY - timedelta(days=7))
    moved = MONDAY - timedelta(days=4)
    await factories.move(conn, up, "tech_micro", at=moved, expected="eaglet", reason="两年未达门槛")
    await conn.execute(text("UPDATE firms SET stale_on = '2027-02-10' WHERE uscc = :u"), {"u": seen})
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    (came,) = lines(digest.document, "stuck-came")
    left = {line["uscc"]: line["said"] for line in lines(digest.document, "stuck-went")}
    assert came["uscc"] == stuck
    assert "两年未达门槛" in left[up]
    assert "停滞日顺延" in left[seen]
    assert up not in {line["uscc"] for line in lines(digest.document, "changed-tier")}, "up and down again: as it was"
    assert left.keys() == {up, seen}


async def test_a_move_that_was_corrected_is_no_rise_and_no_change_of_the_week(conn):
    wrong, right = [await factories.firm(conn, f"开平市{name}有限公司", at=EARLIER) for name in ("误移", "真移")]
    for uscc in (wrong, right):
        await factories.move(conn, uscc, "tech_micro", at=EARLIER)
    await keep(conn, WEEK.shifted(-1), COUNTY, at=MONDAY - timedelta(days=7))
    for uscc in (wrong, right):
        await factories.move(conn, uscc, "eaglet", at=WEDNESDAY, expected="tech_micro", override="专题会同意")
    back = {"correction": True, "on": EARLIER.date(), "expected": "eaglet"}
    await factories.move(conn, wrong, "tech_micro", at=WEDNESDAY + timedelta(minutes=4), **back)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    assert [line["uscc"] for line in lines(digest.document, "moved-up")] == [right]
    assert [line["uscc"] for line in lines(digest.document, "overridden")] == [right]
    (line,) = lines(digest.document, "changed-tier")
    assert line["uscc"] == right
    assert line["said"].startswith("科技型小微企业 → 雏鹰企业")
    assert [line["uscc"] for line in lines(digest.document, "corrected")] == [wrong], "what was set right is said once"


async def test_with_no_digest_of_the_week_before_it_says_that_nothing_can_be_compared(conn):
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    changes = next(s for s in digest.document["sections"] if s["code"] == "changes")
    assert (changes["lists"], "无从比较" in changes["note"]) == ([], True)


async def test_the_plans_indicators_stand_under_what_is_to_be_said_of_them(conn):
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)
    standings = ("behind", "missing", "not_issued", "on_track", "met")
    found = {s: lines(digest.document, f"plan-{s}") for s in standings}
    assert value_of(digest.document, *(f"plan-{s}" for s in standings)) == 7  # the plan's own table has seven
    assert sum(len(named) for named in found.values()) == 7
    assert all(line["href"].startswith("/plans/") for named in found.values() for line in named)


async def test_carriers_are_told_as_they_were_known_whatever_is_recorded_later(conn):
    held = await houses.carrier(conn, at=EARLIER)
    rooms = [await houses.space(conn, held, f"30{n}", at=EARLIER) for n in range(5)]
    old, gone, lapsed, late = [await factories.firm(conn, at=EARLIER) for _ in "abcd"]
    long_ago = {"since": date(2022, 11, 23), "until": None}
    stays = await houses.tenancy(conn, held, rooms[0], old, at=EARLIER, **long_ago)
    out = await houses.tenancy(conn, held, rooms[1], gone, at=EARLIER)
    await houses.tenancy(conn, held, rooms[2], lapsed, date(2026, 1, 1), date(2026, 11, 22), at=EARLIER)
    await houses.tenancy(conn, held, rooms[3], "新来团队", date(2026, 12, 1), None, at=WEDNESDAY)
    plain = await houses.carrier(conn, "专业园区", kind="industrial_park", at=EARLIER)  # which knows no limit
    await houses.tenancy(conn, plain, await houses.space(conn, plain, at=EARLIER), "园区团队", at=EARLIER, **long_ago)
    officer = await factories.person(conn, "officer")
    ending = Ending(date(2026, 11, 17), EndReason.EARLY, "产品停了")
    await letting.end(conn, out, ending, version=None, by=officer.actor, at=WEDNESDAY)
    digest, _ = await keep(conn, WEEK, COUNTY, at=MONDAY)

    def told(document):
        return [(one["key"], one["value"], one["lines"]) for one in lists_in(document) if "tenants" in one["key"]] + [
            lines(document, "carriers")
        ]

    assert [(key, n) for key, n, _ in told(digest.document)[:-1]] == [
        ("tenants-in", 1),
        ("tenants-moved", 0),
        ("tenants-graduated", 0),
        ("tenants-out", 1),
        ("tenants-lapsed", 1),
        ("tenants-over", 1),
    ]
    full, _ = lines(digest.document, "carriers")
    assert "使用率 40%（200.00 / 500.00 平方米），2 家企业" in full["said"]
    assert full["href"] == f"/carriers/{held.id}"
    # Later: more months for one, an end recorded for another, a room more, somebody let in before that Monday.
    after = MONDAY + timedelta(days=2)
    await extending.extend(conn, stays, months=60, reason="专家会同意", version=1, by=officer.actor, at=after)
    await houses.space(conn, held, "401", at=after, opened_on=date(2026, 1, 1))
    await houses.tenancy(conn, held, rooms[4], late, date(2026, 11, 2), None, at=after)
    then = await compose(conn, replace(await frame(conn, MONDAY), moment=Moment(MONDAY, MONDAY.date(), fresh=False)))
    assert told(then) == told(digest.document)
    now = (await read_digest(conn, WEEK, COUNTY, now=True, at=after)).document
    assert {key: n for key, n, _ in told(now)[:-1]}["tenants-over"] == 0


async def frame(conn, at):
    return await frame_of(conn, WEEK, COUNTY, Moment(at, at.date(), fresh=True))


async def test_a_towns_digest_counts_its_own_firms(conn):
    await county(conn)
    digest, _ = await keep(conn, WEEK, OTHER, at=MONDAY)
    assert value_of(digest.document, "moved-down") == 1
    assert value_of(digest.document, "moved-up", "new", "stuck") == 0


async def test_a_division_out_of_sight_has_no_digest(conn):
    town = (await factories.person(conn, "town")).viewer
    assert await scope_for(conn, "", town) == TOWN
    for other in (COUNTY, OTHER, "x", "440783117'"):
        with pytest.raises(NotFound):
            await scope_for(conn, other, town)
    with pytest.raises(NotFound):
        await read_digest(conn, WEEK, "999999", at=MONDAY)
    with pytest.raises(NotFound, match="没有开始"):
        await read_digest(conn, WEEK.shifted(9), COUNTY, at=MONDAY)


async def test_the_archive_is_searched_by_what_the_digests_say_and_keeps_to_ones_division(conn):
    await county(conn)
    for scope in (COUNTY, OTHER):
        for weeks in (1, 0):
            await keep(conn, WEEK.shifted(-weeks), scope, at=MONDAY - timedelta(days=7 * weeks))
    manager, town = [(await factories.person(conn, who)).viewer for who in ("manager", "town")]
    assert [(str(d.week), d.scope) for d in await archive(conn, viewer=manager, q="下移五金")] == [
        ("2026-W47", COUNTY),
        ("2026-W47", OTHER),
    ]
    assert len(await archive(conn, viewer=manager)) == 4
    assert await archive(conn, viewer=town) == []
    first = await archive(conn, viewer=manager, limit=1)
    rest = await archive(conn, viewer=manager, before=(str(first[0].week), first[0].scope))
    assert [d.id for d in rest] == [d.id for d in await archive(conn, viewer=manager)][1:]


async def test_a_digest_takes_as_many_statements_however_many_firms_there_are(conn, statements):
    await county(conn)
    statements.clear()
    await read_digest(conn, WEEK, COUNTY, now=True, at=MONDAY)
    few = len(statements)
    for _ in range(5):
        await factories.firm_on(conn, "tech_micro", at=WEDNESDAY)
    statements.clear()
    await read_digest(conn, WEEK, COUNTY, now=True, at=MONDAY)
    assert len(statements) == few
