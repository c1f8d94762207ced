"""`tidu up`: everything on one machine: embedded database, schema, seeds, demo, web and worker."""

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import Any

from app import supervise
from app.access.terms import Role
from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, keys_for, secret_key, settings_for
from app.commands.grants import WEB, WORKER, give_roles
from app.commands.migrate import migrate
from app.config import SEEDS, Settings
from app.db import Database
from app.embedded import EmbeddedError
from app.seeding.demo import DEMO_LOGINS, load_demo
from app.seeding.first_admin import ensure_admin
from app.seeding.load import load_seeds


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("up", help="在本机启动全部（数据库、网站、后台任务）")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--no-demo", action="store_true", help="不载入演示数据，只建一个一次性口令的 admin")
    add_data_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = settings_for(args)
    data = settings.data
    address = f"http://127.0.0.1:{args.port}"
    environment = {
        "TIDU_DATA": str(data),
        "TIDU_BASE_URL": address,
        "TIDU_SECRET_KEY": secret_key(data),
    }

    if "requests_a_minute" not in settings.model_fields_set:
        # One's own machine, where seven log-ins stand for everybody and programs try how much it bears.
        environment["TIDU_REQUESTS_A_MINUTE"] = str(10 * settings.requests_a_minute)

    async def prepare(url: str) -> None:
        database = Database(url, pool_size=4, keys=keys_for(settings))
        try:
            await migrate(database)
            await _fill(database, settings, demo=not args.no_demo)
            if not settings.database_url:
                async with database.transaction() as conn:
                    await give_roles(conn)
        finally:
            await database.dispose()
        _greet(address, data, demo=not args.no_demo)

    tidu = [sys.executable, "-m", "app.cli"]
    try:
        return supervise.run(
            data,
            args.port,
            commands={"web": [*tidu, "serve", "--port", str(args.port)], "worker": [*tidu, "worker"]},
            roles={"web": WEB, "worker": WORKER},
            environment=environment,
            prepare=prepare,
        )
    except EmbeddedError as error:
        raise CommandError(str(error)) from error


async def _fill(database: Database, settings: Settings, *, demo: bool) -> None:
    clock = SystemClock()
    await load_seeds(database, SEEDS / "kaiping", at=clock.now())
    if demo:
        passwords = passwords_in(settings.data, DEMO_LOGINS)
        await load_demo(database, passwords, at=clock.now())
    else:
        passwords = passwords_in(settings.data, ("admin",))
        await ensure_admin(database, passwords["admin"], at=clock.now())


def passwords_in(data: Path, logins: tuple[str, ...]) -> dict[str, str]:
    """The generated passwords of this installation, made on the first start, readable by their owner only."""
    path = data / "passwords.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = [login for login in logins if login not in kept]
    if missing:
        kept |= {login: f"Td-{secrets.token_urlsafe(12)}9" for login in missing}
        path.touch(mode=0o600)
        path.write_text(json.dumps(kept, indent=1))
    return {login: kept[login] for login in logins}


def _greet(address: str, data: Path, *, demo: bool) -> None:
    shown = passwords_in(data, DEMO_LOGINS if demo else ("admin",))
    print(f"\n梯度已启动：{address}\n")
    for login, password in shown.items():
        print(f"  {login:<8} {password}  {Role(login).label}")
    print(f"\n口令保存在 {data / 'passwords.json'}（仅本人可读）。按 Ctrl-C 停止。\n", flush=True)
