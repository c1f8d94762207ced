"""A worker in a process of its own, for tests that kill it: applies whatever waits, and says how far it is."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from app.db import Database
from app.exchange import leases
from app.exchange.jobs import run_waiting_imports
from app.files.store import FileStore
from tests.harness import keys_of_tests


async def main(url: str, files: str, at: str) -> None:
    database = Database(url, pool_size=4, keys=keys_of_tests)
    told = leases.note_progress
    kept = 0

    async def told_aloud(conn, batch_id, *, done, total, at):  # type: ignore[no-untyped-def]
        nonlocal kept
        # The step before this one: its transaction has ended, and whoever hears of it finds it in the database.
        print(kept, flush=True)
        await told(conn, batch_id, done=done, total=total, at=at)
        kept = done

    leases.note_progress = told_aloud
    await run_waiting_imports(database, FileStore(Path(files)), at=datetime.fromisoformat(at))
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
