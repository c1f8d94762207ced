"""The real worker, ten times as fast: its clock runs ahead, and what takes real seconds is cut to fit.

`python -m tests.drill.worker`, with the house's settings in the environment and the moments in TIDU_DRILL_*.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from apscheduler.triggers.interval import IntervalTrigger

from app import scheduler
from app.clock import SystemClock
from app.config import Settings
from app.outbox import channels
from app.outbox import deliver as delivery

SPEED = 10
# A lease of two minutes is twelve real seconds here: a run and its last send must still be shorter.
RUN_SECONDS, SEND_SECONDS = 3, 2


class FastClock:
    def __init__(self, start: datetime, began: float) -> None:
        self._start, self._began = start, began

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(SystemClock().now().timestamp() - self._began) * SPEED)


def moments() -> Iterator[str]:
    yield os.environ["TIDU_DRILL_START"]
    yield os.environ["TIDU_DRILL_BEGAN"]


def main() -> None:
    start, began = moments()
    delivery.RUN_SECONDS, delivery.SEND_SECONDS = RUN_SECONDS, SEND_SECONDS
    delivery._FIRST_WAIT = timedelta(seconds=5)
    channels.SEND_SECONDS = SEND_SECONDS
    scheduler.SHARED = {**scheduler.SHARED, "deliver": IntervalTrigger(seconds=1)}
    scheduler.LED = {**scheduler.LED, "reminders": IntervalTrigger(seconds=2)}
    clock = FastClock(datetime.fromisoformat(start), float(began))
    asyncio.run(scheduler.run_worker(Settings(), clock=clock))


if __name__ == "__main__":
    main()
