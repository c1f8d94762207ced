"""`tidu personal`: what is held under somebody's number or address, for who asks; and that it go."""

import argparse
import sys
from typing import Any

import orjson

from app.access.terms import SYSTEM
from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.firms.erasing import erase, find
from app.text import is_phone

_SHORTEST = 7
_LEFT = (
    "导入过的原始名册文件、备份和审计记录，以及企业已签字的填报、载体已关账的报表，不在此列："
    "名册请另行删去，其余按各自的保存期。"
)


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("personal", help="个人信息的查阅和删除")
    acts = parser.add_subparsers(dest="act", metavar="动作", required=True)
    finding = acts.add_parser("find", help="列出某个电话或邮箱保存在哪里、做什么用、到什么时候")
    erasing = acts.add_parser("erase", help="抹去某个电话或邮箱；企业联系人整条删去")
    for each in (finding, erasing):
        each.add_argument("value", metavar="电话或邮箱", help="照登记的写")
        add_data_option(each)
    erasing.add_argument("--reason", required=True, metavar="理由", help="谁、什么时候要求的；记入审计记录")
    finding.set_defaults(run=run_find)
    erasing.set_defaults(run=run_erase)


async def run_find(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database), database.transaction() as conn:
        found = await find(conn, _given(args.value), by=SYSTEM, at=SystemClock().now())
    print(orjson.dumps([f.told() for f in found], option=orjson.OPT_INDENT_2).decode())
    return 0


async def run_erase(args: argparse.Namespace) -> int:
    if not args.reason.strip():
        raise CommandError("请写明理由。", exit_code=2)
    async with opened(args) as (_, database), database.transaction() as conn:
        value, reason = _given(args.value), args.reason.strip()
        found = await erase(conn, value, reason=reason, by=SYSTEM, at=SystemClock().now())
    print(f"抹去了 {sum(f.count for f in found)} 处。{_LEFT}", file=sys.stderr)
    return 0


def _given(value: str) -> str:
    said = value.strip()
    if "@" not in said and not (is_phone(said) and len(said) >= _SHORTEST):
        raise CommandError("请写完整的电话或邮箱。", exit_code=2)
    return said
