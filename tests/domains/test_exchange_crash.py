"""A worker killed in the middle of ten thousand rows leaves all or nothing, and its batch is taken up again."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from app.db import Database
from app.exchange import leases, service
from app.exchange.jobs import apply, run_waiting_imports
from app.exchange.terms import BatchState
from app.files.store import FileStore
from app.firms.models import Firm
from tests import factories
from tests.factories import Person
from tests.harness import NOON
from tests.rosters import CODE, NAME, batch, checked, uploaded, workbook

pytestmark = pytest.mark.db_commit
ROWS = 10_000
ROOT = Path(__file__).parent.parent.parent


def big_roster(n: int) -> bytes:
    lines = [[f"开平市批量第{i:05d}号有限公司", factories.code(i), "雏鹰" if i % 2 else None] for i in range(n)]
    return workbook([[NAME, CODE, "当前梯队"], *lines])


async def committed_officer(database: Database) -> Person:
    async with database.transaction() as conn:
        return await factories.person(conn, "officer")


async def standing(database: Database) -> tuple[int, int, int, int]:
    """Firms, placements, moves and audit events of firms."""
    async with database.reading() as conn:
        counts = [
            (await conn.execute(text(sql))).scalar_one()
            for sql in (
                "SELECT count(*) FROM firms",
                "SELECT count(*) FROM placements",
                "SELECT count(*) FROM moves",
                "SELECT count(*) FROM audit_events WHERE object_type = 'firm'",
            )
        ]
    return counts[0], counts[1], counts[2], counts[3]


async def killed_after(url: str, files: FileStore, rows: int) -> None:
    """Starts a worker and kills it as soon as it says that it has written `rows` rows."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.domains.exchange_programs",
        url,
        str(files.root),
        NOON.isoformat(),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(120):
        while line := await process.stdout.readline():
            if int(line) >= rows:
                os.kill(process.pid, signal.SIGKILL)
                break
    assert await process.wait() == -signal.SIGKILL


async def test_kill_9_in_the_middle_of_ten_thousand_rows_leaves_nothing_and_later_all(
    fresh_url: str, fresh_database: Database, tmp_path: Path
) -> None:
    files = FileStore(tmp_path / "files")
    officer = await committed_officer(fresh_database)
    preview = await checked(fresh_database, files, big_roster(ROWS), by=officer.actor)
    assert preview.created == ROWS
    async with fresh_database.transaction() as conn:
        await service.confirm(conn, preview.id, by=officer.actor, at=NOON)
    await killed_after(fresh_url, files, ROWS // 3)

    half_way = await batch(fresh_database, preview.id)
    assert half_way.state is BatchState.APPLYING
    assert ROWS // 3 <= half_way.done < ROWS
    assert await standing(fresh_database) == (0, 0, 0, 0)

    later = NOON + timedelta(minutes=5)
    await until_the_dead_session_is_gone(fresh_database)
    assert await run_waiting_imports(fresh_database, files, at=later) == 1
    done = await batch(fresh_database, preview.id)
    assert (done.state, done.created, done.done) == (BatchState.APPLIED, ROWS, ROWS)
    assert await standing(fresh_database) == (ROWS, ROWS // 2, ROWS // 2, ROWS + ROWS // 2)


async def until_the_dead_session_is_gone(database: Database) -> None:
    """PostgreSQL notices a client's death when it next writes to it; its locks go then."""
    busy = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 781002 AND granted")
    async with asyncio.timeout(60):
        while True:
            async with database.reading() as conn:
                if not (await conn.execute(busy)).scalar_one():
                    return
            await asyncio.sleep(0.2)


async def test_a_worker_killed_while_checking_leaves_no_half_preview(
    fresh_url: str, fresh_database: Database, tmp_path: Path
) -> None:
    files = FileStore(tmp_path / "files")
    officer = await committed_officer(fresh_database)
    batch_id = await uploaded(fresh_database, files, big_roster(3_000), by=officer.actor)
    await killed_after(fresh_url, files, 1_000)
    assert (await batch(fresh_database, batch_id)).state is BatchState.CHECKING
    await run_waiting_imports(fresh_database, files, at=NOON + timedelta(minutes=5))
    done = await batch(fresh_database, batch_id)
    assert (done.state, done.created, done.total) == (BatchState.PREVIEW, 3_000, 3_000)


async def test_two_workers_apply_two_rosters_of_the_same_firms_one_after_the_other(
    fresh_database: Database, tmp_path: Path
) -> None:
    files = FileStore(tmp_path / "files")
    officer = await committed_officer(fresh_database)
    data = big_roster(600)
    ids = [(await checked(fresh_database, files, data, by=officer.actor)).id for _ in range(2)]
    async with fresh_database.transaction() as conn:
        for batch_id in ids:
            await service.confirm(conn, batch_id, by=officer.actor, at=NOON)
    await asyncio.gather(*(run_waiting_imports(fresh_database, files, at=NOON) for _ in range(2)))
    await run_waiting_imports(fresh_database, files, at=NOON + leases.LEASE)
    done = [await batch(fresh_database, batch_id) for batch_id in ids]
    assert [b.state for b in done] == [BatchState.APPLIED, BatchState.APPLIED]
    assert sorted(b.created for b in done) == [0, 600]
    assert sorted(b.unchanged for b in done) == [0, 600]
    async with fresh_database.reading() as conn:
        assert (await conn.execute(select(func.count()).select_from(Firm))).scalar_one() == 600


async def test_progress_is_seen_while_nothing_of_it_is_yet(fresh_database: Database, tmp_path: Path) -> None:
    files = FileStore(tmp_path / "files")
    officer = await committed_officer(fresh_database)
    preview = await checked(fresh_database, files, big_roster(1_500), by=officer.actor)
    async with fresh_database.transaction() as conn:
        await service.confirm(conn, preview.id, by=officer.actor, at=NOON)
        assert await leases.claim(conn, at=NOON) == preview.id
    seen: list[tuple[int, int]] = []

    async def watch() -> None:
        while (now := await batch(fresh_database, preview.id)).state is not BatchState.APPLIED:
            seen.append((now.done, (await standing(fresh_database))[0]))
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    assert await apply(fresh_database, preview.id, at=NOON)
    async with asyncio.timeout(30):
        await watching
    assert any(0 < done < 1_500 for done, _ in seen)
    assert {firms for done, firms in seen if done < 1_500} == {0}
