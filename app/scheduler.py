"""When each job's turn comes. APScheduler is only the clock.

Jobs that any number of processes share run in every worker; what one is enough for runs in the one that leads, by an
advisory lock that the database gives to another when its holder is gone. Nothing rests on there being one leader only:
what must not happen twice is guarded by leases and unique keys. A new leader makes up for the turns that were missed.
"""

import asyncio
import logging
import signal
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from app.clock import BUSINESS_ZONE, Clock, SystemClock
from app.config import Settings
from app.db import Database
from app.files.opening import open_store
from app.locks import Lock, held_for_long
from app.outages import is_outage
from app.outbox.runs import LEADER, RunOutcome, beat, mark, marks, note_run
from app.stopping import end
from app.vault import vault_of
from app.worker import House, run_job

log = logging.getLogger("tidu.worker")
MISFIRE_GRACE = timedelta(hours=6)  # a night's job that was missed still runs in the morning
_LOOK_SECONDS = 1.0
_BEAT_EVERY = 15
# Jobs that any number of workers share.
SHARED: Mapping[str, Any] = {
    "heartbeat": IntervalTrigger(seconds=15),
    "deliver": IntervalTrigger(seconds=5),
    "imports": IntervalTrigger(seconds=1),
    "bulk": IntervalTrigger(seconds=1),
    "assess-changed": IntervalTrigger(seconds=2),
    "policy-impacts": IntervalTrigger(seconds=2),
    "scan-files": IntervalTrigger(seconds=60),
    "seal-audit": IntervalTrigger(seconds=5),
}
# Jobs that one worker is enough for.
LED: Mapping[str, Any] = {
    "reconcile": CronTrigger(hour=1, minute=40, timezone=BUSINESS_ZONE),
    "reassess": CronTrigger(hour=2, minute=10, timezone=BUSINESS_ZONE),
    "verify-audit": CronTrigger(hour=4, minute=20, timezone=BUSINESS_ZONE),
    "clear-files": CronTrigger(hour=3, minute=40, timezone=BUSINESS_ZONE),
    "tidy": CronTrigger(minute=17, timezone=BUSINESS_ZONE),
    # Soon after midnight, and again in case that was missed: it does what the day asks for, however often it runs.
    "open-windows": CronTrigger(minute=7, timezone=BUSINESS_ZONE),
    # Through the day, after the windows: what a person confirms or puts to work at noon is planned at noon.
    "reminders": CronTrigger(minute=12, timezone=BUSINESS_ZONE),
    # Every hour, because the calendar says which day it is: most turns find nothing due, or find it done.
    "digests": CronTrigger(minute=30, timezone=BUSINESS_ZONE),
    # When offices open; what was missed is told with the next turn.
    "watch": CronTrigger(hour=8, minute=40, timezone=BUSINESS_ZONE),
    "fold-counts": CronTrigger(minute="*/5", timezone=BUSINESS_ZONE),
}


class Scheduler:
    def __init__(self, house: House) -> None:
        self._house = house
        self._clock = AsyncIOScheduler(timezone=BUSINESS_ZONE)
        self.leads = False
        self._at_work: set[str] = set()
        self._stopping = False
        for name, trigger in {**SHARED, **LED}.items():
            self._clock.add_job(
                self.tick,
                trigger,
                args=[name],
                id=name,
                coalesce=True,
                max_instances=2,  # the one at work, and the one that sees it and goes
                misfire_grace_time=int(MISFIRE_GRACE.total_seconds()),
            )

    async def run_until(self, stop: asyncio.Event) -> None:
        await self.tick("heartbeat")
        self._clock.start()
        leading = asyncio.create_task(self._lead())
        await stop.wait()
        self._stopping = True
        self._clock.shutdown(wait=False)
        await end(leading)

    async def tick(self, name: str) -> None:
        """A job's turn. One that comes while the job is still at it is passed over without a word: a large import takes
        longer than the second after which the next one is looked for, and that is no fault."""
        if name in self._at_work:
            return
        self._at_work.add(name)
        try:
            await self._turn(name)
        except asyncio.CancelledError:
            if not self._stopping:  # whoever is told to stop in the middle of a turn has no fault to tell of
                raise
        finally:
            self._at_work.discard(name)

    async def _turn(self, name: str) -> None:
        if name in LED:
            if not self.leads:
                return
            await self._quietly(name, self._marked(name))
        else:
            await self._quietly(name, run_job(self._house, name, at=self._house.clock.now()))

    async def _marked(self, name: str) -> None:
        at = self._house.clock.now()
        async with self._house.database.transaction() as conn:
            await mark(conn, name, at=at)
        await run_job(self._house, name, at=at, keep=True)

    async def _quietly(self, name: str, work: Any) -> None:
        try:
            await work
        except Exception as error:
            if is_outage(error):
                log.warning("%s: database away, next tick tries again", name)
            else:
                log.exception("job %s failed", name)

    async def _lead(self) -> None:
        """Looks once a second whether there is nobody who leads, and then leads for as long as its connection lives."""
        while True:
            try:
                async with self._house.database.reading() as conn, held_for_long(conn, Lock.LEADING) as got:
                    if got:
                        await self._led(conn)
            except asyncio.CancelledError:  # told to stop, which is no loss to speak of
                self.leads = False
                raise
            except Exception as error:
                if not is_outage(error):
                    log.exception("leading failed")
            finally:
                if self.leads:
                    log.warning("no longer the leader")
                self.leads = False
            await asyncio.sleep(_LOOK_SECONDS)

    async def _led(self, conn: Any) -> None:
        log.debug("leader from now on")  # /metrics and the page of jobs say who leads
        self.leads = True
        making_up = asyncio.create_task(self._make_up())
        try:
            looks = 0
            while True:
                # Whoever cannot write here does not hold the lock any more either.
                if looks % _BEAT_EVERY == 0:
                    await beat(conn, LEADER, at=self._house.clock.now())
                else:
                    await conn.exec_driver_sql("SELECT 1")
                looks += 1
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            await end(making_up)

    async def _make_up(self) -> None:
        """Turns that came while nobody led: late ones are taken now, those that are too late are noted."""
        now = self._house.clock.now()
        async with self._house.database.reading() as conn:
            last = await marks(conn)
        for name, missed in missed_turns(last, now).items():
            if now - missed <= MISFIRE_GRACE:
                log.info("%s: makes up for %s", name, missed.isoformat())
                await self.tick(name)
                continue
            async with self._house.database.transaction() as conn:
                await mark(conn, name, at=now)
                detail = {"due": missed.isoformat()}
                await note_run(conn, name, at=now, finished_at=now, outcome=RunOutcome.MISSED, detail=detail, seconds=0)


def missed_turns(last: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    """The latest turn of each job that came after it last ran and is over; a job that never ran has missed none."""
    found: dict[str, datetime] = {}
    for name, trigger in LED.items():
        if name not in last:
            continue
        start = max(last[name], now - timedelta(days=8)) + timedelta(microseconds=1)
        turn: datetime | None = trigger.get_next_fire_time(None, start)
        while turn is not None and turn <= now:
            found[name] = turn
            turn = trigger.get_next_fire_time(turn, turn + timedelta(seconds=1))
    return found


async def run_worker(settings: Settings, *, clock: Clock | None = None) -> None:
    """Runs until SIGTERM or SIGINT."""
    database = Database(settings.database_url, pool_size=5, keys=lambda: vault_of(settings))
    house = House(settings, database, clock or SystemClock(), open_store(settings))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    await Scheduler(house).run_until(stop)
    await database.dispose()
