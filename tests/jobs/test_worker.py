import asyncio
import os
import signal
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from app.files.store import FileStore
from app.outbox.models import Heartbeat, JobRun
from app.worker import JOBS, House, run_job, run_worker
from tests import factories
from tests.harness import NOON, SettableClock, settings_for


@pytest.fixture
def house(database, clock, tmp_path):
    return House(settings_for("", data=tmp_path), database, clock, FileStore(tmp_path))


async def test_the_heart_beats_in_one_row(house, conn):
    await run_job(house, "heartbeat", at=NOON)
    await run_job(house, "heartbeat", at=NOON + timedelta(seconds=15))
    assert (await conn.execute(select(Heartbeat.name, Heartbeat.at))).one() == ("worker", NOON + timedelta(seconds=15))


@pytest.mark.parametrize("name", sorted(JOBS))
async def test_a_job_with_nothing_to_do_says_so_and_leaves_no_row(house, conn, name):
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
            beats = await conn.execute(text("SELECT count(*) FROM heartbeats"))
            return waiting.scalar_one() == 0 and beats.scalar_one() == 1

    for _ in range(150):
        if await done():
            break
        await asyncio.sleep(0.1)
    assert await done()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(worker, timeout=10)
