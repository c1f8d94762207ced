from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select, text

from app.audit.models import AuditEvent
from app.clock import BUSINESS_ZONE
from app.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.filings import queries
from app.filings.jobs import open_windows
from app.filings.models import FilingWindow
from app.filings.recording import NewWindow
from app.filings.service import Revision, add_window, revise
from app.filings.terms import Dates, Milestone, Notice, WindowChange, WindowState
from tests import factories
from tests.factories import NOTICE
from tests.harness import NOON

FIRM, CITY = date(2027, 6, 25), date(2027, 7, 25)
DATES = Dates(opens_on=date(2027, 5, 5), firm_due=FIRM, firm_until=time(17), city_due=CITY)


def at_day(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=BUSINESS_ZONE)


async def change(
    conn, window_id, kind, *, expected=None, dates=DATES, notice=NOTICE, reason="", at=NOON, who="officer"
):
    person = await factories.person(conn, who)
    return await revise(conn, window_id, Revision(kind, expected, dates, notice, reason), by=person.actor, at=at)


async def seen(conn, window_id, who="officer"):
    viewer = (await factories.person(conn, who)).viewer
    return await queries.window_by_id(conn, window_id, viewer=viewer)


async def test_confirming_against_a_notice_makes_a_version_and_leaves_a_trail(conn):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    assert (await seen(conn, found)).state is WindowState.REFERENCE
    await change(conn, found, WindowChange.CONFIRMED, expected=1)
    window = await seen(conn, found)
    assert (window.state, window.version, window.dates, window.notice) == (WindowState.CONFIRMED, 2, DATES, NOTICE)
    second, first = await queries.versions_of(conn, found)
    assert (second.change, second.actor_name, second.dates) == (WindowChange.CONFIRMED, "局专员officer", DATES)
    assert (first.change, first.actor_name, first.dates) == (WindowChange.LAID_OUT, "系统", Dates())
    trail = (await conn.execute(select(AuditEvent).where(AuditEvent.object_id == str(found)))).one()
    assert (trail.action, trail.object_label) == ("window:dates:confirmed", "2027 年高新技术企业认定第一批")
    assert trail.before == {"state": "reference"}
    assert trail.after["firm_due"] == "2027-06-25"
    assert trail.after["document"] == NOTICE.document
    assert trail.after["address"] == NOTICE.address


async def test_a_confirmation_without_its_notice_or_with_impossible_dates_is_refused_by_field(conn):
    found = await factories.window_id(conn, "hnte", 2027, 1)
    with pytest.raises(Invalid) as refused:
        await change(conn, found, WindowChange.CONFIRMED, notice=Notice(), dates=Dates(firm_due=CITY, city_due=FIRM))
    assert set(refused.value.fields) == {"document", "address", "city_due"}
    with pytest.raises(Refused, match="至少应有一个"):
        await change(conn, found, WindowChange.CONFIRMED, dates=Dates())
    assert (await seen(conn, found)).version == 1


async def test_extensions_corrections_and_second_thoughts_are_versions_one_after_the_other(conn):
    found = await factories.window_id(conn, "hnte", 2027, 3)
    await change(conn, found, WindowChange.CONFIRMED)
    later = Dates(DATES.opens_on, FIRM + timedelta(days=10), time(17), None, CITY)
    await change(conn, found, WindowChange.EXTENDED, dates=later, expected=2)
    assert (await seen(conn, found)).state is WindowState.EXTENDED
    with pytest.raises(Invalid) as refused:
        await change(conn, found, WindowChange.CORRECTED, dates=DATES)
    assert set(refused.value.fields) == {"reason"}
    await change(conn, found, WindowChange.CORRECTED, dates=DATES, reason="延期的是第二批")
    assert (await seen(conn, found)).dates == DATES
    await change(conn, found, WindowChange.WITHDRAWN, reason="通知是去年的")
    window = await seen(conn, found)
    assert (window.state, window.dates, window.notice) == (WindowState.REFERENCE, Dates(), Notice())
    kinds = [v.change.value for v in await queries.versions_of(conn, found)]
    assert kinds == ["withdrawn", "corrected", "extended", "confirmed", "laid_out"]


