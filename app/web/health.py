"""For load balancers and monitoring: no login, and nothing in the answers that tells of data or of the machine."""

import asyncio
from datetime import datetime, timedelta

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from starlette.responses import JSONResponse, PlainTextResponse

from app.clock import Clock
from app.db import Database
from app.outages import is_outage
from app.outbox.models import Heartbeat
from app.outbox.runs import WORKER, heartbeats, marks, unsent
from app.schema import schema_head, schema_version
from app.web.deps import ClockDep, DatabaseDep
from app.web.middleware import Metrics
from app.web.routing import Router

router = Router()
WORKER_LATE = timedelta(seconds=60)  # four beats
_PATIENCE_SECONDS = 3


@router.get("/health/live")
async def live() -> JSONResponse:
    """The process answers. Asks nothing of the database: restarting us would not bring it back."""
    return JSONResponse({"status": "live"})


@router.get("/health/ready")
async def ready(database: DatabaseDep, clock: ClockDep) -> JSONResponse:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            parts = await _parts(database, clock)
    except Exception as error:
        if not is_outage(error):
            raise
        parts = {"database": False, "migrations": False, "worker": False}
    well = all(parts.values())
    return JSONResponse({"status": "ready" if well else "not ready", **parts}, status_code=200 if well else 503)


async def _parts(database: Database, clock: Clock) -> dict[str, bool]:
    async with database.reading() as conn:
        if await schema_version(conn) != schema_head():
            return {"database": True, "migrations": False, "worker": False}
        beat = (await conn.execute(select(Heartbeat.at).where(Heartbeat.name == WORKER))).scalar_one_or_none()
    return {"database": True, "migrations": True, "worker": beat is not None and clock.now() - beat <= WORKER_LATE}


@router.get("/metrics")
async def metrics(request: Request, database: DatabaseDep, clock: ClockDep) -> PlainTextResponse:
    """Requests of this process only, with several ask each; the worker's part is the same from whichever is asked."""
    counted: Metrics = request.app.state.metrics
    lines = [*counted.lines(), *await _watched(database, clock)]
    body = "".join(f"{line}\n" for line in lines)
    return PlainTextResponse(body, media_type="text/plain; version=0.0.4; charset=utf-8")


async def _watched(database: Database, clock: Clock) -> list[str]:
    """What the worker left in the database: numbers and names of jobs, nothing of anybody."""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), database.reading() as conn:
            beats, last, waiting = await heartbeats(conn), await marks(conn), await unsent(conn)
    except Exception as error:
        if not is_outage(error) and not isinstance(error, DBAPIError):  # before the first migration
            raise
        return ["# TYPE tidu_database_up gauge", "tidu_database_up 0"]
    now = clock.now()
    return [
        "# TYPE tidu_database_up gauge",
        "tidu_database_up 1",
        "# TYPE tidu_heartbeat_age_seconds gauge",
        *(
            f'tidu_heartbeat_age_seconds{{of="{n}"}} {(now - at).total_seconds():.0f}'
            for n, at in sorted(beats.items())
        ),
        "# TYPE tidu_job_last_run_age_seconds gauge",
        *(
            f'tidu_job_last_run_age_seconds{{job="{n}"}} {(now - at).total_seconds():.0f}'
            for n, at in sorted(last.items())
        ),
        "# TYPE tidu_outbox_messages gauge",
        *(f'tidu_outbox_messages{{state="{state.value}"}} {count}' for state, count in waiting.items()),
    ]


def _age(at: datetime, now: datetime) -> str:
    return f"{(now - at).total_seconds():.0f}"
