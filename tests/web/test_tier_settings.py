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
