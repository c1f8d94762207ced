"""`tidu audit`: whether the trail is as it was sealed, and what to write down of it elsewhere."""

import argparse
import re
from typing import Any

import orjson

from app.audit.sealing import head
from app.audit.verifying import verify
from app.commands.context import CommandError, add_data_option, opened

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("audit", help="核对审计记录有没有被改过")
    acts = parser.add_subparsers(dest="act", metavar="做什么", required=True)
    checked = acts.add_parser("verify", help="从头到尾核对，指出第一条不对的记录；不对时退出码为 1")
    checked.add_argument("--anchor", metavar="封条号:散列值", help="以前抄在库外的封条，防整条链被重做")
    checked.add_argument("--json", action="store_true", help="以 JSON 输出")
    add_data_option(checked)
    checked.set_defaults(run=run_verify)
    last = acts.add_parser("head", help="打印末条封条，供抄到库外")
    add_data_option(last)
    last.set_defaults(run=run_head)


async def run_verify(args: argparse.Namespace) -> int:
    anchor = _anchor(args.anchor) if args.anchor else None
    async with opened(args) as (_, database), database.reading() as conn:
        verdict = await verify(conn, anchor=anchor)
    if args.json:
        said = {name: getattr(verdict, name) for name in type(verdict).__dataclass_fields__}
        print(orjson.dumps({"whole": verdict.fault is None, **said, "sentence": verdict.sentence}).decode())
    else:
        print(verdict.sentence)
        if verdict.open_events:
            print(f"另有 {verdict.open_events} 条记录还没有封存。")
    return 0 if verdict.fault is None else 1


async def run_head(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database), database.reading() as conn:
        seal = await head(conn)
    if seal is None:
        raise CommandError("还没有封条：后台任务（tidu worker）运行后几秒钟就有。")
    print(seal.head)
    return 0


def _anchor(said: str) -> tuple[int, str]:
    found = _ANCHOR.fullmatch(said.strip().lower())
    if found is None:
        raise CommandError("封条应形如 12:64 位十六进制数，照 tidu audit head 打印的抄。", exit_code=2)
    return int(found[1]), found[2]
