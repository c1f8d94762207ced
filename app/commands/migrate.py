"""`tidu migrate`: the schema to head; twice changes nothing."""

import argparse
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy.engine import Connection

from app.commands.context import add_data_option, opened
from app.config import MIGRATIONS
from app.db import Database
from app.locks import Lock, hold


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("migrate", help="把数据库结构升级到最新")
    add_data_option(parser)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database):
        await migrate(database)
    print("数据库结构已是最新。")
    return 0


async def migrate(database: Database) -> None:
    async with database.transaction() as conn:
        # Two processes that start at once migrate one after the other.
        await hold(conn, Lock.MIGRATION)
        await conn.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
