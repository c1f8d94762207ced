"""What the worker does with lists that wait, as a process of its own whose memory can be watched."""

import uvloop

from app.clock import SystemClock
from app.config import Settings
from app.db import Database
from app.exchange.jobs import run_waiting_imports
from app.files.opening import open_store
from app.vault import vault_of


async def run() -> None:
    settings = Settings()
    database = Database(settings.database_url, pool_size=4, keys=lambda: vault_of(settings))
    try:
        await run_waiting_imports(database, open_store(settings), at=SystemClock().now())
    finally:
        await database.dispose()


if __name__ == "__main__":
    uvloop.run(run())
