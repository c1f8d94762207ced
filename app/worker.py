"""The second process: delivers the outbox, checks and applies imports, folds counters, opens and closes
filing windows, beats its heart.

APScheduler is only the clock. What must not happen twice is guarded in the database: leases and SKIP LOCKED for
messages and imports, an advisory lock for everything that one process is enough for.
"""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from app.access.service import forget_old
from app.assessments.impacts import count_some, waiting_firms
from app.assessments.jobs import reassess
from app.assessments.policies import load_policies
from app.assessments.refreshing import changed_count, firm_count, refresh_changed
from app.clock import BUSINESS_ZONE, Clock, SystemClock, business_day
from app.config import Settings
from app.db import Conn, Database, is_outage, new_id
from app.exchange.jobs import run_waiting_imports
from app.exchange.service import claim
from app.files.store import FileStore
from app.filings.jobs import open_windows
from app.locks import Lock, try_hold
from app.outbox.channels import Channels
from app.outbox.deliver import deliver
from app.outbox.models import Heartbeat, JobRun
from app.outbox.queries import due_count
from app.pipeline.board import fold_counts
from app.policy.policies import Policies
from app.reminders.jobs import plan_in_one, plan_reminders
from app.reminders.undelivered import tell_undelivered
from app.workdays.queries import load_calendar
from app.workdays.rules import is_office_hour

log = logging.getLogger("tidu.worker")
MISFIRE_GRACE = 6 * 3600  # a night's job that was missed still runs in the morning


@dataclass
class Kept:
    """What a worker remembers between runs because reading it is slow."""

    policies: Policies | None = None


@dataclass(frozen=True)
class House:
    """What a job may touch."""

    settings: Settings
    database: Database
    clock: Clock
    files: FileStore
    kept: Kept = field(default_factory=Kept)


Job = Callable[[House, datetime], Awaitable[Mapping[str, int]]]
Step = Callable[[Conn, datetime], Awaitable[Mapping[str, int]]]


async def _deliver(house: House, at: datetime) -> Mapping[str, int]:
    async with house.database.reading() as conn:
        office_hours = is_office_hour(at, await load_calendar(conn))
    async with Channels(house.settings) as mail:
        report = await deliver(house.database, at=at, mail=mail, office_hours=office_hours)
    async with house.database.transaction() as conn:
        await tell_undelivered(conn, at=at)
    return {"planned": report.planned, "sent": report.sent, "failed": report.failed}


async def _reminders(house: House, at: datetime) -> Mapping[str, int]:
    return await plan_reminders(house.database, at=at)


async def _imports(house: House, at: datetime) -> Mapping[str, int]:
    return {"planned": await run_waiting_imports(house.database, house.files, at=at)}


async def _reassess(house: House, at: datetime) -> Mapping[str, int]:
    return await reassess(house.database, at=at, url=house.settings.database_url)


async def _assess_changed(house: House, at: datetime) -> Mapping[str, int]:
    """As many as there are, some hundred at a time."""
    done = 0
    while True:
        async with house.database.transaction() as conn:
            if not await changed_count(conn):
                return {"planned": done}
            house.kept.policies = await load_policies(conn, house.kept.policies)
            taken = await refresh_changed(conn, policies=house.kept.policies, as_of=business_day(at), at=at)
        if not taken:
            return {"planned": done}
        done += taken


async def _impacts(house: House, at: datetime) -> Mapping[str, int]:
    """Batch after batch, each in a transaction of its own, so that the page shows how far it is."""
    done = 0
    while True:
        async with house.database.transaction() as conn:
            counted = await count_some(conn, at=at)
        if not counted:
            return {"planned": done}
        done += counted


async def _waiting_impacts(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await waiting_firms(conn)}


async def _waiting_firms(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await changed_count(conn)}


async def _all_firms(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await firm_count(conn)}


async def _fold(conn: Conn, at: datetime) -> Mapping[str, int]:
    # Folding twice at once would be right but would wait; one is enough.
    if not await try_hold(conn, Lock.FOLDING):
        return {"skipped": 1}
    return {"planned": await fold_counts(conn)}


async def _heartbeat(conn: Conn, at: datetime) -> Mapping[str, int]:
    beat = upsert(Heartbeat).values(name="worker", at=at)
    await conn.execute(beat.on_conflict_do_update(index_elements=["name"], set_={"at": beat.excluded.at}))
    return {}


async def _tidy(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await forget_old(conn, at=at)}


async def _due(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await due_count(conn, at=at)}


async def _claimable(conn: Conn, at: datetime) -> Mapping[str, int]:
    waiting = 0
    while await claim(conn, at=at) is not None:
        waiting += 1
    return {"planned": waiting}


