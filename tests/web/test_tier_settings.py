"""梯队期限: after how many working days a firm stands still is the administrator's to say, and is said in the trail."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.audit.models import AuditEvent
from app.firms.models import Firm
from app.pipeline.models import TierRow
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
    saved = await admin.post("/admin/tiers", data=TYPED | WAS | {"stale.eaglet": days})
    assert saved.status_code == 303
    number = int(days)
    assert await due(conn, uscc) == calendar.add_working_days(touched, number)
    assert await due(conn, other) == before
    listed = (await (await client_as("officer")).get("/firms?stale=1")).text
    assert (uscc in listed) is stale


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
    again = await admin.post("/admin/tiers", data=TYPED | {"was.eaglet": "45.10.24", "stale.eaglet": "30"})
    assert again.status_code == 303


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
    await admin.post("/admin/tiers", data=WAS | {"months.eaglet": "24"})
    assert await due(conn, uscc) is None
    await admin.post("/admin/tiers", data={"was.eaglet": "..24", "stale.eaglet": "60", "months.eaglet": "24"})
    _, calendar = await factories.main_ladder(conn)
    assert await due(conn, uscc) == calendar.add_working_days(TODAY, 60)
    assert await due(conn, uscc) > TODAY + timedelta(days=60)
