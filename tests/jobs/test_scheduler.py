"""Whose turn it is: one leads, another takes over when it is gone, and makes up for what came in between."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.clock import BUSINESS_ZONE
from app.db import Database
from app.files.store import FileStore
from app.outbox.models import JobRun
from app.outbox.runs import RunOutcome, mark, marks, note_run
from app.scheduler import LED, MISFIRE_GRACE, Scheduler, missed_turns
from app.stopping import end
from app.worker import House
from tests.harness import NOON, SettableClock, keys_of_tests, settings_for


def moment(said: str) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=BUSINESS_ZONE)


@pytest.mark.parametrize(
    ("job", "last", "now", "turn"),
    [
        ("reminders", "2026-11-23 09:12:00", "2026-11-23 09:59", None),
        ("reminders", "2026-11-23 09:12:00", "2026-11-23 10:12", "2026-11-23 10:12"),
        ("reminders", "2026-11-23 09:12:00", "2026-11-23 15:40", "2026-11-23 15:12"),
        # A week, and the year's end: of many turns that were missed only the latest is one to make up for.
        ("reminders", "2026-12-28 09:12:00", "2027-01-04 08:40", "2027-01-04 08:12"),
        ("reassess", "2026-11-23 02:10:00", "2026-11-24 01:00", None),
        ("reassess", "2026-11-23 02:10:00", "2026-11-24 09:00", "2026-11-24 02:10"),
        ("reassess", "2026-12-31 02:10:00", "2027-01-01 02:30", "2027-01-01 02:10"),
        # A clock that was put back has missed nothing.
        ("reassess", "2026-11-23 02:10:00", "2026-11-17 09:00", None),
    ],
)
def test_the_latest_turn_since_the_last_run_is_the_one_that_was_missed(job, last, now, turn):
    found = missed_turns({job: moment(last)}, moment(now))
    assert found == ({job: moment(turn)} if turn else {})


def test_a_job_that_never_ran_has_missed_nothing():
    assert missed_turns({}, NOON) == {}


def house_on(url, tmp_path, clock):
    return House(
        settings_for(url, data=tmp_path), Database(url, pool_size=5, keys=keys_of_tests), clock, FileStore(tmp_path)
    )


async def until(condition, seconds=15):
    for _ in range(int(seconds / 0.05)):
        if await condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that in time")


@pytest.mark.db_commit
async def test_of_two_workers_one_leads_and_the_other_follows_when_its_connection_is_cut(
    fresh_database, fresh_url, tmp_path
):
    clock = SettableClock()
    houses = [house_on(fresh_url, tmp_path, clock) for _ in range(2)]
    first, second = [Scheduler(house) for house in houses]
    stops = [asyncio.Event(), asyncio.Event()]
    running = [asyncio.create_task(first.run_until(stops[0]))]

    async def leads(one, other):
        return one.leads and not other.leads

    await until(lambda: leads(first, second))
    running.append(asyncio.create_task(second.run_until(stops[1])))
    await asyncio.sleep(2.5)
    assert await leads(first, second), "one leads, however long both look"
    stops[0].set()
    await until(lambda: leads(second, first))
    # The server ends the leader's connection, as a restart or a fail-over would: it must not believe itself the leader.
    async with fresh_database.transaction() as conn:
        holder = text(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 781010 AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        assert (await conn.execute(holder)).scalars().all() == [True]
    await until(lambda: _not(second))
    await until(lambda: leads(second, first))
    stops[1].set()
    await asyncio.gather(*running)
    for house in houses:
        await house.database.dispose()


async def _not(scheduler):
    return not scheduler.leads


async def test_a_turn_that_comes_while_the_job_is_still_at_it_is_passed_over_in_silence(monkeypatch, tmp_path, caplog):
    begun, go_on = [], asyncio.Event()

    async def slow(house, name, *, at):
        begun.append(name)
        await go_on.wait()

    monkeypatch.setattr("app.scheduler.run_job", slow)
    scheduler = Scheduler(house_on("postgresql+asyncpg://nobody@127.0.0.1/none", tmp_path, SettableClock()))
    first = asyncio.create_task(scheduler.tick("imports"))
    await asyncio.sleep(0)
    await scheduler.tick("imports")
    await asyncio.gather(first, scheduler.tick("bulk"), _later(go_on))
    await scheduler.tick("imports")
    assert begun == ["imports", "bulk", "imports"], "another job has its turn meanwhile, and this one its next"
    assert not caplog.records


async def _later(event):
    event.set()


@pytest.mark.db_commit
async def test_a_new_leader_makes_up_for_a_turn_within_grace_and_notes_one_that_is_too_late(
    fresh_database, fresh_url, tmp_path
):
    clock = SettableClock(moment("2026-11-24 10:40"))
    async with fresh_database.transaction() as conn:
        await mark(conn, "open-windows", at=moment("2026-11-24 08:07"))
        await mark(conn, "reassess", at=moment("2026-11-23 02:10"))
    house = house_on(fresh_url, tmp_path, clock)
    scheduler, stop = Scheduler(house), asyncio.Event()
    running = asyncio.create_task(scheduler.run_until(stop))

    async def noted():
        async with fresh_database.reading() as conn:
            rows = await conn.execute(select(JobRun.job, JobRun.outcome).order_by(JobRun.job))
            return [tuple(r) for r in rows] == [("open-windows", "done"), ("reassess", "missed")]

    await until(noted)
    async with fresh_database.reading() as conn:
        assert set((await marks(conn)).values()) == {clock.now()}
    stop.set()
    await running
    await house.database.dispose()
    assert clock.now() - moment("2026-11-24 02:10") > MISFIRE_GRACE


async def test_a_task_that_keeps_a_cancelling_to_itself_is_ended_all_the_same():
    kept = []

    async def stubborn():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            kept.append(True)
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await end(task, patience=0.01)
    assert (kept, task.cancelled()) == ([True], True)


async def test_the_page_tells_what_ran_how_long_it_took_and_whether_the_worker_lives(conn, client_as, clock):
    admin = await client_as("admin")
    empty = await admin.get("/admin/jobs")
    assert "没有启动过" in empty.text
    for job, outcome, detail in (
        ("reminders", RunOutcome.DONE, {"planned": 12, "created": 9, "skipped": 3}),
        ("reassess", RunOutcome.FAILED, {"error": "OSError"}),
        ("open-windows", RunOutcome.MISSED, {"due": "2026-11-23T02:10:00+08:00"}),
    ):
        at = clock.now() - timedelta(minutes=5)
        await note_run(conn, job, at=at, finished_at=at, outcome=outcome, detail=detail, seconds=3.25)
    await mark(conn, "reminders", at=clock.now())
    page = await admin.get("/admin/jobs")
    for said in ("安排提醒", "应办 12，新增 9，跳过 3", "3.2 秒", "出错", "OSError", "错过", "每小时 12 分"):
        assert said in page.text, said
    only = await admin.get("/admin/jobs?job=reassess")
    assert "OSError" in only.text
    assert "应办 12" not in only.text


def test_every_job_of_the_timetable_has_words_for_people():
    from app.outbox.runs import JOB_WORDS
    from app.worker import JOBS

    assert set(JOBS) <= set(JOB_WORDS)
    assert set(LED) < set(JOBS)
