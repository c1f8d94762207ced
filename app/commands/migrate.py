"""`tidu migrate`: the schema to head; twice changes nothing."""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection

from app.commands.context import CommandError, add_data_option, has_key, opened, settings_for
from app.config import MIGRATIONS, Settings
from app.db import Conn, Database, Keys
from app.locks import Lock, hold
from app.schema import schema_head, schema_version
from app.vault import Vault, vault_of

_NO_KEY = (
    "这次升级要把联系电话和邮箱加密存放，需要密钥：请把 TIDU_SECRET_KEY"
    "（和 TIDU_ENCRYPTION_KEYS，如果网站用了）设成网站所用的，再运行 tidu migrate。什么也没有改。"
)
_OTHER_KEY = (
    "现在给的密钥打不开库里已经加密的内容：请把 TIDU_SECRET_KEY 和 TIDU_ENCRYPTION_KEYS 设成网站所用的，"
    "再运行 tidu migrate。什么也没有改。"
)
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
    keys = None if has_key(settings_for(args)) else _none
    async with opened(args) as (_, database):
        await migrate(database, keys=keys)
    print("数据库结构已是最新。")
    return 0


def _none() -> Vault:
    raise CommandError(_NO_KEY)


async def migrate(database: Database, *, keys: Keys | None = None) -> None:
    """`keys`: others than the database was opened with."""
    async with database.transaction() as conn:
        # Two processes that start at once migrate one after the other.
        await hold(conn, Lock.MIGRATION)
        shown = (await conn.execute(text("SELECT to_regclass('sight.firms')"))).scalar_one() is not None
        if shown and await schema_version(conn) == schema_head():
            return
        granted = (await conn.execute(_GRANTED)).scalars().all()
        await conn.execute(text("DROP VIEW IF EXISTS sight.firms"))  # else no column of the table could change
        given = keys or database.engine.keys
        await conn.run_sync(lambda connection: _upgrade(connection, given))
        await _show_firms(conn, granted)


async def _show_firms(conn: Conn, granted: Sequence[str]) -> None:
    """The registry as the site sees it: the policy's own condition, in a view.

    A policy's condition comes before any other that could tell of a row, and so before a search's: the search lost its
    index. In a view without a barrier both are one condition. What is written through it has to stay in sight, as the
    policy has it for the table.
    """
    seen = (await conn.execute(_POLICY)).scalar_one_or_none()
    if seen is None:
        return  # a schema of before there were policies
    await conn.execute(text("CREATE SCHEMA IF NOT EXISTS sight"))
    view = f"CREATE VIEW sight.firms AS SELECT * FROM public.firms WHERE {seen} WITH CHECK OPTION"  # noqa: S608
    await conn.execute(text(view))
    for role in granted:
        await conn.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON sight.firms TO {role}"))


def keys_given(connection: Connection, attributes: Mapping[str, Any]) -> Vault:
    """For a migration that seals what lies open: the site's keys, from whoever runs it or from the environment. Raises
    CommandError where there are none, or others than the site uses."""
    keys: Keys | None = attributes.get("keys")
    if keys is not None:
        vault = keys()
    else:
        settings = Settings()
        if not (settings.secret_key.get_secret_value() or settings.encryption_keys.get_secret_value()):
            raise CommandError(_NO_KEY)
        vault = vault_of(settings)
    for sealed in connection.execute(text("SELECT secret FROM second_factors WHERE secret IS NOT NULL")).scalars():
        if not vault.knows(bytes(sealed)[:4].hex()):
            raise CommandError(_OTHER_KEY)
    return vault


def _upgrade(connection: Connection, keys: Keys | None) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["keys"] = keys
    command.upgrade(config, "head")
