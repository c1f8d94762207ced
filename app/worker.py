"""What the second process does unattended, each job by its name: `tidu run-job` runs it once, `app.scheduler` in turn.

What must not happen twice is guarded in the database: leases and SKIP LOCKED for messages and imports, unique keys and
advisory locks for everything that one process is enough for.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.access.expiry import see_to_expiry
from app.access.service import forget_old
from app.access.terms import SYSTEM
from app.assessments.impacts import waiting_firms
from app.assessments.jobs import count_impacts, reassess
from app.assessments.policies import load_policies
from app.assessments.refreshing import changed_count, firm_count, refresh_changed
from app.attachments.jobs import clear_orphans, orphans, scan_waiting, waiting_scans
from app.audit.jobs import Sealer, check_chain, remove_old
from app.audit.sealing import waiting
from app.audit.verifying import held
from app.bulk.jobs import forget_previews, run_waiting_acts, waiting_acts
from app.clock import Clock, business_day
from app.config import Settings
from app.db import Conn, Database
from app.digests.jobs import send_digests, send_in_one
from app.exchange.jobs import run_waiting_imports
from app.exchange.leases import claim
from app.files.scanning import Scanner
from app.files.store import Files
from app.filings.jobs import open_windows
from app.incubation.jobs import reconcile, reconcile_in_one
from app.locks import Lock, try_hold
from app.outbox.channels import Channels
from app.outbox.deliver import deliver
from app.outbox.enclosures import forget_files
from app.outbox.queries import due_count
from app.outbox.runs import WORKER, RunOutcome, beat, forget_runs, note_run
from app.pipeline.board import fold_counts
from app.policy.policies import Policies
from app.reminders.jobs import plan_in_one, plan_reminders
from app.reminders.undelivered import tell_undelivered
from app.work.jobs import watch
from app.workdays.queries import load_calendar
from app.workdays.rules import is_office_hour

RUNS_KEPT = timedelta(days=400)
SCAN_SECONDS = 60.0
ENCLOSURES_KEPT = timedelta(days=90)  # longer than any letter is tried


@dataclass
class Kept:
    """What a worker remembers between runs because reading it is slow."""

    policies: Policies | None = None
    sealer: Sealer = field(default_factory=Sealer)


@dataclass(frozen=True)
class House:
    """What a job may touch."""

    settings: Settings
    database: Database
    clock: Clock
    files: Files
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


async def _digests(house: House, at: datetime) -> Mapping[str, int]:
    from app.web.digest_press import DigestPress  # noqa: PLC0415 - once a week, and brings the web's framework with it

    return await send_digests(house.database, DigestPress(house.settings), at=at)


async def _digests_in_one(conn: Conn, at: datetime) -> Mapping[str, int]:
    from app.web.digest_press import DigestPress  # noqa: PLC0415

    return await send_in_one(conn, DigestPress(Settings()), at=at)


async def _imports(house: House, at: datetime) -> Mapping[str, int]:
    return {"planned": await run_waiting_imports(house.database, house.files, at=at)}


async def _bulk(house: House, at: datetime) -> Mapping[str, int]:
    return {"planned": await run_waiting_acts(house.database, at=at)}


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
    return await count_impacts(house.database, at=at)


async def _scan(house: House, at: datetime) -> Mapping[str, int]:
    if not house.settings.clamd:
        async with house.database.reading() as conn:
            return {"planned": await waiting_scans(conn)}
    scanner = Scanner(house.settings.clamd, seconds=SCAN_SECONDS)
    return await scan_waiting(house.database, house.files, scanner, at=at)


async def _clear_files(house: House, at: datetime) -> Mapping[str, int]:
    return await clear_orphans(house.database, house.files, at=at)


async def _seal_audit(house: House, at: datetime) -> Mapping[str, int]:
    sealed = await house.kept.sealer.seal(house.database, at=at)
    return {"planned": sealed, "created": sealed}


async def _verify_audit(house: House, at: datetime) -> Mapping[str, int]:
    """What is past its time goes only when the chain is whole: afterwards nobody could tell."""
    checked = await check_chain(house.database)
    keep = timedelta(days=house.settings.audit_days) if house.settings.audit_days else None
    await remove_old(house.database, keep=keep, at=at, by=SYSTEM)  # an act of its own in the trail
    return {"planned": checked}


def _counted(count: Callable[[Conn], Awaitable[int]]) -> Step:
    async def step(conn: Conn, at: datetime) -> Mapping[str, int]:
        return {"planned": await count(conn)}

    return step


async def _orphans(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": len(await orphans(conn, at=at))}


async def _fold(conn: Conn, at: datetime) -> Mapping[str, int]:
    # Folding twice at once would be right but would wait; one is enough.
    if not await try_hold(conn, Lock.FOLDING):
        return {"skipped": 1}
    return {"planned": await fold_counts(conn)}


async def _heartbeat(conn: Conn, at: datetime) -> Mapping[str, int]:
    await beat(conn, WORKER, at=at)
    return {}


async def _tidy(conn: Conn, at: datetime) -> Mapping[str, int]:
    done = await see_to_expiry(conn, at=at)
    forgotten = await forget_old(conn, at=at) + await forget_runs(conn, before=at - RUNS_KEPT)
    forgotten += done + await forget_previews(conn, at=at)
    return {"planned": forgotten + await forget_files(conn, before=at - ENCLOSURES_KEPT)}


async def _waiting_acts(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await waiting_acts(conn, at=at)}


async def _due(conn: Conn, at: datetime) -> Mapping[str, int]:
    return {"planned": await due_count(conn, at=at)}


async def _claimable(conn: Conn, at: datetime) -> Mapping[str, int]:
    waiting = 0
    while await claim(conn, at=at) is not None:
        waiting += 1
    return {"planned": waiting}


async def _reminders(house: House, at: datetime) -> Mapping[str, int]:
    return await plan_reminders(house.database, at=at, texting=bool(house.settings.sms_url))


def _whole(run: Callable[..., Awaitable[Mapping[str, int]]]) -> Job:
    async def job(house: House, at: datetime) -> Mapping[str, int]:
        return await run(house.database, at=at)

    return job


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
    "watch": watch,
}
_REHEARSALS: dict[str, Step] = {
    **_STEPS,
    "deliver": _due,
    "imports": _claimable,
    "bulk": _waiting_acts,
    "assess-changed": _counted(changed_count),
    "policy-impacts": _counted(waiting_firms),
    "reassess": _counted(firm_count),
    "reconcile": reconcile_in_one,
    "reminders": plan_in_one,
    "scan-files": _counted(waiting_scans),
    "clear-files": _orphans,
    "digests": _digests_in_one,
    "seal-audit": _counted(waiting),
    "verify-audit": _counted(held),
}
JOBS: dict[str, Job] = {
    "deliver": _deliver,
    "imports": _imports,
    "bulk": _bulk,
    "assess-changed": _assess_changed,
    "policy-impacts": _impacts,
    "reassess": _reassess,
    "reconcile": _whole(reconcile),
    "reminders": _reminders,
    "scan-files": _scan,
    "clear-files": _clear_files,
    "digests": _digests,
    "seal-audit": _seal_audit,
    "verify-audit": _verify_audit,
    **{name: _in_one(step) for name, step in _STEPS.items()},
}
# Too frequent to keep a row for each run
_QUIET = {"imports", "bulk", "fold-counts", "heartbeat", "assess-changed", "policy-impacts", "scan-files", "seal-audit"}


async def run_job(house: House, name: str, *, at: datetime, keep: bool = False) -> dict[str, Any]:
    """Runs one job as if it were `at`. Leaves a row in the run ledger when it did something, or always with `keep`;
    never for a job that ticks all the time."""
    if name in _QUIET:
        return _report(name, at, await JOBS[name](house, at))
    begun = time.monotonic()
    try:
        counts = await JOBS[name](house, at)
    except Exception as error:
        await _note(house, name, at, begun, RunOutcome.FAILED, {"error": type(error).__name__})
        raise
    if keep or any(counts.values()):
        await _note(house, name, at, begun, RunOutcome.DONE, counts)
    return _report(name, at, counts)


async def rehearse_job(house: House, name: str, *, at: datetime) -> dict[str, Any]:
    """What `run_job` would find to do; nothing is sent, and nothing that was written stays."""
    async with house.database.rehearsal() as conn:
        counts = await _REHEARSALS[name](conn, at)
    return _report(name, at, counts)


def _report(name: str, at: datetime, counts: Mapping[str, int]) -> dict[str, Any]:
    zero = {"planned": 0, "created": 0, "skipped": 0, "sent": 0, "failed": 0}
    return {"job": name, "at": at.isoformat(), **zero, **counts}


async def _note(
    house: House, name: str, at: datetime, begun: float, outcome: RunOutcome, detail: Mapping[str, Any]
) -> None:
    now, seconds = house.clock.now(), time.monotonic() - begun
    async with house.database.transaction() as conn:
        await note_run(conn, name, at=at, finished_at=now, outcome=outcome, detail=detail, seconds=seconds)
