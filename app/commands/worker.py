"""`tidu worker`: the unattended process of a production installation."""

import argparse
import asyncio
import logging
from typing import Any

from app import logs
from app.access.sight import hidden_tables
from app.commands.context import CommandError, production_settings
from app.config import Settings
from app.db import Database
from app.outages import is_outage
from app.scheduler import run_worker

log = logging.getLogger("tidu.worker")


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("worker", help="只运行后台任务（生产环境）")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    settings = production_settings()
    logs.set_up(settings.log_format)
    asyncio.run(_work(settings))
    return 0


async def _work(settings: Settings) -> None:
    await must_see_everything(settings.database_url)
    await run_worker(settings)


async def must_see_everything(url: str) -> None:
    """A worker that sees no firms would take what waits for it, find nothing to do and call it done."""
    database = Database(url, pool_size=1)
    try:
        hidden, said = None, False
        while hidden is None:
            try:
                async with database.reading() as conn:
                    hidden = await hidden_tables(conn)
            except Exception as error:
                if not is_outage(error):
                    raise
                if not said:
                    log.warning("the database is away: %s", type(error).__name__)
                said = True
                await asyncio.sleep(1)
    finally:
        await database.dispose()
    if hidden:
        raise CommandError(
            f"后台任务的数据库角色看不到 {len(hidden)} 张表里的企业（{hidden[0]} 等）；"
            "请由表的所有者执行 tidu grants 后再启动。"
        )
