"""`tidu migrate`: the schema to head; twice changes nothing."""

import argparse
from collections.abc import Sequence
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection

from app.commands.context import add_data_option, opened
from app.config import MIGRATIONS
from app.db import Conn, Database
from app.locks import Lock, hold
from app.web.health import schema_head, schema_version

_POLICY = text(
    "SELECT qual FROM pg_policies WHERE (schemaname, tablename, policyname) = ('public', 'firms', 'in_sight')"
)
# Who might read it before keeps that.
_GRANTED = text(
    "SELECT DISTINCT quote_ident(grantee::regrole::text) FROM pg_class c, aclexplode(c.relacl) "
    "WHERE c.oid = to_regclass('sight.firms') AND grantee <> c.relowner AND grantee <> 0"
)


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
        shown = (await conn.execute(text("SELECT to_regclass('sight.firms')"))).scalar_one() is not None
        if shown and await schema_version(conn) == schema_head():
            return
        granted = (await conn.execute(_GRANTED)).scalars().all()
        await conn.execute(text("DROP VIEW IF EXISTS sight.firms"))  # else no column of the table could change
        await conn.run_sync(_upgrade)
        await _show_firms(conn, granted)


async def _show_firms(conn: Conn, granted: Sequence[str]) -> None:
    """The registry as the site sees it: the policy's own condition, in a view.

    A policy's condition comes before any other that could tell of a row, and so before a search's: the search lost its
    index. In a view without a barrier both are one condition.
    """
    seen = (await conn.execute(_POLICY)).scalar_one()
    await conn.execute(text("CREATE SCHEMA IF NOT EXISTS sight"))
    await conn.execute(text(f"CREATE VIEW sight.firms AS SELECT * FROM public.firms WHERE {seen}"))  # noqa: S608
    for role in granted:
        await conn.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sight.firms TO {role}"))


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