async def test_withdrawing_a_statutory_one_leaves_the_day_that_the_law_fixes(conn):
    found = await factories.window(conn, "hnte_annual_report", 2027, firm_due=date(2027, 6, 10))
    await change(conn, found, WindowChange.WITHDRAWN, reason="没有延期")
    window = await seen(conn, found)
    assert (window.state, window.dates) == (WindowState.REFERENCE, Dates(firm_due=date(2027, 5, 31)))


async def test_of_two_who_saw_the_same_version_the_second_is_told_who_was_first(conn):
    found = await factories.window(conn, "hnte", 2027, 1, firm_due=FIRM)
    await change(conn, found, WindowChange.CLOSED, expected=2, reason="取消", who="officer-2")
    with pytest.raises(Stale, match="局专员officer-2 已把2027 年高新技术企业认定第一批改到第 3 版"):
        await change(conn, found, WindowChange.EXTENDED, expected=2, dates=Dates(firm_due=CITY))


async def test_a_window_of_another_county_is_out_of_sight_and_a_towns_is_in_it(conn):
    for region in ("440784", "440783115"):
        await conn.execute(
            text("UPDATE filing_windows SET region = :r WHERE programme = 'hnte' AND year = 2027 AND batch = :b"),
            {"r": region, "b": 1 if region == "440784" else 2},
        )
    far, near = [await factories.window_id(conn, "hnte", 2027, b) for b in (1, 2)]
    assert await seen(conn, far) is None
    with pytest.raises(NotFound):
        await change(conn, far, WindowChange.CONFIRMED)
    assert await seen(conn, near) is not None
    assert await seen(conn, near, "town") is None, "another town's"
    assert await seen(conn, await factories.window_id(conn, "hnte", 2027, 3), "town") is not None


async def test_a_firms_clerk_sees_the_windows_above_the_firm(conn):
    uscc = await factories.firm(conn)
    clerk = await factories.person(conn, "firm", firm_id=await factories.id_of(conn, uscc))
    stray = await factories.person(conn, "firm-2")
    everything = (await conn.execute(select(func.count()).select_from(FilingWindow))).scalar_one()
    assert len(await queries.list_windows(conn, viewer=clerk.viewer)) == everything
    assert await queries.list_windows(conn, viewer=stray.viewer) == []


async def test_a_window_of_the_countys_own_is_added_once(conn):
    officer = await factories.person(conn, "officer")
    new = NewWindow("hnte", 2027, 9, "补报", "440783", Dates(firm_due=FIRM), NOTICE)
    found = await add_window(conn, new, by=officer.actor, at=NOON)
    window = await seen(conn, found)
    assert (window.state, window.version, window.region) == (WindowState.CONFIRMED, 1, "440783")
    with pytest.raises(Conflict, match="已经在日历上"):
        await add_window(conn, new, by=officer.actor, at=NOON)
    wrong = NewWindow("nope", 2027, 1, "", "440784", Dates(firm_due=date(2031, 1, 1)), Notice())
    with pytest.raises(Invalid) as refused:
        await add_window(conn, wrong, by=officer.actor, at=NOON)
    assert set(refused.value.fields) == {"programme", "region", "firm_due", "document", "address"}


async def test_without_a_date_a_new_window_waits_as_a_reference(conn):
    officer = await factories.person(conn, "officer")
    found = await add_window(conn, NewWindow("srdi", 2028, 0, "", "440000"), by=officer.actor, at=NOON)
    assert (await seen(conn, found)).state is WindowState.REFERENCE


async def test_the_job_opens_on_the_day_and_closes_on_the_day_after_the_last_deadline(conn):
    opens = date(2026, 12, 31)
    found = await factories.window(
        conn, "carrier_annual", 2027, opens_on=opens, firm_due=date(2027, 1, 15), paper_due=date(2027, 2, 28)
    )
    assert await open_windows(conn, at_day(opens - timedelta(days=1), 23)) == {"planned": 0, "created": 0}
    assert await open_windows(conn, at_day(opens, 0)) == {"planned": 1, "created": 0}
    assert await open_windows(conn, at_day(opens, 23)) == {"planned": 0, "created": 0}
    assert (await seen(conn, found)).opened_at == at_day(opens, 0)
    for day in (date(2027, 1, 16), date(2027, 2, 28)):
        await open_windows(conn, at_day(day))
        assert (await seen(conn, found)).state is WindowState.CONFIRMED
    assert (await open_windows(conn, at_day(date(2027, 3, 1), 0)))["planned"] == 1
    window = await seen(conn, found)
    assert (window.state, window.version) == (WindowState.CLOSED, 3)
    newest = (await queries.versions_of(conn, found))[0]
    assert (newest.change, newest.actor_name, newest.reason) == (WindowChange.CLOSED, "系统", "最后一个截止日期已过")
    assert (await open_windows(conn, at_day(date(2027, 3, 1), 1)))["planned"] == 0


