"""`tidu run-job NAME`: one scheduled job, as if it were then."""

import argparse
from datetime import datetime
from typing import Any

import orjson

from app.clock import BUSINESS_ZONE, SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.files.opening import open_store
from app.worker import JOBS, House, rehearse_job, run_job


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("run-job", help="立即运行一个定时任务")
    parser.add_argument("name", choices=sorted(JOBS), metavar="NAME", help="、".join(sorted(JOBS)))
    parser.add_argument("--at", metavar="ISO-DATETIME", help="当作此刻运行，如 2026-11-23T08:30:00+08:00")
    parser.add_argument("--dry-run", action="store_true", help="只说明有多少要做，什么也不做")
    add_data_option(parser)
    parser.set_defaults(run=run)


async def run(args: argparse.Namespace) -> int:
    clock = SystemClock()
    at = clock.now()
    if args.at:
        try:
            at = datetime.fromisoformat(args.at)
        except ValueError as error:
            raise CommandError(f"看不懂这个时间：{args.at}。", exit_code=2) from error
        at = at if at.tzinfo else at.replace(tzinfo=BUSINESS_ZONE)
    async with opened(args) as (settings, database):
        house = House(settings, database, clock, open_store(settings))
        run_or_rehearse = rehearse_job if args.dry_run else run_job
        print(orjson.dumps(await run_or_rehearse(house, args.name, at=at)).decode())
    return 0
