import asyncio
import os
import signal
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text

from app.access.models import SignInAttempt
from app.assessments.models import PolicyImpact, PolicyVersion
from app.bulk.models import BulkAct
from app.bulk.terms import BulkKind, Change
from app.db import new_id
from app.digests.service import keep
from app.digests.terms import Week
from app.exchange.models import ImportBatch
from app.files.models import StoredFile
from app.files.store import FileStore
from app.firms.models import Firm, FirmFollow
from app.outbox.models import Heartbeat, JobRun
from app.scheduler import run_worker
from app.worker import JOBS, House, rehearse_job, run_job
from tests import factories, houses
from tests.harness import NOON, SettableClock, settings_for

LONG_AGO = NOON - timedelta(days=3)

pytestmark = pytest.mark.usefixtures("patient_sealer")


@pytest.fixture
def house(database, clock, tmp_path):
    return House(settings_for("", data=tmp_path), database, clock, FileStore(tmp_path))


async def test_the_heart_beats_in_one_row(house, conn):
    await run_job(house, "heartbeat", at=NOON)
    await run_job(house, "heartbeat", at=NOON + timedelta(seconds=15))
    assert (await conn.execute(select(Heartbeat.name, Heartbeat.at))).one() == ("worker", NOON + timedelta(seconds=15))


@pytest.mark.parametrize("name", sorted(JOBS))
async def test_a_job_with_nothing_to_do_says_so_and_leaves_no_row(house, conn, name):
    await keep(conn, Week(2026, 47), factories.COUNTY, at=NOON)  # even of an empty house a week is told
    if name == "seal-audit":
        await house.kept.sealer.seal(house.database, at=NOON)
    report = await run_job(house, name, at=NOON)
    assert report | {"skipped": 0} == {
        "job": name, "at": NOON.isoformat(), "planned": report["planned"], "created": 0, "skipped": 0, "sent": 0,
        "failed": 0,
    }  # fmt: skip
    assert (await conn.execute(select(func.count()).select_from(JobRun))).scalar_one() == 0


async def test_a_delivery_leaves_a_row_with_its_counts(house, conn):
    officer = await factories.person(conn, "officer")
    await factories.firm_on(conn, "tech_micro", officer_id=officer.id)
    report = await run_job(house, "deliver", at=NOON)
    assert (report["planned"], report["sent"]) == (1, 1)
    run = (await conn.execute(select(JobRun.job, JobRun.outcome, JobRun.detail))).one()
    assert run == ("deliver", "done", {"planned": 1, "sent": 1, "failed": 0})


async def test_a_job_that_fails_is_in_the_ledger_and_raises(house, conn, monkeypatch):
    async def broken(house, at):
        raise RuntimeError("nothing to do with anybody's data")

    monkeypatch.setitem(JOBS, "deliver", broken)
    with pytest.raises(RuntimeError):
        await run_job(house, "deliver", at=NOON)
    assert (await conn.execute(select(JobRun.outcome, JobRun.detail))).one() == ("failed", {"error": "RuntimeError"})


async def test_folding_counts_empties_the_deltas(house, conn):
    await factories.firm_on(conn, "tech_micro")
    assert (await run_job(house, "fold-counts", at=NOON))["planned"] > 0
    assert (await conn.execute(text("SELECT count(*) FROM tier_count_deltas"))).scalar_one() == 0


@pytest.mark.parametrize("name", sorted(JOBS))
async def test_a_rehearsal_says_how_much_there_is_to_do_and_does_none_of_it(house, conn, name):
    officer = await factories.person(conn, "officer")
    uscc = await factories.firm_on(conn, "tech_micro", officer_id=officer.id)
    await conn.execute(insert(SignInAttempt).values(id=new_id(), login="x", ip="x", at=LONG_AGO, succeeded=False))
    batch = {
        "kind": "firms",
        "filename": "名册.xlsx",
        "state": "uploaded",
        "creator_name": "王",
        "created_at": LONG_AGO,
    }
    await conn.execute(insert(ImportBatch).values(id=new_id(), **batch))
    act = {"kind": "tag_add", "query": "", "state": "checking", "scope": "440783", "creator_name": "王"}
    change = Change(BulkKind.TAG_ADD, tag="重点").to_json()
    await conn.execute(insert(BulkAct).values(id=new_id(), created_at=LONG_AGO, change=change, **act))
    await factories.window(conn, "hnte", 2027, 1, firm_due=LONG_AGO.date())
    await factories.certificate(conn, uscc, issued_on=NOON.date() - timedelta(days=1080))
    firm_id = (await conn.execute(select(Firm.id).where(Firm.uscc == uscc))).scalar_one()
    await conn.execute(insert(FirmFollow).values(firm_id=firm_id, user_id=officer.id, since=NOON))
    await factories.active_rule(conn, "hnte_expiry")
    version = (await conn.execute(select(PolicyVersion.id).where(PolicyVersion.policy == "tech_micro"))).scalar_one()
    count = {"text_hash": "", "as_of": NOON.date(), "asked_at": NOON, "total": 1, "counts": {}}
    await conn.execute(insert(PolicyImpact).values(version_id=version, **count))
    lost = {"sha256": "0" * 64, "size": 1, "name": "x.pdf", "kind": "pdf", "created_at": LONG_AGO}
    await conn.execute(insert(StoredFile).values(id=new_id(), **lost))
    if name == "reconcile":
        held = await houses.carrier(conn, address="水口镇示例路1号")
        elsewhere = await factories.firm(conn, address="长沙街道另一路9号")
        await houses.tenancy(conn, held, await houses.space(conn, held), elsewhere, incubates=True)
    if name == "verify-audit":
        await house.kept.sealer.seal(house.database, at=NOON)
    before = await everything(conn)
    rehearsed = await rehearse_job(house, name, at=NOON)
    assert await everything(conn) == before
    assert rehearsed["sent"] == rehearsed["failed"] == 0
    assert set(rehearsed) == {"job", "at", "planned", "created", "skipped", "sent", "failed"}
    if name != "heartbeat":
        assert rehearsed["planned"] >= 1
    if name != "imports":
        assert (await run_job(house, name, at=NOON))["planned"] == rehearsed["planned"]


async def everything(conn):
    return [
        [tuple(row) for row in await conn.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]
        for table in (
            "outbox_messages",
            "tier_count_deltas",
            "tier_counts",
            "sign_in_attempts",
            "import_batches",
            "filing_windows",
            "reminders",
            "reminder_skips",
            "reminder_rules",
        )
    ] + [(await conn.execute(text("SELECT count(*) FROM heartbeats"))).scalar_one()]


@pytest.mark.db_commit
async def test_the_worker_beats_delivers_and_stops_when_told(fresh_database, fresh_url, tmp_path):
    async with fresh_database.transaction() as conn:
        officer = await factories.person(conn, "officer")
        await factories.firm_on(conn, "tech_micro", officer_id=officer.id)
    settings = settings_for(fresh_url, data=tmp_path)
    worker = asyncio.create_task(run_worker(settings, clock=SettableClock(NOON + timedelta(minutes=1))))

    async def done() -> bool:
        async with fresh_database.reading() as conn:
            waiting = await conn.execute(text("SELECT count(*) FROM outbox_messages WHERE state = 'pending'"))
            beats = await conn.execute(text("SELECT count(*) FROM heartbeats WHERE name = 'worker'"))
            return waiting.scalar_one() == 0 and beats.scalar_one() == 1

    for _ in range(150):
        if await done():
            break
        await asyncio.sleep(0.1)
    assert await done()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(worker, timeout=10)
