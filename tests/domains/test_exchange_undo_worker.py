"""An undo is the worker's, like the import itself: with progress, all or nothing, in the name of who asked for it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.access.models import User
from app.audit.models import AuditEvent
from app.db import Conn, Database
from app.errors import Conflict
from app.exchange import leases, service
from app.exchange.jobs import apply, run_waiting_imports
from app.exchange.queries import Batch
from app.exchange.terms import BatchState
from app.exchange.undoing import undo_batch
from app.files.store import FileStore
from app.firms.models import Firm
from tests import factories
from tests.domains.test_exchange_crash import (
    big_roster,
    committed_officer,
    killed_after,
    until_the_dead_session_is_gone,
)
from tests.harness import NOON
from tests.rosters import CODE, NAME, batch, imported, roster

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


@pytest.fixture
async def done(conn: Conn, database: Database, files: FileStore) -> Batch:
    officer = await factories.person(conn, "officer")
    firms = ({NAME: f"开平市第{n}有限公司", CODE: factories.code()} for n in range(3))
    return await imported(database, files, roster(*firms), by=officer.actor)


async def firms_in(database: Database) -> int:
    async with database.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(Firm))).scalar_one())


async def test_who_asked_is_who_did_it_and_not_who_uploaded(
    conn: Conn, database: Database, files: FileStore, done: Batch
) -> None:
    other = await factories.person(conn, "officer-other")
    await service.ask_undo(conn, done.id, by=other.actor, at=LATER)
    assert await run_waiting_imports(database, files, at=LATER) == 1
    undone = await batch(database, done.id)
    assert (undone.state, undone.sentence, undone.undone_by) == (BatchState.UNDONE, "已撤销 3 行。", other.id)
    query = select(AuditEvent.action, AuditEvent.actor_name).where(AuditEvent.at >= LATER)
    acts = {(action, name) for action, name in await conn.execute(query) if action.startswith("import:")}
    assert acts == {("import:batch:undo_asked", other.name), ("import:batch:undone", other.name)}


@pytest.mark.parametrize("over", [{"active": False}, {"valid_until": LATER}])
async def test_whoever_may_no_longer_import_undoes_nothing_and_the_batch_says_so(
    conn: Conn, database: Database, files: FileStore, done: Batch, over: dict[str, Any]
) -> None:
    other = await factories.person(conn, "officer-other")
    await service.ask_undo(conn, done.id, by=other.actor, at=LATER)
    await conn.execute(update(User).where(User.id == other.id).values(over))
    await run_waiting_imports(database, files, at=LATER)
    seen = await batch(database, done.id)
    assert (seen.state, seen.sentence) == (BatchState.APPLIED, "要求撤销的人的账号已停用，这一批没有撤销。")
    assert await firms_in(database) == 3


async def test_what_waits_for_the_worker_is_not_undone_a_second_way(
    conn: Conn, database: Database, done: Batch
) -> None:
    officer = await factories.person(conn, "officer")
    ladder, _ = await factories.main_ladder(conn)
    await service.ask_undo(conn, done.id, by=officer.actor, at=LATER)
    with pytest.raises(Conflict, match="等待撤销"):
        await undo_batch(conn, done.id, ladder=ladder, by=officer.actor, at=LATER)
    with pytest.raises(Conflict, match="等待撤销"):
        await service.ask_undo(conn, done.id, by=officer.actor, at=LATER)


async def test_its_progress_is_seen_while_nothing_of_it_is_yet(fresh_database: Database, files: FileStore) -> None:
    officer = await committed_officer(fresh_database)
    done = await imported(fresh_database, files, big_roster(1_500), by=officer.actor)
    async with fresh_database.transaction() as conn:
        await service.ask_undo(conn, done.id, by=officer.actor, at=LATER)
        assert await leases.claim(conn, at=LATER) == done.id
    seen: list[tuple[int, int]] = []

    async def watch() -> None:
        while (now := await batch(fresh_database, done.id)).state is not BatchState.UNDONE:
            seen.append((now.done, await firms_in(fresh_database)))
            await asyncio.sleep(0.01)

    watching = asyncio.create_task(watch())
    assert await apply(fresh_database, done.id, at=LATER, state=BatchState.UNDOING)
    async with asyncio.timeout(30):
        await watching
    assert any(0 < now < 1_500 for now, _ in seen)
    assert {firms for now, firms in seen if now < 1_500} == {1_500}
    assert await firms_in(fresh_database) == 0


async def test_kill_9_in_the_middle_of_it_takes_nothing_back_and_later_all(
    fresh_url: str, fresh_database: Database, files: FileStore
) -> None:
    officer = await committed_officer(fresh_database)
    done = await imported(fresh_database, files, big_roster(2_000), by=officer.actor)
    async with fresh_database.transaction() as conn:
        await service.ask_undo(conn, done.id, by=officer.actor, at=NOON)
    await killed_after(fresh_url, files, 500)
    half_way = await batch(fresh_database, done.id)
    assert (half_way.state, await firms_in(fresh_database)) == (BatchState.UNDOING, 2_000)
    await until_the_dead_session_is_gone(fresh_database)
    assert await run_waiting_imports(fresh_database, files, at=NOON + timedelta(minutes=5)) == 1
    assert (await batch(fresh_database, done.id)).state is BatchState.UNDONE
    assert await firms_in(fresh_database) == 0
