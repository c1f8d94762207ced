"""`tidu grants`: what each process may do in the database, as SQL for its owner to run."""

import argparse
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from app.commands.context import CommandError, add_data_option, opened
from app.db import Conn

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_TRAIL = "audit_events"
# Tables that refuse changes by themselves: nobody needs the right to try.
_APPEND_ONLY = text(
    "SELECT relname FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid "
    "WHERE tgname = 'append_only' AND relnamespace = 'public'::regnamespace ORDER BY relname"
)

_BOUNDED = text(
    "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace ORDER BY relname"
)
# Whose rows are hidden from who asks, as they are from a worker that was granted its rights before they were bounded.
WEB, WORKER = "tidu_web", "tidu_worker"


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "grants", help="打印各进程的数据库角色所需的授权语句，由表的所有者执行；每次升级后重新执行一次"
    )
    parser.add_argument("--web", default=WEB, metavar="角色", help="tidu serve 用的数据库角色，缺省 tidu_web")
    parser.add_argument("--worker", default=WORKER, metavar="角色", help="tidu worker 用的，缺省 tidu_worker")
    add_data_option(parser)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> int:
    if args.web == args.worker or not all(_ROLE.fullmatch(role) for role in (args.web, args.worker)):
        raise CommandError("两个角色名要不同，且只含小写字母、数字和下划线。", exit_code=2)
    async with opened(args) as (_, database), database.reading() as conn:
        statements = await grants(conn, web=args.web, worker=args.worker)
    # Whole or not at all: between its two policies a worker that runs would take a table for empty.
    print("\n".join(f"{statement};" for statement in ("BEGIN", *statements, "COMMIT")))
    return 0


async def grants(conn: Conn, *, web: str, worker: str) -> Sequence[str]:
    """Neither may change a table's shape, nor what is append-only; only the worker may remove from the trail, which
    still refuses what is not past its time. The worker sees every firm, the site those it was told to look at."""
    kept = ", ".join((await conn.execute(_APPEND_ONLY)).scalars())
    bounded = (await conn.execute(_BOUNDED)).scalars().all()
    both = f"{web}, {worker}"
    return [
        f"GRANT USAGE ON SCHEMA public TO {both}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {both}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {both}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {kept} FROM {both}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {both}",
        f"REVOKE INSERT ON audit_seals FROM {web}",
        f"GRANT DELETE ON {_TRAIL} TO {worker}",
        f"GRANT USAGE ON SCHEMA sight TO {web}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON sight.firms TO {web}",
        *(f"DROP POLICY IF EXISTS worker ON {table}" for table in bounded),
        *(f"CREATE POLICY worker ON {table} TO {worker} USING (true)" for table in bounded),
    ]


async def give_roles(conn: Conn) -> None:
    """On a server of our own, where whoever reaches the socket may be anybody: both roles, with what they may do."""
    for role in (WEB, WORKER):
        found = await conn.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
        if found.one_or_none() is None:
            await conn.execute(text(f"CREATE ROLE {role} LOGIN"))
    for statement in await grants(conn, web=WEB, worker=WORKER):
        await conn.execute(text(statement))
