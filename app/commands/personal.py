"""`tidu personal`: what is held under somebody's number or address, for who asks; that it be right, and that it go."""

import argparse
import sys
from typing import Any

import orjson

from app.access.terms import SYSTEM
from app.clock import SystemClock
from app.commands.context import CommandError, add_data_option, opened
from app.errors import Invalid
from app.firms.correcting import correct
from app.firms.erasing import KEPT, erase, said_number
from app.firms.holding import holdings


def add_parser(subparsers: Any) -> None:
    parser: argparse.ArgumentParser = subparsers.add_parser("personal", help="个人信息的查阅、复制、更正和删除")
    acts = parser.add_subparsers(dest="act", metavar="动作", required=True)
    finding = acts.add_parser(
        "find", help="某个电话或邮箱保存在哪里、写着什么、做什么用、到什么时候（JSON，可交给本人）"
    )
    correcting = acts.add_parser("correct", help="企业、载体联系人的某个电话或邮箱写错了，换成另一个")
    erasing = acts.add_parser("erase", help="抹去某个电话或邮箱；企业联系人整条删去")
    for each in (finding, correcting, erasing):
        each.add_argument("value", metavar="电话或邮箱", help="照登记的写")
        add_data_option(each)
    correcting.add_argument("new", metavar="换成", help="对的电话或邮箱")
    finding.add_argument("--reason", default="", metavar="理由", help="谁、什么时候要求的；记入审计记录")
    for each in (correcting, erasing):
        each.add_argument("--reason", required=True, metavar="理由", help="谁、什么时候要求的；记入审计记录")
    finding.set_defaults(run=run_find)
    correcting.set_defaults(run=run_correct)
    erasing.set_defaults(run=run_erase)


async def run_find(args: argparse.Namespace) -> int:
    async with opened(args) as (_, database), database.transaction() as conn:
        value, reason = _given(args.value), args.reason.strip()
        found = await holdings(conn, value, reason=reason, by=SYSTEM, at=SystemClock().now(), copied=True)
    print(orjson.dumps([f.told() for f in found], option=orjson.OPT_INDENT_2).decode())
    return 0


async def run_correct(args: argparse.Namespace) -> int:
    reason = _reason(args)
    async with opened(args) as (_, database), database.transaction() as conn:
        try:
            value, new = _given(args.value), _given(args.new)
            done = await correct(conn, value, new, reason=reason, by=SYSTEM, at=SystemClock().now())
        except Invalid as error:
            raise CommandError("；".join(error.fields.values()), exit_code=2) from error
    print(f"更正了 {done} 处。账号的邮箱由本人或管理员改，已签字、已关账、已发出的照旧。", file=sys.stderr)
    return 0


async def run_erase(args: argparse.Namespace) -> int:
    reason = _reason(args)
    async with opened(args) as (_, database), database.transaction() as conn:
        value = _given(args.value)
        found = await erase(conn, value, reason=reason, by=SYSTEM, at=SystemClock().now())
    print(f"抹去了 {sum(f.count for f in found)} 处。{KEPT}", file=sys.stderr)
    return 0


def _reason(args: argparse.Namespace) -> str:
    if not args.reason.strip():
        raise CommandError("请写明理由。", exit_code=2)
    return str(args.reason).strip()


def _given(value: str) -> str:
    try:
        return said_number(value)
    except Invalid as error:
        raise CommandError(error.fields["value"], exit_code=2) from error
