"""梯队期限: after how many working days a firm stands still is the administrator's to say, and is said in the trail."""

import html
import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEvent
from app.firms.models import Firm
from app.pipeline.models import TierRow
from app.pipeline.settings import standing_by
from app.work.stale import escalate
from app.workdays.rules import Calendar
from tests import factories
from tests.harness import NOON

TODAY = NOON.date()
WAS = {"was.eaglet": "60.10.24"}
TYPED = {"stale.eaglet": "60", "escalate.eaglet": "10", "months.eaglet": "24"}


async def due(conn, uscc):
    return (await conn.execute(select(Firm.stale_on).where(Firm.uscc == uscc))).scalar_one()


@pytest.fixture
async def admin(client_as):
    return await client_as("admin")


@pytest.mark.parametrize(("days", "stale"), [("29", True), ("30", False), ("６０", False)])
async def test_a_shorter_wait_counts_from_each_firms_own_last_touch(conn, admin, client_as, days, stale):
    _, calendar = await factories.main_ladder(conn)
    touched = calendar.add_working_days(TODAY, -29)
    uscc = await factories.firm_on(conn, "eaglet", on=touched)
    other = await factories.firm_on(conn, "tech_micro", on=touched)
    before = await due(conn, other)
    number = int(days)
    saved = await admin.post("/admin/tiers", data=TYPED | WAS | {"stale.eaglet": days, "looked": f"eaglet-{number}"})
    assert saved.status_code == 303
    assert await due(conn, uscc) == calendar.add_working_days(touched, number)
    assert await due(conn, other) == before
    listed = (await (await client_as("officer")).get("/firms?stale=1")).text
    assert (uscc in listed) is stale


@pytest.mark.parametrize("days", [29, 30])
async def test_whom_other_days_would_make_stand_still_is_shown_and_listed_before_anything_is_saved(conn, admin, days):
    _, calendar = await factories.main_ladder(conn)
    touched = calendar.add_working_days(TODAY, -29)
    uscc = await factories.firm_on(conn, "eaglet", on=touched)
    typed = TYPED | WAS | {"stale.eaglet": str(days)}
    looked = await admin.post("/admin/tiers", data=typed)
    assert (looked.status_code, await due(conn, uscc)) == (200, calendar.add_working_days(touched, 60))
    href, count = re.findall(r'<a href="(/firms[^"]+)">(\d+)<span', looked.text)[1]
    listed = (await admin.get(html.unescape(href))).text
    assert (uscc in listed, int(count)) == (days == 29, listed.count('class="name"'))
    token = re.search(r'name="looked" value="([^"]+)"', looked.text)[1]
    other = await admin.post("/admin/tiers", data=typed | {"stale.eaglet": "28", "looked": token})
    assert other.status_code == 200, "what was looked at is not what would be saved"
    assert (await admin.post("/admin/tiers", data=typed | {"looked": token})).status_code == 303
    assert (uscc in (await admin.get("/firms?tier=eaglet&stale=1")).text) is (days == 29)


def test_a_day_under_one_limit_is_the_same_silence_as_today_under_another():
    calendar = Calendar({}, frozenset({2026}))
    for was, now in ((60, 29), (29, 60), (1, 500), (500, 1)):
        day = standing_by(was, now, today=TODAY, calendar=calendar)
        for due, still in ((day, True), (day + timedelta(days=1), False)):
            touched = calendar.add_working_days(due, -was)
            assert (calendar.add_working_days(touched, now) <= TODAY) is still


async def test_what_is_changed_is_in_the_trail_and_what_is_not_is_not(conn, admin):
    await admin.post("/admin/tiers", data=TYPED | WAS)
    query = select(AuditEvent).where(AuditEvent.action == "setting:tier:changed")
    assert (await conn.execute(query)).all() == []
    await admin.post("/admin/tiers", data=TYPED | WAS | {"escalate.eaglet": "15", "months.eaglet": ""})
    event = (await conn.execute(query)).mappings().one()
    assert event["before"] == {"stale_days": 60, "escalate_days": 10, "expected_months": 24}
    assert event["after"] == {"stale_days": 60, "escalate_days": 15, "expected_months": None}
    trail = (await admin.get("/audit")).text
    assert "更改梯队的停滞和培育期限" in trail
    assert "告诉局领导的工作日" in trail