def _in_one(step: Step) -> Job:
    async def job(house: House, at: datetime) -> Mapping[str, int]:
        async with house.database.transaction() as conn:
            return await step(conn, at)

    return job


# Jobs of one transaction are rehearsed as they are; the others do more than write here, and only count what waits.
_STEPS: dict[str, Step] = {
    "fold-counts": _fold,
    "heartbeat": _heartbeat,
    "open-windows": open_windows,
    "tidy": _tidy,
}
_REHEARSALS: dict[str, Step] = {
    **_STEPS,
    "deliver": _due,
    "imports": _claimable,
    "assess-changed": _waiting_firms,
    "policy-impacts": _waiting_impacts,
    "reassess": _all_firms,
    "reminders": plan_in_one,
}
JOBS: dict[str, Job] = {
    "deliver": _deliver,
    "imports": _imports,
    "assess-changed": _assess_changed,
    "policy-impacts": _impacts,
    "reassess": _reassess,
    "reminders": _reminders,
    **{name: _in_one(step) for name, step in _STEPS.items()},
}
# Too frequent to keep a row for each run
_QUIET = {"imports", "fold-counts", "heartbeat", "assess-changed", "policy-impacts"}
_TIMETABLE: Mapping[str, Any] = {
    "heartbeat": IntervalTrigger(seconds=15),
    "deliver": IntervalTrigger(seconds=5),
    "imports": IntervalTrigger(seconds=1),
    "assess-changed": IntervalTrigger(seconds=2),
    "policy-impacts": IntervalTrigger(seconds=2),
    "reassess": CronTrigger(hour=2, minute=10, timezone=BUSINESS_ZONE),
    "tidy": CronTrigger(minute=17, timezone=BUSINESS_ZONE),
    # Soon after midnight, and again in case that was missed: it does what the day asks for, however often it runs.
    "open-windows": CronTrigger(minute=7, timezone=BUSINESS_ZONE),
    # Through the day, after the windows: what a person confirms or puts to work at noon is planned at noon.
    "reminders": CronTrigger(minute=12, timezone=BUSINESS_ZONE),
    "fold-counts": CronTrigger(minute="*/5", timezone=BUSINESS_ZONE),
}


async def run_job(house: House, name: str, *, at: datetime) -> dict[str, Any]:
    """Runs one job as if it were `at`; leaves a row in the run ledger unless the job ticks all the time."""
    if name in _QUIET:
        return _report(name, at, await JOBS[name](house, at))
    run_id = new_id()
    try:
        counts = await JOBS[name](house, at)
    except Exception as error:
        await _note_run(house, run_id, name, at, "failed", {"error": type(error).__name__})
        raise
    if any(counts.values()):
        await _note_run(house, run_id, name, at, "done", dict(counts))
    return _report(name, at, counts)


async def rehearse_job(house: House, name: str, *, at: datetime) -> dict[str, Any]:
    """What `run_job` would find to do; nothing is sent, and nothing that was written stays."""
    async with house.database.rehearsal() as conn:
        counts = await _REHEARSALS[name](conn, at)
    return _report(name, at, counts)


def _report(name: str, at: datetime, counts: Mapping[str, int]) -> dict[str, Any]:
    zero = {"planned": 0, "created": 0, "skipped": 0, "sent": 0, "failed": 0}
    return {"job": name, "at": at.isoformat(), **zero, **counts}


async def _note_run(house: House, run_id: Any, name: str, at: datetime, outcome: str, detail: dict[str, Any]) -> None:
    async with house.database.transaction() as conn:
        await conn.execute(
            insert(JobRun).values(
                id=run_id, job=name, started_at=at, finished_at=house.clock.now(), outcome=outcome, detail=detail
            )
        )


async def _tick(house: House, name: str) -> None:
    try:
        await run_job(house, name, at=house.clock.now())
    except Exception as error:
        if is_outage(error):
            log.warning("%s: database away, next tick tries again", name)
        else:
            log.exception("job %s failed", name)


async def run_worker(settings: Settings, *, clock: Clock | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    house = House(
        settings,
        Database(settings.database_url, pool_size=4),
        clock or SystemClock(),
        FileStore(settings.file_root),
    )
    scheduler = AsyncIOScheduler(timezone=BUSINESS_ZONE)
    for name, trigger in _TIMETABLE.items():
        scheduler.add_job(
            _tick,
            trigger,
            args=[house, name],
            id=name,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=MISFIRE_GRACE,
        )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await _tick(house, "heartbeat")
    scheduler.start()
    await stop.wait()
    scheduler.shutdown(wait=False)
    await house.database.dispose()