async def test_after_a_week_down_a_window_that_came_and_went_is_closed_and_never_opened(conn):
    found = await factories.window(conn, "srdi", 2027, opens_on=date(2026, 12, 1), firm_due=date(2026, 12, 3))
    assert (await open_windows(conn, at_day(date(2026, 12, 8))))["planned"] == 1
    window = await seen(conn, found)
    assert (window.state, window.opened_at) == (WindowState.CLOSED, None)


async def test_a_window_whose_opening_moves_ahead_again_opens_again(conn):
    found = await factories.window(conn, "srdi", 2027, opens_on=NOON.date(), firm_due=FIRM)
    await open_windows(conn, NOON)
    ahead = Dates(opens_on=NOON.date() + timedelta(days=3), firm_due=FIRM)
    await change(conn, found, WindowChange.CORRECTED, dates=ahead, reason="推迟开放")
    assert (await seen(conn, found)).opened_at is None
    later = NOON + timedelta(days=3)
    assert (await open_windows(conn, later))["planned"] == 1
    assert (await seen(conn, found)).opened_at == later


async def test_an_extension_after_the_end_opens_a_closed_window_again(conn):
    found = await factories.window(conn, "srdi", 2027, firm_due=NOON.date())
    await open_windows(conn, NOON + timedelta(days=1))
    assert (await seen(conn, found)).state is WindowState.CLOSED
    later = Dates(firm_due=NOON.date() + timedelta(days=10))
    await change(conn, found, WindowChange.EXTENDED, dates=later, at=NOON + timedelta(days=2))
    assert (await seen(conn, found)).state is WindowState.EXTENDED


async def test_the_turn_of_the_year_lays_out_the_next_one_without_dates_of_its_own(conn):
    assert (await open_windows(conn, at_day(date(2026, 12, 31), 23)))["created"] == 0
    series = select(func.count()).where(FilingWindow.year == 2027)
    created = (await open_windows(conn, at_day(date(2027, 1, 1), 0)))["created"]
    assert created == (await conn.execute(series)).scalar_one() > 20
    assert (await open_windows(conn, at_day(date(2027, 1, 1), 1)))["created"] == 0
    viewer = (await factories.person(conn, "officer")).viewer
    laid_out = await queries.list_windows(conn, viewer=viewer, years=[2028])
    assert {w.state for w in laid_out} == {WindowState.REFERENCE}
    dated = {w.programme: w.dates.given for w in laid_out if w.dates.given}
    assert dated["hnte_annual_report"] == {Milestone.FIRM: date(2028, 5, 31)}
    assert "hnte" not in dated
    assert {w.month for w in laid_out if w.programme == "super_deduction"} == {7, 10}


async def test_a_reference_is_planned_by_the_latest_year_that_has_dates(conn):
    viewer = (await factories.person(conn, "officer")).viewer
    earlier = await queries.earlier_years(conn, viewer=viewer, before=2027)
    assert earlier["hnte", 3, "440000"].dates.firm_due == date(2026, 9, 4)
    assert earlier["srdi", 0, "440000"].year == 2025, "2026 has none"
    assert earlier["stat_107", 0, "000000"].year == 2016
    assert ("torch_annual", 0, "000000") not in earlier


async def test_an_extension_of_the_past_is_in_its_windows_history(conn):
    found = await factories.window_id(conn, "hnte", 2026, 3)
    extended, first = await queries.versions_of(conn, found)
    assert (first.dates.firm_due, first.notice.document) == (date(2026, 8, 27), "粤科函产字〔2026〕903号")
    assert (extended.dates.firm_due, extended.dates.firm_until) == (date(2026, 9, 4), time(17))
    assert extended.notice.document == "粤科函产字〔2026〕1359号"