async def test_what_another_has_changed_meanwhile_is_shown_and_not_written_over(conn, admin):
    await conn.execute(update(TierRow).where(TierRow.code == "eaglet").values(stale_working_days=45))
    refused = await admin.post("/admin/tiers", data=TYPED | WAS | {"stale.eaglet": "30"})
    assert (refused.status_code, "刚被别人改过" in refused.text) == (412, True)
    assert 'value="45.10.24"' in refused.text
    assert 'value="30"' in refused.text
    mine = TYPED | {"was.eaglet": "45.10.24", "stale.eaglet": "30", "looked": "eaglet-30"}
    assert (await admin.post("/admin/tiers", data=mine)).status_code == 303


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"stale.eaglet": "0"}, "1 到 500"),
        ({"stale.eaglet": "501"}, "1 到 500"),
        ({"months.eaglet": "两年"}, "1 到 120"),
        ({"stale.eaglet": ""}, "请先填停滞天数"),
    ],
)
async def test_what_cannot_be_meant_is_said_beside_its_field(conn, admin, typed, said):
    refused = await admin.post("/admin/tiers", data=TYPED | WAS | typed)
    assert (refused.status_code, said in refused.text) == (422, True)
    for code in ("nothing", "incubatee"):
        assert (await admin.post("/admin/tiers", data={f"was.{code}": ".."})).status_code == 404
    kept = select(TierRow.stale_working_days).where(TierRow.code == "eaglet")
    assert (await conn.execute(kept)).scalar_one() == 60


async def test_without_a_limit_nobody_stands_still_and_with_a_new_one_the_count_begins_today(conn, admin):
    uscc = await factories.firm_on(conn, "eaglet", on=date(2025, 1, 6))
    await admin.post("/admin/tiers", data=WAS | {"months.eaglet": "24", "looked": "eaglet-"})
    assert await due(conn, uscc) is None
    again = {"was.eaglet": "..24", "stale.eaglet": "60", "months.eaglet": "24", "looked": "eaglet-60"}
    await admin.post("/admin/tiers", data=again)
    _, calendar = await factories.main_ladder(conn)
    assert await due(conn, uscc) == calendar.add_working_days(TODAY, 60)
    assert await due(conn, uscc) > TODAY + timedelta(days=60)


async def test_who_would_newly_hear_of_long_silences_is_told_beforehand_and_is_who_hears_in_the_morning(
    conn, admin, api_as, clock
):
    ladder, calendar = await factories.main_ladder(conn)
    officer = await factories.person(conn, "officer", name="王专员")
    await factories.person(conn, "manager", name="陈局")
    for days in (70, 65, 64):
        since, long_ago = calendar.add_working_days(TODAY, -days), NOON - timedelta(days=200)
        await factories.firm_on(conn, "eaglet", on=since, officer_id=officer.id, at=long_ago)
    assert await escalate(conn, ladder=ladder, calendar=calendar, today=TODAY, at=NOON) == 1
    looked = await admin.post("/admin/tiers", data=TYPED | WAS | {"escalate.eaglet": "5"})
    assert "另外告诉局领导和责任专员 1 家" in looked.text
    assert "王专员 1 家、陈局 1 家" in looked.text
    api = await api_as("admin")
    read = await api.get("/api/v1/tiers")
    held = {t["tier"]: t for t in read.json()["items"]}["eaglet"]
    assert (held["stale_days"], held["escalate_days"]) == (60, 10)
    for stale, later, heard in ((60, 5, 1), (60, 4, 2), (60, 6, 0), (55, 10, 1), (55, 9, 2), (50, 20, 0)):
        wanted = {"tiers": {"eaglet": {"stale_days": stale, "escalate_days": later, "expected_months": 24}}}
        seen = (await api.post("/api/v1/tiers/what-if", json=wanted)).json()
        assert (seen["told_of"], [t["firms"] for t in seen["told"]]) == (heard, [heard] * 2 * bool(heard)), wanted
    wanted = {"tiers": {"eaglet": {"stale_days": 55, "escalate_days": 10, "expected_months": 24}}}
    assert (await api.put("/api/v1/tiers", json=wanted)).status_code == 428
    tag = {"if-match": read.headers["etag"]}
    assert (await api.put("/api/v1/tiers", json=wanted, headers=tag)).json()["items"][1]["stale_days"] == 55
    assert (await api.put("/api/v1/tiers", json=wanted, headers=tag)).status_code == 412
    ladder, _ = await factories.main_ladder(conn)
    assert await escalate(conn, ladder=ladder, calendar=calendar, today=TODAY, at=NOON) == 1
